from __future__ import annotations

import pytest

from data.errors import NotFound
from data.records import JobState
from data.stores.jobs import JobStore
from tests.data.builders import a_job


@pytest.fixture
def jobs(engine):
    return JobStore(engine)


def test_the_same_unfinished_work_is_kept_once(jobs):
    first, created = jobs.add(a_job())
    assert created
    assert jobs.add(a_job()) == (first, False)
    assert jobs.add(a_job(subject="another scan"))[1]
    assert jobs.add(a_job(kind="export"))[1]
    jobs.start(first.id, "run")
    assert not jobs.add(a_job())[1]
    assert jobs.number_unfinished("read") == 2
    jobs.finish(first.id, "run")
    assert jobs.number_unfinished("read") == 1
    assert jobs.add(a_job())[1]


def test_a_job_from_start_to_end(jobs):
    job, _ = jobs.add(a_job())
    started = jobs.start(job.id, "run")
    assert (started.state, started.attempts) == (JobState.RUNNING, 1)
    assert jobs.start(job.id, "another run") is None
    assert jobs.progress(job.id, "run", 0.5)
    assert jobs.get(job.id).progress == 0.5
    assert jobs.finish(job.id, "run")
    done = jobs.get(job.id)
    assert (done.state, done.progress, done.failure) == (JobState.DONE, 1.0, None)
    assert done.started_at <= done.finished_at
    assert jobs.get("nothing") is None


def test_only_the_run_that_owns_a_job_may_settle_it(jobs):
    job, _ = jobs.add(a_job())
    jobs.start(job.id, "first run")
    assert jobs.release(job.id)
    jobs.start(job.id, "second run")
    assert not jobs.finish(job.id, "first run")
    assert not jobs.fail(job.id, "first run", "It failed.")
    assert not jobs.postpone(job.id, "first run", counts=True)
    assert jobs.fail(job.id, "second run", "It failed.")
    assert (jobs.get(job.id).state, jobs.get(job.id).failure) == (JobState.FAILED, "It failed.")
    assert jobs.get(job.id).attempts == 2


def test_a_postponed_run_counts_only_if_said_so(jobs):
    job, _ = jobs.add(a_job())
    for counts, attempts in ((False, 0), (True, 1)):
        jobs.start(job.id, "run")
        jobs.postpone(job.id, "run", counts=counts)
        assert (jobs.get(job.id).state, jobs.get(job.id).attempts) == (JobState.QUEUED, attempts)


def test_cancelling(jobs):
    waiting, _ = jobs.add(a_job())
    assert jobs.cancel(waiting.id).state is JobState.CANCELLED
    running, _ = jobs.add(a_job())
    jobs.start(running.id, "run")
    assert jobs.cancel(running.id).state is JobState.RUNNING
    jobs.postpone(running.id, "run", counts=False)
    assert jobs.get(running.id).state is JobState.CANCELLED
    assert jobs.cancel(running.id).state is JobState.CANCELLED
    with pytest.raises(NotFound):
        jobs.cancel("nothing")


def test_lists_and_counts(jobs):
    late, early = jobs.add(a_job(minutes=2))[0], jobs.add(a_job(subject="b", minutes=1, kind="export"))[0]
    jobs.start(early.id, "run")
    assert [job.id for job in jobs.unfinished()] == [early.id, late.id]
    assert [job.id for job in jobs.recent(1)] == [late.id]
    assert [job.id for job in jobs.recent(5, "export")] == [early.id]
    jobs.finish(early.id, "run")
    assert [job.id for job in jobs.unfinished()] == [late.id]
    assert {state: n for state, n in jobs.counts().items() if n} == {JobState.QUEUED: 1, JobState.DONE: 1}
