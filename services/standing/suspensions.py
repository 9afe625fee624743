"""What suspensions mean for results: the one rule, which every page, list and file asks.

A result that falls under a suspension and that nobody has judged is withheld: it is kept, and no answer.
What a clinician has judged is the clinician's and stays. What the version read before its figures fell stays
too, and says that its version was suspended since.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from data.department_wall import whole_house
from data.ledger.rows import scanner_name
from data.records import Result, Review, Scan, Suspension, Verdict
from data.stores.suspensions import SuspensionStore

_WITHHELD = "Suspended since {since}: not for use, because {because}."
_BEFORE = (
    "Version {version}, which read this, was suspended later, on {since}, because {because}. Do not rely "
    "on it."
)
_LIFTED = (
    "Read in a time for which version {version} was suspended (on {since}, because {because}). Two people "
    "lifted that on {lifted}."
)


@dataclass(frozen=True)
class Standing:
    """What a suspension says of a result: the sentence, and whether the result is withheld for it."""

    suspension: Suspension
    sentence: str
    withheld: bool


class Suspensions:
    """Answers for results; keeps nothing but what it was asked last."""

    def __init__(self, store: SuspensionStore, revision: Callable[[], str]) -> None:
        """`revision` is another text after any change of a scan, result, review or suspension."""
        self._store = store
        self._revision = revision
        self._known: tuple[str, list[Suspension], frozenset[str]] = ("", [], frozenset())

    def of_result(self, scan: Scan, result: Result, current: Review | None) -> Standing | None:
        """What is to be said of a result, whose current review may be None; None where nothing is."""
        return _standing(self._fresh()[0], scan, result, current)

    def of_results(self, asked: Iterable[tuple[Scan, Result, Review | None]]) -> dict[str, Standing | None]:
        """As `of_result`, of many results by their id, looked up once."""
        every = self._fresh()[0]
        return {result.id: _standing(every, scan, result, current) for scan, result, current in asked}

    def active(self, task: str) -> tuple[Suspension, ...]:
        """What of a task is suspended now, the newest first."""
        return tuple(each for each in self._fresh()[0] if each.task == task and each.is_active)

    def withheld_scans(self) -> frozenset[str]:
        """The scans whose newest result is withheld."""
        return self._fresh()[1]

    def _fresh(self) -> tuple[list[Suspension], frozenset[str]]:
        revision = self._revision()
        known = self._known
        if known[0] != revision:
            with whole_house():  # what is kept here is everybody's
                every = self._store.all()
                scans = self._store.unreviewed([stopped for stopped in every if stopped.is_active])
            known = self._known = revision, every, scans
        return known[1], known[2]


def _standing(
    every: Sequence[Suspension], scan: Scan, result: Result, current: Review | None
) -> Standing | None:
    made, scanner = result.provenance, scanner_name(scan.header.manufacturer, scan.header.scanner)
    mine = [stopped for stopped in every if stopped.covers(result.task, made.model_version, scanner)]
    active = [stopped for stopped in mine if stopped.is_active]
    if active:
        stopped = min(active, key=lambda each: (each.began_at, each.id))
        if result.created_at < stopped.began_at:
            return Standing(stopped, _said(_BEFORE, stopped), withheld=False)
        judged = current is not None and current.verdict is not Verdict.UNSURE
        return Standing(stopped, _said(_WITHHELD, stopped), withheld=not judged)
    lifted = [
        stopped
        for stopped in mine
        if stopped.lifted_at is not None and stopped.began_at <= result.created_at < stopped.lifted_at
    ]
    return Standing(lifted[0], _said(_LIFTED, lifted[0]), withheld=False) if lifted else None


def suspended_words(stopped: Suspension) -> str:
    """What is suspended, since when and why, and what ends it."""
    where = f" on {stopped.scanner}" if stopped.scanner else ""
    since = time_words(stopped.since)
    return (
        f"Version {stopped.version} is suspended{where} since {since}, because {stopped.because}. What it "
        "reads is kept and shows no answer until two people lift that, or another version goes live."
    )


def time_words(moment: datetime) -> str:
    """A moment in this server's zone."""
    return f"{moment.astimezone():%Y-%m-%d %H:%M}"


def _said(template: str, stopped: Suspension) -> str:
    lifted = time_words(stopped.lifted_at) if stopped.lifted_at else ""
    words = {"since": time_words(stopped.since), "because": stopped.because, "version": stopped.version}
    return template.format(**words, lifted=lifted)
