"""How good each version is: what validation said and what real use says, by version and by month.

Validation and the months of real use come from MLflow by way of the histories' cache. A version's real
use over all months is not in MLflow and cannot be had from its months (an AUC is no mean of AUCs): it is
scored here from the same judgements. Response times come from all readings, also of months without a review.
"""

from __future__ import annotations

import hashlib
import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import parse_qsl, urlencode

import numpy as np

from data import house_clock
from data.errors import InvalidInput, NotFound
from data.ledger.bands import AGES
from data.ledger.blinding import NOTHING_HIDDEN, Hidden
from data.records import Goal, Judgements, ModelVersion, ReadCount, User
from data.tracking import CHALLENGER, CHAMPION
from models.statistics.estimate import Estimate
from reports.performance_figures import REVIEWED, SAMPLE, VALIDATION
from services import addresses
from services.cohort.cohort import HiddenFrom
from services.performance.cases import CHOICES, OF_METRIC, Cases, Which, month_of
from services.performance.history import Histories, History
from services.performance.metrics import METRICS, Metric, metric_named, validated
from services.performance.response_times import ResponseTimes
from services.performance.sampling import Proposal, Sampling
from services.permissions import Permission, require
from services.statistics.scoring import scored
from services.statistics.subgroups import members
from services.versions.registry import PROMOTED_AT, PROMOTED_BY, REASON

REAL = "real"
BY_VERSION, BY_MONTH = "version", "month"
MOST_PROPOSALS = 500
_KEPT_FIGURES = 512


@dataclass(frozen=True)
class PerformanceQuery:
    """The page's address in its parts; what it leaves out is filled in by `Performance.asked`."""

    task: str
    metric: str = "recall"
    by: str = BY_VERSION
    part: str = REVIEWED
    version: str = ""
    month: str = ""
    synthetic: bool = False  # whether the lower part is about cases made for a demonstration
    of: str = REAL  # what the lower part is about: cases of real use, or of validation
    cases: str = ""  # the kind of cases that are listed, none where it is empty
    group: str = ""
    vs: str = ""
    page: int = 1
    site: str = ""
    scanner: str = ""
    sex: str = ""
    age: str = ""  # an age group, such as 60-69
    hidden: Hidden = NOTHING_HIDDEN  # from whoever asks; no part of the address

    @property
    def chosen(self) -> tuple[tuple[str, str], ...]:
        """The groups of scans that real use is told of alone; none: of all."""
        return tuple((name, getattr(self, name)) for name in CHOICES if getattr(self, name))

    def of_choice(self, chosen: Mapping[str, str]) -> PerformanceQuery:
        """The same of another choice of scans: groups by their dimension; of all where none is named."""
        return PerformanceQuery(**vars(self) | dict.fromkeys(CHOICES, "") | dict(chosen))

    def which(self, what: str = "all") -> Which:
        """The cases that the lower part of the page is about."""
        of = (self.task, self.version, self.month, self.part, self.synthetic, what, self.group)
        return Which(*of, hidden=self.hidden, chosen=self.chosen)

    def query(self, **changes: object) -> str:
        """The address with some parts changed; what is as usual is left out."""
        whole, usual = vars(self) | changes, vars(PerformanceQuery(""))
        said = {name: value for name, value in whole.items() if value != usual[name]}
        said.pop("hidden", None)
        said["synthetic"] = "yes" if whole["synthetic"] else "no"
        return urlencode(said)


@dataclass(frozen=True)
class MetricPoint:
    """One number of one version, with its interval and n, and the address that opens its cases."""

    version: str
    month: str  # "" for validation, and for real use over all months
    source: str  # validation, reviewed, sample
    kind: str  # what part of the cases it was measured on; "" for all
    synthetic: bool
    figure: Estimate
    query: str = ""
    past_limit: bool = False
    withheld: str = ""  # why the number is not told; then the figure is of nothing


@dataclass(frozen=True)
class Live:
    """The version in force: since when, by whom, why; None where nobody wrote it down."""

    version: ModelVersion
    since: datetime | None
    by: str | None
    reason: str | None


