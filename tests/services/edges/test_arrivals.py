"""What an edge has read is at the central house once, whole or not at all, and of the right version."""

from __future__ import annotations

import random
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from data.database import now
from data.department_wall import seen_by
from data.errors import InvalidInput, NotAllowed, RefusedScan
from data.formats.scan_package import OpenedPackage, written
from data.packing import packed, unpacked
from data.records import (
    JobState,
    RejectReason,
    Role,
    ScanPackage,
    ScanStatus,
    Verdict,
    WorklistQuery,
    current_review,
)
from data.stores.audit import AuditLog
from services import keys
from services.edges.arrivals import WITHDRAWN
from services.exporting.forms import Form
from services.reading.reading import JOB
from tests.services.edges.two_houses import HERE, Centre, Edge
from tests.services.exporting.test_exports import STRICT, correct


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[Edge]:
    house = Edge(tmp_path / "edge")
    yield house
    house.clinic.close()


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Centre]:
    house = Centre(tmp_path / "centre")
    yield house
    house.close()


def other(package: bytes, **changes: object) -> bytes:
    """The package with something else in its statement."""
    with OpenedPackage(package) as opened:
        blobs = {name: opened.blob(name) for name in opened.names - {"statement.json"}}
        return written(replace(opened.package, **changes), blobs)  # type: ignore[arg-type]


def statement(package: bytes) -> ScanPackage:
    with OpenedPackage(package) as opened:
        return opened.package


def of_house(centre: Centre) -> dict[str, object]:
    """All that is to be the same whichever way it came."""
    scan, latest = centre.scan(), centre.clinic.results.latest(centre.scan().id)
    assert latest is not None
    current = current_review(centre.reviews(), latest.id)
    files = centre.clinic.files
    return {
        "status": scan.status,
        "results": sorted(result.id for result in centre.results()),
        "latest": latest.id,
        "reviews": sorted((review.id, review.verdict) for review in centre.reviews()),
        "counts": None if current is None else current.id,
        "patient": scan.header,
        "files": sorted(
            name.partition("/")[2] for name in files.keys("") if not name.startswith(("scans/", "models/"))
        ),
        "of scan": len(files.keys(f"scans/{scan.id}")),
        "all of scans": len(files.keys("scans")),
    }


def test_scan_patient_result_and_correction_are_there_as_at_the_edge(edge: Edge, centre: Centre) -> None:
    sent = edge.received()
    correct(edge.clinic, sent, edge.reviewer)
    (before,) = edge.clinic.results.of_scan(sent.id)
    (review,) = edge.clinic.reviews.of_scan(sent.id)
    taken = centre.take(edge.package(sent))
    assert (taken.new, taken.results, taken.reviews, taken.note) == (True, 1, 1, None)
    scan, (result,), (kept,) = centre.scan(), centre.results(), centre.reviews()
    assert scan.status is ScanStatus.READ and scan.content_sha256 == sent.content_sha256
    assert (scan.header, scan.created_at, scan.uploaded_by) == (sent.header, sent.created_at, centre.edge.id)
    made = result.provenance
    assert (made.model_version, made.read_at, made.edge_version) == (HERE, "CT van", "2")
    assert made.weights_sha256 == before.provenance.weights_sha256
    assert replace(result, scan_id=sent.id, provenance=before.provenance) == before
    assert kept.reviewer_name == f"{review.reviewer_name}, at CT van" and kept.reviewer_id
    assert kept.reviewer_id != review.reviewer_id  # nobody's account here
    assert (kept.verdict, kept.dice, kept.created_at) == (review.verdict, review.dice, review.created_at)
    here, there = centre.clinic.files, edge.clinic.files
    for key in (keys.mask(result.id), keys.corrected_mask(kept.id)):
        assert np.array_equal(unpacked(here.get(key)), unpacked(there.get(key))), key
    assert np.array_equal(here.get_array(keys.array(scan.id)), there.get_array(keys.array(sent.id)))
    view = centre.clinic.services.reviewing.scan_views.scan(scan.id, centre.reader)
    identity = view.patient.identity
    assert identity is not None and identity.patient_id == "MRN-1815" and identity.name
    assert view.result is not None and view.result.id == result.id and view.current is not None
    (listed,) = centre.clinic.services.reviewing.worklist.page(WorklistQuery(), centre.reader).rows
    assert (listed.status, listed.verdict) == (ScanStatus.READ, Verdict.CORRECTED)
    assert [reviewed.id for reviewed in centre.reviewed] == [result.id] and centre.arrived == []
    named = centre.clinic.services.exports.named_files  # the PACS finds the study by what the source wrote
    said = centre.clinic.services.exports.counting(scan.id, result.id)
    assert STRICT["AccessionNumber"].encode() in named(said, Form.SR)[0].content
    events = {event.action: event for event in AuditLog(centre.clinic.database).recent(20)}
    assert events["scan.add"].user_id == events["scan.sync"].user_id == centre.edge.id
    assert events["scan.sync"].detail == "1 results and 1 reviews of an edge"


