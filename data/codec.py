"""Frozen dataclasses to JSON text and back, driven by their type hints.

Understands what the records are made of: other dataclasses, tuples of one or of several types,
string-keyed dicts, enums, dates, datetimes, optional values and plain scalars. Unknown keys are
ignored and missing ones take the field's default, so that text written by an older or newer
version can still be read.
"""

from __future__ import annotations

import dataclasses
import json
import types
from collections.abc import Callable
from datetime import date, datetime
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import numpy as np

T = TypeVar("T")


def to_json(value: Any) -> str:
    """The record, or tuple of records, as compact JSON text. NaN and infinity raise ValueError."""
    return json.dumps(to_plain(value), separators=(",", ":"), allow_nan=False)


def from_json(kind: type[T] | Any, text: str) -> T:
    """The value of type `kind` (a dataclass or a hint such as `tuple[Refusal, ...]`) in `text`."""
    return cast(T, from_plain(kind, json.loads(text)))


def to_plain(value: Any) -> Any:
    """The value as dicts, lists and scalars that JSON can hold."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, date):  # datetimes are dates too
        return value.isoformat()
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, (tuple, list)):
        return [to_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): to_plain(item) for key, item in value.items()}
    return value


def from_plain(kind: Any, plain: Any) -> Any:
    """The value of type `kind` that `to_plain` made `plain` of."""
    if plain is None or kind is Any:
        return plain
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return from_plain(_without_none(kind), plain)
    if origin is not None:
        return _from_container(origin, get_args(kind), plain)
    if dataclasses.is_dataclass(kind):
        return _record(kind, plain)
    return _scalar(kind)(plain)


def _record(kind: Any, plain: dict[str, Any]) -> Any:
    hints = _hints(kind)
    return kind(**{key: from_plain(hints[key], item) for key, item in plain.items() if key in hints})


def _from_container(origin: Any, arguments: tuple[Any, ...], plain: Any) -> Any:
    if origin is dict:
        return {key: from_plain(arguments[1], item) for key, item in plain.items()}
    if origin is list:
        return [from_plain(arguments[0], item) for item in plain]
    if origin is not tuple:
        raise TypeError(f"cannot read {origin} from JSON")
    if arguments[-1] is Ellipsis:
        return tuple(from_plain(arguments[0], item) for item in plain)
    return tuple(from_plain(kind, item) for kind, item in zip(arguments, plain, strict=True))


def _scalar(kind: Any) -> Callable[[Any], Any]:
    if issubclass(kind, (date, datetime)):
        return cast(Callable[[Any], Any], kind.fromisoformat)
    return cast(Callable[[Any], Any], kind)


def _without_none(kind: Any) -> Any:
    kinds = [argument for argument in get_args(kind) if argument is not type(None)]
    if len(kinds) != 1:
        raise TypeError(f"cannot tell which of {kinds} is meant")
    return kinds[0]


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)
