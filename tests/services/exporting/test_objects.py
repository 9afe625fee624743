"""Every kind of object says what the API says, stands no validator's error, and is the same each time."""

from __future__ import annotations

import csv
import io
import time
import warnings
import zipfile
from pathlib import Path
from typing import Any

import highdicom as hd
import numpy as np
import pytest
from PIL import Image, ImageDraw
from pydicom.dataset import Dataset
from pypdf import PdfReader

from data.errors import NotFound
from data.formats import display_affine
from data.records import AcceptanceLimits, Doubt, Lesion, RejectReason, Role, Scan, User
from reports.dicom.codes import ABSENT, INDETERMINATE, PRESENT
from reports.dicom.structured_report import CERTAINTY, LONG_AXIS, MAXIMUM_3D, SHORT_AXIS, VOLUME
from services.exporting.exports import Exports
from services.exporting.forms import TO_NODES_ALONE, Ask, Form
from tests.dashboard.clinic import Clinic, head
from tests.data.formats.making import affine_of, enhanced, slices_of
from tests.dicom_files import SAID, faults, opened
from tests.services.exporting.test_exports import AXIAL, UPSIDE_DOWN, correct, film, read_series, series

SQUARE = affine_of(((0, 1, 2), (-1, -1, 1)), (1.5, 1.5, 3.0))
SQUARE_UPSIDE_DOWN = affine_of(((0, 1, 2), (1, 1, -1)), (1.5, 1.5, 3.0))
OBJECTS = (Form.SEG, Form.SR, Form.SC, Form.GSPS, Form.PDF)
SAGITTAL_ISOTROPIC = affine_of(((1, 2, 0), (1, -1, 1)), (1.0, 1.0, 1.0), (4, 3, -6))


def read_film(clinic: Clinic, **changes: Any) -> Scan:
    scan = clinic.add_series([film()], task="pneumonia")
    clinic.read_film(scan, **changes)
    return scan


def objects(exports: Exports, scan: Scan, user: User, form: Form, ask: Ask = Ask()) -> list[bytes]:  # noqa: B008
    content = exports.file(scan.id, form, user, ask).content
    if form is not Form.SC:
        return [content]
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return [archive.read(name) for name in archive.namelist()]


def lesions_of(clinic: Clinic, scan: Scan) -> tuple[Lesion, ...]:
    result = clinic.results.latest(scan.id)
    assert result is not None and result.measurements is not None
    return result.measurements.lesions


def groups(content: bytes) -> tuple[list[Any], list[Any]]:
    """The groups of volumes and those without a region, as highdicom reads them."""
    report = hd.sr.srread(io.BytesIO(content)).content
    return report.get_volumetric_roi_measurement_groups(), report.get_image_measurement_groups()


def value(group: Any, name: Any) -> float:
    (measured,) = group.get_measurements(name=name)
    return float(measured.value)


@pytest.mark.parametrize("affine", [AXIAL, UPSIDE_DOWN])
def test_the_report_has_the_numbers_of_the_api(
    clinic: Clinic, clinician: User, exports: Exports, affine: Any
) -> None:
    scan = read_series(clinic, affine)
    (content,) = objects(exports, scan, clinician, Form.SR)
    (seg,) = (opened(each) for each in objects(exports, scan, clinician, Form.SEG))
    volumes, others = groups(content)
    answer, *diameters = others
    result, lesions = clinic.results.latest(scan.id), lesions_of(clinic, scan)
    assert result is not None and result.measurements is not None
    assert value(answer, CERTAINTY) == pytest.approx(100 * result.probability, rel=1e-6)
    assert value(answer, VOLUME) == pytest.approx(result.measurements.volume_ml, rel=1e-6)
    for number, (lesion, volume, measured) in enumerate(
        zip(lesions, volumes, diameters, strict=True), start=1
    ):
        assert value(volume, VOLUME) == pytest.approx(lesion.volume_ml, rel=1e-6)
        assert value(measured, LONG_AXIS) == pytest.approx(lesion.longest_diameter_mm, rel=1e-6)
        assert value(measured, SHORT_AXIS) == pytest.approx(lesion.perpendicular_diameter_mm, rel=1e-6)
        assert value(measured, MAXIMUM_3D) == pytest.approx(lesion.maximum_3d_diameter_mm, rel=1e-6)
        segment = seg.SegmentSequence[number - 1]
        assert volume.tracking_uid == measured.tracking_uid == segment.TrackingUID
        (referred,) = [
            item.ReferencedSOPSequence[0]
            for item in volume[0].ContentSequence
            if item.ConceptNameCodeSequence[0].CodeValue == "121191"
        ]
        assert referred.ReferencedSOPInstanceUID == seg.SOPInstanceUID
        assert referred.ReferencedSegmentNumber == number
        assert volume.finding_type.value == segment.SegmentedPropertyTypeCodeSequence[0].CodeValue


