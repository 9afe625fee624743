"""Rows of numbers as CSV, Excel, Parquet and JSON: every digit as it was counted, nothing rounded.

Texts in them come from file headers, that is from anybody: none may become a formula.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from data.records import SYNTHETIC, ExportRow

COLUMNS = ("section", "group", "name", "quantity", "n", "value", "low", "high", "note")
ABOUT = "about"
"""The section of a CSV's first rows: what a person must know of the table."""

_NUMBERS = ("n", "value", "low", "high")
_FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_WIDTHS = {"section": 20, "group": 24, "name": 34, "quantity": 14, "note": 12}
Facts = Mapping[str, str]


def csv_table(rows: Sequence[ExportRow], facts: Facts) -> bytes:
    """RFC 4180 in UTF-8, with the mark at its beginning by which Excel knows it."""
    about = [ExportRow(ABOUT, label, "", None, None, note=words) for label, words in facts.items()]
    return csv_text(COLUMNS, [_values(row) for row in (*about, *rows)])


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """Rows below the names of their columns, in the form of `csv_table`; no text becomes a formula."""
    memory = io.StringIO()
    write = csv.writer(memory, lineterminator="\r\n")
    write.writerow(columns)
    write.writerows([cell(value) for value in row] for row in rows)
    return memory.getvalue().encode("utf-8-sig")


def xlsx_table(rows: Sequence[ExportRow], facts: Facts, *, synthetic: bool = False) -> bytes:
    """A workbook: the numbers under a head that stays, and a sheet of notes."""
    # Both take a while and are needed by few.
    import xlsxwriter  # type: ignore[import-untyped]

    from reports.exact_sheet import ExactSheet

    memory = io.BytesIO()
    with xlsxwriter.Workbook(memory, {"in_memory": True}) as book:
        book.set_properties({"title": "Lightbox cohort", "comments": facts.get("Notice", "")})
        bold = book.add_format({"bold": True})
        # Said where a person looks, not in the notes alone.
        sheet = book.add_worksheet(f"{SYNTHETIC} numbers" if synthetic else "Numbers", ExactSheet)
        for column, name in enumerate(COLUMNS):
            sheet.write_string(0, column, name, bold)
            sheet.set_column(column, column, _WIDTHS.get(name, 12))
        for line, row in enumerate(rows, start=1):
            _write_cells(sheet, line, _values(row))
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, len(rows), len(COLUMNS) - 1)
        _notes(book.add_worksheet("Notes"), facts, bold)
    return memory.getvalue()


def parquet_table(rows: Sequence[ExportRow], facts: Facts) -> bytes:
    """Typed columns; the facts are in the schema's metadata, as JSON under `lightbox`."""
    # Takes a while and is needed by few.
    import pyarrow as pa
    from pyarrow import parquet

    kinds = {"n": pa.int64(), **dict.fromkeys(_NUMBERS[1:], pa.float64())}
    said = {"lightbox": json.dumps(dict(facts), ensure_ascii=False)}
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in COLUMNS], metadata=said)
    plain = [asdict(row) for row in rows]
    columns = {name: pa.array([row[name] for row in plain], schema.field(name).type) for name in COLUMNS}
    memory = io.BytesIO()
    parquet.write_table(pa.table(columns, schema=schema), memory)
    return memory.getvalue()


def json_table(rows: Sequence[ExportRow], facts: Facts) -> bytes:
    """One object of facts and one of rows."""
    said = {"about": dict(facts), "numbers": [asdict(row) for row in rows]}
    return json.dumps(said, ensure_ascii=False, indent=1, allow_nan=False).encode()


def _values(row: ExportRow) -> list[Any]:
    return [getattr(row, name) for name in COLUMNS]


def cell(value: Any) -> str:
    """A cell of a CSV: numbers with every digit, and an apostrophe before what Excel would work out."""
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if _may_be_formula(value) else value
    return repr(value)


def _may_be_formula(text: str) -> bool:
    """Also behind blanks and what is no letter, which programs pass over."""
    begun = text.lstrip(" ").startswith(_FORMULAS)
    return begun or "".join(filter(str.isprintable, text)).lstrip().startswith(_FORMULAS)


def _write_cells(sheet: Any, line: int, values: Sequence[Any]) -> None:
    for column, value in enumerate(values):
        if isinstance(value, str):
            sheet.write_string(line, column, value)  # never a formula or a link, whatever it begins with
        elif value is not None:
            sheet.write_number(line, column, value)


def _notes(sheet: Any, facts: Facts, bold: Any) -> None:
    sheet.set_column(0, 0, 16)
    sheet.set_column(1, 1, 100)
    for line, (label, words) in enumerate(facts.items()):
        sheet.write_string(line, 0, label, bold)
        sheet.write_string(line, 1, words)
