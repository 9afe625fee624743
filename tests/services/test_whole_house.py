"""From bytes to a reviewed result, with everything real but the browser."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from sqlalchemy import update

from data import tables
from data.codec import to_json
from data.database import writing
from data.errors import InvalidInput, NotAllowed, NotFound
from data.records import (
    BRAIN_TUMOUR,
    RejectReason,
    Role,
    ScanStatus,
    UploadState,
    User,
    Verdict,
    WorklistQuery,
)
from data.stores.audit import AuditLog
from data.stores.results import ResultStore
from services.assembly.container import Services
from services.reading.uploads import WrongOffset
from services.reviewing.review import MaskFile
from tests import phantoms
from tests.services.real import PATIENCE_S, person, running, send


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    with running(tmp_path_factory.mktemp("house")) as started:
        yield started


@pytest.fixture(scope="module")
def clinician(services: Services) -> User:
    return person(services, Role.CLINICIAN, "ada")


@pytest.fixture(scope="module")
def volume_id(services: Services, clinician: User) -> str:
    upload = send(services, clinician, "t1.nii.gz", phantoms.nifti(phantoms.brain(lesion_mm=18)))
    assert len(upload.scan_ids) == 1, upload
    return upload.scan_ids[0]


def test_a_volume_is_read_and_keeps_what_made_its_result(
    services: Services, clinician: User, volume_id: str
) -> None:
    view = services.reviewing.scan_views.scan(volume_id, clinician)
    assert view.scan.task == BRAIN_TUMOUR
    assert view.scan.spacing.voxel_ml == pytest.approx(0.024)
    assert view.orientation == ("R", "L", "A", "P")
    result = view.result
    assert result is not None
    assert result.has_mask
    assert 0 <= result.probability <= 1
    champion = services.versions.registry.champion(BRAIN_TUMOUR)
    assert champion is not None
    assert result.provenance.model_version == champion.version
    assert result.provenance.weights_sha256 == champion.weights_sha256
    assert {"preprocess", "network", "postprocess"} <= set(result.provenance.timings_ms)


def test_the_same_scan_again_is_one_scan_and_the_same_result_comes_of_it(
    services: Services, clinician: User, volume_id: str
) -> None:
    again = send(services, clinician, "renamed.nii.gz", phantoms.nifti(phantoms.brain(lesion_mm=18)))
    assert (again.scan_ids, again.known_scan_ids) == ((), (volume_id,))
    before = services.reviewing.pictures.mask(volume_id)
    services.reading.readings.request(volume_id, clinician)
    assert services.jobs.wait_idle(PATIENCE_S)
    results = services.reviewing.scan_views.scan(volume_id, clinician).results
    assert len(results) == 2
    assert results[0].provenance.input_sha256 == results[1].provenance.input_sha256
    assert results[0].probability == pytest.approx(results[1].probability, abs=1e-3)
    assert np.array_equal(before, services.reviewing.pictures.mask(volume_id))


def test_a_mask_leaves_in_the_scan_s_own_grid(services: Services, volume_id: str, tmp_path: Path) -> None:
    content, name, _ = services.reviewing.pictures.mask_file(volume_id, "nifti")
    (tmp_path / name).write_bytes(content)
    mask = nib.load(tmp_path / name)
    shape, affine = phantoms.thick()
    assert mask.shape == shape
    assert np.allclose(mask.affine, affine)
    assert int(np.asarray(mask.dataobj).sum()) == int(services.reviewing.pictures.mask(volume_id).sum())


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("notes.txt", b"Dear colleague, please find attached", "unknown"),
        ("empty.zip", b"PK\x05\x06" + bytes(18), None),
        ("blank.png", phantoms.png(np.full((256, 256), 0.4)), "blank"),
        ("tiny.png", phantoms.png(np.random.default_rng(0).random((20, 20))), "too_small"),
        ("noise.png", phantoms.png(np.random.default_rng(0).random((256, 256))), "unsuitable"),
    ],
)
def test_what_is_not_for_us_is_refused_in_one_sentence(
    services: Services, clinician: User, name: str, content: bytes, code: str | None
) -> None:
    upload = send(services, clinician, name, content)
    assert upload.scan_ids == ()
    assert len(upload.refusals) == 1
    refusal = upload.refusals[0]
    assert code is None or refusal.code == code
    assert refusal.sentence.endswith(".")
    assert "Traceback" not in refusal.sentence


def test_nothing_and_too_much_leave_nothing_behind(services: Services, clinician: User) -> None:
    before = len(services.reading.uploads.recent(clinician, 1000))
    with pytest.raises(InvalidInput, match="empty"):
        services.reading.intake.receive(clinician, "empty.png", io.BytesIO(b""))
    with pytest.raises(InvalidInput, match="MiB"):
        services.reading.uploads.create(clinician, "huge.nii", 2 << 30)
    assert len(services.reading.uploads.recent(clinician, 1000)) == before


def test_an_upload_in_pieces_goes_on_where_it_broke_off(services: Services, clinician: User) -> None:
    content = phantoms.nifti(phantoms.brain(lesion_mm=9))
    upload = services.reading.uploads.create(clinician, "../../pieces.nii.gz", len(content))
    assert upload.name == "pieces.nii.gz"
    services.reading.uploads.append(clinician, upload.id, 0, io.BytesIO(content[:1000]))
    with pytest.raises(WrongOffset):
        services.reading.uploads.append(clinician, upload.id, 0, io.BytesIO(content[:1000]))
    stranger = person(services, Role.CLINICIAN, "grace")
    with pytest.raises(NotFound):
        services.reading.uploads.get(stranger, upload.id)
    services.reading.uploads.append(clinician, upload.id, 1000, io.BytesIO(content[1000:]))
    assert services.jobs.wait_idle(PATIENCE_S)
    done = services.reading.uploads.get(clinician, upload.id)
    assert done.state is UploadState.DONE
    assert len(done.scan_ids) == 1


def test_twenty_uploads_at_once_are_neither_lost_nor_crossed(services: Services) -> None:
    people = [person(services, Role.CLINICIAN, f"reader{n}") for n in range(5)]

    def send(number: int) -> tuple[User, str]:
        user = people[number % 5]
        content = phantoms.axial_png(phantoms.brain(), 30 + number)
        upload = services.reading.uploads.create(user, f"slice-{number}.png", len(content))
        services.reading.uploads.append(user, upload.id, 0, io.BytesIO(content))
        return user, upload.id

    with ThreadPoolExecutor(20) as pool:
        sent = list(pool.map(send, range(20)))
    assert services.jobs.wait_idle(PATIENCE_S)
    outcomes = [services.reading.uploads.get(user, upload_id) for user, upload_id in sent]
    assert all(upload.state is UploadState.DONE for upload in outcomes)
    assert all(len(upload.scan_ids) + len(upload.refusals) == 1 for upload in outcomes)
    accepted = [upload for upload in outcomes if upload.scan_ids]
    assert len(accepted) >= 15  # slices low in the neck may be refused
    for upload in accepted:
        view = services.reviewing.scan_views.scan(upload.scan_ids[0], people[0])
        assert view.scan.uploaded_by == upload.user_id
        assert view.scan.status is ScanStatus.READ
        assert view.patient.identity is not None
        assert view.patient.identity.name == upload.name


def test_a_zip_of_numbered_pictures_becomes_one_volume_where_that_is_said(
    services: Services, clinician: User
) -> None:
    head, memory = phantoms.brain(lesion_mm=16), io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        for place, k in reversed(list(enumerate(range(52, 62, 2), start=8))):
            archive.writestr(f"head/s{place}.png", phantoms.axial_png(head, k))
    content = memory.getvalue()
    upload = services.reading.uploads.create(clinician, "head.zip", len(content), as_volume=True)
    services.reading.uploads.append(clinician, upload.id, 0, io.BytesIO(content))
    assert services.jobs.wait_idle(PATIENCE_S)
    upload = services.reading.uploads.get(clinician, upload.id)
    assert (len(upload.scan_ids), upload.refusals) == (1, ())
    view = services.reviewing.scan_views.scan(upload.scan_ids[0], clinician)
    assert (view.scan.slices, view.scan.status) == (5, ScanStatus.READ)
    assert view.scan.spacing.voxel_ml is None
    assert view.patient.identity is not None
    assert view.patient.identity.name == "head.zip"
    assert any("5 pictures were joined" in warning for warning in view.scan.warnings)
    again = services.reading.intake.receive(clinician, "again.zip", io.BytesIO(content), as_volume=True)
    assert again.known_scan_ids == upload.scan_ids


def test_a_zip_of_two_scans_becomes_two(services: Services, clinician: User) -> None:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        archive.writestr("a/one.nii.gz", phantoms.nifti(phantoms.brain(lesion_mm=7)))
        archive.writestr("b/two.png", phantoms.axial_png(phantoms.brain(lesion_mm=8), 57))
        archive.writestr("b/note.png", b"this is no picture")
    upload = send(services, clinician, "both.zip", memory.getvalue())
    assert len(upload.scan_ids) == 2
    assert len(upload.refusals) == 1
    added = [event for event in AuditLog(services.database).recent(50) if event.subject in upload.scan_ids]
    assert {event.subject for event in added if event.action == "scan.add"} == set(upload.scan_ids)
    assert {event.user_id for event in added if event.action == "scan.add"} == {clinician.id}


def test_a_withdrawn_scan_that_is_sent_again_is_refused_with_the_way_to_it(
    services: Services, clinician: User
) -> None:
    content = phantoms.axial_png(phantoms.brain(lesion_mm=9), 50)  # pixels of no other test here
    (scan_id,) = send(services, clinician, "wrong.png", content).scan_ids
    services.reviewing.withdrawals.withdraw(scan_id, "wrong upload", clinician)
    again = send(services, clinician, "again.png", content)
    assert (again.scan_ids, again.known_scan_ids) == ((), ())
    (refusal,) = again.refusals
    assert refusal.code == "withdrawn" and f"/scans/{scan_id}" in refusal.sentence
    services.reviewing.withdrawals.restore(scan_id, clinician)
    assert send(services, clinician, "restored.png", content).known_scan_ids == (scan_id,)


def test_a_scan_of_another_version_is_read_beside_its_own_answer(services: Services, clinician: User) -> None:
    scan_id = send(services, clinician, "old.nii.gz", phantoms.nifti(phantoms.brain(lesion_mm=11))).scan_ids[
        0
    ]
    comparisons, results = services.reading.comparisons, ResultStore(services.database)
    version = comparisons.version(BRAIN_TUMOUR)
    first = services.reviewing.scan_views.scan(scan_id, clinician)
    assert version is not None and first.result is not None
    comparisons.request(scan_id, clinician)
    assert services.jobs.wait_idle(PATIENCE_S)
    assert len(results.of_scan(scan_id)) == 1  # today's version has read it
    older = replace(first.result.provenance, model_version="0")
    with writing(services.database) as connection:
        values = {"model_version": "0", "provenance": to_json(older)}
        connection.execute(update(tables.results).where(tables.results.c.scan_id == scan_id).values(values))
    comparisons.request(scan_id, clinician)
    assert services.jobs.wait_idle(PATIENCE_S)
    beside, own = results.of_scan(scan_id)
    assert (beside.provenance.model_version, own.provenance.model_version) == (version, "0")
    assert beside.probability == pytest.approx(own.probability, abs=1e-3)
    after = services.reviewing.scan_views.scan(scan_id, clinician)
    assert after.result is not None and after.result.id == own.id
    assert after.scan.status is ScanStatus.READ and comparisons.failure(scan_id) is None


def test_only_clinicians_see_who_it_is(services: Services, clinician: User, volume_id: str) -> None:
    head = person(services, Role.HEAD, "hedy")
    seen = services.reviewing.scan_views.scan(volume_id, head)
    assert seen.patient.identity is None
    assert seen.patient.pseudonym.startswith("P-")
    rows = services.reviewing.worklist.page(WorklistQuery(count=100), head).rows
    assert rows
    assert not any("t1.nii" in row.patient for row in rows)
    assert any(
        "t1.nii" in row.patient
        for row in services.reviewing.worklist.page(WorklistQuery(count=100), clinician).rows
    )


def test_review_keeps_every_verdict_and_the_ai_s_own_mask(
    services: Services, clinician: User, tmp_path: Path
) -> None:
    upload = send(services, clinician, "review.nii.gz", phantoms.nifti(phantoms.brain(lesion_mm=15)))
    scan_id = upload.scan_ids[0]
    ai = services.reviewing.pictures.mask(scan_id)
    with pytest.raises(NotAllowed):
        services.reviewing.reviews.accept(scan_id, person(services, Role.MLOPS, "mel"))
    with pytest.raises(InvalidInput, match="why"):
        services.reviewing.reviews.reject(scan_id, clinician, RejectReason.OTHER, "  ")
    services.reviewing.reviews.reject(scan_id, clinician, RejectReason.ARTEFACT, truth_positive=False)

    drawn = tmp_path / "corrected.nii.gz"
    drawn.write_bytes(phantoms.nifti(phantoms.ball(15, (30, 10, 25)).astype(np.uint8)))
    review = services.reviewing.reviews.correct(scan_id, clinician, MaskFile(drawn, drawn.name))
    assert review.verdict is Verdict.CORRECTED
    assert review.measurements is not None
    assert review.measurements.volume_ml == pytest.approx(4 / 3 * np.pi * 1.5**3, rel=0.05)
    assert review.measurements.lesions[0].position_mm == pytest.approx((30, 10, 25), abs=1.0)
    assert np.array_equal(services.reviewing.pictures.mask(scan_id), ai)
    assert services.reviewing.pictures.mask(scan_id, "corrected").sum() == review.measurements.voxels
    verdicts = [review.verdict for review in services.reviewing.scan_views.scan(scan_id, clinician).reviews]
    assert verdicts == [Verdict.CORRECTED, Verdict.REJECTED]

    small = tmp_path / "small.nii.gz"
    nib.save(nib.Nifti1Image(np.ones((4, 4, 4), np.uint8), np.eye(4)), small)
    with pytest.raises(InvalidInput):
        services.reviewing.reviews.correct(scan_id, clinician, MaskFile(small, small.name))


def test_pictures_are_drawn_at_the_scan_s_own_matrix(services: Services, volume_id: str) -> None:
    from PIL import Image

    shape, _ = phantoms.thick()
    picture = Image.open(io.BytesIO(services.reviewing.pictures.slice_png(volume_id, 15)))
    assert picture.size == shape[:2]
    outline = Image.open(io.BytesIO(services.reviewing.pictures.outline_png(volume_id, 15)))
    assert outline.mode == "RGBA"
    with pytest.raises(NotFound):
        services.reviewing.pictures.slice_png(volume_id, 10_000)
    with pytest.raises(NotFound):
        services.reviewing.pictures.heatmap_png(volume_id)


def test_health_and_metrics_tell_what_is_there(services: Services, volume_id: str) -> None:
    assert services.health.ready()["ready"] is True
    text = services.health.metrics().decode()
    assert 'lightbox_scans{status="read",synthetic="no"}' in text
    assert 'lightbox_scans{status="read",synthetic="yes"} 0.0' in text
    assert "lightbox_ready 1.0" in text
