"""An edge's outbox empties into the central house over HTTP, whatever becomes of requests and answers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from werkzeug.serving import make_server

from dashboard.build import build_dashboard
from data.database import now, writing
from data.errors import InvalidInput, NotAllowed
from data.records import (
    Delivery,
    DeliveryState,
    Outcome,
    RejectReason,
    RemoteNode,
    RemoteNodeKind,
    Role,
    Scan,
    TokenScope,
    User,
    prior_source,
)
from data.stores.audit import AuditLog
from data.stores.deliveries import DeliveryStore
from data.tables import scans
from services.exporting.forms import Form
from services.remote_nodes.kinds import KINDS
from services.remote_nodes.peer import RemoteFault
from services.sending.routing import NO_RULE_NEEDED, RuleWanted
from services.sending.sender import Sender
from tests.integration.edge_houses import Line
from tests.integration.sending_house import sender_of
from tests.services.edges.two_houses import Centre, Edge
from tests.services.exporting.test_exports import correct, strict_series


class Synced:
    """An edge whose outbox goes, by a line, to a central house that is served on a port."""

    def __init__(self, folder: Path) -> None:
        self.edge, self.centre = Edge(folder / "edge"), Centre(folder / "centre")
        self.ahead = timedelta()
        clinic = self.centre.clinic
        clinic.replace(edges=self.centre.arrivals)
        dash = build_dashboard(clinic.services, secret_key="tests")
        self._server = make_server("127.0.0.1", 0, dash.server, threaded=True)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.line = Line(self._server.server_port)
        self.admin = self.edge.clinic.person(Role.ADMIN)
        self.token, secret = clinic.accounts.create_token(self.centre.edge.id, "edge", {TokenScope.SYNC})
        self.node = self.add_node(secret)
        self.outbox = DeliveryStore(self.edge.clinic.database)
        self.sender: Sender = sender_of(self.edge.clinic, lambda: now() + self.ahead)

    def add_node(self, secret: str, name: str = "The central house") -> RemoteNode:
        url = f"http://127.0.0.1:{self.line.port}"
        nodes = self.edge.clinic.services.remote_nodes
        return nodes.add(name, RemoteNodeKind.LIGHTBOX, {"url": url, "secret": secret}, self.admin)

    def look(self, **passed: float) -> None:
        """What the sender does once, so much later."""
        self.ahead += timedelta(**passed)
        self.sender.look()

    def of(self, scan: Scan) -> list[Delivery]:
        return self.outbox.of_scan(scan.id)

    def close(self) -> None:
        self.line.close()
        self._server.shutdown()
        self._server.server_close()
        self.edge.clinic.close()
        self.centre.close()


@pytest.fixture
def synced(tmp_path: Path) -> Iterator[Synced]:
    both = Synced(tmp_path)
    yield both
    both.close()


def test_whatever_is_read_and_said_goes_there_without_a_rule(synced: Synced) -> None:
    received = synced.edge.received()
    uploaded = synced.edge.clinic.add_series(strict_series(), uploaded_by=synced.edge.reviewer.id)
    reviews = synced.edge.clinic.services.reviewing.reviews
    synced.look()  # neither is read: nothing is to be sent of what was only uploaded
    assert synced.of(uploaded) == [] and [each.state for each in synced.of(received)] == [
        DeliveryState.DELIVERED
    ]
    synced.edge.clinic.read_volume(uploaded)
    reviews.reject(received.id, synced.edge.reviewer, RejectReason.ARTEFACT)
    synced.look()
    synced.look()  # one after the other: a package may be large
    assert {each.state for scan in (received, uploaded) for each in synced.of(scan)} == {
        DeliveryState.DELIVERED
    }
    assert all(each.form == Form.SYNC for each in synced.of(received)) and len(synced.of(received)) == 2
    assert len(synced.centre.scans()) == 2
    sent = [
        event for event in AuditLog(synced.edge.clinic.database).recent(50) if event.action == "scan.send"
    ]
    assert len(sent) == 3 and all(
        "sync" in event.detail and event.user_id == synced.node.id for event in sent
    )


def test_what_was_read_before_the_house_was_known_goes_there_too(synced: Synced) -> None:
    sent = synced.edge.received()
    synced.look()
    nodes = synced.edge.clinic.services.remote_nodes
    nodes.remove(synced.node.id, synced.admin)
    _, secret = synced.centre.clinic.accounts.create_token(synced.centre.edge.id, "anew", {TokenScope.SYNC})
    synced.add_node(secret, "The same under another name")
    synced.look()
    assert [each.state for each in synced.of(sent)] == [DeliveryState.DELIVERED] * 2
    assert synced.of(sent)[0].note == "the central house had everything already"
    assert len(synced.centre.results()) == 1


def test_half_an_upload_and_lost_answers_double_nothing(synced: Synced) -> None:
    sent = synced.edge.received()
    correct(synced.edge.clinic, sent, synced.edge.reviewer)
    synced.line.half_sent = 2
    for _ in range(2):
        synced.look(minutes=2)
        (waits,) = synced.of(sent)
        assert waits.state is DeliveryState.WAITING and waits.note
        assert synced.centre.scans() == [] and synced.centre.clinic.files.keys("scans") == []
    synced.line.answers_lost = 1
    synced.look(minutes=2)
    (waits,) = synced.of(sent)
    assert waits.state is DeliveryState.WAITING and synced.line.answers_lost == 0
    assert (len(synced.centre.results()), len(synced.centre.reviews())) == (1, 1)
    before = synced.line.brought
    synced.look(minutes=2)
    (delivery,) = synced.of(sent)
    assert delivery.state is DeliveryState.DELIVERED and synced.line.brought == before
    assert delivery.note == "the central house had everything already"
    assert (len(synced.centre.results()), len(synced.centre.reviews())) == (1, 1)


def test_a_correction_is_sent_without_the_scan(synced: Synced) -> None:
    sent = synced.edge.received()
    synced.look()
    correct(synced.edge.clinic, sent, synced.edge.reviewer)
    whole = len(synced.edge.package(sent))
    sizes: list[int] = []
    take = synced.centre.arrivals._copy

    def measured(stream: object, path: Path) -> None:
        take(stream, path)  # type: ignore[arg-type]
        sizes.append(path.stat().st_size)

    synced.centre.arrivals._copy = measured  # type: ignore[method-assign,assignment]
    synced.look()
    assert len(sizes) == 1 and sizes[0] < whole / 3
    assert len(synced.centre.reviews()) == 1


def test_while_it_is_away_it_is_asked_every_minute_and_after_an_hour_people_are_called(
    synced: Synced,
) -> None:
    sent, alerts = synced.edge.received(), synced.edge.clinic.services.alerts
    synced.line.close()
    for attempt in range(1, 61):
        synced.look(seconds=61)
        (waits,) = synced.of(sent)
        assert waits.attempts == attempt
        assert waits.next_at - (now() + synced.ahead) <= timedelta(seconds=60)
        called = [alert for alert in alerts.unfinished() if alert.cause.startswith("sending:")]
        assert bool(called) is (attempt == 60)


def test_a_token_that_is_over_is_said_and_the_scan_waits(synced: Synced) -> None:
    synced.centre.clinic.accounts.revoke_token(synced.centre.edge.id, synced.token.id)
    sent, nodes = synced.edge.received(), synced.edge.clinic.services.remote_nodes
    synced.look()
    (waits,) = synced.of(sent)
    assert waits.state is DeliveryState.WAITING and "401" in (waits.note or "")
    with pytest.raises(RemoteFault, match="401"):
        nodes.echo(synced.node.id, synced.admin)


def test_a_token_for_other_things_brings_nothing(synced: Synced) -> None:
    accounts = synced.centre.clinic.accounts
    others = set(TokenScope) - {TokenScope.SYNC}
    _, secret = accounts.create_token(synced.centre.reader.id, "script", others)
    node = synced.add_node(secret, "By a script's token")
    with pytest.raises(RemoteFault, match="403 Forbidden: This token does not permit this"):
        synced.edge.clinic.services.remote_nodes.echo(node.id, synced.admin)


def test_the_house_says_that_it_is_one(synced: Synced) -> None:
    said = synced.edge.clinic.services.remote_nodes.echo(synced.node.id, synced.admin)
    assert said == "The central house answered as the house that scans and results go to."


def test_synthetic_scans_priors_and_what_came_from_an_edge_stay(synced: Synced) -> None:
    clinic = synced.edge.clinic
    synthetic = clinic.add_series(strict_series())
    prior = clinic.add_series(strict_series(), uploaded_by=prior_source(synced.node.id))
    brought = clinic.add_series(strict_series())
    with writing(clinic.database) as connection:
        connection.execute(scans.update().where(scans.c.id == synthetic.id).values(synthetic=True))
    for scan in (synthetic, prior):
        clinic.read_volume(scan)
    result = clinic._result(brought, brought.task, 0.9)
    clinic.results.add(replace(result, provenance=replace(result.provenance, read_at="Another edge")))
    synced.look()
    for scan in (synthetic, prior, brought):
        assert synced.of(scan) == []
        clinician = synced.edge.reviewer
        assert clinic.services.sending.outbox.destinations(scan.id, clinician) == ()
    assert synced.centre.scans() == []


def test_by_hand_it_goes_again_and_once(synced: Synced) -> None:
    sent, outbox = synced.edge.received(), synced.edge.clinic.services.sending.outbox
    synced.look()
    assert outbox.send(sent.id, synced.node.id, [Form.SYNC], synced.edge.reviewer) == 1
    synced.look()
    (delivery,) = synced.of(sent)
    assert delivery.state is DeliveryState.DELIVERED and len(synced.centre.results()) == 1


def test_no_rule_is_taken_for_it_and_nobody_takes_a_package_as_a_file(synced: Synced) -> None:
    clinic, clinician = synced.edge.clinic, synced.edge.reviewer
    wanted = RuleWanted(synced.node.id, outcomes=[Outcome.FOUND], forms=[Form.SYNC])
    with pytest.raises(InvalidInput, match=NO_RULE_NEEDED[:40]):
        clinic.services.sending.routing.add(wanted, synced.admin)
    sent = synced.edge.received()
    assert Form.SYNC not in [offer.form for offer in clinic.services.exports.offers(sent.id, clinician)]
    with pytest.raises(InvalidInput, match="no such form"):
        clinic.services.exports.file(sent.id, Form.SYNC, clinician)
    everything = clinic.services.exports.file(sent.id, Form.ALL, clinician)
    assert b"statement.json" not in everything.content


@pytest.mark.parametrize(
    ("url", "taken"),
    [
        ("https://lightbox.hospital.example", True),
        ("http://127.0.0.1:8050", True),
        ("http://[::1]:8050", True),
        ("http://localhost:8050", True),
        ("http://lightbox.hospital.example", False),
        ("http://10.1.0.7:8050", False),
        ("http://127.0.0.1.example.org", False),
        ("ftp://127.0.0.1", False),
    ],
)
def test_names_go_over_the_network_by_tls_alone(synced: Synced, url: str, taken: bool) -> None:
    nodes, entered = synced.edge.clinic.services.remote_nodes, {"url": url, "secret": "x"}
    if taken:
        assert nodes.add("Another", RemoteNodeKind.LIGHTBOX, entered, synced.admin).url == url
        return
    with pytest.raises(InvalidInput):
        nodes.add("Another", RemoteNodeKind.LIGHTBOX, entered, synced.admin)
    with pytest.raises(InvalidInput):
        nodes.change(synced.node.id, "The central house", entered, synced.admin)


def test_only_administrators_say_where_everything_goes(synced: Synced) -> None:
    nodes = synced.edge.clinic.services.remote_nodes
    for role in (Role.CLINICIAN, Role.HEAD, Role.MLOPS):
        somebody: User = synced.edge.clinic.person(role, f"some-{role}")
        with pytest.raises(NotAllowed):
            nodes.add("Mine", RemoteNodeKind.LIGHTBOX, {"url": "https://evil.example"}, somebody)
    assert KINDS[RemoteNodeKind.LIGHTBOX].secured