def coordinates(group: Any, name: Any) -> Any:
    (measured,) = group.get_measurements(name=name)
    (ends,) = measured.referenced_coordinates
    return ends


@pytest.mark.parametrize("affine", [SQUARE, SQUARE_UPSIDE_DOWN])
def test_the_longest_diameter_runs_on_the_source_picture_of_its_slice(
    clinic: Clinic, clinician: User, exports: Exports, affine: Any
) -> None:
    scan = read_series(clinic, affine, lesions=1)
    (lesion,) = lesions_of(clinic, scan)
    (content,) = objects(exports, scan, clinician, Form.SR)
    ends = coordinates(groups(content)[1][1], LONG_AXIS)
    (image,) = ends.ContentSequence
    uid = image.ReferencedSOPSequence[0].ReferencedSOPInstanceUID
    (source,) = [dataset for dataset in kept_instances(clinic, scan) if dataset.SOPInstanceUID == uid]
    cosines, position = np.array(source.ImageOrientationPatient, float), source.ImagePositionPatient
    row_mm, column_mm = map(float, source.PixelSpacing)
    pixels = np.array(ends.GraphicData, float).reshape(2, 2) - 0.5  # centres of pixels are whole now
    drawn = [
        np.array(position, float) + cosines[:3] * column * column_mm + cosines[3:] * row * row_mm
        for column, row in pixels
    ]
    to_ras = display_affine(scan.grid)
    assert to_ras is not None
    measured = [to_ras @ (lesion.largest_slice, *end, 1) for end in lesion.longest_ends]
    assert np.abs(np.array(drawn) - np.array(measured)[:, :3] * (-1, -1, 1)).max() < 1e-3


def kept_instances(clinic: Clinic, scan: Scan) -> list[Dataset]:
    with clinic.files.as_path(f"scans/{scan.id}/original.zip") as path, zipfile.ZipFile(path) as archive:
        return [opened(archive.read(name)) for name in archive.namelist()]


def test_where_a_slice_goes_through_many_pictures_its_diameter_runs_in_the_patient(
    clinic: Clinic, clinician: User, exports: Exports
) -> None:
    volume = head((60, 50, 48)).transpose(2, 1, 0)
    scan = clinic.add_series(slices_of(volume, SAGITTAL_ISOTROPIC, **SAID | {"SliceThickness": "1"}))
    assert scan.grid.axes[0] != 2
    mask = np.zeros(scan.shape, bool)
    mask[20:26, 18:30, 22:27] = True
    clinic.read_volume(scan, mask=mask)
    (lesion,) = lesions_of(clinic, scan)
    (content,) = objects(exports, scan, clinician, Form.SR)
    ends = np.array(coordinates(groups(content)[1][1], LONG_AXIS).GraphicData, float).reshape(2, 3)
    to_ras = display_affine(scan.grid)
    assert to_ras is not None
    measured = [to_ras @ (lesion.largest_slice, *end, 1) for end in lesion.longest_ends]
    assert np.abs(ends - np.array(measured)[:, :3] * (-1, -1, 1)).max() < 1e-3


def test_where_pixels_are_not_square_a_diameter_runs_in_the_patient(
    clinic: Clinic, clinician: User, exports: Exports
) -> None:
    scan = read_series(clinic, UPSIDE_DOWN, lesions=1)
    (lesion,) = lesions_of(clinic, scan)
    (content,) = objects(exports, scan, clinician, Form.SR)
    ends = np.array(coordinates(groups(content)[1][1], LONG_AXIS).GraphicData, float).reshape(2, 3)
    to_ras = display_affine(scan.grid)
    assert to_ras is not None
    measured = [to_ras @ (lesion.largest_slice, *end, 1) for end in lesion.longest_ends]
    assert np.abs(ends - np.array(measured)[:, :3] * (-1, -1, 1)).max() < 1e-3
    assert faults(content, clinic.folder) == []


