"""Where the live version of a task stands on each scanner whose scans it reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from data.ledger.bands import UNKNOWN
from data.records import AcceptanceTest, AcceptanceVerdict, EvaluationState, User
from data.stores.acceptance import AcceptanceStore
from services.acceptance.testing import AcceptanceTests
from services.permissions import Permission, require
from services.standing.acceptances import Live, is_as_signed


class Standing(StrEnum):
    """What is known of a version on a scanner."""

    ACCEPTED = "accepted"
    AWAITS_SIGNATURE = "awaits-signature"  # a test that passed
    READING = "reading"
    NOT_PASSED = "not-passed"
    CANNOT_TELL = "cannot-tell"
    TOO_FEW = "too-few"
    NOT_TESTED = "not-tested"
    ALTERED = "altered"  # the newest signed record is not what was signed


_SAYS = {
    AcceptanceVerdict.PASSED: Standing.AWAITS_SIGNATURE,
    AcceptanceVerdict.NOT_PASSED: Standing.NOT_PASSED,
    AcceptanceVerdict.CANNOT_TELL: Standing.CANNOT_TELL,
    AcceptanceVerdict.TOO_FEW: Standing.TOO_FEW,
}


@dataclass(frozen=True)
class ScannerStanding:
    """A version on a scanner ("unknown": whose files name none), and the test that says so."""

    scanner: str
    read: int  # real scans of it that the version has read
    standing: Standing
    test: AcceptanceTest | None = None


@dataclass(frozen=True)
class TaskStandings:
    """The live version of a task on each scanner that it has read scans of or was tested on."""

    version: str | None  # None while none is loaded
    scanners: tuple[ScannerStanding, ...]


class Standings:
    """Looks; changes nothing."""

    def __init__(self, store: AcceptanceStore, tests: AcceptanceTests, live: Live) -> None:
        """`live` is the version that answers for a task now."""
        self._store = store
        self._tests = tests
        self._live = live

    def of(self, task: str, user: User) -> TaskStandings:
        """The scanners with the most scans first; raises NotAllowed."""
        require(user, Permission.SEE_ACCEPTANCE)
        version = self._live(task)
        if version is None:
            return TaskStandings(None, ())
        read = {name or UNKNOWN: n for name, n in self._store.scanners(task, version, 0).items()}
        mine = [test for test in self._store.tests(task) if test.version == version]
        names = sorted({*read, *(test.scanner for test in mine)}, key=lambda name: (-read.get(name, 0), name))
        made = [
            ScannerStanding(
                name,
                read.get(name, 0),
                *self._standing([test for test in mine if test.scanner == name], user),
            )
            for name in names
        ]
        return TaskStandings(version, tuple(made))

    def scanners(self, task: str, user: User) -> list[str]:
        """Every scanner that real scans of the task came from, by name; raises NotAllowed."""
        require(user, Permission.SEE_ACCEPTANCE)
        return sorted(name or UNKNOWN for name in self._store.scanners(task, None, 0))

    def _standing(
        self, tests: Sequence[AcceptanceTest], user: User
    ) -> tuple[Standing, AcceptanceTest | None]:
        """`tests` are of one version and scanner, the newest first."""
        signed = max(
            (test for test in tests if test.signed_at is not None),
            key=lambda test: (test.signed_at, test.id),
            default=None,
        )
        if signed is not None and not is_as_signed(signed):
            return Standing.ALTERED, signed
        if signed is not None and signed.verdict is AcceptanceVerdict.PASSED:
            return Standing.ACCEPTED, signed
        for test in tests:
            if test.signed_at is None and (signed is None or test.asked_at > signed.asked_at):
                said = self._said(test, user)
                if said is not None:
                    return said, test
        if signed is not None and signed.verdict is not None:
            return _SAYS[signed.verdict], signed
        return Standing.NOT_TESTED, None

    def _said(self, test: AcceptanceTest, user: User) -> Standing | None:
        """What a test says that nobody has signed; None where it never came to its end."""
        view = self._tests.view(test.id, user)
        if view.evaluation.state is EvaluationState.QUEUED:
            return Standing.READING
        return None if view.verdict is None else _SAYS[view.verdict]
