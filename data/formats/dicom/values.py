"""Values of DICOM elements as the field writes them: text of one line, numbers of any notation."""

from __future__ import annotations

import re
import struct
import zlib
from typing import Any

from pydicom.dataset import Dataset
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.multival import MultiValue

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

_COMMA_FOR_POINT = re.compile(r"[+-]?\d*,\d+(?:[eE][+-]?\d+)?")
_MILLIMETRES = re.compile(r"\s*mm\s*$", re.IGNORECASE)


def value_of(header: Dataset, keyword: str) -> Any:
    """An element's value, None where it is absent or cannot be parsed."""
    try:
        return header.get(keyword)
    except PARSE_ERRORS:
        return None


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
