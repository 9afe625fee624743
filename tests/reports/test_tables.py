"""Every digit comes back from every kind of file, and no text becomes a formula."""

from __future__ import annotations

import csv
import io
import json
import math
import zipfile
from dataclasses import asdict, fields
from typing import Any
from xml.etree import ElementTree

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from data.records import NOTICE, ExportRow
from reports import tables
from reports.tables import ABOUT, COLUMNS, csv_table, json_table, parquet_table, xlsx_table

FACTS = {"Filters": "site =North; sex F", "Notice": NOTICE}
ROWS = [
    ExportRow("summary", "all", "scans", 1234, 1234),
    ExportRow("summary", "positive", "share", 3, 1 / 3, 0.1 + 0.2, math.nextafter(1, 0)),
    ExportRow("site", "Größe, „Süd“\n2", "scans", 7, 7),
    ExportRow("size_by_site", "1 to 10 mL", "scans", 0, 0, group="South"),
    ExportRow("age", "40-49", "share", None, None, note="<5"),
    ExportRow("summary", "tumour volume", "median_ml", 5, 5e-324),
]
FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", '=HYPERLINK("http://x","y")', "\uff1d1"]
numbers = st.none() | st.floats(allow_nan=False, allow_infinity=False) | st.integers(0, 2**53)
texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=20)
counts = st.none() | st.integers(0, 10**9)
rows = st.lists(st.builds(ExportRow, texts, texts, texts, counts, numbers, numbers, numbers), max_size=5)


def from_csv(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def from_xlsx(content: bytes, sheet: int = 1) -> list[list[Any]]:
    """Cells as they are kept: numbers as floats, texts as texts; anything else fails."""
    name = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        strings = [
            "".join(part.text or "" for part in entry.iter(f"{name}t"))
            for entry in ElementTree.fromstring(book.read("xl/sharedStrings.xml"))
        ]
        tree = ElementTree.fromstring(book.read(f"xl/worksheets/sheet{sheet}.xml"))
    assert tree.find(f".//{name}f") is None
    assert tree.find(f".//{name}hyperlink") is None
    sheet_rows = []
    for row in tree.iter(f"{name}row"):
        cells: list[Any] = [None] * len(COLUMNS)
        for cell in row:
            value = cell.find(f"{name}v")
            text = "" if value is None or value.text is None else value.text
            place = ord(cell.attrib["r"][0]) - ord("A")
            cells[place] = strings[int(text)] if cell.get("t") == "s" else float(text) if text else None
        sheet_rows.append(cells)
    return sheet_rows


def same(kept: Any, row: ExportRow) -> None:
    for name in ("n", "value", "low", "high"):
        assert kept[name] == getattr(row, name) or (kept[name] in (None, "") and getattr(row, name) is None)


def test_the_columns_are_the_rows_fields() -> None:
    assert set(COLUMNS) == {field.name for field in fields(ExportRow)}


@settings(deadline=None)
@given(rows)
def test_a_csv_keeps_every_digit(made: list[ExportRow]) -> None:
    for kept, row in zip(from_csv(csv_table(made, {})), made, strict=True):
        same({name: float(kept[name]) if kept[name] else None for name in ("n", "value", "low", "high")}, row)
        assert kept["name"].removeprefix("'") == row.name.removeprefix("'")


@settings(deadline=None, max_examples=30)
@given(rows)
def test_a_workbook_keeps_every_digit(made: list[ExportRow]) -> None:
    head, *kept = from_xlsx(xlsx_table(made, FACTS))
    assert head == list(COLUMNS)
    for cells, row in zip(kept, made, strict=True):
        same(dict(zip(COLUMNS, cells, strict=True)), row)


@settings(deadline=None)
@given(rows)
def test_parquet_and_json_keep_every_digit(made: list[ExportRow]) -> None:
    read = parquet.read_table(io.BytesIO(parquet_table(made, FACTS))).to_pylist()
    assert [ExportRow(**row) for row in read] == made
    assert json.loads(json_table(made, FACTS))["numbers"] == [asdict(row) for row in made]


def test_a_csv_is_utf_8_with_a_mark_and_lines_of_rfc_4180() -> None:
    content = csv_table(ROWS, FACTS)
    assert content.startswith(b"\xef\xbb\xbfsection,group,name")
    assert content.count(b"\r\n") == 1 + len(FACTS) + len(ROWS)
    told = from_csv(content)
    assert [row["note"] for row in told if row["section"] == ABOUT] == list(FACTS.values())
    assert told[4]["name"] == ROWS[2].name


@pytest.mark.parametrize("text", FORMULAS)
def test_no_text_in_a_csv_becomes_a_formula(text: str) -> None:
    row = ExportRow(text, text, text, 1, 1, group=text, note=text)
    (told,) = from_csv(csv_table([row], {}))
    assert all(told[name] == f"'{text}" for name in ("section", "name", "quantity", "group", "note"))
    (about, _) = from_csv(csv_table([row], {text: text}))
    assert (about["name"], about["note"]) == (f"'{text}", f"'{text}")


@pytest.mark.parametrize("text", [*FORMULAS, "http://example.org", "mailto:a@b.c", "{=1}"])
def test_no_text_in_a_workbook_becomes_a_formula_or_a_link(text: str) -> None:
    content = xlsx_table([ExportRow(text, text, text, 1, 1)], {text: text})
    assert from_xlsx(content)[1][2] == text.replace("\r", "_x000D_")
    assert from_xlsx(content, 2)[0][:2] == [text.replace("\r", "_x000D_")] * 2


def test_a_workbook_has_a_head_that_stays_and_notes() -> None:
    content = xlsx_table(ROWS, FACTS)
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
        assert 'state="frozen"' in sheet
        assert "Notes" in book.read("xl/workbook.xml").decode()
    assert [cells[:2] for cells in from_xlsx(content, 2)] == [list(item) for item in FACTS.items()]


def test_parquet_is_typed_and_carries_the_facts() -> None:
    schema = parquet.read_schema(io.BytesIO(parquet_table(ROWS, FACTS)))
    assert schema.field("n").type == pa.int64()
    assert schema.field("value").type == schema.field("low").type == pa.float64()
    assert schema.field("name").type == pa.string()
    assert json.loads(schema.metadata[b"lightbox"]) == FACTS


@pytest.mark.parametrize("text", ["\x0b=1", "\u200b=1", " \u00a0@x", "\t=1", "=1", "\x00+1"])
def test_what_stands_before_a_formula_and_is_no_letter_hides_it_from_nobody(text: str) -> None:
    assert tables.cell(text) == f"'{text}"


def test_a_plain_text_stays_as_it_is() -> None:
    assert [tables.cell(text) for text in ("a=1", "CS", "", "Größe")] == ["a=1", "CS", "", "Größe"]
