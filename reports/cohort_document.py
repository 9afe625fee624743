"""The cohort statistics as a PDF (PDF/A-2b): facts, contents, every chart as vectors, every table.

Typeset by typst from `cohort.typ`. What is shown goes to it as a file of data: nothing that a person
or a file's header says becomes part of the source.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from data.records import ExportRow
from reports.figures import Figure

TITLE = "Cohort statistics"
_TEMPLATE = Path(__file__).with_name("cohort.typ")
_STANDARD: Final = "a-2b"
_WIDE, _HIGH, _SQUARE = 720, 300, 480  # pixels of a chart
_BAR, _FRAME = 22, 110  # of a lying bar, and of what is above and below all of them
_CELL, _NAMES = 20, 44  # of a place in the head, of the names of classes
_FONT = "Libertinus Serif"  # typst brings it along; a font of this machine might not be on another
_SHARE, _COUNTS = "share", ("scans", "patients", "refusals")
_QUANTITIES = {"median": "median", "p90": "90 % within", "share": "share"}


@dataclass(frozen=True)
class Chapter:
    """A section: title, a sentence under it, chart and rows."""

    title: str
    figure: Figure | None
    rows: Sequence[ExportRow]
    note: str = ""


def cohort_pdf(chapters: Sequence[Chapter], facts: Mapping[str, str]) -> bytes:
    """The whole document; `facts` are words by their label, `Counted` and `Notice` among them."""
    with tempfile.TemporaryDirectory(prefix="lightbox-pdf-") as name:
        folder = Path(name)
        told = {
            "title": TITLE,
            "counted": facts.get("Counted", ""),
            "notice": facts.get("Notice", ""),
            "facts": list(facts.items()),
            "chapters": [_laid(chapter, folder / f"{n}.svg") for n, chapter in enumerate(chapters)],
        }
        (folder / "data.json").write_text(json.dumps(_printable(told)))
        return _compiled(Path(shutil.copy(_TEMPLATE, folder)))


def _compiled(source: Path) -> bytes:
    """The document as PDF/A, with this machine's fonts where the bundled ones lack a letter.

    Where no font has it, the document is a plain PDF: PDF/A permits no empty boxes.
    """
    import typst  # takes a while and is needed by few

    for bundled in (True, False):
        with suppress(typst.TypstError):
            return typst.compile(
                source, root=source.parent, ignore_system_fonts=bundled, pdf_standards=_STANDARD
            )
    return typst.compile(source, root=source.parent)


def _laid(chapter: Chapter, file: Path) -> dict[str, Any]:
    """A chapter as the template takes it; its chart is written to `file`."""
    width = _WIDE
    if chapter.figure is not None:
        figure = _on_paper(_printable(chapter.figure))
        width = figure["layout"]["width"]
        file.write_bytes(_svg(figure))
    return {
        "title": chapter.title,
        "note": chapter.note,
        "chart": None if chapter.figure is None else file.name,
        "width": width / _WIDE,
        "table": _table(chapter.rows) if chapter.rows else None,
    }


def _on_paper(figure: Figure) -> Figure:
    """The chart in the size that its marks ask for, in the document's font."""
    first = figure["data"][0] if figure["data"] else {}
    width, height, marks = _WIDE, _HIGH, figure["data"]
    if first.get("type") == "heatmap":
        width, height, marks = _SQUARE, _SQUARE, [_squares(first)]
    elif first.get("orientation") == "h":
        height = _FRAME + _BAR * len(first["y"])
    layout = figure["layout"] | {"width": width, "height": height}
    layout["font"] = layout["font"] | {"family": _FONT}
    if layout.get("barmode") == "stack":  # the classes are named above the bars
        layout |= {"height": height + _NAMES, "margin": layout["margin"] | {"t": _NAMES}}
        layout["legend"] = layout["legend"] | {"y": 1, "yanchor": "bottom"}
    return {"data": marks, "layout": layout}


