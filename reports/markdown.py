"""A model card's markdown as parts of a document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from reports.document import Block, Paragraph, Table

if TYPE_CHECKING:
    from markdown_it.token import Token


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
            yield Table(table[0], table[1:], texts=len(table[0]))
            table = None
        elif token.type == "inline":
            said = _plain(token)
            if table is not None:
                table[-1].append(said)
            elif said:
                yield Paragraph(said, kind)
        elif token.type in ("fence", "code_block"):
            yield Paragraph(token.content.strip(), "small")


def _plain(token: Token) -> str:
    words = (" " if child.type.endswith("break") else child.content for child in token.children or ())
    return "".join(words).strip()
