"""What a clinician takes to the PACS is what the page shows, under the name that they may see."""

from __future__ import annotations

import gzip
import io
import zipfile
from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset

from data.errors import InvalidInput, NotFound
from data.formats.dicom.acquisition import acquisition_of
from data.formats.dicom.identity import study_identifiers
from data.records import RejectReason, Role, Scan, User
from data.stores.audit import AuditLog
from models.suitability.kinds import not_a_picture
from services.exporting.exports import Exports
from services.exporting.forms import PLAIN, TO_NODES_ALONE, Ask, Form
from services.reviewing.review import DrawnMask
from tests.dashboard.clinic import Clinic, head
from tests.data.formats.making import DX, affine_of, picture, slices_of
from tests.dicom_files import SAID, opened

AXIAL = affine_of(((0, 1, 2), (-1, -1, 1)), (1.0, 2.0, 3.0))
UPSIDE_DOWN = affine_of(((0, 1, 2), (1, 1, -1)), (1.0, 2.0, 3.0))


def series(affine: Any = AXIAL) -> list[Dataset]:
    """A head of 24 slices of 60 rows and 48 columns."""
    return slices_of(head((24, 60, 48)).transpose(2, 1, 0), affine, **SAID | {"PatientName": "Doe^Jane"})


def film() -> Dataset:
    pixels = head((1, 64, 80))[0].astype(np.uint16)
    said = {"BodyPartExamined": "CHEST", "SOPClassUID": DX, "Modality": "DX"}
    return picture(pixels, **SAID | said)


def read_series(clinic: Clinic, affine: Any = AXIAL, lesions: int = 2, **changes: Any) -> Scan:
    scan = clinic.add_series(series(affine))
    clinic.read_volume(scan, lesions, **changes)
    return scan


def correct(clinic: Clinic, scan: Scan, user: User) -> None:
    mask = clinic.services.reviewing.pictures.mask(scan.id).copy()
    mask[:, 27:] = False
    drawn = DrawnMask(gzip.compress(mask.astype(np.uint8).tobytes()), False)
    clinic.services.reviewing.reviews.correct(scan.id, user, drawn)


def voxels(content: bytes) -> int:
    return int(opened(content).pixel_array.sum())


@pytest.mark.parametrize("affine", [AXIAL, UPSIDE_DOWN])
def test_the_segmentation_is_the_mask_lesion_by_lesion(
    clinic: Clinic, clinician: User, exports: Exports, affine: Any
) -> None:
    scan = read_series(clinic, affine)
    result = clinic.results.latest(scan.id)
    assert result is not None and result.measurements is not None
    made = opened(exports.file(scan.id, Form.SEG, clinician).content)
    of_segment = {1: 0, 2: 0}
    for frame, group in zip(made.pixel_array, made.PerFrameFunctionalGroupsSequence, strict=True):
        of_segment[group.SegmentIdentificationSequence[0].ReferencedSegmentNumber] += int(frame.sum())
    assert list(of_segment.values()) == [lesion.voxels for lesion in result.measurements.lesions]
    assert [segment.SegmentLabel for segment in made.SegmentSequence] == ["Tumour 1", "Tumour 2"]


def test_many_lesions_are_all_in_it_the_smaller_ones_together(
    clinic: Clinic, clinician: User, exports: Exports
) -> None:
    scan, mask = clinic.add_series(series()), np.zeros((24, 60, 48), bool)
    for number in range(12):
        mask[2 * number, 10:12, 10 : 14 + number] = True
    clinic.read_volume(scan, mask=mask)
    content = exports.file(scan.id, Form.SEG, clinician).content
    assert [segment.SegmentLabel for segment in opened(content).SegmentSequence][-1] == "4 smaller, together"
    assert voxels(content) == mask.sum()


