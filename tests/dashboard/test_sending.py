"""Rules and outbox on the page "DICOM", and sending by hand on a scan's page."""

from __future__ import annotations

import pytest
from dash.exceptions import PreventUpdate

from dashboard.components import outbox as outbox_parts
from dashboard.components import routing as rule_parts
from dashboard.components import scan_sending as sent_parts
from dashboard.pages import outbox as outbox_page
from dashboard.pages import routing as rule_page
from dashboard.pages import scan_sending as sent_page
from data.errors import InvalidInput, NotAllowed
from data.records import DeliveryState, RemoteNode, RemoteNodeKind, Role, Scan, User
from tests.dashboard.clinic import Clinic
from tests.integration.servers import LEFT_SOCKETS, free_port
from tests.services.exporting.test_exports import strict_series

pytestmark = LEFT_SOCKETS
ENTERED = {
    "task": rule_parts.EVERY_TASK, "outcomes": ["found"], "forms": ["seg", "sr"], "when": rule_parts.REVIEWED,
    "sender": "MR1", "synthetic": False,
}  # fmt: skip


@pytest.fixture
def admin(clinic: Clinic) -> User:
    return clinic.person(Role.ADMIN)


@pytest.fixture
def clinician(clinic: Clinic) -> User:
    return clinic.person(Role.CLINICIAN)


@pytest.fixture
def node(clinic: Clinic, admin: User) -> RemoteNode:
    where = {"ae_title": "PACS", "host": "127.0.0.1", "port": free_port()}
    return clinic.services.remote_nodes.add("The PACS", RemoteNodeKind.DICOM, where, admin)


@pytest.fixture
def scan(clinic: Clinic) -> Scan:
    scan = clinic.add_series(strict_series(), uploaded_by="dicom:MR1")
    clinic.read_volume(scan)
    return scan


def test_a_rule_is_entered_shown_and_only_then_anything_is_sent(
    clinic: Clinic, admin: User, node: RemoteNode
) -> None:
    routing, nodes = clinic.services.sending.routing, clinic.services.remote_nodes
    assert "No rule yet" in str(rule_page.show(routing, admin))
    opened = rule_page.form(routing, nodes, admin)
    assert opened[rule_parts.NODE]["value"] == node.id and opened[rule_parts.OUTCOMES]
    offered = rule_page.forms_of(nodes, admin, node.id)[rule_parts.FORMS]
    assert offered["value"] == ["seg", "sr", "sc", "gsps", "pdf"]
    assert rule_page.forms_of(nodes, admin, None)[rule_parts.FORMS]["options"] == []
    routing.add(rule_page.wanted({"node": node.id, **ENTERED}), admin)
    shown = str(rule_page.show(routing, admin))
    assert "To The PACS" in shown and "once accepted or corrected; sent by MR1" in shown
    assert "Button" not in str(rule_page.show(routing, clinic.person(Role.MLOPS)))
    with pytest.raises(InvalidInput, match="forms"):
        routing.add(rule_page.wanted({"node": node.id, **ENTERED, "forms": None}), admin)


def test_without_a_remote_node_there_is_nothing_to_make_a_rule_for(clinic: Clinic, admin: User) -> None:
    with pytest.raises(InvalidInput, match="takes results by rules first"):
        rule_page.form(clinic.services.sending.routing, clinic.services.remote_nodes, admin)


def test_the_outbox_says_why_something_waits_and_who_may_stops_it(
    clinic: Clinic, admin: User, clinician: User, node: RemoteNode, scan: Scan
) -> None:
    outbox = clinic.services.sending.outbox
    assert "Nothing waits" in str(outbox_page.content(outbox, admin))
    outbox.send(scan.id, node.id, ["sr"], clinician)
    clinic.services.sending.sender.look()
    shown = outbox_page.show(outbox, admin, None)
    said = str(shown[outbox_parts.LIST])
    assert "1 waiting" in said and "cannot be reached" in said and "Send now" in said and scan.id[:8] in said
    assert "Doe" not in said and "MRN" not in said
    with pytest.raises(PreventUpdate):
        outbox_page.show(outbox, admin, shown[outbox_parts.SEEN])
    (view,) = outbox.overview(admin).waiting
    outbox_page.act(outbox, admin, view.delivery.id, "again")
    assert outbox.overview(admin).waiting[0].delivery.attempts == 0
    outbox_page.act(outbox, admin, view.delivery.id, "skip")
    (settled,) = outbox.overview(admin).settled
    assert settled.delivery.state is DeliveryState.SKIPPED and "Dr Admin" in str(settled.delivery.note)
    assert "Send again" in str(outbox_page.content(outbox, admin))
    mlops = str(outbox_page.content(outbox, clinic.person(Role.MLOPS)))
    assert "Button" not in mlops and f"/scans/{scan.id}" in mlops


def test_a_clinician_sends_a_result_from_its_page_and_sees_where_it_went(
    clinic: Clinic, clinician: User, scan: Scan, admin: User
) -> None:
    outbox = clinic.services.sending.outbox
    assert sent_page.show(outbox, clinician, scan.id)[sent_parts.PANEL] is True  # nothing to send to
    where = {"ae_title": "PACS", "host": "127.0.0.1", "port": free_port()}
    node = clinic.services.remote_nodes.add("The PACS", RemoteNodeKind.DICOM, where, admin)
    assert sent_page.offer(outbox, clinician, scan.id)[sent_parts.NODE]["value"] == node.id
    offered = sent_page.forms(outbox, clinician, scan.id, node.id)[sent_parts.FORMS]
    assert "seg" in offered["value"] and "kos" not in offered["value"]
    said = sent_page.send(outbox, clinician, scan.id, node.id, ["seg", "pdf"])
    assert "2 are on their way" in str(said[sent_parts.SAID]) and "The PACS" in str(said[sent_parts.WENT])
    assert sent_page.show(outbox, clinician, scan.id)[sent_parts.PANEL] is False
    with pytest.raises(InvalidInput):
        sent_page.send(outbox, clinician, scan.id, node.id, [])
    head = clinic.person(Role.HEAD)  # may not know the name under which it goes
    assert sent_page.offer(outbox, head, scan.id)[sent_parts.SEND] is True
    with pytest.raises(NotAllowed):
        outbox.send(scan.id, node.id, ["seg"], head)


def test_prometheus_is_told_what_waits(clinic: Clinic, clinician: User, node: RemoteNode, scan: Scan) -> None:
    clinic.services.sending.outbox.send(scan.id, node.id, ["sr", "pdf"], clinician)
    metrics = clinic.services.health.metrics().decode()
    assert 'lightbox_deliveries{node="The PACS",state="waiting",synthetic="no"} 2.0' in metrics
