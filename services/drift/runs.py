"""Drift runs: a window of readings against a reference, kept with every number that it gave.

The snapshot of a run is the one source of its numbers; pages, files and alerts show it.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from data.database import new_id, now
from data.errors import InvalidInput, NotFound, UserFacingError
from data.feature_files import read, written
from data.files import FileStore
from data.records import CATEGORIES, NUMBERS, DriftAsk, DriftRun, RunState, Severity, User
from data.stores.drift import DriftRunStore
from data.stores.refusals import RefusalStore
from reports import drift_numbers
from reports.drift import Outcome, Side, compare
from services import keys
from services.cohort.filters import filters_of, query_of
from services.cohort.small_numbers import Audience
from services.drift import alerting
from services.drift.alerting import Alerting
from services.drift.changes import change
from services.drift.facts import facts_of
from services.drift.limits import DriftLimits, plain
from services.drift.limits import notes as limit_notes
from services.drift.reference_rules import ReferenceRules
from services.drift.references import DriftReferences, OpenedReference, same_kind
from services.drift.small_counts import outside
from services.drift.windows import Window, Windows
from services.jobs import JobContext, Jobs
from services.permissions import Permission, require

if TYPE_CHECKING:
    import pandas as pd

JOB = "drift"
SNAPSHOT, PAGE, TRUTH_PAGE, ROWS = "snapshot.json", "drift.html.z", "truth.html.z", "rows.parquet"
PAGES = {"drift": PAGE, "truth": TRUTH_PAGE}
LISTED = 50
_KEPT_SNAPSHOTS = 64


Settled = Callable[[DriftRun], None]


class DriftRuns:
    """Runs comparisons as jobs, keeps what comes of them, and raises an alert where it matters."""

    def __init__(
        self,
        runs: DriftRunStore,
        references: DriftReferences,
        windows: Windows,
        refusals: RefusalStore,
        files: FileStore,
        alerts: Alerting,
        jobs: Jobs | None = None,
        limits: DriftLimits | None = None,
    ) -> None:
        """Without `jobs` only `run_now` works, as on the command line; without `limits` the usual hold."""
        self._limits = limits
        self._runs = runs
        self._references = references
        self._rules = ReferenceRules(references, windows)
        self._windows = windows
        self._refusals = refusals
        self._files = files
        self._alerting = alerts
        self._jobs = jobs
        self._listeners: list[Settled] = []
        self._kept = lru_cache(maxsize=_KEPT_SNAPSHOTS)(self._read)
        self._outside = lru_cache(maxsize=_KEPT_SNAPSHOTS)(self._told_outside)
        if jobs is not None:
            jobs.register(JOB, self._work, self._gave_up, limit=1)  # one at a time: each takes a core

    @property
    def references(self) -> DriftReferences:
        """What runs are measured against."""
        return self._references

    def when_settled(self, listener: Settled) -> None:
        """Call `listener` with every run that is done or has failed."""
        self._listeners.append(listener)

    def request(self, ask: DriftAsk, user: User | None = None, schedule_id: str | None = None) -> DriftRun:
        """Queue a run; raises InvalidInput for a window that cannot be, NotFound for a lost reference."""
        if user is not None:
            require(user, Permission.RUN_DRIFT)
        if self._jobs is None:
            raise InvalidInput("Runs are queued by the server only.")
        run = self._added(ask, user, schedule_id)
        self._jobs.submit(JOB, run.id, None if user is None else user.id)
        return run

    def run_now(self, ask: DriftAsk, user: User | None = None) -> DriftRun:
        """Run and wait; raises what is wrong with the ask, and keeps the failure with the run."""
        if user is not None:
            require(user, Permission.RUN_DRIFT)
        run = self._added(ask, user, None)
        try:
            return self._run(run, lambda _: None)
        except UserFacingError as error:
            self._gave_up(run.id, str(error))
            raise

    def run(self, run_id: str) -> DriftRun:
        """One run; raises NotFound."""
        run = self._runs.get(run_id)
        if run is None:
            raise NotFound("There is no such drift run.")
        return run

    def runs(self, task: str, limit: int = LISTED) -> list[DriftRun]:
        """The task's latest runs, newest first."""
        return self._runs.recent(task, limit)

    def finished(self, task: str, limit: int = LISTED) -> list[DriftRun]:
        """The task's latest runs that have numbers, newest first."""
        return self._runs.recent(task, limit, RunState.DONE)

    def progress(self, run: DriftRun) -> float | None:
        """How far a waiting run is, from 0 to 1; None where nobody knows."""
        if self._jobs is None or run.state is not RunState.WAITING:
            return None
        jobs = self._jobs.recent(200, JOB)
        return next((job.progress for job in jobs if job.subject == run.id), None)

    def snapshot(self, run_id: str) -> dict[str, Any]:
        """Every number of a finished run; raises NotFound."""
        return json.loads(self._kept(run_id))  # type: ignore[no-any-return]

    def of_made_scans(self, run: DriftRun) -> bool:
        """Whether a run compared scans that were made for a demonstration; raises NotFound as `snapshot`."""
        return run.state is RunState.DONE and bool(self.snapshot(run.id).get("synthetic"))

    def content(self, run_id: str) -> bytes:
        """The snapshot's bytes, whose hash the run keeps; raises NotFound."""
        return self._kept(run_id)

    def told(self, run_id: str, audience: Audience) -> dict[str, Any]:
        """The numbers of a finished run as an audience is told them; raises NotFound."""
        return json.loads(self._outside(run_id)) if audience.withholds else self.snapshot(run_id)

    def html(self, run_id: str, page: str = "drift") -> bytes:
        """Evidently's page on "drift", or on "truth" where the truth was known; raises NotFound."""
        if page not in PAGES:
            raise NotFound("There is no such page.")
        self.run(run_id)
        return zlib.decompress(self._files.get(f"{keys.drift_run(run_id)}/{PAGES[page]}"))

    def rows(self, run_id: str) -> pd.DataFrame:
        """The readings that a run looked at; raises NotFound."""
        self.run(run_id)
        return read(self._files.get(f"{keys.drift_run(run_id)}/{ROWS}"))[0]

    def history(self, task: str, feature: str, limit: int = LISTED) -> list[tuple[DriftRun, dict[str, Any]]]:
        """A feature as each finished run of a task saw it, oldest first; "embedding" is the AUC."""
        seen = []
        for run in reversed(self._runs.recent(task, limit, RunState.DONE)):
            numbers = _of_feature(self.snapshot(run.id), feature)
            if numbers is not None:
                seen.append((run, numbers))
        return seen

    def network_of(self, reference: OpenedReference) -> str | None:
        """The version whose vectors a reference holds: only its own can be compared with them."""
        return _network_of(reference)

    def delete(self, run_id: str) -> None:
        """Forget a run and its files."""
        self._runs.delete(run_id)
        self._files.delete_all(keys.drift_run(run_id))
        self._kept.cache_clear()
        self._outside.cache_clear()

    def _added(self, ask: DriftAsk, user: User | None, schedule_id: str | None) -> DriftRun:
        ask = replace(ask, query=query_of(filters_of(ask.query)))
        if ask.reference_id is not None:
            self._references.get(ask.reference_id)
        self._windows.check(ask)
        asked_by = None if user is None else user.id
        return self._runs.add(
            DriftRun(new_id(), ask, RunState.WAITING, now(), schedule_id=schedule_id, asked_by=asked_by)
        )

    def _work(self, context: JobContext) -> None:
        run = self._runs.get(context.subject)
        if run is not None and run.state is RunState.WAITING:
            self._run(run, context.progress)

    def _gave_up(self, run_id: str, sentence: str) -> None:
        self._runs.fail(run_id, sentence, now())
        run = self._runs.get(run_id)
        if run is None:
            return
        alerting.failed(self._alerting, run, sentence)
        self._notify(run)

    def _run(self, run: DriftRun, progress: Callable[[float], None]) -> DriftRun:
        window = self._windows.window(run.ask, run.created_at)
        reference = self._rules.reference_of(run.ask, window, run.created_at)
        window = window.without(reference.result_ids)
        reference = same_kind(reference, window.frame)
        progress(0.1)
        outcome = self._compared(run, reference, window, lambda share: progress(0.1 + 0.85 * share))
        finished = self._keep(run, reference, window, outcome)
        rule = alerting.rule_of(finished, reference.reference)
        told = outside(outcome.snapshot)["verdict"]  # an alert is read outside of the house
        alerting.finished(self._alerting, finished, window, told, rule)
        self._notify(finished)
        return finished

    def _compared(
        self, run: DriftRun, reference: OpenedReference, window: Window, progress: Callable[[float], None]
    ) -> Outcome:
        version = _network_of(reference)
        current = Side(window.frame, self._windows.vectors(version) if len(window.frame) else None)
        limits = {} if self._limits is None else self._limits.of(run.task)
        facts = facts_of(run, reference, window, self._refused(window))
        facts["notes"] += limit_notes(limits)
        before = Side(reference.frame, reference.vectors)
        return compare(before, current, NUMBERS, CATEGORIES, change, facts, progress, plain(limits))

    def _refused(self, window: Window) -> dict[str, Any]:
        """Of files and series that came in the window's time, how many were not read, whatever the task.

        Made ones are counted beside made readings alone, and real ones beside real ones.
        """
        period, n = window.period(), len(window.frame)
        came = [] if period is None else self._refusals.between(*period)
        refused = sum(kept.synthetic == window.synthetic for kept in came)
        return {"refused": refused, "read": n, "share": drift_numbers.share(refused, refused + n)}

    def _keep(self, run: DriftRun, reference: OpenedReference, window: Window, outcome: Outcome) -> DriftRun:
        """Files first, then the row that says they are there."""
        folder, snapshot = keys.drift_run(run.id), outcome.snapshot
        content = json.dumps(snapshot, allow_nan=False, separators=(",", ":")).encode()
        self._files.put(f"{folder}/{SNAPSHOT}", content)
        self._files.put(f"{folder}/{ROWS}", written(window.frame))
        pages = {PAGE: outcome.html, TRUTH_PAGE: outcome.truth_html}
        for name, html in pages.items():
            if html is not None:
                self._files.put(f"{folder}/{name}", zlib.compress(html.encode()))
        finished = replace(
            run,
            state=RunState.DONE,
            version=snapshot["version"],
            reference_id=reference.reference.id,
            reference_name=reference.reference.name,
            severity=Severity(snapshot["severity"]),
            reference_n=reference.reference.n,
            current_n=len(window.frame),
            drifted=snapshot["counts"]["drifted"],
            watched=snapshot["counts"]["watched"],
            snapshot_sha256=hashlib.sha256(content).hexdigest(),
            finished_at=now(),
        )
        assert finished.finished_at is not None
        self._runs.finish(finished, finished.finished_at)
        return finished

    def _notify(self, run: DriftRun) -> None:
        for listener in self._listeners:
            listener(run)

    def _told_outside(self, run_id: str) -> bytes:
        """Worked out once a run: what may follow from what takes seconds with many features."""
        return json.dumps(outside(self.snapshot(run_id)), allow_nan=False, separators=(",", ":")).encode()

    def _read(self, run_id: str) -> bytes:
        if self.run(run_id).state is not RunState.DONE:
            raise NotFound("This drift run has no numbers.")
        return self._files.get(f"{keys.drift_run(run_id)}/{SNAPSHOT}")


def _network_of(reference: OpenedReference) -> str | None:
    """The version whose vectors a reference holds: only its own can be compared with them."""
    version = reference.reference.version
    if version is None and "version" in reference.frame.columns and len(reference.frame):
        return str(reference.frame["version"].mode().iloc[0])
    return version


def _of_feature(snapshot: Mapping[str, Any], feature: str) -> dict[str, Any] | None:
    if feature == "embedding":
        embedding = snapshot["embedding"]
        return (
            None
            if embedding is None
            else {"effect": embedding["auc"]["value"], "p_corrected": embedding["p"], "drifted": None}
        )
    return next((column for column in snapshot["features"] if column["name"] == feature), None)
