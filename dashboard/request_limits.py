"""How many requests an account may send in a minute, so that one program cannot keep a house from working."""

from __future__ import annotations

import math
import time

from flask import request
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from data.errors import TooManyRequests
from data.records import User

_UPLOADS = "tus_create"  # the pieces that follow are one file's: they are not counted


class RequestLimits:
    """Counts, for each account, requests of the API and uploads that begin.

    The tokens of an account count together. The counts are of this process and forgotten with it.
    """

    def __init__(self, per_minute: int) -> None:
        """No limit where `per_minute` is 0."""
        self._limit = RateLimitItemPerMinute(per_minute) if per_minute else None
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def count(self, user: User) -> None:
        """Count this request of somebody. Raises TooManyRequests where it is one too many."""
        counted = request.path.startswith("/api/") or request.endpoint == _UPLOADS
        if self._limit is None or not counted or self._limiter.hit(self._limit, user.id):
            return
        wait = self._limiter.get_window_stats(self._limit, user.id).reset_time - time.time()
        raise TooManyRequests(max(1, math.ceil(wait)))