def test_what_counts_is_exported_and_the_ais_own_when_asked(
    clinic: Clinic, clinician: User, exports: Exports
) -> None:
    scan = read_series(clinic)
    before = exports.file(scan.id, Form.SEG, clinician).content
    correct(clinic, scan, clinician)
    after = exports.file(scan.id, Form.SEG, clinician).content
    assert exports.file(scan.id, Form.SEG, clinician, Ask(layer="ai")).content == before
    assert voxels(after) < voxels(before)
    assert str(opened(after).ContentCreatorName) == "Dr Clinician^"
    named = [item.ReferencedSOPInstanceUID for item in opened(after).SourceImageSequence]
    assert opened(before).SOPInstanceUID in named
    assert exports.file(scan.id, Form.SEG, clinician).content == after


def test_who_has_yet_to_read_it_blind_gets_the_ais_own(
    clinic: Clinic, clinician: User, exports: Exports
) -> None:
    scan, second = read_series(clinic), clinic.person(Role.CLINICIAN, "second")
    before = exports.file(scan.id, Form.SEG, clinician).content
    clinic.services.reviewing.second_readings.ask([scan.id], "to learn", clinician)
    correct(clinic, scan, clinician)
    assert exports.file(scan.id, Form.SEG, second).content == before
    assert exports.file(scan.id, Form.SEG, clinician).content != before


def test_who_has_yet_to_read_it_without_the_ai_gets_nothing(
    clinic: Clinic, clinician: User, exports: Exports
) -> None:
    scan = read_series(clinic)
    clinic.services.reviewing.unaided.ask([scan.id], clinician)
    assert exports.offers(scan.id, clinician) == ()
    for form in set(Form) - set(TO_NODES_ALONE):
        with pytest.raises(NotFound, match="once you have said what you see"):
            exports.file(scan.id, form, clinician)


@pytest.mark.parametrize(
    ("role", "asked", "told"),
    [(Role.CLINICIAN, True, True), (Role.CLINICIAN, False, False), (Role.HEAD, True, False)],
)
def test_the_patient_is_named_to_who_may_know_and_asks(
    clinic: Clinic, exports: Exports, role: Role, asked: bool, told: bool
) -> None:
    scan, user = read_series(clinic), clinic.person(role)
    content = exports.file(scan.id, Form.SEG, user, Ask(named=asked)).content
    made = opened(content)
    if told:
        assert (str(made.PatientName), made.PatientID) == ("Doe^Jane", "T-1")
        assert "PatientIdentityRemoved" not in made
    else:
        assert b"Doe" not in content and b"T-1" not in content
        assert made.PatientIdentityRemoved == "YES"


def test_named_and_pseudonymous_objects_are_two_instances(
    clinic: Clinic, clinician: User, exports: Exports
) -> None:
    scan = read_series(clinic)
    files = [exports.file(scan.id, Form.SEG, clinician, Ask(named=named)).content for named in (True, False)]
    assert len({opened(content).SOPInstanceUID for content in files}) == 2


def test_what_cannot_be_had_is_not_offered_and_it_is_said_why(
    clinic: Clinic, clinician: User, exports: Exports
) -> None:
    nifti, chest = clinic.add_volume("u"), clinic.add_series([film()], task="pneumonia")
    unread, healthy = clinic.add_series(series()), clinic.add_series(series(UPSIDE_DOWN))
    clinic.read_volume(nifti)
    clinic.read_film(chest)
    clinic.read_volume(healthy, 0)
    for scan, words in (
        (nifti, "did not come as DICOM"),
        (chest, "frame of reference"),
        (healthy, "Nothing is outlined"),
    ):
        assert Form.SEG not in [offer.form for offer in exports.offers(scan.id, clinician)]
        with pytest.raises(NotFound, match=words):
            exports.file(scan.id, Form.SEG, clinician)
    assert [offer.form for offer in exports.offers(nifti.id, clinician)] == [
        form for form in PLAIN if form not in TO_NODES_ALONE
    ]
    assert exports.offers(unread.id, clinician) == ()
    with pytest.raises(NotFound, match="has not been read yet"):
        exports.file(unread.id, Form.SEG, clinician)
    with pytest.raises(InvalidInput, match="no such form"):
        exports.file(healthy.id, "docx", clinician)


