"""Acceptance tests: a version reads the reviewed scans of a scanner, and a person signs what came of it."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from data.database import new_id, now
from data.errors import InvalidInput, NotFound
from data.ledger.bands import UNKNOWN
from data.records import (
    AcceptanceProtocol,
    AcceptanceTest,
    AcceptanceVerdict,
    AuditEvent,
    Evaluation,
    EvaluationState,
    ScanSetKind,
    User,
)
from data.stores.acceptance import AcceptanceStore
from data.stores.audit import AuditLog
from data.stores.refusals import RefusalStore
from data.stores.scans import ScanStore
from data.stores.suspensions import SuspensionStore
from models.statistics.estimate import Estimate
from services.acceptance.findings import Criterion, ScannerFigures, criteria, verdict_over
from services.acceptance.protocols import reason_of
from services.cohort.filters import query_of
from services.evaluations.evaluations import Evaluations
from services.evaluations.outcomes import Outcomes, SetCase, SetOutcome
from services.permissions import ROLE_NAMES, Permission, require
from services.standing.acceptances import is_as_signed

_REVIEWED = ("right", "false alarm", "miss")
_OTHER_NUMBERS = "The numbers are not those that you were shown; look at them again before you sign."


@dataclass(frozen=True)
class AcceptanceView:
    """A test as people see it: as it stands, or, where it is signed, as it was signed."""

    test: AcceptanceTest
    protocol: AcceptanceProtocol
    evaluation: Evaluation
    criteria: tuple[Criterion, ...]  # none while it is being read
    verdict: AcceptanceVerdict | None
    as_signed: bool | None  # whether the record is what was signed; None where nobody has signed
    before: int  # tests of the same version on the same scanner that began earlier

    @property
    def numbers_sha256(self) -> str:
        """The hash of the numbers, which whoever signs gives back."""
        return _sha256(_canonical([_plain(criterion) for criterion in self.criteria]))


class AcceptanceTests:
    """Begins tests, says what they come to, and keeps who signed."""

    def __init__(
        self,
        store: AcceptanceStore,
        evaluations: Evaluations,
        outcomes: Outcomes,
        scans: ScanStore,
        refusals: RefusalStore,
        suspensions: SuspensionStore,
        audit: AuditLog,
    ) -> None:
        self._store = store
        self._evaluations = evaluations
        self._outcomes = outcomes
        self._scans = scans
        self._refusals = refusals
        self._suspensions = suspensions
        self._audit = audit

    def begin(self, task: str, version: str, scanner: str, user: User) -> AcceptanceTest:
        """Have a version read the reviewed real scans of a scanner ("unknown": whose files name none).

        It is held against the protocol that is in force now. Raises NotAllowed, InvalidInput where none is
        or no such scan is there, NotFound, TrackingAway.
        """
        require(user, Permission.RUN_ACCEPTANCE_TESTS)
        protocol = next(iter(self._store.protocols(task)), None)
        if protocol is None or not protocol.in_force:
            raise InvalidInput("Fix a protocol first: limits stand before a test begins.")
        asked = {"task": (task,), "scanner": (scanner,), "synthetic": ("no",), "truth": _REVIEWED}
        evaluation = self._evaluations.request(task, version, ScanSetKind.COHORT, query_of(asked), user)
        test = AcceptanceTest(
            new_id(), task, version, scanner, protocol.id, evaluation.id, user.id, user.display_name, now()
        )
        self._store.add_test(test)
        detail = f"{task} {version} on {scanner}, protocol revision {protocol.revision}"
        self._audit.record(AuditEvent(test.asked_at, user.id, "acceptance.begin", test.id, detail))
        return test

    def recent(self, task: str, user: User) -> list[AcceptanceTest]:
        """Every test of a task, the newest first; raises NotAllowed."""
        require(user, Permission.SEE_ACCEPTANCE)
        return self._store.tests(task)

    def view(self, test_id: str, user: User) -> AcceptanceView:
        """What a test comes to; raises NotAllowed, NotFound."""
        require(user, Permission.SEE_ACCEPTANCE)
        test = self._store.test(test_id)
        if test is None:
            raise NotFound("There is no such acceptance test.")
        of_task = self._store.protocols(test.task)
        protocol = next(each for each in of_task if each.id == test.protocol_id)
        evaluation = self._evaluations.get(test.evaluation_id, user)
        done = evaluation.state is EvaluationState.DONE
        if test.content is not None:
            made = _signed_criteria(test.content)
        else:
            made = criteria(protocol.limits, self._tested(test, user)) if done else ()
        return AcceptanceView(
            test,
            protocol,
            evaluation,
            made,
            test.verdict or (verdict_over(made) if made else None),
            None if test.signed_at is None else is_as_signed(test),
            sum(_is_before(other, test) for other in self._store.tests(test.task)),
        )

    def sign(self, test_id: str, numbers_sha256: str, why: str, user: User) -> AcceptanceTest:
        """Sign what a finished test came to, whatever it is; a passed one accepts the version there.

        `numbers_sha256` is of the numbers that the person was shown. Raises NotAllowed, NotFound, and
        InvalidInput where it is not finished, was signed already, or its numbers changed meanwhile.
        """
        require(user, Permission.SIGN_ACCEPTANCE)
        reason, view = reason_of(why), self.view(test_id, user)
        if view.evaluation.state is not EvaluationState.DONE or view.verdict is None:
            raise InvalidInput("This test is not finished, so that there is nothing to sign.")
        if numbers_sha256 != view.numbers_sha256:
            raise InvalidInput(_OTHER_NUMBERS)
        moment, verdict = now(), view.verdict
        content = _canonical(_record(view, verdict, reason, user, moment))

        def signed(known: AcceptanceTest | None) -> AcceptanceTest:
            assert known is not None
            if known.signed_at is not None:
                raise InvalidInput(f"{known.signed_name} has signed this test already.")
            return replace(
                known,
                verdict=verdict,
                content=content,
                sha256=_sha256(content),
                signed_by=user.id,
                signed_name=user.display_name,
                signed_at=moment,
            )

        kept = self._store.sign(test_id, signed)
        detail = f"{kept.task} {kept.version} on {kept.scanner}: {verdict}, SHA-256 {kept.sha256}"
        self._audit.record(AuditEvent(moment, user.id, "acceptance.sign", kept.id, detail))
        return kept

    def _tested(self, test: AcceptanceTest, user: User) -> ScannerFigures:
        outcome = self._outcomes.of(test.evaluation_id, user)
        figures = outcome.figures
        unread = _ids(outcome, lambda case: case.reading.failure is not None)
        came, refused = self._refused(test, outcome)
        return ScannerFigures(
            figures["recall"],
            figures["specificity"],
            figures["dice"],
            came,
            refused + len(unread),
            _ids(outcome, lambda case: case.truth_positive is True and case.reading.positive is False),
            _ids(outcome, lambda case: case.truth_positive is False and case.reading.positive is True),
            unread,
        )

    def _refused(self, test: AcceptanceTest, outcome: SetOutcome) -> tuple[int, int]:
        """How many real scans the scanner sent since the set's first one came, and how many were refused."""
        ids = [case.reading.scan_id for case in outcome.cases if case.reading.scan_id is not None]
        first = min((scan.created_at for scan in self._scans.of_ids(ids)), default=test.asked_at)
        read = [
            row
            for row in self._suspensions.examined(test.task, first)
            if (row[3] or UNKNOWN) == test.scanner and row[1] < test.asked_at
        ]
        modalities = {modality for *_, modality in read if modality}
        refused = [
            kept
            for kept in self._refusals.between(first, test.asked_at)
            if not kept.synthetic
            and (kept.refusal.scanner or UNKNOWN) == test.scanner
            and kept.refusal.modality in modalities
        ]
        return len(read) + len(refused), len(refused)


