"""The watch over quick acceptances: tells a department head, by pseudonym, of who may not be looking.

It rests on the sequential test of `models.statistics.quick_acceptance`, over a reader's verdicts of all tasks
whose time is known. Nobody but who may see single readers is told: not in the bell of others, and by no mail.
An alert that a person closed begins the test anew. Where so few people read that a pseudonym is a name,
nobody is told.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import timedelta
from urllib.parse import urlencode

from data import house_clock
from data.database import now
from data.records import Evidence, ReaderVerdict, Severity
from data.stores.reader_verdicts import ReaderVerdictStore
from models.statistics.quick_acceptance import QUICK_SECONDS, Flags, first_call
from services import addresses
from services.alerts.alerts import Alerts
from services.cohort.small_numbers import LEAST_READERS
from services.permissions import Permission
from services.readers.figures import quick_of
from services.readers.pseudonyms import Pseudonyms

SPAN = timedelta(days=90)
"""Verdicts of so long are watched."""
LATELY = 20
"""An end is proposed where at most half of so many verdicts, the newest, are quick acceptances."""
PART = "performance-reading"  # of the page
MEANS = (
    "This may mean that results are accepted without being looked at (automation bias). It is no proof: "
    "quick acceptance of easy normal pictures is legitimate, and a result that was looked at elsewhere "
    "before is accepted quickly too."
)


class ReaderWatch:
    """Looks at every reader's verdicts where there are new ones."""

    def __init__(
        self,
        verdicts: ReaderVerdictStore,
        people: Callable[[], frozenset[str]],
        pseudonyms: Pseudonyms,
        alerts: Alerts,
    ) -> None:
        """`people` are the ids of everybody with an account."""
        self._verdicts = verdicts
        self._people = people
        self._pseudonyms = pseudonyms
        self._alerts = alerts
        self._looked: object = None

    def tick(self) -> None:
        """Raise, or propose an end, where a review was kept since the last time."""
        token = self._verdicts.token()
        if token == self._looked:
            return
        by_reader = self._by_reader()
        if len(by_reader) >= LEAST_READERS:
            for reader, said in by_reader.items():
                self._look(reader, said)
        self._looked = token

    def called(self) -> frozenset[str]:
        """The readers whom the test calls now, by account."""
        by_reader = self._by_reader()
        return frozenset(
            reader
            for reader, said in by_reader.items()
            if first_call(quick_of(self._since_closed(reader, said))) is not None
        )

    def is_called(self, reader_id: str) -> bool:
        """Whether the test calls this reader now."""
        return reader_id in self.called()

    def _look(self, reader: str, said: Sequence[ReaderVerdict]) -> None:
        pseudonym, watched = self._pseudonyms.of(reader), self._since_closed(reader, said)
        quick = quick_of(watched)
        call = first_call(quick)
        lately = quick[-LATELY:] if call is None else quick[call + 1 :][-LATELY:]
        if len(lately) == LATELY and lately.mean() <= 0.5:
            sentence = f"Quick acceptances among the last {LATELY} verdicts: {int(lately.sum())}."
            self._alerts.propose_end(_cause(pseudonym), sentence, None)
        elif call is not None:
            self._alerts.raise_alert(
                _cause(pseudonym),
                Severity.WARNING,
                f"Reader {pseudonym} accepts nearly everything within {QUICK_SECONDS:.0f} seconds",
                _sentence(watched, quick),
                addresses.performance(urlencode({"task": _task(watched, quick)}), PART),
                evidence=Evidence(watched[-1].at, len(watched)),
                permission=Permission.SEE_READERS,
            )

    def _by_reader(self) -> dict[str, list[ReaderVerdict]]:
        """The verdicts with a known time of each reader who has an account, oldest first."""
        people, by_reader = self._people(), defaultdict(list)
        for said in self._verdicts.since(now() - SPAN):
            if said.reader_id in people:
                by_reader[said.reader_id].append(said)
        return {reader: [each for each in said if each.timed] for reader, said in by_reader.items()}

    def _since_closed(self, reader: str, said: Sequence[ReaderVerdict]) -> list[ReaderVerdict]:
        closed = self._alerts.last_closed(_cause(self._pseudonyms.of(reader)))
        return [each for each in said if closed is None or each.at > closed]


def _sentence(watched: Sequence[ReaderVerdict], quick: Flags) -> str:
    count = int(quick.sum())
    absent = sum(not said.positive for said, is_quick in zip(watched, quick, strict=True) if is_quick)
    first = house_clock.day_of(watched[0].at)
    return (
        f"{count} of {len(watched)} verdicts whose time is known, since {first}, accepted "
        f"the result within {QUICK_SECONDS:.0f} seconds of its being opened; in {absent} of these {count} "
        f"the AI had seen no finding. {MEANS}"
    )


def _task(watched: Sequence[ReaderVerdict], quick: Flags) -> str:
    """The task of most of the quick acceptances."""
    tasks = Counter(said.task for said, is_quick in zip(watched, quick, strict=True) if is_quick)
    return tasks.most_common(1)[0][0]


def _cause(pseudonym: str) -> str:
    return f"quick acceptances {pseudonym}"
