"""Addresses of databases; importing this loads no database."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote


def sqlite_url(file: Path) -> str:
    """The address of a SQLite file in any folder: `%`, `?` and `#` in its name mean something in a URL."""
    return f"sqlite:///{quote(str(file))}"
