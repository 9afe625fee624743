"""Estimates without truth and shares of answers as rows of files and as a program is answered.

They stand in fields and sections of their own, never among the numbers that truth decides.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from data.records import Doubt, ExportRow, Outcome
from models.statistics.estimate import Estimate
from services.performance.answer_shares import AnswerShares
from services.performance.estimate_records import (
    ASSUMPTIONS,
    CheckedPeriod,
    EstimateCheck,
    Estimated,
    EstimatedPoint,
)

Why = Callable[[EstimateCheck, CheckedPeriod, str], str]
"""Why the figures of judged cases of a period are not told, of a metric; "" where they are."""

ANSWERS = "answers"
_WITHOUT_TRUTH = "estimated without truth"


def all_told(check: EstimateCheck, period: CheckedPeriod, metric: str) -> str:
    """Inside the house nothing is withheld."""
    return ""


def estimates_answer(estimated: Sequence[Estimated], why: Why) -> dict[str, Any]:
    """Every estimate and every check of these metrics."""
    return {
        "assumptions": ASSUMPTIONS,
        "numbers": [_point(each.metric, point) for each in estimated for point in each.points],
        "checks": [_check(each.metric, check, why) for each in estimated for check in each.checks],
    }


def shares_answer(shares: Iterable[AnswerShares]) -> list[dict[str, Any]]:
    """The three answers of every version, with refusals beside them and the reasons of the uncertain ones."""
    return [_shares(each) for each in shares]


def estimate_rows(estimated: Iterable[Estimated], why: Why) -> list[ExportRow]:
    """A row an estimate, and what its check says; the section is the metric behind "estimated_"."""
    rows = []
    for each in estimated:
        section = f"estimated_{each.metric}"
        for point in each.points:
            place = _place(point.version, point.month)
            rows.append(_row(section, _WITHOUT_TRUTH, place, point.figure, _notes(point)))
        for check in each.checks:
            rows += _check_rows(section, each.metric, check, why)
    return rows


def share_rows(shares: Iterable[AnswerShares]) -> list[ExportRow]:
    """A row an answer, a refused share and a reason."""
    rows = []
    for each in shares:
        place, made = _place(each.version, each.month), _synthetic(each.synthetic)
        for outcome in Outcome:
            said = ", ".join(part for part in (made, each.why(outcome)) if part)
            rows.append(_row(ANSWERS, outcome.value, place, each.share(outcome), said))
        if each.refused is not None:
            said = "of all scans that came for the task, whichever version read"
            rows.append(_row(ANSWERS, "refused", place, each.refused, ", ".join(filter(None, (made, said)))))
        for doubt in _told_reasons(each):
            rows.append(_row(ANSWERS, f"uncertain, {doubt.value}", place, each.reason(doubt), made))
    return rows


def _point(metric: str, point: EstimatedPoint) -> dict[str, Any]:
    return {
        "metric": metric,
        "version": point.version,
        "month": point.month or None,
        "synthetic": point.synthetic,
        **point.figure.plain(),
        "calibrated_on": point.calibrated_on,
        "note": point.withheld,
    } | ({"low": None, "high": None} if point.withheld else {})


def _check(metric: str, check: EstimateCheck, why: Why) -> dict[str, Any]:
    return {
        "metric": metric,
        "version": check.version,
        "synthetic": check.synthetic,
        "part": check.part,
        "trust": check.trust.value,
        "inside": check.inside,
        "coverage": check.coverage.plain() if check.periods else None,
        "periods": [_period(period, why(check, period, metric)) for period in check.periods],
    }


def _period(period: CheckedPeriod, note: str) -> dict[str, Any]:
    figures = {"estimated": period.estimated, "reviewed": period.reviewed, "difference": period.gap}
    return {
        "months": list(period.months),
        **{name: None if note else figure.plain() for name, figure in figures.items()},
        "inside": period.inside,
        "calibrated_on": period.calibrated_on,
        "note": note,
    }


def _shares(shares: AnswerShares) -> dict[str, Any]:
    told = {
        outcome.value.replace("-", "_"): shares.share(outcome).plain() | {"note": shares.why(outcome)}
        for outcome in Outcome
    }
    for share in told.values():
        if share["note"]:
            share |= dict.fromkeys(("value", "low", "high"))
    return {
        "version": shares.version,
        "month": shares.month or None,
        "synthetic": shares.synthetic,
        **told,
        "refused": None if shares.refused is None else shares.refused.plain(),
        "reasons": {doubt.value: shares.reason(doubt).plain() for doubt in _told_reasons(shares)},
    }


def _told_reasons(shares: AnswerShares) -> list[Doubt]:
    """Those that are told, where anything was uncertain."""
    return list(shares.reasons) if shares.counts[Outcome.UNCERTAIN] else []


def _check_rows(section: str, metric: str, check: EstimateCheck, why: Why) -> list[ExportRow]:
    rows = []
    for period in check.periods:
        place, note = f"{check.version}, {period.words}", why(check, period, metric)
        said = [_synthetic(check.synthetic), f"checked on {check.part}"]
        said += [note or ("inside the interval" if period.inside else "outside the interval")]
        for name, figure in (
            ("estimated", period.estimated),
            ("reviewed", period.reviewed),
            ("reviewed minus estimated", period.gap),
        ):
            row = _row(section, f"check, {name}", place, figure, ", ".join(part for part in said if part))
            rows.append(_untold(row) if note else row)
    if check.periods:
        said = [_synthetic(check.synthetic), f"{check.inside} of {len(check.periods)} inside", check.trust]
        words = ", ".join(part for part in said if part)
        rows.append(_row(section, "check, coverage", check.version, check.coverage, words))
    return rows


def _row(section: str, group: str, name: str, figure: Estimate, note: str) -> ExportRow:
    known = [part if math.isfinite(part) else None for part in (figure.value, figure.low, figure.high)]
    value, low, high = known if known[0] is not None else (None, None, None)
    return ExportRow(section, name, "share", figure.n, value, low, high, group, note)


def _untold(row: ExportRow) -> ExportRow:
    return ExportRow(row.section, row.name, row.quantity, None, None, group=row.group, note=row.note)


def _notes(point: EstimatedPoint) -> str:
    by = f"probabilities corrected on {point.calibrated_on} judged cases of the house"
    said = (_synthetic(point.synthetic), by if point.calibrated_on else "", point.withheld)
    return ", ".join(part for part in said if part)


def _synthetic(synthetic: bool) -> str:
    return "synthetic" if synthetic else ""


def _place(version: str, month: str) -> str:
    return f"{version}, {month}" if month else version
