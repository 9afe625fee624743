from __future__ import annotations

import io
import os
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data.errors import RefusedScan
from data.formats import (
    Item,
    Limits,
    Member,
    Opened,
    decode,
    decode_batch,
    grouped,
    is_archive,
    look_at,
    unpack,
)
from data.records import Refusal
from tests.data.formats.making import affine_of, write_nifti, write_series

AXIAL = affine_of(((0, 1, 2), (-1, -1, 1)), (1.0, 1.0, 5.0))
VOLUME = np.arange(10 * 12 * 6, dtype=np.int16).reshape(10, 12, 6)
GREY = np.arange(60 * 50, dtype=np.int64).reshape(60, 50) % 251


def picture(file: Path, pixels: np.ndarray = GREY) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels.astype(np.uint8)).save(
        file, **({"lossless": True} if file.suffix == ".webp" else {})
    )
    return file


def members(folder: Path) -> list[Member]:
    return [
        Member(file.relative_to(folder).as_posix(), file)
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    ]


def item(file: Path) -> Item:
    return Item(file.name, (Member(file.name, file),))


def opened(items: list[Item], folder: Path, **limits: float) -> list[tuple[Opened | Refusal, ...]]:
    work = folder / "work"
    work.mkdir()
    settings = {"timeout_s": 20.0, "memory_bytes": 4 << 30} | limits
    return decode_batch(items, work, Limits(), **settings)  # type: ignore[arg-type]


def test_a_series_is_one_item_wherever_its_files_lie(tmp_path: Path) -> None:
    series = write_series(VOLUME, AXIAL, tmp_path / "tree" / "a")
    for number, file in enumerate(sorted(series.iterdir())):
        if number % 2:
            (tmp_path / "tree" / "b" / "c").mkdir(parents=True, exist_ok=True)
            file.rename(tmp_path / "tree" / "b" / "c" / f"moved{number}")
    write_nifti(VOLUME, AXIAL, tmp_path / "tree" / "scan.nii.gz")
    (tmp_path / "tree" / "readme.txt").write_text("a sidecar")
    picture(tmp_path / "tree" / "x.png")
    groups = grouped(look_at(members(tmp_path / "tree")))
    assert sorted(len(group) for group in groups) == [1, 1, 6]
    whole = next(group for group in groups if len(group) == 6)
    ((scan,),) = opened([Item("series", whole)], tmp_path)
    assert isinstance(scan, Opened)
    assert scan.scan.array.shape == (6, 12, 10)
    assert zipfile.is_zipfile(scan.original)


def test_a_batch_gives_what_each_item_alone_would(tmp_path: Path) -> None:
    files = [picture(tmp_path / "a.png"), write_nifti(VOLUME, AXIAL, tmp_path / "b.nii.gz")]
    (tmp_path / "c.png").write_bytes(b"no picture at all, but long enough to be looked at")
    files.append(tmp_path / "c.png")
    outcomes = opened([item(file) for file in files], tmp_path)
    for file, outcome in zip(files, outcomes, strict=True):
        alone = decode(file, file.name)
        (answer,) = outcome
        if isinstance(answer, Refusal):
            assert alone.refusals == (answer,)
        else:
            assert answer.scan.content_sha256 == alone.scans[0].content_sha256
            assert np.array_equal(answer.scan.array, alone.scans[0].array)
            assert answer.original.read_bytes() == file.read_bytes()


def test_an_item_that_ends_its_child_is_refused_alone(tmp_path: Path) -> None:
    huge = write_nifti(np.zeros((2, 2, 2), np.float64), AXIAL, tmp_path / "huge.nii")
    raw = bytearray(huge.read_bytes())
    raw[40:56] = np.array([3, 900, 900, 110, 1, 1, 1, 1], "<i2").tobytes()
    huge.write_bytes(raw)
    os.truncate(huge, 352 + 900 * 900 * 110 * 8)
    files = [picture(tmp_path / "first.png"), huge, picture(tmp_path / "last.png", GREY.T)]
    first, bad, last = opened([item(file) for file in files], tmp_path, timeout_s=0.4)
    assert isinstance(first[0], Opened)
    assert isinstance(last[0], Opened)
    assert isinstance(bad[0], Refusal)
    assert (bad[0].name, bad[0].code) == ("huge.nii", "too_hard")


def test_pictures_become_a_volume_in_the_order_given_and_masks_with_them(tmp_path: Path) -> None:
    files, masks = [], []
    for number in (2, 0, 1):
        files.append(picture(tmp_path / f"{number}.webp", (GREY + 40 * number) % 251))
        drawn = np.zeros(GREY.shape)
        drawn[number, :] = 255
        masks.append(picture(tmp_path / f"m{number}.png", drawn))
    joined = tuple(Member(file.name, file) for file in files)
    ((volume,),) = opened([Item("v", joined, stacked=True, masks=(masks[0], None, masks[2]))], tmp_path)
    assert isinstance(volume, Opened)
    expected = np.stack([(GREY + 40 * number) % 251 for number in (2, 0, 1)])
    assert np.array_equal(volume.scan.array, expected)
    assert volume.scan.spacing.in_plane is None
    assert volume.mask is not None
    assert [sorted(set(np.nonzero(plane)[0])) for plane in volume.mask] == [[2], [], [1]]
    with zipfile.ZipFile(volume.original) as kept:
        assert [kept.read(name) for name in sorted(kept.namelist())] == [file.read_bytes() for file in files]