def _squares(heat: dict[str, Any]) -> dict[str, Any]:
    """A heat map as a square a cell: Plotly would draw it as pixels."""
    cells = [(x, y, n) for y, line in enumerate(heat["z"]) for x, n in enumerate(line) if n is not None]
    kept = {name: heat[name] for name in ("colorscale", "colorbar")}
    counts = [n for _, _, n in cells]
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [x for x, _, _ in cells],
        "y": [y for _, y, _ in cells],
        "marker": kept | {"color": counts, "symbol": "square", "size": _CELL, "showscale": True},
    }


def _svg(figure: Figure) -> bytes:
    from plotly.io import to_image  # takes a while and is needed by few

    image: bytes = to_image(figure, format="svg", validate=False)
    return image


def _table(rows: Sequence[ExportRow]) -> dict[str, Any]:
    """Head and rows in words; the first `texts` columns stand to the left."""
    if any(row.group for row in rows):
        return _crossed(rows)
    if all(row.quantity in _COUNTS for row in rows) and len({row.quantity for row in rows}) == 1:
        head = ["", rows[0].quantity.capitalize()]
        return {"head": head, "texts": 1, "rows": [[row.name, words(row)] for row in rows]}
    if all(row.quantity in ("scans", _SHARE) for row in rows):
        return _with_shares(rows)
    listed = [[row.name, _quantity(row), words(row), interval(row), _of(row)] for row in rows]
    return {"head": ["", "", "Number", "95 % interval", "n"], "texts": 2, "rows": listed}


def _crossed(rows: Sequence[ExportRow]) -> dict[str, Any]:
    """Groups downwards, classes across."""
    classes = list(dict.fromkeys(row.name for row in rows))
    found = {(row.group, row.name): words(row) for row in rows}
    groups = dict.fromkeys(row.group for row in rows)
    listed = [[group, *(found.get((group, one), "0") for one in classes)] for group in groups]
    return {"head": ["", *classes], "texts": 1, "rows": listed}


def _with_shares(rows: Sequence[ExportRow]) -> dict[str, Any]:
    """A class a line: how many scans, and the share of positive ones."""
    shares = {row.name: row for row in rows if row.quantity == _SHARE}
    listed = []
    for row in rows:
        if row.quantity != _SHARE:
            share = shares.get(row.name)
            said = ["", "", ""] if share is None else [words(share), interval(share), _of(share)]
            listed.append([row.name, words(row), *said])
    return {"head": ["", "Scans", "Positive", "95 % interval", "of n read"], "texts": 1, "rows": listed}


def words(row: ExportRow) -> str:
    """A number as the page shows it: counts whole, shares in per cent, lengths of time in their unit."""
    if row.value is None:
        return row.note or "–"
    if row.quantity in _COUNTS:
        return _count(int(row.value))
    if row.quantity == _SHARE:
        return f"{100 * row.value:.1f} %"
    unit = row.quantity.rpartition("_")[2]
    if unit == "s":
        return _duration(row.value)
    return f"{row.value:.1f} mL" if unit == "ml" else f"{row.value:.2f}"


def interval(row: ExportRow) -> str:
    """The 95 % interval of a share; empty where there is none."""
    if row.low is None or row.high is None:
        return ""
    return f"{100 * row.low:.1f} to {100 * row.high:.1f} %"


def _quantity(row: ExportRow) -> str:
    return _QUANTITIES.get(row.quantity.partition("_")[0], row.quantity)


def _of(row: ExportRow) -> str:
    return "" if row.n is None or row.quantity in _COUNTS else _count(row.n)


def _count(n: int) -> str:
    return f"{n:,}".replace(",", "\u202f")


def _duration(seconds: float) -> str:
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.1f} s"


def _printable(told: Any) -> Any:
    """Texts without control characters: they have no picture, and neither SVG nor PDF/A takes them."""
    if isinstance(told, str):
        return "".join(letter if letter.isprintable() or letter == "\u202f" else " " for letter in told)
    if isinstance(told, dict):
        return {name: _printable(value) for name, value in told.items()}
    if isinstance(told, list | tuple):
        return [_printable(value) for value in told]
    return told
