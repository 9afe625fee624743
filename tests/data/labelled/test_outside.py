"""Pictures from outside the training sources: what an index says, and what its words mean."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from data.errors import UnusableDataset
from data.labelled.outside import OutsideTruth, has_outside, outside_files, truth_of
from data.records import BRAIN_TUMOUR, PNEUMONIA

HEALTHY, OTHER, ILL, WRONG = (
    OutsideTruth.HEALTHY,
    OutsideTruth.OTHER_DISEASE,
    OutsideTruth.ILL,
    OutsideTruth.WRONG,
)


def _index(folder: Path, *rows: dict[str, str]) -> None:
    folder.mkdir(parents=True)
    for row in rows:
        (folder / row["file"]).write_bytes(row["file"].encode())
    with (folder / "index.csv").open("w", newline="") as csv_file:
        writer = csv.DictWriter(csv_file, list(dict.fromkeys(name for row in rows for name in row)))
        writer.writeheader()
        writer.writerows(rows)


@pytest.mark.parametrize(
    ("words", "truth"),
    [
        ("no tumour; healthy", HEALTHY),
        ("no tumour; elderly, little white-matter change", HEALTHY),
        ("no tumour; multiple sclerosis", OTHER),
        ("no tumour; WMH, MS, stroke or other, by eye", OTHER),
        ("tumour (type not stated)", ILL),
        ("glioblastoma after surgery; at progression", ILL),
        ("normal", HEALTHY),
        ("Pneumonia (COVID-19)", ILL),
        ("other disease (tuberculosis)", OTHER),
        ("wrong view (lateral chest)", WRONG),
        ("phantom", WRONG),
        ("inverted grey scale (pneumonia)", WRONG),
    ],
)
def test_what_a_truth_means(words: str, truth: OutsideTruth) -> None:
    assert truth_of(words) is truth


@pytest.mark.parametrize("words", ["", "no tumour", "nothing", "benign tumour"])
def test_a_truth_that_is_not_understood_is_no_guess(words: str) -> None:
    with pytest.raises(UnusableDataset, match="not understood"):
        truth_of(words)


def test_folders_go_to_the_task_that_their_names_begin_with(tmp_path: Path) -> None:
    brain = {"file": "a.png", "truth": "tumour", "source": "who/what:a/path.png", "kind": "slice"}
    _index(tmp_path / "outside" / "brain_tumour", brain | {"mask_file": "a.mask.png", "doubt": "by eye"})
    ages = [{"file": f"{age}.png", "truth": "normal", "age": age} for age in ("17", "18", "65", "")]
    _index(tmp_path / "outside" / "chest_adult", *ages)
    (file,) = outside_files(tmp_path, BRAIN_TUMOUR)
    folder = tmp_path / "outside" / "brain_tumour"
    assert (file.name, file.source, file.kind, file.sequence) == (
        "brain_tumour/a.png",
        "who/what",
        "slice",
        "not stated",
    )
    assert (file.file, file.mask, file.doubt) == (folder / "a.png", folder / "a.mask.png", "by eye")
    # The folder itself may be given too.
    chest = outside_files(tmp_path / "outside", PNEUMONIA)
    assert [file.age for file in chest] == ["under 18", "18 to 64", "65 and over", "adult, years not stated"]
    assert has_outside(tmp_path, PNEUMONIA)
    assert not has_outside(tmp_path, "wrist")
    with pytest.raises(UnusableDataset, match="holds no folder wrist_NAME"):
        outside_files(tmp_path, "wrist")


def test_a_listed_file_that_is_missing_is_named(tmp_path: Path) -> None:
    _index(tmp_path / "brain_healthy", {"file": "a.png", "truth": "no tumour; healthy"})
    (tmp_path / "brain_healthy" / "a.png").unlink()
    with pytest.raises(UnusableDataset, match=r"lists a.png, which is not there"):
        outside_files(tmp_path, BRAIN_TUMOUR)


def test_the_sets_to_learn_from_are_none_from_outside(tmp_path: Path) -> None:
    """A pack holds `chest_xray`, whose table has no column `truth`."""
    folder = tmp_path / "chest_xray"
    folder.mkdir()
    (folder / "index.csv").write_text("file,label,patient_id\na.png,NORMAL,1\n")
    assert not has_outside(tmp_path, PNEUMONIA)
