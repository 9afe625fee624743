"""Evidently at work: distances column by column, quality of classification, and its own pages."""

from __future__ import annotations

import json
import math
import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from reports.drift_columns import CATEGORY, NUMBER, Column
from reports.drift_limits import Limit, limit_of

if TYPE_CHECKING:
    import pandas as pd

DRIFT_SHARE = 0.5
"""From this share of drifted columns on Evidently calls the whole drifted."""
SMALL = 0.1
"""Columns with a smaller spread are multiplied by a power of ten before Evidently sees them."""
FELL_BY = 0.05
"""Evidently's tests of accuracy and recall fail where the window is lower by more than this."""

_importing = threading.Lock()


@dataclass(frozen=True)
class Run:
    """What came of a run of Evidently: its own JSON as plain values, and its own page."""

    metrics: list[dict[str, Any]]
    tests: list[dict[str, Any]]
    html: str
    names: dict[str, str] = field(default_factory=dict)  # as Evidently shows a column -> its own name

    def distances(self) -> dict[str, tuple[str, float, float]]:
        """column -> (statistic, limit, distance), as in Evidently's JSON."""
        return {
            self.names[metric["config"]["column"]]: (
                metric["config"]["method"],
                metric["config"]["threshold"],
                metric["value"],
            )
            for metric in self.metrics
            if metric["config"]["type"].endswith(":ValueDrift")
        }

    def drifted(self) -> dict[str, float]:
        """How many columns Evidently itself calls drifted, by distance alone."""
        return next(
            metric["value"]
            for metric in self.metrics
            if metric["config"]["type"].endswith(":DriftedColumnsCount")
        )


def drift(columns: Sequence[Column], changed: Mapping[str, Limit] | None = None) -> Run | None:
    """The distance of every column, by its own limit where that was changed; None where there is none.

    A statistic is the same whatever the number of scans: Evidently's own choice changes at 1,000 rows.
    """
    if not columns:
        return None
    evidently, presets = _evidently()
    named = {_shown(column): column for column in columns}
    kinds = {
        kind: [name for name, column in named.items() if column.kind == kind] or None
        for kind in (NUMBER, CATEGORY)
    }
    definition = evidently.DataDefinition(
        numerical_columns=kinds[NUMBER], categorical_columns=kinds[CATEGORY]
    )
    limits = {name: limit_of(column.name, column.kind, changed or {}) for name, column in named.items()}
    preset = presets.DataDriftPreset(
        columns=list(named),
        per_column_method={name: limit.method for name, limit in limits.items()},
        per_column_threshold={name: limit.effect for name, limit in limits.items()},
        drift_share=DRIFT_SHARE,
    )
    current = _frame({name: _scaled(column, column.current) for name, column in named.items()})
    reference = _frame({name: _scaled(column, column.reference) for name, column in named.items()})
    run = _run([preset], definition, current, reference)
    return replace(run, names={name: column.name for name, column in named.items()})


def _factor(column: Column) -> float:
    """What makes a column's spread at least 1.

    Evidently divides a distance by the reference's standard deviation, but never by less than 0.001,
    which would hide the drift of small numbers.
    """
    spread = float(column.reference.std()) if column.kind == NUMBER else 1.0
    return 1.0 if spread >= SMALL or spread == 0 else 10.0 ** math.ceil(-math.log10(spread))


def _shown(column: Column) -> str:
    factor = _factor(column)
    return column.name if factor == 1 else f"{column.name} × {factor:g}"


def _scaled(column: Column, values: NDArray[Any]) -> NDArray[Any]:
    return values if column.kind == CATEGORY else np.asarray(values * _factor(column))


def classification(
    reference: tuple[NDArray[Any], NDArray[Any]], current: tuple[NDArray[Any], NDArray[Any]]
) -> Run:
    """How good the answers are; each side is (truth, answer) of 0 and 1, both classes in the truth."""
    evidently, presets = _evidently()
    from evidently.core.datasets import BinaryClassification
    from evidently.tests import Reference, gte

    definition = evidently.DataDefinition(
        classification=[BinaryClassification(target="truth", prediction_labels="answer", pos_label=1)],
        categorical_columns=["truth", "answer"],
    )
    kept = [gte(Reference(absolute=FELL_BY))]
    preset = presets.ClassificationPreset(accuracy_tests=kept, recall_tests=kept)
    frames = [
        _frame({"truth": truth.astype(int), "answer": answer.astype(int)})
        for truth, answer in (current, reference)
    ]
    return _run([preset], definition, *frames)


def _run(metrics: list[Any], definition: Any, current: pd.DataFrame, reference: pd.DataFrame) -> Run:
    evidently, _ = _evidently()
    sides = [evidently.Dataset.from_pandas(frame, definition) for frame in (current, reference)]
    # Bins and colours come from numpy alone, so the same frames give the same numbers.
    with np.errstate(all="ignore"):
        result = evidently.Report(metrics, include_tests=True).run(*sides)
    plain = _finite(json.loads(result.json()))
    return Run(plain["metrics"], plain["tests"], result.get_html_str(as_iframe=False))


def version() -> str:
    """Evidently's version."""
    return str(_evidently()[0].__version__)


def _evidently() -> tuple[Any, Any]:
    """The library and its presets: loading takes seconds, so whoever needs no drift never pays it."""
    os.environ.setdefault("DO_NOT_TRACK", "1")
    with _importing:
        import evidently
        from evidently import presets
    return evidently, presets


def _frame(columns: dict[str, NDArray[Any]]) -> pd.DataFrame:
    """Columns of unequal length, the shorter ones filled up with nothing."""
    import pandas as pd

    # Names by code: Evidently counts them some times faster than as texts.
    series = {
        name: pd.Series(pd.Categorical(values) if values.dtype == object else values)
        for name, values in columns.items()
    }
    return pd.DataFrame(series)


def _finite(value: Any) -> Any:
    """JSON as everybody reads it: NaN and infinity are null."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
