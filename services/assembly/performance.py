"""Everything that the performance page, its files and its address of the API are made of, in one place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from data.database import Database
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


@dataclass(frozen=True)
class PerformanceServices:
    """How good each version is: the services behind the page, and what keeps them up to date."""

    numbers: Performance
    cases: Cases
    details: Details
    pairs: Pairs
    goals: Goals
    estimates: Estimates
    answers: Answers
    exports: PerformanceExports
    assess_ai: AssessAi
    histories: Histories
    real_use: RealUse
    monitoring: LimitMonitor
    stop_rules: StopRules


def build_performance(stores: Stores, jobs: Jobs, alerts: Alerts, hidden: HiddenFrom) -> PerformanceServices:
    """Put it together on the house's stores; `hidden` says what who is not to know yet."""
    clinical, judgements = stores.clinical, stores.judgements
    histories = Histories(stores.tracking, stores.settings.home / "cache", clinical)
    real_use = RealUse(judgements, stores.tracking, jobs, clinical, logged=histories.refresh)
    sampling = Sampling(judgements, stores.review_share)
    return performance_on(
        histories, real_use, judgements, sampling, stores.ledger, stores.database, alerts, clinical, hidden
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
) -> PerformanceServices:
    """Put it together on its parts; `tasks` are those that clinicians get answers from."""
    audit = AuditLog(database)
    cases, goals = Cases(judgements, ledger), Goals(GoalStore(database), audit)
    numbers = Performance(histories, cases, ResponseTimes(judgements), sampling, goals.of, tasks, hidden)
    details = Details(histories, cases)
    estimates = Estimates(judgements, cases, histories)
    answers = Answers(judgements, cases, ledger, RefusalStore(database))
    return PerformanceServices(
        numbers=numbers,
        cases=cases,
        details=details,
        pairs=Pairs(judgements, ReviewStore(database).truths_since),
        goals=goals,
        estimates=estimates,
        answers=answers,
        exports=PerformanceExports(numbers, estimates, answers, cases, details, audit),
        assess_ai=AssessAi(ledger, audit),
        histories=histories,
        real_use=real_use,
        monitoring=LimitMonitor(numbers, goals, alerts, tasks),
        stop_rules=stop_rules_on(database, judgements, goals, alerts, audit, tasks, hidden),
    )


def stop_rules_on(
    database: Database,
    judgements: JudgementStore,
    goals: Goals,
    alerts: Alerts,
    audit: AuditLog,
    tasks: Sequence[str],
    hidden: HiddenFrom,
) -> StopRules:
    """The stop rules of these tasks on their parts."""
    store = SuspensionStore(database)
    statistics = StopStatistics(judgements, RefusalStore(database), store)
    return StopRules(store, statistics, goals.of, alerts, audit, tasks, hidden)