def test_in_whatever_order_and_however_often_packages_come_nothing_is_doubled(
    edge: Edge, tmp_path: Path
) -> None:
    """Each state of the scan is sent; lost answers and late packages bring old ones after new ones."""
    sent, reviews = edge.received(), edge.clinic.services.reviewing.reviews
    packages = [edge.package(sent)]
    reviews.accept(sent.id, edge.reviewer)
    packages.append(edge.package(sent))
    (accepted,) = edge.clinic.reviews.of_scan(sent.id)
    reviews.take_back(accepted.id, edge.reviewer)
    packages.append(edge.package(sent))
    correct(edge.clinic, sent, edge.reviewer)
    packages.append(edge.package(sent))
    edge.clinic.read_volume(sent, lesions=2)  # by hand: another version has read it
    packages.append(edge.package(sent))
    reviews.reject(sent.id, edge.reviewer, RejectReason.ARTEFACT)
    packages.append(edge.package(sent))
    houses, drawn = [], random.Random(7)
    for number in range(6):
        house = Centre(tmp_path / f"centre{number}")
        order = [*drawn.choices(packages, k=drawn.randrange(8)), packages[-1], *drawn.choices(packages, k=2)]
        for package in [*packages, packages[-1]] if number == 0 else order:
            house.take(package)
        houses.append(of_house(house))
        house.close()
    assert all(house == houses[0] for house in houses)
    assert len(houses[0]["results"]) == 2 and len(houses[0]["reviews"]) == 4  # type: ignore[arg-type]
    latest = edge.clinic.results.latest(sent.id)
    assert latest is not None and houses[0]["latest"] == latest.id
    assert houses[0]["of scan"] == houses[0]["all of scans"]


