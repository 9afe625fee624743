"""Archives as Windows, CDs and other programs write them."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from pathlib import Path

import inflate64
import numpy as np
import pytest
from PIL import Image

from data.formats import Limits, decode, unpack
from tests.data.formats.making import affine_of, write_series

VOLUME = np.arange(10 * 12 * 6, dtype=np.int16).reshape(10, 12, 6)
AXIAL = affine_of(((0, 1, 2), (-1, -1, 1)), (1.0, 1.0, 5.0))


def picture() -> bytes:
    memory = io.BytesIO()
    Image.fromarray(np.arange(600, dtype=np.uint16).reshape(20, 30).astype(np.uint8)).save(memory, "PNG")
    return memory.getvalue()


@pytest.fixture
def series(tmp_path: Path) -> list[Path]:
    return sorted(write_series(VOLUME, AXIAL, tmp_path / "series").iterdir())


def zipped(file: Path, entries: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in entries.items():
            out.writestr(zipfile.ZipInfo(name), content)
    return file


def deflated64(file: Path, content: bytes, *, crc: int | None = None) -> Path:
    """A zip with one entry packed by method 9, which zipfile does not write."""
    deflater = inflate64.Deflater()
    packed = deflater.deflate(content) + deflater.flush()
    name = b"picture.png"
    facts = struct.pack("<HHHHHLLLHH", 45, 0, 9, 0, 33, zlib.crc32(content) if crc is None else crc,
                        len(packed), len(content), len(name), 0)  # fmt: skip
    local = b"PK\x03\x04" + facts + name + packed
    central = b"PK\x01\x02" + struct.pack("<H", 45) + facts + struct.pack("<HHHLL", 0, 0, 0, 0, 0) + name
    end = b"PK\x05\x06" + struct.pack("<HHHHLLH", 0, 0, 1, 1, len(central), len(local), 0)
    file.write_bytes(local + central + end)
    return file


def test_deflate64_is_read_by_uploads_and_imports(tmp_path: Path) -> None:
    file = deflated64(tmp_path / "large.zip", picture())
    assert len(decode(file, file.name).scans) == 1
    (tmp_path / "into").mkdir()
    (member,) = unpack(file, tmp_path / "into", Limits())
    assert member.path.read_bytes() == picture()


def test_a_wrong_checksum_in_deflate64_is_damage(tmp_path: Path) -> None:
    file = deflated64(tmp_path / "damaged.zip", picture(), crc=1)
    assert decode(file, file.name).refusals[0].code == "archive_damaged"


def test_a_bomb_in_deflate64_is_refused(tmp_path: Path) -> None:
    file = deflated64(tmp_path / "bomb.zip", bytes(40 << 20))
    assert decode(file, file.name, Limits(max_unpacked_bytes=20 << 20)).refusals[0].code == "archive_bomb"


@pytest.mark.parametrize(("method", "name"), [(93, "Zstandard"), (98, "PPMd"), (77, "method 77")])
def test_another_method_is_named(method: int, name: str, tmp_path: Path) -> None:
    content = bytearray(deflated64(tmp_path / "other.zip", picture()).read_bytes())
    content[8:10] = struct.pack("<H", method)
    central = content.index(b"PK\x01\x02")
    content[central + 10 : central + 12] = struct.pack("<H", method)
    (tmp_path / "other.zip").write_bytes(content)
    (refusal,) = decode(tmp_path / "other.zip", "other.zip").refusals
    assert refusal.code == "archive_method"
    assert name in refusal.sentence


def test_back_slashes_and_folder_entries_of_windows(series: list[Path], tmp_path: Path) -> None:
    entries = {"EXPORT\\": b"", "EXPORT\\S1\\": b""}
    entries |= {f"EXPORT\\S1\\{file.name}": file.read_bytes() for file in series}
    decoded = decode(zipped(tmp_path / "export.zip", entries | {"EXPORT\\DICOMDIR": b"any"}), "export.zip")
    assert decoded.refusals == ()
    (scan,) = decoded.scans
    assert len(scan.array) == 6
    assert all("\\" not in member for member in scan.members)


@pytest.mark.parametrize("beside", ["DICOMDIR", "autorun.inf", "viewer/start.exe"])
def test_pictures_of_a_cd_s_viewer_are_no_scans(beside: str, series: list[Path], tmp_path: Path) -> None:
    entries = {f"DICOM/{file.name}": file.read_bytes() for file in series}
    entries |= {beside: b"MZ", "viewer/help.png": picture(), "front.jpg": picture(), "a.gif": b"GIF89a..."}
    decoded = decode(zipped(tmp_path / "cd.zip", entries), "cd.zip")
    assert decoded.refusals == ()
    assert [scan.grid.kind for scan in decoded.scans] == ["dicom"]


def test_a_preview_beside_dicom_is_no_scan_and_another_picture_is(series: list[Path], tmp_path: Path) -> None:
    entries = {file.name: file.read_bytes() for file in series}
    entries |= {"preview.png": picture(), "hospital_logo.png": picture(), "slice7.png": picture()}
    decoded = decode(zipped(tmp_path / "mixed.zip", entries), "mixed.zip")
    assert sorted(scan.grid.kind for scan in decoded.scans) == ["dicom", "image"]


def test_without_dicom_every_picture_is_a_scan(tmp_path: Path) -> None:
    entries = {"logo.png": picture(), "viewer.exe": b"MZ"}
    assert len(decode(zipped(tmp_path / "a.zip", entries), "a.zip").scans) == 1
