"""What is in force and what calls people, as numbers that Prometheus collects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from data.database import now
from data.errors import FilesAway, NotFound
from data.records import DriftRun, KindCount
from data.stores.jobs import JobStore
from data.stores.refusals import RefusalStore
from services.alerts.alerts import Alerts
from services.assembly.auditing import AuditServices
from services.backups.last import BackupAge
from services.drift.runs import DriftRuns
from services.inference.engine import Engine
from services.reading.intake import JOB as OPENING
from services.reading.reading import JOB as READING
from services.versions.registered_files import RegisteredFiles


def yes_or_no(synthetic: bool) -> str:
    """The label `synthetic`: whether a number is of scans that were made for a demonstration."""
    return "yes" if synthetic else "no"


def add_kinds(family: GaugeMetricFamily, labels: Sequence[str], count: KindCount) -> None:
    """Both numbers of a count, in a family whose last label is `synthetic`."""
    for number, made in ((count.real, False), (count.synthetic, True)):
        family.add_metric([*labels, yes_or_no(made)], number)


def model_metrics(engine: Engine) -> Metric:
    """Which version is in force for each task, and what runs it."""
    info = GaugeMetricFamily(
        "lightbox_model_info",
        "1 for the version in force of each task",
        labels=["task", "version", "library", "precision"],
    )
    for task, (version, choice) in engine.in_force().items():
        info.add_metric([task, version, choice.library.value, choice.precision.value], 1)
    return info


def registered_metrics(files: RegisteredFiles) -> Metric:
    """The versions that cannot come into force, as their files are gone or damaged."""
    gone = GaugeMetricFamily(
        "lightbox_model_weights_missing",
        "1 for a registered version whose weights are not in MLflow any more, or are damaged",
        labels=["task", "version"],
    )
    for task, version in sorted(files.lacking()):
        gone.add_metric([task, version], 1)
    return gone


def waiting_metrics(jobs: JobStore) -> list[Metric]:
    """How much work waits, and how long, as nobody sees in a count: a restart does not begin it anew.

    What every server of a house may do is told as 0 where none waits: servers are made and ended by it.
    """
    number = GaugeMetricFamily("lightbox_jobs_waiting", "Jobs of the house that wait", labels=["kind"])
    waited = GaugeMetricFamily(
        "lightbox_job_waiting_seconds", "Since the job was queued that has waited longest", labels=["kind"]
    )
    moment, waiting = now(), jobs.waiting()
    for kind, kept in sorted(waiting.items()):
        number.add_metric([kind], kept.number)
        waited.add_metric([kind], (moment - kept.since).total_seconds())
    for kind in sorted({OPENING, READING} - waiting.keys()):
        number.add_metric([kind], 0)
    return [number, waited]


def audit_metrics(audit: AuditServices) -> Iterable[Metric]:
    """What the last check found, nothing before the first; what waits for a syslog server, if any."""
    state, waiting = audit.watch.state, audit.syslog.waiting
    if state != "not checked yet":
        said = "1 when the audit trail is as it was written, by the last check"
        yield GaugeMetricFamily("lightbox_audit_intact", said, float(state == "intact"))
    if waiting is not None:
        yield GaugeMetricFamily("lightbox_audit_waiting", "Events that wait for the syslog server", waiting)


def backup_metrics(backups: BackupAge) -> Iterable[Metric]:
    """How old the last backup is; nothing where none was made."""
    age = backups.seconds
    if age is not None:
        yield GaugeMetricFamily("lightbox_backup_age_seconds", "Since the last backup was begun", age)


def alert_metrics(alerts: Alerts) -> Metric:
    """Alerts that are not closed."""
    standing = GaugeMetricFamily(
        "lightbox_alerts", "Alerts that are not closed", labels=["severity", "state", "synthetic"]
    )
    numbers = Counter(
        (alert.severity.value, alert.state.value, yes_or_no(alert.synthetic)) for alert in alerts.unfinished()
    )
    for labels, number in sorted(numbers.items()):
        standing.add_metric(labels, number)
    return standing


def drift_metrics(runs: DriftRuns, tasks: Iterable[str]) -> list[Metric]:
    """What the latest finished drift run of each task said, and when."""
    state = GaugeMetricFamily(
        "lightbox_drift_state",
        "1 for the verdict of each task's latest run",
        labels=["task", "severity", "synthetic"],
    )
    at = GaugeMetricFamily(
        "lightbox_drift_run_timestamp_seconds", "When the task's latest drift run ended", labels=["task"]
    )
    for task in sorted(tasks):
        for run in runs.finished(task, 1):
            if run.severity is not None and run.finished_at is not None:
                state.add_metric([task, run.severity.value, _kind(runs, run)], 1)
                at.add_metric([task], run.finished_at.timestamp())
    return [state, at]


def _kind(runs: DriftRuns, run: DriftRun) -> str:
    """The label `synthetic` of a run; "unknown" while its numbers cannot be read: that hides no verdict."""
    try:
        return yes_or_no(runs.of_made_scans(run))
    except (NotFound, FilesAway):
        return "unknown"


def refusal_metrics(refusals: RefusalStore) -> Metric:
    """What was not read, by reason; counted in the database, so that a restart changes nothing."""
    refused = CounterMetricFamily(
        "lightbox_refusals_total", "Files and series that were not read, by reason", labels=["reason"]
    )
    for reason, number in sorted(refusals.by_reason().items()):
        refused.add_metric([reason], number)
    return refused
