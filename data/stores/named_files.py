"""The files that rows name: what has to be there where these rows are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, select

from data.codec import from_json
from data.records import UploadState, Verdict
from data.tables import reports, results, reviews, scans, uploads

_WHOLE = (UploadState.QUEUED.value, UploadState.OPENING.value)


@dataclass(frozen=True)
class NamedFiles:
    """Ids of the rows that have files, by what kind of file it is."""

    scans: list[str]
    masks: list[str]
    """Results with a mask."""
    heatmaps: list[str]
    corrected: list[str]
    """Reviews that brought a mask."""
    reports: list[tuple[str, str]]
    """A report and a kind of its files."""
    unopened: list[str]
    """Uploads that were acknowledged whole and are not opened yet."""


def named_files(connection: Connection) -> NamedFiles:
    """What the rows that this connection sees name."""
    return NamedFiles(
        _ids(connection, scans),
        _ids(connection, results, results.c.has_mask),
        _ids(connection, results, results.c.has_heatmap),
        _ids(connection, reviews, reviews.c.verdict == Verdict.CORRECTED.value),
        list(_reports(connection)),
        _ids(connection, uploads, uploads.c.state.in_(_WHOLE)),
    )


def _ids(connection: Connection, table: Table, where: ColumnElement[Any] | None = None) -> list[str]:
    query = select(table.c.id)
    return list(connection.execute(query if where is None else query.where(where)).scalars())


def _reports(connection: Connection) -> Iterator[tuple[str, str]]:
    for report_id, files in connection.execute(select(reports.c.id, reports.c.files)):
        kinds: dict[str, str] = from_json(dict[str, str], files)
        for kind in kinds:
            yield report_id, kind
