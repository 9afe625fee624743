"""Which files the rows of a database name, as paths in a backup."""

from __future__ import annotations

from collections.abc import Iterator

from data.stores.named_files import NamedFiles
from services import keys
from services.backups.parts import FILES, HOME, UPLOADS


def paths_of(named: NamedFiles) -> Iterator[str]:
    """The path in a backup of each file that has to be there."""
    for key in _keys(named):
        yield f"{FILES}/{key}"
    for upload in named.unopened:
        yield f"{HOME}/{UPLOADS}/{upload}"


def _keys(named: NamedFiles) -> Iterator[str]:
    for scan in named.scans:
        yield keys.array(scan)
        yield keys.thumbnail(scan)
    for result in named.masks:
        yield keys.mask(result)
    for result in named.heatmaps:
        yield keys.heatmap(result)
    for review in named.corrected:
        yield keys.corrected_mask(review)
    for report, kind in named.reports:
        yield keys.report(report, kind)
