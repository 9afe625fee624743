"""Somebody who is signed in shows once more who they are, before an act that cannot be undone.

Whoever has a password of Lightbox gives that, and where an app of theirs shows codes, one of those or a
recovery code; or a passkey of theirs answers, which signs them in alone too. People of the hospital's
directory give its password, which is checked there. People of the OpenID provider sign in there anew (OpenID
Connect Core 1.0, 3.1.2.1: `prompt=login`, `max_age=0`), and what comes back of that counts for one act of
theirs and five minutes.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from data.database import now
from data.errors import InvalidInput
from data.records import AuditEvent, AuditOutcome, ExternalIdentity, PasskeyAnswer, SignInWay, User
from data.stores.audit import AuditLog
from services.accounts import WRONG_PASSWORD, Accounts
from services.identity_providers.faults import ProviderAway, SignInRefused
from services.identity_providers.federated_accounts import WAY_WORDS
from services.identity_providers.oidc import Arrival, Attempt
from services.identity_providers.oidc_tokens import SKEW_S
from services.identity_providers.ways import SignInWays
from services.sealing import AccountSealer

LASTS = timedelta(minutes=5)
NOT_CONFIRMED = (
    "Please sign in at the hospital once more: it counts for this act alone, and for five minutes."
)
_NOT_SET_UP = "The hospital's sign-in that this account belongs to is not set up here any more."
_PURPOSE = b"signed in once more, account "


class Factors(Protocol):
    """What people with a password of Lightbox have beside it, as far as it is asked for here."""

    def has_app(self, user_id: str) -> bool:
        """Whether an app of theirs shows codes."""

    def check_code(self, user_id: str, code: str) -> str:
        """Which it is; raises InvalidInput where it is neither the app's code nor a recovery code."""

    def takes_passkey(self, user_id: str, address: str) -> bool:
        """Whether a passkey of theirs may answer at an address that is open."""

    def begin_confirming(self, user_id: str, session: str, address: str, act: str) -> str:
        """What the browser is to answer with a passkey, as JSON. Raises InvalidInput."""

    def confirm_by_passkey(self, user_id: str, given: PasskeyAnswer, act: str) -> None:
        """Raises InvalidInput where it is no answer for this act."""


Given = str | PasskeyAnswer
"""A password, what `came_back` gave, or a passkey's answer."""


