"""Which browser tests needed another try: said at the end of every run, so that nobody overlooks it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

HEADING = "browser tests that needed a second try"


def second_tries(tried_again: Iterable[str], ran: int) -> list[str]:
    """The lines for the names of the tests, one a repeated try, of so many browser tests that ran."""
    tries = Counter(tried_again)
    if not ran:
        return []
    if not tries:
        return [f"{HEADING}: none of {ran}"]
    lines = [f"{name} ({count + 1} tries)" for name, count in sorted(tries.items())]
    return [f"{HEADING}: {len(tries)} of {ran}", *lines]
