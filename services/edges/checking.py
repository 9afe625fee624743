"""What comes from an edge: whether it can be believed, and as what it is kept here."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

from data.database import id_from, now
from data.errors import InvalidInput
from data.records import Result, Review, ScanPackage, User
from models import tasks
from services.edges.versions import KnownVersions

LONGEST_VERSION, LONGEST_NAME = 64, 255
AHEAD = timedelta(minutes=10)
"""A clock may be so far ahead of this house's: what was said later would not count as such."""

_ID = re.compile(r"[0-9a-f]{32}")
_HASH = re.compile(r"[0-9a-f]{32,64}")
_SUFFIX = re.compile(r"(\.[a-z0-9]{1,8}){1,2}", re.IGNORECASE)
_CONTRADICTS = "This package contradicts itself: {}."


def checked(package: ScanPackage) -> None:
    """Raises InvalidInput for a package that cannot be what an edge has read."""
    scan, results, reviews = package.scan, package.results, package.reviews
    said: list[Result | Review] = [*results, *reviews]
    ids = [each.id for each in said]
    of_results = {result.id for result in results}
    for wrong, words in (
        (scan.task not in tasks.CLINICAL, f"there is no task {scan.task} here"),
        (not all(map(_ID.fullmatch, ids)) or len(set(ids)) < len(ids), "ids that are none, or doubled"),
        (not _HASH.fullmatch(scan.content_sha256) or not _SUFFIX.fullmatch(scan.suffix), "no scan"),
        (package.latest_result_id not in of_results, "the result that counts is missing"),
        (any(result.task != scan.task for result in results), "a result of another task"),
        (any(review.result_id not in of_results for review in reviews), "a review of no result"),
    ):
        if wrong:
            raise InvalidInput(_CONTRADICTS.format(words))
    last = max(each.created_at for each in said)
    if last > now() + AHEAD:
        raise InvalidInput(f"The edge's clock is ahead: this was said at {last:%Y-%m-%d %H:%M} UTC.")


def here(result: Result, edge: str, versions: KnownVersions) -> tuple[Result, bool]:
    """A result as this house keeps it, and whether this house has the version that made it.

    A version that it does not have is called as at the edge with the edge's name, so that nothing counts for
    another version of the same number. Raises Busy where the versions cannot be told.
    """
    made = result.provenance
    number = versions.number(result.task, made)
    version = number or f"{made.model_version}@{edge}"[:LONGEST_VERSION]
    provenance = replace(made, model_version=version, read_at=edge, edge_version=made.model_version)
    return replace(result, provenance=provenance), number is not None


def reviewed_there(review: Review, edge: User) -> Review:
    """A review as this house keeps it: by somebody who has no account here, named as at the edge.

    The id of a reader follows from edge and account there: the same person stays the same reader.
    """
    reader = id_from("reader at an edge", edge.id, review.reviewer_id) if review.reviewer_id else ""
    name = f"{review.reviewer_name}, at {edge.display_name}"[:LONGEST_NAME]
    return replace(review, reviewer_id=reader, reviewer_name=name)
