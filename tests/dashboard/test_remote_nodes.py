"""Remote nodes on the page "DICOM": what a card says, which fields a kind asks for, what saving does."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from dash.exceptions import PreventUpdate

from dashboard.components import remote_nodes as parts
from dashboard.pages import remote_nodes as page
from data.database import now
from data.errors import InvalidInput
from data.records import RemoteNode, RemoteNodeKind, Role
from tests.dashboard.clinic import Clinic
from tests.integration.servers import LEFT_SOCKETS, free_port

pytestmark = LEFT_SOCKETS
MOMENT = now()
NODE = RemoteNode("n", "PACS", RemoteNodeKind.DICOM, "PACS", "10.1.0.7", 104, worked_at=MOMENT)
ENTERED = {"ae_title": "PACS", "host": "127.0.0.1", "port": 104, "tls": False}


def test_a_card_says_where_a_node_is_and_how_it_answers() -> None:
    said = str(parts.cards([NODE], managed=False))
    assert "PACS at 10.1.0.7 port 104, without TLS" in said and "last worked" in said and "Button" not in said
    failed = replace(NODE, failed_at=MOMENT + timedelta(hours=1), failure="It refused.")
    assert "failed" in str(parts.cards([failed], managed=True)) and "It refused." in str(
        parts.cards([failed], managed=True)
    )
    mended = replace(failed, worked_at=MOMENT + timedelta(hours=2))
    assert "last error" in str(parts.cards([mended], managed=True))
    assert "No remote node yet" in str(parts.cards([], managed=True))


def test_the_form_asks_for_what_the_kind_has() -> None:
    dicom, web = (parts.hidden_rows(kind) for kind in (RemoteNodeKind.DICOM, RemoteNodeKind.DICOMWEB))
    assert not dicom[parts.row("ae_title")] and dicom[parts.row("url")] and dicom[parts.row("secret")]
    assert web[parts.row("ae_title")] and not web[parts.row("url")] and not web[parts.row("secret")]


def test_a_node_is_added_changed_tested_and_removed_from_the_page(clinic: Clinic) -> None:
    nodes, admin = clinic.services.remote_nodes, clinic.person(Role.ADMIN)
    opened = page.form(nodes, admin, parts.ADD)
    assert opened[parts.FORM] and opened[parts.KIND] == "dicom" and opened[parts.entry("port")] == ""
    page.save(nodes, admin, "", "PACS", "dicom", {**ENTERED, "port": free_port()})
    (node,) = nodes.all(admin)
    changing = page.form(nodes, admin, {"node": node.id, "verb": "change"})
    assert changing[parts.CHANGING] == node.id and changing[parts.entry("ae_title")] == "PACS"
    page.save(nodes, admin, node.id, "Archive", "dicom", {**ENTERED, "port": node.port})
    tested = page.act(nodes, admin, node.id, "echo")
    assert "Archive cannot be reached" in str(tested[parts.SAID])
    assert "Archive cannot be reached" in str(tested[parts.LIST])
    asked = page.act(nodes, admin, node.id, "remove")
    assert asked[parts.REMOVING] == node.id and "Archive" in asked[parts.CONFIRM]["message"]
    with pytest.raises(InvalidInput, match="kind"):
        page.save(nodes, admin, "", "Other", "carrier pigeon", ENTERED)
    with pytest.raises(PreventUpdate):
        page.form(nodes, admin, None)


def test_a_secret_is_not_shown_again(clinic: Clinic) -> None:
    nodes, admin = clinic.services.remote_nodes, clinic.person(Role.ADMIN)
    page.save(
        nodes, admin, "", "Web", "dicomweb", {"url": "https://pacs.example.org", "secret": "s3cret words"}
    )
    (node,) = nodes.all(admin)
    opened = page.form(nodes, admin, {"node": node.id, "verb": "change"})
    assert opened[parts.entry("secret")] == "" and "s3cret" not in str(opened) + str(page.show(nodes, admin))
