"""Something is wrong with this result: people say so, MLOps answers, and whoever said it gets the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from data.database import new_id, now
from data.errors import NO_SCAN, InvalidInput, NotFound
from data.records import (
    AuditEvent,
    Feedback,
    FeedbackAnswer,
    FeedbackCategory,
    FeedbackState,
    KindCount,
    Result,
    User,
)
from data.stores.audit import AuditLog
from data.stores.feedback import FeedbackStore
from data.stores.patients import PatientStore
from data.stores.results import ResultStore
from data.stores.scans import ScanStore
from services.deidentification import without_identity
from services.permissions import Permission, may, require, role_name
from services.reviewing.blinding import Blinding

LONGEST_WORDS = 2000
MOST_LISTED = 100
FeedbackListener = Callable[[Feedback], None]
_NOT_THERE = "There is no such message."
_WITHDRAWN = "[The scan was withdrawn; what was written of it is not shown.]"


class FeedbackMessages:
    """Takes messages about results, and gives answers back."""

    def __init__(
        self,
        store: FeedbackStore,
        scans: ScanStore,
        results: ResultStore,
        patients: PatientStore,
        audit: AuditLog,
        blinding: Blinding,
        listener: FeedbackListener = lambda _: None,
    ) -> None:
        """`listener` is told of each message that came, or got another state, once it is kept."""
        self._store = store
        self._scans = scans
        self._results = results
        self._patients = patients
        self._audit = audit
        self._blinding = blinding
        self._listener = listener

    def send(
        self, scan_id: str, user: User, category: str, words: str = "", result_id: str | None = None
    ) -> Feedback:
        """Say what is wrong with a result, the scan's latest one unless another is named.

        The same said twice while nobody has answered is one message. Raises NotAllowed, NotFound, and
        InvalidInput without a category, or without words where only they say what is meant.
        """
        require(user, Permission.GIVE_FEEDBACK)
        result, kind, said = self._result(scan_id, result_id), _category(category), _plain(words)
        if kind is FeedbackCategory.OTHER and not said:
            raise InvalidInput("Say in words what is wrong.")
        message = Feedback(
            id=new_id(),
            scan_id=scan_id,
            result_id=result.id,
            task=result.task,
            model_version=result.provenance.model_version,
            category=kind,
            words=said,
            sender_id=user.id,
            sender_name=user.display_name,
            sender_role=role_name(user),
            created_at=now(),
        )
        known = next((other for other in self._store.of_scan(scan_id) if _same(other, message)), None)
        if known is not None:
            return known
        with self._audit.together():
            kept = self._noted(self._store.add(message), user, "feedback.send", kind.value)
        self._listener(kept)
        return kept

    def answer(self, feedback_id: str, user: User, words: str, *, close: bool = False) -> Feedback:
        """Answer a message; with `close` it is closed too, without words where it was answered before.

        Raises NotAllowed, NotFound, and InvalidInput without an answer or for one that is closed.
        """
        require(user, Permission.ANSWER_FEEDBACK)
        moment, said = now(), _plain(words)

        def change(known: Feedback) -> Feedback:
            if known.state is FeedbackState.CLOSED:
                raise InvalidInput("This message is closed already.")
            if not said and not (close and known.answers):
                raise InvalidInput("Write an answer first: whoever sent this gets it.")
            given = (FeedbackAnswer(said, user.id, user.display_name, moment),) if said else ()
            return replace(
                known,
                answers=known.answers + given,
                state=FeedbackState.CLOSED if close else FeedbackState.ANSWERED,
                closed_at=moment if close else None,
                unseen=known.unseen or bool(given),
            )

        with self._audit.together():
            message = self._store.change(feedback_id, change)
            if message is None:
                raise NotFound(_NOT_THERE)
            self._noted(message, user, "feedback.close" if close else "feedback.answer", said)
        self._listener(message)
        return message

    def of_scan(self, scan_id: str, user: User) -> list[Feedback]:
        """What was said of any result of a scan, the newest first; for who reads it blind what they said.

        Raises NotFound for who may see none.
        """
        require(user, Permission.SEE_SCANS, hidden=NO_SCAN)
        blind = self._blinding.of_scan(scan_id, user).reviews
        said = self._store.of_scan(scan_id)
        return self._as_seen_by(user, [each for each in said if not blind or each.sender_id == user.id])

    def queue(self, user: User, state: FeedbackState) -> list[Feedback]:
        """Everybody's messages in a state: critical ones first, then the newest first. Raises NotAllowed."""
        require(user, Permission.ANSWER_FEEDBACK)
        return self._as_seen_by(user, self._store.in_state(state, MOST_LISTED))

    def mine(self, user: User) -> list[Feedback]:
        """What this person sent, the newest first. Raises NotAllowed."""
        require(user, Permission.GIVE_FEEDBACK)
        return self._store.of_sender(user.id, MOST_LISTED)

    def see(self, user: User, messages: Sequence[Feedback]) -> None:
        """Note that a person has seen the answers to their own messages among these."""
        require(user, Permission.GIVE_FEEDBACK)
        seen = [message.id for message in messages if message.unseen and message.sender_id == user.id]
        if seen:
            self._store.see(user.id, seen)

    def waiting(self, user: User) -> KindCount:
        """How many messages wait for this person: for an answer, or with an answer that was not seen yet."""
        require(user, Permission.GIVE_FEEDBACK)
        unseen = self._store.unseen(user.id)
        if not may(user, Permission.ANSWER_FEEDBACK):
            return unseen
        return unseen.plus(self._store.counts()[FeedbackState.OPEN])

    def counts(self) -> Mapping[FeedbackState, KindCount]:
        """How many messages there are in each state."""
        return self._store.counts()

    def _result(self, scan_id: str, result_id: str | None) -> Result:
        self._scans.existing(scan_id)
        result = self._results.get(result_id) if result_id else self._results.latest(scan_id)
        if result is None or result.scan_id != scan_id:
            raise InvalidInput("This scan has no such result.")
        return result

    def _noted(self, message: Feedback, user: User, action: str, detail: str) -> Feedback:
        self._audit.record(AuditEvent(now(), user.id, action, message.id, detail))
        return message

    def _as_seen_by(self, user: User, messages: Sequence[Feedback]) -> list[Feedback]:
        """The messages, without what names the patient for who may not know; their own words they know."""
        if may(user, Permission.SEE_IDENTITY):
            return list(messages)
        return [
            message if message.sender_id == user.id else replace(message, words=self._unnamed(message))
            for message in messages
        ]

    def _unnamed(self, message: Feedback) -> str:
        scan = self._scans.get(message.scan_id)
        if scan is None:  # nobody can say any more whose name is to be taken out
            return _WITHDRAWN if message.words else ""
        patient = self._patients.get(scan.patient_id, with_identity=True)
        return without_identity(message.words, patient.identity if patient else None)


def _category(name: str) -> FeedbackCategory:
    try:
        return FeedbackCategory(name)
    except ValueError:
        raise InvalidInput("Choose what is wrong.") from None


def _plain(words: str) -> str:
    return words.strip()[:LONGEST_WORDS]


def _same(known: Feedback, sent: Feedback) -> bool:
    """Whether somebody says the same again, as by a second click, and nobody has answered yet."""
    said = (known.sender_id, known.result_id, known.category, known.words)
    again = (sent.sender_id, sent.result_id, sent.category, sent.words)
    return known.state is FeedbackState.OPEN and said == again
