"""Column types that behave alike on SQLite, PostgreSQL and MySQL."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Dialect, String, Text
from sqlalchemy.dialects import mysql
from sqlalchemy.types import TypeDecorator, TypeEngine

ID_LENGTH = 32  # uuid4 in hex


class UtcDateTime(TypeDecorator[datetime]):
    """An aware time, kept as UTC to the microsecond and given back as aware UTC."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """MySQL drops fractions of a second unless asked to keep them."""
        if dialect.name in ("mysql", "mariadb"):
            return dialect.type_descriptor(mysql.DATETIME(fsp=6))
        return dialect.type_descriptor(DateTime())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """A time without a zone is a mistake of the caller, not something to guess."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone: {value.isoformat()}")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """What comes out is UTC."""
        return None if value is None else value.replace(tzinfo=UTC)


class Line(TypeDecorator[str]):
    """A short text from outside, cut to the column's length and made storable.

    File headers hold NUL bytes, which PostgreSQL refuses, undecodable bytes, which no database
    takes, and more characters than the standard allows, which only SQLite takes.
    """

    impl = String
    cache_ok = True

    def __init__(self, length: int = 255) -> None:
        super().__init__(length)
        self.length = length

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """The text as it can be kept."""
        return None if value is None else storable(value)[: self.length]


class Words(TypeDecorator[str]):
    """A text of any length (16 MB on MySQL), made storable as in `Line`."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """MySQL's TEXT ends at 64 KB: too short for the measurements of many lesions."""
        if dialect.name in ("mysql", "mariadb"):
            return dialect.type_descriptor(mysql.MEDIUMTEXT())
        return dialect.type_descriptor(Text())

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """The text as it can be kept."""
        return None if value is None else storable(value)


def storable(text: str) -> str:
    """The text without NUL characters and lone surrogates."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def folded(text: str) -> str:
    """The text as compared and searched: one case, single blanks, DICOM's `^` read as a blank."""
    return " ".join(storable(text).replace("^", " ").casefold().split())
