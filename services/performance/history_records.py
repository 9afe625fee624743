"""What is known of a task's versions: validation, months of real use, rehearsals."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from data.records import ModelVersion, TrackedRun
from data.tracking import EPOCH
from models.statistics.estimate import Estimate

PARTS = ("reviewed", "sample")
_PARTS_OF_FIGURE = ("low", "high", "n")
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


@dataclass(frozen=True)
class VersionHistory:
    """A registered version with the run behind it; `run` is None where MLflow no longer has it.

    `figures` are the run's numbers, with interval and n where they were logged: NaN and 0 where not.
    """

    version: ModelVersion
    parameters: dict[str, str]
    figures: dict[str, Estimate]
    run: TrackedRun | None


@dataclass(frozen=True)
class MonthHistory:
    """How one version did on real patients in one month (of reading, by the clock of the house).

    `part` is "reviewed" (all that was reviewed) or "sample" (the random sample alone). `figures`
    have an interval or an n; `numbers` are the rest, such as `latency_p50_ms`.
    """

    version: str
    month: str
    part: str
    synthetic: bool
    figures: dict[str, Estimate]
    numbers: dict[str, float]
    run: TrackedRun


@dataclass(frozen=True)
class History:
    """A task's history as MLflow told it at `as_of`; None where it never did.

    `versions` and `rehearsals` are newest first, `real_use` by month and version. `trouble` is one
    plain sentence where MLflow is away or late.
    """

    task: str
    as_of: datetime | None
    trouble: str | None
    versions: tuple[VersionHistory, ...] = ()
    real_use: tuple[MonthHistory, ...] = ()
    rehearsals: tuple[TrackedRun, ...] = ()


def figures_of(metrics: Mapping[str, float]) -> dict[str, Estimate]:
    """{"auc", "auc_low", "auc_high", "auc_n"} -> {"auc": Estimate}.

    Left out are the last epoch's numbers, and figures of no case at all: what was logged before the
    cases were gone is still their last value.
    """
    return {
        name: Estimate(
            value,
            metrics.get(f"{name}_low", math.nan),
            metrics.get(f"{name}_high", math.nan),
            int(metrics.get(f"{name}_n", 0)),
        )
        for name, value in metrics.items()
        if not name.startswith(EPOCH) and not _is_part(name, metrics) and metrics.get(f"{name}_n") != 0
    }


def version_history(version: ModelVersion, run: TrackedRun | None) -> VersionHistory:
    """A version joined with its run."""
    if run is None:
        return VersionHistory(version, {}, {}, None)
    return VersionHistory(version, run.parameters, figures_of(run.metrics), run)


def months_of(runs: Iterable[TrackedRun]) -> tuple[MonthHistory, ...]:
    """Runs of real use, newest first, as months; what is not tagged as ours is left out.

    Where two runs tell of the same month, the newer one counts.
    """
    months: dict[tuple[str, str, str, bool], MonthHistory] = {}
    for run in runs:
        month = _month(run)
        if month is not None:
            months.setdefault((month.month, month.version, month.part, month.synthetic), month)
    return tuple(sorted(months.values(), key=_place))


def _month(run: TrackedRun) -> MonthHistory | None:
    tags = {name: run.tags.get(f"lightbox.{name}", "") for name in ("version", "month", "part", "synthetic")}
    if not tags["version"] or not _MONTH.fullmatch(tags["month"]) or tags["part"] not in PARTS:
        return None
    figures = figures_of(run.metrics)
    known = {
        name: estimate
        for name, estimate in figures.items()
        if f"{name}_n" in run.metrics or estimate.low == estimate.low
    }
    return MonthHistory(
        version=tags["version"],
        month=tags["month"],
        part=tags["part"],
        synthetic=tags["synthetic"] == "yes",
        figures=known,
        numbers={name: estimate.value for name, estimate in figures.items() if name not in known},
        run=run,
    )


def _place(month: MonthHistory) -> tuple[str, int, str, str]:
    number = int(month.version) if month.version.isdecimal() else -1
    return month.month, number, month.version, month.part


def _is_part(name: str, metrics: Mapping[str, float]) -> bool:
    """Whether `name` is the interval or the n of a figure, which may itself be undefined and so not there."""
    base, _, part = name.rpartition("_")
    if part not in _PARTS_OF_FIGURE:
        return False
    return base in metrics or any(
        f"{base}_{other_part}" in metrics for other_part in _PARTS_OF_FIGURE if other_part != part
    )
