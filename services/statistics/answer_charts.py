"""ROC, precision and calibration of a set of cases as charts: of the page, the reports and a training run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from models.statistics.calibration import CalibrationBin
from models.statistics.estimate import Estimate
from models.statistics.roc import Curves
from reports.chart_axes import Figure
from reports.curve_figures import calibration_chart, precision_chart, roc_chart
from reports.number_words import fraction_words
from reports.performance_figures import Dot


def roc(curves: Curves, rates: Mapping[str, Estimate]) -> Figure:
    """Recall against false alarms; the point of the threshold in force, by its `rates`, is marked."""
    at, auc = (rates["far"].value, rates["recall"].value), rates.get("auc")
    words = "" if auc is None else _auc_words(auc)
    return roc_chart(curves.roc_far.tolist(), curves.roc_recall.tolist(), at, words)


def _auc_words(auc: Estimate) -> str:
    value, low, high = (fraction_words(each) for each in (auc.value, auc.low, auc.high))
    return f"AUC {value} ({low} to {high})"


def precision(curves: Curves, rates: Mapping[str, Estimate]) -> Figure:
    """Precision against recall, marked likewise."""
    at = rates["recall"].value, rates["precision"].value
    return precision_chart(curves.pr_recall.tolist(), curves.pr_precision.tolist(), at)


def calibration(bins: Iterable[CalibrationBin]) -> Figure:
    """The share of ill against the probability said, with interval and n."""
    return calibration_chart([(each.predicted, _dot(each.observed)) for each in bins])


def answer_charts(
    curves: Curves, bins: Iterable[CalibrationBin], rates: Mapping[str, Estimate]
) -> dict[str, Figure]:
    """All three by name."""
    return {
        "roc": roc(curves, rates),
        "precision": precision(curves, rates),
        "calibration": calibration(bins),
    }


def _dot(share: Estimate) -> Dot:
    return Dot("", share.value, share.low, share.high, share.n)