def test_a_rejected_result_is_not_exported_as_one(clinic: Clinic, clinician: User, exports: Exports) -> None:
    scan = read_series(clinic)
    clinic.services.reviewing.reviews.reject(scan.id, clinician, RejectReason.NORMAL_ANATOMY)
    for layer in ("counting", "ai"):
        with pytest.raises(NotFound, match="Dr Clinician rejected this result"):
            exports.file(scan.id, Form.SEG, clinician, Ask(layer=layer))
    assert Form.SEG not in [offer.form for offer in exports.offers(scan.id, clinician)]


def test_each_export_is_noted(clinic: Clinic, clinician: User, exports: Exports) -> None:
    scan = read_series(clinic)
    exports.file(scan.id, Form.SEG, clinician, Ask(named=True))
    (event,) = [event for event in AuditLog(clinic.database).recent(9) if event.action == "scan.export"]
    assert (event.user_id, event.detail) == (clinician.id, "seg, ai, named")


STRICT = {
    "PatientName": "Doe^Jane^Mary^Dr=ドウ^ジェーン",
    "PatientID": "MRN-1815",
    "IssuerOfPatientID": "HOSPITAL",
    "PatientBirthDate": "18151210",
    "AccessionNumber": "ACC-2026-77",
    "StudyID": "S7",
    "StudyDescription": "MRI head of Jane Doe",
    "ReferringPhysicianName": "House^Gregory",
}


def strict_series() -> list[Dataset]:
    return slices_of(
        head((24, 60, 48)).transpose(2, 1, 0), AXIAL, **SAID | STRICT | {"SpecificCharacterSet": "ISO_IR 192"}
    )


@pytest.mark.parametrize("form", [Form.SEG, Form.SR, Form.GSPS, Form.PDF])
def test_with_the_identity_the_study_matches_letter_by_letter(
    clinic: Clinic, clinician: User, exports: Exports, form: Form
) -> None:
    scan = clinic.add_series(strict_series())
    clinic.read_volume(scan)
    named = opened(exports.file(scan.id, form, clinician, Ask(named=True)).content)
    assert {keyword: str(named[keyword].value) for keyword in STRICT} == STRICT
    pseudonymous = opened(exports.file(scan.id, form, clinician).content)
    said = str(pseudonymous)
    assert not any(text in said for text in ("Doe", "MRN-1815", "ACC-2026-77", "House"))
    assert pseudonymous.SOPInstanceUID != named.SOPInstanceUID


def test_identifiers_that_no_file_may_hold_are_left_out() -> None:
    wrong = {"AccessionNumber": "x" * 17, "PatientBirthDate": "1815", "StudyID": "7\\8", "PatientID": "MRN"}
    header = Dataset()
    for keyword, text in wrong.items():
        header.add_new(keyword, "LO", text)
    assert study_identifiers(header) == {"PatientID": "MRN"}


def test_what_lightbox_made_is_never_read_as_a_scan(
    clinic: Clinic, clinician: User, exports: Exports
) -> None:
    """A PACS forwards whole studies: our pictures of a scan would be read, and their pictures in turn."""
    scan = read_series(clinic)
    assert not any(acquisition_of(dataset).own_result for dataset in series())
    for form in (Form.SEG, Form.SR, Form.SC, Form.GSPS, Form.PDF):
        content = exports.file(scan.id, form, clinician).content
        with zipfile.ZipFile(io.BytesIO(content)) if form is Form.SC else nullcontext() as archive:
            files = [content] if archive is None else [archive.read(name) for name in archive.namelist()]
        for file in files:
            reason = not_a_picture(acquisition_of(opened(file)))
            assert reason is not None and reason[0] == "own_result", form