@pytest.mark.parametrize(
    ("positive", "doubts", "code"),
    [(True, (), PRESENT), (False, (), ABSENT), (True, (Doubt.NEAR_THRESHOLD,), INDETERMINATE)],
)
def test_a_film_has_its_answer_in_words_of_codes(
    clinic: Clinic, clinician: User, exports: Exports, positive: bool, doubts: Any, code: Any
) -> None:
    scan = read_film(clinic, positive=positive, doubts=doubts)
    (content,) = objects(exports, scan, clinician, Form.SR)
    volumes, (answer,) = groups(content)
    assert volumes == [] and answer.finding_type.value == "233604007"
    said = answer.get_qualitative_evaluations()
    assert said[0].value == code
    assert [item.value.meaning for item in said[1:]] == [doubt.words for doubt in doubts]
    assert b"Not for diagnostic use" in content


@pytest.mark.parametrize("verdict", ["accept", "unsure", "correct"])
def test_a_reviewer_is_an_observer_of_what_they_accepted_or_corrected(
    clinic: Clinic, clinician: User, exports: Exports, verdict: str
) -> None:
    scan = read_series(clinic)
    before = opened(objects(exports, scan, clinician, Form.SR)[0])
    if verdict == "correct":
        correct(clinic, scan, clinician)
    else:
        getattr(clinic.services.reviewing.reviews, verdict)(scan.id, clinician)
    after = opened(objects(exports, scan, clinician, Form.SR)[0])
    assert ("Dr Clinician" in str(after)) is (verdict != "unsure")
    assert "Dr Clinician" not in str(before)
    assert after.SOPInstanceUID != before.SOPInstanceUID
    (study,) = after.PredecessorDocumentsSequence
    assert study.ReferencedSeriesSequence[0].ReferencedSOPSequence[0].ReferencedSOPInstanceUID == (
        before.SOPInstanceUID
    )
    assert opened(objects(exports, scan, clinician, Form.SR, Ask(layer="ai"))[0]).SOPInstanceUID == (
        before.SOPInstanceUID if verdict == "correct" else after.SOPInstanceUID
    )


def test_captures_show_the_key_pictures_with_the_notice(
    clinic: Clinic, clinician: User, exports: Exports
) -> None:
    scan = read_series(clinic)
    made = [opened(content) for content in objects(exports, scan, clinician, Form.SC)]
    assert len(made) == 2 and len({capture.SOPInstanceUID for capture in made}) == 2
    assert len({capture.SeriesInstanceUID for capture in made}) == 1
    at = {str(dataset.SOPInstanceUID): dataset for dataset in kept_instances(clinic, scan)}
    for capture, lesion in zip(made, lesions_of(clinic, scan), strict=True):
        assert list(capture.PatientOrientation) == ["L", "P"]
        (source,) = capture.SourceImageSequence
        depth = float(at[source.ReferencedSOPInstanceUID].ImagePositionPatient[2])
        assert depth == pytest.approx(7.0 + 3.0 * lesion.largest_slice)
        colours = {tuple(pixel) for pixel in capture.pixel_array.reshape(-1, 3)[::7]}
        assert (255, 99, 71) in colours  # the outline of the AI
        assert "Not for diagnostic use" in capture.DerivationDescription


def test_the_presentation_state_draws_the_mask(clinic: Clinic, clinician: User, exports: Exports) -> None:
    scan = read_series(clinic, UPSIDE_DOWN)
    (content,) = objects(exports, scan, clinician, Form.GSPS)
    seg = opened(objects(exports, scan, clinician, Form.SEG)[0])
    drawn = {}
    for annotation in opened(content).GraphicAnnotationSequence:
        uid = annotation.ReferencedImageSequence[0].ReferencedSOPInstanceUID
        picture = Image.new("1", (48 * 8, 60 * 8))
        for graphic in annotation.GraphicObjectSequence:
            points = np.array(graphic.GraphicData, float).reshape(-1, 2) * 8
            ImageDraw.Draw(picture).polygon([tuple(point) for point in points], fill=1)
        drawn[uid] = np.asarray(picture)[4::8, 4::8]
        assert "Not for diagnostic use" in annotation.TextObjectSequence[0].UnformattedTextValue
    segmented: dict[str, Any] = {}
    for frame, group in zip(seg.pixel_array, seg.PerFrameFunctionalGroupsSequence, strict=True):
        uid = group.DerivationImageSequence[0].SourceImageSequence[0].ReferencedSOPInstanceUID
        segmented[uid] = segmented.get(uid, False) | frame.astype(bool)
    shown = {uid: mask for uid, mask in segmented.items() if mask.any()}
    assert drawn.keys() == shown.keys()
    assert all((drawn[uid] == mask).all() for uid, mask in shown.items())