@pytest.mark.parametrize("at", ["reviews", "results", "audit"])
def test_what_fails_in_the_middle_leaves_nothing_and_comes_again(
    edge: Edge, centre: Centre, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    sent = edge.received()
    correct(edge.clinic, sent, edge.reviewer)
    package, store = edge.package(sent), getattr(centre.stores, at)
    name = "record" if at == "audit" else "add"

    def killed(*_: object, **__: object) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(type(store), name, killed)
        with pytest.raises(RuntimeError, match="killed"):
            centre.take(package)
    assert centre.scans() == [] and centre.clinic.files.keys() == []
    assert list(centre.clinic.folder.glob("open-*")) == []
    assert centre.take(package).new
    assert (len(centre.results()), len(centre.reviews())) == (1, 1)


def test_a_package_that_was_cut_off_anywhere_is_none(edge: Edge, centre: Centre) -> None:
    package = edge.package(edge.received())
    drawn = random.Random(3)
    for cut in [0, 1, len(package) - 1, *(drawn.randrange(len(package)) for _ in range(40))]:
        with pytest.raises(InvalidInput, match="no whole scan package"):
            centre.take(package[:cut])
    flipped = bytearray(package)
    flipped[package.index(b"original") + 400] ^= 0xFF
    with pytest.raises((InvalidInput, RefusedScan)):
        centre.take(bytes(flipped))
    assert centre.scans() == [] and centre.clinic.files.keys() == []


def test_a_result_of_a_version_that_is_not_here_stands_beside_and_the_house_reads_itself(
    edge: Edge, centre: Centre
) -> None:
    centre.versions.known = None
    sent = edge.received()
    edge.clinic.services.reviewing.reviews.accept(sent.id, edge.reviewer)
    centre.take(edge.package(sent))
    scan, (result,) = centre.scan(), centre.results()
    assert scan.status is ScanStatus.WAITING and centre.clinic.results.latest(scan.id) is None
    assert result.provenance.model_version == "2@CT van"
    job = centre.clinic.jobs.unfinished(JOB, scan.id)
    assert job is not None and job.state in (JobState.QUEUED, JobState.RUNNING)
    own = centre.clinic.read_volume(scan)
    view = centre.clinic.services.reviewing.scan_views.scan(scan.id, centre.reader)
    assert view.result is not None and view.result.id == own.id and view.current is None
    deciding = centre.clinic.reviews.deciding(scan.id)  # of the only result that somebody judged
    assert deciding is not None and deciding.result_id == result.id


def test_what_the_house_has_read_itself_stands_and_the_edges_result_is_kept_beside(
    edge: Edge, centre: Centre
) -> None:
    sent = edge.received()
    package = edge.package(sent)
    centre.versions.known = None
    centre.take(package)
    own = centre.clinic.read_volume(centre.scan())
    centre.versions.known = HERE
    edge.clinic.read_volume(sent)
    edge.clinic.services.reviewing.reviews.accept(sent.id, edge.reviewer)
    taken = centre.take(edge.package(sent))
    assert (taken.new, taken.results, taken.reviews) == (False, 1, 1)
    latest = centre.clinic.results.latest(centre.scan().id)
    assert latest is not None and latest.id == own.id and len(centre.results()) == 3


def test_what_the_house_is_about_to_read_itself_is_not_taken_from_it(edge: Edge, centre: Centre) -> None:
    sent = edge.received()
    centre.versions.known = None
    centre.take(edge.package(sent))
    centre.versions.known = HERE
    edge.clinic.read_volume(sent)
    centre.take(edge.package(sent))
    scan = centre.scan()
    assert scan.status is ScanStatus.WAITING and centre.clinic.results.latest(scan.id) is None
    assert len(centre.results()) == 2


def test_a_scan_whose_reading_failed_here_has_the_edges_answer(edge: Edge, centre: Centre) -> None:
    sent = edge.received()
    centre.versions.known = None
    centre.take(edge.package(sent))
    centre.clinic.scans.set_status(centre.scan().id, ScanStatus.FAILED, "The network broke.")
    centre.versions.known = HERE
    second = edge.clinic.read_volume(sent)
    centre.take(edge.package(sent))
    latest = centre.clinic.results.latest(centre.scan().id)
    assert latest is not None and latest.id == second.id and centre.scan().status is ScanStatus.READ


def test_a_later_reading_at_the_edge_counts_in_place_of_the_earlier_one(edge: Edge, centre: Centre) -> None:
    sent = edge.received()
    centre.take(edge.package(sent))
    assert [scan.id for scan in centre.arrived] == [centre.scan().id]  # nobody had reviewed it
    second = edge.clinic.read_volume(sent, lesions=2)
    centre.take(edge.package(sent))
    latest = centre.clinic.results.latest(centre.scan().id)
    assert latest is not None and latest.id == second.id and len(centre.results()) == 2


def test_the_same_scan_from_two_edges_is_one_scan(edge: Edge, centre: Centre) -> None:
    package = edge.package(edge.received())
    centre.take(package)
    edge_of_before, centre.edge = centre.edge, centre.account("Mini-PC 2")
    assert centre.take(package) == replace(centre.take(package), new=False, results=0, reviews=0)
    (result,) = centre.results()
    assert result.provenance.read_at == edge_of_before.display_name


def test_what_was_withdrawn_here_stays_so_and_the_edge_is_told(edge: Edge, centre: Centre) -> None:
    sent = edge.received()
    package = edge.package(sent)
    centre.take(package)
    scan = centre.scan()
    centre.clinic.services.reviewing.withdrawals.withdraw(scan.id, "Wrong patient.", centre.reader)
    correct(edge.clinic, sent, edge.reviewer)
    taken = centre.take(edge.package(sent))
    assert (taken.results, taken.reviews, taken.note) == (0, 0, WITHDRAWN)
    assert centre.clinic.reviews.of_scan(scan.id) == []


def test_the_same_person_stays_the_same_reader_and_is_told_from_others(edge: Edge, centre: Centre) -> None:
    first, second = edge.received(), edge.clinic.add_volume("u", status=ScanStatus.WAITING)
    assert second.id != first.id
    reviews, names = edge.clinic.services.reviewing.reviews, set()
    other_reader = edge.clinic.person(Role.CLINICIAN, "bob")
    reviews.accept(first.id, edge.reviewer)
    reviews.accept(first.id, other_reader)
    edge.clinic.read_volume(first)
    reviews.accept(first.id, edge.reviewer)
    centre.take(edge.package(first))
    names = {review.reviewer_id for review in centre.reviews()}
    assert len(centre.reviews()) == 3 and len(names) == 2


def test_the_department_is_that_of_the_edges_account(edge: Edge, centre: Centre) -> None:
    departments = centre.clinic.services.departments.departments
    admin = centre.clinic.person(Role.ADMIN)
    made = departments.make("Emergency", (), (), admin)
    departments.bind(centre.edge.id, [made.id], admin)
    (bound_edge,) = [user for user in centre.clinic.accounts.all() if user.id == centre.edge.id]
    centre.edge = replace(bound_edge, scopes=centre.edge.scopes)
    package = edge.package(edge.received())
    with seen_by(centre.edge.departments):
        assert centre.take(package).new
    assert centre.scan().department_id == made.id


def test_pixels_that_are_decoded_otherwise_here_are_refused(edge: Edge, centre: Centre) -> None:
    package = edge.package(edge.received())
    told = statement(package).scan
    wrong = other(package, scan=replace(told, input_sha256="0" * 64))
    with pytest.raises(RefusedScan, match="decoded in another way"):
        centre.take(wrong)
    centre.take(package)
    for result in centre.results():
        assert centre.take(package).results == 0 and result
    again = statement(package).results[0]
    more = replace(again, id="f" * 32)
    for changed in ({"input_sha256": "0" * 64}, {"shape": (1, 2, 3)}):
        second = other(
            package,
            scan=replace(told, **changed),  # type: ignore[arg-type]
            results=(again, more),
            latest_result_id=more.id,
        )
        with pytest.raises(InvalidInput, match="decoded in another way"):
            centre.take(second)


def test_a_mask_of_another_shape_is_refused(edge: Edge, centre: Centre) -> None:
    package = edge.package(edge.received())
    with OpenedPackage(package) as opened:
        blobs = {name: opened.blob(name) for name in opened.names - {"statement.json"}}
        (mask,) = [name for name in blobs if name.endswith("/mask")]
        for array in (np.zeros((2, 2, 2), bool), np.zeros(opened.package.scan.shape, np.float32)):
            with pytest.raises(InvalidInput, match="in the package is no"):
                centre.take(written(opened.package, blobs | {mask: packed(array)}))
    assert centre.scans() == []


def test_packages_that_contradict_themselves_are_refused(edge: Edge, centre: Centre) -> None:
    sent = edge.received()
    edge.clinic.services.reviewing.reviews.accept(sent.id, edge.reviewer)
    package = edge.package(sent)
    said = statement(package)
    result, review = said.results[0], said.reviews[0]
    late = replace(result, created_at=now() + timedelta(minutes=11))
    for changes, why in (
        ({"scan": replace(said.scan, task="knee")}, "no task knee"),
        ({"scan": replace(said.scan, suffix="/../x")}, "no scan"),
        ({"scan": replace(said.scan, content_sha256="../x")}, "no scan"),
        ({"latest_result_id": "0" * 32}, "the result that counts is missing"),
        ({"results": (replace(result, task="pneumonia"),)}, "of another task"),
        ({"results": (replace(result, id="../../x"),)}, "ids that are none"),
        ({"results": (result, result)}, "doubled"),
        ({"reviews": (replace(review, result_id="0" * 32),)}, "a review of no result"),
        ({"results": (late,)}, "clock is ahead"),
        ({"format": 2, "software": "9.0"}, "written by a newer Lightbox"),
    ):
        with pytest.raises(InvalidInput, match=why):
            centre.take(other(package, **changes))
    soon = replace(result, created_at=now() + timedelta(minutes=9))  # clocks are never quite alike
    assert centre.take(other(package, results=(soon,))).new


def test_ids_of_another_scan_here_are_refused(edge: Edge, centre: Centre) -> None:
    package = edge.package(edge.received())
    taken = centre.clinic.read_volume(centre.clinic.add_volume("u"))
    stolen = replace(statement(package).results[0], id=taken.id)
    with pytest.raises(InvalidInput, match="of another scan"):
        centre.take(other(package, results=(stolen,), latest_result_id=taken.id))


def test_only_a_clinicians_account_with_a_token_for_it_brings_anything(edge: Edge, centre: Centre) -> None:
    package = edge.package(edge.received())
    for role in (Role.HEAD, Role.MLOPS, Role.ADMIN):
        centre.edge = centre.clinic.person(role, f"some-{role}")
        with pytest.raises(NotAllowed):
            centre.take(package)
        with pytest.raises(NotAllowed):
            centre.arrivals.known("0" * 64, centre.edge)
    assert centre.scans() == []


def test_what_is_known_is_told_and_only_the_rest_is_sent(edge: Edge, centre: Centre) -> None:
    sent = edge.received()
    first = edge.package(sent)
    content = sent.content_sha256
    known = centre.arrivals.known(content, centre.edge)
    assert not known.known and known.results == known.reviews == ()
    with OpenedPackage(first) as opened:
        assert opened.without(known) is not None
    centre.take(first)
    with OpenedPackage(first) as opened:
        assert opened.without(centre.arrivals.known(content, centre.edge)) is None
    correct(edge.clinic, sent, edge.reviewer)
    with OpenedPackage(edge.package(sent)) as opened:
        rest = opened.without(centre.arrivals.known(content, centre.edge))
    assert rest is not None and len(rest) < len(first) / 2
    (review,) = edge.clinic.reviews.of_scan(sent.id)
    assert set(zipfile.ZipFile(BytesIO(rest)).namelist()) == {"statement.json", f"reviews/{review.id}/mask"}
    assert centre.take(rest).reviews == 1
