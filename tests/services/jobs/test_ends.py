"""Waiting for the end of a job."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from data.stores.jobs import JobStore
from services.jobs import JobContext, Jobs

LONG_S = 60.0


class Work:
    """Begins when it says so, and ends when it may."""

    def __init__(self) -> None:
        self.begun, self.may_end = threading.Event(), threading.Event()

    def __call__(self, job: JobContext) -> None:
        self.begun.set()
        while not self.may_end.wait(0.005) and not job.cancelled():
            pass


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.fixture
def jobs(database, tmp_path, work):
    jobs = Jobs(JobStore(database))
    jobs.register("read", work)
    yield jobs
    jobs.stop()


def test_who_waits_goes_on_when_the_job_ends_and_not_before(jobs: Jobs, work: Work) -> None:
    jobs.start()
    job = jobs.submit("read", "a")
    assert work.begun.wait(LONG_S)
    assert not jobs.wait("read", "a", 0.05)
    with ThreadPoolExecutor(3) as pool:
        waiting = [pool.submit(jobs.wait, "read", "a", LONG_S) for _ in range(3)]
        work.may_end.set()
        started = time.monotonic()
        assert all(future.result() for future in waiting)
    assert time.monotonic() - started < LONG_S / 2
    assert jobs.get(job.id).finished_at is not None


def test_nobody_waits_for_what_is_over_or_never_was(jobs: Jobs, work: Work) -> None:
    assert jobs.wait("read", "never", LONG_S)
    jobs.start()
    jobs.submit("read", "a")
    work.may_end.set()
    assert jobs.wait("read", "a", LONG_S)
    assert jobs.wait("read", "a", 0)


def test_who_waits_goes_on_when_the_job_is_revoked_before_its_turn(jobs: Jobs) -> None:
    job = jobs.submit("read", "a")  # nothing is started: it never has its turn
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(jobs.wait, "read", "a", LONG_S)
        time.sleep(0.1)
        jobs.revoke(job.id)
        assert waiting.result(LONG_S / 2)


def test_a_stopping_server_keeps_nobody_waiting(jobs: Jobs, work: Work) -> None:
    jobs.start()
    jobs.submit("read", "a")
    assert work.begun.wait(LONG_S)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(jobs.wait, "read", "a", LONG_S)
        jobs.stop()
        assert not waiting.result(LONG_S / 2)
        assert not pool.submit(jobs.wait, "read", "a", LONG_S).result(LONG_S / 2)