@dataclass(frozen=True)
class MetricView:
    """What the upper part of the page shows."""

    asked: PerformanceQuery
    metric: Metric
    points: tuple[MetricPoint, ...]
    versions: tuple[ModelVersion, ...]  # oldest first
    months: tuple[str, ...]
    goal: Goal | None
    live: Live | None
    challenger: str | None
    trouble: str | None
    as_of: datetime | None
    read_months: tuple[str, ...] = ()  # in which the version read anything
    of_departments: bool = False  # real use is of some departments' scans alone

    @property
    def past_limit(self) -> tuple[MetricPoint, ...]:
        """The points of real use beyond the alert limit."""
        return tuple(point for point in self.points if point.past_limit)


class Performance:
    """Composes; changes nothing."""

    def __init__(
        self,
        histories: Histories,
        cases: Cases,
        times: ResponseTimes,
        sampling: Sampling,
        goals: Callable[[str], Mapping[str, Goal]],
        tasks: Sequence[str],
        hidden: HiddenFrom,
        *,
        of_departments: bool = False,
    ) -> None:
        """`hidden` says what a person, or anybody, is not to know yet.

        `of_departments`: the cases are those of some departments alone, which MLflow's months do not tell.
        """
        self._hidden = hidden
        self._of_departments = of_departments
        self.tasks = tuple(tasks)
        self._histories = histories
        self._cases = cases
        self._times = times
        self._sampling = sampling
        self._goals = goals
        self._turn = threading.Lock()
        self._figures: OrderedDict[bytes, dict[str, Estimate]] = OrderedDict()

    def asked(self, search: str, viewer: User | None) -> PerformanceQuery:
        """An address as `?task=…&metric=…&by=month`; raises InvalidInput for what does not exist.

        What it is about leaves out what the viewer (None: anybody) is not to know yet.
        Without a version it is about the live one, or else about the newest.
        """
        if viewer is not None:
            require(viewer, Permission.SEE_PERFORMANCE)
        given = dict(parse_qsl(search.lstrip("?")))
        if unknown := set(given) - (set(vars(PerformanceQuery(""))) - {"hidden"}):
            raise InvalidInput(f"Performance has nothing called {sorted(unknown)[0]} to choose by.")
        task = given.pop("task", self.tasks[0] if self.tasks else "")
        if task not in self.tasks:
            raise InvalidInput(f"There is no task called {task}.")
        page, synthetic = given.pop("page", "1"), self._synthetic(task, given.pop("synthetic", ""))
        asked = PerformanceQuery(
            task,
            **given,
            synthetic=synthetic,
            page=int(page) if page.isdecimal() else 1,
            hidden=self._hidden(viewer),
        )
        metric_named(asked.metric)
        if asked.by not in (BY_VERSION, BY_MONTH) or asked.part not in (REVIEWED, SAMPLE):
            raise InvalidInput("Performance is by version or month, of all reviewed or of the sample.")
        if asked.of not in (REAL, VALIDATION):
            raise InvalidInput("Cases are of real use or of validation.")
        if asked.month:
            month_of(asked.month)
        if asked.age and asked.age not in AGES:
            raise InvalidInput(f"There is no age group called {asked.age[:20]}.")
        return asked if asked.version else self._of_live(asked)

    def shown(self, asked: PerformanceQuery) -> MetricView:
        """The numbers of a metric; raises InvalidInput for a metric that does not exist."""
        history, metric = self._histories.of(asked.task), metric_named(asked.metric)
        goal = self._goals(asked.task).get(asked.metric)
        points = [*self._validated(history, asked, metric), *self._real(history, asked, metric)]
        points = [self._judged(point, metric, goal) for point in points]
        versions = tuple(sorted((version.version for version in history.versions), key=_number))
        return MetricView(
            asked=asked,
            metric=metric,
            points=tuple(points),
            versions=versions,
            months=tuple(sorted({point.month for point in points if point.month})),
            goal=goal,
            live=live_of(versions),
            challenger=next((version.version for version in versions if CHALLENGER in version.aliases), None),
            trouble=history.trouble,
            as_of=history.as_of,
            read_months=self._cases.months(asked.task, asked.version),
            of_departments=self._of_departments,
        )

    def choices(self, task: str) -> dict[str, list[str]]:
        """What the judged cases of a task can be chosen by: sites, scanners, sexes and age groups."""
        judged = list(self._cases.versions(task).values())
        names = {
            dimension: {name for each in judged for name, rows in members(each, dimension) if rows.any()}
            for dimension in CHOICES
        }
        return {
            dimension: [age for age in AGES if age in values] if dimension == "age" else sorted(values)
            for dimension, values in names.items()
        }

    def coverage(self, asked: PerformanceQuery) -> ReadCount:
        """How much of what the version read, in a month or in all, is judged."""
        return self._sampling.share(asked.task, asked.version or None, asked.month or None, asked.synthetic)

    def proposals(self, asked: PerformanceQuery) -> list[Proposal]:
        """Scans of the random sample that the version read and nobody reviewed, the oldest first."""
        proposed = self._sampling.proposals(asked.task, asked.version or None, MOST_PROPOSALS)
        return [proposal for proposal in proposed if proposal.scan_id not in asked.hidden.readings]

    def every(self, asked: PerformanceQuery) -> list[MetricView]:
        """The same for all metrics, as files hold them."""
        return [self.shown(replace(asked, metric=name)) for name in METRICS]

    def history(self, task: str) -> History:
        """What MLflow holds of a task; raises NotFound for a task that there is not."""
        self.require_task(task)
        return self._histories.of(task)

    def require_task(self, task: str) -> None:
        """Raises NotFound for a task that there is not."""
        if task not in self.tasks:
            raise NotFound("There is no such task.")

    def require_month(self, task: str, month: str) -> None:
        """Raises NotFound for a month to come, and for a past one in which nothing of the task was read."""
        if not month:
            return
        asked, today = str(month_of(month)), f"{house_clock.today():%Y-%m}"
        if asked > today:
            raise NotFound(f"{asked} has not come yet.")
        scored_in = set() if self._of_departments else {month.month for month in self.history(task).real_use}
        if asked != today and asked not in scored_in.union(self._cases.months(task)):
            raise NotFound(f"Nothing of this task was read in {asked}.")

    def figures(self, judgements: Judgements) -> dict[str, Estimate]:
        """Every figure of these judgements; the same judgements are scored once."""
        key = _fingerprint(judgements)
        with self._turn:
            if key in self._figures:
                self._figures.move_to_end(key)
                return self._figures[key]
        made = scored(judgements)
        with self._turn:
            self._figures[key] = made
            while len(self._figures) > _KEPT_FIGURES:
                self._figures.popitem(last=False)
        return made

    def _synthetic(self, task: str, said: str) -> bool:
        """What the address says; else real patients, unless there are only cases made for a demonstration."""
        if said not in ("", "yes", "no"):
            raise InvalidInput("Cases are synthetic or not: say yes or no.")
        if said:
            return said == "yes"
        kinds = {synthetic for _, synthetic in self._cases.versions(task)}
        return kinds == {True}

    def _of_live(self, asked: PerformanceQuery) -> PerformanceQuery:
        versions = [version.version for version in self._histories.of(asked.task).versions]
        live = next((version for version in versions if CHAMPION in version.aliases), None) or next(
            iter(versions), None
        )
        return replace(asked, version=live.version) if live else asked

    def _validated(self, history: History, asked: PerformanceQuery, metric: Metric) -> Iterable[MetricPoint]:
        for version in history.versions:
            for kind, figure in validated(metric.name, version.figures).items():
                about = replace(
                    asked, of=VALIDATION, version=version.version.version, month="", cases="", group=""
                )
                query = addresses.performance(about.query(), addresses.CASES)
                yield MetricPoint(version.version.version, "", VALIDATION, kind, False, figure, query)

    def _real(self, history: History, asked: PerformanceQuery, metric: Metric) -> Iterable[MetricPoint]:
        if not metric.truth:
            yield from () if asked.chosen else self._response_times(asked, metric)
        elif asked.by == BY_MONTH and (asked.chosen or self._of_departments):
            yield from self._by_month_of_chosen(asked, metric)
        elif asked.by == BY_MONTH:
            yield from self._by_month(history, asked, metric)
        else:
            yield from self._by_version(asked, metric)

    def _response_times(self, asked: PerformanceQuery, metric: Metric) -> Iterable[MetricPoint]:
        """Of all readings, judged or not: how long one took tells nobody what it said."""
        by = self._times.by_month if asked.by == BY_MONTH else self._times.by_version
        for time in by(asked.task, metric.name):
            which = Which(
                asked.task, time.version, time.month, asked.part, time.synthetic, hidden=asked.hidden
            )
            yield self._point(which, time.figure, self._cases.readings(which, time.figure.n))

    def _by_month(self, history: History, asked: PerformanceQuery, metric: Metric) -> Iterable[MetricPoint]:
        for month in history.real_use:
            which = Which(asked.task, month.version, month.month, month.part, month.synthetic, _what(metric))
            if month.part != asked.part or self._tells(which, asked.hidden):
                continue
            which = replace(which, hidden=asked.hidden)
            figure = month.figures.get(metric.name)
            if figure is not None and figure.n:
                yield self._point(which, figure, self._cases.address(which))

    def _by_month_of_chosen(self, asked: PerformanceQuery, metric: Metric) -> Iterable[MetricPoint]:
        """MLflow's months are of all scans: those of a choice are scored here, by the same definition."""
        for (version, synthetic), judged in sorted(self._cases.versions(asked.task).items()):
            for month in np.unique(judged.months()).tolist():
                yield from self._scored(asked, metric, version, synthetic, f"{month:%Y-%m}")

    def _by_version(self, asked: PerformanceQuery, metric: Metric) -> Iterable[MetricPoint]:
        for version, synthetic in sorted(
            self._cases.versions(asked.task), key=lambda key: (_number(key[0]), key[1])
        ):
            yield from self._scored(asked, metric, version, synthetic)

    def _scored(
        self, asked: PerformanceQuery, metric: Metric, version: str, synthetic: bool, month: str = ""
    ) -> Iterable[MetricPoint]:
        """The point of a version's cases, of a month or of all, where they say anything of the metric."""
        of = (asked.task, version, month, asked.part, synthetic)
        which = Which(*of, hidden=asked.hidden, chosen=asked.chosen)
        judgements = self._cases.of(which)
        figure = self.figures(judgements).get(metric.name) if len(judgements) else None
        if figure is not None and figure.n and not math.isnan(figure.value):
            about = replace(which, what=_what(metric))
            yield self._point(about, figure, self._cases.address(about))

    def _tells(self, which: Which, hidden: Hidden) -> bool:
        """Whether a month's figure, which was counted for everybody, is made of a scan that is hidden."""
        if not hidden:
            return False
        counted = set(self._cases.of(replace(which, what="all")).scan_id)
        return not counted.isdisjoint(hidden.readings | hidden.reviews)

    def _point(self, which: Which, figure: Estimate, query: str) -> MetricPoint:
        return MetricPoint(which.version, which.month, which.part, "", which.synthetic, figure, query)

    def _judged(self, point: MetricPoint, metric: Metric, goal: Goal | None) -> MetricPoint:
        limit = goal.alert_limit if goal else None
        if limit is None or point.source == VALIDATION:
            return point
        value = point.figure.value
        return replace(point, past_limit=value < limit if metric.more_is_better else value > limit)


