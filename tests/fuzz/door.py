"""What is tried: a door through which bytes of strangers come in, and what may be said of them there."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

PATIENT = "Zyxwvut^Qponmlk"
"""Who the made files are of: no refusal may say a part of it."""
_PARTS = re.compile(r"zyxwvut|qponmlk", re.IGNORECASE)
_PYTHON = re.compile(
    r"Traceback|\b[A-Z]\w*(?:Error|Exception|Warning|Interrupt)\b|<[\w.]+ object at|0x[0-9a-f]{6,}"
    r"|\bNoneType\b"
    r"|<class |\bdtype\b|\bnumpy\b|\bpydicom\b|\bnot subscriptable\b|\bhas no attribute\b|\bunhashable\b"
)
_PATHS = re.compile(r"(?:^|[\s'\"(])/(?:tmp|root|home|work|usr|var|proc|dev|opt|srv)\b|\.py\b")
_MOST_WORDS = 1200


class BrokenPromiseError(AssertionError):
    """An input was answered in a way that none may be."""


Knock = Callable[[bytes], str]
"""Takes an input, gives a word for how it was answered; raises BrokenPromiseError, or what the code does."""


@dataclass(frozen=True)
class Door:
    """A way in. `make` draws an input; `opened` builds in a folder, once a process, what takes it."""

    name: str
    make: Callable[[Random], bytes]
    opened: Callable[[Path], Knock]
    share: float  # of all inputs, beside the shares of the others
    quick: bool = True  # cheap enough for each run of the tests


def judge_sentence(sentence: str | None, *, names_the_input: bool = False) -> None:
    """A refusal is one plain sentence: raises BrokenPromiseError for what is none, or tells what it must not.

    `names_the_input`: it repeats a text of the input, so that what stands in quotation marks is not judged.
    """
    if not sentence or not sentence.strip():
        raise BrokenPromiseError("a refusal without words")
    judged = re.sub(r"'.*'|\".*\"|“.*”", "''", sentence, flags=re.DOTALL) if names_the_input else sentence
    if _PYTHON.search(judged):
        raise BrokenPromiseError(f"words of the program: {sentence!r}")
    if _PATHS.search(judged):
        raise BrokenPromiseError(f"a path of the server: {sentence!r}")
    if _PARTS.search(judged):
        raise BrokenPromiseError(f"a patient's name: {sentence!r}")
    if len(judged) > _MOST_WORDS:
        raise BrokenPromiseError(f"a refusal of {len(sentence)} letters: {sentence[:80]!r}")
    if not names_the_input and judged.rstrip()[-1] not in ".?!)'" and not judged.rstrip()[-1].isalnum():
        raise BrokenPromiseError(f"no sentence: {sentence!r}")
    judge_text(sentence, "a refusal")


def judge_text(text: str, what: str) -> None:
    """A text that is kept or shown: raises BrokenPromiseError where a database or an eye would stumble."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BrokenPromiseError(f"{what} holds half a character: {text!r}") from None
    for letter in text:
        if letter not in "\n\t" and unicodedata.category(letter) in ("Cc", "Cs"):
            raise BrokenPromiseError(f"{what} holds a control character: {text!r}")
        if letter in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069":
            raise BrokenPromiseError(f"{what} turns the direction of writing: {text!r}")
