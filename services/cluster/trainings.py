"""Trainings by the workers of a cluster; numbers, checkpoints and weights are kept here as they come."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Protocol

from tqdm import tqdm

from data import atomic_files
from data.errors import Outage, UserFacingError
from models.training import BEST, CHECKPOINT, RunLog, in_words
from services.cluster.trainer import SentTraining, TrainingNews
from services.cluster.worker_pool import TRIES, Cluster, ClusterWorker, WorkerLost, WorkerPool
from services.training.elsewhere import AskedTraining, FinishedTraining

_LOST = (
    "Every worker that this training was given to was lost, {tries} times without a checkpoint in between."
)


class TrainingWorker(ClusterWorker, Protocol):
    """A worker that trains. Whatever it is asked may raise WorkerLost."""

    def begin(self, sent: SentTraining) -> None:
        """As `Trainer.begin`."""

    def news(self, after: int) -> TrainingNews:
        """As `Trainer.news`."""


class ClusterTrainings:
    """A `services.training.elsewhere.TrainingElsewhere`: one training for each worker at a time."""

    def __init__(self, cluster: Cluster[TrainingWorker]) -> None:
        self._ending = threading.Event()
        self._lock = threading.Lock()
        self._open: set[Future[FinishedTraining]] = set()
        self._fault: BaseException | None = None
        self._pool = WorkerPool[TrainingWorker](cluster, self._ending, self._faulted, jobs_a_worker=1)

    def __enter__(self) -> ClusterTrainings:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._ending.set()
        self._pool.__exit__(kind, error, where)

    def begin(self, asked: AskedTraining, log: RunLog) -> Future[FinishedTraining]:
        """Have it trained by whichever worker is free first."""
        finished: Future[FinishedTraining] = Future()
        with self._lock:
            if self._fault is not None:
                finished.set_exception(self._fault)
                return finished
            self._open.add(finished)
        finished.add_done_callback(self._closed)
        if not asked.resume:
            for name in (CHECKPOINT, BEST):
                (asked.folder / name).unlink(missing_ok=True)
        self._pool.submit(_Training(asked, log, finished, self._ending))
        return finished

    def _closed(self, finished: Future[FinishedTraining]) -> None:
        with self._lock:
            self._open.discard(finished)

    def _faulted(self, fault: BaseException) -> None:
        with self._lock:
            self._fault = fault
            waiting = list(self._open)
        for finished in waiting:
            finished.set_exception(fault)


@dataclass(frozen=True)
class _Training:
    """A training that was given out, and how often since it last got on."""

    asked: AskedTraining
    log: RunLog
    finished: Future[FinishedTraining]
    ending: threading.Event
    lost: int = 0
    checkpoint: int | None = None
    """When the last checkpoint came that it was begun with, in ns."""

    def do(self, worker: TrainingWorker) -> None:
        worker.begin(self._sent())
        epochs = 0
        while not self.ending.is_set():
            news = worker.news(epochs)
            epochs += len(news.epochs)
            self._keep(news)
            if news.finished is not None:
                self.finished.set_result(news.finished)
                return
        self.drop()

    def drop(self) -> None:
        self.finished.cancel()

    def again(self, lost: WorkerLost) -> list[_Training]:
        """The rest of it for another worker, from the last checkpoint that came."""
        checkpoint = self._checkpoint_ns()
        tries = self.lost + 1 if checkpoint == self.checkpoint else 1
        if isinstance(lost.__cause__, UserFacingError):  # which every machine would say
            self.finished.set_exception(lost.__cause__)
        elif tries < TRIES:
            return [replace(self, lost=tries, checkpoint=checkpoint)]
        else:
            self.finished.set_exception(lost.__cause__ or Outage(_LOST.format(tries=tries)))
        return []

    def _sent(self) -> SentTraining:
        plan = self.asked.plan
        files = [self.asked.folder / name for name in (CHECKPOINT, BEST)]
        return SentTraining(
            plan.training.task.name,
            plan.recipe,
            plan.choices,
            plan.fold,
            self.asked.data,
            self.asked.data_sha256,
            self.asked.is_scored,
            {file.name: file.read_bytes() for file in files if file.is_file()},
        )

    def _keep(self, news: TrainingNews) -> None:
        for name in (BEST, CHECKPOINT):  # a checkpoint stands for best weights that are here
            if name in news.files:
                atomic_files.write(self.asked.folder / name, news.files[name])
        for metrics, epoch in news.epochs:
            self.log.metrics(metrics, epoch)
            tqdm.write(f"{self.asked.folder.name}, epoch {epoch + 1}: {in_words(metrics)}")

    def _checkpoint_ns(self) -> int | None:
        file = self.asked.folder / CHECKPOINT
        return file.stat().st_mtime_ns if file.exists() else None
