"""Files that were found to end the reading process, or to cost far more than they are."""

from __future__ import annotations

import io
import struct
import tarfile
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from pydicom.uid import DeflatedExplicitVRLittleEndian

from data.errors import InvalidInput, RefusedScan
from data.formats import MaskAnswers, Member, decode, grouped, look_at, unpack
from data.formats.limits import Limits
from tests.data.formats.making import picture, save

PIXELS = np.arange(256, dtype=np.uint16).reshape(16, 16)


def written(file: Path, **elements: object) -> Path:
    return save(picture(PIXELS, **elements), file)


@pytest.mark.parametrize(
    "place", [b"\x28\x00\x03\x01US\x02\x00\x00\x00", b"\x28\x00\x10\x00US\x02\x00\x10\x00"]
)
def test_a_number_of_one_byte_is_refused_alone(tmp_path: Path, place: bytes) -> None:
    written(tmp_path / "well.dcm")
    raw = written(tmp_path / "wrong.dcm", SeriesInstanceUID="1.2.3.5").read_bytes()
    assert place in raw
    (tmp_path / "wrong.dcm").write_bytes(raw.replace(place, place[:6] + b"\x01\x00" + place[8:9]))
    decoded = decode(tmp_path, "both")
    assert len(decoded.scans) + len(decoded.refusals) >= 1
    assert any(np.array_equal(scan.array[0], PIXELS) for scan in decoded.scans)


def deflated(file: Path, body: bytes) -> Path:
    """A file whose data set is deflated."""
    raw = written(file).read_bytes()
    at = raw.index(b"\x08\x00\x16\x00UI")
    meta = raw[:at].replace(b"UI\x14\x001.2.840.10008.1.2.1\0", b"UI\x16\x001.2.840.10008.1.2.1.99")
    (length,) = struct.unpack_from("<I", meta, 140)
    meta = meta[:140] + struct.pack("<I", length + 2) + meta[144:]
    packing = zlib.compressobj(wbits=-15)
    file.write_bytes(meta + packing.compress(raw[at:] + body) + packing.flush())
    return file


def test_a_deflated_file_that_becomes_too_much_is_not_opened(tmp_path: Path) -> None:
    bomb = deflated(tmp_path / "bomb.dcm", b"\0" * (40 << 20))
    assert bomb.stat().st_size < 100_000
    (refusal,) = decode(bomb, "bomb").refusals
    assert refusal.code == "archive_bomb"
    assert [len(group) for group in grouped(look_at([Member("bomb.dcm", bomb)]))] == [1]


def test_a_deflated_picture_is_read(tmp_path: Path) -> None:
    file = deflated(tmp_path / "well.dcm", b"")
    assert DeflatedExplicitVRLittleEndian.encode() in file.read_bytes()
    (scan,) = decode(file, "well").scans
    assert np.array_equal(scan.array[0], PIXELS)


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_damaged_archive_of_an_import_is_damaged_in_words(tmp_path: Path, method: int) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr("a.bin", bytes(range(256)) * 40)
    raw = bytearray(out.getvalue())
    raw[40:60] = b"\xff" * 20
    file, into = tmp_path / "damaged.zip", tmp_path / "into"
    file.write_bytes(raw)
    into.mkdir()
    with pytest.raises(RefusedScan) as refused:
        unpack(file, into, Limits())
    assert refused.value.code == "archive_damaged"


def test_names_in_archives_are_shown_as_they_are(tmp_path: Path) -> None:
    file = tmp_path / "names.tar"
    with tarfile.open(file, "w") as archive:
        archive.addfile(tarfile.TarInfo("scan\u202egnp.dcm"))
        archive.addfile(tarfile.TarInfo("a\x1bb.dcm"))
    into = tmp_path / "into"
    into.mkdir()
    assert [member.name for member in unpack(file, into, Limits())] == ["scan�gnp.dcm", "a�b.dcm"]


def test_a_label_of_a_mask_is_a_number_that_a_file_can_hold() -> None:
    assert MaskAnswers.of("999999999").labels == {999_999_999}
    with pytest.raises(InvalidInput, match="Give the labels as numbers"):
        MaskAnswers.of("9" * 5000)
