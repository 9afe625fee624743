"""Which results are of a version that was accepted on their scanner: the one rule, which pages and files ask.

Only tasks with a protocol in force are asked for. A result is marked where its version is live, or has read
it since the protocol is in force, and the newest signed record of version and scanner is not one that
passed. A record that is not as it was signed counts as none.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from data.ledger.bands import UNKNOWN
from data.ledger.rows import microseconds, scanner_name
from data.records import AcceptanceProtocol, AcceptanceTest, AcceptanceVerdict, Result, Scan
from data.stores.acceptance import AcceptanceStore

NOT_ACCEPTED = "AI not yet accepted"
"""The mark where there is no place for the sentence."""
_NOT_YET = "Not yet accepted here: version {version} has no signed acceptance on {scanner}."
_NO_SCANNER = "scans whose files name no scanner"
Live = Callable[[str], str | None]


@dataclass(frozen=True)
class _Known:
    """What follows from the records at one revision of the database."""

    revision: int
    asked: frozenset[str]  # tasks that ever had a protocol
    since: dict[str, datetime]  # task -> since when a protocol is in force without a gap
    signed: dict[tuple[str, str, str], AcceptanceVerdict]  # of task, version, scanner: what counts

    def accepts(self, task: str, version: str, scanner: str | None) -> bool:
        """Whether what counts of a version on a scanner is that it passed."""
        return self.signed.get((task, version, scanner or UNKNOWN)) is AcceptanceVerdict.PASSED

    def marks(self, task: str, version: str, scanner: str | None, read_us: int, live: str | None) -> bool:
        """Whether a result is marked that this version read at a time, in microseconds since 1970."""
        since = self.since.get(task)
        if since is None or self.accepts(task, version, scanner):
            return False
        return version == live or read_us >= (microseconds(since) or 0)


class Acceptances:
    """Answers for results; keeps nothing but what it was asked last."""

    def __init__(self, store: AcceptanceStore, live: Live) -> None:
        """`live` is the version that answers for a task now, None while none is loaded."""
        self._store = store
        self._live = live
        self._known: _Known | None = None

    def since(self, task: str) -> datetime | None:
        """Since when a protocol of the task is in force; None where none is."""
        return self._fresh().since.get(task)

    def accepted(self, task: str, version: str, scanner: str | None) -> bool:
        """Whether the newest signed record of a version on a scanner is one that passed."""
        return self._fresh().accepts(task, version, scanner)

    def signed_verdict(self, task: str, version: str, scanner: str | None) -> AcceptanceVerdict | None:
        """What the newest signed record of a version on a scanner says; None where none counts."""
        return self._fresh().signed.get((task, version, scanner or UNKNOWN))

    def of_results(self, asked: Iterable[tuple[Scan, Result]]) -> dict[str, str]:
        """As `of_result`, of those results of many of which something is to be said, looked up once."""
        known = self._fresh()
        said = ((result.id, self._said(known, scan, result)) for scan, result in asked)
        return {result_id: words for result_id, words in said if words is not None}

    def of_result(self, scan: Scan, result: Result) -> str | None:
        """What is to be said of a result whose version was not accepted on its scanner; None else."""
        return self._said(self._fresh(), scan, result)

    def _said(self, known: _Known, scan: Scan, result: Result) -> str | None:
        version = result.provenance.model_version
        scanner = scanner_name(scan.header.manufacturer, scan.header.scanner)
        read_us, live = microseconds(result.created_at) or 0, self._live(result.task)
        if not known.marks(result.task, version, scanner, read_us, live):
            return None
        return _NOT_YET.format(version=version, scanner=scanner_words(scanner))

    def asked(self, task: str) -> bool:
        """Whether acceptance was ever asked for of a task, so that its results may have left marked."""
        return task in self._fresh().asked

    def marked(self, scan_ids: Collection[str]) -> frozenset[str]:
        """Those of these scans whose newest result is of a version that was not accepted on their scanner."""
        known = self._fresh()
        lives = {task: self._live(task) for task in known.since}
        return frozenset(
            scan_id
            for task, live in lives.items()
            for scan_id, (version, scanner, read_us) in self._store.read_on(scan_ids, task).items()
            if known.marks(task, version, scanner, read_us, live)
        )

    def token(self) -> str:
        """A text that is another one after another version went live, where anything is marked by that."""
        return ".".join(f"{task}:{self._live(task)}" for task in sorted(self._fresh().since))

    def _fresh(self) -> _Known:
        revision, known = self._store.revision(), self._known
        if known is None or known.revision != revision:
            protocols, signed = self._store.protocols(), _signed(self._store.tests())
            asked = frozenset(protocol.task for protocol in protocols)
            known = self._known = _Known(revision, asked, _in_force(protocols), signed)
        return known


def scanner_words(scanner: str | None) -> str:
    """A scanner as people read it."""
    return _NO_SCANNER if scanner in (None, UNKNOWN) else str(scanner)


def sha256_of(text: str) -> str:
    """The SHA-256 of a text in UTF-8, as hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def is_as_signed(test: AcceptanceTest) -> bool:
    """Whether a record is what was signed: its hash holds, and it says what the test's row says."""
    if test.content is None or sha256_of(test.content) != test.sha256:
        return False
    said = json.loads(test.content)
    names = ("id", "task", "version", "scanner", "verdict")
    return all(said.get(name) == getattr(test, name) for name in names)


def _signed(tests: Sequence[AcceptanceTest]) -> dict[tuple[str, str, str], AcceptanceVerdict]:
    """What the newest signed record of each task, version and scanner says, where it is as it was signed."""
    signed = [test for test in tests if test.signed_at is not None]
    newest = {
        (test.task, test.version, test.scanner): test
        for test in sorted(signed, key=lambda test: (test.signed_at, test.id))
    }
    return {
        key: test.verdict for key, test in newest.items() if test.verdict is not None and is_as_signed(test)
    }


def _in_force(protocols: Sequence[AcceptanceProtocol]) -> dict[str, datetime]:
    """Of each task whose newest protocol is in force, since when one is without a gap."""
    since: dict[str, datetime] = {}
    ended: set[str] = set()
    for protocol in protocols:  # the newest first
        if protocol.task in ended or not protocol.in_force:
            ended.add(protocol.task)
        else:
            since[protocol.task] = protocol.set_at
    return since
