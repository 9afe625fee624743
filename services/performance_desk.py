"""Everything that the performance page, its files and its address of the API are made of, in one place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from data.audit import AuditLog
from data.database import Database
from data.goals import GoalStore
from data.judgements import JudgementStore
from data.lines import Ledger
from services.assess_ai import AssessAi
from services.history import Histories
from services.performance import Performance
from services.performance_cases import Cases
from services.performance_details import Details
from services.performance_export import PerformanceExports
from services.performance_goals import Goals
from services.performance_pairs import Pairs
from services.sampling import Sampling


@dataclass(frozen=True)
class PerformanceDesk:
    """The services behind the page."""

    numbers: Performance
    cases: Cases
    details: Details
    pairs: Pairs
    goals: Goals
    exports: PerformanceExports
    assess_ai: AssessAi


def performance_desk(
    histories: Histories,
    judgements: JudgementStore,
    sampling: Sampling,
    ledger: Ledger,
    database: Database,
    tasks: Sequence[str],
) -> PerformanceDesk:
    """Put it together; `tasks` are those that clinicians get answers from."""
    audit = AuditLog(database)
    cases, goals = Cases(judgements, ledger), Goals(GoalStore(database), audit)
    numbers = Performance(histories, cases, sampling, goals.of, tasks)
    details = Details(histories, cases)
    return PerformanceDesk(
        numbers=numbers,
        cases=cases,
        details=details,
        pairs=Pairs(judgements),
        goals=goals,
        exports=PerformanceExports(numbers, details, audit),
        assess_ai=AssessAi(ledger, audit),
    )