@pytest.mark.parametrize("named", [True, False])
def test_the_report_is_in_the_study_as_pdf(
    clinic: Clinic, clinician: User, exports: Exports, named: bool
) -> None:
    scan = read_series(clinic)
    made = opened(objects(exports, scan, clinician, Form.PDF, Ask(named=named))[0])
    pdf = made.EncapsulatedDocument[: made.EncapsulatedDocumentLength]
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)
    assert ("Doe, Jane" in text) is named and "Tumour found" in text
    assert made.StudyInstanceUID == SAID["StudyInstanceUID"]


def test_a_rejected_result_is_withdrawn_by_a_note_that_names_all_its_objects(
    clinic: Clinic, clinician: User, exports: Exports
) -> None:
    scan = read_series(clinic)
    with pytest.raises(NotFound, match="Nobody has rejected"):
        exports.file(scan.id, Form.KOS, clinician)
    sent = [content for form in OBJECTS for content in objects(exports, scan, clinician, form)]
    sent += objects(exports, scan, clinician, Form.SEG, Ask(labelmap=True))
    correct(clinic, scan, clinician)
    sent += [content for form in OBJECTS for content in objects(exports, scan, clinician, form)]
    clinic.services.reviewing.reviews.reject(
        scan.id, clinician, RejectReason.OTHER, "Doe, Jane moved.", False
    )
    (content,) = objects(exports, scan, clinician, Form.KOS)
    note = opened(content)
    assert note.ConceptNameCodeSequence[0].CodeValue == "113001"
    named = {
        instance.ReferencedSOPInstanceUID
        for series_ in note.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence
        for instance in series_.ReferencedSOPSequence
    }
    assert {opened(each).SOPInstanceUID for each in sent} <= named
    assert "Dr Clinician" in str(note) and b"Doe" not in content
    for form in OBJECTS:
        with pytest.raises(NotFound, match="rejected this result"):
            exports.file(scan.id, form, clinician)


def test_what_a_version_without_acceptance_said_leaves_with_the_mark_and_as_other_objects(
    clinic: Clinic, clinician: User, exports: Exports
) -> None:
    worded = (Form.SR, Form.SC, Form.GSPS, Form.PDF)
    boss, protocols = clinic.person(Role.HEAD), clinic.services.acceptance.protocols
    protocols.fix("brain-tumour", AcceptanceLimits(6, 6, 0.6, 0.6), "Agreed.", boss)
    scan = read_series(clinic)
    marked = {form: objects(exports, scan, clinician, form) for form in OBJECTS}
    rows = list(csv.DictReader(io.StringIO(exports.file(scan.id, Form.CSV, clinician).content.decode())))
    assert {row["not_accepted"][:21] for row in rows} == {"Not yet accepted here"}
    for form in (Form.TEXT, Form.HL7, Form.FHIR_R4):
        assert b"Not yet accepted here" in exports.file(scan.id, form, clinician).content
    protocols.end("brain-tumour", "Not asked for any more.", boss)
    plain = {form: objects(exports, scan, clinician, form) for form in OBJECTS}
    for form in OBJECTS:
        uids = [{opened(each).SOPInstanceUID for each in made[form]} for made in (plain, marked)]
        assert uids[0].isdisjoint(uids[1]) is (form in worded), form
    (report,), (capture, *_), (state,) = (marked[form] for form in (Form.SR, Form.SC, Form.GSPS))
    assert b"Not yet accepted here: version 2" in report
    assert "AI not yet accepted on this scanner" in opened(capture).DerivationDescription
    assert "AI not yet accepted on this scanner" in str(opened(state))
    assert "accepted" not in str(opened(plain[Form.GSPS][0]))

    clinic.services.reviewing.reviews.reject(scan.id, clinician, RejectReason.OTHER, "Moved.", False)
    named = str(opened(objects(exports, scan, clinician, Form.KOS)[0]))
    for each in (*plain.values(), *marked.values()):
        assert all(str(opened(content).SOPInstanceUID) in named for content in each)


def test_the_table_has_the_numbers_of_the_api(clinic: Clinic, clinician: User, exports: Exports) -> None:
    scan = clinic.add_volume("u")
    result = clinic.read_volume(scan, 2)
    rows = list(csv.DictReader(io.StringIO(exports.file(scan.id, Form.CSV, clinician).content.decode())))
    assert result.measurements is not None
    assert [row["lesion"] for row in rows] == ["", "1", "2"]
    assert float(rows[0]["volume_ml"]) == result.measurements.volume_ml
    for row, lesion in zip(rows[1:], result.measurements.lesions, strict=True):
        for name in ("volume_ml", "longest_diameter_mm", "maximum_3d_diameter_mm", "largest_slice"):
            assert float(row[name]) == getattr(lesion, name)
        assert float(row["superior_mm"]) == lesion.position_mm[2]  # type: ignore[index]
        assert row["reading"] == result.id and row["outcome"] == "found"


