from __future__ import annotations

import errno
import logging
import threading
import time
from typing import Any

import pytest

from data.errors import Busy, InvalidInput, NotFound
from data.records import Effort, JobState
from data.stores.jobs import JobStore
from services.jobs import MOST_ATTEMPTS, JobContext, Jobs, context
from tests.data.builders import a_job


@pytest.fixture
def store(database) -> JobStore:
    return JobStore(database)


@pytest.fixture
def make(store, tmp_path):
    """Makes a server's jobs; all made are stopped at the end."""
    made: list[Jobs] = []

    def make(workers: int = 2) -> Jobs:
        made.append(Jobs(store, workers, busy_delay_s=0.01, retry_delay_s=0.01))
        return made[-1]

    yield make
    for jobs in made:
        jobs.stop()


@pytest.fixture
def jobs(make) -> Jobs:
    return make()


class Latch:
    """Work that says when it has begun and ends when it may."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.may_end = threading.Event()

    def __call__(self, _context: JobContext) -> None:
        self.begun.set()
        assert self.may_end.wait(20)


def _until_cancelled(begun: threading.Event):
    def work(context: JobContext) -> None:
        begun.set()
        while not context.cancelled():
            time.sleep(0.005)

    return work


def test_a_job_is_done_soon(jobs):
    subjects: list[str] = []
    jobs.register("read", lambda context: subjects.append(context.subject))
    jobs.start()
    job = jobs.submit("read", "a scan", "jane")
    assert jobs.wait_idle(10)
    assert subjects == ["a scan"]
    done = jobs.get(job.id)
    assert (done.state, done.progress, done.attempts, done.user_id) == (JobState.DONE, 1.0, 1, "jane")
    assert jobs.recent(5) == [done]
    assert jobs.counts()[JobState.DONE] == 1


def test_many_jobs_are_each_done_once(make):
    jobs = make(workers=4)
    subjects: list[str] = []
    jobs.register("read", lambda context: subjects.append(context.subject))
    for number in range(10):
        jobs.submit("read", str(number))
    jobs.start()
    for number in range(10, 20):
        jobs.submit("read", str(number))
    assert jobs.wait_idle(20)
    assert sorted(subjects, key=int) == [str(number) for number in range(20)]


def test_unfinished_work_is_not_queued_twice(jobs):
    latch = Latch()
    jobs.register("read", latch)
    jobs.start()
    first = jobs.submit("read", "a scan")
    assert latch.begun.wait(10)
    assert jobs.submit("read", "a scan").id == first.id
    assert not jobs.wait_idle(0.01)
    latch.may_end.set()
    assert jobs.wait_idle(10)
    assert jobs.submit("read", "a scan").id != first.id
    assert jobs.wait_idle(10)


def test_work_of_an_unknown_kind_is_a_mistake(jobs):
    with pytest.raises(ValueError, match="no such kind"):
        jobs.submit("nonsense", "a scan")
    with pytest.raises(NotFound):
        jobs.get("nothing")


def test_what_a_killed_server_left_is_done_at_the_next_start(store, make):
    running, queued = store.add(a_job(subject="running"))[0], store.add(a_job(subject="queued"))[0]
    store.start(running.id, "a run that never ended")
    subjects: list[str] = []
    jobs = make()
    jobs.register("read", lambda context: subjects.append(context.subject))
    jobs.start()
    assert jobs.wait_idle(10)
    assert sorted(subjects) == ["queued", "running"]
    assert [store.get(job.id).attempts for job in (running, queued)] == [2, 1]


def test_work_that_kills_the_server_every_time_is_given_up(store, make):
    job, _ = store.add(a_job())
    for _ in range(MOST_ATTEMPTS):
        store.start(job.id, "a run that kills")
        store.release(job.id)
    given_up: list[tuple[str, str]] = []
    jobs = make()
    jobs.register("read", lambda _context: pytest.fail("ran"), lambda *what: given_up.append(what))
    jobs.start()
    assert jobs.wait_idle(10)
    failed = store.get(job.id)
    assert failed.state is JobState.FAILED
    assert "interrupted 3 times" in failed.failure
    assert given_up == [("a scan", failed.failure)]


def test_work_that_this_version_does_not_know_fails(store, jobs):
    job, _ = store.add(a_job(kind="of old"))
    jobs.start()
    assert jobs.wait_idle(10)
    assert "does not know" in store.get(job.id).failure


def test_a_reason_for_people_fails_at_once_and_is_shown(jobs):
    def work(_context: JobContext) -> None:
        raise InvalidInput("This folder is empty.")

    given_up: list[tuple[str, str]] = []
    jobs.register("read", work, lambda *what: given_up.append(what))
    jobs.start()
    job = jobs.submit("read", "a scan")
    assert jobs.wait_idle(10)
    failed = jobs.get(job.id)
    assert (failed.state, failed.failure, failed.attempts) == (JobState.FAILED, "This folder is empty.", 1)
    assert given_up == [("a scan", "This folder is empty.")]


def test_any_other_error_is_tried_again_and_then_masked(jobs, caplog):
    attempts: list[int] = []

    def work(context: JobContext) -> None:
        attempts.append(context.attempt)
        raise RuntimeError("secret detail")

    def broken(_subject: str, _sentence: str) -> None:
        raise RuntimeError("this too")

    jobs.register("read", work, broken)
    jobs.start()
    with caplog.at_level(logging.ERROR):
        job = jobs.submit("read", "a scan")
        assert jobs.wait_idle(30)
    failed = jobs.get(job.id)
    assert attempts == [1, 2, 3]
    assert failed.state is JobState.FAILED
    assert "secret" not in failed.failure
    error_id = failed.failure.split("(error ")[1].split(")")[0]
    assert error_id in caplog.text
    assert "secret detail" in caplog.text


def test_busy_is_tried_again_and_is_no_attempt(jobs):
    calls: list[int] = []

    def work(context: JobContext) -> None:
        calls.append(context.attempt)
        if len(calls) < 3:
            raise Busy("The model is loading.")

    jobs.register("read", work)
    jobs.start()
    job = jobs.submit("read", "a scan")
    assert jobs.wait_idle(30)
    assert calls == [1, 1, 1]
    assert (jobs.get(job.id).state, jobs.get(job.id).attempts) == (JobState.DONE, 1)


def test_progress_is_seen_while_the_work_goes_on(jobs):
    latch = Latch()

    def work(context: JobContext) -> None:
        context.progress(0.4)
        latch(context)

    jobs.register("read", work)
    jobs.start()
    job = jobs.submit("read", "a scan")
    assert latch.begun.wait(10)
    assert jobs.get(job.id).progress == 0.4
    latch.may_end.set()
    assert jobs.wait_idle(10)


def test_a_job_that_waits_and_gets_no_further_writes_nothing(jobs, monkeypatch):
    written, progress = [], JobStore.progress

    def note(store: JobStore, job_id: str, run_id: str, fraction: float) -> bool:
        written.append(fraction)
        return progress(store, job_id, run_id, fraction)

    def work(job: JobContext) -> None:
        for fraction in (0.0, 0.0, 0.25, 0.25, 0.5, 0.5):
            job.progress(fraction)

    monkeypatch.setattr(JobStore, "progress", note)
    monkeypatch.setattr(context, "_LOOKED_EVERY_S", 0.0)
    jobs.register("read", work)
    jobs.start()
    jobs.submit("read", "a scan")
    assert jobs.wait_idle(10)
    assert written == [0.25, 0.5]


def test_a_waiting_job_is_cancelled_at_once(jobs):
    jobs.register("read", lambda _context: pytest.fail("ran"))
    job = jobs.submit("read", "a scan")
    assert jobs.cancel(job.id).state is JobState.CANCELLED
    jobs.start()
    assert jobs.wait_idle(10)
    assert jobs.get(job.id).state is JobState.CANCELLED


def test_running_work_is_cancelled_when_it_looks(jobs):
    begun = threading.Event()
    jobs.register("read", _until_cancelled(begun))
    jobs.start()
    job = jobs.submit("read", "a scan")
    assert begun.wait(10)
    jobs.cancel(job.id)
    assert jobs.wait_idle(10)
    assert jobs.get(job.id).state is JobState.CANCELLED


def test_work_that_does_not_look_is_done_all_the_same(jobs):
    latch = Latch()
    jobs.register("read", latch)
    jobs.start()
    job = jobs.submit("read", "a scan")
    assert latch.begun.wait(10)
    jobs.cancel(job.id)
    latch.may_end.set()
    assert jobs.wait_idle(10)
    assert jobs.get(job.id).state is JobState.DONE


def test_stopping_puts_running_work_back_for_the_next_start(make):
    begun = threading.Event()
    before = make()
    before.register("read", _until_cancelled(begun))
    before.start()
    job = before.submit("read", "a scan")
    assert begun.wait(10)
    before.stop()
    assert (before.get(job.id).state, before.get(job.id).attempts) == (JobState.QUEUED, 0)
    done: list[str] = []
    after = make()
    after.register("read", lambda context: done.append(context.subject))
    after.start()
    assert after.wait_idle(10)
    assert done == ["a scan"]
    assert after.get(job.id).state is JobState.DONE


def test_stopping_does_not_wait_for_work_that_does_not_end(make, monkeypatch):
    monkeypatch.setattr("services.jobs.jobs._STOP_TIMEOUT_S", 0.1)
    latch = Latch()
    jobs = make()
    jobs.register("read", latch)
    jobs.start()
    job = jobs.submit("read", "a scan")
    assert latch.begun.wait(10)
    jobs.stop()
    assert jobs.get(job.id).state is JobState.QUEUED
    jobs.start()  # in the same process, while the old thread still works
    latch.may_end.set()
    assert jobs.wait_idle(10)
    assert (jobs.get(job.id).state, jobs.get(job.id).attempts) == (JobState.DONE, 1)


def test_a_limited_kind_does_not_fill_all_workers(make):
    jobs = make(workers=4)
    lock, running, most, quick = threading.Lock(), 0, 0, threading.Event()

    def heavy(_context: JobContext) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        assert quick.wait(10)  # a job of another kind gets through meanwhile
        with lock:
            running -= 1

    jobs.register("train", heavy, limit=1)
    jobs.register("read", lambda _context: quick.set())
    jobs.start()
    for number in range(5):
        jobs.submit("train", str(number))
    jobs.submit("read", "a scan")
    assert jobs.wait_idle(20)
    assert most == 1
    assert jobs.counts()[JobState.DONE] == 6


def test_a_database_that_fails_for_a_moment_loses_no_job(jobs, store, monkeypatch):
    finish, failures = store.finish, iter([True, False])

    def unreliable(*asked: Any) -> bool:
        if next(failures, False):
            raise OSError("connection lost")
        return finish(*asked)

    monkeypatch.setattr(store, "finish", unreliable)
    jobs.register("read", lambda _context: None)
    jobs.start()
    job = jobs.submit("read", "a scan")
    assert jobs.wait_idle(20)
    assert (jobs.get(job.id).state, jobs.get(job.id).attempts) == (JobState.DONE, 2)


def _nothing() -> None:
    """What is written with the end of a job: nothing here."""


def test_a_revoked_run_keeps_nothing_and_the_same_work_can_be_asked_for_again_at_once(jobs, store):
    """Both sides of the end: before it nothing is kept, after it there is nothing to revoke."""
    begun, may_end, kept = threading.Event(), threading.Event(), []

    def work(context: JobContext) -> None:
        context.speak(lambda: kept.append(f"began {context.attempt}"))
        begun.set()
        assert may_end.wait(10)
        context.finish_with(lambda: kept.append("done"), 1.5)

    jobs.register("read", work)
    jobs.start()
    job = jobs.submit("read", "a scan")
    assert begun.wait(10)
    assert jobs.revoke(job.id, _nothing)
    assert not jobs.revoke(job.id, _nothing)  # a second click
    again = jobs.submit("read", "a scan")  # while the old run still has to notice
    assert again.id != job.id
    may_end.set()
    assert jobs.wait_idle(10)
    assert kept == ["began 1", "began 1", "done"]
    assert (jobs.get(job.id).state, jobs.get(again.id).state) == (JobState.CANCELLED, JobState.DONE)
    assert jobs.get(again.id).worked_s == 1.5
    assert not jobs.revoke(again.id, _nothing)


def test_a_run_hears_that_another_server_revoked_its_job(jobs, store):
    begun, ended = threading.Event(), threading.Event()

    def work(context: JobContext) -> None:
        begun.set()
        while not context.cancelled():
            context.progress(0.1)
            time.sleep(0.02)
        ended.set()

    jobs.register("read", work)
    jobs.start()
    job = jobs.submit("read", "a scan")
    assert begun.wait(10)
    assert store.revoke(job.id, _nothing)  # not by these `Jobs`
    assert ended.wait(10)
    assert jobs.wait_idle(10)
    assert jobs.get(job.id).state is JobState.CANCELLED


def test_a_failure_of_revoked_work_is_told_to_nobody(jobs):
    given_up: list[tuple[str, str]] = []

    def work(context: JobContext) -> None:
        assert jobs.revoke(context.job_id, _nothing)
        raise InvalidInput("This folder is empty.")

    jobs.register("read", work, lambda *what: given_up.append(what))
    jobs.start()
    job = jobs.submit("read", "a scan")
    assert jobs.wait_idle(10)
    assert given_up == []
    assert jobs.get(job.id).state is JobState.CANCELLED


def test_short_work_does_not_wait_for_a_worker_behind_long_work(make):
    jobs, latch, read = make(workers=1), Latch(), threading.Event()

    def work(context: JobContext) -> None:
        if context.turn.short:
            read.set()
        else:
            latch(context)

    jobs.register("read", work)
    jobs.start()
    for number in range(9):
        jobs.submit("read", f"volume {number}", effort=Effort("brain-tumour", 100))
    assert latch.begun.wait(10)
    jobs.submit("read", "a film", effort=Effort("pneumonia", 1))
    assert read.wait(10)
    assert jobs.counts()[JobState.DONE] <= 1
    places = jobs.places("read")
    assert {place.of for place in places.values()} <= {9, 10}
    latch.may_end.set()
    assert jobs.wait_idle(20)


def test_an_outage_is_no_attempt_however_often_it_comes_and_the_work_is_done_after_it(jobs):
    outages = iter(range(MOST_ATTEMPTS + 3))

    def work(_context: JobContext) -> None:
        if next(outages, None) is not None:
            raise OSError(errno.ENOSPC, "No space left on device")

    jobs.register("read", work)
    jobs.start()
    job = jobs.submit("read", "a scan")
    assert jobs.wait_idle(20)
    assert (jobs.get(job.id).state, jobs.get(job.id).attempts) == (JobState.DONE, 1)


def test_a_run_that_an_outage_kept_from_telling_its_end_is_no_attempt(jobs, store, monkeypatch):
    finish, outages = store.finish, iter(range(MOST_ATTEMPTS + 3))

    def unreliable(*asked: Any) -> bool:
        if next(outages, None) is not None:
            raise OSError(errno.ENOSPC, "No space left on device")
        return finish(*asked)

    monkeypatch.setattr(store, "finish", unreliable)
    jobs.register("read", lambda _context: None)
    jobs.start()
    job = jobs.submit("read", "a scan")
    assert jobs.wait_idle(20)
    assert (jobs.get(job.id).state, jobs.get(job.id).attempts) == (JobState.DONE, 1)


def test_work_that_never_has_memory_enough_is_given_up_in_plain_words(jobs):
    def work(_context: JobContext) -> None:
        raise MemoryError

    jobs.register("read", work)
    jobs.start()
    job = jobs.submit("read", "a scan")
    assert jobs.wait_idle(20)
    failed = jobs.get(job.id)
    assert (failed.state, failed.attempts) == (JobState.FAILED, MOST_ATTEMPTS)
    assert (
        failed.failure == "The server has not enough memory for this right now; please try again in a minute."
    )
