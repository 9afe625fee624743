"""What people wrote of a scan, without the patient's name and number, for who may not know them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from data.records import Identity, Review, UnaidedReading, User
from services.deidentification import without_identity
from services.reviewing.second_readings import DoubleReading


def reviews_unnamed(said: Iterable[Review], identity: Identity | None, viewer: User) -> tuple[Review, ...]:
    """Reviews without what names the patient in comments and reasons; the viewer's own stay as written."""
    return tuple(
        review
        if review.reviewer_id == viewer.id
        else replace(review, reason=_plain(review.reason, identity), comment=_plain(review.comment, identity))
        for review in said
    )


def unaided_unnamed(
    given: Iterable[UnaidedReading], identity: Identity | None, viewer: User
) -> tuple[UnaidedReading, ...]:
    """The same for readings without the AI."""
    return tuple(
        reading
        if reading.reader_id == viewer.id
        else replace(reading, comment=_plain(reading.comment, identity))
        for reading in given
    )


def double_unnamed(double: DoubleReading, identity: Identity | None, viewer: User) -> DoubleReading:
    """The same for a second reading: why it was asked for, and what its readers said."""
    decided = () if double.adjudication is None else (double.adjudication,)
    asked = double.asked
    return replace(
        double,
        asked=replace(asked, why=without_identity(asked.why, identity)),
        readings=reviews_unnamed(double.readings, identity, viewer),
        adjudication=next(iter(reviews_unnamed(decided, identity, viewer)), None),
    )


def _plain(words: str | None, identity: Identity | None) -> str | None:
    return None if words is None else without_identity(words, identity)
