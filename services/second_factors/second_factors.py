"""Second factors: who has which, who must, setting up, removing, and being asked for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from data.database import new_id, now
from data.errors import InvalidInput
from data.records import AuditEvent, AuditOutcome, Passkey, PasskeyAnswer, Role, SignInNotice, User
from data.stores.audit import AuditLog
from data.stores.external_identities import ExternalIdentityStore
from data.stores.second_factors import NoticeStore
from services.accounts import Accounts
from services.permissions import Permission, is_of, require
from services.second_factors.codes import AppCodes, AppSetUp, RecoveryCodes
from services.second_factors.passkeys import Passkeys

WRONG_CODE = (
    "This code is not right, or was used before. An app shows the next one within half a minute; a recovery "
    "code works once."
)
NO_PASSKEY = "No passkey can confirm this for you here: give what the page asks for."
CHANGE_FACTORS = "change second factors"
"""The act that is confirmed before any of them changes."""
_RESET = (
    "An administrator has removed your second factors. If you did not ask for that, tell them at once, and "
    "change your password."
)
_RECOVERED = "A recovery code was used to sign in to your account. If that was not you, change your password."


@dataclass(frozen=True)
class Factors:
    """What somebody has beside their password."""

    app_since: datetime | None
    passkeys: Sequence[Passkey]
    recovery_codes: int

    @property
    def any(self) -> bool:
        """Whether the password alone does not sign this person in."""
        return self.app_since is not None or bool(self.passkeys)


class SecondFactors:
    """The second factors of people; the password, or a passkey, is asked for before any of them changes."""

    def __init__(
        self,
        accounts: Accounts,
        apps: AppCodes,
        recovery: RecoveryCodes,
        passkeys: Passkeys,
        notices: NoticeStore,
        audit: AuditLog,
        identities: ExternalIdentityStore,
        required: frozenset[Role],
        clock: Callable[[], datetime] = now,
    ) -> None:
        """`required`: of these roles nobody signs in with a password of Lightbox alone."""
        self._identities = identities
        self._accounts = accounts
        self._apps = apps
        self._recovery = recovery
        self.passkeys = passkeys
        self._notices = notices
        self._audit = audit
        self._required = required
        self._clock = clock

    def of(self, user_id: str) -> Factors:
        """What somebody has."""
        return Factors(
            self._apps.since(user_id), self.passkeys.of_user(user_id), self._recovery.left(user_id)
        )

    def has_any(self, user_id: str) -> bool:
        """Whether the password alone does not sign somebody in; asked with every request of some."""
        return self._apps.since(user_id) is not None or bool(self.passkeys.of_user(user_id))

    def has_app(self, user_id: str) -> bool:
        """Whether an app of theirs shows codes."""
        return self._apps.since(user_id) is not None

    def all(self, by: User) -> Mapping[str, str]:
        """By account in words what everybody has, for an administrator; who has nothing is left out."""
        require(by, Permission.ADMINISTER)
        apps, keys = self._apps.users(), self.passkeys.users()
        return {
            user_id: " and ".join(
                words for words, has in (("app", user_id in apps), ("passkey", user_id in keys)) if has
            )
            for user_id in apps | keys
        }

    def missing(self, user: User) -> bool:
        """Whether this person's role asks for a second factor that they do not have."""
        return (
            is_of(user, self._required)
            and not self.has_any(user.id)
            and not self._identities.of_user(user.id)  # asked for, or not, by the hospital
        )

    def begin_app(self, user_id: str, name: str) -> AppSetUp:
        """What to set an app up with. Raises InvalidInput where there is one already."""
        self._require_local(user_id)
        if self._apps.since(user_id) is not None:
            raise InvalidInput("An app is set up already: remove it first.")
        return self._apps.begin(user_id, name)

    def confirm_app(self, user_id: str, given: str | PasskeyAnswer, code: str) -> list[str]:
        """A first code makes the app a second factor; new recovery codes where there were none.

        Raises InvalidInput for a wrong password or code. All sessions of the account have ended.
        """
        self.confirm(user_id, given, CHANGE_FACTORS)
        with self._audit.together():
            if not self._apps.confirm(user_id, code):
                raise InvalidInput("This code is not the one that the app shows now. Try the next one.")
            return self._added(user_id, "app")

    def begin_passkey(self, user_id: str, given: str | PasskeyAnswer, address: str) -> str:
        """What the browser is to make a passkey by, as JSON. Raises InvalidInput for a wrong password too."""
        self._require_local(user_id)
        self.confirm(user_id, given, CHANGE_FACTORS)
        user = self._accounts.user(user_id)
        assert user is not None  # it has just been confirmed
        return self.passkeys.begin_adding(user_id, user.name, user.display_name, address)

    def add_passkey(self, user_id: str, name: str, answer: str, address: str) -> list[str]:
        """A passkey from what the browser has answered; the password was asked for when it began.

        Raises InvalidInput. New recovery codes where there were none; all sessions of the account have ended.
        """
        passkey = self.passkeys.made(user_id, name, answer, address)
        with self._audit.together():
            self.passkeys.keep(passkey)
            return self._added(user_id, f"passkey {passkey.name}")

    def remove_app(self, user_id: str, given: str | PasskeyAnswer) -> None:
        """No app any more. Raises InvalidInput for a wrong password. All sessions have ended."""
        self.confirm(user_id, given, CHANGE_FACTORS)
        with self._audit.together():
            self._apps.remove(user_id)
            self._removed(user_id, "app")

    def remove_passkey(self, user_id: str, given: str | PasskeyAnswer, passkey_id: str) -> None:
        """One passkey less. Raises InvalidInput, NotFound. All sessions of the account have ended."""
        self.confirm(user_id, given, CHANGE_FACTORS)
        with self._audit.together():
            self._removed(user_id, f"passkey {self.passkeys.remove(user_id, passkey_id)}")

    def renew_recovery_codes(self, user_id: str, given: str | PasskeyAnswer) -> list[str]:
        """Ten new codes in the place of those before. Raises InvalidInput."""
        self.confirm(user_id, given, CHANGE_FACTORS)
        if not self.has_any(user_id):
            raise InvalidInput("Recovery codes stand in for an app or a passkey: set one up first.")
        with self._audit.together():
            self._note(user_id, "recovery codes made", user_id)
            return self._recovery.renew(user_id)

    def check_code(self, user_id: str, code: str) -> str:
        """What signed in by a code of an app or a recovery code; InvalidInput where it is neither."""
        counted = self._accounts.throttle.act("code", user_id)
        if self._apps.check(user_id, code):
            how = "app"
        elif self.has_any(user_id) and self._recovery.use(user_id, code):
            how = "recovery code"
            self._tell(user_id, _RECOVERED)
        else:
            self._note(None, "sign-in code failed", user_id)
            raise InvalidInput(WRONG_CODE)
        self._accounts.throttle.worked(counted)
        return how

    def check_passkey(self, user_id: str | None, answer: str, address: str) -> str:
        """The id of whose passkey has answered: that of `user_id`, or whoever's. Raises InvalidInput."""
        try:
            return self.passkeys.check(user_id, answer, address)
        except InvalidInput:
            self._note(None, "sign-in passkey refused", user_id or "")
            raise

    def takes_passkey(self, user_id: str, address: str) -> bool:
        """Whether a passkey of theirs may answer before an act, at an address that is open."""
        return self._confirms_by_passkey(user_id) and not self.passkeys.why_not(address)

    def begin_confirming(self, user_id: str, session: str, address: str, act: str) -> str:
        """What the browser is to answer with a passkey, as JSON: for this act, in the session of this secret.

        Raises InvalidInput for who has none.
        """
        if not self._confirms_by_passkey(user_id):
            raise InvalidInput(NO_PASSKEY)
        return self.passkeys.begin_asking(user_id, address, _bound(session, act))

    def confirm_by_passkey(self, user_id: str, given: PasskeyAnswer, act: str) -> None:
        """A passkey's answer in the place of the password. Raises InvalidInput where it is none for this act.

        Wrong ones make this account's confirmations wait, as wrong passwords do.
        """
        counted = self._accounts.throttle.act("confirm", user_id)
        try:
            if not self._confirms_by_passkey(user_id):
                raise InvalidInput(NO_PASSKEY)
            self.passkeys.check(user_id, given.answer, given.address, _bound(given.session, act))
        except InvalidInput:
            self._note(user_id, "confirmation failed", user_id, "passkey", AuditOutcome.REFUSED)
            raise
        self._accounts.throttle.worked(counted)

    def confirm(self, user_id: str, given: str | PasskeyAnswer, act: str) -> None:
        """Somebody shows once more who they are, before an act of their account; the audit trail keeps how.

        Raises InvalidInput for a wrong password or answer.
        """
        if isinstance(given, PasskeyAnswer):
            self.confirm_by_passkey(user_id, given, act)
        else:
            self._accounts.confirm(user_id, given)
        how = "passkey" if isinstance(given, PasskeyAnswer) else "password"
        self._note(user_id, "confirmed", user_id, f"{act}: by {how}")

    def reset(self, user_id: str, *, by: User | None = None) -> None:
        """An administrator removes all second factors of somebody who lost them, who is told.

        `by`: None stands for the command line. Raises NotAllowed, NotFound. All their sessions end.
        """
        administrator = None if by is None else require(by, Permission.ADMINISTER).id
        with self._audit.together():
            self._accounts.renew_sessions(user_id)
            self._apps.remove(user_id)
            self.passkeys.remove_all(user_id)
            self._recovery.remove(user_id)
            self._tell(user_id, _RESET)
            self._note(administrator, "second factors reset", user_id)

    def notices(self, user_id: str) -> list[SignInNotice]:
        """What somebody is to be told, oldest first."""
        return self._notices.of_user(user_id)

    def notices_read(self, user_id: str) -> None:
        """They have read it."""
        self._notices.remove(user_id)

    def _require_local(self, user_id: str) -> None:
        if self._identities.of_user(user_id):
            raise InvalidInput("You sign in with the hospital's account: second factors are set up there.")

    def _added(self, user_id: str, what: str) -> list[str]:
        self._note(user_id, "second factor set up", user_id, what)
        self._accounts.renew_sessions(user_id)
        return [] if self._recovery.left(user_id) else self._recovery.renew(user_id)

    def _removed(self, user_id: str, what: str) -> None:
        if not self.has_any(user_id):
            self._recovery.remove(user_id)
        self._accounts.renew_sessions(user_id)
        self._note(user_id, "second factor removed", user_id, what)

    def _tell(self, user_id: str, words: str) -> None:
        self._notices.add(SignInNotice(new_id(), user_id, self._clock(), words))

    def _confirms_by_passkey(self, user_id: str) -> bool:
        """People of the hospital's sign-in confirm there, whatever is left here of before."""
        return bool(self.passkeys.of_user(user_id)) and not self._identities.of_user(user_id)

    def _note(
        self,
        user_id: str | None,
        action: str,
        subject: str,
        detail: str = "",
        outcome: AuditOutcome = AuditOutcome.SUCCESS,
    ) -> None:
        self._audit.record(AuditEvent(self._clock(), user_id, action, subject, detail, outcome))


def _bound(session: str, act: str) -> str:
    """What a passkey answers for: another session's answer, or another act's, is none."""
    return f"{session} {act}"
