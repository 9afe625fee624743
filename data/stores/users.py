"""Accounts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from data.codec import from_json, to_json
from data.columns import folded
from data.database import reading, writing
from data.errors import InvalidInput, NotFound
from data.records import MailChoice, MailedAlerts, MailedReviews, MailTopic, Role, User
from data.revisions import bump
from data.tables import REVISION_OF_USERS, users

_NO_ACCOUNT = "There is no such account."
_ONE = select(users).where(users.c.id == bindparam("wanted"))  # made once: that takes long
_MAIL_COLUMNS = {  # by topic: what of it is chosen, and up to when it was told
    MailTopic.REVIEWS: (users.c.review_mails, users.c.review_mails_until),
    MailTopic.ALERTS: (users.c.alert_mails, users.c.alert_mails_until),
}


@dataclass(frozen=True)
class Credentials:
    """An account with what its password is checked against."""

    user: User
    password_hash: str


class UserStore:
    """Accounts. Names differ by more than upper and lower case."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, user: User, password_hash: str) -> User:
        """Keeps a new account; InvalidInput where the name is taken."""
        values = {
            "id": user.id,
            "name": user.name,
            "name_key": folded(user.name),
            "display_name": user.display_name,
            "role": user.role.value,
            "active": user.active,
            "must_change_password": user.must_change_password,
            "session_epoch": user.session_epoch,
            "password_hash": password_hash,
            "created_at": user.created_at,
            "last_seen_at": user.last_seen_at,
            "reader_group": user.reader_group,
            "departments": None if user.departments is None else to_json(tuple(sorted(user.departments))),
            "departments_by_groups": user.departments_by_groups,
        }
        try:
            with writing(self._engine) as connection:
                connection.execute(insert(users).values(values))
        except IntegrityError as error:
            raise InvalidInput(f"There is already an account with the name {user.name}.") from error
        return user

    def get(self, user_id: str) -> User | None:
        """The account, or None."""
        with reading(self._engine) as connection:
            row = connection.execute(_ONE, {"wanted": user_id}).one_or_none()
        return None if row is None else user_of(row)

    def all(self) -> list[User]:
        """Every account by name."""
        with reading(self._engine) as connection:
            return [user_of(row) for row in connection.execute(select(users).order_by(users.c.name_key))]

    def display_names(self, user_ids: Collection[str] | None = None) -> dict[str, str]:
        """What accounts are called, by their ids: those asked for, or every one."""
        query = select(users.c.id, users.c.display_name)
        if user_ids is not None:
            query = query.where(users.c.id.in_(user_ids))
        with reading(self._engine) as connection:
            return {row.id: row.display_name for row in connection.execute(query)}

    def credentials(self, name: str) -> Credentials | None:
        """The account of this name, in any case, with its password's hash."""
        with reading(self._engine) as connection:
            row = connection.execute(select(users).where(users.c.name_key == folded(name))).one_or_none()
        return None if row is None else Credentials(user_of(row), row.password_hash)

    def set_password(self, user_id: str, password_hash: str, must_change: bool) -> User:
        """A new password; every session of the account ends."""
        values = {"password_hash": password_hash, "must_change_password": must_change}
        return self._change(user_id, values, ends_sessions=True)

    def improve_hash(self, user_id: str, password_hash: str) -> None:
        """The same password under a newer hash; sessions go on."""
        self._change(user_id, {"password_hash": password_hash}, ends_sessions=False)

    def set_role(self, user_id: str, role: Role) -> User:
        """A new role; InvalidInput where this would leave no active administrator."""
        return self._change(user_id, {"role": role.value}, ends_sessions=False)

    def set_active(self, user_id: str, active: bool) -> User:
        """Switches an account on or off; InvalidInput where this would leave no active administrator."""
        return self._change(user_id, {"active": active}, ends_sessions=not active)

    def set_reader_group(self, user_id: str, group: str | None) -> User:
        """Another group of readers, or none."""
        return self._change(user_id, {"reader_group": group}, ends_sessions=False)

    def set_departments(
        self, user_id: str, departments: Collection[str] | None, *, by_groups: bool = False
    ) -> User:
        """Binds an account to departments by their ids, or with None to none: it sees the whole house."""
        said = None if departments is None else to_json(tuple(sorted(departments)))
        values = {"departments": said, "departments_by_groups": by_groups}
        return self._change(user_id, values, ends_sessions=False)

    def leave_departments_to_hand(self, user_id: str) -> User:
        """What an account sees stays as it is; it is no more the groups' that say it."""
        return self._change(user_id, {"departments_by_groups": False}, ends_sessions=False)

    def mail_choice(self, user_id: str) -> MailChoice:
        """Which mails a person has chosen; NotFound."""
        with reading(self._engine) as connection:
            row = connection.execute(select(users).where(users.c.id == user_id)).one_or_none()
        if row is None:
            raise NotFound(_NO_ACCOUNT)
        return _mail_choice(row)

    def mails_chosen(self, topic: MailTopic) -> list[MailChoice]:
        """Of active accounts those that have chosen mails about a topic."""
        of_topic, _ = _MAIL_COLUMNS[topic]
        chosen = users.c.active.is_(True) & of_topic.is_not(None) & users.c.mail.is_not(None)
        with reading(self._engine) as connection:
            return [
                _mail_choice(row)
                for row in connection.execute(select(users).where(chosen).order_by(users.c.name_key))
            ]

    def choose_mails(
        self, user_id: str, mail: str | None, chosen: Mapping[MailTopic, str | None], at: datetime
    ) -> None:
        """Keeps a choice of some topics; what was there at its moment is not told."""
        values: dict[str, Any] = {"mail": mail}
        for topic, word in chosen.items():
            of_topic, until = _MAIL_COLUMNS[topic]
            values |= {of_topic.name: word, until.name: at}
        self._change(user_id, values, ends_sessions=False)

    def move_mails(
        self, user_id: str, topic: MailTopic, before: datetime | None, until: datetime | None
    ) -> bool:
        """Says up to when a person was told of a topic; False where somebody else has said so meanwhile."""
        _, column = _MAIL_COLUMNS[topic]
        unmoved = column.is_(None) if before is None else column == before
        moved = update(users).where(users.c.id == user_id, unmoved).values({column: until})
        with writing(self._engine) as connection:
            return connection.execute(moved).rowcount == 1

    def end_sessions(self, user_id: str) -> User:
        """Sessions that carry an older epoch are signed out from now on."""
        return self._change(user_id, {}, ends_sessions=True)

    def seen(self, user_id: str, at: datetime) -> None:
        """Notes when the account was last used."""
        self._change(user_id, {"last_seen_at": at}, ends_sessions=False)

    def _change(self, user_id: str, values: dict[str, Any], *, ends_sessions: bool) -> User:
        if ends_sessions:
            values = values | {"session_epoch": users.c.session_epoch + 1}
        with writing(self._engine) as connection:
            # Two administrators who demote each other at once take turns here.
            bump(connection, REVISION_OF_USERS)
            before = _require(connection, user_id)
            connection.execute(update(users).where(users.c.id == user_id).values(values))
            after = _require(connection, user_id)
            if _administers(before) and not _administers(after) and not _any_administrator(connection):
                raise InvalidInput("This is the last active administrator: make another one first.")
        return after


