"""Real use: each version is scored month by month on what clinicians found to be true, and logged.

One MLflow run holds a version's month, once for all reviewed scans and once for the random sample among
them; scans of a demonstration have runs of their own. A month is scored anew whenever one of its truths
changes, however late: to the same run, one step further, so that what was believed before stays to be
seen. The run carries a digest of what it was made of, and what has not changed is not logged again.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from time import monotonic
from typing import Any

from data import house_clock
from data.database import DATABASE_FAULTS
from data.errors import TrackingAway, UserFacingError
from data.ledger.judgements import JudgementStore
from data.ledger.readings import CountKey
from data.records import Effort, Job, Judgements, Precedence, ReadCount, Result, TrackedRun
from data.tracking import Tracking
from models.statistics.estimate import Estimate
from models.statistics.means import quantile
from services.jobs import JobContext, Jobs
from services.statistics.scoring import scored

log = logging.getLogger(__name__)

JOB = "real-use"
EXPERIMENT = "lightbox-{task}-real-use"
KIND, VERSION, MONTH = "lightbox.kind", "lightbox.version", "lightbox.month"
PART, SYNTHETIC, DIGEST = "lightbox.part", "lightbox.synthetic", "lightbox.digest"
REVIEWED, SAMPLE = "reviewed", "sample"
EVERYTHING = "*"
_FORM = "3"  # of what is logged: another one has every month logged anew
_AGAIN_S = 0.5
_EFFORT = Effort(precedence=Precedence.URGENT)
"""Before readings: somebody looks at the page and waits for the point to move."""
_AWAY = "MLflow cannot be reached; the month is scored when it is back."

RunKey = tuple[str, str, str, str]
"""Version, month, part, and "yes" or "no" for synthetic: the run's tags."""


