"""Departments, who is bound to which, and which scans are of which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Engine, Row, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from data.codec import from_json, to_json
from data.columns import folded
from data.database import reading, statement_parts, writing
from data.department_wall import whole_house
from data.errors import InvalidInput, NotFound
from data.ledger.rows import not_withdrawn, note_departments
from data.records import Department, Scan, department_of, sending_ae_title
from data.revisions import bump
from data.tables import REVISION_OF_SCANS, REVISION_OF_USERS, departments, scans, users

NO_DEPARTMENT = "There is no such department."


class DepartmentStore:
    """Departments of the house; what a scan or an account says of them is only changed here."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def all(self) -> list[Department]:
        """Every department, by name."""
        with reading(self._engine) as connection:
            return _all(connection)

    def existing(self, department_id: str) -> Department:
        """The department; raises NotFound where there is none."""
        known = {department.id: department for department in self.all()}
        if department_id not in known:
            raise NotFound(NO_DEPARTMENT)
        return known[department_id]

    def put(self, department: Department) -> None:
        """Keep a new department, or what an earlier one of this id has become. InvalidInput for a name,
        sender or site that another one has.
        """
        key = folded(department.name)
        values = {
            "name": department.name,
            "name_key": key,
            "senders": to_json(department.senders),
            "sites": to_json(department.sites),
        }
        try:
            with writing(self._engine) as connection:
                bump(connection, REVISION_OF_USERS)  # two administrators take turns
                _refuse_doubles(department, _all(connection))
                mine = departments.c.id == department.id
                if connection.execute(select(departments.c.id).where(mine)).first() is None:
                    own = {"id": department.id, "created_at": department.created_at}
                    connection.execute(insert(departments).values(**own, **values))
                else:
                    connection.execute(update(departments).where(mine).values(**values))
        except IntegrityError as error:
            raise InvalidInput(f"There is already a department called {department.name}.") from error

    def delete(self, department_id: str) -> None:
        """Forget a department; InvalidInput while a scan or an account is of it, NotFound for none."""
        with writing(self._engine) as connection:
            bump(connection, REVISION_OF_USERS)
            bump(connection, REVISION_OF_SCANS)
            mine = scans.c.department_id == department_id
            if connection.execute(select(scans.c.id).where(mine).limit(1)).first() is not None:
                raise InvalidInput("Scans are of this department: move them first.")
            bound = connection.execute(select(users.c.departments)).scalars()
            if any(department_id in from_json(tuple[str, ...], said) for said in bound if said):
                raise InvalidInput("People belong to this department: let them belong elsewhere first.")
            gone = connection.execute(delete(departments).where(departments.c.id == department_id))
            if not gone.rowcount:
                raise NotFound(NO_DEPARTMENT)

    def counts(self) -> dict[str | None, int]:
        """How many scans that were not withdrawn are of each department, and of none."""
        query = select(scans.c.department_id, func.count()).where(not_withdrawn(scans.c.id))
        with reading(self._engine) as connection:
            rows = connection.execute(query.group_by(scans.c.department_id))
            return {row[0]: int(row[1]) for row in rows}

    def to_assign(self) -> dict[str, list[str]]:
        """The scans of no department that a rule gives one now, by department."""
        with reading(self._engine) as connection:
            return _to_assign(connection)

    def assign(self, expected: int) -> dict[str, list[str]]:
        """Give the scans of `to_assign` their departments; returns which got which.

        InvalidInput where these are not as many as `expected`: somebody was shown another number.
        """
        with writing(self._engine) as connection:
            bump(connection, REVISION_OF_SCANS)
            by_department = _to_assign(connection)
            if sum(map(len, by_department.values())) != expected:
                raise InvalidInput("The number of scans has changed meanwhile: look at it once more.")
            for department_id, scan_ids in by_department.items():
                _give(connection, scan_ids, department_id)
            return by_department

    def move(self, scan_ids: Sequence[str], department_id: str | None) -> None:
        """Let scans be of a department, or of none; NotFound for one that there is not."""
        with writing(self._engine) as connection:
            bump(connection, REVISION_OF_USERS)  # nobody deletes the department meanwhile
            bump(connection, REVISION_OF_SCANS)
            if department_id is not None:
                query = select(departments.c.id).where(departments.c.id == department_id)
                if connection.execute(query).first() is None:
                    raise NotFound(NO_DEPARTMENT)
            _give(connection, scan_ids, department_id)

    def outside(self, ids: Sequence[str]) -> set[str]:
        """Those of these ids that are scans of which this thread may read nothing."""
        query = select(scans.c.id).where(scans.c.id.in_(ids))
        with whole_house(), reading(self._engine) as connection:
            known = set(connection.execute(query).scalars())
        if not known:
            return known
        with reading(self._engine) as connection:
            return known - set(connection.execute(query).scalars())


def decided_department(connection: Connection, scan: Scan) -> str | None:
    """The department that a new scan is of: the one place where that is decided."""
    every = _all(connection)
    if not every:
        return None
    return _decided(scan.uploaded_by, scan.header.site, every, _bound(connection, scan.uploaded_by))


def _decided(
    uploaded_by: str, site: str | None, every: Sequence[Department], bound: dict[str, tuple[str, ...]]
) -> str | None:
    return department_of(sending_ae_title(uploaded_by), site, bound.get(uploaded_by, ()), every)


def _bound(connection: Connection, user_id: str | None = None) -> dict[str, tuple[str, ...]]:
    """To which departments accounts, or one of them, are bound, by id."""
    query = select(users.c.id, users.c.departments).where(users.c.departments.is_not(None))
    query = query if user_id is None else query.where(users.c.id == user_id)
    return {row.id: from_json(tuple[str, ...], row.departments) for row in connection.execute(query)}


def _to_assign(connection: Connection) -> dict[str, list[str]]:
    every, bound = _all(connection), _bound(connection)
    if not every:
        return {}
    query = select(scans.c.id, scans.c.uploaded_by, scans.c.site).where(scans.c.department_id.is_(None))
    by_department: dict[str, list[str]] = {}
    for row in connection.execute(query.order_by(scans.c.created_at, scans.c.id)):
        decided = _decided(row.uploaded_by, row.site, every, bound)
        if decided is not None:
            by_department.setdefault(decided, []).append(row.id)
    return by_department


def _give(connection: Connection, scan_ids: Sequence[str], department_id: str | None) -> None:
    for part in statement_parts(scan_ids):
        moved = update(scans).where(scans.c.id.in_(part)).values(department_id=department_id)
        connection.execute(moved)
        note_departments(connection, part, department_id)


def _refuse_doubles(department: Department, every: Sequence[Department]) -> None:
    for other in every:
        if other.id == department.id:
            continue
        if folded(other.name) == folded(department.name):
            raise InvalidInput(f"There is already a department called {department.name}.")
        for mine, theirs in ((department.senders, other.senders), (department.sites, other.sites)):
            both = {folded(name) for name in mine} & {folded(name) for name in theirs}
            for name in sorted(both):
                raise InvalidInput(f"“{name}” is of {other.name} already.")


def _all(connection: Connection) -> list[Department]:
    rows = connection.execute(select(departments).order_by(departments.c.name_key))
    return [_department(row) for row in rows]


def _department(row: Row[Any]) -> Department:
    senders: tuple[str, ...] = from_json(tuple[str, ...], row.senders)
    sites: tuple[str, ...] = from_json(tuple[str, ...], row.sites)
    return Department(row.id, row.name, senders, sites, row.created_at)
