"""Messages between servers over Redis' channels (publish and subscribe), and its locks."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from queue import SimpleQueue

import redis
from redis.exceptions import LockError, RedisError
from redis.lock import Lock

from data.errors import Busy
from services.containment import contained
from services.servers.events import Events

ANSWERS_WITHIN_S = 2.0
LOCK_S = 30.0
"""A lock is renewed three times within so many seconds; that of a server that was killed ends by itself."""
_LOOKS_EVERY_S = 1.0
_BETWEEN = "\0"
_AWAY = "Redis does not answer, so that another server may be doing the same; please try again in a minute."

log = logging.getLogger(__name__)


class RedisEvents(Events):
    """Over Redis, from a thread of its own each way."""

    def __init__(self, url: str, house: str, server_id: str) -> None:
        """`house` keeps several houses on one Redis apart; nobody learns it from a channel's name."""
        super().__init__()
        self._prefix = prefix_of(house)
        self._server_id = server_id
        self._redis = redis.Redis.from_url(
            url,
            decode_responses=True,
            socket_timeout=ANSWERS_WITHIN_S,
            socket_connect_timeout=ANSWERS_WITHIN_S,
        )
        self._waiting: SimpleQueue[tuple[str, str] | None] = SimpleQueue()
        self._ending = threading.Event()
        self._away = False

    def publish(self, topic: str, word: str = "") -> None:
        """Tell all other servers; returns at once and raises nothing."""
        self._waiting.put((topic, word))

    @contextmanager
    def alone(self, name: str) -> Iterator[bool]:
        """Whether no other server of the house is within this now; does not wait. Raises Busy."""
        lock = self._redis.lock(
            f"{self._prefix}lock:{name}", timeout=LOCK_S, blocking=False, thread_local=False
        )
        try:
            mine = bool(lock.acquire())
        except RedisError as error:
            raise Busy(_AWAY) from error
        if not mine:
            yield False
            return
        done = threading.Event()
        keeping = threading.Thread(target=_keep, args=(lock, done), name=f"lock-{name}", daemon=True)
        keeping.start()
        try:
            yield True
        finally:
            done.set()
            keeping.join()
            with _logged(name):
                lock.release()

    def start(self) -> None:
        """Begin to listen."""
        for work, name in ((self._send, "events-out"), (self._listen, "events-in")):
            threading.Thread(target=work, name=name, daemon=True).start()

    def stop(self) -> None:
        """Listen no more."""
        self._ending.set()
        self._waiting.put(None)

    def _send(self) -> None:
        while (event := self._waiting.get()) is not None:
            topic, word = event
            try:
                self._redis.publish(self._prefix + topic, f"{self._server_id}{_BETWEEN}{word}")
            except RedisError as error:
                self._note_away(error)
            else:
                self._away = False

    def _listen(self) -> None:
        while not self._ending.is_set():
            try:
                self._receive()
            except RedisError as error:
                self._note_away(error)
                self._ending.wait(_LOOKS_EVERY_S)

    def _receive(self) -> None:
        with self._redis.pubsub(ignore_subscribe_messages=True) as channels:  # type: ignore[no-untyped-call]
            channels.subscribe(*(self._prefix + topic for topic in self._told))
            while not self._ending.is_set():
                message = channels.get_message(timeout=_LOOKS_EVERY_S)
                if message is not None:
                    self._take(str(message["channel"]), str(message["data"]))

    def _take(self, channel: str, said: str) -> None:
        sender, _, word = said.partition(_BETWEEN)
        if sender == self._server_id:
            return
        topic = channel.removeprefix(self._prefix)
        for told in self._told.get(topic, ()):
            contained(partial(told, word), "what another server said (%s) could not be followed", topic)

    def _note_away(self, error: RedisError) -> None:
        if not self._away:
            log.warning(
                "Redis does not answer, so that servers hear of each other some seconds later: %r", error
            )
        self._away = True


def _keep(lock: Lock, done: threading.Event) -> None:
    while not done.wait(LOCK_S / 3):
        with _logged(str(lock.name)):
            lock.reacquire()


@contextmanager
def _logged(name: str) -> Iterator[None]:
    try:
        yield
    except (RedisError, LockError) as error:  # what it is for goes on; another server may begin the same
        log.warning("the lock %s could not be kept or given back: %r", name, error)


def prefix_of(house: str) -> str:
    """The beginning of every name that a house has in Redis."""
    return f"lightbox:{hashlib.sha256(house.encode()).hexdigest()[:16]}:"


def is_redis_url(url: str) -> bool:
    """Whether it is the address of a Redis."""
    return url.startswith(("redis://", "rediss://", "unix://"))
