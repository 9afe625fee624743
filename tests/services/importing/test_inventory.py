from __future__ import annotations

import tarfile
import zipfile
from pathlib import Path

import pytest

from data.database import new_id
from data.errors import InvalidInput
from data.labelled.labels import read_labels
from data.records import ImportItem
from services.importing.inventory import Tree, items_of, tree_of
from tests.services.imports import axial, write_labelled_volume, write_labels, write_mixed, write_picture


def surveyed(folder: Path, laid_out: Path, labels: Path | None = None) -> tuple[Tree, list[ImportItem]]:
    tree = tree_of(folder.resolve(), laid_out)
    rows = read_labels(labels) if labels else ()
    beside = labels.parent.resolve() if labels else tree.top
    return tree, items_of(new_id(), tree, rows, beside)


def test_a_mixed_tree_becomes_items_in_the_order_of_their_names(tmp_path: Path) -> None:
    _, items = surveyed(write_mixed(tmp_path / "tree"), tmp_path / "out")
    assert [(item.number, item.name, len(item.files)) for item in items] == [
        (0, "blank.png", 1),
        (1, "broken.png", 1),
        (2, "disk 1/IM0001 and 5 more", 6),
        (3, "pictures/slice 38.png", 1),
        (4, "pictures/slice 42.png", 1),
        (5, "pictures/slice 46.png", 1),
        (6, "sent.zip", 1),
    ]


@pytest.mark.parametrize("suffix", [".zip", ".tar.gz"])
def test_an_archive_is_a_tree_of_its_names(tmp_path: Path, suffix: str) -> None:
    source = write_mixed(tmp_path / "tree")
    packed = tmp_path / f"all{suffix}"
    files = [file for file in sorted(source.rglob("*")) if file.is_file()]
    if suffix == ".zip":
        with zipfile.ZipFile(packed, "w") as archive:
            for file in files:
                archive.write(file, file.relative_to(source))
    else:
        with tarfile.open(packed, "w:gz") as tar:
            for file in files:
                tar.add(file, file.relative_to(source))
    labels = write_labels(tmp_path / "labels.csv", [{"file": "all" + suffix + "/blank.png", "label": 1}])
    tree, items = surveyed(packed, tmp_path / "out", labels)
    assert len(items) == 7
    assert items[0].name == "blank.png"
    assert items[0].files[0].row == 2
    assert (tree.root / items[0].files[0].path).read_bytes() == (source / "blank.png").read_bytes()


def test_labels_join_slices_to_volumes_and_masks_are_no_scans(tmp_path: Path) -> None:
    rows = write_labelled_volume(tmp_path / "set", "P1", range(40, 44), {41})
    rows += write_labelled_volume(tmp_path / "set", "P2", range(40, 42), set())
    write_picture(tmp_path / "set" / "images" / "alone.png", axial(50))
    labels = write_labels(tmp_path / "set" / "index.csv", rows)
    _, items = surveyed(tmp_path / "set", tmp_path / "out", labels)
    assert [(item.name, item.stacked) for item in items] == [
        ("images/P1_40.webp and 3 more", True),
        ("images/P2_40.webp and 1 more", True),
        ("images/alone.png", False),
    ]
    assert [file.path for file in items[0].files] == [f"images/P1_{n}.webp" for n in range(40, 44)]
    assert items[0].files[1].mask == "masks/P1_41.png"


def test_a_table_may_lie_beside_the_folder_with_masks_of_its_own(tmp_path: Path) -> None:
    rows = write_labelled_volume(tmp_path / "set", "P1", range(40, 42), {41})
    labels = write_labels(tmp_path / "set" / "index.csv", rows)
    _, items = surveyed(tmp_path / "set" / "images", tmp_path / "out", labels)
    assert len(items) == 1
    assert items[0].files[0].mask == str((tmp_path / "set" / "masks" / "P1_40.png").resolve())


def test_what_the_table_names_must_be_there(tmp_path: Path) -> None:
    write_picture(tmp_path / "set" / "a.png", axial(40))
    write_picture(tmp_path / "secret.png", axial(40))
    rows = [
        {"file": "a.png", "mask_file": "../secret.png"},
        {"file": "b.png", "mask_file": ""},
        {"file": "../secret.png", "mask_file": ""},
    ]
    _, items = surveyed(tmp_path / "set", tmp_path / "out", write_labels(tmp_path / "set" / "l.csv", rows))
    refusals = [refusal for item in items for refusal in item.refusals]
    assert [refusal.name for refusal in refusals] == ["../secret.png", "b.png", "../secret.png"]
    assert {refusal.code for refusal in refusals} == {"missing"}
    assert [item.files[0].mask for item in items if item.files] == [None]


def test_a_slice_given_twice_is_refused_and_other_sequences_are_other_volumes(tmp_path: Path) -> None:
    rows = write_labelled_volume(tmp_path / "set", "P1", range(40, 42), set())
    rows[0]["slice"] = rows[1]["slice"]
    other = write_labelled_volume(tmp_path / "set", "P2", range(40, 42), set())
    other[0]["sequence"] = "T1"
    labels = write_labels(tmp_path / "set" / "index.csv", rows + other)
    _, items = surveyed(tmp_path / "set", tmp_path / "out", labels)
    assert [refusal.code for item in items for refusal in item.refusals] == ["labels"]
    assert [len(item.files) for item in items if item.files] == [1, 1]


def test_links_that_lead_out_of_the_folder_are_not_followed(tmp_path: Path) -> None:
    outside = write_picture(tmp_path / "outside.png", axial(40))
    inside = write_picture(tmp_path / "tree" / "inside.png", axial(41))
    (tmp_path / "tree" / "out.png").symlink_to(outside)
    (tmp_path / "tree" / "in.png").symlink_to(inside)
    tree, _ = surveyed(tmp_path / "tree", tmp_path / "out")
    assert [member.name for member in tree.members] == ["in.png", "inside.png"]


def test_nothing_to_import_is_told(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InvalidInput, match="No file"):
        surveyed(tmp_path / "empty", tmp_path / "out")
    with pytest.raises(InvalidInput, match="no folder"):
        surveyed(tmp_path / "none", tmp_path / "out")