@pytest.mark.parametrize("came", ["series", "nifti", "film", "rejected"])
def test_everything_comes_in_one_zip_that_says_what_is_what(
    clinic: Clinic, clinician: User, exports: Exports, came: str
) -> None:
    if came == "nifti":
        scan = clinic.add_volume("u")
        clinic.read_volume(scan)
    else:
        scan = read_film(clinic) if came == "film" else read_series(clinic)
    if came == "rejected":
        clinic.services.reviewing.reviews.reject(scan.id, clinician, RejectReason.NORMAL_ANATOMY)
    content = exports.file(scan.id, Form.ALL, clinician).content
    assert exports.file(scan.id, Form.ALL, clinician).content == content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names, told = archive.namelist(), archive.read("README.txt").decode()
    dicom = sorted(name.rpartition("-")[2] for name in names if name.endswith(".dcm"))
    assert (
        dicom
        == {
            "series": ["1.dcm", "2.dcm", "gsps.dcm", "pdf.dcm", "seg.dcm", "sr.dcm"],
            "film": ["1.dcm", "gsps.dcm", "pdf.dcm", "sr.dcm"],
            "nifti": [],
            "rejected": ["kos.dcm"],
        }[came]
    )
    assert any(name.endswith("mask.nii.gz") for name in names) is (came != "film")
    assert all(f"{name}: " in told for name in names if name != "README.txt")
    assert ("Rejected by Dr Clinician" in told) is (came == "rejected")


@pytest.mark.parametrize("form", [form for form in Form if form not in TO_NODES_ALONE])
def test_the_same_result_twice_is_the_same_bytes(
    clinic: Clinic, clinician: User, exports: Exports, form: Form
) -> None:
    scan = read_series(clinic)
    if form is Form.KOS:
        clinic.services.reviewing.reviews.reject(scan.id, clinician, RejectReason.NORMAL_ANATOMY)
    first = exports.file(scan.id, form, clinician)
    time.sleep(1.1)  # seconds are what some of them tell
    assert exports.file(scan.id, form, clinician) == first


@pytest.mark.integration
@pytest.mark.parametrize("state", ["", "corrected", "accepted", "rejected", "many", "named"])
def test_dciodvfy_finds_no_error_in_any_object_of_a_volume(
    clinic: Clinic, clinician: User, exports: Exports, tmp_path: Path, state: str
) -> None:
    if state == "many":
        scan = clinic.add_series([enhanced(head((24, 60, 48)).transpose(2, 1, 0), AXIAL, **SAID)])
        clinic.read_volume(scan, 2)
    else:
        scan = read_series(clinic)
    if state == "corrected":
        correct(clinic, scan, clinician)
    if state == "accepted":
        clinic.services.reviewing.reviews.accept(scan.id, clinician)
    if state == "rejected":
        clinic.services.reviewing.reviews.reject(scan.id, clinician, RejectReason.NORMAL_ANATOMY)
    for form in (Form.KOS,) if state == "rejected" else OBJECTS:
        for content in objects(exports, scan, clinician, form, Ask(named=state == "named")):
            assert faults(content, tmp_path) == [], form


@pytest.mark.integration
@pytest.mark.parametrize("rejected", [False, True])
def test_dciodvfy_finds_no_error_in_any_object_of_a_film(
    clinic: Clinic, clinician: User, exports: Exports, tmp_path: Path, rejected: bool
) -> None:
    scan = read_film(clinic)
    if rejected:
        clinic.services.reviewing.reviews.reject(scan.id, clinician, RejectReason.QUALITY, "", False)
    for form in (Form.KOS,) if rejected else OBJECTS[1:]:
        for content in objects(exports, scan, clinician, form):
            assert faults(content, tmp_path) == [], form


def test_a_healthy_head_has_a_report_and_pictures_without_an_outline(
    clinic: Clinic, clinician: User, exports: Exports, tmp_path: Path
) -> None:
    scan = clinic.add_series(series())
    clinic.read_volume(scan, 0, positive=False)
    for form in OBJECTS[1:]:
        assert objects(exports, scan, clinician, form)
    volumes, (answer,) = groups(objects(exports, scan, clinician, Form.SR)[0])
    assert volumes == [] and answer.get_qualitative_evaluations()[0].value == ABSENT