def test_of_several_labels_only_the_named_ones_are_the_mask(tmp_path: Path) -> None:
    drawn = np.zeros(GREY.shape)
    drawn[5], drawn[6], drawn[7] = 1, 2, 4
    file, mask = picture(tmp_path / "a.png"), picture(tmp_path / "m.png", drawn)

    def asked(labels: tuple[str, ...]) -> Item:
        return Item("a.png", (Member("a.png", file),), masks=(mask,), mask_labels=labels)

    named, every, unnamed, absent = opened(
        [asked(("1, 4",)), asked(("all",)), asked(("",)), asked(("3, 9",))], tmp_path
    )
    for outcome, rows in ((named, [5, 7]), (every, [5, 6, 7])):
        (scan,) = outcome
        assert isinstance(scan, Opened) and scan.mask is not None
        assert sorted(set(np.nonzero(scan.mask[0])[0])) == rows
    for outcome, words in ((unnamed, "several labels"), (absent, "none of the labels")):
        scan, refusal = outcome
        assert isinstance(scan, Opened) and scan.mask is None
        assert isinstance(refusal, Refusal) and (refusal.name, refusal.code) == ("m.png", "mask")
        assert words in refusal.sentence


def test_a_slice_without_a_named_label_is_empty_as_long_as_another_has_one(tmp_path: Path) -> None:
    files, masks = [], []
    for number, label in enumerate((2, 4, 0)):
        files.append(picture(tmp_path / f"{number}.webp", (GREY + 40 * number) % 251))
        drawn = np.zeros(GREY.shape)
        drawn[number] = label
        masks.append(picture(tmp_path / f"m{number}.png", drawn))
    joined = tuple(Member(file.name, file) for file in files)
    stack = Item("v", joined, stacked=True, masks=tuple(masks), mask_labels=("4", "4", "4"))
    ((scan,),) = opened([stack], tmp_path)
    assert isinstance(scan, Opened) and scan.mask is not None
    assert [bool(plane.any()) for plane in scan.mask] == [False, True, False]


def test_slices_and_masks_that_do_not_fit_are_told(tmp_path: Path) -> None:
    small = picture(tmp_path / "small.png", GREY[:30])
    joined = tuple(Member(file.name, file) for file in (picture(tmp_path / "a.png"), small))
    whole = Item("a.png", (joined[0],), masks=(small,))
    uneven, masked = opened([Item("v", joined, stacked=True), whole], tmp_path)
    assert [answer.code for answer in uneven if isinstance(answer, Refusal)] == ["pages_differ"]
    scan, refusal = masked
    assert isinstance(scan, Opened)
    assert scan.mask is None
    assert isinstance(refusal, Refusal)
    assert (refusal.name, refusal.code) == ("small.png", "mask")
    assert "another size" in refusal.sentence


def test_archives_are_laid_out_under_numbers(tmp_path: Path) -> None:
    source = picture(tmp_path / "a.png")
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as packed:
        packed.write(source, "deep/ä.png")
        packed.writestr("inner.zip", b"PK\x05\x06" + bytes(18))
    with tarfile.open(tmp_path / "all.tar.gz", "w:gz") as tar:
        tar.add(source, "deep/a.png")
    for name, expected in (("all.zip", ["deep/ä.png", "inner.zip"]), ("all.tar.gz", ["deep/a.png"])):
        into = tmp_path / f"out-{name}"
        into.mkdir()
        assert is_archive(tmp_path / name)
        members = unpack(tmp_path / name, into, Limits())
        assert [member.name for member in members] == expected
        assert members[0].path.parent == into
        assert members[0].path.read_bytes() == source.read_bytes()
    assert not is_archive(source)


@pytest.mark.parametrize(("name", "link"), [("../out.png", False), ("/etc/out", False), ("link", True)])
def test_archives_that_lead_outside_are_refused(tmp_path: Path, name: str, link: bool) -> None:
    entry = tarfile.TarInfo(name)
    if link:
        entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
    with tarfile.open(tmp_path / "all.tar", "w") as tar:
        tar.addfile(entry, io.BytesIO())
    (tmp_path / "into").mkdir()
    with pytest.raises(RefusedScan) as refused:
        unpack(tmp_path / "all.tar", tmp_path / "into", Limits())
    assert refused.value.code == "archive_path"


def test_archives_are_bounded_and_may_be_damaged(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "all.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("zeros", bytes(1 << 20))
        packed.writestr("more", b"x")
    (tmp_path / "cut.zip").write_bytes((tmp_path / "all.zip").read_bytes()[:200])
    cases = [
        ("all.zip", Limits(max_unpacked_bytes=1000), "archive_bomb"),
        ("all.zip", Limits(max_entries=1), "archive_entries"),
        ("cut.zip", Limits(), "archive_damaged"),
    ]
    for number, (name, limits, code) in enumerate(cases):
        into = tmp_path / f"into{number}"
        into.mkdir()
        with pytest.raises(RefusedScan) as refused:
            unpack(tmp_path / name, into, limits)
        assert refused.value.code == code


def test_a_series_that_a_sender_cut_is_one_item(tmp_path: Path) -> None:
    for index in range(VOLUME.shape[2]):
        named = {"SeriesInstanceUID": f"1.7.{index + 1}", "SeriesNumber": 4, "SeriesDescription": "AX"}
        write_series(VOLUME, AXIAL, tmp_path / "tree" / str(index), [index], **named)
    write_series(VOLUME, AXIAL, tmp_path / "tree" / "other", SeriesInstanceUID="1.8", SeriesNumber=5)
    groups = grouped(look_at(members(tmp_path / "tree")))
    assert [len(group) for group in groups] == [6, 6]
    ((scan,),) = opened([Item("series", groups[0])], tmp_path)
    assert isinstance(scan, Opened)
    assert scan.scan.array.shape == (6, 12, 10)
    assert "cut into 6" in scan.scan.warnings[0]
