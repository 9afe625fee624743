"""Verdicts of several readers on the scans of a small clinic, as if they had been given over months."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from data.database import new_id, now
from data.records import BRAIN_TUMOUR, Result, Review, Role, User, Verdict
from tests.dashboard.clinic import Clinic


def readers(clinic: Clinic, groups: Sequence[str]) -> list[User]:
    """A clinician for each of these groups ("" for none), r0 and so on."""
    made = []
    for number, group in enumerate(groups):
        user, _ = clinic.accounts.create(f"r{number}", f"Dr Reader {number}", Role.CLINICIAN)
        made.append(clinic.accounts.set_reader_group(user.id, group))
    return made


def read_scans(clinic: Clinic, n: int) -> list[Result]:
    """So many read films, of which nothing is kept but what verdicts are about: no picture, no mask."""
    made = []
    film = clinic.add_film("u")
    for _ in range(n):
        scan = replace(film, id=new_id(), content_sha256=new_id(), task=BRAIN_TUMOUR)
        clinic.scans.add(scan)
        made.append(clinic.read_film(scan, task=BRAIN_TUMOUR))
    return made


def say(
    clinic: Clinic,
    reader: User,
    result: Result,
    seconds: float | None = 30.0,
    verdict: Verdict = Verdict.ACCEPTED,
    at: datetime | None = None,
) -> Review:
    """A reader's verdict on a result, after so many seconds before it."""
    review = Review(
        new_id(), result.scan_id, result.id, verdict, None, reader.id, reader.display_name, at or now(),
        truth_positive=None if verdict is Verdict.UNSURE else verdict is Verdict.ACCEPTED,
        minutes=None if seconds is None else seconds / 60,
    )  # fmt: skip
    return clinic.reviews.add(review)


def say_all(
    clinic: Clinic,
    reader: User,
    results: Sequence[Result],
    seconds: float = 30.0,
    overrides: int = 0,
    begin: datetime | None = None,
) -> None:
    """A verdict on each of these results, a second apart; the first few of them reject."""
    first = begin or now() - timedelta(seconds=len(results))
    for number, result in enumerate(results):
        verdict = Verdict.REJECTED if number < overrides else Verdict.ACCEPTED
        say(clinic, reader, result, seconds, verdict, first + timedelta(seconds=number))
