from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from data.errors import InvalidInput
from data.labelled.labels import read_labels


def table(folder: Path, text: str) -> Path:
    file = folder / "labels.csv"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_row_says_what_is_known_of_a_file(tmp_path: Path) -> None:
    text = (
        "file,patient_id,slice,age,sex,site,scanner,sequence,modality,body_part,acquired,label,mask_file,more\n"
        "a/b.png,P7,3,61.5,female,Ulm,Vida,FLAIR,MR,BRAIN,2026-03-04T05:06+01:00,PNEUMONIA,m.png,what\n"
        "c.png,,,,,,,,,,,,,\n"
    )
    full, empty = read_labels(table(tmp_path, text), {"pneumonia"})
    assert (full.number, full.file, full.mask_file) == (2, "a/b.png", "m.png")
    assert (full.patient_id, full.slice, full.positive) == ("P7", 3.0, True)
    header = full.header
    assert (header.sex, header.age_years, header.site, header.scanner) == ("F", 61.5, "Ulm", "Vida")
    assert (header.sequence, header.modality, header.body_part) == ("FLAIR", "MR", "BRAIN")
    assert header.acquired_at == datetime(2026, 3, 4, 4, 6, tzinfo=UTC)
    assert empty.patient_id is None
    assert empty.positive is None
    assert not any(vars(empty.header).values())


@pytest.mark.parametrize(
    ("cell", "labels"),
    [('"1,4"', "1, 4"), ("1;4", "1, 4"), ("1 4", "1, 4"), ("2", "2"), ("All", "All"), ("", None)],
)
def test_which_labels_of_a_mask_are_the_finding(tmp_path: Path, cell: str, labels: str | None) -> None:
    (row,) = read_labels(table(tmp_path, f"file,mask_file,mask_labels\na.png,m.png,{cell}\n"))
    assert row.mask_labels == labels


@pytest.mark.parametrize("cell", ["tumour", "1.5", "-1", "all 2"])
def test_labels_of_a_mask_that_are_no_numbers_are_told_with_their_row(tmp_path: Path, cell: str) -> None:
    with pytest.raises(InvalidInput, match="row 2 of the labels the mask_labels"):
        read_labels(table(tmp_path, f"file,mask_labels\na.png,{cell}\n"))


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_spreadsheets_of_other_countries_are_read(tmp_path: Path, delimiter: str) -> None:
    text = "\ufeff" + delimiter.join(("File", "Label")) + "\r\n" + delimiter.join(("a.png", "no")) + "\r\n"
    (row,) = read_labels(table(tmp_path, text))
    assert (row.file, row.positive) == ("a.png", False)


@pytest.mark.parametrize(
    ("label", "positive"),
    [
        ("1", True),
        ("Yes", True),
        ("positive", True),
        ("PNEUMONIA", True),
        ("tumor", True),
        ("Tumour", True),
        ("0", False),
        ("NORMAL", False),
    ],
)
def test_labels_are_understood_in_the_words_of_public_sets(
    tmp_path: Path, label: str, positive: bool
) -> None:
    text = f"file,has_tumour\na.png,{label}\n"
    (row,) = read_labels(table(tmp_path, text), {"pneumonia", "tumour"})
    assert row.positive is positive


def test_a_finding_that_no_task_has_is_no_label(tmp_path: Path) -> None:
    labels = table(tmp_path, "file,label\na.png,fracture\n")
    with pytest.raises(InvalidInput, match="the label cannot be understood: 'fracture'"):
        read_labels(labels, {"pneumonia", "tumour"})
    assert read_labels(labels, {"fracture"})[0].positive is True


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("name,label\na.png,1\n", "needs a column called file"),
        ("file,age\na.png,old\n", "In row 2 of the labels the age cannot be understood: 'old'"),
        ("file,age\na.png,200\n", "row 2"),
        ("file,slice\na.png,1\nb.png,nan\n", "row 3 of the labels the slice"),
        ("file,sex\na.png,x\n", "the sex"),
        ("file,label\na.png,perhaps\n", "the label"),
        ("file,acquired\na.png,yesterday\n", "the acquired"),
        ("file\na.png\nb.png\na.png\n", "Rows 2 and 4 of the labels name the same file."),
    ],
)
def test_what_cannot_be_understood_is_named_with_its_row(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        read_labels(table(tmp_path, text))


def test_what_is_no_table_is_told(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_bytes(b"file\n\xff\xfe\xfa")
    with pytest.raises(InvalidInput, match="not a table"):
        read_labels(tmp_path / "labels.csv")
    with pytest.raises(InvalidInput, match="cannot be read"):
        read_labels(tmp_path / "none.csv")


def test_a_moment_before_the_first_day_is_told_with_its_row(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="In row 2 of the labels the acquired"):
        read_labels(table(tmp_path, "file,acquired\na.png,0001-01-01T00:00:00+14:00\n"))


def test_cells_hold_letters_only_and_names_of_files_must(tmp_path: Path) -> None:
    (row,) = read_labels(table(tmp_path, "file,site,patient_id\na.png,C\x1bS\u202e,\x00P 7\n"))
    assert (row.header.site, row.patient_id) == ("CS", "P 7")
    with pytest.raises(InvalidInput, match="In row 2 of the labels the file"):
        read_labels(table(tmp_path, "file,site\n\u202egnp.exe,CS\n"))
