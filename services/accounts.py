"""Accounts: signing in, passwords, roles, tokens for scripts."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from math import ceil

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from data.database import Database, new_id, now
from data.errors import InvalidInput, NotAllowed, NotFound
from data.records import AccessToken, AuditEvent, Role, User
from data.stores.audit import AuditLog
from data.stores.tokens import TokenStore
from data.stores.users import UserStore
from services.permissions import Permission, may, require

WRONG = "The name or the password is wrong."
PASSWORDS_FOR_ADMINISTRATORS = (
    "Only administrators sign in with a password of Lightbox here. Use your hospital account."
)
FREE_ATTEMPTS = 5  # failures in a row before an account has to wait
_FIRST_WAIT = timedelta(minutes=1)
_LONGEST_WAIT = timedelta(minutes=15)
LONGEST_GROUP = 64  # of a group's name, in characters
_SHORTEST_PASSWORD = 12
_LONGEST_PASSWORD = 1000  # hashing a megabyte would be work for nothing
_NAME = re.compile(r"[\w][\w.@+-]{0,63}")
_FIRST_ADMINISTRATOR = "admin"
_MARK = "lb_"  # tells a leaked token for what it is
_NOTED_EVERY = timedelta(minutes=1)  # how fine "last used" is: not a write with every request
# Without letters and digits that look alike: one-time passwords are copied from paper.
_READABLE = "abcdefghjkmnpqrstuvwxyz23456789"


class Accounts:
    """The people who may use this server."""

    def __init__(
        self,
        users: UserStore,
        tokens: TokenStore,
        audit: AuditLog,
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
        self._clock = clock
        self._hasher = hasher or PasswordHasher()
        # Checked for names that do not exist, so that they take as long as those that do.
        self._nobodys_hash = self._hasher.hash(secrets.token_hex(16))

    def sign_in(self, name: str, password: str) -> User:
        """The person of this name and password.

        InvalidInput where they do not fit, where the account is switched off, and while a name
        has to wait: after 5 failures in a row for a minute, then twice as long each time up to 15.
        """
        user = self._check(name, password)
        if not user.active:
            self._note(user.id, "sign-in refused", user.id, "switched off")
            raise InvalidInput("This account is switched off. An administrator can switch it on.")
        if not self._passwords_for_all and not may(user, Permission.ADMINISTER):
            self._note(user.id, "sign-in refused", user.id, "passwords are for administrators")
            raise InvalidInput(PASSWORDS_FOR_ADMINISTRATORS)
        self._users.seen(user.id, self._clock())
        self._note(user.id, "signed in", user.id)
        return user

    def user(self, user_id: str) -> User | None:
        """The account of this id, or None."""
        return self._users.get(user_id)

    def all(self) -> list[User]:
        """Every account, by name."""
        return self._users.all()

    def create(self, name: str, display_name: str, role: Role, *, by: User | None = None) -> tuple[User, str]:
        """A new account and its one-time password, which its owner has to change first.

        `by`: the administrator; None stands for the command line, here and below. Raises NotAllowed,
        InvalidInput.
        """
        administrator = _administrator(by)
        name = name.strip()
        if not _NAME.fullmatch(name):
            raise InvalidInput("A name has 1 to 64 letters, digits, dots, dashes, @ or +, without blanks.")
        password = _one_time_password()
        user = User(
            id=new_id(),
            name=name,
            display_name=" ".join(display_name.split())[:200] or name,
            role=role,
            must_change_password=True,
            created_at=self._clock(),
        )
        self._users.add(user, self._hasher.hash(password))
        self._note(administrator, "account created", user.id, f"{name}, {role.value}")
        return user, password

    def ensure_first_administrator(self) -> tuple[User, str] | None:
        """On a server without accounts: the first administrator and the one-time password."""
        if self._users.all():
            return None
        return self.create(_FIRST_ADMINISTRATOR, "Administrator", Role.ADMIN)

    def change_password(self, user_id: str, old: str, new: str) -> User:
        """A new password of a person's own choice; ends all sessions, so take the new epoch over."""
        user = self._known(user_id)
        self._check(user.name, old, "The old password is wrong.")
        _check_new_password(user, old, new)
        changed = self._users.set_password(user_id, self._hasher.hash(new), must_change=False)
        self._note(user_id, "password changed", user_id)
        return changed

    def reset_password(self, user_id: str, *, by: User | None = None) -> str:
        """A one-time password for somebody who forgot theirs; ends all sessions and any waiting."""
        administrator = _administrator(by)
        user = self._known(user_id)
        password = _one_time_password()
        self._users.set_password(user_id, self._hasher.hash(password), must_change=True)
        self._users.forget_failures(user.name)
        self._note(administrator, "password reset", user_id)
        return password

    def set_role(self, user_id: str, role: Role, *, by: User | None = None) -> User:
        """Another role; InvalidInput for the last active administrator."""
        administrator = _administrator(by)
        user = self._users.set_role(user_id, role)
        self._note(administrator, "role changed", user_id, role.value)
        return user

    def set_active(self, user_id: str, active: bool, *, by: User | None = None) -> User:
        """Switches an account on or off; InvalidInput for the last active administrator."""
        administrator = _administrator(by)
        user = self._users.set_active(user_id, active)
        self._note(administrator, "account switched on" if active else "account switched off", user_id)
        return user

    def set_reader_group(self, user_id: str, group: str, *, by: User | None = None) -> User:
        """The group whose figures of reading an account's count among, such as a section; "" for none."""
        administrator = _administrator(by)
        name = " ".join(group.split())[:LONGEST_GROUP]
        user = self._users.set_reader_group(user_id, name or None)
        self._note(administrator, "reader group changed", user_id, name or "none")
        return user

    def sign_out_everywhere(self, user_id: str) -> User:
        """Ends every session of one's own account; tokens go on."""
        user = self._users.end_sessions(user_id)
        self._note(user_id, "signed out everywhere", user_id)
        return user

    def create_token(self, user_id: str, label: str) -> tuple[AccessToken, str]:
        """A bearer token for scripts, and its secret, which is not shown again."""
        label = " ".join(label.split())
        if not label:
            raise InvalidInput("Say what the token is for.")
        if not self._known(user_id).active:
            raise NotAllowed("This account is switched off.")
        secret = _MARK + secrets.token_urlsafe(32)
        token = self._tokens.add(AccessToken(new_id(), user_id, label[:200], self._clock()), _sha256(secret))
        self._note(user_id, "token created", token.id, label)
        return token, secret

    def user_by_token(self, secret: str) -> User | None:
        """The active person whose token this is, or None."""
        if not secret.startswith(_MARK):
            return None
        token = self._tokens.by_secret(_sha256(secret))
        user = None if token is None else self._users.get(token.user_id)
        if token is None or user is None or not user.active:
            return None
        moment = self._clock()
        if token.last_used_at is None or moment - token.last_used_at > _NOTED_EVERY:
            self._tokens.used(token.id, moment)
        return user

    def tokens(self, user_id: str) -> list[AccessToken]:
        """A person's tokens, newest first, revoked ones included."""
        return self._tokens.of_user(user_id)

    def revoke_token(self, user_id: str, token_id: str) -> None:
        """The token works no more; NotFound for somebody else's."""
        self._tokens.revoke(user_id, token_id, self._clock())
        self._note(user_id, "token revoked", token_id)

    def begin_attempt(self, name: str) -> None:
        """Count a try to sign in as failed until `forget_failures`; InvalidInput while the name has to wait.

        Counted before it is checked: many guesses at once must not slip through together.
        """
        moment = self._clock()
        locked_until = self._users.begin_attempt(name, moment, _wait_after)
        if locked_until is not None:
            raise InvalidInput(_come_back_in(locked_until - moment))

    def forget_failures(self, name: str) -> None:
        """Signing in has worked: the count of this name starts anew."""
        self._users.forget_failures(name)

    def _check(self, name: str, password: str, wrong: str = WRONG) -> User:
        """The account of this name and password, switched off or not."""
        self.begin_attempt(name)
        known = self._users.credentials(name)
        password_hash = self._nobodys_hash if known is None else known.password_hash
        if not self._fits(password_hash, password) or known is None:
            self._note(None, "sign-in failed", known.user.id if known else "", name[:64])
            raise InvalidInput(wrong)
        self.forget_failures(name)
        if self._hasher.check_needs_rehash(password_hash):
            self._users.improve_hash(known.user.id, self._hasher.hash(password))
        return known.user

    def _fits(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password[:_LONGEST_PASSWORD])
        except (VerificationError, InvalidHashError, UnicodeEncodeError):
            return False

    def _known(self, user_id: str) -> User:
        user = self._users.get(user_id)
        if user is None:
            raise NotFound("There is no such account.")
        return user

    def _note(self, user_id: str | None, action: str, subject: str, detail: str = "") -> None:
        self._audit.record(AuditEvent(self._clock(), user_id, action, subject, detail))


