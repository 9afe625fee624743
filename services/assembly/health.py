"""Whether the server can work, and the numbers that Prometheus collects."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from data.database import Database, answers
from data.encryption import keyring_of
from data.errors import FilesAway
from data.files import FileStore
from data.stores.jobs import JobStore
from data.stores.refusals import RefusalStore
from data.stores.scans import ScanStore
from data.stores.suspensions import SuspensionStore
from services.alerts.alerts import Alerts
from services.assembly.auditing import AuditServices
from services.assembly.durations import Durations
from services.assembly.house_metrics import (
    add_kinds,
    alert_metrics,
    audit_metrics,
    backup_metrics,
    drift_metrics,
    model_metrics,
    refusal_metrics,
    registered_metrics,
    waiting_metrics,
    yes_or_no,
)
from services.assembly.performance_metrics import limit_metrics, suspension_metrics
from services.assembly.received_metrics import received_metrics
from services.assembly.receiving import ReceivingServices
from services.assembly.storage_metrics import disk_metrics, storage_trouble, storage_words
from services.backups.last import BackupAge
from services.burned_in_text.screening import PictureScreening
from services.drift.runs import DriftRuns
from services.identity_providers.ways import SignInWays, WayStatus
from services.inference.engine import Engine
from services.performance.monitoring import LimitMonitor
from services.reading.reader import Batcher
from services.reviewing.feedback import FeedbackMessages
from services.sending.outbox import Outbox
from services.servers import OnlyServer
from services.versions.registered_files import RegisteredFiles
from services.versions.registry import Registry


class Health:
    """Asked by load balancers and by Prometheus."""

    def __init__(
        self,
        database: Database,
        engine: Engine,
        batcher: Batcher,
        registry: Registry,
        registered_files: RegisteredFiles,
        scans: ScanStore,
        jobs: JobStore,
        feedback: FeedbackMessages,
        receiving: ReceivingServices,
        outbox: Outbox,
        alerts: Alerts,
        audit: AuditServices,
        sign_in_ways: SignInWays,
        backups: BackupAge,
        screening: PictureScreening,
        limits: LimitMonitor,
        drift_runs: DriftRuns,
        files: FileStore,
        folders: Mapping[str, Path],
        wanted_tasks: tuple[str, ...],
        servers: OnlyServer,
    ) -> None:
        """`folders`: those whose room is told of, by a name of each."""
        self._database = database
        self._engine = engine
        self._batcher = batcher
        self._registry, self._registered_files = registry, registered_files
        self._scans = scans
        self._jobs = jobs
        self._feedback = feedback
        self._receiving = receiving
        self._outbox = outbox
        self._alerts, self._audit, self._sign_in_ways = alerts, audit, sign_in_ways
        self._backups = backups
        self._screening = screening
        self._limits, self._files, self._folders = limits, files, folders
        self._suspensions = SuspensionStore(database)
        self._drift_runs, self._refusals = drift_runs, RefusalStore(database)
        self._wanted = set(wanted_tasks)
        self._servers = servers
        self._collectors = CollectorRegistry(auto_describe=False)
        self._collectors.register(self)
        self.durations = Durations(self._collectors)

    def ready(self) -> dict[str, Any]:
        """`ready` is true once the database answers and every network is loaded.

        `storage` says what keeps things from being kept: what is here can still be looked at.
        `audit` is what the last check of the audit trail found, `backup` when the last backup was begun;
        `files` is whether the bucket answers that files are kept in, where they are: without it pages and
        lists go on, and what needs a file waits; `identifiers` tells whether what names patients is
        encrypted in the database; `servers` is how many of a house's servers live, this one included, and
        whether this one leads;
        `burned_in_text` says why no pictures leave without the patient's name, where the detector of text
        cannot be loaded; `backends` tells of each task's network what runs it, in which number format, and
        why.
        """
        database, models = "ok" if answers(self._database) else "unreachable", self._models()
        last = self._backups.last()
        storage = storage_trouble(self._folders)
        return {
            "ready": database == "ok" and models == "loaded",
            "database": database,
            "models": models,
            "storage": "ok" if storage is None else str(storage),
            "audit": self._audit.watch.state,
            "backup": "none" if last is None else last.began_at.isoformat(timespec="seconds"),
            "files": "ok" if self._files_answer() else "unreachable",
            "identifiers": "encrypted" if keyring_of(self._database).current else "not encrypted",
            "burned_in_text": self._screening.trouble() or "ok",
            "registry": self._registry.trouble or self._registered_files.trouble() or "ok",
            "sign_in": {status.way.value: _answer(status) for status in self._sign_in_ways.statuses()},
            "servers": {"alive": self._alive(), "leads": self._servers.leads},
            "device": self._engine.device_name,
            "backends": {
                task: {"library": choice.library, "precision": choice.precision, "why": choice.why}
                for task, choice in self._engine.choices().items()
            },
        }

    def storage_words(self) -> str | None:
        """What people are told who open a page while nothing can be kept; None where all is well."""
        return storage_words(self._folders)

    def metrics(self) -> bytes:
        """The state of scans, jobs and inference in Prometheus' text format."""
        return generate_latest(self._collectors)

    def collect(self) -> list[Metric]:
        """What `metrics` writes, gathered anew each time."""
        scans = GaugeMetricFamily(
            "lightbox_scans", "Scans in the house by status", labels=["status", "synthetic"]
        )
        for made in (False, True):
            for status, number in self._scans.counts(synthetic=made).items():
                scans.add_metric([status.value, yes_or_no(made)], number)
        jobs = GaugeMetricFamily("lightbox_jobs", "Jobs by state", labels=["state"])
        for state, number in self._jobs.counts().items():
            jobs.add_metric([state.value], number)
        feedback = GaugeMetricFamily(
            "lightbox_feedback", "Messages about results by state", labels=["state", "synthetic"]
        )
        for reached, count in self._feedback.counts().items():
            add_kinds(feedback, [reached.value], count)
        told = self.ready()
        ready, files = 1.0 if told["ready"] else 0.0, 1.0 if told["files"] == "ok" else 0.0
        registry = 0.0 if self._registry.trouble else 1.0
        return [
            scans,
            jobs,
            feedback,
            *received_metrics(self._receiving),
            self._deliveries(),
            model_metrics(self._engine),
            registered_metrics(self._registered_files),
            alert_metrics(self._alerts),
            self._ways(),
            *drift_metrics(self._drift_runs, self._wanted),
            refusal_metrics(self._refusals),
            *waiting_metrics(self._jobs),
            limit_metrics(self._limits),
            suspension_metrics(self._suspensions.all(), self._wanted),
            *disk_metrics(self._folders),
            *audit_metrics(self._audit),
            *backup_metrics(self._backups),
            GaugeMetricFamily("lightbox_inference_waiting", "Inputs that wait", self._batcher.waiting),
            CounterMetricFamily("lightbox_inference_items_total", "Inputs run", self._batcher.items),
            CounterMetricFamily("lightbox_inference_batches_total", "Batches run", self._batcher.batches),
            GaugeMetricFamily("lightbox_registry_up", "1 when MLflow's registry answers", registry),
            GaugeMetricFamily("lightbox_files_up", "1 when the store of files answers", files),
            GaugeMetricFamily("lightbox_servers", "Servers of this house that live", self._alive()),
            GaugeMetricFamily("lightbox_leads", "1 when this server leads", float(self._servers.leads)),
            GaugeMetricFamily("lightbox_led", "1 while any server leads", float(self._servers.led)),
            GaugeMetricFamily("lightbox_ready", "1 when the server can read scans", ready),
        ]

    def _alive(self) -> int:
        return len(self._servers.alive()) or 1

    def _deliveries(self) -> Metric:
        told = GaugeMetricFamily(
            "lightbox_deliveries", "Results for remote nodes by state", labels=["node", "state", "synthetic"]
        )
        for (node, state), count in self._outbox.counts().items():
            add_kinds(told, [node, state.value], count)
        return told

    def _ways(self) -> Metric:
        told = GaugeMetricFamily(
            "lightbox_sign_in_up", "1 when the hospital's sign-in answered last", labels=["way"]
        )
        for status in self._sign_in_ways.statuses():
            told.add_metric([status.way.value], 1.0 if status.answers else 0.0)
        return told

    def _files_answer(self) -> bool:
        try:
            self._files.check()
        except FilesAway:
            return False
        return True

    def _models(self) -> str:
        missing = self._wanted - set(self._engine.loaded_tasks())
        if not missing:
            return "loaded"
        return "loading" if not self._registry.ready else "missing: " + ", ".join(sorted(missing))


def _answer(status: WayStatus) -> str:
    return {None: "not asked yet", True: "ok", False: "away"}[status.answers]
