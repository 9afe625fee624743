"""Every service in one typed place: built here, started here, closed here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

from data.database import Database
from data.stores.burned_in_text import PixelScreeningStore
from data.stores.jobs import JobStore
from data.stores.schedules import ScheduleStore
from models import tasks
from services.accounts import Accounts, accounts_of
from services.alerts.alerts import Alerts
from services.assembly.acceptance import AcceptanceServices, build_acceptance
from services.assembly.alerts import alerts_of
from services.assembly.auditing import AuditServices, build_auditing
from services.assembly.boards import BoardServices, build_boards
from services.assembly.cohort import CohortServices, build_cohort
from services.assembly.departments import DepartmentServices, build_departments
from services.assembly.drift import DriftServices, build_drift
from services.assembly.edges import build_edges
from services.assembly.evaluations import EvaluationServices, build_evaluations
from services.assembly.feedback import build_feedback
from services.assembly.health import Health
from services.assembly.model_cards import build_model_cards
from services.assembly.parts import Parts
from services.assembly.performance import PerformanceServices, build_performance
from services.assembly.priors import build_priors, told_of_arrivals
from services.assembly.readers import ReaderServices, build_personal_mails, build_readers
from services.assembly.reading import ReadingServices, build_reading
from services.assembly.receiving import ReceivingServices, build_receiving
from services.assembly.remote_nodes import build_remote_nodes
from services.assembly.reporting import (
    build_exports,
    build_reading_reports,
    build_reporting,
)
from services.assembly.retention import RetentionServices, build_retention, schedule_expiry
from services.assembly.reviewing import (
    ReviewingServices,
    acceptances_of,
    blinding_of,
    build_reviewing,
    unaided_of,
)
from services.assembly.scheduling import schedule_drift, schedule_reports, schedule_retrainings
from services.assembly.second_factors import build_second_factors
from services.assembly.sending import SendingServices, build_sending
from services.assembly.servers import ServerServices, build_servers
from services.assembly.signing_in import build_department_groups, build_sign_in_ways
from services.assembly.stores import open_stores
from services.assembly.tidying import Tidying
from services.assembly.training import TrainingServices, build_retrainings, build_training
from services.assembly.versions import LIVE, VersionServices, build_versions
from services.backups.last import BackupAge, shared_by
from services.backups.restoring import refuse_unfinished
from services.burned_in_text.screening import PictureScreening
from services.edges.arrivals import EdgeArrivals
from services.exporting.exports import Exports
from services.identity_providers.ways import SignInWays
from services.importing.imports import Importing
from services.jobs import Jobs
from services.mails.personal_mails import PersonalMails
from services.priors.priors import Priors
from services.process_memory import give_back
from services.reading.intake import empty_folder
from services.remote_nodes.nodes import RemoteNodes
from services.reporting.model_card.cards import ModelCards
from services.reporting.reading_report import ReadingReports
from services.reporting.reports import Reporting
from services.retraining.retrainings import Retrainings
from services.reviewing.feedback import FeedbackMessages
from services.reviewing.pictures import Pictures
from services.schedules.schedules import Schedules
from services.second_factors.second_factors import SecondFactors
from services.sessions import Sessions, sessions_of
from services.settings import Settings


@dataclass(frozen=True)
class Services:
    """What the pages, the API and the command line are built on: one door a subject."""

    settings: Settings
    accounts: Accounts
    departments: DepartmentServices
    sessions: Sessions
    second_factors: SecondFactors
    sign_in_ways: SignInWays
    jobs: Jobs
    schedules: Schedules
    alerts: Alerts
    reading: ReadingServices
    reviewing: ReviewingServices
    readers: ReaderServices
    personal_mails: PersonalMails
    importing: Importing
    receiving: ReceivingServices
    edges: EdgeArrivals
    remote_nodes: RemoteNodes
    priors: Priors
    cohort: CohortServices
    versions: VersionServices
    evaluations: EvaluationServices
    acceptance: AcceptanceServices
    performance: PerformanceServices
    drift: DriftServices
    boards: BoardServices
    training: TrainingServices
    retrainings: Retrainings
    reporting: Reporting
    model_cards: ModelCards
    reading_reports: ReadingReports
    screening: PictureScreening
    exports: Exports
    sending: SendingServices
    feedback: FeedbackMessages
    auditing: AuditServices
    retention: RetentionServices
    tidying: Tidying
    health: Health
    database: Database
    servers: ServerServices

    def start(self, once_loaded: Callable[[], None] = lambda: None) -> None:
        """Begin to work: jobs at once, networks as soon as they are loaded in the background.

        `once_loaded` is called then, on the thread that loads them.
        """
        self.health.durations.start()
        self.jobs.tell_of_ends(self.health.durations.job)
        self.reading.batcher.start()
        self.versions.serving.start(then=partial(self._loaded, once_loaded))
        self.versions.registered_files.start()
        self.servers.events.start()
        self.jobs.start()
        self.reading.resume()
        self.receiving.handover.start()
        self.servers.group.start(self._lead, self._follow, self.jobs.look)

    def _lead(self) -> None:
        """Begin what only one server of a house does."""
        self.schedules.start()
        self.reading.features.resume()
        self.evaluations.evaluations.resume()
        self.versions.reruns.resume()
        self.retrainings.resume()
        self.performance.real_use.resume()
        self.importing.resume()
        self.priors.resume()
        self.retention.erasing.resume()
        self.reading.uploads.forget_broken()
        self.sending.sender.start()
        self.tidying.start()

    def _follow(self) -> None:
        """Another server does that from now on; what runs here comes to its end."""
        self.sending.sender.stop()

    def close(self) -> None:
        """End the work at hand; what is unfinished goes on at the next start."""
        self.receiving.handover.stop()
        self.sending.sender.stop()
        self.versions.registered_files.stop()
        self.versions.serving.stop()
        self.retrainings.close()
        self.jobs.stop()
        self.reading.batcher.stop()
        self.performance.histories.close()
        self.health.durations.stop()
        self.servers.group.stop()  # last: from then on others take what is left
        self.servers.events.stop()
        self.database.dispose()

    def _loaded(self, once_loaded: Callable[[], None]) -> None:
        """What follows the loading of the networks, on their thread."""
        if self.servers.group.leads:  # of several only one says how what was cut short has ended
            self.versions.promotions.settle()
        self.performance.histories.warm()
        once_loaded()


def build_services(settings: Settings, parts: Parts | None = None) -> Services:
    """Services on the settings' stores; migrates the database, starts nothing.

    `parts` holds what is to be put in instead of the real part.
    """
    parts = parts or Parts()
    refuse_unfinished(settings.home)
    empty_folder(settings.home)
    stores = open_stores(settings, parts.tracking, parts.registry)
    job_store = JobStore(stores.database)
    accounts = accounts_of(
        stores.database, parts.hasher, passwords_for_all=settings.sign_in.passwords_for_all
    )
    department_groups = build_department_groups(stores)
    sign_in_ways = build_sign_in_ways(stores, accounts, parts.hasher, department_groups)
    servers = build_servers(settings, stores.database)
    jobs = Jobs(
        job_store, settings.workers, turns=parts.turns(), servers=servers.group, events=servers.events
    )
    alerts = alerts_of(stores, jobs)
    schedules = Schedules(ScheduleStore(stores.database), jobs, alerts, stores.audit)
    screening = PictureScreening(
        stores.scans,
        stores.files,
        PixelScreeningStore(stores.database),
        stores.audit,
        parts.text_detector(),
    )
    pictures = Pictures(
        stores.scans, stores.results, stores.reviews, stores.files, screening, settings.volumes_bytes
    )

    blinding, unaided = blinding_of(stores), unaided_of(stores)
    nodes = build_remote_nodes(stores)
    priors = build_priors(stores, nodes, jobs)
    arrived = told_of_arrivals(unaided.arrived, priors)
    reading = build_reading(stores, jobs, parts, servers, arrived)
    cohort = build_cohort(stores, reading.engine.thresholds, blinding.hidden)
    performance = build_performance(stores, jobs, alerts, blinding.hidden, reading.live)
    real_use = performance.real_use
    acceptances = acceptances_of(stores, reading.live)
    reviewing = build_reviewing(
        stores,
        accounts,
        pictures,
        blinding,
        unaided,
        real_use.truth_changed,
        reading.comparisons,
        nodes.name,
        reading.readings,
        acceptances,
    )
    readers = build_readers(stores, accounts, reviewing, alerts)
    mails = build_personal_mails(stores, jobs, alerts)
    versions = build_versions(stores, reading, pictures, jobs, real_use.running, blinding, alerts, servers)
    training = build_training(stores, jobs, screening)
    evaluations = build_evaluations(stores, jobs, reading, versions, cohort, training, blinding.hidden)
    performance.pairs.ask_too(versions.rehearsals.readings_of)
    acceptance = build_acceptance(stores, evaluations, versions.serving, acceptances, reading.live, alerts)
    versions.promotions.tell(performance.histories.refresh)
    servers.events.subscribe(LIVE, performance.histories.refresh)
    performance.pairs.ask_too(evaluations.outcomes.readings_of)
    drift = build_drift(stores, alerts, jobs, blinding.hidden)
    reporting = build_reporting(
        stores, jobs, performance.histories, cohort.numbers, pictures, drift.runs, versions.promotions, alerts
    )
    feedback = build_feedback(stores, alerts, blinding)
    importing = Importing(
        settings,
        stores.database,
        stores.files,
        reading.reader,
        jobs,
        real_use.truth_changed,
        alone=servers.events.alone,
    )
    receiving = build_receiving(stores, reading.intake, alerts)
    exports = build_exports(stores, reviewing, screening)
    sending = build_sending(stores, nodes, exports, reviewing, alerts)

    retrainings = build_retrainings(stores, training, versions, drift, jobs, alerts)
    schedule_drift(schedules, drift, stores.clinical)
    schedule_retrainings(schedules, retrainings, stores.clinical)
    schedule_reports(schedules, reporting, drift.runs, stores.clinical)
    ticks = (
        schedules.tick,
        alerts.deliver_due,
        real_use.tick,
        performance.monitoring.tick,
        performance.stop_rules.tick,
        acceptance.watch.tick,
    )
    auditing = build_auditing(stores, accounts, alerts)
    second_factors = build_second_factors(stores.database, settings, accounts)
    retention = build_retention(
        stores,
        accounts,
        servers.everywhere("erased.drift", drift.forget_rows),
        servers.everywhere("erased.rehearsals", versions.rehearsals.forget_opened),
        sign_in_ways,
        second_factors,
    )
    schedule_expiry(schedules, retention.expiry)
    for tick in (
        *ticks,
        auditing.watch.tick,
        auditing.syslog.tick,
        receiving.senders.tick,
        priors.tick,
        readers.watch.tick,
        mails.tick,
        retrainings.tick,
        retention.erasing.resume,
        versions.promotions.settle,
    ):
        jobs.every_minute(tick)
    for tick in (sign_in_ways.tick, reading.take_up, give_back):
        jobs.every_minute(tick, every_server=True)
    return Services(
        settings=settings,
        accounts=accounts,
        departments=build_departments(stores, department_groups),
        sessions=sessions_of(
            stores.database,
            timedelta(minutes=settings.session_minutes),
            timedelta(hours=settings.session_hours),
        ),
        second_factors=second_factors,
        sign_in_ways=sign_in_ways,
        jobs=jobs,
        schedules=schedules,
        alerts=alerts,
        reading=reading,
        reviewing=reviewing,
        readers=readers,
        personal_mails=mails,
        importing=importing,
        receiving=receiving,
        edges=build_edges(stores, reading, arrived, real_use.truth_changed),
        remote_nodes=nodes,
        priors=priors,
        cohort=cohort,
        versions=versions,
        evaluations=evaluations,
        acceptance=acceptance,
        performance=performance,
        drift=drift,
        boards=build_boards(stores, cohort, performance, drift, alerts),
        training=training,
        retrainings=retrainings,
        reporting=reporting,
        model_cards=build_model_cards(
            stores, performance, drift, versions, alerts, feedback, blinding.hidden
        ),
        reading_reports=build_reading_reports(stores, reviewing, screening),
        screening=screening,
        exports=exports,
        sending=sending,
        feedback=feedback,
        auditing=auditing,
        retention=retention,
        tidying=Tidying(settings, stores.database, stores.files, importing),
        health=Health(
            stores.database,
            reading.engine,
            reading.batcher,
            stores.registry,
            versions.registered_files,
            stores.scans,
            job_store,
            feedback,
            receiving,
            sending.outbox,
            alerts,
            auditing,
            sign_in_ways,
            BackupAge(settings.home, shared_by(settings)),
            screening,
            performance.monitoring,
            drift.runs,
            stores.files,
            _disks(settings.home, stores.files.folder),
            tuple(tasks.ALL),
            servers.group,
        ),
        database=stores.database,
        servers=servers,
    )


def _disks(home: Path, files: Path | None) -> dict[str, Path]:
    """The folders whose room is watched; files that lie elsewhere are watched there."""
    return {"home": home} if files is None else {"home": home, "files": files}