class Confirmation:
    """The one place that asks again; for commands nobody is asked, and `ways` and `factors` are None."""

    def __init__(
        self,
        accounts: Accounts,
        audit: AuditLog,
        secret_key: Callable[[], str],
        ways: SignInWays | None = None,
        factors: Factors | None = None,
        clock: Callable[[], datetime] = now,
    ) -> None:
        """`secret_key` gives the house's key."""
        self._accounts, self._audit, self._factors = accounts, audit, factors
        self._sealer = AccountSealer(secret_key, _PURPOSE)
        self._ways, self._clock = ways, clock

    def at_provider(self, user_id: str) -> bool:
        """Whether an account is asked by the OpenID provider, and not for a password."""
        identity = self._identity(user_id)
        return identity is not None and identity.way is SignInWay.OIDC

    def asks_code(self, user_id: str) -> bool:
        """Whether an account gives a code beside its password."""
        return self._identity(user_id) is None and self._codes_of(user_id) is not None

    def takes_passkey(self, user_id: str, address: str) -> bool:
        """Whether a passkey may answer in the place of the password, at an address that is open."""
        return self._factors is not None and self._factors.takes_passkey(user_id, address)

    def begin(self) -> tuple[str, Attempt]:
        """The provider's address to go to, and the attempt to keep. Raises SignInRefused, ProviderAway."""
        if self._ways is None or self._ways.oidc is None:
            raise SignInRefused(_NOT_SET_UP)
        return self._ways.oidc.begin(anew=True)

    def came_back(self, user: User, arrival: Arrival, began_at: float, act: str) -> str:
        """What to keep of somebody who has signed in anew since `began_at` (seconds since 1970) for an act.

        Raises SignInRefused for somebody else, and where the provider does not say that it has asked anew.
        """
        identity, person = self._identity(user.id), arrival.person
        if identity is None or (identity.issuer, identity.subject) != (person.issuer, person.subject):
            self._refused(user.id, "another person signed in")
            raise SignInRefused("Somebody else has signed in there. Nothing was confirmed.")
        if arrival.auth_time is None or arrival.auth_time < began_at - SKEW_S:
            self._refused(user.id, "the provider did not ask anew")
            raise SignInRefused("The hospital's sign-in did not ask for your password anew.")
        return self._sealer.seal(act, user.id)

    def confirm(self, user_id: str, given: Given, code: str | None, act: str) -> None:
        """Check what somebody has given for an act, and a code beside a password; the audit trail keeps how.

        `code`: None for acts that ask for none.
        Raises InvalidInput where it does not fit, ProviderAway (a UserFacingError) for a directory that
        does not answer. Wrong ones make this account's confirmations wait.
        """
        how = self._checked(user_id, given, code, act)
        self._audit.record(AuditEvent(self._clock(), user_id, "confirmed", user_id, f"{act}: by {how}"))

    def _checked(self, user_id: str, given: Given, code: str | None, act: str) -> str:
        """By what somebody has shown who they are, in words."""
        identity = self._identity(user_id)
        if isinstance(given, PasskeyAnswer):
            return self._confirm_by_passkey(user_id, given, act)
        if identity is None:
            return self._confirm_here(user_id, given, code)
        if identity.way is SignInWay.OIDC:
            self._confirm_proof(user_id, given, act)
        else:
            self._confirm_at_directory(identity, user_id, given)
        return WAY_WORDS[identity.way]

    def _confirm_here(self, user_id: str, password: str, code: str | None) -> str:
        self._accounts.confirm(user_id, password)
        factors = self._codes_of(user_id)
        if factors is None or code is None:
            return "password"
        return f"password and {factors.check_code(user_id, code)}"

    def _confirm_by_passkey(self, user_id: str, given: PasskeyAnswer, act: str) -> str:
        if self._factors is None:
            raise InvalidInput(WRONG_PASSWORD)
        self._factors.confirm_by_passkey(user_id, given, act)
        return "passkey"

    def _confirm_proof(self, user_id: str, given: str, act: str) -> None:
        if self._sealer.opened_within(given, user_id, LASTS) != act:
            self._refused(user_id, "not signed in anew for this")
            raise InvalidInput(NOT_CONFIRMED)

    def _confirm_at_directory(self, identity: ExternalIdentity, user_id: str, password: str) -> None:
        if self._ways is None or self._ways.directory is None:
            raise InvalidInput(_NOT_SET_UP)
        counted = self._accounts.throttle.act("confirm", user_id)
        try:
            person = self._ways.directory.sign_in(identity.name, password) if password else None
        except ProviderAway:
            self._accounts.throttle.worked(counted)  # nobody's password was wrong
            raise
        if person is None or (person.issuer, person.subject) != (identity.issuer, identity.subject):
            self._refused(user_id, "directory")
            raise InvalidInput(WRONG_PASSWORD)
        self._accounts.throttle.worked(counted)

    def _codes_of(self, user_id: str) -> Factors | None:
        """What checks a code beside a password of Lightbox; None where no app shows one."""
        return self._factors if self._factors is not None and self._factors.has_app(user_id) else None

    def _identity(self, user_id: str) -> ExternalIdentity | None:
        known = [] if self._ways is None else self._ways.federated.of(user_id)
        return max(known, key=lambda each: each.last_seen_at) if known else None

    def _refused(self, user_id: str, why: str) -> None:
        self._audit.record(
            AuditEvent(self._clock(), user_id, "confirmation failed", user_id, why, AuditOutcome.REFUSED)
        )