def choice_words(shown: MetricView) -> str:
    """Of which scans real use is told, in a sentence; "" where it is of all."""
    of = [f"{name} {value}" for name, value in shown.asked.chosen]
    of += ["your departments' scans"] * shown.of_departments
    if not of:
        return ""
    return f"Real use of {', '.join(of)} alone; figures of validation are of their own cases."


def live_of(versions: Iterable[ModelVersion]) -> Live | None:
    """The champion among versions; None where there is none."""
    champion = next((version for version in versions if CHAMPION in version.aliases), None)
    if champion is None:
        return None
    at = champion.tags.get(PROMOTED_AT)
    try:
        since = datetime.fromisoformat(at) if at else None
    except ValueError:  # a tag that somebody wrote by hand
        since = None
    return Live(champion, since, champion.tags.get(PROMOTED_BY) or None, champion.tags.get(REASON) or None)


def _what(metric: Metric) -> str:
    return OF_METRIC.get(metric.name, "all")


def _number(version: ModelVersion | str) -> tuple[int, str]:
    """Versions in the order of their numbers; names that are none come first."""
    name = version if isinstance(version, str) else version.version
    return (int(name), "") if name.isdecimal() else (0, name)


def _fingerprint(judgements: Judgements) -> bytes:
    """Equal for equal answers and truths: what every figure is made of."""
    words = hashlib.blake2b(digest_size=16)
    for column in (
        judgements.truth_positive,
        judgements.positive,
        judgements.probability,
        judgements.dice,
        judgements.outlined,
        judgements.threshold,
    ):
        words.update(column.tobytes())
    words.update(" ".join(judgements.verdict).encode())
    return words.digest()
