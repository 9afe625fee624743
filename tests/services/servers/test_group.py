"""Who lives and who leads, on clocks that tests move: each server's own, which need not agree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from data.errors import LightboxError
from data.stores.servers import ServerStore
from services.servers.group import GONE_AFTER_S, LEADING, HouseServers, OnlyServer, states
from tests.databases import migrated


class Watch:
    """A server, and its own clock."""

    def __init__(self, store: ServerStore, name: str, at: float = 0.0) -> None:
        self.time = at
        self.group = HouseServers(store, name * 4, name, every_s=0.001, clock=lambda: self.time)
        self.group.join()

    def look(self, after_s: float = 2.0) -> None:
        self.time += after_s
        self.group.look()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Engine]:
    engine = migrated(f"sqlite:///{tmp_path}/lightbox.db")
    yield engine
    engine.dispose()


@pytest.fixture
def store(database: Engine) -> ServerStore:
    return ServerStore(database)


def test_an_only_server_leads_and_begins_at_once() -> None:
    done: list[str] = []
    OnlyServer().start(lambda: done.append("leads"), lambda: done.append("follows"), lambda: None)
    assert done == ["leads"] and OnlyServer().leads


def test_the_first_leads_and_keeps_it(store: ServerStore) -> None:
    first, second = Watch(store, "first"), Watch(store, "second", at=1e6)
    for _ in range(20):
        first.look()
        second.look()
        assert (first.group.leads, second.group.leads) == (True, False)
    assert first.group.alive() == second.group.alive() == {"first" * 4, "second" * 4}


def test_another_leads_once_the_first_is_gone_and_not_before(store: ServerStore) -> None:
    first, second = Watch(store, "first"), Watch(store, "second")
    first.look()
    second.look()
    began = second.time
    while not second.group.leads:
        assert second.group.led == (second.time - began < GONE_AFTER_S)
        second.look(1.0)
    assert second.group.led
    assert second.time - began == pytest.approx(GONE_AFTER_S, abs=1.0)
    assert second.group.alive() == {"second" * 4}
    assert [server.name for server in store.all()] == ["second"]  # the leader forgets who is gone


def test_who_cannot_renew_leads_no_more_before_another_one_may(store: ServerStore) -> None:
    first, second = Watch(store, "first"), Watch(store, "second")
    first.look()
    second.look()
    first.time += GONE_AFTER_S / 2
    assert not first.group.leads
    second.look(GONE_AFTER_S / 2)
    assert not second.group.leads


def test_who_was_taken_for_gone_comes_back_as_a_follower(store: ServerStore) -> None:
    first, second = Watch(store, "first"), Watch(store, "second")
    first.look()
    second.look()
    second.look(GONE_AFTER_S)
    assert second.group.leads
    first.look(2 * GONE_AFTER_S)
    second.look()
    assert (first.group.leads, second.group.leads) == (False, True)
    assert second.group.alive() == {"first" * 4, "second" * 4}


def test_who_stops_hands_over_at_once(store: ServerStore) -> None:
    first, second = Watch(store, "first"), Watch(store, "second")
    first.look()
    second.look()
    first.group.stop()
    second.look(0.1)
    assert second.group.leads and second.group.alive() == {"second" * 4}


def test_a_server_that_comes_back_after_a_kill_still_leads(store: ServerStore) -> None:
    Watch(store, "first").look()
    second, again = Watch(store, "second"), Watch(store, "first")
    second.look()
    again.look()
    assert again.group.leads


@settings(max_examples=40, deadline=None)
@given(steps=st.lists(st.tuples(st.integers(0, 2), st.floats(0, 2 * GONE_AFTER_S)), max_size=30))
def test_never_two_lead_whoever_stands_still_for_how_long(steps: list[tuple[int, float]]) -> None:
    engine = migrated("sqlite://")
    store = ServerStore(engine)
    servers = [Watch(store, name, at) for name, at in (("first", 0.0), ("second", 50.0), ("third", 9e3))]
    for who, passed_s in steps:
        for server in servers:
            server.time += passed_s
        servers[who].group.look()
        assert sum(server.group.leads for server in servers) <= 1
    engine.dispose()


def test_a_lease_is_taken_only_as_it_was_seen(store: ServerStore) -> None:
    assert store.take(LEADING, "a", None) and not store.take(LEADING, "b", None)
    seen = store.lease(LEADING)
    assert seen is not None and store.take(LEADING, "b", seen)
    assert not store.take(LEADING, "c", seen)
    held = store.lease(LEADING)
    assert held is not None and held.holder == "b"
    store.give_back(LEADING, "a")
    assert store.lease(LEADING) == held


def test_another_version_or_the_same_folder_is_refused_while_it_lives(store: ServerStore) -> None:
    first = Watch(store, "first")
    first.look()
    Watch(store, "first")  # it stands still: a server that was killed, and starts again
    for change, words in (({"version": "0.0.1"}, "runs version 0.0.1"), ({}, "this home folder")):
        name = "other" if change else "first"
        other = HouseServers(_Beating(store, **change), name * 4, name, every_s=0.001)
        with pytest.raises(LightboxError, match=words):
            other.join()


class _Beating(ServerStore):
    """The rows as they are, each growing with every look, and said to be otherwise."""

    def __init__(self, store: ServerStore, **change: str) -> None:
        super().__init__(store._engine)
        self._change = change
        self._beats = 0

    def all(self):  # type: ignore[no-untyped-def]
        self._beats += 1
        return [replace(server, beat=server.beat + self._beats, **self._change) for server in super().all()]


def test_what_is_told_of_from_outside(store: ServerStore) -> None:
    first, _ = Watch(store, "first"), Watch(store, "gone")
    first.look()

    seen = {state.server.name: state for state in states(_Half(store), wait_s=0)}
    assert seen["first"].lives and seen["first"].leads
    assert not seen["gone"].lives and not seen["gone"].leads


class _Half(ServerStore):
    """Only the first server's row grows between two looks."""

    def __init__(self, store: ServerStore) -> None:
        super().__init__(store._engine)

    def all(self):  # type: ignore[no-untyped-def]
        seen = super().all()
        self.beat("first" * 4)
        return seen
