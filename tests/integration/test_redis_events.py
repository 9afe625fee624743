"""What servers tell each other over a real Redis, which is killed and comes back."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask

from dashboard.request_limits import RequestLimits
from data.errors import Busy, TooManyRequests
from services.servers import redis_events
from services.servers.redis_events import RedisEvents
from tests.integration.redis_server import RedisServer, redis_server
from tests.integration.several_servers import wait_for

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    with redis_server() as running:
        yield running


class Listening:
    """A server that notes what it is told on a topic."""

    def __init__(self, redis: RedisServer, name: str, house: str = "a house") -> None:
        self.events = RedisEvents(redis.url, house, name)
        self.told: list[str] = []
        self.events.subscribe("job.offered", self.told.append)
        self.events.start()

    def hears(self, sender: Listening) -> bool:
        """Whether a word of another one arrives; said until it does, as a subscription takes a moment."""
        sender.events.publish("job.offered", "hello")
        return "hello" in self.told


@pytest.fixture
def pair(redis: RedisServer) -> Iterator[tuple[Listening, Listening]]:
    first, second = Listening(redis, "one"), Listening(redis, "other")
    yield first, second
    first.events.stop()
    second.events.stop()


def test_others_of_the_house_are_told_and_nobody_else(
    redis: RedisServer, pair: tuple[Listening, Listening]
) -> None:
    first, second = pair
    stranger = Listening(redis, "stranger", "another house")
    wait_for(lambda: second.hears(first) and first.hears(second))
    wait_for(lambda: stranger.events.publish("job.offered", "of strangers") or not stranger.told)
    first.events.publish("job.offered", "an id, and more words")
    wait_for(lambda: "an id, and more words" in second.told)
    assert "an id, and more words" not in first.told and not stranger.told
    stranger.events.stop()


def test_what_goes_wrong_with_a_word_keeps_none_of_the_next(
    redis: RedisServer, pair: tuple[Listening, Listening]
) -> None:
    first, second = pair

    def wrong(_: str) -> None:
        raise ValueError("a mistake")

    second.events.subscribe("job.offered", wrong)
    wait_for(lambda: second.hears(first))
    first.events.publish("job.offered", "next")
    wait_for(lambda: "next" in second.told)


def test_a_redis_that_was_away_is_listened_to_again(
    redis: RedisServer, pair: tuple[Listening, Listening]
) -> None:
    first, second = pair
    wait_for(lambda: second.hears(first))
    redis.kill()
    first.events.publish("job.offered", "lost")
    with pytest.raises(Busy, match="Redis does not answer"), first.events.alone("promotions"):
        pass
    redis.start()
    second.told.clear()
    wait_for(lambda: second.hears(first))


def test_one_alone_is_within_it_also_for_longer_than_a_lock_lasts(
    pair: tuple[Listening, Listening], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_events, "LOCK_S", 0.6)
    first, second = pair
    with first.events.alone("promotions") as mine:
        assert mine
        assert not threading.Event().wait(1.5)
        with second.events.alone("promotions") as theirs, second.events.alone("imports") as another:
            assert not theirs and another
    with second.events.alone("promotions") as theirs:
        assert theirs


def test_requests_are_counted_together_and_by_each_alone_while_redis_is_away(redis: RedisServer) -> None:
    first, second = RequestLimits(4, redis.url), RequestLimits(4, redis.url)
    person: Any = SimpleNamespace(id="ada")
    with Flask("api").test_request_context("/api/v1/scans"):
        for limits in (first, second, first, second):
            limits.count(person)
        with pytest.raises(TooManyRequests) as refused:
            first.count(person)
        assert 1 <= refused.value.seconds <= 60
        redis.kill()
        try:
            for _ in range(4):
                first.count(person)
            with pytest.raises(TooManyRequests):
                first.count(person)
        finally:
            redis.start()
