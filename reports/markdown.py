"""A model card's markdown as parts of a document; tables that are too wide for paper are made narrower."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from reports.document import Block, Paragraph, Table

if TYPE_CHECKING:
    from markdown_it.token import Token


_MOST = 6  # columns of a table that paper has room for
_COUNT, _ALL, _UNSAID = "n", "all", "–"


def blocks_of(text: str) -> list[Block]:
    """Headings, paragraphs, points and tables; emphasis is dropped, as is the first heading (the title)."""
    from markdown_it import MarkdownIt

    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    blocks = list(_blocks(tokens))
    return (
        blocks[1:] if blocks and isinstance(blocks[0], Paragraph) and blocks[0].kind == "heading" else blocks
    )


def _blocks(tokens: Sequence[Token]) -> Iterator[Block]:
    kind, table = "paragraph", None  # type: tuple[str, list[list[str]] | None]
    for token in tokens:
        if token.type == "heading_open":
            kind = "heading"
        elif token.type == "list_item_open":
            kind = "point"
        elif token.type in ("heading_close", "list_item_close"):
            kind = "paragraph"
        elif token.type == "table_open":
            table = []
        elif token.type == "tr_open" and table is not None:
            table.append([])
        elif token.type == "table_close" and table:
            yield _table(table[0], table[1:])
            table = None
        elif token.type == "inline":
            said = _plain(token)
            if table is not None:
                table[-1].append(said)
            elif said:
                yield Paragraph(said, kind)
        elif token.type in ("fence", "code_block"):
            yield Paragraph(token.content.strip(), "small")


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """A table as paper takes it: without columns that say nothing, names of what was counted in one.

    Where there are more than `_MOST` columns, those before the count (`n`) are joined: who reads on paper
    wants to know of what each number is, not to sort by it.
    """
    said = [n for n, name in enumerate(head) if any(row[n] for row in rows) or not rows]
    head, rows = [head[n] for n in said], [[row[n] for n in said] for row in rows]
    names = list(head).index(_COUNT) if _COUNT in head else 0
    if len(head) > _MOST and names > 1:
        rows = [[_joined(row[:names]), *row[names:]] for row in rows]
        head = [", ".join(head[:names]), *head[names:]]
    return Table(head, [[cell or _UNSAID for cell in row] for row in rows], texts=len(head))


def _joined(names: Sequence[str]) -> str:
    """Names of one row in a line; "all" is said once, where nothing else is."""
    told = [name for name in names if name not in ("", _ALL)]
    return ", ".join(told) if told else _ALL


def _plain(token: Token) -> str:
    words = (" " if child.type.endswith("break") else child.content for child in token.children or ())
    return "".join(words).strip()