def _ids(outcome: SetOutcome, against: Callable[[SetCase], bool]) -> tuple[str, ...]:
    return tuple(
        case.reading.scan_id for case in outcome.cases if case.reading.scan_id is not None and against(case)
    )


def _is_before(other: AcceptanceTest, test: AcceptanceTest) -> bool:
    same = (other.task, other.version, other.scanner) == (test.task, test.version, test.scanner)
    return same and (other.asked_at, other.id) < (test.asked_at, test.id)


def _record(
    view: AcceptanceView, verdict: AcceptanceVerdict, why: str, user: User, at: datetime
) -> dict[str, Any]:
    """What is signed: the version, the limits and who fixed them, the numbers, and who signs."""
    test, protocol = view.test, view.protocol
    return {
        "id": test.id,
        "task": test.task,
        "version": test.version,
        "weights_sha256": view.evaluation.weights_sha256,
        "scanner": test.scanner,
        "protocol": {
            "revision": protocol.revision,
            "limits": asdict(protocol.limits),
            "fixed_by": protocol.set_name,
            "fixed_at": protocol.set_at.isoformat(),
            "why": protocol.why,
        },
        "begun_by": test.asked_name,
        "begun_at": test.asked_at.isoformat(),
        "earlier_tests": view.before,
        "evaluation": test.evaluation_id,
        "criteria": [_plain(criterion) for criterion in view.criteria],
        "verdict": verdict.value,
        "signed_by": {"id": user.id, "name": user.display_name, "role": ROLE_NAMES[user.role]},
        "signed_at": at.isoformat(),
        "why": why,
    }


def _plain(criterion: Criterion) -> dict[str, Any]:
    said = {"figure": criterion.figure.plain(), "verdict": criterion.verdict.value}
    names = {"metric": criterion.metric, "limit": criterion.limit, "least": criterion.least}
    return names | said | {"scan_ids": sorted(criterion.scan_ids)}


def _signed_criteria(content: str) -> tuple[Criterion, ...]:
    return tuple(
        Criterion(
            said["metric"],
            _estimate(said["figure"]),
            said["limit"],
            said["least"],
            AcceptanceVerdict(said["verdict"]),
            tuple(said["scan_ids"]),
        )
        for said in json.loads(content)["criteria"]
    )


def _estimate(said: Mapping[str, Any]) -> Estimate:
    """What `Estimate.plain` made, read again."""
    parts = {name: math.nan if said[name] is None else float(said[name]) for name in ("value", "low", "high")}
    return Estimate(**parts, n=said["n"])


def _canonical(content: Any) -> str:
    return json.dumps(content, sort_keys=True, ensure_ascii=True, separators=(",", ":"), allow_nan=False)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
