from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless, generate_uid

from data.formats import Limits, decode
from data.records import DecodedScan, Refusal
from tests.data.formats.making import DX, affine_of, nested, picture, save

LIMITS = Limits()
RAMP = np.arange(64 * 48, dtype=np.uint16).reshape(64, 48)


def scan_of(dataset: Dataset, tmp_path: Path) -> DecodedScan:
    decoded = decode(save(dataset, tmp_path / "file.dcm"), "file.dcm")
    assert decoded.refusals == ()
    return decoded.scans[0]


def refusal_of(dataset: Dataset, tmp_path: Path, limits: Limits = LIMITS) -> Refusal:
    decoded = decode(save(dataset, tmp_path / "file.dcm"), "file.dcm", limits)
    assert decoded.scans == ()
    return decoded.refusals[0]


def test_a_picture_without_place_is_shown_as_stored(tmp_path: Path) -> None:
    scan = scan_of(picture(RAMP), tmp_path)
    assert np.array_equal(scan.array[0], RAMP)
    assert scan.affine is None
    assert scan.spacing.in_plane is None
    assert scan.grid.shape == (48, 64, 1)


def test_monochrome1_is_turned_bright_for_dark(tmp_path: Path) -> None:
    scan = scan_of(
        picture(RAMP, PhotometricInterpretation="MONOCHROME1", BitsStored=12, HighBit=11), tmp_path
    )
    assert np.array_equal(scan.array[0], 4095 - RAMP)


def test_rescale_gives_real_values(tmp_path: Path) -> None:
    whole = scan_of(picture(RAMP, RescaleSlope="1", RescaleIntercept="-1024"), tmp_path)
    assert whole.array.min() == -1024
    half = scan_of(picture(RAMP, RescaleSlope="0.5", RescaleIntercept="10"), tmp_path)
    assert np.allclose(half.array[0], RAMP * 0.5 + 10)


def test_signed_values_stay_signed(tmp_path: Path) -> None:
    values = (RAMP.astype(np.int16) - 1000).astype(np.int16)
    assert np.array_equal(scan_of(picture(values), tmp_path).array[0], values)


def test_padding_becomes_the_darkest_value(tmp_path: Path) -> None:
    values = (RAMP % 500 + 100).astype(np.int16)
    values[:8] = -2000
    dataset = picture(values)
    dataset.add_new("PixelPaddingValue", "SS", -2000)
    scan = scan_of(dataset, tmp_path)
    assert scan.array.min() == 100
    assert (scan.array[0, :8] == 100).all()


def test_real_colour_is_refused_and_grey_in_three_channels_is_read(tmp_path: Path) -> None:
    grey = np.repeat((RAMP % 250).astype(np.uint8)[..., None], 3, axis=-1)
    colour = grey.copy()
    colour[:20, :, 0] = 255

    def in_colour(pixels: Any) -> Dataset:
        dataset = picture(np.ascontiguousarray(pixels[..., 0]))
        dataset.SamplesPerPixel, dataset.PhotometricInterpretation, dataset.PlanarConfiguration = 3, "RGB", 0
        dataset.PixelData = pixels.tobytes()
        return dataset

    assert np.array_equal(scan_of(in_colour(grey), tmp_path).array[0], grey[..., 0])
    assert refusal_of(in_colour(colour), tmp_path).code == "colour"


@pytest.mark.parametrize(
    ("keyword", "value"), [("PixelSpacing", ["0.5", "0.25"]), ("ImagerPixelSpacing", ["0.5", "0.25"])]
)
def test_radiographs_have_a_size_in_the_plane(keyword: str, value: Any, tmp_path: Path) -> None:
    scan = scan_of(picture(RAMP, SOPClassUID=DX, Modality="DX", **{keyword: value}), tmp_path)
    assert scan.spacing.in_plane == (0.5, 0.25)
    assert scan.spacing.slice_mm is None


def test_a_lone_slice_has_no_distance_to_the_next(tmp_path: Path) -> None:
    place = {
        "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
        "ImagePositionPatient": [0, 0, 0],
        "PixelSpacing": [1, 1],
        "SliceThickness": 5,
    }
    scan = scan_of(picture(RAMP, **place), tmp_path)
    assert scan.spacing.slice_mm is None
    assert scan.spacing.in_plane == (1.0, 1.0)
    assert scan.affine is not None


