"""Which job is next, where it stands, and how long it will take."""

from __future__ import annotations

import random
from dataclasses import replace
from statistics import median

import pytest
from sqlalchemy import Engine

from data.database import new_id
from data.records import Effort, Job, JobState, Precedence, QueuePlace
from data.stores.jobs import JobStore
from services.jobs import Jobs
from services.jobs import expected as expected_times
from services.jobs import places as queue
from services.jobs.expected import LEAST, ExpectedTimes
from services.jobs.places import KeptPlaces, queue_places
from services.jobs.ready import ReadyJobs
from services.turns import Turn, Turns
from tests.data.builders import a_job

FILM, VOLUME = Effort("pneumonia", 1, 1_000_000), Effort("brain-tumour", 100, 6_000_000)


def _turn(job: Job) -> Turn:
    seconds = 0.2 if job.effort.short else 10.0
    return Turn(job.created_at.timestamp(), seconds, job.effort.short, job.effort.precedence)


def _ready(workers: int, limit: int | None = None) -> ReadyJobs:
    return ReadyJobs(Turns(), workers, lambda _: limit)


def _queue(*efforts: Effort) -> list[Job]:
    return [a_job(subject=f"scan {n}", minutes=n, effort=effort) for n, effort in enumerate(efforts)]


def test_what_is_short_runs_while_every_worker_is_at_something_long() -> None:
    ready, queue = _ready(workers=2), _queue(VOLUME, VOLUME, VOLUME, FILM)
    for job in queue:
        ready.add(job, _turn(job))
    taken = [ready.take() for _ in range(4)]
    assert [None if taken_job is None else taken_job.job_id for taken_job in taken] == [
        queue[3].id, queue[0].id, queue[1].id, None
    ]  # fmt: skip
    assert taken[1] is not None
    assert ready.done(taken[1])  # the third volume may run now
    third = ready.take()
    assert third is not None and third.job_id == queue[2].id


def test_of_a_limited_kind_only_so_many_long_ones_run_and_the_others_are_not_forgotten() -> None:
    ready, queue = _ready(workers=4, limit=1), _queue(VOLUME, VOLUME)
    for job in queue:
        ready.add(job, _turn(job))
    first = ready.take()
    assert first is not None and ready.take() is None
    assert ready.done(first)
    assert ready.take() is not None


def test_a_job_that_is_asked_for_again_while_it_runs_does_not_run_twice_at_a_time() -> None:
    ready, (job,) = _ready(workers=4), _queue(FILM)
    ready.add(job, _turn(job))
    first = ready.take()
    ready.add(job, _turn(job))
    assert first is not None and ready.take() is None
    assert ready.done(first)
    again = ready.take()
    assert again is not None
    ready.done(first)  # the end of an old run says nothing of the new one
    assert not ready.done(again)


def test_somebody_says_that_a_waiting_job_is_urgent() -> None:
    ready, queue = _ready(workers=1), _queue(VOLUME, VOLUME)
    for job in queue:
        ready.add(job, _turn(job))
    urgent = replace(queue[1], effort=replace(VOLUME, precedence=Precedence.URGENT))
    ready.prefer(urgent.id, _turn(urgent))
    first = ready.take()
    assert first is not None and first.job_id == urgent.id


def test_places_follow_the_order_in_which_the_device_will_do_them() -> None:
    waiting, running, film = _queue(VOLUME, VOLUME, FILM)
    running = replace(running, state=JobState.RUNNING, progress=0.5)
    places = queue_places([waiting, running, film], _turn, lambda job: _turn(job).expected_s)
    line = [places[job.subject] for job in (film, running, waiting)]
    assert [(queued.place, queued.of) for queued in line] == [(1, 3), (2, 3), (3, 3)]
    assert places[film.subject].expected_s == pytest.approx(0.2)
    assert places[running.subject].expected_s == pytest.approx(0.2 + 5.0)
    assert places[waiting.subject].expected_s == pytest.approx(0.2 + 5.0 + 10.0)
    assert [queued.running for queued in line] == [False, True, False]