def _administers(user: User) -> bool:
    return user.active and user.role is Role.ADMIN


def _any_administrator(connection: Connection) -> bool:
    query = select(users.c.id).where(users.c.role == Role.ADMIN.value, users.c.active.is_(True)).limit(1)
    return connection.execute(query).first() is not None


def _require(connection: Connection, user_id: str) -> User:
    row = connection.execute(select(users).where(users.c.id == user_id)).one_or_none()
    if row is None:
        raise NotFound(_NO_ACCOUNT)
    return user_of(row)


def user_of(row: Row[Any]) -> User:
    """The account of a row that has all columns of `users`."""
    return User(
        id=row.id,
        name=row.name,
        display_name=row.display_name,
        role=Role(row.role),
        active=row.active,
        must_change_password=row.must_change_password,
        session_epoch=row.session_epoch,
        created_at=row.created_at,
        last_seen_at=row.last_seen_at,
        reader_group=row.reader_group,
        departments=_departments(row),
        departments_by_groups=row.departments_by_groups,
    )


def _departments(row: Row[Any]) -> frozenset[str] | None:
    """Those that an account is bound to; administrators work for the whole house."""
    if row.departments is None or row.role == Role.ADMIN.value:
        return None
    return frozenset(from_json(tuple[str, ...], row.departments))


def _mail_choice(row: Row[Any]) -> MailChoice:
    told = {topic: row._mapping[until.name] for topic, (_, until) in _MAIL_COLUMNS.items()}
    return MailChoice(
        user_of(row),
        row.mail,
        None if row.review_mails is None else MailedReviews(row.review_mails),
        None if row.alert_mails is None else MailedAlerts(row.alert_mails),
        {topic: until for topic, until in told.items() if until is not None},
    )
