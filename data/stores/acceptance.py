"""Protocols of local acceptance, tests and their signed records; nothing is ever removed."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

from sqlalchemy import Engine, Row, func, insert, select, update

from data.codec import from_json, to_json
from data.database import reading, writing
from data.records import AcceptanceLimits, AcceptanceProtocol, AcceptanceTest, AcceptanceVerdict
from data.revisions import bump, revision
from data.tables import REVISION_OF_SCANS, acceptance_protocols, acceptance_tests, ledger

ReadOn = tuple[str, str | None, int]
"""Which version read a scan, the scanner that it is of, and when in microseconds since 1970."""


class AcceptanceStore:
    """What a version must reach on a scanner, and what it was found to reach."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def revision(self) -> int:
        """Another number after any change here, or of a scan, result or review."""
        return revision(self._engine, REVISION_OF_SCANS)

    def protocols(self, task: str | None = None) -> list[AcceptanceProtocol]:
        """Every revision, of a task or of all, the newest first."""
        query = select(acceptance_protocols).order_by(acceptance_protocols.c.revision.desc())
        if task is not None:
            query = query.where(acceptance_protocols.c.task == task)
        with reading(self._engine) as connection:
            return [_protocol(row) for row in connection.execute(query)]

    def newest_protocol(self, task: str) -> AcceptanceProtocol | None:
        """The newest revision of a task, or None."""
        return next(iter(self.protocols(task)), None)

    def add_protocol(self, protocol: AcceptanceProtocol) -> AcceptanceProtocol:
        """Keep it as the task's next revision, and return it with its number."""
        mine = acceptance_protocols.c.task == protocol.task
        with writing(self._engine) as connection:
            bump(connection, REVISION_OF_SCANS)  # first: who adds the next one waits here
            newest = connection.execute(select(func.max(acceptance_protocols.c.revision)).where(mine))
            kept = replace(protocol, revision=(newest.scalar_one() or 0) + 1)
            values = vars(kept) | {"limits": to_json(kept.limits)}
            connection.execute(insert(acceptance_protocols).values(**values))
            return kept

    def tests(self, task: str | None = None) -> list[AcceptanceTest]:
        """Every test, of a task or of all, the newest first."""
        query = select(acceptance_tests).order_by(acceptance_tests.c.asked_at.desc(), acceptance_tests.c.id)
        if task is not None:
            query = query.where(acceptance_tests.c.task == task)
        with reading(self._engine) as connection:
            return [_test(row) for row in connection.execute(query)]

    def test(self, test_id: str) -> AcceptanceTest | None:
        """The test, or None."""
        query = select(acceptance_tests).where(acceptance_tests.c.id == test_id)
        with reading(self._engine) as connection:
            row = connection.execute(query).first()
            return None if row is None else _test(row)

    def add_test(self, test: AcceptanceTest) -> None:
        """Keep a test that begins."""
        with writing(self._engine) as connection:
            bump(connection, REVISION_OF_SCANS)
            known = None if test.trained_on is None else json.dumps(test.trained_on)
            connection.execute(insert(acceptance_tests).values(**vars(test) | {"trained_on": known}))

    def sign(self, test_id: str, change: Callable[[AcceptanceTest | None], AcceptanceTest]) -> AcceptanceTest:
        """Keep the record that `change` puts to a test (None: there is none); its errors change nothing."""
        with writing(self._engine) as connection:
            bump(connection, REVISION_OF_SCANS)  # pages and lists mark results by it
            mine = acceptance_tests.c.id == test_id
            row = connection.execute(select(acceptance_tests).where(mine)).first()
            signed = change(None if row is None else _test(row))
            names = ("verdict", "content", "sha256", "signed_by", "signed_name", "signed_at")
            values = {name: getattr(signed, name) for name in names}
            connection.execute(update(acceptance_tests).where(mine).values(**values))
            return signed

    def read_on(self, scan_ids: Collection[str], task: str) -> dict[str, ReadOn]:
        """Of these scans those of the task that were read: by which version, and on what scanner."""
        columns = ledger.c.scan_id, ledger.c.version, ledger.c.scanner, ledger.c.read_us
        read = ledger.c.version.is_not(None), ledger.c.task == task, ledger.c.scan_id.in_(scan_ids)
        with reading(self._engine) as connection:
            rows = connection.execute(select(*columns).where(*read))
            return {row[0]: (row[1], row[2], row[3]) for row in rows}

    def scanners(self, task: str, version: str | None, since_us: int) -> dict[str | None, int]:
        """How many real scans of each scanner a version (None: any) has read since a time."""
        mine = (
            ledger.c.task == task,
            ledger.c.version.is_not(None) if version is None else ledger.c.version == version,
            ledger.c.read_us >= since_us,
            ledger.c.synthetic.is_(False),
            ledger.c.gone.is_(False),
        )
        query = select(ledger.c.scanner, func.count()).where(*mine).group_by(ledger.c.scanner)
        with reading(self._engine) as connection:
            return {row[0]: row[1] for row in connection.execute(query)}


def _protocol(row: Row[Any]) -> AcceptanceProtocol:
    values = dict(row._mapping)
    values["limits"] = from_json(AcceptanceLimits, values["limits"])
    return AcceptanceProtocol(**values)


def _test(row: Row[Any]) -> AcceptanceTest:
    verdict = None if row.verdict is None else AcceptanceVerdict(row.verdict)
    trained_on = None if row.trained_on is None else tuple(json.loads(row.trained_on))
    return AcceptanceTest(**dict(row._mapping) | {"verdict": verdict, "trained_on": trained_on})
