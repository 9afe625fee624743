"""Erasing, legal holds and expiry: built here for the server and for commands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from data.records import Schedule
from data.stores.expired_refusals import ExpiredRefusalStore
from data.stores.legal_holds import LegalHoldStore
from data.stores.retention_rules import RetentionRuleStore
from models import tasks
from services import addresses
from services.accounts import Accounts
from services.assembly.stores import Stores
from services.identity_providers.confirmation import Confirmation, Factors
from services.identity_providers.ways import SignInWays
from services.retention.erasing import Erasing
from services.retention.expiry import Expiry
from services.retention.files import ErasedFiles
from services.retention.holds import LegalHolds
from services.retention.tracked import ErasedRuns
from services.schedules.kinds import Default
from services.schedules.schedules import Schedules
from services.secret_key import secret_key

KIND, NIGHTLY = "expiry", "30 3 * * *"
DESCRIBED = "Expiry by the rules of the page Retention"


@dataclass(frozen=True)
class RetentionServices:
    """How long patients' data stay."""

    erasing: Erasing
    holds: LegalHolds
    expiry: Expiry
    confirmation: Confirmation


def build_retention(
    stores: Stores,
    accounts: Accounts,
    forget_drift: Callable[[], None] = lambda: None,
    forget_rehearsals: Callable[[], None] = lambda: None,
    ways: SignInWays | None = None,
    factors: Factors | None = None,
) -> RetentionServices:
    """On the house's stores; `forget_...` let go of what this process remembers of files that change.

    `ways` and `factors`: the hospital's sign-in, codes and passkeys, for people who are asked once more.
    """
    confirmation = Confirmation(accounts, stores.audit, lambda: secret_key(stores.settings), ways, factors)
    erasing = Erasing(
        stores.database,
        stores.ledger,
        stores.patients,
        stores.audit,
        ErasedFiles(stores.settings, stores.database, stores.files, forget_drift),
        ErasedRuns(stores.tracking, tasks.ALL, forget_rehearsals),
        confirmation.confirm,
    )
    holds = LegalHolds(LegalHoldStore(stores.database), stores.patients, stores.scans, stores.audit)
    rules = RetentionRuleStore(stores.database)
    expiry = Expiry(rules, ExpiredRefusalStore(stores.database), erasing, stores.audit)
    return RetentionServices(erasing, holds, expiry, confirmation)


def schedule_expiry(schedules: Schedules, expiry: Expiry) -> None:
    """Let rules act once a night."""

    def run(schedule: Schedule) -> None:
        if expiry.any_on():
            schedules.succeeded(schedule.id, expiry.run().sentence, addresses.RETENTION)
        else:
            schedules.skipped(schedule.id, "No rule of expiry is switched on: nothing was erased.")

    defaults = [Default("Expiry of scans and refusals", "{}", NIGHTLY)]
    schedules.register(KIND, run, lambda _: DESCRIBED, defaults=defaults, later=True)
