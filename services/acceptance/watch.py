"""Calls people where a live version serves a scanner that it was not accepted on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from data.database import now
from data.ledger.rows import microseconds
from data.records import Severity
from data.stores.acceptance import AcceptanceStore
from services import addresses
from services.acceptance.words import VERDICT_WORDS
from services.alerts.alerts import Alerts
from services.standing.acceptances import Acceptances, Live, scanner_words
from services.task_words import words_of

DAYS = 7
CAUSE = "not accepted: "
Where = tuple[str, str, str | None]
"""Task, version and scanner."""


class AcceptanceWatch:
    """Raises an alert a version and scanner; settles it when the version is accepted or serves no more."""

    def __init__(
        self,
        store: AcceptanceStore,
        acceptances: Acceptances,
        live: Live,
        alerts: Alerts,
        tasks: Sequence[str],
    ) -> None:
        self._store = store
        self._acceptances = acceptances
        self._live = live
        self._alerts = alerts
        self._tasks = tuple(tasks)

    def tick(self) -> None:
        """Look at what was read in the last seven days.

        Of a task that no version is loaded for, as after a start, nothing is known: its alerts stay.
        """
        lives = {task: live for task in self._tasks if (live := self._live(task)) is not None}
        known = {
            alert.cause: alert.sentence
            for alert in self._alerts.unfinished()
            if alert.cause.startswith(CAUSE)
        }
        unaccepted = {cause: where for task, live in lives.items() for cause, where in self._look(task, live)}
        unknown = tuple(f"{CAUSE}{task} " for task in self._tasks if task not in lives)
        for cause in known.keys() - unaccepted.keys():
            if not cause.startswith(unknown):
                self._alerts.settle(cause)
        for cause, where in unaccepted.items():
            sentence = self._sentence(*where)
            if known.get(cause) != sentence:  # every further minute is not another time; another verdict is
                self._raise(cause, sentence, *where)

    def _look(self, task: str, live: str) -> list[tuple[str, Where]]:
        if self._acceptances.since(task) is None:
            return []
        since = microseconds(now() - timedelta(days=DAYS)) or 0
        return [
            (f"{CAUSE}{task} {live} {scanner or ''}", (task, live, scanner))
            for scanner in self._store.scanners(task, live, since)
            if not self._acceptances.accepted(task, live, scanner)
        ]

    def _sentence(self, task: str, version: str, scanner: str | None) -> str:
        signed = self._acceptances.signed_verdict(task, version, scanner)
        so_far = (
            "nobody has signed that it passed the local acceptance test there"
            if signed is None
            else f"what was signed last of its local acceptance test there is “{VERDICT_WORDS[signed]}”"
        )
        return (
            f"It has read scans of {scanner_words(scanner)} in the last {DAYS} days, and {so_far}. Its "
            "results are marked as not yet accepted here."
        )

    def _raise(self, cause: str, sentence: str, task: str, version: str, scanner: str | None) -> None:
        title = f"Version {version} of {words_of(task).label} is not accepted on {scanner_words(scanner)}"
        self._alerts.raise_alert(cause, Severity.WARNING, title, sentence, addresses.acceptance(task))
