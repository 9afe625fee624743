"""Jobs of two servers on one database: each is done once, by whoever may, and taken over from who is gone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext

import pytest
from sqlalchemy import Engine

from data.records import JobState
from data.stores.jobs import JobStore
from services.jobs import JobContext, Jobs
from services.servers import Events, OnlyServer


class Wire(Events):
    """What one server says the other is told at once, or nothing where the wire is cut."""

    def __init__(self) -> None:
        super().__init__()
        self.other: Wire | None = None

    def publish(self, topic: str, word: str = "") -> None:
        if self.other is not None:
            for told in self.other._told[topic]:
                told(word)

    def alone(self, name: str) -> AbstractContextManager[bool]:
        return nullcontext(True)


class Server(OnlyServer):
    """One that leads where a test says so."""

    def __init__(self, name: str, house: set[str], *, leads: bool) -> None:
        self.id, self.name, self._leads, self._house = name, name, leads, house
        house.add(name)

    @property
    def leads(self) -> bool:
        return self._leads

    def alive(self) -> set[str]:
        return set(self._house)


class Pair:
    """Two servers' jobs; `leader` leads."""

    def __init__(self, database: Engine) -> None:
        self.store, self.house = JobStore(database), set[str]()
        self.wires = Wire(), Wire()
        self.wires[0].other, self.wires[1].other = self.wires[1], self.wires[0]
        self.servers = Server("leader", self.house, leads=True), Server("follower", self.house, leads=False)
        self.leader, self.follower = (
            Jobs(self.store, 2, busy_delay_s=0.01, retry_delay_s=0.01, servers=server, events=wire)
            for server, wire in zip(self.servers, self.wires, strict=True)
        )
        self.done: list[tuple[str, str]] = []

    def register(self, kind: str, work: Callable[[JobContext], None] | None = None, **how: bool) -> None:
        for server, jobs in zip(self.servers, (self.leader, self.follower), strict=True):

            def noted(context: JobContext, name: str = server.name) -> None:
                if work is not None:
                    work(context)
                self.done.append((name, context.subject))

            jobs.register(kind, noted, **how)

    def start(self) -> None:
        self.leader.start()
        self.follower.start()

    def cut(self) -> None:
        self.wires[0].other = self.wires[1].other = None


@pytest.fixture
def pair(database: Engine) -> Iterator[Pair]:
    pair = Pair(database)
    yield pair
    pair.leader.stop()
    pair.follower.stop()


def test_what_any_server_may_do_is_done_once(pair: Pair) -> None:
    pair.register("read", any_server=True)
    pair.start()
    subjects = [str(number) for number in range(40)]
    for subject in subjects:
        pair.follower.submit("read", subject)
    assert all(pair.follower.wait("read", subject, 20) for subject in subjects)
    assert sorted(subject for _, subject in pair.done) == sorted(subjects)
    assert {name for name, _ in pair.done} == {"leader", "follower"}


def test_what_one_alone_may_do_is_the_leader_s_whoever_asks(pair: Pair) -> None:
    pair.register("report")
    pair.start()
    pair.follower.submit("report", "asked at the follower")
    assert pair.follower.wait("report", "asked at the follower", 20)
    assert pair.done == [("leader", "asked at the follower")]


def test_where_messages_are_lost_the_next_look_finds_the_job(pair: Pair) -> None:
    pair.register("report")
    pair.start()
    pair.cut()
    pair.follower.submit("report", "unheard")
    assert not pair.leader.wait("report", "unheard", 0.3)
    pair.leader.look()
    assert pair.leader.wait("report", "unheard", 20)
    assert pair.done == [("leader", "unheard")]


def test_jobs_of_a_server_that_is_gone_are_taken_over_and_its_late_word_is_nothing(
    pair: Pair,
) -> None:
    stuck, go_on = threading.Event(), threading.Event()

    def work(context: JobContext) -> None:
        if context.attempt == 1:
            stuck.set()
            assert go_on.wait(20)

    pair.register("read", work, any_server=True)
    pair.follower.start()
    job = pair.follower.submit("read", "x")
    assert stuck.wait(20)
    pair.leader.start()  # what runs elsewhere is not taken away from who lives
    pair.leader.look()
    assert pair.store.get(job.id).server_id == "follower"  # type: ignore[union-attr]
    pair.house.discard("follower")
    pair.leader.look()
    assert pair.leader.wait("read", "x", 20)
    kept = pair.store.get(job.id)
    assert kept is not None and (kept.state, kept.server_id, kept.attempts) == (JobState.DONE, "leader", 2)
    go_on.set()


def test_a_server_that_starts_again_takes_up_its_own_and_leaves_the_others_theirs(pair: Pair) -> None:
    pair.register("read", any_server=True)
    mine, other = pair.follower.submit("read", "mine"), pair.follower.submit("read", "other")
    pair.store.start(mine.id, "run", "follower")
    pair.store.start(other.id, "run", "leader")
    pair.follower.start()
    assert pair.follower.wait("read", "mine", 20)
    assert pair.store.get(other.id).state is JobState.RUNNING  # type: ignore[union-attr]


def test_a_job_is_cancelled_wherever_it_runs(pair: Pair) -> None:
    began, ended = threading.Event(), threading.Event()

    def work(context: JobContext) -> None:
        began.set()
        while not context.cancelled():
            ended.wait(0.01)

    pair.register("report", work)
    pair.start()
    job = pair.follower.submit("report", "x")
    assert began.wait(20)
    pair.follower.cancel(job.id)
    assert pair.follower.wait("report", "x", 20)
    assert pair.store.get(job.id).state is JobState.CANCELLED  # type: ignore[union-attr]


def test_every_minute_is_the_leader_s_but_for_what_every_server_does(pair: Pair) -> None:
    done: list[str] = []
    for name, jobs in (("leader", pair.leader), ("follower", pair.follower)):
        jobs.every_minute(lambda name=name: done.append(f"{name} alone"))  # type: ignore[misc]
        jobs.every_minute(lambda name=name: done.append(f"{name} too"), every_server=True)  # type: ignore[misc]
        jobs._minute()
    assert done == ["leader alone", "leader too", "follower too"]
