"""The report of a reading follows who asks, what was read, and what a reviewer says of it."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from data.database import new_id
from data.errors import NotFound
from data.packing import packed
from data.records import BRAIN_TUMOUR, Doubt, MrSequence, RejectReason, Result, Role, Scan, User
from data.stores.audit import AuditLog
from models.measuring import measure
from services import keys
from services.measurement_words import measured_words
from services.reporting.key_pictures import KeyPictures, KeySlice
from services.reporting.reading_report import ReadingReports
from services.reviewing.pictures import AI, CORRECTED
from services.reviewing.review import Remarks
from tests.dashboard.clinic import Clinic, drawn_mask


@pytest.fixture
def clinician(clinic: Clinic) -> User:
    return clinic.person(Role.CLINICIAN)


@pytest.fixture
def reports(clinic: Clinic) -> ReadingReports:
    return clinic.services.reading_reports


def key_slices(clinic: Clinic, scan: Scan, user: User) -> tuple[KeySlice, ...]:
    chooser = KeyPictures(clinic.files, clinic.services.reviewing.pictures, clinic.services.screening)
    return chooser.chosen(clinic.services.reviewing.scan_views.scan(scan.id, user))


def with_lesions(clinic: Clinic, scan: Scan, tops: list[tuple[int, int]]) -> Result:
    """A result whose lesions are flat boxes on one slice each: (slice, size), from the left to the right."""
    mask = np.zeros((scan.slices, scan.height, scan.width), bool)
    for number, (index, size) in enumerate(tops):
        mask[index, 10 : 10 + size, 8 * number : 8 * number + 4] = True
    measured = measure(mask, scan.spacing)
    result = replace(clinic._result(scan, BRAIN_TUMOUR, 0.9), measurements=measured, has_mask=True)
    clinic.files.put(keys.mask(result.id), packed(mask))
    return clinic._keep(result)


def corrected(clinic: Clinic, scan: Scan, user: User, *, empty: bool = False) -> None:
    """A correction: half of the AI's mask, or nothing."""
    pictures = clinic.services.reviewing.pictures
    mask = pictures.mask(scan.id).copy()
    mask[:] = False if empty else mask & (np.arange(scan.height) < 27)[None, :, None]
    drawn = drawn_mask(mask, empty=empty)
    clinic.services.reviewing.reviews.correct(scan.id, user, drawn, Remarks(comment="Half of it."))


def test_the_answer_its_version_and_its_sizes(
    clinic: Clinic, clinician: User, reports: ReadingReports
) -> None:
    scan = clinic.add_volume(clinician.id)
    result = clinic.read_volume(scan, lesions=2, expected=0.91)
    text = reports.text(scan.id, clinician)
    for line in (
        "AI: Tumour found",
        "Not reviewed by a clinician.",
        "Answer: found",
        "Probability: 0.97, threshold 0.41",
        "Model: brain-tumour version 2, weights abababababab",
        "Expected overlap: Dice 0.91 with a specialist's outline",
        "Slice 9 of 24: largest extent of lesion 1, outline of the AI.",
        "Slice 16 of 24: largest extent of lesion 2, outline of the AI.",
        "Voxel size: 1 × 2 × 3 mm",
    ):
        assert line in text.splitlines()
    assert f"Reading {result.id}, report made " in text
    assert re.search(r"Read: \d{4}-\d\d-\d\d \d\d:\d\d \S+\n", text)  # with its zone
    assert result.measurements is not None
    for row in measured_words(result.measurements, scan, placed=True).rows:
        for cell in row:
            assert cell.replace("–", "-") in text


def test_uncertain_is_a_word_of_its_own_with_its_reasons(
    clinic: Clinic, clinician: User, reports: ReadingReports
) -> None:
    scan = clinic.add_volume(clinician.id)
    clinic.read_volume(scan, doubts=(Doubt.UNLIKE_TRAINING, Doubt.NEAR_THRESHOLD), outside_distance=1.34)
    lines = reports.text(scan.id, clinician).splitlines()
    assert "AI: Uncertain" in lines and "Answer: uncertain" in lines
    assert "Why uncertain: unlike what the model was trained on; too close to call" in lines
    assert "Model's own call: Tumour found" in lines
    assert "Unlike the training: distance 1.34, limit 1.00" in lines
    assert "AI: Tumour found" not in lines


