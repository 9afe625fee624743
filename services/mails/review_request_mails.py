"""Mails about review requests, to clinicians who chose them: how many wait, and a link.

Nothing else is in them: no patient, no answer of the AI, no reason (it may tell of the answer to somebody who
reads without the AI). A request is mailed to a person once at most, and what comes within minutes together.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from data.database import now
from data.department_wall import seen_by
from data.errors import InvalidInput
from data.records import SYNTHETIC, AuditEvent, KindCount, MailChoice, MailedReviews, Severity, User
from data.stores.audit import AuditLog
from data.stores.review_requests import ReviewRequestStore
from data.stores.users import UserStore
from services import addresses
from services.alerts.delivery import Delivery, mail_to
from services.jobs import JobContext, Jobs
from services.permissions import Permission, may, require

KIND = "mail-review-requests"  # of job; its subject is an account
SETTLE = timedelta(minutes=1)
"""A request is not told sooner: what is asked for in one go, scan by scan, goes out together."""
BETWEEN = timedelta(minutes=10)
"""A person gets no more than one mail in this time."""
AGAIN = timedelta(minutes=5)
"""After a mail that was not taken it is tried again."""
LONGEST_MAIL = 254  # RFC 5321, 4.5.3.1.3
_MAIL = re.compile(r"[^@\s,;:<>()\[\]\\\"]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Refused:
    """A mail that was not taken, and why."""

    at: datetime
    why: str


class ReviewRequestMails:
    """Keeps who wants which mails, and sends them."""

    def __init__(
        self,
        users: UserStore,
        requests: ReviewRequestStore,
        delivery: Delivery,
        jobs: Jobs,
        audit: AuditLog,
        server: str,
        url: str,
        clock: Callable[[], datetime] = now,
    ) -> None:
        """`server` is the setting LIGHTBOX_MAIL, "" for none, `url` this server's public address.

        Raises InvalidInput for a setting that is no mail server.
        """
        if server:
            mail_to(server, "somebody@clinic.example")
        self._users = users
        self._requests = requests
        self._delivery = delivery
        self._jobs = jobs
        self._audit = audit
        self._server = server
        self._url = url.rstrip("/")
        self._clock = clock
        self._refused: dict[str, Refused] = {}
        jobs.register(KIND, self._mail, limit=1)

    @property
    def possible(self) -> bool:
        """Whether this server sends mails to persons at all."""
        return bool(self._server)

    def choice(self, user: User) -> MailChoice:
        """Which mails a person has chosen. Raises NotAllowed for who is not asked for reviews."""
        require(user, Permission.REVIEW)
        return self._users.mail_choice(user.id)

    def refused(self, user: User) -> Refused | None:
        """The person's last mail, where it was not taken and is still to be tried again."""
        return self._refused.get(user.id)

    def choose(self, user: User, mail: str, chosen: MailedReviews | None) -> None:
        """Get mails of these requests from now on, or none. Raises NotAllowed, InvalidInput."""
        require(user, Permission.REVIEW)
        mail = mail.strip()
        if chosen is not None and not self.possible:
            raise InvalidInput("This server sends no mails.")
        if (mail or chosen is not None) and not (len(mail) <= LONGEST_MAIL and _MAIL.fullmatch(mail)):
            raise InvalidInput("Enter one e-mail address, such as name@clinic.example.")
        what = "none" if chosen is None else f"review requests: {chosen.value}"
        with self._audit.together():
            self._users.choose_mails(user.id, mail or None, chosen, self._clock())
            self._audit.record(AuditEvent(self._clock(), user.id, "mails chosen", user.id, what))
        self._refused.pop(user.id, None)

    def tick(self) -> None:
        """Have mailed whoever has chosen it and has not been told of a request."""
        if not self.possible:
            return
        for choice in self._users.review_mails_chosen():
            if self._is_due(choice) and self._count(choice, self._clock() - SETTLE).any:
                self._jobs.submit(KIND, choice.user.id)

    def _is_due(self, choice: MailChoice) -> bool:
        moment, refused = self._clock(), self._refused.get(choice.user.id)
        if not may(choice.user, Permission.REVIEW) or choice.until is None:
            return False
        return choice.until + BETWEEN <= moment and (refused is None or refused.at + AGAIN <= moment)

    def _count(self, choice: MailChoice, until: datetime) -> KindCount:
        """How many requests a person is to be told of: those of others that nobody has answered."""
        assert choice.until is not None
        mine = choice.user.id if choice.reviews is MailedReviews.MINE else None
        with seen_by(choice.user.departments):
            return self._requests.count(choice.until, until, not_by=choice.user.id, assigned_to=mine)

    def _mail(self, context: JobContext) -> None:
        """The job: one mail to one person. What was told is noted first: a crash sends nothing twice."""
        choice, until = self._users.mail_choice(context.subject), self._clock() - SETTLE
        if (
            not choice.user.active
            or choice.mail is None
            or choice.reviews is None
            or not self._is_due(choice)
        ):
            return
        count = self._count(choice, until)
        if not count.any or not self._users.move_review_mails(choice.user.id, choice.until, until):
            return
        address = mail_to(self._server, choice.mail)
        why = self._delivery.send(address, *message(count, self._url), Severity.CALM)
        if why is None:
            self._refused.pop(choice.user.id, None)
            return
        log.warning("a mail about review requests was not taken: %s", why)
        self._users.move_review_mails(choice.user.id, until, choice.until)
        self._refused[choice.user.id] = Refused(self._clock(), why)


def message(count: KindCount, url: str) -> tuple[str, str]:
    """The subject and the plain text of a mail about these requests; `url` is this server's address.

    Real and synthetic scans never share a number, in the subject neither.
    """
    asked, wait = [], []
    for n, made in ((count.real, ""), (count.synthetic, f"{SYNTHETIC} ")):
        if n:
            asked.append(f"1 {made}review is asked for" if n == 1 else f"{n} {made}reviews are asked for")
            wait.append(f"1 {made}scan waits" if n == 1 else f"{n} {made}scans wait")
    said = "".join(f"{words} for a review.\n" for words in wait)
    if count.synthetic:
        said += f"{SYNTHETIC} scans were made for a demonstration and are of nobody.\n"
    chosen = f"You chose this mail on your account page, where you can end it: {url}{addresses.ACCOUNT}"
    return f"Lightbox: {', '.join(asked)}", f"{said}\n{url}{addresses.WORKLIST}\n\n{chosen}\n"
