"""Whose scans this thread's reads may see: the wall between departments, in the one place all reads pass.

Who is signed in stands here for as long as a request lasts (`begin`, `end`). While that is somebody bound to
departments, `data.database.reading` lends a connection that narrows every statement to rows of scans of
those departments, whatever store asks: another department's scan, result, review or patient is not there.
What the house does for itself (jobs, what is held in memory for all) reads under `whole_house`. Transactions
that write are not narrowed: whether a patient has another scan is a question about the house.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import Any, cast

from sqlalchemy import (
    Alias,
    ColumnElement,
    Connection,
    FromClause,
    Join,
    Select,
    Table,
    and_,
    false,
    or_,
    select,
)
from sqlalchemy.sql import visitors

from data.tables import patient_conflicts, patients, refusals, scans, uploads, views

Departments = frozenset[str]
_bound: ContextVar[Departments | None] = ContextVar("lightbox_departments", default=None)

OF_THE_HOUSE = frozenset(
    {
        "acceptance_protocols", "acceptance_tests", "alerts", "audit_events", "audit_head", "audit_sent",
        "boards", "card_statements", "code_generators", "departments", "dicom_arrivals", "dicom_listening",
        "dicom_senders", "dicom_watches", "drift_limits", "drift_references", "drift_runs", "embeddings",
        "erasures", "evaluations", "external_identities", "external_sessions", "goals", "import_items",
        "imports", "jobs", "known_browsers", "leases", "legal_holds", "passkey_challenges", "passkeys",
        "pixel_screenings", "prior_rules", "prior_series", "promotions", "received_series", "recovery_codes",
        "remote_nodes", "reports", "retention_rules", "retrainings", "revisions", "routing_rules",
        "schedule_runs", "schedules", "seen_groups", "servers", "sessions", "sign_in_attempts",
        "sign_in_notices", "stop_switches", "suspensions", "tokens", "unaided_rules", "users",
    }
)  # fmt: skip
"""Tables that are of no scan, or whose rows only permissions of the whole house lead to, or a scan's id.

`pixel_screenings` is keyed by content. A table that is neither here nor of a scan fails a test.
"""


def bound() -> Departments | None:
    """The departments that this thread is bound to; None: the whole house."""
    return _bound.get()


def begin(departments: Departments | None) -> Token[Departments | None]:
    """Whatever this thread reads from now on is of these departments; `end` takes the answer."""
    return _bound.set(departments)


def end(token: Token[Departments | None]) -> None:
    """As it was before."""
    _bound.reset(token)


@contextmanager
def seen_by(departments: Departments | None) -> Iterator[None]:
    """Whatever this thread reads within is of these departments; None: of the whole house."""
    token = begin(departments)
    try:
        yield
    finally:
        end(token)


def whole_house() -> Any:
    """Whatever this thread reads within is for the house itself, and shown to nobody as it is."""
    return seen_by(None)


class WalledConnection:
    """A connection that reads, of rows of scans, only those of some departments.

    It lends no more of a connection than stores need to read: anything else is refused, not passed by.
    """

    def __init__(self, connection: Connection, departments: Departments) -> None:
        self._connection = connection
        self._departments = departments

    @property
    def engine(self) -> Any:
        """The engine behind it."""
        return self._connection.engine

    def execution_options(self, **options: Any) -> WalledConnection:
        """The same with these options."""
        return WalledConnection(self._connection.execution_options(**options), self._departments)

    def execute(self, statement: Any, parameters: Any = None, **options: Any) -> Any:
        """As a connection does; raises TypeError for what is no SELECT."""
        if not getattr(statement, "is_select", False):
            raise TypeError("a read that is no SELECT cannot be narrowed to departments")
        return self._connection.execute(narrowed(statement, self._departments), parameters, **options)


def walled(connection: Connection) -> Connection:
    """The connection as this thread may read by it."""
    departments = bound()
    if departments is None:
        return connection
    return cast(Connection, WalledConnection(connection, departments))


def narrowed(statement: Any, departments: Departments) -> Any:
    """A SELECT whose every part, subqueries too, sees of scans only those of these departments."""

    def narrow(part: Select[Any]) -> None:
        for origin in part.get_final_froms():
            for table in _leaves(origin):
                condition = _condition(table, departments)
                if condition is not None:
                    cast(Any, Select.where).non_generative(part, condition)

    return visitors.cloned_traverse(statement, {}, cast(Any, {"select": narrow}))


def is_of_scans(table: Table) -> bool:
    """Whether rows of this table are narrowed."""
    return table in _SPECIAL or "scan_id" in table.c


def _leaves(origin: FromClause) -> Iterator[tuple[Table, FromClause]]:
    """The tables in a FROM, each with what names its columns there; subqueries are parts themselves."""
    if isinstance(origin, Join):
        yield from _leaves(origin.left)
        yield from _leaves(origin.right)
    elif isinstance(origin, Table):
        yield origin, origin
    elif isinstance(origin, Alias) and isinstance(origin.element, Table):
        yield origin.element, origin


def _condition(leaf: tuple[Table, FromClause], departments: Departments) -> ColumnElement[bool] | None:
    table, named = leaf
    if table in _SPECIAL:
        return _SPECIAL[table](named, departments)
    if "scan_id" in table.c:
        return _or_missing(named.c.scan_id, named.c.scan_id.in_(_own(departments, "id")))
    return None


def _own(departments: Departments, column: str) -> Select[Any]:
    own = scans.alias("of_departments")
    return select(own.c[column]).where(own.c.department_id.in_(sorted(departments)))


def _or_missing(column: ColumnElement[Any], condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """What an outer join found nothing for is nothing of another department."""
    return or_(column.is_(None), condition)


def _of_scan(named: FromClause, departments: Departments) -> ColumnElement[bool]:
    return _or_missing(named.c.id, named.c.department_id.in_(sorted(departments)))


def _of_patient(named: FromClause, departments: Departments) -> ColumnElement[bool]:
    """Whoever has a scan there, and rows that were merged into somebody who has."""
    own = _own(departments, "patient_id")
    return _or_missing(named.c.id, or_(named.c.id.in_(own), named.c.merged_into.in_(own)))


def _of_conflict(named: FromClause, departments: Departments) -> ColumnElement[bool]:
    own = _own(departments, "patient_id")
    both = and_(named.c.first_id.in_(own), named.c.second_id.in_(own))
    return _or_missing(named.c.id, both)


def _nothing(named: FromClause, _: Departments) -> ColumnElement[bool]:
    return _or_missing(named.c.id, false())


def _as_it_is(_: FromClause, __: Departments) -> None:
    return None


_SPECIAL: Mapping[Table, Callable[[FromClause, Departments], ColumnElement[bool] | None]] = {
    scans: _of_scan,
    patients: _of_patient,
    patient_conflicts: _of_conflict,
    refusals: _nothing,  # of what was refused nothing says whose it is
    views: _nothing,  # anybody's words, of the whole house
    uploads: _as_it_is,  # asked for by their sender alone (`services.reading.uploads`)
}