class RealUse:
    """Scores real use, as jobs."""

    def __init__(
        self,
        judgements: JudgementStore,
        tracking: Tracking,
        jobs: Jobs,
        tasks: Iterable[str],
        *,
        rest_s: float = 5.0,
        logged: Callable[[str], object] = lambda _: None,
    ) -> None:
        """`tasks` are those that clinicians get answers from; `logged` is told of a task with new figures."""
        self._judgements = judgements
        self._tracking = tracking
        self._jobs = jobs
        self._tasks = tuple(tasks)
        self._turn = threading.Lock()  # held around the runs of a month: none is made twice
        self._guard = threading.Lock()  # of what follows
        self._scoring: Counter[tuple[str, str]] = Counter()
        self._rest_s = rest_s
        self._logged = logged
        self._scored_at: dict[str, float] = {}
        self._again: set[str] = set()  # subjects to be asked for once more
        self._missed: set[str] = set()  # subjects for which MLflow was away
        self._counted: dict[str, dict[CountKey, int]] = {}  # truths by task, when last looked
        self._day: date | None = None
        jobs.register(JOB, self._job, limit=2)

    def request(self, task: str, version: str, month: str, user_id: str | None = None) -> Job:
        """Have a month ("2026-11", of reading, by the clock of the house) scored anew."""
        return self._submit(f"{task}|{version}|{month}", user_id)

    def request_all(self, user_id: str | None = None) -> Job:
        """Have every month scored in which anything changed; the job tells how far it is."""
        return self._submit(EVERYTHING, user_id)

    def truth_changed(self, result: Result) -> None:
        """Have a reviewed result's month scored; raises nothing, as the review is kept already.

        While many do, as an import does, a month is scored at most every `rest_s`.
        """
        month = house_clock.month_of(result.created_at)
        subject = f"{result.task}|{result.provenance.model_version}|{month}"
        with self._guard:
            rest = self._rest_s - (monotonic() - self._scored_at.get(subject, -self._rest_s))
        if rest > 0:
            self._later(subject, rest)
        else:
            self._try(subject)

    def running(self, task: str, version: str) -> bool:
        """Whether a month of this version is being scored at this moment."""
        with self._guard:
            return self._scoring[task, version] > 0

    def resume(self) -> None:
        """At the server's start: see to whatever changed while it was away."""
        self._day = house_clock.today()
        self.request_all()

    def tick(self) -> None:
        """Once a minute: see what other processes reviewed, what MLflow missed, and whether a day began."""
        if house_clock.today() != self._day:
            self.resume()
            return
        with self._guard:
            missed = sorted(self._missed)
        # One of them tells whether MLflow is back; all the others follow it.
        for subject in [*missed[:1], *self._look()]:
            self._submit(subject, None)

    def score(self, task: str, version: str, month: str) -> None:
        """Log a month's runs, or take them back where it has no truths. Raises TrackingAway."""
        keys = [key for key in self._judgements.read_counts(task) if key[:2] == (version, month)]
        with self._at(task, version):
            tags = {KIND: JOB, VERSION: version, MONTH: month}
            with self._turn:
                self._month(task, version, month, keys, self._runs(task, tags))
        self._logged(task)

    def score_all(
        self,
        advance: Callable[[float], None] = lambda _: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        """Score whatever changed, newest months first. Raises TrackingAway.

        `advance` is told the share that is done, `stop` asked before each month.
        """
        self._look()  # all of it is scored now
        months = [
            (task, runs, which) for task, runs in self._all_runs() for which in self._months(task, runs)
        ]
        months.sort(key=lambda each: each[2][1], reverse=True)
        for number, (task, runs, (version, month)) in enumerate(months):
            if stop():
                return
            known = {key: of_month for key, of_month in runs.items() if key[:2] == (version, month)}
            if self._stale(task, version, month, known):
                self.score(task, version, month)
            advance((number + 1) / len(months))

    def _job(self, context: JobContext) -> None:
        try:
            if context.subject == EVERYTHING:
                self.score_all(context.progress, context.cancelled)
            else:
                self.score(*context.subject.split("|", 2))
        except TrackingAway as away:
            log.warning("real use is not scored: %r", away.__cause__)
            with self._guard:
                self._missed.add(context.subject)
            # Not Busy, which comes back at once: whoever waits for MLflow keeps others from a worker.
            raise UserFacingError(_AWAY) from away
        with self._guard:
            self._scored_at[context.subject] = monotonic()
            self._missed.discard(context.subject)
            others, self._missed = self._missed, set()
        for subject in others:
            self._submit(subject, None)

    def _submit(self, subject: str, user_id: str | None) -> Job:
        job = self._jobs.submit(JOB, subject, user_id, _EFFORT)
        if job.started_at is not None:  # what it has read already may be too old
            self._later(subject, _AGAIN_S)
        return job

    def _later(self, subject: str, delay_s: float) -> None:
        with self._guard:
            if subject in self._again:
                return
            self._again.add(subject)
        timer = threading.Timer(delay_s, self._ask_again, (subject,))
        timer.daemon = True
        timer.start()

    def _ask_again(self, subject: str) -> None:
        with self._guard:
            self._again.discard(subject)
        self._try(subject)

    def _try(self, subject: str) -> None:
        try:
            self._submit(subject, None)
        except DATABASE_FAULTS as error:  # it is closed, or away: the next pass will see
            log.warning("%s is scored by the next pass: %r", subject, error)

    def _look(self) -> list[str]:
        """The months in which the number of truths is another than when last looked."""
        changed: list[str] = []
        for task in self._tasks:
            counts = {key: count.reviewed for key, count in self._judgements.read_counts(task).items()}
            before = self._counted.get(task, counts)
            months = {key[:2] for key in counts.keys() | before.keys() if counts.get(key) != before.get(key)}
            changed += [f"{task}|{version}|{month}" for version, month in sorted(months)]
            self._counted[task] = counts
        return changed

    def _month(
        self,
        task: str,
        version: str,
        month: str,
        keys: Iterable[CountKey],
        runs: Mapping[RunKey, list[TrackedRun]],
    ) -> None:
        wanted = dict(self._wanted(task, keys))
        for key, (judgements, count) in wanted.items():
            latencies = self._judgements.latencies(task, version, month, key[3] == "yes")
            figures = scored(judgements) | {
                "latency_p50_ms": quantile(latencies, 0.5),
                "latency_p95_ms": quantile(latencies, 0.95),
            }
            self._log(task, key, figures, count, digest(judgements, count), runs.get(key, []))
        for key, old in runs.items():
            if key not in wanted:  # its reviews are gone
                self._tracking.delete_runs([run.run_id for run in old])

    def _wanted(
        self, task: str, keys: Iterable[CountKey]
    ) -> Iterator[tuple[RunKey, tuple[Judgements, ReadCount]]]:
        """What each run of these months is made of; a part without a truth gets no run."""
        counts = self._judgements.read_counts(task)
        for version, month, synthetic in keys:
            count = counts.get((version, month, synthetic), ReadCount())
            judgements = self._judgements.of(task, version, month, month, synthetic)
            yes = "yes" if synthetic else "no"
            if len(judgements):
                yield (version, month, REVIEWED, yes), (judgements, count)
            if judgements.sampled.any():
                part = ReadCount(count.sampled, count.sampled_reviewed, count.sampled, count.sampled_reviewed)
                yield (version, month, SAMPLE, yes), (judgements.where(judgements.sampled), part)

    def _log(
        self,
        task: str,
        key: RunKey,
        figures: Mapping[str, Estimate],
        count: ReadCount,
        made_of: str,
        runs: list[TrackedRun],
    ) -> None:
        version, month, part, synthetic = key
        numbers = flat(figures) | {"read_n": float(count.read), "reviewed_n": float(count.reviewed)}
        self._tracking.delete_runs([run.run_id for run in runs[1:]])
        if runs and runs[0].tags.get(DIGEST) == made_of:
            return
        if runs:
            run_id, step = runs[0].run_id, max(runs[0].steps.values(), default=-1) + 1
        else:
            tags = dict(zip((VERSION, MONTH, PART, SYNTHETIC), key, strict=True)) | {KIND: JOB}
            name = f"v{version} {month} {part}" + (" synthetic" if synthetic == "yes" else "")
            run_id, step = self._tracking.start_run(EXPERIMENT.format(task=task), name, {}, tags), 0
        self._tracking.log_metrics(run_id, numbers, step)
        self._tracking.tag_run(run_id, {DIGEST: made_of})  # last: without it all is logged again
        self._tracking.end_run(run_id)

    def _stale(self, task: str, version: str, month: str, runs: Mapping[RunKey, list[TrackedRun]]) -> bool:
        """Whether a month's runs are not what they would be if they were made now."""
        keys = [key for key in self._judgements.read_counts(task) if key[:2] == (version, month)]
        wanted = {key: digest(*made_of) for key, made_of in self._wanted(task, keys)}
        return wanted != {
            key: kept[0].tags.get(DIGEST) if len(kept) == 1 else None for key, kept in runs.items()
        }

    def _all_runs(self) -> list[tuple[str, dict[RunKey, list[TrackedRun]]]]:
        return [(task, self._runs(task, {KIND: JOB})) for task in self._tasks]

    def _runs(self, task: str, tags: Mapping[str, str]) -> dict[RunKey, list[TrackedRun]]:
        """Runs by what they are of, the oldest first: there is one, unless two servers made one each."""
        tracked = self._tracking.runs(EXPERIMENT.format(task=task), tags)
        runs: dict[RunKey, list[TrackedRun]] = {}
        for run in sorted(tracked, key=lambda run: (str(run.started_at), run.run_id)):
            version, month, part, synthetic = (
                run.tags.get(tag, "") for tag in (VERSION, MONTH, PART, SYNTHETIC)
            )
            runs.setdefault((version, month, part, synthetic), []).append(run)
        return runs

    def _months(self, task: str, runs: Iterable[RunKey]) -> set[tuple[str, str]]:
        """(version, month) of whatever was reviewed or has a run."""
        counts = self._judgements.read_counts(task)
        return {key[:2] for key, count in counts.items() if count.reviewed} | {key[:2] for key in runs}

    @contextmanager
    def _at(self, task: str, version: str) -> Iterator[None]:
        with self._guard:
            self._scoring[task, version] += 1
        try:
            yield
        finally:
            with self._guard:
                self._scoring[task, version] -= 1


def forget_synthetic(tracking: Tracking, tasks: Iterable[str]) -> int:
    """Take out the runs of demonstrations; returns how many. Raises TrackingAway."""
    gone = 0
    for task in tasks:
        runs = tracking.runs(EXPERIMENT.format(task=task), {KIND: JOB, SYNTHETIC: "yes"})
        tracking.delete_runs([run.run_id for run in runs])
        gone += len(runs)
    return gone


def digest(judgements: Judgements, count: ReadCount) -> str:
    """A text that is another one if any figure of these could be."""
    told = hashlib.sha256(f"{_FORM} {count}".encode())
    order = judgements.result_id.argsort()
    told.update("".join(judgements.result_id[order]).encode())
    for column in ("positive", "truth_positive", "probability", "dice", "outlined"):
        told.update(getattr(judgements, column)[order].tobytes())
    told.update(" ".join(judgements.verdict[order]).encode())
    return told.hexdigest()


def flat(figures: Mapping[str, Estimate]) -> dict[str, float]:
    """Figures as MLflow's numbers; one that is undefined has an n of 0, so that no older value stands."""
    numbers: dict[str, float] = {}
    for name, figure in figures.items():
        if figure.value != figure.value:
            numbers[f"{name}_n"] = 0.0
            continue
        parts: dict[str, Any] = vars(figure)
        numbers |= {
            name if part == "value" else f"{name}_{part}": float(value) for part, value in parts.items()
        }
    return numbers
