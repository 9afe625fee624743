"""What rules put into the outbox: once, of the right results, also after a correction or a rejection."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from data.errors import InvalidInput, NotFound
from data.records import (
    BRAIN_TUMOUR,
    Delivery,
    DeliveryState,
    RejectReason,
    RemoteNode,
    RemoteNodeKind,
    Role,
    Scan,
    User,
    prior_source,
)
from data.stores.deliveries import DeliveryStore
from data.stores.remote_nodes import RemoteNodeStore
from data.stores.routing import RoutingStore
from services.exporting.forms import Form, key_of, version_of_key
from services.exporting.versions import ResultVersion
from services.sending.planning import Planner
from services.sending.routing import RuleWanted, rule_words
from tests.dashboard.clinic import Clinic
from tests.dicom_files import opened
from tests.services.exporting.test_exports import correct, strict_series

CONFORMANCE = Path(__file__).resolve().parents[3] / "docs" / "integration.md"
ALL = ("found", "not-found", "uncertain")


@pytest.fixture
def admin(clinic: Clinic) -> User:
    return clinic.person(Role.ADMIN)


@pytest.fixture
def reviewer(clinic: Clinic) -> User:
    return clinic.person(Role.CLINICIAN)


@pytest.fixture
def pacs(clinic: Clinic, admin: User) -> RemoteNode:
    where = {"ae_title": "PACS", "host": "127.0.0.1", "port": 104}
    return clinic.services.remote_nodes.add("PACS", RemoteNodeKind.DICOM, where, admin)


def planner(clinic: Clinic) -> Planner:
    database, scan_views = clinic.database, clinic.services.reviewing.scan_views
    stores = RoutingStore(database), RemoteNodeStore(database), DeliveryStore(database)
    return Planner(scan_views, *stores)


def rule(clinic: Clinic, admin: User, node: RemoteNode, **changes: Any) -> None:
    said = {"outcomes": ALL, "forms": ("seg", "sr", "pdf")}
    clinic.services.sending.routing.add(RuleWanted(node.id, **said | changes), admin)


def received(clinic: Clinic, **changes: Any) -> Scan:
    scan = clinic.add_series(strict_series(), uploaded_by="dicom:MR1")
    clinic.read_volume(scan, **changes)
    return scan


def planned(clinic: Clinic, scan: Scan) -> list[Delivery]:
    planner(clinic).look()
    return DeliveryStore(clinic.database).of_scan(scan.id)


def forms(deliveries: list[Delivery]) -> list[str]:
    return sorted(delivery.form for delivery in deliveries)


def test_each_form_is_planned_once_however_often_somebody_looks(
    clinic: Clinic,
    admin: User,
    pacs: RemoteNode,
) -> None:
    rule(clinic, admin, pacs)
    rule(clinic, admin, pacs, forms=("seg", "gsps"))  # another rule for the same node
    scan = received(clinic)
    assert forms(planned(clinic, scan)) == ["gsps", "pdf", "seg", "sr"]
    clinic.scans.set_status(scan.id, clinic.scans.existing(scan.id).status)  # something changed
    assert forms(planned(clinic, scan)) == ["gsps", "pdf", "seg", "sr"]
    assert planner(clinic).look() == 0


def test_what_was_said_before_a_rule_was_made_stays(
    clinic: Clinic,
    admin: User,
    reviewer: User,
    pacs: RemoteNode,
) -> None:
    scan = received(clinic)
    rule(clinic, admin, pacs)
    assert planned(clinic, scan) == []
    clinic.services.reviewing.reviews.accept(scan.id, reviewer)
    assert forms(planned(clinic, scan)) == ["pdf", "seg", "sr"]


@pytest.mark.parametrize(
    ("changes", "goes"),
    [
        ({"sender": "MR1"}, True),
        ({"sender": "MR2"}, False),
        ({"task": BRAIN_TUMOUR}, True),
        ({"task": "pneumonia"}, False),
        ({"outcomes": ("found",)}, True),
        ({"outcomes": ("not-found", "uncertain")}, False),
        ({"reviewed_only": True}, False),
    ],
)
def test_a_rule_is_about_what_it_says(
    clinic: Clinic,
    admin: User,
    pacs: RemoteNode,
    changes: dict[str, Any],
    goes: bool,
) -> None:
    rule(clinic, admin, pacs, **changes)
    assert bool(planned(clinic, received(clinic))) is goes


def test_uploads_of_people_fetched_priors_and_synthetic_scans_stay_in_the_house(
    clinic: Clinic,
    admin: User,
    reviewer: User,
    pacs: RemoteNode,
) -> None:
    rule(clinic, admin, pacs)
    uploaded = clinic.add_series(strict_series(), uploaded_by=reviewer.id)
    clinic.read_volume(uploaded)
    assert planned(clinic, uploaded) == []
    made = clinic.add_series(strict_series(), uploaded_by="dicom:MR1")
    prior = replace(made, id="e" * 32, content_sha256="prior", uploaded_by=prior_source(pacs.id))
    clinic.scans.add(prior)
    clinic.read_volume(prior)
    assert planned(clinic, prior) == []
    synthetic = replace(made, id="f" * 32, content_sha256="synthetic", synthetic=True)
    clinic.scans.add(synthetic)
    clinic.read_volume(synthetic)
    assert planned(clinic, synthetic) == []
    rule(clinic, admin, pacs, synthetic=True)
    clinic.services.reviewing.reviews.accept(synthetic.id, reviewer)
    assert forms(planned(clinic, synthetic)) == ["pdf", "seg", "sr"]


def test_only_accepted_ones_go_once_they_are(
    clinic: Clinic,
    admin: User,
    reviewer: User,
    pacs: RemoteNode,
) -> None:
    rule(clinic, admin, pacs, reviewed_only=True)
    scan = received(clinic)
    reviews = clinic.services.reviewing.reviews
    reviews.unsure(scan.id, reviewer)
    assert planned(clinic, scan) == []
    reviews.accept(scan.id, reviewer)
    assert forms(planned(clinic, scan)) == ["pdf", "seg", "sr"]


def test_a_correction_is_a_new_instance_of_every_form(
    clinic: Clinic,
    admin: User,
    reviewer: User,
    pacs: RemoteNode,
) -> None:
    rule(clinic, admin, pacs)
    scan = received(clinic, lesions=2)
    before = planned(clinic, scan)
    correct(clinic, scan, reviewer)
    after = planned(clinic, scan)
    assert forms(after) == ["pdf", "pdf", "seg", "seg", "sr", "sr"]
    assert {delivery.id for delivery in before} < {delivery.id for delivery in after}


def test_accepting_sends_a_new_report_and_the_same_outline(
    clinic: Clinic,
    admin: User,
    reviewer: User,
    pacs: RemoteNode,
) -> None:
    rule(clinic, admin, pacs)
    scan = received(clinic)
    planned(clinic, scan)
    clinic.services.reviewing.reviews.accept(scan.id, reviewer)
    assert forms(planned(clinic, scan)) == ["pdf", "pdf", "seg", "sr", "sr"]


def test_a_rejection_follows_to_where_the_result_went_and_nowhere_else(
    clinic: Clinic,
    admin: User,
    reviewer: User,
    pacs: RemoteNode,
) -> None:
    rule(clinic, admin, pacs)
    store = DeliveryStore(clinic.database)
    sent, unsent = received(clinic), received(clinic)
    (delivery, *_) = planned(clinic, sent)
    claimed = store.claim(pacs.id, "c", delivery.next_at, delivery.next_at, 100)
    for other in claimed:
        if other.scan_id == sent.id:
            store.settle("c", other.id, state=DeliveryState.DELIVERED)
        else:
            store.settle("c", other.id, attempts=0)
    for scan in (sent, unsent):
        clinic.services.reviewing.reviews.reject(scan.id, reviewer, RejectReason.MISSED)
    assert forms(planned(clinic, sent)) == ["kos", "pdf", "seg", "sr"]
    assert "kos" not in forms(planned(clinic, unsent))


def test_a_delivery_finds_its_version_again(
    clinic: Clinic,
    admin: User,
    reviewer: User,
    pacs: RemoteNode,
) -> None:
    rule(clinic, admin, pacs)
    scan, exports = received(clinic, lesions=2), clinic.services.exports
    (seg,) = [delivery for delivery in planned(clinic, scan) if delivery.form == "seg"]
    correct(clinic, scan, reviewer)
    counting = exports.counting(scan.id, seg.result_id)
    version = version_of_key(counting, Form.SEG, seg.version_key)
    assert version.review is None and key_of(version, Form.SEG) == seg.result_id
    now = clinic.services.reviewing.scan_views.unblinded(scan.id)
    assert now.result is not None and ResultVersion(now, now.result).review is not None
    with pytest.raises(NotFound, match="version"):
        version_of_key(counting, Form.SEG, "none")


def test_rules_say_what_they_send_and_what_does_not_fit_is_said(
    clinic: Clinic,
    admin: User,
    pacs: RemoteNode,
) -> None:
    routing = clinic.services.sending.routing
    with pytest.raises(InvalidInput, match="answers"):
        rule(clinic, admin, pacs, outcomes=())
    with pytest.raises(InvalidInput, match="forms"):
        rule(clinic, admin, pacs, forms=("csv",))
    with pytest.raises(InvalidInput, match="16 ASCII characters"):
        rule(clinic, admin, pacs, sender="more than sixteen characters")
    rule(clinic, admin, pacs, sender="MR1", reviewed_only=True)
    (view,) = routing.rules(admin)
    assert view.node == "PACS" and view.words == rule_words(view.rule)
    assert view.words == (
        "Every task: found, uncertain, not found; as SEG, SR, PDF; once accepted or corrected; sent by MR1"
    )
    routing.delete(view.rule.id, admin)
    assert routing.rules(admin) == []
    with pytest.raises(NotFound):
        routing.delete(view.rule.id, admin)


def test_the_conformance_statement_names_what_is_sent(
    clinic: Clinic, reviewer: User, pacs: RemoteNode
) -> None:
    scan, outbox = received(clinic), clinic.services.sending.outbox
    exports, scan_views = clinic.services.exports, clinic.services.reviewing.scan_views
    (destination,) = outbox.destinations(scan.id, reviewer)
    view = scan_views.unblinded(scan.id)
    assert view.result is not None
    sent = [
        opened(file.content)
        for form in destination.forms
        for file in exports.named_files(ResultVersion(view, view.result), form)
    ]
    clinic.services.reviewing.reviews.reject(scan.id, reviewer, RejectReason.MISSED)
    view = scan_views.unblinded(scan.id)
    assert view.result is not None
    (note,) = exports.named_files(ResultVersion(view, view.result), Form.KOS)
    section = CONFORMANCE.read_text().split("#### SOP classes sent\n")[1].split("\n#")[0]
    stated = set(re.findall(r"^\| [\w ]+ \| `([\d.]+)` \|", section, re.MULTILINE))
    assert stated - {"1.2.840.10008.1.1"} == {made.SOPClassUID for made in [*sent, opened(note.content)]}
    assert {made.file_meta.TransferSyntaxUID for made in sent} == {"1.2.840.10008.1.2.1"}
