"""How readers read, the watch over it, and mails that persons choose: built here for the server."""

from __future__ import annotations

from dataclasses import dataclass

from data.stores.reader_verdicts import ReaderVerdictStore
from data.stores.review_requests import ReviewRequestStore
from data.stores.users import UserStore
from services.accounts import Accounts
from services.alerts.alerts import Alerts
from services.alerts.delivery import Delivery
from services.assembly.reviewing import ReviewingServices
from services.assembly.stores import Stores
from services.jobs import Jobs
from services.mails.alert_mails import AlertMails
from services.mails.personal_mails import PersonalMails
from services.mails.review_request_mails import ReviewRequestMails
from services.readers.exports import ReaderExports
from services.readers.pseudonyms import Pseudonyms
from services.readers.readers import Readers
from services.readers.watch import ReaderWatch
from services.secret_key import secret_key


@dataclass(frozen=True)
class ReaderServices:
    """Figures of reading, their files, and who is told of acceptances that come too quickly."""

    figures: Readers
    exports: ReaderExports
    watch: ReaderWatch


def build_readers(
    stores: Stores, accounts: Accounts, reviewing: ReviewingServices, alerts: Alerts
) -> ReaderServices:
    """Put it together on the house's stores."""
    verdicts = ReaderVerdictStore(stores.database)
    pseudonyms = Pseudonyms(lambda: secret_key(stores.settings))
    watch = ReaderWatch(verdicts, lambda: frozenset(user.id for user in accounts.all()), pseudonyms, alerts)
    figures = Readers(
        verdicts,
        reviewing.second_readings,
        accounts,
        pseudonyms,
        reviewing.blinding.hidden,
        watch.called,
        stores.clinical,
    )
    return ReaderServices(figures, ReaderExports(figures, stores.audit), watch)


def build_personal_mails(stores: Stores, jobs: Jobs, alerts: Alerts) -> PersonalMails:
    """Mails to people who chose them."""
    settings = stores.settings
    return PersonalMails(
        UserStore(stores.database),
        (
            ReviewRequestMails(ReviewRequestStore(stores.database), settings.public_url),
            AlertMails(alerts, settings.public_url),
        ),
        Delivery(url=settings.public_url),
        jobs,
        stores.audit,
        settings.mail,
    )
