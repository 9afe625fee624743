"""Everything about reports in one place: who writes which kind, and what is made periodically."""

from __future__ import annotations

import json
from datetime import UTC, timedelta

from data.database import now
from data.records import ReportKind, Schedule
from data.reports import ReportStore
from services.alerts import Alerts
from services.cohort import Cohorts
from services.cohort_report import CohortReport
from services.drift import Drift
from services.drift_report import DriftReport
from services.governance import GovernanceReport, Sources
from services.ground import Ground
from services.history import Histories
from services.jobs import Jobs
from services.performance_report import PerformanceReport
from services.pictures import Pictures
from services.promotion import Promotions
from services.reporting import Reporting, Writer
from services.schedules import Default, Schedules

SCHEDULE = "report"
MONTHLY = "0 7 1 * *"
_MOST = 1000  # promotions, alarms and drift runs that a report looks back on


def report_writers(cohorts: Cohorts, drift: Drift, sources: Sources) -> dict[ReportKind, Writer]:
    """Who writes the reports of each kind."""
    return {
        ReportKind.GOVERNANCE: GovernanceReport(sources),
        ReportKind.PERFORMANCE: PerformanceReport(sources.histories, sources.judgements, sources.tasks),
        ReportKind.DRIFT: DriftReport(drift),
        ReportKind.COHORT: CohortReport(cohorts),
    }


def reporting_desk(
    ground: Ground,
    jobs: Jobs,
    histories: Histories,
    cohorts: Cohorts,
    pictures: Pictures,
    drift: Drift,
    promotions: Promotions,
    alerts: Alerts,
) -> Reporting:
    """Reports of every kind."""
    sources = Sources(
        histories=histories,
        judgements=ground.judgements,
        cohorts=cohorts,
        reviews=ground.reviews,
        scans=ground.scans,
        patients=ground.patients,
        pictures=pictures,
        promotions=lambda: promotions.recent(limit=_MOST),
        drift_runs=lambda task: drift.runs(task, _MOST),
        alerts=lambda: [*alerts.standing(), *alerts.past(_MOST)],
        card=ground.registry.card,
        tasks=ground.clinical,
    )
    writers = report_writers(cohorts, drift, sources)
    store = ReportStore(ground.database)
    return Reporting(ground.settings, store, ground.files, jobs, ground.audit, writers)


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
