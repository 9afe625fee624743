from __future__ import annotations

import io
import json
import stat
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data.formats import Limits, decode
from data.formats.archives import unpacking
from tests.data.formats.making import affine_of, write_nifti, write_series

LIMITS = Limits()
AXIAL = affine_of(((0, 1, 2), (-1, -1, 1)), (1.0, 1.0, 5.0))
VOLUME = np.arange(10 * 12 * 6, dtype=np.int16).reshape(10, 12, 6)


def png() -> bytes:
    out = io.BytesIO()
    Image.fromarray(np.arange(600, dtype=np.uint16).reshape(20, 30).astype(np.uint8)).save(out, "PNG")
    return out.getvalue()


def archive(file: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in members.items():
            out.writestr(name, content)
    return file


def code_of(file: Path, limits: Limits = LIMITS) -> str:
    decoded = decode(file, file.name, limits)
    assert decoded.scans == ()
    (refusal,) = decoded.refusals
    assert refusal.sentence.endswith(".")
    return refusal.code


def test_companions_are_skipped_in_silence(tmp_path: Path) -> None:
    members = {
        "scan.png": png(),
        ".DS_Store": b"x",
        "__MACOSX/._scan.png": b"x",
        "a/scan.json": b"{}",
        "x.bval": b"0",
    }
    decoded = decode(archive(tmp_path / "a.zip", **members), "a.zip")
    assert len(decoded.scans) == 1
    assert decoded.refusals == ()
    assert decoded.scans[0].name == "a.zip"


def test_only_companions_are_nothing(tmp_path: Path) -> None:
    assert code_of(archive(tmp_path / "a.zip", **{"a.json": b"{}", ".DS_Store": b"x"})) == "nothing_found"
    assert code_of(archive(tmp_path / "b.zip")) == "nothing_found"
    (tmp_path / "empty").mkdir()
    assert code_of(tmp_path / "empty") == "nothing_found"


def test_everything_in_a_mixed_archive_is_a_scan_or_a_refusal(tmp_path: Path) -> None:
    folder = write_series(VOLUME, AXIAL, tmp_path / "mixed" / "series")
    write_nifti(VOLUME, AXIAL, folder.parent / "other.nii.gz")
    (folder.parent / "picture.png").write_bytes(png())
    (folder.parent / "strange.bin").write_bytes(b"strange things in here")
    decoded = decode(folder.parent, "mixed")
    assert sorted(scan.grid.kind for scan in decoded.scans) == ["dicom", "image", "nifti"]
    assert [refusal.name for refusal in decoded.refusals] == ["strange.bin"]


def test_a_file_alone_and_in_a_zip_is_one_scan(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png())
    (alone,) = decode(tmp_path / "a.png", "a.png").scans
    (packed,) = decode(archive(tmp_path / "b.zip", **{"deep/b": png()}), "b.zip").scans
    assert alone.content_sha256 == packed.content_sha256


@pytest.mark.parametrize(
    "name", ["../out.png", "/etc/out.png", "a/../../out.png", "..\\out.png", "C:\\out.png"]
)
def test_paths_that_climb_out(name: str, tmp_path: Path) -> None:
    assert code_of(archive(tmp_path / "a.zip", **{name: png()})) == "archive_path"


def test_an_entry_without_a_name(tmp_path: Path) -> None:
    file = archive(tmp_path / "a.zip", **{"Qx": b"x", "scan.png": png()})
    file.write_bytes(file.read_bytes().replace(b"Qx", b"\0x"))  # a name ends at its first zero
    assert len(decode(file, "a.zip").scans) == 1
    (tmp_path / "into").mkdir()
    limits = {"max_entries": 5, "max_unpacked_bytes": 1 << 20}
    told = list(unpacking.answers({"path": str(file), "into": str(tmp_path / "into"), "limits": limits}))
    assert [json.loads(line)["name"] for line in told] == ["", "scan.png"]


def test_links(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link.png")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as out:
        out.writestr(link, "/etc/passwd")
    assert code_of(tmp_path / "a.zip") == "archive_path"


def test_bombs(tmp_path: Path) -> None:
    bomb = archive(tmp_path / "a.zip", bomb=bytes(64 << 20))
    assert code_of(bomb) == "archive_bomb"
    many = archive(tmp_path / "b.zip", **{str(number): bytes(1 << 20) for number in range(5)})
    assert code_of(many, Limits(max_unpacked_bytes=3 << 20)) == "archive_bomb"


def test_too_many_entries(tmp_path: Path) -> None:
    many = archive(tmp_path / "a.zip", **{str(number): b"x" for number in range(20)})
    assert code_of(many, Limits(max_entries=10)) == "archive_entries"


def test_an_archive_in_an_archive(tmp_path: Path) -> None:
    inner = archive(tmp_path / "inner.zip", scan=png())
    assert code_of(archive(tmp_path / "a.zip", **{"inner": inner.read_bytes()})) == "archive_nested"


def test_a_password(tmp_path: Path) -> None:
    file = archive(tmp_path / "a.zip", scan=png())
    raw = bytearray(file.read_bytes())
    raw[6] |= 1
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    file.write_bytes(raw)
    assert code_of(file) == "archive_encrypted"


def test_damage(tmp_path: Path) -> None:
    file = archive(tmp_path / "a.zip", scan=png())
    raw = file.read_bytes()
    file.write_bytes(raw[: len(raw) // 2])
    assert code_of(file) == "archive_damaged"


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_tar(mode: str, tmp_path: Path) -> None:
    (tmp_path / "scan.png").write_bytes(png())
    with tarfile.open(tmp_path / "a.tar", mode) as out:  # type: ignore[call-overload]
        out.add(tmp_path / "scan.png", "scan.png")
    assert code_of(tmp_path / "a.tar") in ("archive_tar", "not_an_image")
