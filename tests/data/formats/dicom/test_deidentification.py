from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from data.formats import decode, decode_guarded, without_identity
from data.formats.dicom.confidentiality import Fate, fate_of
from tests.data.formats.making import affine_of, picture, save, write_nifti, write_series

AXIAL = affine_of(((0, 1, 2), (-1, -1, 1)), (1.0, 1.0, 5.0))
VOLUME = np.arange(10 * 12 * 6, dtype=np.int16).reshape(10, 12, 6)
NAMES = {
    "PatientName": "Secretname^Gerda",
    "PatientID": "SEC-998877",
    "PatientBirthDate": "19520322",
    "OtherPatientIDs": ["OLD-112233"],
    "PatientAddress": "Hidden Lane 5",
    "PatientTelephoneNumbers": "555-12345",
    "AccessionNumber": "ACC-556677",
    "ReferringPhysicianName": "Refer^Doctor",
    "OperatorsName": "Oper^Ator",
    "InstitutionAddress": "Clinic Street 9",
    "StudyDescription": "Head of Gerda Secretname",
    "ImageComments": "called at 555-12345",
}
SECRETS = [
    b"Secretname",
    b"Gerda",
    b"SEC-998877",
    b"19520322",
    b"OLD-112233",
    b"Hidden",
    b"555-12345",
    b"ACC-556677",
]
SECRETS += [b"Refer^", b"Oper^", b"Clinic Street"]


def test_no_identifier_is_left_at_any_depth(tmp_path: Path) -> None:
    dataset = picture(VOLUME[:, :, 0], **NAMES, SeriesDescription="AX FLAIR")
    inner, private = Dataset(), dataset.private_block(0x0029, "VENDOR", create=True)
    inner.PatientID, inner.PatientName, inner.CodeMeaning = "SEC-998877", "Secretname^Gerda", "kept"
    dataset.ReferencedStudySequence = [inner]
    private.add_new(0x01, "OB", b"xx protocol of SECRETNAME xx ")
    private.add_new(0x02, "LO", "slice timing")
    private.add_new(0x03, "IS", "1000")
    kept = without_identity(save(dataset, tmp_path / "file.dcm"))
    for secret in SECRETS:
        assert secret.lower() not in kept.lower(), secret
    (tmp_path / "kept.dcm").write_bytes(kept)
    again = pydicom.dcmread(tmp_path / "kept.dcm")
    assert again.SOPInstanceUID == dataset.SOPInstanceUID
    assert again.SeriesDescription == "AX FLAIR"
    assert again.PatientName == ""
    assert (0x0029, 0x1001) not in again
    assert (0x0029, 0x1002) not in again  # what a vendor writes as text may be anything
    assert again[0x0029, 0x1003].value == 1000
    assert again.ReferencedStudySequence[0].CodeMeaning == "kept"


def test_letters_among_the_pixels_are_no_name(tmp_path: Path) -> None:
    pixels = np.frombuffer(b"Secretname, in pixels by chance!" * 2, np.uint8).reshape(8, 8)
    file = save(picture(pixels, **NAMES), tmp_path / "file.dcm")
    (tmp_path / "kept.dcm").write_bytes(without_identity(file))
    assert pydicom.dcmread(tmp_path / "kept.dcm").PixelData == pixels.tobytes()


def test_compressed_pixels_stay_byte_for_byte(tmp_path: Path) -> None:
    for name in ("MR_small_RLE.dcm", "JPGExtended.dcm", "MR_small_bigendian.dcm", "image_dfl.dcm"):
        file = Path(str(get_testdata_file(name)))
        (tmp_path / name).write_bytes(without_identity(file))
        before, after = pydicom.dcmread(file), pydicom.dcmread(tmp_path / name)
        assert before.PixelData == after.PixelData
        assert before.file_meta.TransferSyntaxUID == after.file_meta.TransferSyntaxUID


def test_a_kept_series_is_the_same_scan_without_a_name(tmp_path: Path) -> None:
    folder = write_series(VOLUME, AXIAL, tmp_path / "series", **NAMES)
    keep = tmp_path / "keep"
    keep.mkdir()
    (scan,) = decode_guarded(folder, "series", keep_in=keep).scans
    assert scan.identity.patient_id == "SEC-998877"
    assert [file.name for file in keep.iterdir()] == ["0.zip"]
    with zipfile.ZipFile(keep / "0.zip") as archive:
        assert all(entry.compress_type == zipfile.ZIP_STORED for entry in archive.infolist())
    (again,) = decode(keep / "0.zip", "0.zip").scans
    assert np.array_equal(again.array, scan.array)
    assert again.grid == scan.grid
    assert again.identity.name is None
    assert again.identity.patient_id is None


def test_other_files_are_kept_as_they_came(tmp_path: Path) -> None:
    (tmp_path / "scans").mkdir()
    write_nifti(VOLUME, AXIAL, tmp_path / "scans" / "b.nii")
    write_nifti(VOLUME + np.int16(1), AXIAL, tmp_path / "scans" / "c.nii.gz")
    nib.save(nib.Nifti1Pair(VOLUME + np.int16(2), AXIAL), tmp_path / "scans" / "a.hdr")
    keep = tmp_path / "keep"
    keep.mkdir()
    decoded = decode_guarded(tmp_path / "scans", "scans", keep_in=keep)
    names = [next(keep.glob(f"{number}.*")).name for number in range(3)]
    assert sorted(names) == ["0.zip", "1.nii", "2.nii.gz"]
    assert (keep / "2.nii.gz").read_bytes() == (tmp_path / "scans" / "c.nii.gz").read_bytes()
    for scan, name in zip(decoded.scans, names, strict=True):
        (again,) = decode(keep / name, name).scans
        assert np.array_equal(again.array, scan.array)
        assert again.content_sha256 == scan.content_sha256


