"""From somebody who has signed in at the hospital to an account here; administrators link the two by hand.

Issuer and subject are the identity. A name or an e-mail address alone never opens an account that is here
already: who comes with the name of one waits until an administrator says that they are the same person.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime

from argon2 import PasswordHasher

from data.database import Database, new_id, now, together
from data.errors import InvalidInput, NotFound
from data.records import AuditEvent, Department, ExternalIdentity, ExternalPerson, Role, SignInWay, User
from data.stores.audit import AuditLog
from data.stores.departments import DepartmentStore
from data.stores.external_identities import ExternalIdentityStore
from data.stores.passkeys import PasskeyStore
from data.stores.second_factors import CodeGeneratorStore, RecoveryCodeStore
from data.stores.seen_groups import SeenGroupStore
from data.stores.tokens import TokenStore
from data.stores.users import UserStore
from services.department_groups import SETTING, DepartmentGroups, Given, compared
from services.identity_providers.faults import SignInRefused
from services.identity_providers.groups import RoleGroups
from services.permissions import Permission, may, require

WAY_WORDS = {
    SignInWay.OIDC: "the hospital's sign-in (OpenID Connect)",
    SignInWay.LDAP: "the hospital's directory (LDAP)",
}
NO_ROLE = (
    "You signed in at the hospital, but none of your groups may use Lightbox. Ask for the group that your "
    "department uses for it; it counts from your next sign-in on."
)
SWITCHED_OFF = "This account is switched off. An administrator can switch it on."
_NOT_IN_NAMES = re.compile(r"[^\w.@+-]+")
_LONGEST_NAME = 64


class FederatedAccounts:
    """Accounts of people who come by the hospital's sign-in."""

    def __init__(
        self,
        database: Database,
        groups: RoleGroups,
        department_groups: DepartmentGroups,
        *,
        hasher: PasswordHasher,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self.groups, self._department_groups = groups, department_groups
        self._departments, self._seen_groups = DepartmentStore(database), SeenGroupStore(database)
        self._database = database
        self._identities = ExternalIdentityStore(database)
        self._users, self._tokens = UserStore(database), TokenStore(database)
        self._audit, self._hasher, self._clock = AuditLog(database), hasher, clock

    def enter(self, person: ExternalPerson) -> User:
        """The account of somebody whom the provider has let in, with the role that their groups give now.

        The first time makes it. Another role ends the account's other sessions; what their groups say of
        departments holds for these at once. Raises SignInRefused for who
        has no group that counts (whose sessions and tokens end), for an account that is switched off, and
        for who has the name of an account that is not theirs.
        """
        role = self.groups.role(person.groups)
        if role is None:
            self._shut_out(person)
            raise SignInRefused(NO_ROLE)
        identity = self._identities.seen(person, self._clock())
        user = self._account(identity, role)
        if not user.active:
            self._refuse(identity, "switched off", SWITCHED_OFF)
        # Departments first: an administrator of before must not see the whole house in between.
        user = user if role is Role.ADMIN else self._with_departments(user, person)
        return self._with_role(user, role, identity)

    def user_named(self, way: SignInWay, name: str) -> str | None:
        """The id of the account of whom a provider last called by this name; None for who is new."""
        return self._identities.user_named(way, name)

    def of(self, user_id: str) -> list[ExternalIdentity]:
        """By which identities an account is signed in to; none: by its password."""
        return self._identities.of_user(user_id)

    def require_password(self, user_id: str, name: str) -> None:
        """InvalidInput for an account whose password and role are the hospital's business."""
        if self.of(user_id):
            raise InvalidInput(
                f"{name} signs in with the hospital's account: password and role come from there."
            )

    def all(self, by: User) -> list[ExternalIdentity]:
        """Every identity, those that were here last first. Raises NotAllowed."""
        require(by, Permission.ADMINISTER)
        return self._identities.all()

    def link(self, identity_id: str, user_id: str, by: User) -> None:
        """Let a waiting identity sign in to an account: its password, app, passkeys and sessions end.

        Raises NotAllowed, NotFound; InvalidInput for one that is linked, and for the last administrator with
        a password, who lets people in when the hospital's sign-in is away.
        """
        require(by, Permission.ADMINISTER)
        identity, user = self._waiting(identity_id), self._users.get(user_id)
        if user is None:
            raise NotFound("There is no such account.")
        if may(user, Permission.ADMINISTER) and not self._other_administrator(user):
            raise InvalidInput(
                f"{user.name} is the last administrator with a password. Keep one for when the hospital's "
                "sign-in is away."
            )
        with together(self._database):
            self._linked(identity, user.id)
            self._end_local_ways(user.id)
            self._note(by.id, "identity linked", user.id, _words(identity))

    def make_account(self, identity_id: str, by: User) -> User:
        """Make a waiting identity an account of its own under another name; the sign-in gives it its role.

        Raises NotAllowed, NotFound, InvalidInput.
        """
        require(by, Permission.ADMINISTER)
        identity = self._waiting(identity_id)
        with together(self._database):
            user = self._made(identity, self._free_name(_account_name(identity)), Role.CLINICIAN)
            self._note(by.id, "identity linked", user.id, _words(identity))
        return user

    def unlink(self, identity_id: str, by: User) -> None:
        """An identity signs in no more: its account's sessions end. Raises NotAllowed, NotFound."""
        require(by, Permission.ADMINISTER)
        identity = self._identities.get(identity_id)
        with together(self._database):
            self._identities.forget(identity_id)
            if identity.user_id is not None:
                self._users.end_sessions(identity.user_id)
                self._users.leave_departments_to_hand(identity.user_id)
            self._note(by.id, "identity unlinked", identity.user_id or "", _words(identity))

    def _account(self, identity: ExternalIdentity, role: Role) -> User:
        user = None if identity.user_id is None else self._users.get(identity.user_id)
        if user is not None:
            return user
        name = _account_name(identity)
        if self._users.credentials(name) is not None:
            known = self._identities.get(identity.id)
            if known.user_id is not None:  # a second tab was faster
                return self._account(known, role)
            self._refuse(
                identity,
                "the name is taken",
                f"There is an account called {name} here already, and nobody has said yet that it is yours. "
                "An administrator can link the two on the page People, or make you another account.",
            )
        with together(self._database):
            return self._made(identity, name, role)

    def _made(self, identity: ExternalIdentity, name: str, role: Role) -> User:
        display_name = " ".join(identity.display_name.split())[:200] or name
        user = User(new_id(), name, display_name, role, created_at=self._clock())
        self._users.add(user, self._no_password())
        self._linked(identity, user.id)
        self._note(None, "account created", user.id, f"{name}, {role.value}, {WAY_WORDS[identity.way]}")
        return user

    def _with_role(self, user: User, role: Role, identity: ExternalIdentity) -> User:
        if user.role is role:
            return user
        try:
            with together(self._database):
                self._users.set_role(user.id, role)
                user = self._users.end_sessions(user.id)
                words = f"{role.value}, by a group of {WAY_WORDS[identity.way]}"
                self._note(None, "role changed", user.id, words)
        except InvalidInput as error:  # the last administrator
            self._note(user.id, "sign-in refused", user.id, str(error))
            raise SignInRefused(
                "The hospital's groups no longer make you an administrator, and you are the last one here. "
                "Somebody has to make another one first."
            ) from error
        return user

    def _with_departments(self, user: User, person: ExternalPerson) -> User:
        """Bind somebody to what their groups give; the audit trail is told where that changes anything."""
        if not self._department_groups:
            return user
        held = {compared(group) for group in person.groups} & self._department_groups.named()
        self._seen_groups.note(held, self._clock())
        with together(self._database):
            every = self._departments.all()
            given = self._department_groups.given(person.groups, user, every)
            if given is None:
                return user
            # What is kept of an administrator is not seen: it is written in any case.
            same = user.role is not Role.ADMIN and user.departments == given.departments
            if same and user.departments_by_groups == given.by_groups:
                return user
            changed = self._users.set_departments(user.id, given.departments, by_groups=given.by_groups)
            if not same:
                self._note(None, "departments of an account", user.id, _given_words(given, every))
        return changed

    def _shut_out(self, person: ExternalPerson) -> None:
        """Who lost the last group that counts: sessions and tokens of before end, too."""
        identity = self._identities.find(person.issuer, person.subject)
        user_id = None if identity is None else identity.user_id
        with together(self._database):
            if user_id is not None:
                self._users.end_sessions(user_id)
                for token in self._tokens.of_user(user_id):
                    if token.revoked_at is None:
                        self._tokens.revoke(user_id, token.id, self._clock())
            self._note(user_id, "sign-in refused", user_id or "", f"no group: {person.name}")

    def _refuse(self, identity: ExternalIdentity, why: str, sentence: str) -> None:
        self._note(identity.user_id, "sign-in refused", identity.user_id or "", f"{why}: {identity.name}")
        raise SignInRefused(sentence)

    def _waiting(self, identity_id: str) -> ExternalIdentity:
        identity = self._identities.get(identity_id)
        if identity.user_id is not None:
            raise InvalidInput("This identity has an account already.")
        return identity

    def _linked(self, identity: ExternalIdentity, user_id: str) -> None:
        if not self._identities.link(identity.id, user_id):
            raise InvalidInput("This identity has an account already.")

    def _other_administrator(self, user: User) -> bool:
        others = (other for other in self._users.all() if other.active and other.id != user.id)
        return any(may(other, Permission.ADMINISTER) and not self.of(other.id) for other in others)

    def _free_name(self, name: str) -> str:
        number = 2
        while self._users.credentials(f"{name[: _LONGEST_NAME - 5]}-{number}") is not None:
            number += 1
        return f"{name[: _LONGEST_NAME - 5]}-{number}"

    def _end_local_ways(self, user_id: str) -> None:
        """Who loses the hospital's group must be out: password, app and passkeys here would lead past it."""
        self._users.set_password(user_id, self._no_password(), must_change=False)
        CodeGeneratorStore(self._database).remove(user_id)
        RecoveryCodeStore(self._database).remove(user_id)
        PasskeyStore(self._database).remove_all(user_id)

    def _no_password(self) -> str:
        """The hash of what nobody knows: such an account takes as long to refuse as any other."""
        return self._hasher.hash(secrets.token_urlsafe(32))

    def _note(self, user_id: str | None, action: str, subject: str, detail: str) -> None:
        self._audit.record(AuditEvent(self._clock(), user_id, action, subject, detail))


def _account_name(identity: ExternalIdentity) -> str:
    """The provider's name for a person as a name of an account."""
    name = _NOT_IN_NAMES.sub(".", identity.name.strip()).strip(".@+-")[:_LONGEST_NAME]
    return name or identity.id


def _given_words(given: Given, every: Sequence[Department]) -> str:
    """What groups gave somebody, for the audit trail."""
    if not given.by_groups:
        return f"no scan at all: no group of theirs is named in {SETTING} any more"
    if given.departments is None:
        return "the whole house, by groups of the hospital"
    names = ", ".join(each.name for each in every if each.id in given.departments) or "no scan at all"
    unknown = f"; no department is called {', '.join(given.unknown)}" if given.unknown else ""
    return f"{names}, by groups of the hospital{unknown}"


def _words(identity: ExternalIdentity) -> str:
    return f"{identity.name}: {identity.issuer} {identity.subject}"
