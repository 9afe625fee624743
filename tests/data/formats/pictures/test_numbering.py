"""Numbered pictures that a person says are one volume: in their order, or refused with the reason."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from data.formats import Decoded, decode, decode_guarded
from data.records import DecodedScan
from tests.data.formats.making import affine_of, write_nifti

SLICE = np.fromfunction(lambda row, column: (row * 5 + column * 3) % 200, (40, 50))
Pictures = Mapping[str, NDArray[np.generic]]


def grey(value: int) -> NDArray[np.uint8]:
    """A slice that is told from the others by its first pixel."""
    pixels = SLICE.astype(np.uint8)
    pixels[0, 0] = value
    return pixels


def written(folder: Path, pictures: Pictures) -> Path:
    for name, pixels in pictures.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(folder / name)
    return folder


def zipped(folder: Path, names: Sequence[str]) -> Path:
    file = folder.parent / f"{folder.name}.zip"
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.write(folder / name, name)
    return file


def joined(path: Path) -> DecodedScan:
    decoded = decode(path, path.name, as_volume=True)
    assert decoded.refusals == ()
    (scan,) = decoded.scans
    return scan


def first_pixels(scan: DecodedScan) -> list[int]:
    return [int(value) for value in scan.array[:, 0, 0]]


def refused(path: Path) -> tuple[str, str]:
    decoded: Decoded = decode(path, path.name, as_volume=True)
    assert decoded.scans == ()
    assert decoded.refusals[0].name == path.name
    return decoded.refusals[0].code, decoded.refusals[0].sentence


@pytest.mark.parametrize(
    "names",
    [
        ["1.png", "2.png", "10.png"],
        ["slice-9.png", "slice-10.png", "slice-11.png"],
        ["Slice 001.PNG", "slice 2.png", "SLICE 3.png"],
        ["case7_2_of_30.png", "case7_3_of_30.png", "case07_4_of_30.png"],
        ["IM-0004-0001.png", "IM-0004-0002.png", "IM-0004-0010.png"],
        ["Schädel_8_FLAIR.png", "Schädel_9_FLAIR.png", "Schädel_10_FLAIR.png"],
        ["study/head/1.png", "study/head/2.png", "study/head/10.png"],
        ["20240101101500.png", "20240101101501.png", "20240101101502.png"],
        ["0.png", "1.png", "2.png"],
        ["slice.008", "slice.009", "slice.010"],
    ],
)
def test_slices_are_in_the_order_of_their_numbers(names: list[str], tmp_path: Path) -> None:
    for number, name in enumerate(names, start=1):
        (tmp_path / "head" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(grey(number)).save(tmp_path / "head" / name, "PNG")
    for path in (tmp_path / "head", zipped(tmp_path / "head", names[::-1])):
        scan = joined(path)
        assert first_pixels(scan) == [1, 2, 3]
        assert scan.name == path.name
        assert scan.array.shape == (3, 40, 50)


@pytest.mark.parametrize(
    ("names", "code", "words"),
    [
        (["1.png", "scout.png"], "slice_numbers", "no number"),
        (["a.png", "b.png"], "slice_numbers", "no number"),
        (["1.png", "01.png"], "slice_numbers", "same number (1)"),
        (["s 3.png", "S 03.png", "s 4.png"], "slice_numbers", "same number (3)"),
        (["s_1.png", "s_2.png", "t_3.png"], "slice_numbers", "more than a number"),
        (["slice2.png", "slice3 (1).png"], "slice_numbers", "more than a number"),
        (["z-10.png", "z0.png", "z10.png"], "slice_numbers", "more than a number"),
        (["e1_s1.png", "e2_s2.png"], "slice_numbers", "which of them"),
        (["z5.5.png", "z6.0.png"], "slice_numbers", "which of them"),
        (["a/1.png", "b/2.png"], "slice_folders", "several folders"),
        (["1.png", "more/2.png"], "slice_folders", "several folders"),
        (["1.png"], "too_few_slices", "two or more"),
        (["1.png", "2.bmp"], "slice_kinds", "different kinds"),
    ],
)
def test_an_order_that_is_not_certain_is_refused(
    names: list[str], code: str, words: str, tmp_path: Path
) -> None:
    folder = written(tmp_path / "head", {name: grey(number) for number, name in enumerate(names)})
    for path in (folder, zipped(folder, names)):
        said_code, sentence = refused(path)
        assert said_code == code
        assert words in sentence


def test_pictures_that_differ_are_refused(tmp_path: Path) -> None:
    other_size = written(tmp_path / "sizes", {"1.png": grey(1), "2.png": grey(2)[:, :48]})
    assert refused(other_size)[0] == "pages_differ"
    deeper = written(tmp_path / "depths", {"1.png": grey(1), "2.png": grey(2).astype(np.uint16) * 200})
    assert refused(deeper)[0] == "depths_differ"
    coloured = np.stack([grey(2), 255 - grey(2), grey(2) // 2], axis=-1)
    assert refused(written(tmp_path / "colours", {"1.png": grey(1), "2.png": coloured}))[0] == "colour"


def test_a_picture_with_several_pages_is_no_slice(tmp_path: Path) -> None:
    folder = written(tmp_path / "head", {"1.tif": grey(1), "3.tif": grey(3)})
    pages = [Image.fromarray(grey(number)) for number in (2, 3)]
    pages[0].save(folder / "2.tif", save_all=True, append_images=pages[1:])
    code, sentence = refused(folder)
    assert code == "pages"
    assert "one page" in sentence


def test_a_slice_that_cannot_be_read_is_not_passed_over(tmp_path: Path) -> None:
    folder = written(tmp_path / "head", {f"{number}.png": grey(number) for number in (1, 2, 4)})
    (folder / "3.png").write_bytes(b"")
    decoded = decode(folder, "head", as_volume=True)
    assert decoded.scans == ()
    assert [(refusal.name, refusal.code) for refusal in decoded.refusals] == [
        ("head", "not_only_pictures"),
        ("3.png", "empty"),
    ]
    whole = (folder / "2.png").read_bytes()
    (folder / "3.png").write_bytes(whole[: len(whole) // 2])
    code, sentence = refused(folder)
    assert code == "unreadable"
    assert sentence.startswith("Slice 3: ")


def test_other_scans_among_the_pictures_are_refused(tmp_path: Path) -> None:
    folder = written(tmp_path / "head", {"1.png": grey(1), "2.png": grey(2)})
    volume = write_nifti(
        np.zeros((4, 4, 4)), affine_of(((0, 1, 2), (1, 1, 1)), (1, 1, 1)), folder / "3.nii.gz"
    )
    assert refused(folder)[0] == "not_only_pictures"
    assert refused(volume)[0] == "not_only_pictures"


def test_what_systems_leave_beside_files_is_left_out(tmp_path: Path) -> None:
    folder = written(tmp_path / "head", {"1.png": grey(1), "2.png": grey(2)})
    written(folder, {"__MACOSX/3.png": grey(3), ".thumbnails/4.png": grey(4), ".5.png": grey(5)})
    for name in (".DS_Store", "__MACOSX/._1.png", "Thumbs.db", "desktop.ini", "notes.txt"):
        (folder / name).write_bytes(b"left behind")
    names = [file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()]
    for path in (folder, zipped(folder, names)):
        scan = joined(path)
        assert first_pixels(scan) == [1, 2]
        assert scan.members == ("1.png", "2.png")
    (tmp_path / "empty").mkdir()
    assert refused(tmp_path / "empty")[0] == "nothing_found"


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ([4, 5, 6], None),
        ([1, 2, 4], "1 number is left out (after slice 2)"),
        ([1, 5, 6, 9], "5 numbers are left out (after slice 1, 3)"),
        (range(0, 16, 2), "7 numbers are left out (after slice 1, 2, 3, 4, 5 and others)"),
    ],
)
def test_a_gap_in_the_numbers_is_said(numbers: Sequence[int], words: str | None, tmp_path: Path) -> None:
    scan = joined(written(tmp_path / "head", {f"s{number}.png": grey(number) for number in numbers}))
    said = [warning for warning in scan.warnings if "left out" in warning]
    assert len(said) == (words is not None)
    assert words is None or words in said[0]


def test_sizes_stay_unknown_and_the_joining_is_said(tmp_path: Path) -> None:
    scan = joined(written(tmp_path / "head", {"1.png": grey(1), "2.png": grey(2)}))
    assert scan.spacing.voxel_ml is None
    assert scan.spacing.in_plane is None
    assert scan.affine is None
    assert "2 pictures were joined" in scan.warnings[0]
    assert "In-plane and slice distance are not known" in scan.warnings[0]


def test_a_white_frame_around_all_slices_becomes_background(tmp_path: Path) -> None:
    framed = {f"{number}.png": np.pad(grey(number), 6, constant_values=255) for number in (1, 2)}
    scan = joined(written(tmp_path / "head", framed))
    assert not scan.array[:, 0].any()
    assert np.array_equal(scan.array[1, 6:-6, 6:-6], grey(2))
    assert any("white frame" in warning for warning in scan.warnings)


def test_the_same_pictures_in_another_order_are_another_volume(tmp_path: Path) -> None:
    right = joined(written(tmp_path / "right", {"1.png": grey(1), "2.png": grey(2)}))
    renamed = joined(written(tmp_path / "renamed", {"x7.png": grey(1), "x8.png": grey(2)}))
    turned = joined(written(tmp_path / "turned", {"1.png": grey(2), "2.png": grey(1)}))
    assert renamed.content_sha256 == right.content_sha256
    assert turned.content_sha256 != right.content_sha256


def test_pictures_are_joined_only_where_a_person_says_so(tmp_path: Path) -> None:
    folder = written(tmp_path / "head", {"1.png": grey(1), "2.png": grey(2)})
    assert len(decode(folder, "head").scans) == 2
    assert len(decode_guarded(folder, "head").scans) == 2


def test_a_child_joins_them_as_well_and_keeps_them_in_order(tmp_path: Path) -> None:
    folder = written(tmp_path / "head", {f"{number}.png": grey(number) for number in (10, 9, 2)})
    (tmp_path / "kept").mkdir()
    (scan,) = decode_guarded(folder, "head", keep_in=tmp_path / "kept", as_volume=True).scans
    assert first_pixels(scan) == [2, 9, 10]
    with zipfile.ZipFile(tmp_path / "kept" / "0.zip") as kept:
        assert [kept.read(name) for name in sorted(kept.namelist())] == [
            (folder / f"{number}.png").read_bytes() for number in (2, 9, 10)
        ]


@settings(max_examples=25, deadline=None)
@given(
    numbers=st.lists(st.integers(0, 250), min_size=2, max_size=12, unique=True),
    digits=st.integers(1, 5),
    around=st.sampled_from([("", ""), ("IM-0007-", ""), ("flair ", "_of_99"), ("x", " v2")]),
    order=st.randoms(use_true_random=False),
)
def test_the_order_of_files_does_not_matter(
    numbers: list[int], digits: int, around: tuple[str, str], order: Random
) -> None:
    """Whatever the numbers, their zeros and the order in the archive: slices come by ascending number."""
    names = [f"{around[0]}{number:0{digits}d}{around[1]}.png" for number in numbers]
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work) / "head"
        written(folder, {name: grey(number) for name, number in zip(names, numbers, strict=True)})
        shuffled = list(names)
        order.shuffle(shuffled)
        scan = joined(zipped(folder, shuffled))
        assert first_pixels(scan) == sorted(numbers)
        assert scan.content_sha256 == joined(folder).content_sha256