def accounts_of(
    database: Database, hasher: PasswordHasher | None = None, *, passwords_for_all: bool = True
) -> Accounts:
    """The accounts in a database."""
    users, tokens, audit = UserStore(database), TokenStore(database), AuditLog(database)
    return Accounts(users, tokens, audit, hasher=hasher, passwords_for_all=passwords_for_all)


def _administrator(by: User | None) -> str | None:
    """The id of who administers accounts, for the audit trail; None for the command line."""
    return None if by is None else require(by, Permission.ADMINISTER).id


def _wait_after(failures: int) -> timedelta | None:
    if failures < FREE_ATTEMPTS:
        return None
    doublings = min(failures - FREE_ATTEMPTS, 10)
    return min(_FIRST_WAIT * float(2**doublings), _LONGEST_WAIT)


def _come_back_in(time: timedelta) -> str:
    minutes = ceil(time / timedelta(minutes=1))
    wait = "a minute" if minutes == 1 else f"{minutes} minutes"
    return f"There were too many wrong passwords for this name: try again in {wait}."


def _check_new_password(user: User, old: str, new: str) -> None:
    if len(new) < _SHORTEST_PASSWORD:
        raise InvalidInput(f"The new password needs at least {_SHORTEST_PASSWORD} characters.")
    if len(new) > _LONGEST_PASSWORD:
        raise InvalidInput(f"The new password may have at most {_LONGEST_PASSWORD} characters.")
    if new.casefold() in (user.name.casefold(), user.display_name.casefold()):
        raise InvalidInput("The new password must not be the name.")
    if new == old:
        raise InvalidInput("The new password must be another one than the old.")


def _one_time_password() -> str:
    groups = ("".join(secrets.choice(_READABLE) for _ in range(4)) for _ in range(4))
    return "-".join(groups)


def _sha256(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
