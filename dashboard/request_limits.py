"""How many requests an account may send in a minute, so that one program cannot keep a house from working."""

from __future__ import annotations

import math
import time

from flask import request
from limits import RateLimitItemPerMinute
from limits.errors import StorageError
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import MovingWindowRateLimiter

from data.errors import TooManyRequests
from data.records import User

_REDIS_WITHIN_S = 1.0
_ASKED_AGAIN_S = 10.0  # after it gave no answer: no request waits for it until then
_UPLOADS = "tus_create"  # the pieces that follow are one file's: they are not counted


class RequestLimits:
    """Counts, for each account, requests of the API and uploads that begin.

    The tokens of an account count together. The counts are of this process and forgotten with it; where a
    house has several servers they are counted together in Redis, and each by itself while that is away.
    """

    def __init__(self, per_minute: int, redis_url: str = "") -> None:
        """No limit where `per_minute` is 0."""
        self._limit = RateLimitItemPerMinute(per_minute) if per_minute else None
        self._here = MovingWindowRateLimiter(MemoryStorage())
        self._together: MovingWindowRateLimiter | None = None
        if redis_url:
            times = {"socket_timeout": _REDIS_WITHIN_S, "socket_connect_timeout": _REDIS_WITHIN_S}
            storage = storage_from_string(redis_url, wrap_exceptions=True, **times)
            self._together = MovingWindowRateLimiter(storage)
        self._away_until = 0.0

    def count(self, user: User) -> None:
        """Count this request of somebody. Raises TooManyRequests where it is one too many."""
        counted = request.path.startswith("/api/") or request.endpoint == _UPLOADS
        if self._limit is None or not counted:
            return
        wait = self._wait(self._limit, user.id)
        if wait is not None:
            raise TooManyRequests(max(1, math.ceil(wait)))

    def _wait(self, limit: RateLimitItemPerMinute, user_id: str) -> float | None:
        """Seconds until there may be another request; None where this one is not too many."""
        if self._together is not None and time.monotonic() >= self._away_until:
            try:
                return _hit(self._together, limit, user_id)
            except StorageError:
                self._away_until = time.monotonic() + _ASKED_AGAIN_S
        return _hit(self._here, limit, user_id)


def _hit(limiter: MovingWindowRateLimiter, limit: RateLimitItemPerMinute, user_id: str) -> float | None:
    if limiter.hit(limit, "lightbox", user_id):
        return None
    return limiter.get_window_stats(limit, "lightbox", user_id).reset_time - time.time()
