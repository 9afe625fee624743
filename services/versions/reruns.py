"""Reading a stored result again from what it was made of, and saying whether the same comes of it.

Limits where it is not the same to the last digit are those within which the engine lets a network be run in
another way (`services.inference.agreement`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from data import formats
from data.database import new_id, now
from data.errors import NotFound
from data.files import FileStore
from data.packing import mask_sha256, unpacked
from data.records import (
    AuditEvent,
    Effort,
    Ingredient,
    IngredientState,
    Precedence,
    Rerun,
    RerunNumbers,
    RerunOutcome,
    RerunReport,
    Result,
    User,
)
from data.stores.audit import AuditLog
from data.stores.reruns import RerunStore
from data.stores.results import ResultStore
from data.stores.scans import ScanStore
from models.overlap import dice
from models.task import Task
from services import keys
from services.inference.agreement import MOST_CALL_SHIFT, MOST_FLIPS, MOST_SHIFT
from services.inference.engine import Engine, Loaded
from services.jobs import JobContext, Jobs
from services.permissions import Permission, require
from services.reading.reader import Read, Reader
from services.reviewing.blinding import Blinding
from services.versions.registry import Registry
from services.versions.rerun_ingredients import kept_input, kept_weights, kind_of, others

Look = Callable[[float], None]
JOB = "rerun"
_EFFORT = Effort(precedence=Precedence.LATER)
_NO_RESULT = "There is no such result."
_IDENTICAL = "Identical: {mask}the same probability to the last digit."
_WITHIN = "Not to the last digit, but within the limits of the engine{why}."
_DIFFERENT = "Different, beyond the limits of the engine{why}."
_NO_REASON = "; all that is noted is the same, and which inputs shared a batch is not"


@dataclass(frozen=True)
class RerunResult:
    """A result of a scan with its reruns, newest first."""

    result: Result
    reruns: tuple[Rerun, ...]


class _Interrupted(Exception):
    """The server is stopping; the next start reads it from the beginning."""


class Reruns:
    """Asks for reruns, works them off behind clinicians' readings, and keeps what came of them."""

    def __init__(
        self,
        store: RerunStore,
        results: ResultStore,
        scans: ScanStore,
        files: FileStore,
        registry: Registry,
        engine: Engine,
        reader: Reader,
        tasks: dict[str, Task],
        blinding: Blinding,
        jobs: Jobs,
        audit: AuditLog,
    ) -> None:
        self._store = store
        self._results = results
        self._scans = scans
        self._files = files
        self._registry = registry
        self._engine = engine
        self._reader = reader.wanted(Precedence.LATER)
        self._tasks = tasks
        self._blinding = blinding
        self._jobs = jobs
        self._audit = audit
        jobs.register(JOB, self._work, on_give_up=self._give_up, limit=1)

    def request(self, result_id: str, user: User) -> Rerun:
        """Have a result read again; one that waits is not doubled. Raises NotAllowed and NotFound."""
        require(user, Permission.RERUN_RESULTS)
        result = self._known(result_id, user)
        for waiting in self._store.of_result(result_id):
            if waiting.outcome is RerunOutcome.WAITING:
                return waiting
        asked = Rerun(
            new_id(), result.scan_id, result_id, RerunOutcome.WAITING, user.id, user.display_name, now()
        )
        with self._audit.together():
            self._store.add(asked)
            self._audit.record(AuditEvent(now(), user.id, "result.rerun", result_id))
        self._jobs.submit(JOB, asked.id, user.id, _EFFORT)
        return asked

    def resume(self) -> None:
        """Have those gone on with that a stop of the server left waiting."""
        for waiting in self._store.waiting():
            self._jobs.submit(JOB, waiting.id, waiting.asked_by, _EFFORT)

    def of_result(self, result_id: str, user: User) -> list[Rerun]:
        """The reruns of a result, newest first; raises NotAllowed and NotFound."""
        require(user, Permission.RERUN_RESULTS)
        self._known(result_id, user)
        return self._store.of_result(result_id)

    def of_scan(self, scan_id: str, user: User) -> list[RerunResult]:
        """The results of a scan with their reruns, newest first; none for who is not to know of them yet."""
        require(user, Permission.SEE_SCANS)
        if self._blinding.of_scan(scan_id, user).model:
            return []
        every = self._store.of_scan(scan_id)
        return [
            RerunResult(result, tuple(rerun for rerun in every if rerun.result_id == result.id))
            for result in self._results.of_scan(scan_id)
        ]

    def _known(self, result_id: str, user: User) -> Result:
        result = self._results.get(result_id)
        if result is None or result.task not in self._tasks:
            raise NotFound(_NO_RESULT)
        self._blinding.refuse_model(result.scan_id, user)
        return result

    def _work(self, job: JobContext) -> None:
        asked = self._store.get(job.subject)
        result = None if asked is None else self._results.get(asked.result_id)
        if asked is None or result is None or asked.outcome is not RerunOutcome.WAITING:
            return

        def look(fraction: float) -> None:
            job.progress(fraction)
            if job.cancelled():
                raise _Interrupted

        try:
            outcome, report = self._read(result, look)
        except _Interrupted:
            return
        self._store.end(replace(asked, outcome=outcome, finished_at=now(), report=report))

    def _read(self, result: Result, look: Look) -> tuple[RerunOutcome, RerunReport]:
        kept = kept_input(self._scans, self._files, result)
        task = self._tasks[result.task]
        files = kept_weights(self._registry, task, result)
        there = (kept.ingredient, files.ingredient)
        if kept.scan is None or kept.array is None or files.trained is None:
            said = " ".join(each.why for each in there if each.why)
            return RerunOutcome.NOT_POSSIBLE, RerunReport(there, sentence=said)
        made, kind = result.provenance, kind_of(result.provenance)
        if kind is None:
            loaded = self._engine.beside(task, files.trained, made.model_version)
        else:
            loaded = self._engine.beside_as(
                task, files.trained, made.model_version, kind, made.network_sha256
            )
        affine = formats.placed_affine(kept.scan.grid)
        read = self._reader.read_by(loaded, kept.array, kept.scan.spacing, affine, look)
        ingredients = (*there, *others(made, loaded, self._engine.device_name))
        return self._judged(result, read, loaded, ingredients)

    def _judged(
        self, result: Result, read: Read, loaded: Loaded, ingredients: tuple[Ingredient, ...]
    ) -> tuple[RerunOutcome, RerunReport]:
        numbers = self._numbers(result, read)
        outcome = judged(numbers)
        by = f"{loaded.choice.kind.words}, {self._engine.device_name}"
        return outcome, RerunReport(ingredients, numbers, by, _sentence(outcome, numbers, ingredients))

    def _numbers(self, result: Result, read: Read) -> RerunNumbers:
        answer, measured = read.answer, read.measurements
        before = self._mask(result)
        numbers = RerunNumbers(
            probability=(result.probability, float(answer.probability)),
            positive=(result.positive, bool(answer.positive)),
            threshold=(result.threshold, read.threshold),
            mask_sha256=(_kept_hash(result, before), read.provenance.mask_sha256),
            volume_ml=(
                None if result.measurements is None else result.measurements.volume_ml,
                None if measured is None else measured.volume_ml,
            ),
        )
        if before is None or answer.mask is None or before.shape != answer.mask.shape:
            return numbers
        return replace(
            numbers,
            mask_dice=dice(before, answer.mask),
            pixel_flips=float((before != answer.mask).mean()),
            pixel_shift=self._shift(result, answer.pixel_probability),
        )

    def _mask(self, result: Result) -> NDArray[np.bool_] | None:
        try:
            return np.asarray(unpacked(self._files.get(keys.mask(result.id))), dtype=bool)
        except NotFound:  # it draws none, or its file is gone: its hash may be noted all the same
            return None

    def _shift(self, result: Result, pixels: NDArray[np.uint8] | None) -> float | None:
        """The mean difference of the pixels' probabilities; None where the kept ones are not here."""
        try:
            kept = unpacked(self._files.get(keys.pixel_probability(result.id)))
        except NotFound:
            return None
        if pixels is None or kept.shape != pixels.shape:
            return None
        return float(np.abs(kept.astype(np.float32) - pixels).mean() / 255)

    def _give_up(self, rerun_id: str, sentence: str) -> None:
        asked = self._store.get(rerun_id)
        if asked is not None:
            report = RerunReport(sentence=sentence)
            self._store.end(replace(asked, outcome=RerunOutcome.FAILED, finished_at=now(), report=report))


