"""Acceptance tests: a version reads the reviewed scans of a scanner, and a person signs what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from data.database import new_id, now
from data.errors import InvalidInput, NotFound
from data.ledger.bands import UNKNOWN
from data.records import (
    AcceptanceTest,
    AuditEvent,
    EvaluationState,
    ScanSetKind,
    User,
)
from data.stores.acceptance import AcceptanceStore
from data.stores.audit import AuditLog
from data.stores.refusals import RefusalStore
from data.stores.scans import ScanStore
from data.stores.suspensions import SuspensionStore
from services.acceptance.duties import why_not_sign
from services.acceptance.findings import ScannerFigures, criteria, verdict_over
from services.acceptance.protocols import LONGEST_WHY
from services.acceptance.records import (
    AcceptanceView,
    ListedTest,
    canonical,
    record_file,
    record_of,
    signed_criteria,
)
from services.cohort.filters import of_kind, query_of
from services.cohort.small_numbers import audience_asked
from services.evaluations.evaluations import Evaluations
from services.evaluations.outcomes import Outcomes, SetCase, SetOutcome
from services.evaluations.trained_on import TrainedOn
from services.permissions import Permission, require
from services.standing.acceptances import is_as_signed, sha256_of
from services.typed_input import reason_of

_REVIEWED = ("right", "false alarm", "miss")
ALTERED = "This record is not what was signed. It accepts nothing; the audit trail has the hash of what was."
_OTHER_NUMBERS = "The numbers are not those that you were shown; look at them again before you sign."


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
        trained_on: TrainedOn,
        *,
        second_person: bool = False,
    ) -> None:
        """`second_person`: who signs has neither fixed the limits nor begun the test."""
        self._trained_on = trained_on
        self.second_person = second_person
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
        protocol = self._store.newest_protocol(task)
        if protocol is None or not protocol.in_force:
            raise InvalidInput("Fix a protocol first: limits stand before a test begins.")
        asked = of_kind({"task": (task,), "scanner": (scanner,), "truth": _REVIEWED}, made=False)
        evaluation = self._evaluations.request(task, version, ScanSetKind.COHORT, query_of(asked), user)
        seen = self._trained_on.scans(task, version, evaluation.id)
        by = user.id, user.display_name, now(), seen
        test = AcceptanceTest(new_id(), task, version, scanner, protocol.id, evaluation.id, *by)
        detail = f"{task} {version} on {scanner}, protocol revision {protocol.revision}"
        with self._audit.together():
            self._store.add_test(test)
            self._audit.record(AuditEvent(test.asked_at, user.id, "acceptance.begin", test.id, detail))
        return test

    def recent(self, task: str, user: User) -> list[AcceptanceTest]:
        """Every test of a task, the newest first; raises NotAllowed."""
        require(user, Permission.SEE_ACCEPTANCE)
        return self._store.tests(task)

    def listed(self, task: str, user: User) -> list[ListedTest]:
        """The same with how far each is, in three questions to the database however many there are.

        What one comes to that nobody has signed is counted by `view` alone. Raises NotAllowed.
        """
        tests = self.recent(task, user)
        protocols = {protocol.id: protocol for protocol in self._store.protocols(task)}
        evaluations = self._evaluations.of_ids([test.evaluation_id for test in tests], user)
        return [
            ListedTest(
                test, protocols[test.protocol_id], evaluations[test.evaluation_id], _known_as_signed(test)
            )
            for test in tests
        ]

    def view(self, test_id: str, user: User) -> AcceptanceView:
        """What a test comes to; raises NotAllowed, NotFound."""
        require(user, Permission.SEE_ACCEPTANCE)
        test = self._kept(test_id)
        of_task = self._store.protocols(test.task)
        protocol = next(each for each in of_task if each.id == test.protocol_id)
        evaluation = self._evaluations.get(test.evaluation_id, user)
        as_signed = _known_as_signed(test)
        if test.content is not None:
            made = signed_criteria(test.content) if as_signed else ()
        else:
            done = evaluation.state is EvaluationState.DONE
            made = criteria(protocol.limits, self._tested(test, user)) if done else ()
        return AcceptanceView(
            test,
            protocol,
            evaluation,
            made,
            test.verdict or (verdict_over(made) if made else None),
            as_signed,
            sum(_is_before(other, test) for other in self._store.tests(test.task)),
        )

    def sign(self, test_id: str, numbers_sha256: str, why: str, user: User) -> AcceptanceTest:
        """Sign what a finished test came to, whatever it is; a passed one accepts the version there.

        `numbers_sha256` is of the numbers that the person was shown. Raises NotAllowed, NotFound, and
        InvalidInput where it is not finished, was signed already, or its numbers changed meanwhile.
        """
        require(user, Permission.SIGN_ACCEPTANCE)
        reason, view = reason_of(why, LONGEST_WHY), self.view(test_id, user)
        if view.evaluation.state is not EvaluationState.DONE or view.verdict is None:
            raise InvalidInput("This test is not finished, so that there is nothing to sign.")
        if numbers_sha256 != view.numbers_sha256:
            raise InvalidInput(_OTHER_NUMBERS)
        if (why_not := self.why_not_sign(view, user)) is not None:
            raise InvalidInput(why_not)
        moment, verdict = now(), view.verdict
        content = canonical(record_of(view, verdict, reason, user, moment, second_person=self.second_person))

        def signed(known: AcceptanceTest | None) -> AcceptanceTest:
            assert known is not None
            if known.signed_at is not None:
                raise InvalidInput(f"{known.signed_name} has signed this test already.")
            return replace(
                known,
                verdict=verdict,
                content=content,
                sha256=sha256_of(content),
                signed_by=user.id,
                signed_name=user.display_name,
                signed_at=moment,
            )

        with self._audit.together():
            kept = self._store.sign(test_id, signed)
            detail = f"{kept.task} {kept.version} on {kept.scanner}: {verdict}, SHA-256 {kept.sha256}"
            self._audit.record(AuditEvent(moment, user.id, "acceptance.sign", kept.id, detail))
        return kept

    def why_not_sign(self, view: AcceptanceView, user: User) -> str | None:
        """Why this person may not sign a test that others may: the house demands a second one. None else.

        Raises NotAllowed.
        """
        require(user, Permission.SEE_ACCEPTANCE)
        return why_not_sign(view.protocol, view.test, user) if self.second_person else None

    def record(self, test_id: str, user: User, audience: str | None = None) -> bytes:
        """The signed record as JSON, for handing on unless `audience` is "inside"; then as it was signed.

        Raises NotAllowed, NotFound, and InvalidInput where it is not what was signed.
        """
        require(user, Permission.SEE_ACCEPTANCE)
        test, chosen = self._kept(test_id), audience_asked(audience, user)
        if test.signed_at is None:
            raise NotFound("Nobody has signed this test.")
        if not is_as_signed(test):
            raise InvalidInput(ALTERED)
        return record_file(test, chosen)

    def _kept(self, test_id: str) -> AcceptanceTest:
        test = self._store.test(test_id)
        if test is None:
            raise NotFound("There is no such acceptance test.")
        return test

    def _tested(self, test: AcceptanceTest, user: User) -> ScannerFigures:
        outcome = self._outcomes.of(test.evaluation_id, user, test.trained_on or ())
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


def _known_as_signed(test: AcceptanceTest) -> bool | None:
    return None if test.signed_at is None else is_as_signed(test)


def _ids(outcome: SetOutcome, against: Callable[[SetCase], bool]) -> tuple[str, ...]:
    return tuple(
        case.reading.scan_id for case in outcome.cases if case.reading.scan_id is not None and against(case)
    )


def _is_before(other: AcceptanceTest, test: AcceptanceTest) -> bool:
    same = (other.task, other.version, other.scanner) == (test.task, test.version, test.scanner)
    return same and (other.asked_at, other.id) < (test.asked_at, test.id)
