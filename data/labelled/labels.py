"""The table that may come with an import: what is known of each file beside its pixels.

One row a file, with a header line; the columns are in docs/administrators.md. Unknown columns are
left alone, empty cells mean "unknown".
"""

from __future__ import annotations

import csv
import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from data.errors import InvalidInput
from data.records import ScanHeader

_POSITIVE = {"1", "1.0", "yes", "y", "true", "positive"}
_NEGATIVE = {"0", "0.0", "no", "n", "false", "negative", "normal", "none"}
_SEXES = {"f": "F", "female": "F", "m": "M", "male": "M", "o": "O", "other": "O"}
_OLDEST_YEARS = 130.0
_LONGEST_LABEL = 9  # digits
_LONGEST_BYTES = 256 << 20
_OTHER_NAMES = {"label": ("has_tumour", "has_tumor"), "acquired": ("study_date",)}
T = TypeVar("T")
_TEXTS = ("modality", "body_part", "sequence", "manufacturer", "scanner", "site")


@dataclass(frozen=True)
class LabelRow:
    """One row: `number` is its line in the table, counted from 1 for the header."""

    number: int
    file: str
    mask_file: str | None
    patient_id: str | None
    slice: float | None
    header: ScanHeader
    positive: bool | None
    mask_labels: str | None = None  # which labels of the mask are the finding: "1, 4" or "all"


def read_labels(file: Path, findings: Collection[str] = ()) -> tuple[LabelRow, ...]:
    """The rows of a table (comma, semicolon or tab between the cells, UTF-8).

    A label that names one of `findings`, in British or American spelling, is a positive one.
    Raises InvalidInput with one sentence that names the row for what does not fit.
    """
    try:
        if file.stat().st_size > _LONGEST_BYTES:
            raise InvalidInput("The table of labels is too large.")
        with file.open(newline="", encoding="utf-8-sig") as csv_file:
            first = csv_file.readline()
            csv_file.seek(0)
            reader = csv.DictReader(csv_file, delimiter=_delimiter(first))
            rows = tuple(_rows(reader, _labels(findings)))
    except OSError as error:
        raise InvalidInput(f"The table of labels {file.name} cannot be read.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InvalidInput(f"{file.name} is not a table in CSV with UTF-8 letters.") from error
    _refuse_doubles(rows)
    return rows


def _delimiter(header: str) -> str:
    return max(",;\t", key=header.count)


def _rows(reader: csv.DictReader[str], labels: dict[str, bool]) -> Iterator[LabelRow]:
    names = {(name or "").strip().lower(): name for name in reader.fieldnames or ()}
    if "file" not in names:
        raise InvalidInput("The table of labels needs a column called file.")
    for line in reader:
        cells = {name: (line.get(original) or "").strip() for name, original in names.items()}
        if cells["file"]:
            yield _row(reader.line_num, _on_one_line(reader.line_num, cells), labels)


def _on_one_line(number: int, cells: dict[str, str]) -> dict[str, str]:
    """The cells without what is no letter, as of texts in DICOM files; names of files must have none."""
    printable = {name: "".join(filter(str.isprintable, text)).strip() for name, text in cells.items()}
    for name in ("file", "mask_file"):
        if printable.get(name) != cells.get(name):
            raise _wrong(number, name, cells[name])
    return printable


def _row(number: int, cells: dict[str, str], labels: dict[str, bool]) -> LabelRow:
    for name, others in _OTHER_NAMES.items():
        cells[name] = next((cells[column] for column in (name, *others) if cells.get(column)), "")
    texts: dict[str, Any] = {name: cells.get(name) or None for name in _TEXTS}
    return LabelRow(
        number=number,
        file=cells["file"],
        mask_file=cells.get("mask_file") or None,
        patient_id=cells.get("patient_id") or None,
        slice=_number(number, "slice", cells),
        header=ScanHeader(
            **texts,
            acquired_at=_acquired(number, cells),
            sex=_chosen(number, "sex", cells, _SEXES),
            age_years=_age(number, cells),
        ),
        positive=_chosen(number, "label", cells, labels),
        mask_labels=_mask_labels(number, cells),
    )


def _labels(findings: Collection[str]) -> dict[str, bool]:
    """What each word for a label says, in lower case."""
    spelt = {name.lower() for name in findings} | {name.lower().replace("our", "or") for name in findings}
    return dict.fromkeys(_POSITIVE | spelt, True) | dict.fromkeys(_NEGATIVE, False)


def _chosen(number: int, name: str, cells: dict[str, str], known: dict[str, T]) -> T | None:
    text = cells.get(name, "")
    if not text:
        return None
    if text.lower() not in known:
        raise _wrong(number, name, text)
    return known[text.lower()]


def _number(number: int, name: str, cells: dict[str, str]) -> float | None:
    text = cells.get(name, "")
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        raise _wrong(number, name, text) from None
    if not math.isfinite(value):
        raise _wrong(number, name, text)
    return value


def _age(number: int, cells: dict[str, str]) -> float | None:
    age = _number(number, "age", cells)
    if age is not None and not 0 <= age <= _OLDEST_YEARS:
        raise _wrong(number, "age", cells["age"])
    return age


def _mask_labels(number: int, cells: dict[str, str]) -> str | None:
    """Numbers with a comma, semicolon or blank between them, or "all"."""
    words = cells.get("mask_labels", "").replace(";", " ").replace(",", " ").split()
    if (
        words
        and [word.lower() for word in words] != ["all"]
        and not all(word.isdecimal() and len(word) <= _LONGEST_LABEL for word in words)
    ):
        raise _wrong(number, "mask_labels", cells["mask_labels"])
    return ", ".join(words) or None


def _acquired(number: int, cells: dict[str, str]) -> datetime | None:
    """A date or time in ISO 8601; without a zone it is by the clock of the house, as in DICOM files."""
    text = cells.get("acquired", "")
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).astimezone(UTC)  # without a zone Python takes this process's
    except (OverflowError, ValueError):  # before the first day that there is, in UTC
        raise _wrong(number, "acquired", text) from None


def _wrong(number: int, name: str, text: str) -> InvalidInput:
    return InvalidInput(f"In row {number} of the labels the {name} cannot be understood: {text[:40]!r}.")


def _refuse_doubles(rows: tuple[LabelRow, ...]) -> None:
    seen: dict[str, int] = {}
    for row in rows:
        if row.file in seen:
            raise InvalidInput(f"Rows {seen[row.file]} and {row.number} of the labels name the same file.")
        seen[row.file] = row.number
