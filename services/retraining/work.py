"""The steps of a retraining, as one job that gives its thread back while another process works.

Each step may be repeated: it looks at what is there. Killed anywhere, the next start goes on, and one version
comes of it.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from data.errors import Busy, NotFound, TrackingAway, UserFacingError
from data.records import JobState, ModelVersion, Retraining, RetrainingState
from data.stores.patients import PatientStore
from data.stores.retrainings import RetrainingStore
from services.jobs import JobContext, Jobs
from services.retraining.calling import Call
from services.retraining.selection import selection_of
from services.retraining.training_process import ENDED_EARLY, LOG, TrainingProcesses, last_sentence
from services.settings import Settings
from services.training.retraining_pack import PackAsk, RetrainingPacks
from services.versions.registry import Registry
from services.versions.rehearsals import Rehearsals
from services.versions.serving import Serving

log = logging.getLogger(__name__)

JOB = "retraining"
TAG = "lightbox.retraining"
"""Tag of a training run: the retraining that it is of."""

FOLDER = "retraining"
"""Below the home folder, while a training is under way: the pack, laid out, and the checkpoints."""

REHEARSED_SCANS = 1000
_WAITS = "The step before has to end first."
_LOG_TAIL = 4000
_ENDED = (RetrainingState.READY, RetrainingState.FAILED)


class RetrainingWork:
    """Packs, trains and rehearses."""

    def __init__(
        self,
        settings: Settings,
        store: RetrainingStore,
        patients: PatientStore,
        packs: RetrainingPacks,
        registry: Registry,
        serving: Serving,
        rehearsals: Rehearsals,
        jobs: Jobs,
        call: Call,
    ) -> None:
        self._settings = settings
        self._store = store
        self._patients = patients
        self._packs = packs
        self._registry = registry
        self._serving = serving
        self._rehearsals = rehearsals
        self._jobs = jobs
        self._call = call
        self._processes = TrainingProcesses(settings)
        self._steps: dict[RetrainingState, Callable[[Retraining, JobContext], None]] = {
            RetrainingState.PACKING: self._pack,
            RetrainingState.TRAINING: self._train,
            RetrainingState.REHEARSING: self._rehearse,
        }
        jobs.register(JOB, self._run, self._gave_up, limit=1)

    def submit(self, retraining_id: str, user_id: str | None) -> None:
        """Queue the steps that are left."""
        self._jobs.submit(JOB, retraining_id, user_id)

    def packed(self, retraining_id: str) -> float | None:
        """How much of its pack is made, from 0 to 1; None where nothing is queued or running for it."""
        job = self._jobs.unfinished(JOB, retraining_id)
        return None if job is None else job.progress

    def stop(self, retraining_id: str) -> None:
        """End its training; its next step leaves nothing of it on the disk."""
        self._processes.forget(retraining_id)

    def close(self) -> None:
        """End what runs; it goes on at the next start."""
        self._processes.close()

    def _run(self, context: JobContext) -> None:
        while True:
            retraining = self._store.get(context.subject)
            if retraining is None or not retraining.state.works:
                self._drop(context.subject)
                return
            if context.cancelled():
                return
            try:
                self._steps[retraining.state](retraining, context)
            except TrackingAway as away:  # hours of work must not be lost for it
                raise Busy(str(away)) from away

    def _pack(self, retraining: Retraining, context: JobContext) -> None:
        """Lay out what is learnt from."""
        folder = self._folder(retraining.id)
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "data").mkdir(parents=True)
        judged = self._store.judged(retraining.task, synthetic=retraining.synthetic)
        chosen = selection_of(judged, self._patients)
        ask = PackAsk(
            retraining.task, chosen.scan_ids, retraining.why, retraining.decided_by or "", screened=True
        )
        made = self._packs.make(ask, folder / "data", context.progress)
        outside = self._settings.outside_sets
        if outside.is_dir():
            (folder / "data" / "outside").symlink_to(outside)
        self._step(
            retraining,
            RetrainingState.TRAINING,
            pack_id=made.id,
            packed=made.scans,
            kept_apart=chosen.kept_apart,
        )

    def _train(self, retraining: Retraining, context: JobContext) -> None:
        """Have a version trained in another process, and make it the challenger."""
        whole = self._packs.whole(retraining.pack_id or "")
        if whole and self._processes.runs(retraining.id):  # MLflow need not be asked every two seconds
            raise Busy(_WAITS)
        version = self._trained(retraining)
        if version is None:
            if not whole or not self._laid_out(retraining):
                self._drop(retraining.id)  # a scan of it was erased, or the folder is gone: begin anew
                self._step(retraining, RetrainingState.PACKING)
                return
            self._wait_for_process(retraining)
            version = self._trained(retraining)
        self._drop(retraining.id)
        if version is None:
            raise UserFacingError("The training has ended without a version.")
        self._registry.challenge(version, retraining.task)
        self._step(retraining, RetrainingState.REHEARSING, version=version.version)

    def _rehearse(self, retraining: Retraining, _: JobContext) -> None:
        """Have it tried on patients whom it has not learnt from, beside what is live."""
        task, version = retraining.task, retraining.version
        assert version is not None
        live = self._serving.live(task)
        if live is None or self._rehearsals.running(task, version):
            raise Busy(_WAITS)
        if live != version and self._rehearsals.latest(task, version, live) is None:
            self._raise_failed(task, version)
            self._rehearsals.begin(task, version, REHEARSED_SCANS, retraining.decided_by)
            raise Busy(_WAITS)
        self._step(retraining, RetrainingState.READY)

    def _raise_failed(self, task: str, version: str) -> None:
        """Raise what the latest rehearsal of a version failed for, where it did."""
        of_version = [
            job for asked, job in self._rehearsals.jobs() if (asked.task, asked.version) == (task, version)
        ]
        if of_version and of_version[0].state in (JobState.FAILED, JobState.CANCELLED):
            raise UserFacingError(of_version[0].failure or "Its rehearsal was cancelled.")

    def _wait_for_process(self, retraining: Retraining) -> None:
        """Return once the training has ended well.

        Raises Busy while it runs, UserFacingError where it failed.
        """
        folder = self._folder(retraining.id)
        process = self._processes.begun(
            retraining.id, retraining.task, folder, self._settings.retraining_choices, {TAG: retraining.id}
        )
        status = process.poll()
        if status is None:
            raise Busy(_WAITS)
        if status == ENDED_EARLY:  # told to end by this server, which may be stopping; it goes on
            self._processes.forget(retraining.id)
            raise Busy(_WAITS)
        if status:
            said = last_sentence(folder, status)
            with suppress(FileNotFoundError):
                log.error("retraining %s: %s", retraining.id, (folder / LOG).read_text()[-_LOG_TAIL:])
            raise UserFacingError(said)

    def _drop(self, retraining_id: str) -> None:
        self._processes.forget(retraining_id)
        shutil.rmtree(self._folder(retraining_id), ignore_errors=True)

    def _trained(self, retraining: Retraining) -> ModelVersion | None:
        return self._registry.trained_in(retraining.task, TAG, retraining.id)

    def _laid_out(self, retraining: Retraining) -> bool:
        return (self._folder(retraining.id) / "data").is_dir()

    def _step(self, retraining: Retraining, to: RetrainingState, **values: object) -> None:
        """Go on to the next state, unless somebody has cancelled it."""
        if self._store.change(retraining.id, (retraining.state,), state=to, **values) and to in _ENDED:
            self._told(retraining.id)

    def _gave_up(self, retraining_id: str, sentence: str) -> None:
        self._drop(retraining_id)
        at_work = [state for state in RetrainingState if state.works]
        if self._store.change(retraining_id, at_work, state=RetrainingState.FAILED, failure=sentence):
            self._told(retraining_id)

    def _told(self, retraining_id: str) -> None:
        retraining = self._store.get(retraining_id)
        if retraining is None:
            raise NotFound(retraining_id)
        self._call(retraining)

    def _folder(self, retraining_id: str) -> Path:
        return self._settings.home / FOLDER / retraining_id
