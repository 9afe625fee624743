"""Second factors: built here for the server and for commands."""

from __future__ import annotations

from data.database import Database
from data.stores.audit import AuditLog
from data.stores.external_identities import ExternalIdentityStore
from data.stores.passkeys import ChallengeStore, PasskeyStore
from data.stores.second_factors import CodeGeneratorStore, NoticeStore, RecoveryCodeStore
from services.accounts import Accounts
from services.second_factors.codes import AppCodes, RecoveryCodes
from services.second_factors.passkeys import Passkeys
from services.second_factors.second_factors import SecondFactors
from services.secret_key import secret_key
from services.settings import Settings


def build_second_factors(database: Database, settings: Settings, accounts: Accounts) -> SecondFactors:
    """Put it together."""
    return SecondFactors(
        accounts,
        AppCodes(CodeGeneratorStore(database), lambda: secret_key(settings)),
        RecoveryCodes(RecoveryCodeStore(database)),
        Passkeys(PasskeyStore(database), ChallengeStore(database), settings.url.rstrip("/")),
        NoticeStore(database),
        AuditLog(database),
        ExternalIdentityStore(database),
        settings.second_factor,
    )
