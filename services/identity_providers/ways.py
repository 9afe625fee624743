"""Which ways of signing in there are beside passwords, whether they answer, and who comes by them."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from data.database import Database, now
from data.records import AuditEvent, ExternalPerson, ExternalSession, SignInWay, User
from data.stores.audit import AuditLog
from data.stores.external_identities import ExternalSessionStore
from data.stores.sessions import SessionStore
from services.accounts import WRONG, Accounts
from services.identity_providers.faults import AWAY, ProviderAway, SignInRefused
from services.identity_providers.federated_accounts import FederatedAccounts
from services.identity_providers.oidc import Arrival, OidcProvider
from services.permissions import Permission, require
from services.sign_in_settings import SignInSettings
from services.throttling import Origin

log = logging.getLogger(__name__)


class Directory(Protocol):
    """What checks a name and a password outside of Lightbox."""

    def sign_in(self, name: str, password: str) -> ExternalPerson | None:
        """Who this is; None where name and password do not fit. Raises ProviderAway."""

    def probe(self) -> None:
        """Ask whether it is there. Raises ProviderAway."""


@dataclass(frozen=True)
class WayStatus:
    """Whether a way of signing in answered when it was last asked; `answers` is None before that."""

    way: SignInWay
    address: str
    answers: bool | None = None
    detail: str = ""
    asked_at: datetime | None = None


class SignInWays:
    """The hospital's sign-in as pages and routes use it."""

    def __init__(
        self,
        settings: SignInSettings,
        database: Database,
        accounts: Accounts,
        federated: FederatedAccounts,
        *,
        oidc: OidcProvider | None = None,
        directory: Directory | None = None,
        clock: Callable[[], datetime] = now,
    ) -> None:
        """`oidc` and `directory`: those that are set up."""
        self.settings, self.federated = settings, federated
        self.oidc, self.directory = oidc, directory
        self._accounts, self._clock = accounts, clock
        self._external, self._sessions = ExternalSessionStore(database), SessionStore(database)
        self._audit = AuditLog(database)
        self._statuses = {way: WayStatus(way, address) for way, address in self._addresses()}

    def finish_oidc(self, user: User, arrival: Arrival, secret: str) -> None:
        """Keep what is needed to sign out at the provider, beside the session with this secret."""
        person = arrival.person
        self._external.add(
            ExternalSession(
                _sha256(secret),
                user.id,
                person.issuer,
                person.subject,
                arrival.sid,
                arrival.id_token,
                self._clock(),
            )
        )

    def leave(self, secret: str, then: str) -> str | None:
        """Where to sign out at the provider too, for a session that began there; it leads to `then`."""
        session = self._external.take(_sha256(secret))
        if session is None or self.oidc is None or session.issuer != self.oidc.settings.issuer:
            return None
        return self.oidc.logout_url(session.id_token, then)

    def ended_at_provider(self, logout_token: str) -> int:
        """End the sessions that a provider's back-channel logout names; how many there were.

        Raises AnswerRefused, ProviderAway; SignInRefused where no provider is set up.
        """
        if self.oidc is None:
            raise SignInRefused("No OpenID provider is set up here.")
        subject, sid = self.oidc.ended(logout_token)
        ended = self._external.of_subject(self.oidc.settings.issuer, subject, sid)
        for session in ended:
            with self._audit.together():
                self._external.take(session.secret_sha256)
                self._sessions.end(session.secret_sha256)
                self._note(session.user_id, "signed out by the provider")
        return len(ended)

    def sign_in_at_directory(self, name: str, password: str, origin: Origin) -> User:
        """The account of a name and password of the hospital's directory, not signed in yet.

        Raises SignInRefused, ProviderAway, and InvalidInput while name, source or browser has to wait after
        wrong passwords (`services.throttling`).
        """
        if self.directory is None:
            raise SignInRefused("No directory is set up here.")
        throttle, known = self._accounts.throttle, self.federated.user_named(SignInWay.LDAP, name)
        counted = throttle.sign_in(f"{SignInWay.LDAP} {name}", known, origin)
        try:
            person = self.directory.sign_in(name, password)
        except ProviderAway as error:
            throttle.worked(counted)  # nobody's password was wrong
            self._told(SignInWay.LDAP, error)
            raise
        if person is None:
            self._audit.record(
                AuditEvent(self._clock(), None, "sign-in failed", "", f"directory: {name[:64]}")
            )
            raise SignInRefused(WRONG)
        throttle.worked(counted)
        self._told(SignInWay.LDAP, None)
        return self.federated.enter(person)

    def try_out(self, way: SignInWay, by: User) -> WayStatus:
        """Ask a way now whether it answers. Raises NotAllowed."""
        require(by, Permission.ADMINISTER)
        self._probe(way)
        return self._statuses[way]

    def tick(self) -> None:
        """Ask every way whether it answers; called once a minute."""
        for way in self._statuses:
            self._probe(way)

    def statuses(self) -> list[WayStatus]:
        """The ways that are set up, and whether each answered when it was last asked."""
        return list(self._statuses.values())

    def away(self, way: SignInWay) -> str:
        """A sentence where a way did not answer when it was last asked; "" otherwise."""
        status = self._statuses.get(way)
        return AWAY if status is not None and status.answers is False else ""

    def note_away(self, error: ProviderAway) -> None:
        """The provider did not answer somebody who wanted to sign in."""
        self._told(SignInWay.OIDC, error)

    def _probe(self, way: SignInWay) -> None:
        asked = self.oidc if way is SignInWay.OIDC else self.directory
        if asked is None:
            return
        try:
            asked.probe()
        except ProviderAway as error:
            self._told(way, error)
        else:
            self._told(way, None)

    def _told(self, way: SignInWay, error: ProviderAway | None) -> None:
        before = self._statuses[way]
        if error is not None and before.answers is not False:
            log.warning("signing in by %s: %s", way.value, error.detail)
        detail = "" if error is None else error.detail
        self._statuses[way] = WayStatus(way, before.address, error is None, detail, self._clock())

    def _addresses(self) -> list[tuple[SignInWay, str]]:
        ways = []
        if self.oidc is not None:
            ways.append((SignInWay.OIDC, self.settings.oidc.issuer))
        if self.directory is not None:
            ways.append((SignInWay.LDAP, ", ".join(self.settings.ldap.servers)))
        return ways

    def _note(self, user_id: str, action: str) -> None:
        self._audit.record(AuditEvent(self._clock(), user_id, action, user_id, ""))


def _sha256(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
