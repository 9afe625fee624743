"""Records to JSON text and back, by pydantic over the records' own type hints.

Unknown keys are ignored and missing ones take the field's default, so that text written by an older or
newer version can still be read.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any, TypeVar, cast

import numpy as np
from pydantic import TypeAdapter
from pydantic_core import to_jsonable_python

T = TypeVar("T")


def parsed(text: str | bytes) -> Any:
    """What JSON text of others holds; raises ValueError where it is none, or nested without end."""
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("JSON that is nested too deeply") from error


def to_json(value: Any) -> str:
    """The record, or tuple of records, as compact JSON text. NaN and infinity raise ValueError."""
    return json.dumps(to_plain(value), separators=(",", ":"), allow_nan=False)


def from_json(kind: type[T] | Any, text: str) -> T:
    """The value of type `kind` (a dataclass or a hint such as `tuple[Refusal, ...]`) in `text`.

    Raises ValueError where it is none.
    """
    return cast(T, _adapter(cast(Any, kind)).validate_json(text))


def to_plain(value: Any) -> Any:
    """The value as dicts, lists and scalars that JSON can hold."""
    return to_jsonable_python(value, inf_nan_mode="constants", fallback=_number)


def from_plain(kind: type[T] | Any, plain: Any) -> T:
    """The value of type `kind` that `to_plain` made `plain` of; raises ValueError where it is none."""
    return cast(T, _adapter(cast(Any, kind)).validate_python(plain))


def _number(value: Any) -> Any:
    """What numpy computed, as Python's own number."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} does not go into JSON")


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
