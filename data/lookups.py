"""What a page asks for several times is looked up once, as long as it reads one moment of the database."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar

from sqlalchemy import Engine

from data.database import looked_up_in_moment
from data.department_wall import bound

_Value = TypeVar("_Value")


def once_in_moment(engine: Engine, look_up: Callable[..., _Value], *asked: Hashable) -> _Value:
    """What `look_up` gives for what is `asked`; within `one_moment` looked up once.

    All who ask share what it gives: nobody may change it.
    """
    known = looked_up_in_moment(engine)
    if known is None:
        return look_up(*asked)
    key = look_up, bound(), *asked
    if key not in known:
        known[key] = look_up(*asked)
    value: _Value = known[key]
    return value
