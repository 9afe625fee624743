"""Looks for words in every byte of folders, however they are written and packed."""

from __future__ import annotations

import base64
import contextlib
import gzip
import html
import io
import json
import sqlite3
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

import pypdf

_ENCODINGS = (
    "utf-8", "latin-1", "utf-16-le", "utf-16-be", "iso8859-5", "iso8859-6", "iso8859-7", "cp1251", "koi8_r",
    "shift_jis", "euc_jp", "iso2022_jp", "euc_kr", "gb18030",
)  # fmt: skip
_LEAST_BYTES, _LEAST_BASE64, _DEEPEST = 6, 10, 4
_MOST_BYTES = 256 << 20
Spellings = dict[bytes, str]


def spellings(words: Iterable[str]) -> Spellings:
    """How the words may stand in bytes, each with its word."""
    spelt: Spellings = {}
    for word in words:
        for form in _forms(word):
            for raw in _written(form):
                if len(raw) >= _LEAST_BYTES:
                    spelt[raw.lower()] = word
            for raw in _in_base64(form):
                spelt[raw.lower()] = word
    return spelt


def _forms(word: str) -> set[str]:
    forms = {word, word.lower(), word.upper(), word.title(), word.casefold()}
    return forms | {unicodedata.normalize("NFD", form) for form in forms}


def _written(form: str) -> Iterator[bytes]:
    for encoding in _ENCODINGS:
        with contextlib.suppress(UnicodeEncodeError):
            raw = form.encode(encoding)
            yield raw
            yield quote(raw).encode()
            yield quote(quote(raw)).encode()
    yield json.dumps(form)[1:-1].encode()
    yield html.escape(form).encode()
    yield form.encode("ascii", "xmlcharrefreplace")
    yield "".join(f"&#x{ord(letter):x};" for letter in form).encode()
    yield form.encode("unicode_escape")


def _in_base64(form: str) -> Iterator[bytes]:
    """At any of the three places that a text may begin at; without what its neighbours decide, too."""
    for encoding in ("utf-8", "latin-1"):
        with contextlib.suppress(UnicodeEncodeError):
            raw = form.encode(encoding)
            for lead in range(3):
                first, last = (lead * 4 + 2) // 3, ((lead + len(raw)) * 4) // 3
                middle = base64.b64encode(b"\0" * lead + raw)[first:last]
                if len(middle) >= _LEAST_BASE64:
                    yield middle
                    yield middle.replace(b"+", b"-").replace(b"/", b"_")


def found_in(folders: Iterable[Path], spelt: Spellings) -> dict[str, set[str]]:
    """Which words stand where: a file, a member of an archive, or a column of a database."""
    places: dict[str, set[str]] = {}
    for folder in folders:
        for file in sorted(folder.rglob("*")):
            words = _in(file.name.encode(errors="surrogateescape"), spelt)
            if words:
                places[f"name of {file.parent}"] = places.get(f"name of {file.parent}", set()) | words
            if not file.is_file() or file.is_symlink() or file.stat().st_size > _MOST_BYTES:
                continue
            for place, content in _contents(str(file), file.read_bytes()):
                if words := _in(content, spelt):
                    places[place] = places.get(place, set()) | words
    return places


def _in(content: bytes, spelt: Spellings) -> set[str]:
    lowered = content.lower()
    return {word for raw, word in spelt.items() if raw in lowered}


def _contents(place: str, content: bytes, depth: int = 0) -> Iterator[tuple[str, bytes]]:
    """The bytes, and what is packed in them."""
    yield place, content
    if depth == _DEEPEST:
        return
    inside: list[tuple[str, bytes]] = []
    with contextlib.suppress(zipfile.BadZipFile, OSError, EOFError, zlib.error, sqlite3.Error, ValueError):
        if content[:4] == b"PK\x03\x04":
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                inside = [(f"{place}!{name}", archive.read(name)) for name in archive.namelist()]
        elif content[:2] == b"\x1f\x8b":
            inside = [(place, gzip.decompress(content))]
        elif content[:4] == b"%PDF":
            inside = [(f"{place} (text)", _text_of_pdf(content))]
        elif content[:15] == b"SQLite format 3":
            inside = list(_columns(Path(place))) if depth == 0 else []
    for name, packed in inside:
        yield from _contents(name, packed, depth + 1)


def _text_of_pdf(content: bytes) -> bytes:
    read = pypdf.PdfReader(io.BytesIO(content))
    texts = [page.extract_text() for page in read.pages]
    return "\n".join(
        [*texts, str(read.metadata), str(read.xmp_metadata and vars(read.xmp_metadata))]
    ).encode()


def _columns(file: Path) -> Iterator[tuple[str, bytes]]:
    """Each column of a database as bytes, so that what is found there can be named."""
    connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    connection.text_factory = bytes
    with contextlib.closing(connection):
        tables = [
            row[0].decode()
            for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        for table in tables:
            names = [row[1].decode() for row in connection.execute(f'PRAGMA table_info("{table}")')]
            for name in names:
                rows = connection.execute(f'SELECT "{name}" FROM "{table}"')  # noqa: S608 - its own names
                values = [value if isinstance(value, bytes) else str(value).encode() for (value,) in rows]
                yield f"{file}:{table}.{name}", b"\n".join(values)