@pytest.mark.parametrize(
    ("role", "asked", "told"),
    [
        (Role.CLINICIAN, True, True),
        (Role.CLINICIAN, False, False),
        (Role.HEAD, True, False),
        (Role.MLOPS, True, False),
    ],
)
def test_the_patient_is_named_to_who_may_know_and_asks(
    clinic: Clinic, clinician: User, reports: ReadingReports, role: Role, asked: bool, told: bool
) -> None:
    scan = clinic.add_volume(clinician.id)
    clinic.read_volume(scan)
    clinic.services.reviewing.reviews.reject(
        scan.id, clinician, RejectReason.OTHER, "Ms Lovelace, MRN-1815, has oedema.", False
    )
    user = clinician if role is Role.CLINICIAN else clinic.person(role)
    for said in (
        reports.text(scan.id, user, named=asked),
        _pdf_text(reports.file(scan.id, "pdf", user, named=asked).content),
    ):
        assert "has oedema" in said
        for word in ("Lovelace", "1815"):
            # As a word: the numbers of scans and readings are drawn, and may hold the patient's.
            assert bool(re.search(rf"\b{word}\b", said)) is told
        assert clinic.services.reviewing.scan_views.scan(scan.id, user).patient.pseudonym in said


def _pdf_text(content: bytes) -> str:
    import io

    from pypdf import PdfReader

    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)


def test_a_verdict_stands_beside_the_answer(clinic: Clinic, clinician: User, reports: ReadingReports) -> None:
    scan = clinic.add_volume(clinician.id)
    clinic.read_volume(scan)
    reviews = clinic.services.reviewing.reviews
    reviews.reject(scan.id, clinician, RejectReason.OTHER, "It is oedema.", False)
    text = reports.text(scan.id, clinician)
    assert re.search(r"^Rejected by Dr Clinician, .+ \S+: tumour absent\.$", text, re.MULTILINE)
    assert re.search(r"^Reason: .*It is oedema\.", text, re.MULTILINE)
    reviews.accept(scan.id, clinician)
    text = reports.text(scan.id, clinician)
    assert re.search(r"^Accepted by Dr Clinician, ", text, re.MULTILINE)
    assert "oedema" not in text
    reviews.unsure(scan.id, clinician)
    text = reports.text(scan.id, clinician)
    assert re.search(r"^Dr Clinician looked at it, .+ \S+, and is unsure\.$", text, re.MULTILINE)
    for review in clinic.reviews.of_scan(scan.id)[:2]:
        reviews.take_back(review.id, clinician)
    assert "Rejected by Dr Clinician, " in reports.text(scan.id, clinician)


def test_a_corrected_outline_counts_while_it_is_the_verdict(
    clinic: Clinic, clinician: User, reports: ReadingReports
) -> None:
    scan = clinic.add_volume(clinician.id)
    result = clinic.read_volume(scan)
    corrected(clinic, scan, clinician)
    review = clinic.reviews.of_scan(scan.id)[0]
    assert review.measurements is not None and result.measurements is not None
    text = reports.text(scan.id, clinician)
    half, whole = (f"Volume: {mask.volume_ml:.1f} mL" for mask in (review.measurements, result.measurements))
    assert half != whole
    places = [text.index(part) for part in ("SIZES: OUTLINE CORRECTED BY DR CLINICIAN", half)]
    places += [text.index(part) for part in ("SIZES: OUTLINE OF THE AI, REPLACED BY", whole)]
    assert places == sorted(places)
    assert {chosen.layer for chosen in key_slices(clinic, scan, clinician)} == {CORRECTED}
    clinic.services.reviewing.reviews.accept(scan.id, clinician)
    text = reports.text(scan.id, clinician)
    assert half not in text and whole in text and "CORRECTED" not in text
    assert {chosen.layer for chosen in key_slices(clinic, scan, clinician)} == {AI}


def test_an_emptied_outline_is_said_and_not_drawn(
    clinic: Clinic, clinician: User, reports: ReadingReports
) -> None:
    scan = clinic.add_volume(clinician.id)
    clinic.read_volume(scan)
    corrected(clinic, scan, clinician, empty=True)
    text = reports.text(scan.id, clinician)
    assert re.search(r"^Corrected by Dr Clinician, .+: tumour absent\.$", text, re.MULTILINE)
    assert "OUTLINE CORRECTED BY DR CLINICIAN\nThe mask is empty." in text
    assert key_slices(clinic, scan, clinician) == (KeySlice(12),)
    reports.file(scan.id, "pdf", clinician)


def test_the_largest_slices_of_the_three_largest_lesions(clinic: Clinic, clinician: User) -> None:
    scan = clinic.add_volume(clinician.id)
    with_lesions(clinic, scan, [(3, 4), (9, 12), (15, 8), (20, 6)])
    assert key_slices(clinic, scan, clinician) == (
        KeySlice(9, (1,), AI),
        KeySlice(15, (2,), AI),
        KeySlice(20, (3,), AI),
    )


