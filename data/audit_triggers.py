"""Triggers that refuse to change or delete events, or to add one out of turn.

They stop mistakes and whoever may write to tables but not change these. Who owns the database can take them
away: the chain is what tells of that.
"""

from __future__ import annotations

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

_SAYS = "events of the audit trail are only added"
_TURN = "the number of an event follows that of the one before"
_HEAD = "(SELECT number FROM audit_head WHERE id = 1)"

_SQLITE = {
    "audit_events_update": f"BEFORE UPDATE ON audit_events BEGIN SELECT RAISE(ABORT, '{_SAYS}'); END",
    "audit_events_delete": f"BEFORE DELETE ON audit_events BEGIN SELECT RAISE(ABORT, '{_SAYS}'); END",
    # OR REPLACE deletes without asking the trigger above.
    "audit_events_insert": (
        f"BEFORE INSERT ON audit_events WHEN NEW.number IS NULL OR NEW.number <= {_HEAD} "
        f"BEGIN SELECT RAISE(ABORT, '{_TURN}'); END"
    ),
}
_MYSQL = {
    "audit_events_update": (
        f"BEFORE UPDATE ON audit_events FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '{_SAYS}'"
    ),
    "audit_events_delete": (
        f"BEFORE DELETE ON audit_events FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '{_SAYS}'"
    ),
    "audit_events_insert": (
        "BEFORE INSERT ON audit_events FOR EACH ROW BEGIN "
        f"IF NEW.number IS NULL OR NEW.number <= {_HEAD} THEN "
        f"SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '{_TURN}'; END IF; END"
    ),
}
_POSTGRESQL = {
    "audit_events_update": "BEFORE UPDATE ON audit_events FOR EACH ROW EXECUTE FUNCTION audit_only_added()",
    "audit_events_delete": "BEFORE DELETE ON audit_events FOR EACH ROW EXECUTE FUNCTION audit_only_added()",
    "audit_events_truncate": (
        "BEFORE TRUNCATE ON audit_events FOR EACH STATEMENT EXECUTE FUNCTION audit_only_added()"
    ),
    "audit_events_insert": ("BEFORE INSERT ON audit_events FOR EACH ROW EXECUTE FUNCTION audit_in_turn()"),
}
_FUNCTIONS = (
    "CREATE OR REPLACE FUNCTION audit_only_added() RETURNS trigger LANGUAGE plpgsql AS "
    f"$$ BEGIN RAISE EXCEPTION '{_SAYS}'; END $$",
    "CREATE OR REPLACE FUNCTION audit_in_turn() RETURNS trigger LANGUAGE plpgsql AS "
    f"$$ BEGIN IF NEW.number IS NULL OR NEW.number <= {_HEAD} THEN "
    f"RAISE EXCEPTION '{_TURN}'; END IF; RETURN NEW; END $$",
)
_KNOWN = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit_events'",
    "postgresql": (
        "SELECT tgname FROM pg_trigger WHERE tgrelid = 'audit_events'::regclass "
        "AND NOT tgisinternal AND tgenabled <> 'D'"
    ),
    "mysql": (
        "SELECT trigger_name FROM information_schema.triggers "
        "WHERE event_object_table = 'audit_events' AND trigger_schema = database()"
    ),
}


def triggers_of(connection: Connection) -> dict[str, str]:
    """The triggers that this kind of database is to have, by name."""
    return {"sqlite": _SQLITE, "postgresql": _POSTGRESQL}.get(_kind(connection), _MYSQL)


def missing_triggers(connection: Connection) -> list[str]:
    """The triggers that are not there, or switched off; by name."""
    there = {str(name) for name in connection.execute(text(_KNOWN[_kind(connection)])).scalars()}
    return sorted(set(triggers_of(connection)) - there)


def make_triggers(connection: Connection) -> str | None:
    """Make them all; a sentence where this database's user may not (MySQL with a binary log)."""
    if _kind(connection) == "postgresql":
        for function in _FUNCTIONS:
            connection.exec_driver_sql(function)
    try:
        for name, trigger in triggers_of(connection).items():
            connection.exec_driver_sql(f"CREATE TRIGGER {name} {trigger}")
    except DBAPIError as error:
        if _kind(connection) != "mysql":
            raise
        return f"The database keeps no triggers of the audit trail: {error.orig}"
    return None


def drop_triggers(connection: Connection) -> None:
    """Take them away, for a migration that rewrites the table."""
    of_table = " ON audit_events" if _kind(connection) == "postgresql" else ""
    for name in triggers_of(connection):
        connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}{of_table}")
    if _kind(connection) == "postgresql":
        connection.exec_driver_sql("DROP FUNCTION IF EXISTS audit_only_added()")
        connection.exec_driver_sql("DROP FUNCTION IF EXISTS audit_in_turn()")


def _kind(connection: Connection) -> str:
    name = connection.dialect.name
    return "mysql" if name == "mariadb" else name
