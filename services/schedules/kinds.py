"""What can be put on a schedule: the kinds of run, and what of each a person chooses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from data.records import Schedule
from services.permissions import Permission

Run = Callable[[Schedule], None]
Choices = Mapping[str, str]
"""What a person chose, by the name of the field: task, window, n, reference, filters."""


@dataclass(frozen=True)
class Default:
    """A schedule that a kind of run brings; it is made once, and stays deleted if it is."""

    name: str
    ask: str
    cron: str
    key: str = ""  # what it is known by, where its name has changed since it was first made


@dataclass(frozen=True)
class Offer:
    """Something that a person may have run periodically, and which fields say how."""

    name: str
    words: str
    fields: tuple[str, ...]
    usual_n: int = 0  # what stands in the field n at first, of those that have it
    n_words: str = "How many days"  # what the field n asks for


@dataclass(frozen=True)
class Planning:
    """How a kind of run is planned by plain choices.

    `ask_of` makes the ask (JSON) of an offer's name and what was chosen, and raises InvalidInput where that
    cannot be run; `choices_of` is its inverse.
    """

    offers: Sequence[Offer]
    ask_of: Callable[[str, Choices], str]
    choices_of: Callable[[str], tuple[str, Choices]]


@dataclass(frozen=True)
class ScheduleKind:
    """A registered kind of periodic run."""

    run: Run
    describe: Callable[[str], str]
    defaults: Sequence[Default]
    planning: Planning | None
    later: bool
    permission: Permission  # that who plans or begins such runs has, beside that for schedules
