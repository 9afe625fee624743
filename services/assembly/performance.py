"""Everything that the performance page, its files and its address of the API are made of, in one place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import lru_cache, partial

from data.database import Database, one_moment
from data.department_wall import Departments, bound
from data.ledger.in_memory import Ledger
from data.ledger.judgements import JudgementStore
from data.stores.audit import AuditLog
from data.stores.goals import GoalStore
from data.stores.refusals import RefusalStore
from data.stores.reviews import ReviewStore
from data.stores.suspensions import SuspensionStore
from services.alerts.alerts import Alerts
from services.assembly.stores import Stores
from services.cohort.cohort import HiddenFrom
from services.jobs import Jobs
from services.performance.answer_shares import Answers
from services.performance.assess_ai import AssessAi
from services.performance.cases import Cases
from services.performance.details import Details
from services.performance.estimates import Estimates
from services.performance.exports import PerformanceExports
from services.performance.goals import Goals
from services.performance.history import Histories
from services.performance.monitoring import LimitMonitor
from services.performance.numbers import Performance
from services.performance.pairs import Pairs
from services.performance.real_use import RealUse
from services.performance.response_times import ResponseTimes
from services.performance.sampling import Sampling
from services.performance.stop_rules import StopRules
from services.performance.stop_statistics import StopStatistics

_DEPARTMENTS_KEPT = 16  # different sets of departments; each holds the judgements of its scans


@dataclass(frozen=True)
class JudgedFigures:
    """What is told of judged cases: of the whole house's, or of some departments' alone."""

    numbers: Performance
    cases: Cases
    details: Details
    estimates: Estimates
    answers: Answers
    exports: PerformanceExports


@dataclass(frozen=True)
class PerformanceServices:
    """How good each version is: the services behind the page, and what keeps them up to date.

    What is told of judged cases is that of who asks: somebody bound to departments gets figures of these.
    """

    house: JudgedFigures
    of_departments: Callable[[Departments], JudgedFigures]
    pairs: Pairs
    goals: Goals
    assess_ai: AssessAi
    histories: Histories
    real_use: RealUse
    monitoring: LimitMonitor
    stop_rules: StopRules
    one_look: Callable[[], AbstractContextManager[None]]
    """Meanwhile all is read as of one moment: for a page that shows figures in many parts."""

    @property
    def numbers(self) -> Performance:
        """Every metric, of the cases that this thread may see; so are those below."""
        return self._seen.numbers

    @property
    def cases(self) -> Cases:
        """The cases behind a number."""
        return self._seen.cases

    @property
    def details(self) -> Details:
        """A version more closely."""
        return self._seen.details

    @property
    def estimates(self) -> Estimates:
        """What is estimated without truth."""
        return self._seen.estimates

    @property
    def answers(self) -> Answers:
        """Shares of answers."""
        return self._seen.answers

    @property
    def exports(self) -> PerformanceExports:
        """Files and answers of the API."""
        return self._seen.exports

    @property
    def _seen(self) -> JudgedFigures:
        departments = bound()
        return self.house if departments is None else self.of_departments(departments)


def build_performance(
    stores: Stores, jobs: Jobs, alerts: Alerts, hidden: HiddenFrom, live: Callable[[str], str | None]
) -> PerformanceServices:
    """Put it together on the house's stores; `hidden` says what who is not to know yet.

    `live` says which version of a task answers.
    """
    clinical, judgements = stores.clinical, stores.judgements
    histories = Histories(stores.tracking, stores.settings.home / "cache", clinical)
    real_use = RealUse(judgements, stores.tracking, jobs, clinical, logged=histories.refresh)
    sampling = Sampling(judgements, stores.review_share)
    return performance_on(
        histories,
        real_use,
        judgements,
        sampling,
        stores.ledger,
        stores.database,
        alerts,
        clinical,
        hidden,
        live,
    )


def performance_on(
    histories: Histories,
    real_use: RealUse,
    judgements: JudgementStore,
    sampling: Sampling,
    ledger: Ledger,
    database: Database,
    alerts: Alerts,
    tasks: Sequence[str],
    hidden: HiddenFrom,
    live: Callable[[str], str | None],
) -> PerformanceServices:
    """Put it together on its parts; `tasks` are those that clinicians get answers from."""
    audit = AuditLog(database)
    goals = Goals(GoalStore(database), audit)
    refusals = RefusalStore(database)

    def figures(of: JudgementStore, sample: Sampling, *, of_departments: bool) -> JudgedFigures:
        cases = Cases(of, ledger)
        numbers = Performance(
            histories,
            cases,
            ResponseTimes(of),
            sample,
            goals.of,
            tasks,
            hidden,
            of_departments=of_departments,
        )
        details, estimates = Details(histories, cases), Estimates(of, cases, histories)
        answers = Answers(of, cases, ledger, refusals)
        exports = PerformanceExports(numbers, estimates, answers, cases, details, audit)
        return JudgedFigures(numbers, cases, details, estimates, answers, exports)

    @lru_cache(_DEPARTMENTS_KEPT)
    def of_departments(departments: Departments) -> JudgedFigures:
        own = JudgementStore(database, sampling.share_drawn, departments)
        return figures(own, Sampling(own, sampling.share_drawn), of_departments=True)

    house = figures(judgements, sampling, of_departments=False)
    return PerformanceServices(
        house=house,
        of_departments=of_departments,
        pairs=Pairs(judgements, ReviewStore(database).truths_since),
        goals=goals,
        assess_ai=AssessAi(ledger, audit),
        histories=histories,
        real_use=real_use,
        monitoring=LimitMonitor(house.numbers, goals, alerts, tasks),
        stop_rules=stop_rules_on(database, judgements, goals, alerts, audit, tasks, hidden, live),
        one_look=partial(one_moment, database),
    )


def stop_rules_on(
    database: Database,
    judgements: JudgementStore,
    goals: Goals,
    alerts: Alerts,
    audit: AuditLog,
    tasks: Sequence[str],
    hidden: HiddenFrom,
    live: Callable[[str], str | None],
) -> StopRules:
    """The stop rules of these tasks on their parts; `live` says which version of a task answers."""
    store = SuspensionStore(database)
    statistics = StopStatistics(judgements, RefusalStore(database), store)
    return StopRules(store, statistics, goals.of, alerts, audit, tasks, hidden, live)
