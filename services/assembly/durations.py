"""How long requests and jobs took and which faults were logged since the start, for Prometheus."""

from __future__ import annotations

import logging

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics

from data.records import JobState

# A series more for each, which nobody asked for.
disable_created_metrics()  # type: ignore[no-untyped-call]

_REQUEST_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_JOB_S = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600)


class Durations:
    """Counts since the start of the process: Prometheus knows a restart by a count that falls."""

    def __init__(self, collectors: CollectorRegistry) -> None:
        self._requests = Histogram(
            "lightbox_http_request_duration_seconds",
            "From a request's head to the head of its answer",
            ["method", "route", "status"],
            registry=collectors,
            buckets=_REQUEST_S,
        )
        self._jobs = Histogram(
            "lightbox_job_duration_seconds",
            "A job's last run; read is the reading of a scan, open the opening of an upload",
            ["kind", "outcome"],
            registry=collectors,
            buckets=_JOB_S,
        )
        self._errors = Counter(
            "lightbox_errors_total", "Faults that were logged", ["logger"], registry=collectors
        )
        self._log = _Faults(self._errors)

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request to an address of this pattern was answered."""
        self._requests.labels(method, route, str(status)).observe(seconds)

    def job(self, kind: str, outcome: JobState, seconds: float) -> None:
        """A job of this kind is over."""
        self._jobs.labels(kind, outcome.value).observe(seconds)

    def start(self) -> None:
        """Count what is logged as an error from now on."""
        logging.getLogger().addHandler(self._log)

    def stop(self) -> None:
        """Count no more."""
        logging.getLogger().removeHandler(self._log)


class _Faults(logging.Handler):
    def __init__(self, errors: Counter) -> None:
        super().__init__(logging.ERROR)
        self._errors = errors

    def emit(self, record: logging.LogRecord) -> None:
        """Count it."""
        self._errors.labels(record.name).inc()
