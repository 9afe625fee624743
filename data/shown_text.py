"""Texts of strangers as they may be kept and shown: what letters no text may hold."""

from __future__ import annotations

import unicodedata

_UNSHOWN = "\ufffd"
_NOT_SHOWN = ("Cc", "Cs")
_LINES = "\n\t"
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def shown(text: str, *, lines: bool = False) -> str:
    """The text with a question mark in a lozenge for each letter that may not be kept or shown.

    These are what a database has no room for (control characters, halves of characters) and what turns
    the direction of writing, so that a text looks like another one. Line ends and tabs stay with `lines`.
    """
    if text.isprintable():
        return text
    return "".join(_UNSHOWN if _hidden(letter, lines) else letter for letter in text)


def _hidden(letter: str, lines: bool) -> bool:
    if lines and letter in _LINES:
        return False
    return letter in _TURNING or unicodedata.category(letter) in _NOT_SHOWN
