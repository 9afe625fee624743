"""Erasing, legal holds and expiry: built here for the server and for commands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from data.stores.legal_holds import LegalHoldStore
from models import tasks
from services.accounts import Accounts
from services.assembly.stores import Stores
from services.retention.erasing import Erasing
from services.retention.files import ErasedFiles
from services.retention.holds import LegalHolds
from services.retention.tracked import ErasedRuns


@dataclass(frozen=True)
class RetentionServices:
    """How long patients' data stay."""

    erasing: Erasing
    holds: LegalHolds


def build_retention(
    stores: Stores,
    accounts: Accounts,
    forget_drift: Callable[[], None] = lambda: None,
    forget_rehearsals: Callable[[], None] = lambda: None,
) -> RetentionServices:
    """On the house's stores; `forget_...` let go of what this process remembers of files that change."""
    erasing = Erasing(
        stores.database,
        stores.patients,
        stores.audit,
        ErasedFiles(stores.settings, stores.database, stores.files, forget_drift),
        ErasedRuns(stores.tracking, tasks.ALL, forget_rehearsals),
        accounts.confirm,
    )
    holds = LegalHolds(LegalHoldStore(stores.database), stores.patients, stores.scans, stores.audit)
    return RetentionServices(erasing, holds)
