"""The cohort's numbers as charts; each point carries the query that selects its cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from data.ledger.bands import CHANCES, NONE, PLACES, PLACES_ACROSS
from reports import figures
from reports.figures import ChartColumn, Figure
from services.cohort.counting import Bar, Cohort
from services.cohort.filters import query_of
from services.task_words import MEASURED_VOLUME

_VOLUME = MEASURED_VOLUME.capitalize()

MOST_BARS = 25


def charts(cohort: Cohort, thresholds: Mapping[str, float]) -> dict[str, Figure]:
    """Every chart of the cohort page by its name."""
    chosen = {name: tuple(values) for name, values in cohort.filters.items()}
    measured = [bar for bar in cohort.by_size if bar.name != NONE]
    with_chance = [bar for bar in cohort.by_chance if bar.name != NONE]
    drawn = {
        "time": figures.time_figure(columns(cohort.over_time)),
        "age": figures.shares_figure(columns(cohort.by_age), "Positive"),
        "sex": figures.shares_figure(columns(cohort.by_sex), "Positive"),
        "size": figures.counts_figure(
            columns(measured), chosen.get("size", ()), across=MEASURED_VOLUME.capitalize()
        ),
        "size_by_site": figures.sizes_figure(_most(cohort.sizes_by_site)),
        "size_by_scanner": figures.sizes_figure(_most(cohort.sizes_by_scanner)),
        "place": _places(cohort),
        "chance": figures.chances_figure(
            columns(with_chance), CHANCES[:-1], thresholds, chosen.get("chance", ())
        ),
        "task": figures.counts_figure(columns(cohort.by_task), chosen.get("task", ()), lying=True),
        "site": figures.counts_figure(columns(cohort.by_site), chosen.get("site", ()), lying=True),
        "scanner": figures.counts_figure(columns(cohort.by_scanner), chosen.get("scanner", ()), lying=True),
        "version": figures.shares_figure(columns(cohort.by_version), "Positive"),
        "review": figures.counts_figure(columns(cohort.by_review), chosen.get("review", ())),
        "truth": figures.counts_figure(columns(cohort.by_truth), chosen.get("truth", ())),
        "refusals": figures.counts_figure(
            [ChartColumn(name, n) for name, n in cohort.refusals_by_reason[:MOST_BARS]], lying=True
        ),
        "refusals_by_scanner": figures.counts_figure(
            [ChartColumn(name, n) for name, n in cohort.refusals_by_scanner[:MOST_BARS]], lying=True
        ),
    }
    return {name: figures.said_where_empty(figure) for name, figure in drawn.items()}


def columns(bars: Sequence[Bar]) -> list[ChartColumn]:
    """Bars as a chart takes them, the largest where there are too many to be told apart."""
    shown = bars
    if len(bars) > MOST_BARS and bars and bars[0].positive is not None:
        least = sorted((bar.n for bar in bars), reverse=True)[MOST_BARS - 1]
        shown = [bar for bar in bars if bar.n >= least][:MOST_BARS]
    return [_column(bar) for bar in shown]


def _column(bar: Bar) -> ChartColumn:
    share = bar.positive
    if share is None or share.n == 0:
        return ChartColumn(bar.name, bar.n, query_of(bar.filters))
    return ChartColumn(bar.name, bar.n, query_of(bar.filters), share.value, share.low, share.high, share.n)


def _most(groups: Mapping[str, Sequence[Bar]]) -> dict[str, list[ChartColumn]]:
    largest = sorted(groups, key=lambda name: -sum(bar.n for bar in groups[name]))[:MOST_BARS]
    return {name: [_column(bar) for bar in groups[name]] for name in groups if name in largest}


def _places(cohort: Cohort) -> Figure:
    counts = np.zeros((PLACES_ACROSS, PLACES_ACROSS), dtype=np.int64)
    queries = [[""] * PLACES_ACROSS for _ in range(PLACES_ACROSS)]
    for bar in cohort.by_place:
        if bar.name in PLACES[1:]:
            row, column = (int(part) for part in bar.name.split("-"))
            counts[row, column] = bar.n
            queries[row][column] = query_of(bar.filters)
    return figures.places_figure(counts, queries)
