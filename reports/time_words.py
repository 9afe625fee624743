"""Moments as people read them: by the clock of the house, with the name of its time zone."""

from __future__ import annotations

from datetime import datetime


def clock(moment: datetime) -> str:
    """An aware moment to the minute, "2026-11-28 07:14 CET", in this server's zone."""
    return f"{moment.astimezone():%Y-%m-%d %H:%M %Z}"


def minute(moment: datetime | None) -> str:
    """The same without the zone's name, for columns of which the report says the zone; "" for no moment."""
    return f"{moment.astimezone():%Y-%m-%d %H:%M}" if moment else ""


def day(moment: datetime) -> str:
    """The day of an aware moment, in this server's zone."""
    return f"{moment.astimezone():%Y-%m-%d}"
