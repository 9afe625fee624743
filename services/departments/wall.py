"""Who is asking sees their own departments' scans: what a door does with a request of theirs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote

from data.department_wall import begin, bound, end
from data.stores.departments import DepartmentStore

__all__ = ["NOWHERE", "DepartmentWall", "begin", "end", "plain", "replaced_in", "texts_in", "without"]
NOWHERE = "0" * 32
"""The id of no scan: another department's scan is asked for by it, so that every answer is as for none."""
_ID = re.compile(r"(?=([0-9a-f]{32}))")
_AT_ONCE = 500


class DepartmentWall:
    """Puts, in what somebody bound to departments asks, the ids of other departments' scans away.

    The database hides rows already; this is for what is found by a scan's id without one: its pictures.
    """

    def __init__(self, store: DepartmentStore) -> None:
        self._store = store

    def hidden(self, texts: Iterable[str]) -> frozenset[str]:
        """The ids in these texts that are scans which this thread may not see."""
        if bound() is None:
            return frozenset()
        ids = sorted({match[1] for text in texts for match in _ID.finditer(plain(text))})
        outside: set[str] = set()
        for start in range(0, len(ids), _AT_ONCE):
            outside |= self._store.outside(ids[start : start + _AT_ONCE])
        return frozenset(outside)


def plain(text: str) -> str:
    """A text as the most willing reader takes it, without what percent signs write otherwise."""
    for _ in range(8):
        decoded = unquote(text)
        if decoded == text:
            return text
        text = decoded
    return ""  # so often is nothing written that means anything


def without(text: str, hidden: Iterable[str]) -> str:
    """A text in which NOWHERE stands for each hidden id; as it is where it has none."""
    decoded = plain(text)
    replaced = decoded
    for each in hidden:
        replaced = replaced.replace(each, NOWHERE)
    return text if replaced == decoded else replaced


def texts_in(value: Any) -> Iterable[str]:
    """Every text in a JSON value, names too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from texts_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts_in(inner)


def replaced_in(value: Any, hidden: frozenset[str]) -> Any:
    """A JSON value in which NOWHERE stands for each hidden id."""
    if isinstance(value, str):
        return without(value, hidden)
    if isinstance(value, dict):
        return {without(name, hidden): replaced_in(inner, hidden) for name, inner in value.items()}
    if isinstance(value, list):
        return [replaced_in(inner, hidden) for inner in value]
    return value