def test_a_file_without_preamble_is_read(tmp_path: Path) -> None:
    dataset = picture(RAMP)
    dataset.file_meta = FileMetaDataset()
    file = tmp_path / "bare"
    pydicom.dcmwrite(file, dataset, implicit_vr=True, little_endian=True, enforce_file_format=False)
    assert not file.read_bytes().startswith(b"\x00" * 128)
    assert np.array_equal(decode(file, "bare").scans[0].array[0], RAMP)


@pytest.mark.parametrize(
    ("sop_class", "words"),
    [
        ("1.2.840.10008.5.1.4.1.1.88.33", "structured report"),
        ("1.2.840.10008.5.1.4.1.1.481.3", "structure set"),
        ("1.2.840.10008.5.1.4.1.1.104.1", "PDF"),
        ("1.2.840.10008.5.1.4.1.1.9.1.1", "waveform"),
        ("1.2.840.10008.5.1.4.1.1.4.2", "spectroscopy"),
        ("1.2.840.10008.5.1.4.1.1.66.4", "segmentation"),
        ("1.2.840.10008.5.1.4.1.1.11.1", "presentation state"),
    ],
)
def test_other_objects_are_refused_by_what_they_are(sop_class: str, words: str, tmp_path: Path) -> None:
    refusal = refusal_of(picture(RAMP, SOPClassUID=sop_class), tmp_path)
    assert refusal.code == "not_an_image"
    assert words in refusal.sentence
    assert refusal.sentence.endswith("not an image.")


def test_missing_pixels_are_said_to_be_missing(tmp_path: Path) -> None:
    dataset = picture(RAMP)
    dataset.PixelData = dataset.PixelData[:1000]
    assert refusal_of(dataset, tmp_path).code == "incomplete"


def test_runs_beyond_the_picture_do_no_harm(tmp_path: Path) -> None:
    """The decoder for run lengths panics here, which is no ordinary exception."""
    dataset = picture(np.zeros((64, 64), np.uint16))
    dataset.file_meta.TransferSyntaxUID = RLELossless
    segment = b"\x81\x07" * 33  # 33 runs of 128 are more than 64 x 64
    offsets = [2, 64, 64 + len(segment), *[0] * 13]
    header = b"".join(offset.to_bytes(4, "little") for offset in offsets)
    dataset.PixelData = encapsulate([header + segment * 2])
    assert refusal_of(dataset, tmp_path).code == "unreadable"


def test_an_absurd_size_is_refused_before_it_is_allocated(tmp_path: Path) -> None:
    dataset = picture(RAMP, NumberOfFrames=90_000, Rows=60_000, Columns=60_000)
    assert refusal_of(dataset, tmp_path).code == "too_large"
    assert refusal_of(picture(RAMP), tmp_path, Limits(max_bytes=1000)).code == "too_large"


def test_a_mosaic_is_refused_with_advice(tmp_path: Path) -> None:
    assert (
        refusal_of(picture(RAMP, ImageType=["ORIGINAL", "PRIMARY", "M", "MOSAIC"]), tmp_path).code == "mosaic"
    )


def test_sequential_jpeg_with_an_empty_spectrum_is_mended() -> None:
    broken = decode(Path(str(get_testdata_file("JPEG-lossy.dcm"))), "JPEG-lossy.dcm")
    mended = decode(Path(str(get_testdata_file("JPGExtended.dcm"))), "JPGExtended.dcm")
    assert np.array_equal(broken.scans[0].array, mended.scans[0].array)


@pytest.mark.parametrize(
    "name",
    [
        "MR_small_bigendian.dcm",
        "MR_small_expb.dcm",
        "MR_small_RLE.dcm",
        "MR_small_jpeg_ls_lossless.dcm",
        "MR_small_jp2klossless.dcm",
        "MR_small_padded.dcm",
    ],
)
def test_every_transfer_syntax_gives_the_same_picture(name: str) -> None:
    plain = decode(Path(str(get_testdata_file("MR_small.dcm"))), "plain").scans[0]
    file = get_testdata_file(name, download=False)
    if file is None:
        pytest.skip(f"{name} does not ship in the wheel")
    assert np.array_equal(decode(Path(str(file)), name).scans[0].array, plain.array)


