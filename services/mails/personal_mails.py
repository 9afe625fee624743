"""Mails that persons choose on their account page: who wants which, when they are sent, and to whom.

What a mail says is its topic's. Whatever comes within minutes goes out together, and nothing is told a person
twice.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from data.database import now
from data.errors import InvalidInput
from data.records import AuditEvent, MailChoice, MailedAlerts, MailedReviews, MailTopic, Severity, User
from data.stores.audit import AuditLog
from data.stores.users import UserStore
from services.alerts.delivery import Delivery, mail_to
from services.jobs import JobContext, Jobs
from services.permissions import Permission, may, require

SETTLE = timedelta(minutes=1)
"""Nothing is told sooner: what comes in one go, scan by scan, goes out together."""
BETWEEN = timedelta(minutes=10)
"""A person gets no more than one mail about a topic in this time."""
AGAIN = timedelta(minutes=5)
"""After a mail that was not taken it is tried again."""
LONGEST_MAIL = 254  # RFC 5321, 4.5.3.1.3
_MAIL = re.compile(r"[^@\s,;:<>()\[\]\\\"]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")

MAY_CHOOSE = {MailTopic.REVIEWS: Permission.REVIEW, MailTopic.ALERTS: Permission.DECIDE_ALERTS}
"""Mails about a topic are for those whose turn it is."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Mail:
    """What a person is sent: the subject, the plain text, and how grave it is."""

    title: str
    text: str
    severity: Severity = Severity.CALM


class Writer(Protocol):
    """Writes the mails about a topic."""

    topic: MailTopic

    def write(self, choice: MailChoice, since: datetime, until: datetime) -> Mail | None:
        """The mail about what came after one moment and up to another; None where that is nothing."""
        ...


@dataclass(frozen=True)
class Refused:
    """A mail that was not taken, and why."""

    at: datetime
    why: str


class PersonalMails:
    """Keeps who wants which mails, and sends them."""

    def __init__(
        self,
        users: UserStore,
        writers: Sequence[Writer],
        delivery: Delivery,
        jobs: Jobs,
        audit: AuditLog,
        server: str,
        clock: Callable[[], datetime] = now,
    ) -> None:
        """`server` is the setting LIGHTBOX_MAIL, "" for none.

        Raises InvalidInput for a setting that is no mail server.
        """
        if server:
            mail_to(server, "somebody@clinic.example")
        self._users = users
        self._writers = writers
        self._delivery = delivery
        self._jobs = jobs
        self._audit = audit
        self._server = server
        self._clock = clock
        self._refused: dict[tuple[str, MailTopic], Refused] = {}
        for writer in writers:
            jobs.register(_kind(writer.topic), self._job_of(writer), limit=1)

    @property
    def possible(self) -> bool:
        """Whether this server sends mails to persons at all."""
        return bool(self._server)

    def choice(self, user: User) -> MailChoice:
        """Which mails a person has chosen."""
        return self._users.mail_choice(user.id)

    def refused(self, user: User) -> Refused | None:
        """The latest of the person's mails that were not taken and are still to be tried again."""
        refused = [each for (user_id, _), each in self._refused.items() if user_id == user.id]
        return max(refused, key=lambda each: each.at, default=None)

    def choose(
        self,
        user: User,
        mail: str,
        *,
        reviews: MailedReviews | None = None,
        alerts: MailedAlerts | None = None,
    ) -> None:
        """Get these mails from now on, or none. Raises NotAllowed, InvalidInput.

        What has been chosen of a topic that the person may no more choose from is ended with it.
        """
        wanted = {MailTopic.REVIEWS: reviews, MailTopic.ALERTS: alerts}
        for topic, chosen in wanted.items():
            if chosen is not None:
                require(user, MAY_CHOOSE[topic])
        mail, wants = mail.strip(), any(wanted.values())
        if wants and not self.possible:
            raise InvalidInput("This server sends no mails.")
        if (mail or wants) and not (len(mail) <= LONGEST_MAIL and _MAIL.fullmatch(mail)):
            raise InvalidInput("Enter one e-mail address, such as name@clinic.example.")
        words = {topic: None if chosen is None else chosen.value for topic, chosen in wanted.items()}
        said = ", ".join(f"{topic.value}: {word}" for topic, word in words.items() if word) or "none"
        with self._audit.together():
            self._users.choose_mails(user.id, mail or None, words, self._clock())
            self._audit.record(AuditEvent(self._clock(), user.id, "mails chosen", user.id, said))
        for topic in wanted:
            self._refused.pop((user.id, topic), None)

    def tick(self) -> None:
        """Have mailed whoever has chosen it and has not been told."""
        if not self.possible:
            return
        for writer in self._writers:
            for choice in self._users.mails_chosen(writer.topic):
                if self._is_due(choice, writer.topic) and self._written(writer, choice) is not None:
                    self._jobs.submit(_kind(writer.topic), choice.user.id)

    def _is_due(self, choice: MailChoice, topic: MailTopic) -> bool:
        moment, told = self._clock(), choice.told.get(topic)
        refused = self._refused.get((choice.user.id, topic))
        if not may(choice.user, MAY_CHOOSE[topic]) or told is None:
            return False
        return told + BETWEEN <= moment and (refused is None or refused.at + AGAIN <= moment)

    def _written(self, writer: Writer, choice: MailChoice) -> Mail | None:
        return writer.write(choice, choice.told[writer.topic], self._clock() - SETTLE)

    def _job_of(self, writer: Writer) -> Callable[[JobContext], None]:
        return lambda context: self._mail(writer, context.subject)

    def _mail(self, writer: Writer, user_id: str) -> None:
        """The job: one mail to one person. What was told is noted first: a crash sends nothing twice."""
        choice, topic, until = self._users.mail_choice(user_id), writer.topic, self._clock() - SETTLE
        if not choice.user.active or choice.mail is None or not self._is_due(choice, topic):
            return
        told = choice.told[topic]
        mail = writer.write(choice, told, until)
        if mail is None or not self._users.move_mails(user_id, topic, told, until):
            return
        address = mail_to(self._server, choice.mail)
        why = self._delivery.send(address, mail.title, mail.text, mail.severity)
        if why is None:
            self._refused.pop((user_id, topic), None)
            return
        log.warning("a mail about %s was not taken: %s", topic.value, why)
        self._users.move_mails(user_id, topic, until, told)
        self._refused[user_id, topic] = Refused(self._clock(), why)


def _kind(topic: MailTopic) -> str:
    """The kind of job that mails about a topic; its subject is an account."""
    return f"mail-{topic.value}"
