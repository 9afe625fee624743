"""The outbox on the databases that a larger department uses."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from data.database import id_from, migrate, now, open_database
from data.records import Delivery, DeliveryState, KindCount, Outcome, RemoteNode, RemoteNodeKind, RoutingRule
from data.stores.deliveries import DeliveryStore
from data.stores.remote_nodes import RemoteNodeStore
from data.stores.results import ResultStore
from data.stores.routing import RoutingStore
from data.stores.scans import ScanStore
from data.stores.study_identifiers import StudyIdentifierStore
from tests.data.builders import a_kept_scan, a_result
from tests.integration.servers import mariadb, postgresql

pytestmark = pytest.mark.integration
MOMENT = now().replace(microsecond=123456)
NODE = RemoteNode(
    "n" * 32, "PACS", RemoteNodeKind.DICOM, "PACS", "10.1.0.7", 104, made_by="a", created_at=MOMENT
)


@pytest.fixture(scope="module", params=[postgresql, mariadb], ids=["postgresql", "mariadb"])
def engine(request) -> Iterator[Engine]:
    with request.param() as url:
        engine = open_database(url)
        migrate(engine)
        RemoteNodeStore(engine).add(NODE)
        yield engine
        engine.dispose()


def delivery(number: int) -> Delivery:
    return Delivery(
        id_from("d", str(number)), NODE.id, "s" * 32, "r" * 32, "seg", f"{number:032}", "rule", False,
        DeliveryState.WAITING, MOMENT, MOMENT, MOMENT,
    )  # fmt: skip


def test_nodes_and_rules_come_back_as_they_were_kept(engine: Engine) -> None:
    nodes, routing = RemoteNodeStore(engine), RoutingStore(engine)
    assert nodes.get(NODE.id) == NODE
    nodes.note_failed(NODE.id, MOMENT, "It refused.")
    assert nodes.all()[0].trouble == "It refused."
    rule = RoutingRule(
        "1" * 32, NODE.id, "", (Outcome.FOUND,), ("seg", "sr"), True, "MR1", False, "a", MOMENT
    )
    routing.add(rule)
    assert routing.all() == [rule] and routing.delete(rule.id, MOMENT) and routing.all() == []
    assert not routing.delete(rule.id, MOMENT)


def test_what_changed_of_scans_that_came_by_dicom_is_told_once(engine: Engine) -> None:
    routing, scans = RoutingStore(engine), ScanStore(engine)
    routing.routed(routing.changed_scans()[1])
    scan = a_kept_scan(engine, uploaded_by="dicom:MR1")
    a_kept_scan(engine, uploaded_by="somebody", content_sha256="another")
    ResultStore(engine).add(a_result(scan.id))
    changed, up_to = routing.changed_scans()
    assert changed == [scan.id]
    routing.routed(up_to)
    assert routing.changed_scans() == ([], up_to)
    scans.note_identifiers(scan.id, {"PatientName": "Doe^Jane=ドウ", "AccessionNumber": "7"})
    scans.note_identifiers(scan.id, {"PatientName": "Later"})
    assert StudyIdentifierStore(engine).get(scan.id) == {
        "PatientName": "Doe^Jane=ドウ",
        "AccessionNumber": "7",
    }


def test_a_delivery_is_kept_once_and_sent_by_one_at_a_time(engine: Engine) -> None:
    store, until = DeliveryStore(engine), MOMENT + timedelta(seconds=20)
    wanted = [delivery(number) for number in range(30)]
    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(store.add, [wanted] * 6)) == 30
    assert store.due_nodes(MOMENT) == [NODE.id] and store.due_nodes(MOMENT - timedelta(seconds=1)) == []
    with ThreadPoolExecutor(6) as pool:
        claims = list(
            pool.map(
                lambda claim: store.claim(NODE.id, claim, MOMENT, until, 20), [f"c{n}" for n in range(6)]
            )
        )
    taken = [delivery.id for claimed in claims for delivery in claimed]
    assert len(taken) == len(set(taken)) <= 30
    first = next(claimed for claimed in claims if claimed)
    holder = next(f"c{number}" for number, claimed in enumerate(claims) if claimed)
    assert first[0].attempts == 1
    assert not store.settle("another", first[0].id, state=DeliveryState.DELIVERED)
    assert not store.skip(first[0].id, MOMENT, "no") and not store.ask_again(first[0].id, MOMENT)
    assert store.settle(holder, first[0].id, state=DeliveryState.DELIVERED, instances=3, delivered_at=MOMENT)
    kept = store.get(first[0].id)
    assert kept == replace(first[0], state=DeliveryState.DELIVERED, instances=3, delivered_at=MOMENT)
    late = until + timedelta(seconds=1)
    assert len(store.claim(NODE.id, "late", late, late, 100)) == 29  # whoever held them is dead
    assert store.failing(NODE.id, 1) == 29
    assert store.counts() == {
        (NODE.id, DeliveryState.WAITING): KindCount(29),
        (NODE.id, DeliveryState.DELIVERED): KindCount(1),
    }