def test_the_header_is_kept_apart_from_the_identity(tmp_path: Path) -> None:
    elements = {
        "BodyPartExamined": "HEAD",
        "SeriesDescription": "AX FLAIR",
        "Manufacturer": "SIEMENS",
        "ManufacturerModelName": "Skyra",
        "InstitutionName": "General Hospital",
        "AcquisitionDate": "20240229",
        "AcquisitionTime": "101112.5",
        "PatientSex": "F",
        "PatientAge": "045Y",
        "PatientBirthDate": "19790101",
        "PatientName": "Müller^Jörg^^Dr",
        "PatientID": "4711",
        "SpecificCharacterSet": "ISO_IR 100",
    }
    scan = scan_of(picture(RAMP, **elements), tmp_path)
    header = scan.header
    assert (header.modality, header.body_part, header.sequence) == ("MR", "HEAD", "AX FLAIR")
    assert (header.manufacturer, header.scanner, header.site) == ("SIEMENS", "Skyra", "General Hospital")
    assert header.acquired_at == datetime(2024, 2, 29, 10, 11, 12, tzinfo=UTC)
    assert (header.sex, header.age_years) == ("F", 45.0)
    assert (header.study_uid, header.series_uid) == ("1.2.3", "1.2.3.4")
    assert scan.identity.name == "Müller, Dr Jörg"
    assert scan.identity.patient_id == "4711"
    assert scan.identity.birth_date == date(1979, 1, 1)


@pytest.mark.parametrize(
    ("elements", "years"),
    [
        ({"PatientAge": "006M"}, 0.5),
        ({"PatientAge": "014D"}, 0.04),
        ({"PatientBirthDate": "20000101", "StudyDate": "20100101"}, 10.0),
        ({"PatientAge": "old"}, None),
        ({}, None),
    ],
)
def test_age(elements: dict[str, str], years: float | None, tmp_path: Path) -> None:
    age = scan_of(picture(RAMP, **elements), tmp_path).header.age_years
    assert age == (None if years is None else pytest.approx(years, abs=0.01))


@pytest.mark.parametrize(
    ("charset", "name", "shown"),
    [
        (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎", "Yamada, Tarou"),
        ("ISO_IR 192", "=王^小東", "王, 小東"),
        ("ISO_IR 144", "Люкceмбypг", "Люкceмбypг"),
        ("ISO_IR 192", "^^^^", None),
    ],
)
def test_names_of_all_character_sets(charset: Any, name: str, shown: str | None, tmp_path: Path) -> None:
    scan = scan_of(picture(RAMP, SpecificCharacterSet=charset, PatientName=name), tmp_path)
    assert scan.identity.name == shown


def test_a_time_zone_counts(tmp_path: Path) -> None:
    scan = scan_of(picture(RAMP, AcquisitionDateTime="20240101120000.000000+0200"), tmp_path)
    assert scan.header.acquired_at == datetime(2024, 1, 1, 10, tzinfo=UTC)


def test_overlong_and_hostile_text_is_cut_to_size(tmp_path: Path) -> None:
    scan = scan_of(picture(RAMP, PatientID="A" * 5000, SeriesDescription="x\x00\x1b[2J" * 100), tmp_path)
    assert scan.identity.patient_id == "A" * 64
    assert scan.header.sequence is not None
    assert scan.header.sequence.isprintable()
    assert len(scan.header.sequence) <= 128


@pytest.mark.parametrize(("depth", "scans"), [(50, 1), (5000, 0)])
def test_deep_nesting_is_survived(depth: int, scans: int, tmp_path: Path) -> None:
    file = save(picture(RAMP), tmp_path / "deep.dcm")
    decoded = decode(nested(file, depth), "deep.dcm")
    assert len(decoded.scans) == scans
    assert len(decoded.scans) + len(decoded.refusals) == 1


def test_the_transfer_syntax_may_be_missing(tmp_path: Path) -> None:
    dataset = picture(RAMP)
    dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    for explicit, syntax in ((False, ImplicitVRLittleEndian), (True, ExplicitVRLittleEndian)):
        dataset.file_meta.TransferSyntaxUID = syntax
        file = tmp_path / f"{explicit}.dcm"
        dataset["PixelData"].VR = "OW"
        dataset.save_as(file, enforce_file_format=True)
        raw = file.read_bytes()
        at = raw.index(b"\x02\x00\x10\x00UI")
        length = int.from_bytes(raw[at + 6 : at + 8], "little")
        file.write_bytes(raw[:at] + raw[at + 8 + length :])
        decoded = decode(file, "x")
        assert len(decoded.scans) == 1
        assert np.array_equal(decoded.scans[0].array[0], RAMP)


def test_affine_of_is_what_it_says() -> None:
    assert np.allclose(affine_of(((0, 1, 2), (1, 1, 1)), (1, 2, 3))[:3, :3], np.diag([1, 2, 3]))
