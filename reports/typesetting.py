"""A document as a PDF (PDF/A-2b, tagged as PDF/UA-1 wants it), typeset by typst from `document.typ`.

What is shown goes to it as a file of data: nothing that a person or a file's header says becomes part
of the source. Charts are drawn as vectors by the same Plotly figures that the pages show.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any, Final

from reports.chart_axes import Figure
from reports.document import Block, Cell, Chart, Document, Paragraph, PictureGrid, Table
from reports.number_words import Worded

_TEMPLATE = Path(__file__).with_name("document.typ")
_STANDARDS: Final = ["a-2b", "ua-1"]
_WIDE, _HIGH, _SQUARE = 720, 300, 480  # pixels of a chart
_BAR, _FRAME = 22, 110  # of a lying bar, and of what is above and below all of them
_CELL, _NAMES = 20, 44  # of a place in the head, of the names of classes
_FONT = "Libertinus Serif"  # typst brings it along; a font of this machine might not be on another
NARROW_SPACE = "\u202f"
_SHORT = 16  # letters of a text that is not broken
_LINE, _PADDING = 92, 2  # letters of a line of a table, and those that the gaps of a column take
_LONGEST_WORD = 24  # letters; a longer one has no room beside others
_NARROWEST, _WIDEST = 6, 48  # letters of a column of texts that count for its width


def pdf(document: Document) -> bytes:
    """The whole document with contents and page numbers."""
    names, files = (f"{n}" for n in count()), dict[str, bytes]()
    told = {
        "title": document.title,
        "stamp": document.stamp,
        "notice": document.notice,
        "facts": list(document.facts.items()),
        "front": [_laid(block, files, names) for block in document.front],
        "chapters": [
            {"title": chapter.title, "blocks": [_laid(block, files, names) for block in chapter.blocks]}
            for chapter in document.chapters
        ],
    }
    return typeset(_TEMPLATE, told, files)


def typeset(
    template: Path, told: Mapping[str, Any], files: Mapping[str, bytes], made: datetime | None = None
) -> bytes:
    """A template of typst with what it is told, as `data.json` beside it, and its pictures by their names.

    `made` is what the file says of its making, now by default: with it the same content gives the same bytes.
    """
    with tempfile.TemporaryDirectory(prefix="lightbox-pdf-") as name:
        folder = Path(name)
        for file, content in files.items():
            (folder / file).write_bytes(content)
        (folder / "data.json").write_text(json.dumps(printable(told)))
        return _compiled(Path(shutil.copy(template, folder)), made)


def count_words(n: int) -> str:
    """A whole number with narrow spaces between thousands."""
    return f"{n:,}".replace(",", NARROW_SPACE)


def printable(told: Any) -> Any:
    """Texts without control characters: they have no picture, and neither SVG nor PDF/A takes them."""
    if isinstance(told, str):
        return "".join(letter if letter.isprintable() or letter == NARROW_SPACE else " " for letter in told)
    if isinstance(told, Mapping):
        return {name: printable(value) for name, value in told.items()}
    if isinstance(told, list | tuple):
        return [printable(value) for value in told]
    return told


def _compiled(source: Path, made: datetime | None) -> bytes:
    """The document as PDF/A; where bundled fonts lack a letter, with East Asian ones, then this machine's.

    Where no font has it, the document is a plain PDF: PDF/A permits no empty boxes.
    """
    import typst  # takes a while and is needed by few

    timestamp = None if made is None else int(made.timestamp())
    for fonts, bundled in (([], True), (_east_asian_fonts(), True), (_east_asian_fonts(), False)):
        with suppress(typst.TypstError):
            return typst.compile(
                source,
                root=source.parent,
                font_paths=fonts,
                ignore_system_fonts=bundled,
                pdf_standards=_STANDARDS,  # type: ignore[arg-type]
                timestamp=timestamp,
            )
    return typst.compile(source, root=source.parent, font_paths=_east_asian_fonts(), timestamp=timestamp)


def _east_asian_fonts() -> list[Path]:
    """Where Noto's fonts for Japanese, Chinese and Korean lie; read only where a letter asks for them."""
    import pylopdf_fonts_jp
    import pylopdf_fonts_ko
    import pylopdf_fonts_zh_cn

    return [fonts.serif_path().parent for fonts in (pylopdf_fonts_jp, pylopdf_fonts_zh_cn, pylopdf_fonts_ko)]


