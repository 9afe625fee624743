"""Accounts: signing in, passwords, roles, tokens for scripts."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from data.database import Database, new_id, now
from data.errors import InvalidInput, NotAllowed, NotFound
from data.records import AccessToken, AuditEvent, AuditOutcome, Role, TokenScope, User
from data.stores.audit import AuditLog
from data.stores.tokens import TokenStore
from data.stores.users import UserStore
from services.passwords import LONGEST_PASSWORD, check_new_password, one_time_password
from services.permissions import Permission, may, require
from services.throttling import Origin, Throttle, throttle_of

WRONG = "The name or the password is wrong."
WRONG_PASSWORD = "The password is wrong."  # noqa: S105 - a sentence
PASSWORDS_FOR_ADMINISTRATORS = (
    "Only administrators sign in with an account of Lightbox here. Use your hospital account."
)
TOKEN_DAYS = 90
LONGEST_TOKEN_DAYS = 365
LONGEST_GROUP = 64  # of a group's name, in characters
_NAME = re.compile(r"[\w][\w.@+-]{0,63}")
_FIRST_ADMINISTRATOR = "admin"
_MARK = "lb_"  # tells a leaked token for what it is
_NOWHERE = Origin()
_NOTED_EVERY = timedelta(minutes=1)  # how fine "last used" is: not a write with every request


class Accounts:
    """The people who may use this server."""

    def __init__(
        self,
        users: UserStore,
        tokens: TokenStore,
        audit: AuditLog,
        throttle: Throttle,
        *,
        hasher: PasswordHasher | None = None,
        clock: Callable[[], datetime] = now,
        passwords_for_all: bool = True,
    ) -> None:
        """`passwords_for_all`: false leaves signing in with a password to administrators."""
        self._passwords_for_all = passwords_for_all
        self._users = users
        self._tokens = tokens
        self._audit = audit
        self.throttle = throttle
        self._clock = clock
        self._hasher = hasher or PasswordHasher()
        # Checked for names that do not exist, so that they take as long as those that do.
        self._nobodys_hash = self._hasher.hash(secrets.token_hex(16))

    def sign_in(self, name: str, password: str, origin: Origin = _NOWHERE) -> User:
        """The person of this name and password, signed in by it alone. Raises what `check` does."""
        return self.signed_in(self.check(name, password, origin).id, "password")

    def check(self, name: str, password: str, origin: Origin = _NOWHERE) -> User:
        """The person of this name and password, who is not signed in by that yet.

        InvalidInput where they do not fit, where the account is switched off, and while name, source or
        browser has to wait (`services.throttling`).
        """
        known = self._users.credentials(name)
        # Counted before it is checked: many guesses at once must not slip through together.
        counted = self.throttle.sign_in(name, None if known is None else known.user.id, origin)
        password_hash = self._nobodys_hash if known is None else known.password_hash
        if not self._fits(password_hash, password) or known is None:
            self._note(None, "sign-in failed", known.user.id if known else "", name[:64])
            raise InvalidInput(WRONG)
        self.throttle.worked(counted)
        if not known.user.active:
            self._note(known.user.id, "sign-in refused", known.user.id, "switched off")
            raise InvalidInput("This account is switched off. An administrator can switch it on.")
        self.check_local(known.user)
        if self._hasher.check_needs_rehash(password_hash):
            self._users.improve_hash(known.user.id, self._hasher.hash(password))
        return known.user

    def check_local(self, user: User) -> None:
        """InvalidInput for who may not sign in by a password or passkey of Lightbox, as it is set here."""
        if not self._passwords_for_all and not may(user, Permission.ADMINISTER):
            self._note(user.id, "sign-in refused", user.id, "accounts of Lightbox are for administrators")
            raise InvalidInput(PASSWORDS_FOR_ADMINISTRATORS)

    def signed_in(self, user_id: str, how: str) -> User:
        """Note that somebody is signed in, and by which factors. NotAllowed for an account that is off."""
        user = self._known(user_id)
        if not user.active:
            raise NotAllowed("This account is switched off.")
        with self._audit.together():
            self._users.seen(user_id, self._clock())
            self._note(user_id, "signed in", user_id, how)
        return user

    def confirm(self, user_id: str, password: str, wrong: str = WRONG_PASSWORD) -> User:
        """Somebody who is signed in gives their password once more; InvalidInput with `wrong` where not.

        Wrong ones make this account's confirmations wait, and nobody's signing in.
        """
        user = self._known(user_id)
        counted = self.throttle.act("confirm", user_id)
        known = self._users.credentials(user.name)
        if known is None or not self._fits(known.password_hash, password):
            self._note(user_id, "confirmation failed", user_id, outcome=AuditOutcome.REFUSED)
            raise InvalidInput(wrong)
        self.throttle.worked(counted)
        return user

    def user(self, user_id: str) -> User | None:
        """The account of this id, or None."""
        return self._users.get(user_id)

    def all(self) -> list[User]:
        """Every account, by name."""
        return self._users.all()

    def display_names(self, user_ids: Collection[str] | None = None) -> dict[str, str]:
        """What accounts are called, by their ids: those asked for, or every one."""
        return self._users.display_names(user_ids)

    def create(self, name: str, display_name: str, role: Role, *, by: User | None = None) -> tuple[User, str]:
        """A new account and its one-time password, which its owner has to change first.

        `by`: the administrator; None stands for the command line, here and below. Raises NotAllowed,
        InvalidInput.
        """
        administrator = _administrator(by)
        name = name.strip()
        if not _NAME.fullmatch(name):
            raise InvalidInput("A name has 1 to 64 letters, digits, dots, dashes, @ or +, without blanks.")
        password = one_time_password()
        user = User(
            id=new_id(),
            name=name,
            display_name=" ".join(display_name.split())[:200] or name,
            role=role,
            must_change_password=True,
            created_at=self._clock(),
        )
        password_hash = self._hasher.hash(password)
        with self._audit.together():
            self._users.add(user, password_hash)
            self._note(administrator, "account created", user.id, f"{name}, {role.value}")
        return user, password

    def ensure_first_administrator(self) -> tuple[User, str] | None:
        """On a server without accounts: the first administrator and the one-time password."""
        if self._users.all():
            return None
        return self.create(_FIRST_ADMINISTRATOR, "Administrator", Role.ADMIN)

    def change_password(self, user_id: str, old: str, new: str) -> User:
        """A new password of a person's own choice; ends all sessions, so take the new epoch over."""
        user = self.confirm(user_id, old, "The old password is wrong.")
        check_new_password(user, old, new)
        password_hash = self._hasher.hash(new)
        with self._audit.together():
            changed = self._users.set_password(user_id, password_hash, must_change=False)
            self.throttle.forget_browsers(user_id)
            self._note(user_id, "password changed", user_id)
        return changed

    def reset_password(self, user_id: str, *, by: User | None = None) -> str:
        """A one-time password for somebody who forgot theirs; ends all sessions and any waiting."""
        administrator = _administrator(by)
        user = self._known(user_id)
        password = one_time_password()
        password_hash = self._hasher.hash(password)
        with self._audit.together():
            self._users.set_password(user_id, password_hash, must_change=True)
            self.throttle.forget_name(user.name, user_id)
            self._note(administrator, "password reset", user_id)
        return password

    def set_role(self, user_id: str, role: Role, *, by: User | None = None) -> User:
        """Another role; InvalidInput for the last active administrator."""
        administrator = _administrator(by)
        with self._audit.together():
            user = self._users.set_role(user_id, role)
            self._note(administrator, "role changed", user_id, role.value)
        return user

    def set_active(self, user_id: str, active: bool, *, by: User | None = None) -> User:
        """Switches an account on or off; InvalidInput for the last active administrator."""
        administrator = _administrator(by)
        with self._audit.together():
            user = self._users.set_active(user_id, active)
            self._note(administrator, "account switched on" if active else "account switched off", user_id)
        return user

    def set_reader_group(self, user_id: str, group: str, *, by: User | None = None) -> User:
        """The group whose figures of reading an account's count among, such as a section; "" for none."""
        administrator = _administrator(by)
        name = " ".join(group.split())[:LONGEST_GROUP]
        with self._audit.together():
            user = self._users.set_reader_group(user_id, name or None)
            self._note(administrator, "reader group changed", user_id, name or "none")
        return user

    def sign_out_everywhere(self, user_id: str) -> User:
        """Ends every session of one's own account; tokens go on."""
        with self._audit.together():
            user = self._users.end_sessions(user_id)
            self.throttle.forget_browsers(user_id)
            self._note(user_id, "signed out everywhere", user_id)
        return user

    def end_sessions(self, user_id: str, *, by: User | None = None) -> User:
        """An administrator ends every session of somebody; tokens go on."""
        administrator = _administrator(by)
        with self._audit.together():
            user = self._users.end_sessions(user_id)
            self._note(administrator, "sessions ended by an administrator", user_id)
        return user

    def renew_sessions(self, user_id: str) -> User:
        """What signs this person in has changed: every session has ended, so take the new epoch over."""
        return self._users.end_sessions(user_id)

    def create_token(
        self,
        user_id: str,
        label: str,
        scopes: Collection[TokenScope] = frozenset(TokenScope),
        days: int = TOKEN_DAYS,
    ) -> tuple[AccessToken, str]:
        """A bearer token for scripts, and its secret, which is not shown again.

        It may what its scopes say of what its owner may, for so many days, a year at most.
        Raises InvalidInput, NotAllowed.
        """
        label = " ".join(label.split())
        if not label:
            raise InvalidInput("Say what the token is for.")
        if not scopes:
            raise InvalidInput("Choose what the token may be used for.")
        if not 1 <= days <= LONGEST_TOKEN_DAYS:
            raise InvalidInput(f"A token lasts from 1 to {LONGEST_TOKEN_DAYS} days.")
        if not self._known(user_id).active:
            raise NotAllowed("This account is switched off.")
        secret, moment = _MARK + secrets.token_urlsafe(32), self._clock()
        made = AccessToken(
            new_id(),
            user_id,
            label[:200],
            moment,
            scopes=frozenset(scopes),
            expires_at=moment + timedelta(days=days),
        )
        with self._audit.together():
            token = self._tokens.add(made, _sha256(secret))
            self._note(
                user_id, "token created", token.id, f"{label}, {', '.join(sorted(scopes))}, {days} days"
            )
        return token, secret

    def user_by_token(self, secret: str) -> User | None:
        """The active person whose token this is, limited to its scopes; None for no token that is good."""
        if not secret.startswith(_MARK):
            return None
        token, moment = self._tokens.by_secret(_sha256(secret)), self._clock()
        if token is None or (token.expires_at is not None and token.expires_at <= moment):
            return None
        user = self._users.get(token.user_id)
        if user is None or not user.active:
            return None
        if token.last_used_at is None or moment - token.last_used_at > _NOTED_EVERY:
            self._tokens.used(token.id, moment)
        return replace(user, scopes=token.scopes)

    def tokens(self, user_id: str) -> list[AccessToken]:
        """A person's tokens, newest first, revoked and expired ones included."""
        return self._tokens.of_user(user_id)

    def usable_tokens(self, by: User) -> list[AccessToken]:
        """Everybody's tokens that work, newest first, for an administrator."""
        require(by, Permission.ADMINISTER)
        return self._tokens.usable(self._clock())

    def revoke_token(self, user_id: str, token_id: str) -> None:
        """The token works no more; NotFound for somebody else's."""
        with self._audit.together():
            self._tokens.revoke(user_id, token_id, self._clock())
            self._note(user_id, "token revoked", token_id)

    def revoke_token_of_other(self, token_id: str, by: User) -> None:
        """An administrator ends anybody's token. Raises NotAllowed, NotFound."""
        require(by, Permission.ADMINISTER)
        token = self._tokens.get(token_id)
        if token is None:
            raise NotFound("There is no such token.")
        with self._audit.together():
            self._tokens.revoke(token.user_id, token_id, self._clock())
            self._note(by.id, "token revoked", token_id, token.label)

    def _fits(self, password_hash: str, password: str) -> bool:
        if len(password) > LONGEST_PASSWORD:  # nobody has one; it takes as long as any other
            password_hash, password = self._nobodys_hash, ""
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError, UnicodeEncodeError):
            return False

    def _known(self, user_id: str) -> User:
        user = self._users.get(user_id)
        if user is None:
            raise NotFound("There is no such account.")
        return user

    def _note(
        self,
        user_id: str | None,
        action: str,
        subject: str,
        detail: str = "",
        outcome: AuditOutcome | None = None,
    ) -> None:
        self._audit.record(AuditEvent(self._clock(), user_id, action, subject, detail, outcome))


def accounts_of(
    database: Database, hasher: PasswordHasher | None = None, *, passwords_for_all: bool = True
) -> Accounts:
    """The accounts in a database."""
    stores = UserStore(database), TokenStore(database), AuditLog(database)
    return Accounts(*stores, throttle_of(database), hasher=hasher, passwords_for_all=passwords_for_all)


def _administrator(by: User | None) -> str | None:
    """The id of who administers accounts, for the audit trail; None for the command line."""
    return None if by is None else require(by, Permission.ADMINISTER).id


def _sha256(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