def test_lesions_of_one_slice_share_a_picture(
    clinic: Clinic, clinician: User, reports: ReadingReports
) -> None:
    scan = clinic.add_volume(clinician.id)
    with_lesions(clinic, scan, [(9, 12), (9, 8), (4, 6)])
    assert key_slices(clinic, scan, clinician) == (KeySlice(9, (1, 2), AI), KeySlice(4, (3,), AI))
    assert "largest extent of lesion 1 and 2" in reports.text(scan.id, clinician)


def test_a_film_has_one_picture_without_an_outline(
    clinic: Clinic, clinician: User, reports: ReadingReports
) -> None:
    film = clinic.add_film(clinician.id)
    clinic.read_film(film, positive=False, probability=0.08)
    text = reports.text(film.id, clinician)
    assert "AI: Pneumonia unlikely" in text and "Answer: not found" in text
    assert "The whole picture: nothing is outlined." in text
    assert "no side is marked" in text
    assert " mm" not in text and "SIZES" not in text
    assert reports.file(film.id, "pdf", clinician).content.startswith(b"%PDF")


def test_without_spacing_there_are_pixels_only(
    clinic: Clinic, clinician: User, reports: ReadingReports
) -> None:
    scan = clinic.add_volume(clinician.id, placed=False)
    clinic.read_volume(scan)
    text = reports.text(scan.id, clinician)
    assert "Pixels only: the file does not state its spacing." in text
    assert "longest in plane 18 px" in text
    assert " mL" not in text and " mm" not in text


def test_more_lesions_than_rows_still_fit_two_pages(
    clinic: Clinic, clinician: User, reports: ReadingReports
) -> None:
    from pypdf import PdfReader

    scan = clinic.add_volume(clinician.id, shape=(24, 60, 200))
    with_lesions(clinic, scan, [(n, 4 + n) for n in range(20)])
    file = reports.file(scan.id, "pdf", clinician)
    import io

    assert len(PdfReader(io.BytesIO(file.content)).pages) <= 2
    assert "and 12 smaller lesions" in reports.text(scan.id, clinician)


def test_the_file_of_a_made_scan_is_called_so(
    clinic: Clinic, clinician: User, reports: ReadingReports
) -> None:
    real = clinic.add_volume(clinician.id)
    made, _ = clinic.scans.add(replace(real, id=new_id(), content_sha256=new_id(), synthetic=True))
    result = clinic.read_volume(made)
    assert reports.file(made.id, "txt", clinician).name == f"lightbox-reading-SYNTHETIC-{result.id[:12]}.txt"


def test_what_is_fetched_is_noted_and_with_which_patient(
    clinic: Clinic, clinician: User, reports: ReadingReports
) -> None:
    scan = clinic.add_volume(clinician.id)
    result = clinic.read_volume(scan)
    reports.text(scan.id, clinician)
    file = reports.file(scan.id, "pdf", clinician, named=True)
    assert file.name == f"lightbox-reading-{result.id[:12]}.pdf"
    reports.file(scan.id, "txt", clinic.person(Role.HEAD), named=True)
    noted = [event for event in AuditLog(clinic.database).recent(10) if event.action == "reading.report"]
    assert [(event.subject, event.detail) for event in noted] == [
        (scan.id, "txt, pseudonym"),
        (scan.id, "pdf, named"),
    ]


def test_what_was_not_read_has_no_report(clinic: Clinic, clinician: User, reports: ReadingReports) -> None:
    scan = clinic.add_volume(clinician.id)
    with pytest.raises(NotFound, match="has not been read"):
        reports.text(scan.id, clinician)
    clinic.read_volume(scan)
    with pytest.raises(NotFound, match="no such file"):
        reports.file(scan.id, "docx", clinician)
    with pytest.raises(NotFound, match="no such scan"):
        reports.text(scan.id, clinic.person(Role.ADMIN))


def test_what_not_found_leaves_open_is_in_the_report(
    clinic: Clinic, clinician: User, reports: ReadingReports
) -> None:
    scan = clinic.add_volume(clinician.id)
    clinic.read_volume(scan, sequence=MrSequence.T1_CONTRAST, positive=False)
    lines = reports.text(scan.id, clinician).splitlines()
    assert "AI: No tumour found" in lines
    assert any(
        line.startswith("Left open: This does not rule out a glioma that hardly enhances") for line in lines
    )
