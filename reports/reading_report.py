"""The report of one reading as content: a PDF of one or two pages and a plain text say the same words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from reports.typesetting import printable, typeset

_TEMPLATE = Path(__file__).with_name("reading_report.typ")
# What older radiology systems cannot hold, as they can.
_PLAIN = str.maketrans({"–": "-", "’": "'", "“": '"', "”": '"', "\u202f": " ", "\u00a0": " "})
_TEXT_TITLE = "LIGHTBOX - {}"

Row = tuple[str, str]


@dataclass(frozen=True)
class SizeTable:
    """A row of cells a lesion below the names of the cells; the first cell is the lesion's number."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Section:
    """A part of the report: names with their values, sentences, and a table."""

    title: str
    rows: Sequence[Row] = ()
    sentences: Sequence[str] = ()
    table: SizeTable | None = None


@dataclass(frozen=True)
class KeyPicture:
    """What is told of a picture: `caption` stands below it, `says` is for who cannot see it."""

    caption: str
    says: str


@dataclass(frozen=True)
class ReadingReport:
    """All that a report of a reading says. `patient` and `examination` stand beside each other.

    `subject` names the patient in the head of every page, `reading` is the identifier of the result.
    """

    title: str
    subject: str
    reading: str
    made: str
    headline: str
    verdict: str
    patient: Section
    examination: Section
    answer: Section
    warnings: Section
    pictures: Sequence[KeyPicture]
    sections: Sequence[Section]
    notice: str


def reading_pdf(report: ReadingReport, drawn: Sequence[bytes], made: datetime | None = None) -> bytes:
    """The report as PDF/A-2b, tagged as PDF/UA-1 wants it; `drawn` are the PNGs of its pictures.

    With `made`, the moment of its making, the same report gives the same bytes.
    """
    files = {f"{n}.png": png for n, png in enumerate(drawn)}
    told = {
        "title": report.title,
        "subject": report.subject,
        "reading": report.reading,
        "made": report.made,
        "headline": report.headline,
        "verdict": report.verdict,
        "patient": _section(report.patient),
        "examination": _section(report.examination),
        "answer": _section(report.answer),
        "warnings": _section(report.warnings),
        "pictures": [
            {"file": name, "caption": picture.caption, "says": picture.says}
            for name, picture in zip(files, report.pictures, strict=True)
        ],
        "sections": [_section(section) for section in report.sections],
        "notice": report.notice,
    }
    return typeset(_TEMPLATE, told, files, made)


def reading_text(report: ReadingReport) -> str:
    """The report as plain text for a radiology system: a line a value, in letters that old ones have."""
    lines = [_TEXT_TITLE.format(report.title.upper()), report.notice, ""]
    lines += [report.headline, report.verdict, ""]
    for section in (report.patient, report.examination, report.answer, report.warnings, *report.sections):
        lines += _section_lines(section)
    if report.pictures:
        lines += ["KEY PICTURES", *(picture.caption for picture in report.pictures), ""]
    lines.append(f"Reading {report.reading}, report made {report.made}")
    return "\n".join(in_plain_letters(line) for line in lines) + "\n"


def _section(section: Section) -> dict[str, Any]:
    table = section.table
    return {
        "title": section.title,
        "rows": [list(row) for row in section.rows],
        "sentences": list(section.sentences),
        "head": [] if table is None else list(table.head),
        "cells": [] if table is None else [list(row) for row in table.rows],
    }


def _section_lines(section: Section) -> Iterator[str]:
    """The section and an empty line; nothing of one that says nothing."""
    if not (section.rows or section.sentences or section.table):
        return
    yield section.title.upper()
    for name, value in section.rows:
        yield f"{name}: {value}"
    if section.table is not None:
        yield from size_lines(section.table)
    yield from section.sentences
    yield ""


def size_lines(table: SizeTable) -> Iterator[str]:
    """A line a lesion: "Lesion 1: volume 6.0 mL; longest 34 mm; …"."""
    for number, *cells in table.rows:
        named = zip(table.head[1:], cells, strict=True)
        yield f"Lesion {number}: " + "; ".join(f"{name.lower()} {cell}" for name, cell in named)


def in_plain_letters(text: str) -> str:
    """A text in the letters that older radiology systems have."""
    plain: str = printable(text)
    return plain.translate(_PLAIN)
