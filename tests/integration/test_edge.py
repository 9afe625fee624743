"""An edge without a network reads scans; later the central house is reached, and everything is there once."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from data.records import DeliveryState, Role, ScanStatus, Verdict
from data.stores.results import ResultStore
from data.stores.reviews import ReviewStore
from services.accounts import accounts_of
from services.assembly.container import build_services
from tests.integration.dicom_node import head
from tests.integration.edge_houses import (
    House,
    Line,
    cable,
    certificate,
    namespace_without_a_route,
    until,
)
from tests.integration.reading_server import wait_for

pytestmark = [pytest.mark.integration, pytest.mark.privileged, pytest.mark.timeout(900)]


@pytest.fixture
def houses(tmp_path: Path) -> Iterator[list[House]]:
    started: list[House] = []
    yield started
    for house in started:
        house.kill()
        house.database.dispose()


def zipped(files: list[Path]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for file in files:
            archive.write(file, file.name)
    return stream.getvalue()


def series(folder: Path, lesion_mm: float) -> bytes:
    return zipped(head(folder, lesion_mm))


def test_an_edge_without_a_route_reads_and_everything_arrives_once(
    tmp_path: Path, houses: list[House]
) -> None:
    with namespace_without_a_route() as namespace, cable(namespace) as wire:
        ca, tls = certificate(tmp_path / "tls", wire.address)
        centre = House(tmp_path / "centre")
        edge = House(tmp_path / "edge", namespace, REMOTE_CA=ca)
        houses += [centre, edge]
        line = Line(centre.port, wire.address, tls)
        edge.sync_to(f"https://{wire.address}:{line.port}", centre.account_of_edge("CT van"))

        edge.start()  # no route anywhere
        first = edge.send("head.zip", series(tmp_path / "first", 15.0))
        edge.review(lambda reviews, reader: reviews.accept(first, reader))
        wait_for(lambda: any(delivery.note for delivery in edge.deliveries.of_scan(first)))
        (waits,) = [each for each in edge.deliveries.of_scan(first) if each.state is DeliveryState.WAITING]
        until(lambda: "unreachable" in (edge.deliveries.of_scan(first)[0].note or "").lower(), edge)
        assert waits.instances == 0 and line.brought == 0

        centre.start()
        line.half_sent, line.answers_lost = 1, 1
        line.in_the_middle = centre.kill  # in the middle of the first upload
        wire.plug(True)
        until(lambda: line.in_the_middle is None, edge)
        centre.start()
        until(lambda: line.half_sent == 0, edge)
        until(lambda: line.answers_lost == 0, edge)
        edge.kill()  # it has not heard that everything is there
        assert centre.counts() == (1, 1, 1)
        edge.start()
        until(lambda: edge.waiting() == 0, edge)
        assert centre.counts() == (1, 1, 1) and centre.everything() == edge.everything()

        wire.plug(False)
        second = edge.send("head2.zip", series(tmp_path / "second", 22.0))
        edge.review(lambda reviews, reader: reviews.unsure(second, reader))
        (accepted,) = ReviewStore(edge.database).of_scan(first)
        edge.review(lambda reviews, reader: reviews.take_back(accepted.id, reader))
        wire.plug(True)
        line.in_the_middle = edge.kill  # in the middle of an upload of its own
        until(lambda: line.in_the_middle is None, edge)
        edge.start()
        until(lambda: edge.waiting() == 0, edge)
        assert centre.everything() == edge.everything() and centre.counts() == edge.counts() == (2, 2, 3)
        line.close()
    _as_a_person_sees_it(centre, edge)


def _as_a_person_sees_it(centre: House, edge: House) -> None:
    """The house has read neither itself: what the edge read by the same weights is the answer here, too."""
    assert centre.unread() == 0
    services = build_services(centre.settings)
    try:
        ada = next(user for user in accounts_of(centre.database).all() if user.name == "ada")
        results = ResultStore(centre.database)
        verdicts = set()
        for scan_id in centre.scans.ids_with_status([ScanStatus.READ]):
            view = services.reviewing.scan_views.scan(scan_id, ada)
            (result,) = results.of_scan(scan_id)
            assert view.result is not None and view.result.id == result.id
            made = result.provenance
            assert (made.read_at, made.edge_version) == ("CT van", made.model_version)
            assert view.uploaded_by == "CT van" and view.patient.identity is not None
            assert view.patient.identity.name == "Doe, Jane"
            verdicts.add(view.current.verdict if view.current else None)
            assert all(review.reviewer_name.endswith(", at CT van") for review in view.reviews)
        assert verdicts == {None, Verdict.UNSURE} and ada.role is Role.CLINICIAN
    finally:
        services.close()
