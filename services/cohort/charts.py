"""The cohort's numbers as charts; each point carries the query that selects its cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from data.ledger.bands import CHANCES, NONE, PLACES, PLACES_ACROSS
from reports import figures
from reports.chart_axes import Figure
from reports.figures import ChartColumn
from services.cohort.class_words import class_words
from services.cohort.counting import Bar, Cohort
from services.cohort.filters import query_of
from services.cohort.table import REFUSALS, SCANS, SHARE, RowKey
from services.task_words import MEASURED_VOLUME

_VOLUME = MEASURED_VOLUME.capitalize()

MOST_BARS = 25


Marks = Mapping[RowKey, str]
"""Why the number of a row is withheld; a row that is told is not in it."""


def charts(cohort: Cohort, thresholds: Mapping[str, float], marks: Marks) -> dict[str, Figure]:
    """Every chart of the cohort page by its name; what `marks` withholds is drawn hatched."""
    return _counts(cohort, thresholds, marks) | {
        "age": figures.shares_figure(columns(cohort.by_age, "age", marks), "Positive"),
        "sex": figures.shares_figure(columns(cohort.by_sex, "sex", marks), "Positive"),
        "version": figures.shares_figure(columns(cohort.by_version, "version", marks), "Positive"),
        "size_by_site": figures.sizes_figure(_most(cohort.sizes_by_site, "size_by_site", marks)),
        "size_by_scanner": figures.sizes_figure(_most(cohort.sizes_by_scanner, "size_by_scanner", marks)),
        "place": _places(cohort, marks),
    }


def _counts(cohort: Cohort, thresholds: Mapping[str, float], marks: Marks) -> dict[str, Figure]:
    """Those that count scans or refusals by a class of their own."""
    chosen = {
        name: tuple(class_words(name, value) for value in values) for name, values in cohort.filters.items()
    }
    measured = [bar for bar in cohort.by_size if bar.name != NONE]
    here = {bar.name for bar in cohort.by_task}
    levels = {class_words("task", task): level for task, level in thresholds.items() if task in here}
    with_chance = columns([bar for bar in cohort.by_chance if bar.name != NONE], "chance", marks)
    lying = {
        name: figures.counts_figure(columns(bars, name, marks), chosen.get(name, ()), lying=True)
        for name, bars in (("task", cohort.by_task), ("site", cohort.by_site), ("scanner", cohort.by_scanner))
    }
    standing = {
        name: figures.counts_figure(columns(bars, name, marks), chosen.get(name, ()))
        for name, bars in (("review", cohort.by_review), ("truth", cohort.by_truth))
    }
    refused = {
        "refusals": cohort.refusals_by_reason,
        "refusals_by_scanner": cohort.refusals_by_scanner,
    }
    return {
        **lying,
        **standing,
        "time": figures.time_figure(columns(cohort.over_time, "time", marks)),
        "size": figures.counts_figure(
            columns(measured, "size", marks), chosen.get("size", ()), across=_VOLUME
        ),
        "chance": figures.chances_figure(with_chance, CHANCES[:-1], levels, chosen.get("chance", ())),
        **{
            name: figures.counts_figure(
                [_refused(name, of, n, marks) for of, n in counts[:MOST_BARS]], lying=True
            )
            for name, counts in refused.items()
        },
    }


def columns(bars: Sequence[Bar], section: str, marks: Marks) -> list[ChartColumn]:
    """Bars as a chart takes them, the largest where there are too many to be told apart."""
    shown = bars
    if len(bars) > MOST_BARS and bars and bars[0].positive is not None:
        least = sorted((bar.n for bar in bars), reverse=True)[MOST_BARS - 1]
        shown = [bar for bar in bars if bar.n >= least][:MOST_BARS]
    return [_column(bar, section, marks) for bar in shown]


def _column(bar: Bar, section: str, marks: Marks, group: str = "") -> ChartColumn:
    share, query, name = bar.positive, query_of(bar.filters), class_words(section, bar.name)
    withheld = marks.get((section, group, bar.name, SCANS), "")
    n = 0 if withheld else bar.n
    if why := marks.get((section, group, bar.name, SHARE)):
        return ChartColumn(name, n, query, withheld=withheld, share_withheld=why)
    if share is None or share.n == 0:
        return ChartColumn(name, n, query, withheld=withheld)
    told = (share.value, share.low, share.high, share.n)
    return ChartColumn(name, n, query, *told, withheld=withheld)


def _refused(section: str, name: str, n: int, marks: Marks) -> ChartColumn:
    withheld = marks.get((section, "", name, REFUSALS), "")
    return ChartColumn(name, 0 if withheld else n, withheld=withheld)


def _most(groups: Mapping[str, Sequence[Bar]], section: str, marks: Marks) -> dict[str, list[ChartColumn]]:
    largest = sorted(groups, key=lambda name: -sum(bar.n for bar in groups[name]))[:MOST_BARS]
    return {
        name: [_column(bar, section, marks, name) for bar in groups[name]]
        for name in groups
        if name in largest
    }


def _places(cohort: Cohort, marks: Marks) -> Figure:
    counts = np.zeros((PLACES_ACROSS, PLACES_ACROSS), dtype=np.int64)
    queries = [[""] * PLACES_ACROSS for _ in range(PLACES_ACROSS)]
    withheld: list[tuple[int, int]] = []
    for bar in cohort.by_place:
        if bar.name in PLACES[1:]:
            row, column = (int(part) for part in bar.name.split("-"))
            queries[row][column] = query_of(bar.filters)
            if ("place", "", bar.name, SCANS) in marks:
                withheld.append((row, column))
            else:
                counts[row, column] = bar.n
    return figures.places_figure(counts, queries, withheld)
