"""What must be true of a house after each start, whatever was killed: by its database and its files."""

from __future__ import annotations

import fcntl
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection, text

from data.database import open_database


@dataclass
class Acknowledged:
    """What clients were told is done."""

    uploads: dict[str, str] = field(default_factory=dict)  # scan id -> name, by the API
    resumable: dict[str, str] = field(default_factory=dict)  # upload id -> name
    corrections: dict[str, str] = field(default_factory=dict)  # review id -> scan id
    promotions: dict[str, str] = field(default_factory=dict)  # id -> state
    reports: set[str] = field(default_factory=set)
    imported: set[str] = field(default_factory=set)  # names of files of imports that ended


@contextmanager
def opened(home: Path, url: str) -> Iterator[Connection]:
    """A connection that reads the database of a house: at `url`, or where none is said, in its folder."""
    engine = open_database(url or f"sqlite:///{home / 'lightbox.db'}")
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def faults(home: Path, told: Acknowledged, url: str = "") -> list[str]:
    """What is lost, doubled or half done."""
    with opened(home, url) as database:
        return [
            *_lost(database, told),
            *_doubled(database),
            *_half(database, home),
        ]


def unfinished(home: Path, url: str = "") -> list[str]:
    """Jobs and scans that still wait or run."""
    with opened(home, url) as database:
        jobs = rows_of(
            database, "select kind, subject, state from jobs where state in ('queued', 'running', 'waiting')"
        )
        scans = rows_of(database, "select id, status from scans where status in ('waiting', 'reading')")
        uploads = rows_of(
            database,
            "select id, state from uploads where size = received and state not in ('done', 'failed')",
        )
    return [f"{row}" for row in (*jobs, *scans, *uploads)]


def rows_of(database: Connection, query: str, *values: object) -> list[tuple[object, ...]]:
    """The rows of a query, whose `?` stand for `values`."""
    names = itertools.count()
    named = "".join(f":v{next(names)}" if letter == "?" else letter for letter in query)
    asked = {f"v{number}": value for number, value in enumerate(values)}
    return [tuple(row) for row in database.execute(text(named), asked)]


def _count(database: Connection, query: str, *values: object) -> int:
    return int(str(rows_of(database, query, *values)[0][0]))


def _lost(database: Connection, told: Acknowledged) -> Iterator[str]:
    for scan in told.uploads:
        if _count(database, "select count(*) from scans where id = ?", scan) != 1:
            yield f"scan {scan} was acknowledged and is lost"
        events = _count(
            database, "select count(*) from audit_events where action = 'scan.add' and subject = ?", scan
        )
        if events != 1:
            yield f"scan {scan} has {events} events of its coming"
    for upload, name in told.resumable.items():
        if _count(database, "select count(*) from uploads where id = ?", upload) != 1:
            yield f"upload {upload} ({name}) was acknowledged and is lost"
    for review, scan in told.corrections.items():
        if _count(database, "select count(*) from reviews where id = ? and scan_id = ?", review, scan) != 1:
            yield f"correction {review} of {scan} was acknowledged and is lost"
    for scan in set(told.corrections.values()):
        reviews = _count(
            database, "select count(*) from reviews where scan_id = ? and verdict = 'corrected'", scan
        )
        query = "select count(*) from audit_events where action = 'review.corrected' and subject = ?"
        if (events := _count(database, query, scan)) != reviews:
            yield f"scan {scan} has {reviews} corrections and {events} events of them"
    for promotion, state in told.promotions.items():
        known = rows_of(database, "select state from promotions where id = ?", promotion)
        if len(known) != 1 or (state == "done" and known[0][0] != "done"):
            yield f"promotion {promotion} was {state} and is {known}"
    for report in told.reports:
        if _count(database, "select count(*) from reports where id = ?", report) != 1:
            yield f"report {report} was acknowledged and is lost"


def _doubled(database: Connection) -> Iterator[str]:
    for query, what in (
        (
            "select content_sha256 from scans group by content_sha256 having count(*) > 1",
            "scans of one content",
        ),
        (
            "select subject from audit_events where action = 'scan.add' group by subject having count(*) > 1",
            "events of one coming",
        ),
        (
            "select scan_id from results group by scan_id, model_version having count(*) > 1",
            "results of one version",
        ),
        (
            "select s.id from scans s where (select count(*) from audit_events e where e.action = 'scan.add' "
            "and e.subject = s.id) = 0 and s.uploaded_by in (select id from users)",
            "scans without an event",
        ),
        (
            "select subject from jobs where open_key is not null group by kind, subject having count(*) > 1",
            "jobs",
        ),
    ):
        rows = rows_of(database, query)
        if rows:
            yield f"{what}: {rows[:3]}"


def _is_left(file: Path) -> bool:
    """Whether nobody is writing it just now."""
    try:
        with file.open("rb") as held:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _half(database: Connection, home: Path) -> Iterator[str]:
    """Files without rows, rows without files, and what a kill left half written."""
    files = home / "files"
    for left in (*filter(_is_left, home.rglob("*.part")), *home.glob("open-*")):
        yield f"left over: {left.relative_to(home)}"
    scans = {str(row[0]) for row in rows_of(database, "select id from scans")}
    there = {place.name for place in (files / "scans").glob("*")}
    for scan in scans:
        if not {"array.npy", "thumbnail.png"} <= {
            file.name.removesuffix(".z") for file in (files / "scans" / scan).glob("*")
        }:
            yield f"scan {scan} lacks files"
    for orphan in sorted(there - scans):
        yield f"files without a scan: {orphan}"
    masks = {str(row[0]) for row in rows_of(database, "select id from results where has_mask")}
    for result in masks:
        if not (files / "results" / result / "mask.npy.z").exists():
            yield f"result {result} lacks its mask"
    for orphan in sorted(
        {place.name for place in (files / "results").glob("*")}
        - {str(row[0]) for row in rows_of(database, "select id from results")}
    ):
        yield f"files without a result: {orphan}"
    for review in rows_of(database, "select id from reviews where verdict = 'corrected'"):
        if not (files / "reviews" / str(review[0]) / "mask.npy.z").exists():
            yield f"review {review[0]} lacks its mask"
    for orphan in sorted(
        {place.name for place in (files / "reviews").glob("*")}
        - {str(row[0]) for row in rows_of(database, "select id from reviews")}
    ):
        yield f"files without a review: {orphan}"
    uploads = {str(row[0]) for row in rows_of(database, "select id from uploads where state != 'done'")}
    for place in (home / "uploads").glob("*"):
        if place.name not in uploads and not place.name.startswith("."):
            yield f"bytes of an upload that is done or unknown: {place.name}"
