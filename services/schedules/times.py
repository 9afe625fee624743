"""When a schedule comes: cron expressions, plain choices in their place, and both in words.

Times are of the hospital's time zone (the machine's own, or the setting `TZ`), by the wall clock: 07:00
stays 07:00 when the clocks change. A time that does not exist on such a day comes right after the gap, one
that comes twice counts once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from itertools import islice, pairwise

from cronsim import CronSim, CronSimError

from data.errors import InvalidInput

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
LAST_SAFE_DAY = 28
"""The last day that every month has."""
_FIELDS = 5
_SHOWN_TIMES = 3
_PLAIN = re.compile(r"(\d+) (\d+) (\*|\d+) \* (\*|1-5|MON-FRI|[0-7])", re.IGNORECASE)
_HOLDS = {
    "minute": " It goes from 0 to 59.",
    "hour": " It goes from 0 to 23.",
    "day-of-month": " It goes from 1 to 31, and the month has to have that day.",
    "month": " It goes from 1 to 12.",
    "day-of-week": " It goes from 0 (Sunday) to 7 (Sunday again).",
}
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


class Every(StrEnum):
    """How often, where somebody chooses plainly."""

    DAY = "day"
    WEEKDAY = "weekday"  # Monday to Friday
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True)
class PlainTimes:
    """A plain choice: how often, at which time ("07:00"), on which day of the week or of the month."""

    every: Every
    at: str
    weekday: int = 0  # 0 is Monday
    day: int = 1  # of the month, 1 to 28

    @property
    def words(self) -> str:
        """As a person says it."""
        said = {
            Every.DAY: "every day",
            Every.WEEKDAY: "Monday to Friday",
            Every.WEEK: f"every {WEEKDAYS[self.weekday]}",
            Every.MONTH: f"on day {self.day} of every month",
        }
        return f"{said[self.every]} at {self.at}"

    @property
    def cron(self) -> str:
        """The expression; raises InvalidInput for a time or day that is none."""
        clock = _CLOCK.fullmatch(self.at.strip())
        if clock is None:
            raise InvalidInput("Give the time as hours and minutes, such as 07:00.")
        if not (0 <= self.weekday < len(WEEKDAYS) and 1 <= self.day <= LAST_SAFE_DAY):
            raise InvalidInput(f"Choose a day of the month from 1 to {LAST_SAFE_DAY}: every month has these.")
        days = {
            Every.DAY: "* * *",
            Every.WEEKDAY: "* * 1-5",
            Every.WEEK: f"* * {(self.weekday + 1) % 7}",
            Every.MONTH: f"{self.day} * *",
        }
        return f"{int(clock[2])} {int(clock[1])} {days[self.every]}"


@dataclass(frozen=True)
class Preview:
    """What a cron expression means: in words, and its next times in the hospital's time zone."""

    words: str
    times: tuple[datetime, ...]
    zone: str = ""  # its name
    note: str = ""  # where the clocks change among these times


def plain_of(cron: str) -> PlainTimes | None:
    """The plain choice that an expression is; None for one that only an expression can say."""
    parts = _PLAIN.fullmatch(" ".join(cron.split()))
    if parts is None:
        return None
    minute, hour, day, weekday = int(parts[1]), int(parts[2]), parts[3], parts[4].lower()
    if minute > 59 or hour > 23 or (day != "*" and not 1 <= int(day) <= LAST_SAFE_DAY):
        return None
    at = f"{hour:02d}:{minute:02d}"
    if day == "*":
        if weekday == "*":
            return PlainTimes(Every.DAY, at)
        if not weekday.isdigit():
            return PlainTimes(Every.WEEKDAY, at)
        return PlainTimes(Every.WEEK, at, weekday=(int(weekday) - 1) % 7)
    return PlainTimes(Every.MONTH, at, day=int(day)) if weekday == "*" else None


def preview(cron: str, local: datetime, zone: tzinfo) -> Preview:
    """What an expression means from `local` on; raises InvalidInput for one that cannot be kept."""
    expression = checked(cron)
    times = tuple(islice(CronSim(expression, local), _SHOWN_TIMES))
    if not times:
        raise InvalidInput("This time never comes.")
    plain = plain_of(expression)
    words = CronSim(expression, local).explain() if plain is None else plain.words
    return Preview(words[:1].upper() + words[1:], times, str(zone), _change_of_clocks((local, *times)))


def checked(cron: str) -> str:
    """The expression in its plain form; raises InvalidInput with a sentence on what does not fit."""
    fields = cron.split()
    if len(fields) != _FIELDS:
        raise InvalidInput("Five parts are needed: minute, hour, day of the month, month, day of the week.")
    try:
        CronSim(" ".join(fields), datetime(2026, 1, 1))
    except CronSimError as error:
        part = str(error).removeprefix("Bad ")
        words, holds = part.replace("-", " "), _HOLDS.get(part, "")
        raise InvalidInput(f"The part for the {words} cannot be understood.{holds}") from None
    return " ".join(fields)


def latest_due(cron: str, local: datetime) -> datetime:
    """The latest time up to and including `local`, an aware time in the schedule's zone; given in UTC."""
    # Backwards from a fraction later, so that the very moment counts.
    from_here = CronSim(cron, local + timedelta(microseconds=1), reverse=True)
    return next(from_here, datetime.min.replace(tzinfo=UTC)).astimezone(UTC)


def server_zone() -> tzinfo:
    """The time zone of this machine, with its changes between summer and winter."""
    from tzlocal import get_localzone

    return get_localzone()


def _change_of_clocks(times: tuple[datetime, ...]) -> str:
    """A sentence where the clocks change between two of these times."""
    for before, after in pairwise(times):
        if before.utcoffset() != after.utcoffset():
            return (
                f"The clocks change before {after:%A} {after.day} {after:%B} ({before.tzname()} to "
                f"{after.tzname()}); the time stays by the wall clock."
            )
    return ""