def test_nothing_is_kept_of_what_is_refused(tmp_path: Path) -> None:
    keep = tmp_path / "keep"
    keep.mkdir()
    (tmp_path / "strange.bin").write_bytes(b"strange things in here")
    assert decode_guarded(tmp_path / "strange.bin", "strange.bin", keep_in=keep).scans == ()
    assert list(keep.iterdir()) == []


NAMED = [
    ("ISO_IR 100", "Müllerbeispiel^Jörgwalter", "Kopf Müllerbeispiel Jörgwalter"),
    ("GB18030", "王^小东", "Kopf 王小东 小东"),
    ("GB18030", "Wang^XiaoDong=王^小东", "Kopf Wang 王小东"),
    ("ISO_IR 192", "王示例^小东", "Kopf 王示例 小东"),
    ("ISO_IR 192", "Li^Bo", "Kopf Li Bo"),
    (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎", "Kopf 山田太郎 Tarou"),
    (["", "ISO 2022 IR 149"], "Hong^Gildong=洪^吉洞=홍^길동", "Kopf 홍길동"),
    ("ISO_IR 144", "Люкceмбypг^Анна", "Kopf ЛЮКCEМБYPГ"),
]


@pytest.mark.parametrize(("charset", "name", "description"), NAMED)
def test_a_name_of_any_character_set_is_in_no_description(
    charset: Any, name: str, description: str, tmp_path: Path
) -> None:
    dataset = picture(VOLUME[:, :, 0], SpecificCharacterSet=charset, PatientName=name)
    for keyword in ("SeriesDescription", "StudyDescription", "ProtocolName", "ContrastBolusAgent"):
        setattr(dataset, keyword, description)
    dataset.ImageComments = dataset.PatientComments = description
    dataset.private_block(0x0009, "PRIV", create=True).add_new(0x01, "LO", description)
    file = save(dataset, tmp_path / "file.dcm")
    (scan,) = decode(file, "file.dcm").scans
    assert scan.header.sequence == "Kopf"
    kept = without_identity(file)
    (tmp_path / "kept.dcm").write_bytes(kept)
    again = pydicom.dcmread(tmp_path / "kept.dcm")
    assert again.SeriesDescription == again.StudyDescription == again.ContrastBolusAgent == "Kopf"
    parts = {part for part in re.split("[\\^=]", name) if part}
    for encoding in ("utf-8", "latin-1", "gb18030", "iso2022_jp", "euc_kr", "iso8859_5", "shift_jis"):
        for part in parts:
            raw = part.encode(encoding, "ignore")
            assert len(raw) < 3 or raw not in kept
    assert not {"ImageComments", "PatientComments"} & {element.keyword for element in again}


def test_a_name_in_another_character_set_than_declared(tmp_path: Path) -> None:
    dataset = picture(VOLUME[:, :, 0], SpecificCharacterSet="ISO_IR 192", PatientName="Müller^Gerda")
    dataset.SeriesDescription = "Kopf PLACEHOLDER"
    file = save(dataset, tmp_path / "file.dcm")
    file.write_bytes(file.read_bytes().replace(b"Kopf PLACEHOLDER", "Kopf Müller     ".encode("latin-1")))
    assert "Müller".encode("latin-1") not in without_identity(file)


def test_a_short_name_does_not_cut_into_words(tmp_path: Path) -> None:
    dataset = picture(VOLUME[:, :, 0], PatientName="Bo^Li", SeriesDescription="robot lid", PatientID="1")
    file = save(dataset, tmp_path / "file.dcm")
    assert decode(file, "file.dcm").scans[0].header.sequence == "robot lid"
    (tmp_path / "kept.dcm").write_bytes(without_identity(file))
    assert pydicom.dcmread(tmp_path / "kept.dcm").SeriesDescription == "robot lid"


def test_labels_of_scans_name_nobody(tmp_path: Path) -> None:
    for number in (1, 2):
        names = {
            "SeriesInstanceUID": f"1.{number}",
            "SeriesDescription": "Kopf Secretname",
            "SeriesNumber": number,
        }
        write_series(VOLUME, AXIAL, tmp_path / "all" / str(number), PatientName="Secretname^Gerda", **names)
    scans = decode(tmp_path / "all", "all").scans
    assert [scan.name for scan in scans] == ["all: 1 Kopf", "all: 2 Kopf"]


@pytest.mark.parametrize(
    ("keyword", "vr", "fate"),
    [
        ("PatientName", "PN", Fate.EMPTIED),
        ("StudyID", "SH", Fate.EMPTIED),
        ("RequestedProcedureComments", "LT", Fate.REMOVED),
        ("OperatorsName", "PN", Fate.REMOVED),
        ("PatientBirthName", "PN", Fate.REMOVED),
        ("LastMenstrualDate", "DA", Fate.REMOVED),
        ("StudyDate", "DA", Fate.KEPT),
        ("AcquisitionTime", "TM", Fate.KEPT),
        ("TimezoneOffsetFromUTC", "SH", Fate.KEPT),
        ("SeriesInstanceUID", "UI", Fate.KEPT),
        ("PatientSex", "CS", Fate.KEPT),
        ("PixelSpacing", "DS", Fate.KEPT),
        ("SeriesDescription", "LO", Fate.CLEANED),
        ("SequenceName", "SH", Fate.CLEANED),
        ("ImageComments", "LT", Fate.REMOVED),
        ("IconImageSequence", "SQ", Fate.REMOVED),
        ("PerFrameFunctionalGroupsSequence", "SQ", Fate.KEPT),
    ],
)
def test_the_table_of_the_standard_is_kept(keyword: str, vr: str, fate: Fate) -> None:
    assert fate_of(Tag(keyword), vr) is fate
