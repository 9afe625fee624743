"""Everything about reports in one place: who writes which kind, and what is made periodically."""

from __future__ import annotations

import json
from datetime import UTC, timedelta

from data.database import now
from data.records import ReportKind, Schedule
from services.cohort import Cohorts
from services.cohort_report import CohortReport
from services.drift import Drift
from services.drift_report import DriftReport
from services.governance import GovernanceReport, Sources
from services.performance_report import PerformanceReport
from services.reporting import Reporting, Writer
from services.schedules import Default, Schedules

SCHEDULE = "report"
MONTHLY = "0 7 1 * *"


def report_writers(cohorts: Cohorts, drift: Drift, sources: Sources) -> dict[ReportKind, Writer]:
    """Who writes the reports of each kind."""
    return {
        ReportKind.GOVERNANCE: GovernanceReport(sources),
        ReportKind.PERFORMANCE: PerformanceReport(sources.histories, sources.judgements, sources.tasks),
        ReportKind.DRIFT: DriftReport(drift),
        ReportKind.COHORT: CohortReport(cohorts),
    }


def schedule_reports(schedules: Schedules, reporting: Reporting) -> None:
    """Let reports be made periodically: by default the governance report of a month, when it is over.

    A report that cannot be made says why on the page of reports, and is an alarm of its schedule.
    """

    def run(schedule: Schedule) -> None:
        asked = dict(json.loads(schedule.ask))
        kind = ReportKind(asked.pop("kind"))
        if kind is ReportKind.GOVERNANCE:
            asked |= last_month()
        reporting.request(kind, asked, None)
        reporting.prune()

    ask = json.dumps({"kind": ReportKind.GOVERNANCE.value})
    default = Default("Governance report of the month", ask, MONTHLY)
    schedules.register(SCHEDULE, run, _described, defaults=[default], choices=lambda: [ask])


def last_month() -> dict[str, str]:
    """The first and last day of the month before this one, in UTC."""
    last = now().astimezone(UTC).replace(day=1) - timedelta(days=1)
    return {"from": f"{last:%Y-%m}-01", "to": f"{last:%Y-%m-%d}"}


def _described(ask: str) -> str:
    return "governance report of the month before"
