"""Transactions that wait for each other: the database ends one of them, which can be tried again at once."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from data.database import is_joined, writing
from data.outages import is_deadlock

TRIES = 5
_PAUSE_S = 0.05  # at most, so that the two do not meet again

T = TypeVar("T")


def past_deadlocks(engine: Engine, act: Callable[[Connection], T]) -> T:
    """What `act` gives in a transaction of its own, tried again where that was ended for a deadlock.

    As part of another transaction it is tried once, since that is ended as a whole. Raises what `act`
    raises, and after TRIES times the deadlock.
    """
    tries = 1 if is_joined(engine) else TRIES
    while True:
        tries -= 1
        try:
            with writing(engine) as connection:
                return act(connection)
        except DBAPIError as error:
            if not tries or not is_deadlock(error):
                raise
        time.sleep(random.uniform(0, _PAUSE_S))  # noqa: S311
