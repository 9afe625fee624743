"""What the servers of a house tell each other, so that none has to wait until it looks by itself.

Nothing depends on a message's arrival: the database says what is so, and every server looks at it by itself
every few seconds. A message makes that happen at once. It holds ids and words of ours, nothing of patients.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

Told = Callable[[str], object]
Alone = Callable[[str], AbstractContextManager[bool]]
"""Whether no other server of the house is within what is named, now; see `Events.alone`."""


class Events:
    """What this server tells the others, and what it does when they tell something."""

    def __init__(self) -> None:
        self._told: dict[str, list[Told]] = defaultdict(list)

    def subscribe(self, topic: str, told: Told) -> None:
        """Have `told` called with the word of each message of another server; before `start`."""
        self._told[topic].append(told)

    def publish(self, topic: str, word: str = "") -> None:
        """Tell all other servers; returns at once and raises nothing."""
        raise NotImplementedError

    def alone(self, name: str) -> AbstractContextManager[bool]:
        """Whether no other server of the house is within this now; does not wait. Raises Busy."""
        raise NotImplementedError

    def start(self) -> None:
        """Begin to listen."""

    def stop(self) -> None:
        """Listen no more."""


class LocalEvents(Events):
    """Of a house with one server: there is nobody to tell."""

    def publish(self, topic: str, word: str = "") -> None:
        """Nothing."""

    @contextmanager
    def alone(self, name: str) -> Iterator[bool]:
        """It is."""
        yield True
