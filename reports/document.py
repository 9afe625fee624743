"""A report as content: chapters of words, tables, charts and pictures. One content, several files.

The PDF is typeset from it and the JSON written from it, so that a number stands in both to the digit: it
is rounded when it enters a table, never afterwards. A `Share` is printed in per cent.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from reports.chart_axes import Figure

Cell = str | int | float | None
DIGITS = 6  # significant ones of a number that has no unit of its own


@dataclass(frozen=True)
class Paragraph:
    """A paragraph, or a heading inside a chapter, or one point of a list.

    A small one goes with what follows; a source, as small, closes what stands before it.
    """

    text: str
    kind: str = "paragraph"  # "paragraph", "heading", "point", "small" or "source"


@dataclass(frozen=True)
class Table:
    """Head and rows; the first `texts` columns stand to the left, the others are numbers."""

    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    texts: int = 1
    title: str = ""
    to_write_in: bool = False  # on paper by hand: its lines are high
    nothing: str = "Nothing was counted here."  # what stands there without any row


@dataclass(frozen=True)
class Chart:
    """A figure, drawn as vectors; `says` is what it shows in words."""

    figure: Figure
    says: str


@dataclass(frozen=True)
class CaptionedPicture:
    """A PNG with its caption."""

    png: bytes
    caption: str


@dataclass(frozen=True)
class PictureGrid:
    """Pictures beside each other."""

    pictures: Sequence[CaptionedPicture]


Block = Paragraph | Table | Chart | PictureGrid


@dataclass(frozen=True)
class Chapter:
    """A part of a document with a line in its contents."""

    title: str
    blocks: Sequence[Block] = ()


@dataclass(frozen=True)
class Document:
    """A whole report. `facts` stand on the first page by their label; `stamp` in every page's head."""

    title: str
    facts: Mapping[str, str]
    chapters: Sequence[Chapter]
    stamp: str = ""
    notice: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)  # of the JSON alone: what no table shows
    front: Sequence[Block] = ()  # of the first page, before everything else


def rounded(value: float | None, digits: int = DIGITS) -> float | None:
    """The number with so many significant digits; None where there is none."""
    if value is None or not math.isfinite(value):
        return None
    return float(f"{value:.{digits}g}")


def fixed(value: float | None, decimals: int = 3) -> float | None:
    """The number with so many decimals; None where there is none."""
    return None if value is None or not math.isfinite(value) else round(float(value), decimals)


def document_json(document: Document) -> bytes:
    """The document's words and numbers; charts and pictures by what they say."""
    told = {
        "title": document.title,
        "facts": dict(document.facts),
        "front": [_plain(block) for block in document.front],
        "chapters": [
            {"title": chapter.title, "blocks": [_plain(block) for block in chapter.blocks]}
            for chapter in document.chapters
        ],
        "notice": document.notice,
        **document.extra,
    }
    return (json.dumps(told, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _plain(block: Block) -> dict[str, Any]:
    if isinstance(block, Paragraph):
        return {"words": block.text}
    if isinstance(block, Table):
        return {"table": block.title, "head": list(block.head), "rows": [list(row) for row in block.rows]}
    if isinstance(block, Chart):
        return {"chart": block.says}
    return {"pictures": [picture.caption for picture in block.pictures]}
