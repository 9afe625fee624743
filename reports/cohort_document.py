"""The cohort statistics as a document: facts, every chart, every table."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from data.records import SYNTHETIC, ExportRow
from reports.chart_axes import Figure
from reports.document import Block, Chapter, Chart, Document, Paragraph, Table
from reports.number_words import fraction_words, share_interval_words, share_words
from reports.typesetting import count_words

TITLE = "Cohort statistics"
_SHARE, _COUNTS = "share", ("scans", "patients", "refusals")
_ALL = "all"
_QUANTITIES = {"mean": "mean", "median": "median", "p90": "90 % within", "share": "share"}


@dataclass(frozen=True)
class Section:
    """Rows that belong together: title, a sentence under it, chart and rows."""

    title: str
    figure: Figure | None
    rows: Sequence[ExportRow]
    note: str = ""


def cohort_document(
    sections: Sequence[Section], facts: Mapping[str, str], *, synthetic: bool = False
) -> Document:
    """The whole document; `facts` are words by their label, `Counted` and `Notice` among them.

    One of `synthetic` scans says so on its cover and on every page.
    """
    return Document(
        title=f"{TITLE}, {SYNTHETIC}" if synthetic else TITLE,
        facts=facts,
        chapters=[cohort_chapter(section) for section in sections],
        stamp=_stamp(facts, synthetic),
        notice=facts.get("Notice", ""),
    )


def _stamp(facts: Mapping[str, str], synthetic: bool) -> str:
    """What stands on every page: when it was counted, and that it is of scans made for demonstration."""
    return ", ".join(filter(None, (facts.get("Counted", ""), SYNTHETIC if synthetic else "")))


def cohort_chapter(section: Section) -> Chapter:
    """A section with its chart and its table."""
    blocks: list[Block] = [Paragraph(section.note, "small")] if section.note else []
    if section.figure is not None:
        blocks.append(Chart(section.figure, section.title))
    return Chapter(section.title, [*blocks, _table(section.rows) if section.rows else Table(["", ""], [])])


def _table(rows: Sequence[ExportRow]) -> Table:
    """Head and rows in words; the first `texts` columns stand to the left."""
    if any(row.group for row in rows):
        return _crossed(rows)
    if all(row.quantity in _COUNTS for row in rows) and len({row.quantity for row in rows}) == 1:
        head = ["", rows[0].quantity.capitalize()]
        return Table(head, [[row.name, words(row)] for row in rows])
    if all(row.quantity in ("scans", _SHARE) for row in rows):
        return _with_shares(rows)
    spread = {row.name for row in rows if row.quantity.startswith("median")}
    listed = [[_named(row, spread), words(row), interval(row), _of(row)] for row in rows]
    return Table(["", "Number", "95 % interval", "n"], listed)


def _named(row: ExportRow, spread: Collection[str]) -> str:
    """What a single number is of: "Scans", "Positive", "Positive, share", "Tumour volume, median"."""
    if row.name == _ALL:
        return row.quantity.capitalize()
    name = row.name[:1].upper() + row.name[1:]
    return name if row.quantity in _COUNTS and row.name not in spread else f"{name}, {_quantity(row)}"


def _crossed(rows: Sequence[ExportRow]) -> Table:
    """Groups downwards, classes across."""
    classes = list(dict.fromkeys(row.name for row in rows))
    known = {(row.group, row.name): words(row) for row in rows}
    groups = dict.fromkeys(row.group for row in rows)
    listed = [[group, *(known.get((group, name), "0") for name in classes)] for group in groups]
    return Table(["", *classes], listed)


def _with_shares(rows: Sequence[ExportRow]) -> Table:
    """A class a line: how many scans, and the share of positive ones."""
    shares = {row.name: row for row in rows if row.quantity == _SHARE}
    listed = []
    for row in rows:
        if row.quantity != _SHARE:
            share = shares.get(row.name)
            said = ["", "", ""] if share is None else [words(share), interval(share), _of(share)]
            listed.append([row.name, words(row), *said])
    return Table(["", "Scans", "Positive", "95 % interval", "of n read"], listed)


def words(row: ExportRow) -> str:
    """A number as the page shows it: counts whole, shares in per cent, lengths of time in their unit."""
    if row.value is None:
        few = row.quantity == _SHARE and row.note.startswith("fewer")  # who has it, or who has it not
        return f"{row.note} on one side" if few else row.note or "–"
    if row.quantity in _COUNTS:
        return count_words(int(row.value))
    if row.quantity == _SHARE:
        return share_words(row.value)
    unit = row.quantity.rpartition("_")[2]
    if unit == "s":
        return _duration(row.value)
    return f"{row.value:.1f} mL" if unit == "ml" else fraction_words(row.value)


def interval(row: ExportRow) -> str:
    """The 95 % interval of a share or a mean; empty where there is none."""
    if row.low is None or row.high is None:
        return ""
    if row.quantity == _SHARE:
        return share_interval_words(row.low, row.high)
    return f"{fraction_words(row.low)} to {fraction_words(row.high)}"


def _quantity(row: ExportRow) -> str:
    return _QUANTITIES.get(row.quantity.partition("_")[0], row.quantity)


def _of(row: ExportRow) -> str:
    return "" if row.n is None or row.quantity in _COUNTS else count_words(row.n)


def _duration(seconds: float) -> str:
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.1f} s"
