"""Everything about reports in one place: who writes which kind, and what is made periodically."""

from __future__ import annotations

from data.records import ReportKind
from data.stores.goals import GoalStore
from data.stores.reports import ReportStore
from data.stores.study_identifiers import StudyIdentifierStore
from services.alerts.alerts import Alerts
from services.assembly.reviewing import ReviewingServices
from services.assembly.stores import Stores
from services.burned_in_text.screening import PictureScreening
from services.cohort.cohort import Cohorts
from services.drift.runs import DriftRuns
from services.exporting.exports import Exports
from services.exporting.plain_reports import PlainReports
from services.jobs import Jobs
from services.performance.goals import Goals
from services.performance.history import Histories
from services.reporting.cohort_report import CohortReport
from services.reporting.drift_report import DriftReport
from services.reporting.governance import GovernanceReport, Sources
from services.reporting.key_pictures import KeyPictures
from services.reporting.performance_report import PerformanceReport
from services.reporting.reading_report import ReadingReports
from services.reporting.reports import Reporting, Writer
from services.reviewing.pictures import Pictures
from services.versions.promotion import Promotions

_MOST = 1000  # promotions, alerts and drift runs that a report looks back on


def report_writers(cohorts: Cohorts, drift: DriftRuns, sources: Sources) -> dict[ReportKind, Writer]:
    """Who writes the reports of each kind."""
    return {
        ReportKind.GOVERNANCE: GovernanceReport(sources),
        ReportKind.PERFORMANCE: PerformanceReport(sources.histories, sources.judgements, sources.tasks),
        ReportKind.DRIFT: DriftReport(drift),
        ReportKind.COHORT: CohortReport(cohorts),
    }


def build_reporting(
    stores: Stores,
    jobs: Jobs,
    histories: Histories,
    cohorts: Cohorts,
    pictures: Pictures,
    drift: DriftRuns,
    promotions: Promotions,
    alerts: Alerts,
) -> Reporting:
    """Reports of every kind."""
    sources = Sources(
        histories=histories,
        judgements=stores.judgements,
        cohorts=cohorts,
        reviews=stores.reviews,
        scans=stores.scans,
        patients=stores.patients,
        pictures=pictures,
        promotions=lambda: promotions.recent(limit=_MOST),
        drift_runs=lambda task: drift.runs(task, _MOST),
        of_made_scans=drift.of_made_scans,
        alerts=lambda: [*alerts.unfinished(), *alerts.past(_MOST)],
        card=stores.registry.card,
        goals=Goals(GoalStore(stores.database), stores.audit).of,
        tasks=stores.clinical,
    )
    writers = report_writers(cohorts, drift, sources)
    store = ReportStore(stores.database)
    return Reporting(stores.settings, store, stores.files, jobs, stores.audit, writers)


def build_reading_reports(
    stores: Stores, reviewing: ReviewingServices, screening: PictureScreening
) -> ReadingReports:
    """Reports of single readings."""
    pictures = KeyPictures(stores.files, reviewing.pictures, screening)
    return ReadingReports(reviewing.scan_views, stores.patients, pictures, stores.audit)


def build_exports(stores: Stores, reviewing: ReviewingServices, screening: PictureScreening) -> Exports:
    """Results as files for other systems."""
    pictures = KeyPictures(stores.files, reviewing.pictures, screening)
    reports = build_reading_reports(stores, reviewing, screening)
    identifiers = StudyIdentifierStore(stores.database)
    return Exports(
        reviewing.scan_views,
        stores.files,
        reviewing.pictures,
        pictures,
        reports,
        PlainReports(reports, stores.settings.patient_id_system),
        reviewing.patients,
        stores.audit,
        identifiers,
    )
