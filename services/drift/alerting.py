"""When a drift run is an alert, and when it may propose the end of one.

A rule is a task, a reference and a filter, in real or in made scans; each has an alert of its own. So a
calm run of a filter says nothing on the alert of the whole, nor made scans on that of real ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from data import house_clock
from data.records import DriftReference, DriftRun, Evidence, ReferenceKind, Severity
from services.addresses import DriftAddress
from services.drift.windows import Window
from services.task_words import words_of


class Alerting(Protocol):
    """Who is told when something drifts."""

    def raise_alert(
        self,
        cause: str,
        severity: Severity,
        title: str,
        sentence: str,
        link: str,
        *,
        evidence: Evidence | None = None,
        synthetic: bool = False,
    ) -> Any:
        """Open an alert, or count another time of an open one."""

    def propose_end(self, cause: str, sentence: str, evidence: Evidence | None) -> Any:
        """Say on the cause's alert that its rule sees the cause no more."""

    def settle(self, cause: str) -> Any:
        """Close the alert of a fault that is over."""


def failed(alerting: Alerting, run: DriftRun, sentence: str) -> None:
    """A run that could not be computed; of a scheduled one the schedule tells: one cause, one alert."""
    if run.schedule_id is not None:
        return
    title = f"Drift of {words_of(run.task).label.lower()} could not be computed"
    alerting.raise_alert(_cause_of_failure(run.task), Severity.WARNING, title, sentence, _link(run))


def rule_of(run: DriftRun, reference: DriftReference) -> str:
    """What stays the same from run to run: the reference, or the rule that made it for this window."""
    return run.ask.against.value if reference.kind is ReferenceKind.ROLLING else reference.id


def finished(alerting: Alerting, run: DriftRun, window: Window, verdict: Sequence[str], rule: str) -> None:
    """A run with its numbers: raised from warning on; what could not be judged says nothing either way."""
    alerting.settle(_cause_of_failure(run.task))
    period = window.period()
    if period is None or run.severity is None:
        return
    cause, evidence = _cause(run, rule, window.synthetic), Evidence(period[1], len(window.frame))
    sentence = " ".join(verdict)
    if run.severity is Severity.CALM:
        calm = (
            f"A later window of {evidence.n:,} readings, up to {house_clock.day_of(evidence.last)}, is calm."
        )
        alerting.propose_end(cause, calm, evidence)
    elif run.severity.is_told:
        among = f", in {window.words}" if run.ask.query else ""
        title = f"{words_of(run.task).label} drifts from “{run.reference_name}”{among}"
        alerting.raise_alert(
            cause,
            run.severity,
            title,
            sentence,
            _link(run),
            evidence=evidence,
            synthetic=window.synthetic,
        )


def _cause(run: DriftRun, rule: str, synthetic: bool) -> str:
    kind = "synthetic" if synthetic else ""
    return ":".join(filter(None, ("drift", run.task, rule, kind, run.ask.query)))


def _cause_of_failure(task: str) -> str:
    return f"drift-run:{task}"


def _link(run: DriftRun) -> str:
    return str(DriftAddress(run.task, run.id))