def judged(numbers: RerunNumbers) -> RerunOutcome:
    """Whether a stored answer and the one of now are the same, within the engine's limits, or different.

    A kept mask that is not here to be compared, and whose hash is not noted, can never be identical.
    """
    before, after = numbers.probability
    same_mask = numbers.mask_sha256[0] == numbers.mask_sha256[1]
    if before == after and same_mask and numbers.positive[0] == numbers.positive[1]:
        return RerunOutcome.IDENTICAL
    moved = (numbers.pixel_shift or 0.0) > MOST_SHIFT or (numbers.pixel_flips or 0.0) > MOST_FLIPS
    unseen = not same_mask and numbers.pixel_flips is None
    called = numbers.positive[0] != numbers.positive[1] or abs(before - after) > MOST_CALL_SHIFT
    return RerunOutcome.DIFFERENT if moved or unseen or called else RerunOutcome.WITHIN_LIMITS


def _kept_hash(result: Result, mask: NDArray[np.bool_] | None) -> str | None:
    """Of the mask that is kept; what provenance says of one whose file is gone."""
    return result.provenance.mask_sha256 if mask is None else mask_sha256(mask)


def _sentence(outcome: RerunOutcome, numbers: RerunNumbers, ingredients: tuple[Ingredient, ...]) -> str:
    if outcome is RerunOutcome.IDENTICAL:
        return _IDENTICAL.format(mask="the same mask hash, " if numbers.mask_sha256[1] else "")
    differ = [each.name for each in ingredients if each.state is IngredientState.OTHER]
    why = f"; what differs: {', '.join(differ)}" if differ else _NO_REASON
    return (_WITHIN if outcome is RerunOutcome.WITHIN_LIMITS else _DIFFERENT).format(why=why)
