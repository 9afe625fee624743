"""The performance page's numbers as files, the chart as a picture, the API's answer.

Page, files and answer are made of the same points: every digit agrees. What leaves the house has no figures
of few cases (`services.performance.small_figures`).
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from data.database import now
from data.errors import NotFound
from data.records import NOTICE, VERSION, AuditEvent, ExportRow, Judgements, ReadCount, User
from data.stores.audit import AuditLog
from models.statistics.estimate import Estimate
from reports.evaluation import figure_png
from reports.performance_figures import REVIEWED, SAMPLE, VALIDATION
from reports.tables import csv_table, json_table, parquet_table, xlsx_table
from reports.time_words import clock
from services.cohort.exports import MIME, Export, file_name
from services.cohort.small_numbers import Audience, audience_asked, audience_of_answers
from services.performance import charts as performance_charts
from services.performance.answer_shares import Answers, AnswerShares
from services.performance.answers import (
    errors_answer,
    finite,
    live_answer,
    metric_answer,
    number_answer,
    time_answer,
)
from services.performance.cases import Cases
from services.performance.details import Details
from services.performance.estimate_records import CheckedPeriod, EstimateCheck, Estimated
from services.performance.estimate_tables import (
    Why,
    all_told,
    estimate_rows,
    estimates_answer,
    share_rows,
    shares_answer,
)
from services.performance.estimates import Estimates
from services.performance.metrics import Metric
from services.performance.numbers import (
    MetricPoint,
    MetricView,
    Performance,
    PerformanceQuery,
    choice_words,
)
from services.performance.small_figures import (
    WithheldFigures,
    in_month,
    withheld_figures,
)
from services.permissions import Permission, require
from services.task_words import words_of

KINDS = ("csv", "xlsx", "parquet", "json", "png")
_UNKNOWN = Estimate(math.nan, math.nan, math.nan, 0)
_KEPT = 32
PICTURE_SIZE = (1200, 600)
_TABLES = {"csv": csv_table, "xlsx": xlsx_table, "parquet": parquet_table, "json": json_table}


class PerformanceExports:
    """Writes; each file that leaves is noted in the audit trail."""

    def __init__(
        self,
        performance: Performance,
        estimates: Estimates,
        shares: Answers,
        cases: Cases,
        details: Details,
        audit: AuditLog,
    ) -> None:
        self._performance = performance
        self._estimates = estimates
        self._shares = shares
        self._cases = cases
        self._details = details
        self._audit = audit
        self._turn = threading.Lock()
        self._kept: OrderedDict[Any, WithheldFigures] = OrderedDict()

    def export(self, asked: PerformanceQuery, kind: str, user: User, audience: str | None = None) -> Export:
        """The numbers of every metric as a table, or the chart of the address's metric as PNG.

        For `outside` unless it is said. Raises NotFound for a kind that there is not.
        """
        require(user, Permission.SEE_PERFORMANCE)
        readers = audience_asked(audience, user)
        if kind not in KINDS:
            raise NotFound("There is no such kind of file.")
        at = now()
        if kind == "png":
            (shown,) = self.told([self._performance.shown(asked)], readers)
            estimated = None if asked.chosen else self._estimates.of(asked)
            content, mime = picture(shown, readers, estimated), "image/png"
        else:
            views = self.told(self._performance.every(asked), readers)
            rows = table(views) + self._without_truth(asked, readers)
            content, mime = _TABLES[kind](rows, facts(views[0], user, at, readers)), MIME[kind]
        subject = kind if readers.withholds else f"{kind}, for the house"
        self._audit.record(AuditEvent(at, user.id, "performance.export", subject, asked.query()))
        return Export(file_name(f"performance-{asked.task}", at, kind, readers), content, mime)

    def numbers(
        self, asked: PerformanceQuery, user: User, every: bool = False, audience: str | None = None
    ) -> dict[str, Any]:
        """The same for a program: the numbers of one metric or of `every` one, and the errors behind them."""
        require(user, Permission.SEE_PERFORMANCE)
        readers = audience_of_answers(audience, user)
        shown = self._performance.every(asked) if every else [self._performance.shown(asked)]
        shown = self.told(shown, readers)
        first = shown[0]
        coverage = self._performance.coverage(asked)
        return {
            "task": asked.task,
            "by": asked.by,
            "part": asked.part,
            "small_numbers_hidden": readers.withholds,
            "metrics": [metric_answer(each) for each in shown],
            "live": live_answer(first),
            "challenger": first.challenger,
            "as_of": time_answer(first.as_of),
            "trouble": first.trouble,
            "numbers": [number_answer(each.metric, point) for each in shown for point in each.points],
            "cases": self._errors(asked, readers, coverage),
            "chosen": dict(asked.chosen),
            "estimated_without_truth": estimates_answer(
                self._estimated(asked, every), self._why(asked, readers)
            ),
            "answers": shares_answer(self._answered(asked, readers)),
            "notice": NOTICE,
        }

    def _without_truth(self, asked: PerformanceQuery, audience: Audience) -> list[ExportRow]:
        """Rows of what no truth decides, estimates and shares of answers; none where scans are chosen."""
        if asked.chosen:
            return []
        rows = estimate_rows(self._estimated(asked, every=True), self._why(asked, audience))
        return rows + share_rows(self._answered(asked, audience))

    def _estimated(self, asked: PerformanceQuery, every: bool) -> list[Estimated]:
        if asked.chosen:
            return []
        return self._estimates.every(asked) if every else [self._estimates.of(asked)]

    def _answered(self, asked: PerformanceQuery, audience: Audience) -> list[AnswerShares]:
        if asked.chosen:
            return []
        return self._shares.told_outside(asked) if audience.withholds else self._shares.of(asked)

    def _why(self, asked: PerformanceQuery, audience: Audience) -> Why:
        """Of months that were joined nothing is told where one of them alone would not be."""
        if not audience.withholds:
            return all_told
        known: dict[tuple[str, bool], WithheldFigures] = {}

        def why(check: EstimateCheck, period: CheckedPeriod, metric: str) -> str:
            key = check.part, check.synthetic
            if key not in known:
                known[key] = self._withheld(replace(asked, part=check.part), check.synthetic)
            cells = [in_month(check.version, month) for month in period.months]
            said = (known[key].why(cell, metric, period.reviewed.n) for cell in cells)
            return next((reason for reason in said if reason), "")

        return why

    def told(self, shown: Sequence[MetricView], audience: Audience) -> list[MetricView]:
        """The views as an audience is told them."""
        if not audience.withholds:
            return list(shown)
        asked = shown[0].asked
        hidden = {synthetic: self._withheld(asked, synthetic) for synthetic in (False, True)}
        return [
            replace(view, points=tuple(_outside(point, view.metric, hidden) for point in view.points))
            for view in shown
        ]

    def _withheld(self, asked: PerformanceQuery, synthetic: bool) -> WithheldFigures:
        """Of all versions and months, whatever one file shows of them: files can be laid side by side.

        Kept until a judgement changes: it takes seconds, and a board asks once a panel.
        """
        about = asked.task, asked.part, synthetic, asked.hidden, asked.chosen
        key = (self._cases.revision(asked.task), *about)
        with self._turn:
            if key in self._kept:
                return self._kept[key]
        made = self._worked_out(asked, synthetic)
        with self._turn:
            self._kept[key] = made
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return made

    def _worked_out(self, asked: PerformanceQuery, synthetic: bool) -> WithheldFigures:
        cases, wider = self._judged(asked, synthetic), []
        if asked.part == SAMPLE:
            wider.append(self._judged(replace(asked, part=REVIEWED), synthetic))
        wider += [self._judged(other, synthetic) for other in _less_chosen(asked)]
        return withheld_figures(cases, wider)

    def _judged(
        self, asked: PerformanceQuery, synthetic: bool, version: str = "", month: str = ""
    ) -> Judgements:
        """Judged cases of a version and month, or of all of them."""
        versions = [of for of, made in self._cases.versions(asked.task) if made == synthetic]
        which = replace(asked.which(), synthetic=synthetic, month=month, group="")
        parts = [self._cases.of(replace(which, version=of)) for of in versions if version in ("", of)]
        return Judgements.joined([Judgements.from_columns({}), *parts])

    def _errors(self, asked: PerformanceQuery, audience: Audience, coverage: ReadCount) -> dict[str, Any]:
        """What stands behind the lower part of the page; what is withheld of it is null."""
        hidden = None
        if audience.withholds and asked.of != VALIDATION:
            others = ((asked.version, ""), ("", asked.month), ("", ""))
            hidden = withheld_figures(
                self._judged(asked, asked.synthetic, asked.version, asked.month),
                [
                    *(self._judged(asked, asked.synthetic, *other) for other in others),
                    *(
                        self._judged(each, asked.synthetic, asked.version, asked.month)
                        for each in _less_chosen(asked)
                    ),
                ],
            )
        return errors_answer(asked, self._details.errors(asked), coverage, hidden)


def _outside(point: MetricPoint, metric: Metric, hidden: Mapping[bool, WithheldFigures]) -> MetricPoint:
    """A point as it is told outside of the house; figures of validation are of nobody who came here."""
    if point.source == VALIDATION:
        return point
    cell = in_month(point.version, point.month)
    why = hidden[point.synthetic].why(cell, metric.name, point.figure.n)
    return replace(point, figure=_UNKNOWN, past_limit=False, withheld=why) if why else point


def _less_chosen(asked: PerformanceQuery) -> list[PerformanceQuery]:
    """The choices that a choice of groups is a part of: without each one of them, and without any.

    Files of both can be laid side by side, and the difference read off.
    """
    chosen = dict(asked.chosen)
    fewer = [{name: chosen[name] for name in chosen if name != left} for left in chosen]
    return [asked.of_choice(each) for each in ([*fewer, {}] if len(chosen) > 1 else fewer)]


def table(shown: Iterable[MetricView]) -> list[ExportRow]:
    """Every point of these metrics in a row: section is the metric, group the source, name the version."""
    return [_row(each.metric, point) for each in shown for point in each.points]


def picture(shown: MetricView, audience: Audience, estimated: Estimated | None) -> bytes:
    """The chart as PNG."""
    figure = performance_charts.history(shown, estimated)
    of = choice_words(shown)
    words = f"{shown.metric.label}, {words_of(shown.asked.task).label}. {of}{' ' if of else ''}{NOTICE}"
    words += "" if audience.withholds else f"<br>{audience.words}"
    width, height = PICTURE_SIZE
    title = {"text": words, "font": {"size": 11}, "x": 0.01, "y": 0.01, "yanchor": "bottom"}
    margin = figure["layout"]["margin"] | {"t": 60, "b": 90}
    figure["layout"] |= {"width": width, "height": height, "title": title, "margin": margin}
    return figure_png(figure)


def facts(shown: MetricView, user: User, at: datetime, audience: Audience) -> dict[str, str]:
    """What a person must know of a file, by its label."""
    said = {
        "Task": shown.asked.task,
        "By": f"registered version and {shown.asked.by}"
        if shown.asked.by != "version"
        else "registered version",
        **({"Real use of": of} if (of := choice_words(shown)) else {}),
        "Real use": "all that was reviewed" if shown.asked.part == "reviewed" else "the random sample alone",
        "MLflow read": clock(shown.as_of) if shown.as_of else "never",
        "Counted": clock(at),
        "Written for": user.display_name,
        "Lightbox": VERSION,
        "Notice": NOTICE,
        "Small numbers": audience.words,
    }
    return said | ({"Trouble": shown.trouble} if shown.trouble else {})


def _row(metric: Metric, point: MetricPoint) -> ExportRow:
    figure = point.figure
    notes = ["synthetic"] * point.synthetic + ["beyond the alert limit"] * point.past_limit
    notes += [point.withheld] * bool(point.withheld)
    return ExportRow(
        section=metric.name,
        group=f"{point.source}, {point.kind}" if point.kind else point.source,
        name=f"{point.version}, {point.month}" if point.month else point.version,
        quantity=metric.unit or "share",
        n=None if point.withheld else figure.n,
        value=finite(figure.value),
        low=finite(figure.low),
        high=finite(figure.high),
        note=", ".join(notes),
    )
