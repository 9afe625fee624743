"""A clinic in which people are to be mailed, with a clock of its own and a server that only keeps mails."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from data.database import now
from data.records import MailedReviews, Result, Role, Severity, User
from data.stores.review_requests import ReviewRequestStore
from data.stores.users import UserStore
from services.alerts.delivery import Address, Delivery
from services.jobs import JobContext
from services.mails.alert_mails import AlertMails
from services.mails.personal_mails import BETWEEN, PersonalMails
from services.mails.review_request_mails import ReviewRequestMails
from tests.dashboard.clinic import Clinic
from tests.services.verdicts import read_scans

SERVER = "mailto://mail.clinic.example:25?mode=insecure&from=lightbox%40clinic.example"
URL = "https://lightbox.clinic.example"


@dataclass
class Post(Delivery):
    """Keeps what would have been sent; takes nothing while it has a fault."""

    fault: str | None = None
    sent: list[tuple[str, str, str]] = field(default_factory=list)

    def send(self, address: Address, title: str, text: str, severity: Severity) -> str | None:
        if self.fault is None:
            self.sent.append((address.url, title, text))
        return self.fault


class House:
    """A clinic in which people ask for reviews, with a clock of its own."""

    def __init__(self, clinic: Clinic) -> None:
        self.clinic, self.post, self.ahead = clinic, Post(), timedelta(0)
        self.reader, self.head = clinic.person(Role.CLINICIAN), clinic.person(Role.HEAD)
        self.results = read_scans(clinic, 4)
        self.mails = self.started()

    def started(self, server: str = SERVER) -> PersonalMails:
        """The mails of a server that has just started."""
        database, jobs = self.clinic.database, AtOnce()
        writers = (
            ReviewRequestMails(ReviewRequestStore(database), URL),
            AlertMails(self.clinic.alerts, URL),
        )
        return PersonalMails(UserStore(database), writers, self.post, jobs, _Log(), server, self.clock)  # type: ignore[arg-type]

    def clock(self) -> datetime:
        return now() + self.ahead

    def choose(self, chosen: MailedReviews | None = MailedReviews.ALL, reader: User | None = None) -> None:
        self.mails.choose(reader or self.reader, "ada@clinic.example", reviews=chosen)

    def ask(self, results: Sequence[Result], by: User | None = None) -> None:
        ids = [result.scan_id for result in results]
        self.clinic.services.reviewing.requests.ask(ids, "It missed the tumour of Ada.", by or self.head)

    def later(self, time: timedelta = BETWEEN) -> None:
        self.ahead += time
        self.mails.tick()

    @property
    def titles(self) -> list[str]:
        return [title for _, title, _ in self.post.sent]


class AtOnce:
    """Does every job at once."""

    def __init__(self) -> None:
        self._work: dict[str, Callable[[JobContext], None]] = {}

    def register(self, kind: str, work: Callable[[JobContext], None], **_: object) -> None:
        self._work[kind] = work

    def submit(self, kind: str, subject: str) -> None:
        self._work[kind](_Context(subject))


@dataclass
class _Context(JobContext):
    subject: str

    def __init__(self, subject: str) -> None:
        self.subject = subject


class _Log:
    def record(self, _: object) -> None: ...

    def together(self) -> AbstractContextManager[None]:
        return nullcontext()


@pytest.fixture
def house(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> House:
    house = House(clinic)
    monkeypatch.setattr("services.reviewing.requests.now", house.clock)
    return house