def test_behind_work_of_which_nothing_is_known_nothing_is_expected() -> None:
    film, volume = _queue(FILM, VOLUME)
    places = queue_places([film, volume], _turn, lambda job: None if job is volume else 0.2)
    assert places[film.subject].expected_s == 0.2
    assert places[volume.subject].expected_s is None


class _Clock:
    """Seconds that pass when the test says so; what is worked out takes some of a core."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, took_s: float) -> None:
        self.now, self.of_core, self.asked = 100.0, 0.0, 0
        self.took_s, self.waiting = took_s, queue.SHORT_QUEUE + 1
        monkeypatch.setattr(queue, "monotonic", lambda: self.now)
        monkeypatch.setattr(queue, "thread_time", lambda: self.of_core)

    def work_out(self, kind: str) -> dict[str, QueuePlace]:
        assert kind == "read"
        self.asked += 1
        self.of_core += self.took_s
        first = {"scan": QueuePlace(self.asked, self.waiting, None)}
        return first | {
            str(place): QueuePlace(place, self.waiting, None) for place in range(2, self.waiting + 1)
        }


def test_places_in_a_short_queue_are_of_now(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = _Clock(monkeypatch, took_s=0.1)
    clock.waiting = queue.SHORT_QUEUE
    kept = KeptPlaces(clock.work_out)
    assert [kept.of("read")["scan"].place for _ in range(3)] == [1, 2, 3]


def test_places_in_a_long_queue_are_worked_out_a_twentieth_of_the_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = _Clock(monkeypatch, took_s=0.1)
    kept = KeptPlaces(clock.work_out)
    assert [kept.of("read")["scan"].place for _ in range(3)] == [1, 1, 1]
    clock.now += 1.9
    assert kept.of("read")["scan"].place == 1
    clock.now += 0.2
    assert kept.of("read")["scan"].place == 2
    clock.now, clock.waiting = clock.now + 3, queue.SHORT_QUEUE  # most is done
    assert [kept.of("read")["scan"].place for _ in range(2)] == [3, 4]


def test_places_in_a_long_queue_are_kept_for_a_moment_however_little_they_take(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = _Clock(monkeypatch, took_s=0.0)
    kept = KeptPlaces(clock.work_out)
    assert [kept.of("read")["scan"].place for _ in range(3)] == [1, 1, 1]
    clock.now += queue.KEPT_S
    assert kept.of("read")["scan"].place == 2


def test_what_is_added_to_a_long_queue_is_seen_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = _Clock(monkeypatch, took_s=0.02)
    kept = KeptPlaces(clock.work_out)
    assert [kept.of("read")["scan"].place for _ in range(2)] == [1, 1]
    kept.forget("read")
    assert [kept.of("read")["scan"].place for _ in range(2)] == [2, 2]


def test_what_people_change_in_a_long_queue_is_seen_at_once(
    database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "SHORT_QUEUE", 0)
    monkeypatch.setattr(queue, "KEPT_S", 600.0)
    jobs = Jobs(JobStore(database), 1)

    def places() -> dict[str, tuple[int, bool]]:
        return {subject: (place.place, place.running) for subject, place in jobs.places("read").items()}

    jobs.register("read", lambda _context: None)
    first = jobs.submit("read", "first", effort=VOLUME)
    assert places() == {"first": (1, False)}
    revoked = jobs.submit("read", "second", effort=VOLUME)
    jobs.submit("read", "third", effort=VOLUME)
    assert places() == {"first": (1, False), "second": (2, False), "third": (3, False)}
    jobs.prefer("read", "third", Precedence.URGENT)
    assert places() == {"third": (1, False), "first": (2, False), "second": (3, False)}
    assert jobs.revoke(revoked.id)
    assert places() == {"third": (1, False), "first": (2, False)}
    jobs.cancel(first.id)
    assert places() == {"third": (1, False)}


def test_what_is_added_while_places_are_worked_out_is_seen_by_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = _Clock(monkeypatch, took_s=0.02)

    def work_out(kind: str) -> dict[str, QueuePlace]:
        places = clock.work_out(kind)
        if clock.asked == 1:
            kept.forget("read")
        return places

    kept = KeptPlaces(work_out)
    assert [kept.of("read")["scan"].place for _ in range(3)] == [1, 2, 2]


def test_what_is_added_to_another_queue_meanwhile_does_not_make_it_asked_for_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = _Clock(monkeypatch, took_s=0.02)

    def work_out(kind: str) -> dict[str, QueuePlace]:
        kept.forget("open")
        return clock.work_out(kind)

    kept = KeptPlaces(work_out)
    assert [kept.of("read")["scan"].place for _ in range(3)] == [1, 1, 1]


def test_while_somebody_works_places_out_others_get_what_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = _Clock(monkeypatch, took_s=0.1)
    meanwhile: list[int] = []

    def work_out(kind: str) -> dict[str, QueuePlace]:
        if clock.asked:
            meanwhile.append(kept.of("read")["scan"].place)
        return clock.work_out(kind)

    kept = KeptPlaces(work_out)
    kept.of("read")
    clock.now += 3
    assert kept.of("read")["scan"].place == 2 and meanwhile == [1]


def _done(store: JobStore, effort: Effort, seconds: float, minutes: float = 0) -> None:
    job = a_job(subject=new_id(), minutes=minutes, effort=effort)
    store.add(job)
    store.start(job.id, "run")
    assert store.finish(job.id, "run", seconds)


def test_expected_times_are_learnt_and_known_after_a_restart(database: Engine) -> None:
    store = JobStore(database)
    for number in range(LEAST - 1):
        _done(store, VOLUME, 10.0 + number)
    assert ExpectedTimes(store).seconds("read", VOLUME) is None
    assert ExpectedTimes(store).guess("read", FILM) < ExpectedTimes(store).guess("read", VOLUME)
    _done(store, VOLUME, 90.0)  # somebody else had the machine
    assert ExpectedTimes(store).seconds("read", VOLUME) == pytest.approx(11.0)
    assert ExpectedTimes(store).seconds("read", FILM) is None  # of its task nothing was read
    assert ExpectedTimes(store).seconds("read-beside", VOLUME) is None


def test_what_takes_how_long_is_learnt_anew_while_the_server_runs(
    database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr(expected_times, "monotonic", lambda: now)
    store = JobStore(database)
    for _ in range(LEAST):
        _done(store, VOLUME, 10.0)
    times = ExpectedTimes(store)
    assert times.seconds("read", VOLUME) == times.seconds("read", VOLUME) == pytest.approx(10.0)
    urgent = replace(VOLUME, precedence=Precedence.URGENT)
    assert times.seconds("read", urgent) == pytest.approx(10.0)
    for _ in range(2 * LEAST):
        _done(store, VOLUME, 30.0, minutes=5)
    now += expected_times.KEPT_S
    assert times.seconds("read", VOLUME) == pytest.approx(30.0)


def test_expected_times_of_a_mixed_stream_are_within_a_factor_of_two(database: Engine) -> None:
    """Readings of any size: a fixed time, a part by inputs, one by voxels, and noise of a third."""
    store, chance = JobStore(database), random.Random(5)

    def scan() -> tuple[Effort, float]:
        inputs, side = chance.choice([1, 1, 20, 60, 100, 155, 380]), chance.choice([240, 256, 512])
        seconds = 0.15 + 0.03 * inputs + 6e-8 * inputs * side * side
        return Effort("brain-tumour", inputs, inputs * side * side), seconds * chance.uniform(0.75, 1.33)

    for number in range(60):
        _done(store, *scan(), minutes=number)
    expected, factors = ExpectedTimes(store), []
    for _ in range(100):
        effort, seconds = scan()
        told = expected.seconds("read", effort)
        assert told is not None
        factors.append(max(told / seconds, seconds / told))
    assert median(factors) < 1.3
    assert sorted(factors)[89] < 2.0  # nine of ten
