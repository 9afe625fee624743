"""Values of DICOM elements as the field writes them: text of one line, numbers of any notation."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable
from typing import Any

from pydicom.dataset import Dataset
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.multival import MultiValue
from pydicom.tag import BaseTag

PARSE_ERRORS = (
    ArithmeticError,
    AttributeError,
    BytesLengthException,  # a number whose bytes do not fit its representation
    EOFError,
    InvalidDicomError,
    LookupError,
    NotImplementedError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
"""What pydicom raises for damaged bytes; it parses lazily, so at any access to an element."""

MOST_ELEMENTS = 20_000
"""Of a data set, before what is looked for: a scanner's has some hundreds, a zero byte makes an eighth."""

_COMMA_FOR_POINT = re.compile(r"[+-]?\d*,\d+(?:[eE][+-]?\d+)?")
_MILLIMETRES = re.compile(r"\s*mm\s*$", re.IGNORECASE)


def value_of(header: Dataset, keyword: str) -> Any:
    """An element's value, None where it is absent or cannot be parsed."""
    try:
        return header.get(keyword)
    except PARSE_ERRORS:
        return None


def parsing_until(ends: Callable[[BaseTag], bool]) -> Callable[[BaseTag, str | None, int], bool]:
    """For pydicom's `stop_when`: the first tag that is no more wanted.

    What it gives raises ValueError (one of PARSE_ERRORS) after MOST_ELEMENTS: small files that unpack to
    zeros hold millions, and each costs time.
    """
    seen = 0

    def stop(tag: BaseTag, _vr: str | None, _length: int) -> bool:
        nonlocal seen
        seen += 1
        if seen > MOST_ELEMENTS:
            raise ValueError("too many elements")
        return ends(tag)

    return stop


def after_meta() -> Callable[[BaseTag, str | None, int], bool]:
    """The same for the end of the file meta information (PS3.10, 7.1)."""
    return parsing_until(lambda tag: tag.group != 2)


def text_of(header: Dataset, keyword: str) -> str | None:
    """An element as one stripped line of text, None where it is absent, empty or damaged."""
    value = value_of(header, keyword)
    if value is None:
        return None
    if isinstance(value, (list, tuple, MultiValue)):
        value = "\\".join(str(part) for part in value)
    elif isinstance(value, bytes):
        value = value.decode("ascii", "replace")
    text = "".join(char for char in str(value) if char.isprintable()).strip()
    return text or None


def number(header: Dataset, keyword: str) -> float | None:
    """An element as one finite number (the first of several)."""
    numbers = number_list(header, keyword)
    return numbers[0] if numbers else None


def number_list(header: Dataset, keyword: str) -> list[float] | None:
    """An element as finite numbers; None where it is absent or one of them is not a number.

    Text is understood whatever the value representation: decimal commas, a unit of mm, and
    commas or blanks between numbers with decimal points.
    """
    value = value_of(header, keyword)
    if value is None or isinstance(value, (str, bytes)) and not value:
        return None
    values = value if isinstance(value, (list, tuple, MultiValue)) else [value]
    try:
        numbers = [part for one_value in values for part in _numbers(one_value)]
    except (TypeError, ValueError, OverflowError):
        return None
    finite = all(part == part and abs(part) != float("inf") for part in numbers)
    return numbers if numbers and finite else None


def _numbers(value: Any) -> list[float]:
    if not isinstance(value, (str, bytes)) or hasattr(value, "original_string"):
        return [float(value)]
    text = value.decode("ascii") if isinstance(value, bytes) else value
    return [number for part in text.strip(" \0").split("\\") for number in _written(part)]


def _written(text: str) -> list[float]:
    text = _MILLIMETRES.sub("", text.strip())
    if _COMMA_FOR_POINT.fullmatch(text):
        return [float(text.replace(",", "."))]
    if "." in text:
        text = text.replace(",", " ")
    return [float(part.replace(",", ".")) for part in text.split()] if text else []
