"""How readers read, as the performance page, its file and the API tell it; and to each reader their own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from data.database import now
from data.records import ReaderVerdict, User
from data.stores.reader_verdicts import ReaderVerdictStore
from services.accounts import Accounts
from services.cohort.cohort import HiddenFrom
from services.cohort.small_numbers import LEAST_READERS
from services.permissions import Permission, may, require
from services.readers.figures import Readings, ToldFigure, told, told_by_group, told_of_all
from services.readers.pseudonyms import Pseudonyms
from services.reviewing.second_readings import DoubleReading, SecondReadings

SPAN = timedelta(days=365)
"""Verdicts of so long count."""
NO_GROUP = "No group"


@dataclass(frozen=True)
class ReaderRow:
    """Figures of a group or of one reader, by the name of each."""

    name: str
    figures: Mapping[str, ToldFigure]
    called: bool = False  # the watch over quick acceptances calls; of single readers only


@dataclass(frozen=True)
class ReadersView:
    """What a person is told of the readers of a task. Rows of readers are in the order of pseudonyms."""

    task: str
    since: datetime
    whole: ReaderRow
    groups: tuple[ReaderRow, ...]
    readers: tuple[ReaderRow, ...] | None  # None: this person is not told of single readers
    few: bool  # so few people read that no single one is told

    @property
    def any(self) -> bool:
        """Whether anybody has read anything."""
        return self.whole.figures["accepted"].n != 0

    @property
    def rows(self) -> list[tuple[str, ReaderRow]]:
        """Every row with what it is of: all, group, reader."""
        return [
            ("all", self.whole),
            *(("group", row) for row in self.groups),
            *(("reader", row) for row in self.readers or ()),
        ]


@dataclass(frozen=True)
class OwnReading:
    """What somebody is told of their own reading of a task."""

    task: str
    figures: Mapping[str, ToldFigure]


class Readers:
    """Counts; keeps nothing."""

    def __init__(
        self,
        verdicts: ReaderVerdictStore,
        second: SecondReadings,
        accounts: Accounts,
        pseudonyms: Pseudonyms,
        hidden: HiddenFrom,
        called: Callable[[], frozenset[str]],
        tasks: Sequence[str],
    ) -> None:
        """`hidden` says what a person is not to know yet, `called` whom the watch calls, by account."""
        self._verdicts = verdicts
        self._second = second
        self._accounts = accounts
        self._pseudonyms = pseudonyms
        self._hidden = hidden
        self._called = called
        self._tasks = tuple(tasks)

    def of_task(self, task: str, viewer: User) -> ReadersView:
        """By group for who may see statistics, by pseudonym for who may see single readers. NotAllowed."""
        require(viewer, Permission.SEE_STATISTICS)
        since = now() - SPAN
        readings = self._readings(task, since, viewer)
        active = {said.reader_id for said in readings.verdicts}
        groups = {group: mine for group, all_in in self._groups().items() if (mine := active & all_in)}
        shown = told_by_group(readings, groups)
        return ReadersView(
            task,
            since,
            ReaderRow("All readers", told_of_all(readings)),
            # A house without groups has one row of all, and no second one that says the same.
            tuple(ReaderRow(group, shown[group]) for group in _in_order(groups)),
            self._single(readings) if may(viewer, Permission.SEE_READERS) else None,
            len(active) < LEAST_READERS,
        )

    def single_readers(self, task: str, viewer: User) -> tuple[ReaderRow, ...]:
        """Each reader by pseudonym; none where so few read that a pseudonym is a name. Raises NotAllowed."""
        require(viewer, Permission.SEE_READERS)
        return self._single(self._readings(task, now() - SPAN, viewer))

    def own(self, user: User) -> tuple[OwnReading, ...]:
        """A person's own figures, of each task that they have read."""
        since = now() - SPAN
        mine = self._verdicts.since(since, user.id)
        return tuple(
            OwnReading(task, told(Readings(said, self._pairs(task, said)).by({user.id})))
            for task in self._tasks
            if (said := [verdict for verdict in mine if verdict.task == task])
        )

    def _single(self, readings: Readings) -> tuple[ReaderRow, ...]:
        active = {said.reader_id for said in readings.verdicts}
        if len(active) < LEAST_READERS:
            return ()
        called = self._called()
        rows = [
            ReaderRow(self._pseudonyms.of(reader), told(readings.by({reader})), reader in called)
            for reader in active
        ]
        return tuple(sorted(rows, key=lambda row: row.name))

    def _readings(self, task: str, since: datetime, viewer: User) -> Readings:
        """What people with an account said, without what the viewer reads blind."""
        hidden = self._hidden(viewer)
        blind, people = hidden.readings | hidden.reviews, {user.id for user in self._accounts.all()}
        said = [
            verdict
            for verdict in self._verdicts.since(since)
            if verdict.task == task and verdict.scan_id not in blind and verdict.reader_id in people
        ]
        return Readings(said, self._pairs(task, said))

    def _pairs(self, task: str, said: Sequence[ReaderVerdict]) -> list[DoubleReading]:
        """The second readings that both readers have given, of results among these verdicts."""
        counted = {verdict.result_id for verdict in said}
        return [
            pair
            for pair in self._second.of_task(task)
            if not pair.is_open and pair.asked.result_id in counted
        ]

    def _groups(self) -> dict[str, set[str]]:
        groups: defaultdict[str, set[str]] = defaultdict(set)
        for user in self._accounts.all():
            groups[user.reader_group or NO_GROUP].add(user.id)
        return groups


def _in_order(groups: Mapping[str, object]) -> list[str]:
    """By name, those in no group last; in a house without groups that would say the same as all do."""
    if set(groups) <= {NO_GROUP}:
        return []
    return sorted(groups, key=lambda group: (group == NO_GROUP, group.casefold()))