def _laid(block: Block, files: dict[str, bytes], names: Iterator[str]) -> dict[str, Any]:
    """A block as the template takes it; charts and pictures are put among the files."""
    if isinstance(block, Paragraph):
        return {"kind": block.kind, "text": block.text}
    if isinstance(block, Table):
        rows = _in_words(block)
        return {
            "kind": "table",
            "title": block.title,
            "head": list(block.head),
            "texts": block.texts,
            "widths": _widths(block, rows),
            "rows": rows,
            "letters": sum(len(cell) for row in rows for cell in row),
            "nothing": block.nothing,
            "to_write_in": block.to_write_in,
        }
    if isinstance(block, Chart):
        return _drawn(block, files, f"{next(names)}.svg")
    return {"kind": "gallery", "pictures": _hung(block, files, names)}


def _drawn(chart: Chart, files: dict[str, bytes], name: str) -> dict[str, Any]:
    figure = _on_paper(printable(chart.figure))
    files[name] = _svg(figure)
    width = figure["layout"]["width"] / _WIDE
    return {"kind": "chart", "file": name, "width": width, "says": chart.says}


def _hung(gallery: PictureGrid, files: dict[str, bytes], names: Iterator[str]) -> list[dict[str, str]]:
    hung = []
    for picture in gallery.pictures:
        name = f"{next(names)}.png"
        files[name] = picture.png
        hung.append({"file": name, "caption": picture.caption})
    return hung


def _in_words(table: Table) -> list[list[str]]:
    """Cells as they are printed: the numbers of a column all with as many decimals as its finest."""
    decimals = [_decimals([row[n] for row in table.rows]) for n in range(len(table.head))]
    return [[_cell(value, decimals[n]) for n, value in enumerate(row)] for row in table.rows]


def _widths(table: Table, rows: Sequence[Sequence[str]]) -> list[int]:
    """Of each column its share of the page, by its longest text; 0 for those that take what they need.

    These are numbers, and short texts such as days and states beside a long one: they would be broken.
    No share is too narrow for the longest word in its column, which would be printed over the next one.
    """
    longest = [
        max(len(cell) for cell in (head, *(row[n] for row in rows))) for n, head in enumerate(table.head)
    ]
    short = _SHORT if max(longest[: table.texts], default=0) > _SHORT else 0
    wanted = {
        n: min(max(size, _NARROWEST), _WIDEST)
        for n, size in enumerate(longest)
        if short < size and n < table.texts
    }
    taken = sum(longest[n] + _PADDING for n in range(len(longest)) if n not in wanted)
    words = {n: _longest_word([table.head[n], *(row[n] for row in rows)]) + _PADDING for n in wanted}
    shares = _with_room(wanted, words, _LINE - taken)
    return [shares.get(n, 0) for n in range(len(longest))]


def _longest_word(texts: Sequence[str]) -> int:
    """Letters of the longest word, as far as there is room for one."""
    return min(max((len(word) for text in texts for word in text.split()), default=0), _LONGEST_WORD)


def _with_room(wanted: Mapping[int, int], least: Mapping[int, int], line: int) -> dict[int, int]:
    """Parts of a line of so many letters in the wanted proportion, none below its least."""
    shares: dict[int, int] = {}
    while True:
        free = {n: size for n, size in wanted.items() if n not in shares}
        left, whole = max(line - sum(shares.values()), 0), sum(free.values())
        narrow = {n: least[n] for n, size in free.items() if size * left < least[n] * whole}
        if not narrow:
            return shares | {n: max(1, round(size * left / whole)) for n, size in free.items()}
        shares |= narrow


def _decimals(values: Sequence[Cell]) -> int | None:
    """How many decimals a column takes; None where its numbers are too different for one answer."""
    texts = [repr(value) for value in values if isinstance(value, float) and not isinstance(value, Worded)]
    if any("e" in text for text in texts) or not texts:
        return None
    finest = max(len(text.partition(".")[2]) for text in texts)
    return finest if finest <= 4 else None


def _cell(value: Cell, decimals: int | None) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool | str):
        return str(value)
    if isinstance(value, int):
        return count_words(value)
    if isinstance(value, Worded):
        return value.words()
    return repr(value) if decimals is None else f"{value:.{decimals}f}"


def _on_paper(figure: Figure) -> Figure:
    """The chart in the size that its marks ask for, in the document's font."""
    first = figure["data"][0] if figure["data"] else {}
    width, height, marks = _WIDE, figure["layout"].get("height", _HIGH), figure["data"]
    if first.get("type") == "heatmap":
        width, height, marks = _SQUARE, _SQUARE, [_squares(first), *marks[1:]]
    elif first.get("orientation") == "h":
        height = _FRAME + _BAR * len(first["y"])
    layout = figure["layout"] | {"width": width, "height": height}
    layout["font"] = layout.get("font", {}) | {"family": _FONT}
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