def test_what_a_header_says_badly_is_left_out(
    clinic: Clinic, clinician: User, exports: Exports, tmp_path: Path
) -> None:
    odd = {"StudyTime": "11:11:11.111", "StudyDate": "2026.01.02", "PatientAge": "47", "PatientSex": "X"}
    volume = head((24, 60, 48)).transpose(2, 1, 0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the writing of such a header warns too
        scan = clinic.add_series(slices_of(volume, AXIAL, **SAID | odd))
    clinic.read_volume(scan)
    made = opened(objects(exports, scan, clinician, Form.SEG)[0])
    assert (made.StudyTime, made.StudyDate, made.PatientSex) == ("111111.111", "", "")
    assert "PatientAge" not in made


def test_files_that_state_no_uids_can_be_referred_to_by_nothing(
    clinic: Clinic, clinician: User, exports: Exports
) -> None:
    old = series()
    for dataset in old:
        del dataset.StudyInstanceUID
    scan = clinic.add_series(old)
    clinic.read_volume(scan)
    for form in OBJECTS:
        with pytest.raises(NotFound, match="do not state which instances they are"):
            exports.file(scan.id, form, clinician)
    with zipfile.ZipFile(io.BytesIO(exports.file(scan.id, Form.ALL, clinician).content)) as archive:
        assert not [name for name in archive.namelist() if name.endswith(".dcm")]


def test_a_series_that_is_gone_is_said_to_be(clinic: Clinic, clinician: User, exports: Exports) -> None:
    scan = read_series(clinic)
    clinic.files.delete(f"scans/{scan.id}/original.zip")
    with pytest.raises(NotFound, match="not here any more"):
        exports.file(scan.id, Form.SR, clinician)
    assert exports.file(scan.id, Form.ALL, clinician).content


def test_every_group_of_the_report_has_a_place_or_viewers_open_none_of_it(
    clinic: Clinic, clinician: User, exports: Exports
) -> None:
    many, mask = clinic.add_series(series()), np.zeros((24, 60, 48), bool)
    for number in range(12):
        mask[2 * number, 10:12, 10 : 14 + number] = True
    clinic.read_volume(many, mask=mask)
    healthy = clinic.add_series(series(UPSIDE_DOWN))
    clinic.read_volume(healthy, 0)
    for scan, tracked in ((many, 10), (healthy, 1), (read_film(clinic), 1)):
        placed: dict[str, bool] = {}
        (content,) = objects(exports, scan, clinician, Form.SR)
        volumes, others = groups(content)
        for group in [*volumes, *others]:
            has_place = any(measured.referenced_coordinates for measured in group.get_measurements())
            placed[group.tracking_uid] = placed.get(group.tracking_uid, False) or has_place
        assert placed == dict.fromkeys(placed, True) and len(placed) == tracked
        assert faults(content, clinic.folder) == []


def test_the_answer_is_shown_along_the_edge_of_the_picture_of_the_largest_lesion(
    clinic: Clinic, clinician: User, exports: Exports
) -> None:
    scan = read_series(clinic, SQUARE_UPSIDE_DOWN)
    (content,) = objects(exports, scan, clinician, Form.SR)
    answer, lesion, *_ = groups(content)[1]
    edge, diameter = coordinates(answer, CERTAINTY), coordinates(lesion, LONG_AXIS)
    assert list(edge.GraphicData) == [0, 0, 48, 0, 48, 60, 0, 60, 0, 0]
    shown, measured_on = (
        place.ContentSequence[0].ReferencedSOPSequence[0].ReferencedSOPInstanceUID
        for place in (edge, diameter)
    )
    assert shown == measured_on


def test_segments_have_the_colour_that_lightbox_shows(
    clinic: Clinic, clinician: User, exports: Exports
) -> None:
    scan = read_series(clinic)
    before = opened(objects(exports, scan, clinician, Form.SEG)[0])
    correct(clinic, scan, clinician)
    after = opened(objects(exports, scan, clinician, Form.SEG)[0])
    for made, colour in ((before, (255, 99, 71)), (after, (64, 196, 255))):
        for segment in made.SegmentSequence:
            lab = hd.color.CIELabColor.from_dicom_value(tuple(segment.RecommendedDisplayCIELabValue))
            assert np.abs(np.array(lab.to_rgb()) - colour).max() <= 2
