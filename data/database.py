"""Opening a database and bringing its tables up to date."""

from __future__ import annotations

import hashlib
import math
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast
from weakref import WeakKeyDictionary

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.pool import QueuePool

from data.department_wall import walled
from data.errors import InvalidInput, LightboxError, Outage
from data.outages import LOCKED
from data.sqlite_file import follow

Database = Engine
"""An opened database, for those above who pass it on without knowing SQL."""

DATABASE_FAULTS = (SQLAlchemyError, sqlite3.Error, OSError, Outage)
"""What comes of a database that is closed, locked or away; anything else is a mistake of ours."""

_DRIVERS = {
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mysql+pymysql",
}
_BUSY_TIMEOUT_S = 15
_VALUES_AT_ONCE = 500
_Value = TypeVar("_Value")
_WRITING = "lightbox_writing"
_AT_END = "lightbox_at_end"
AtEnd = Callable[[Connection, list[Any]], None]
_NEWER = (
    "A newer Lightbox (its tables are at {revision}, this one knows them up to {known}) has changed this "
    "database, and it is left as it is: start that version, or restore a backup from before."
)


class _Turn:
    """Whose turn it is to write to a SQLite file."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.refused_at = -math.inf  # when the file was last found locked by another process


# SQLite lets waiting writers sleep and look again, so that some of twenty may wait for seconds;
# within one process they take turns here instead.
_turns: WeakKeyDictionary[Engine, _Turn] = WeakKeyDictionary()

# The transactions that the stores of this thread take part in (`together`).
_shared = threading.local()


def id_from(*parts: str) -> str:
    """The id that follows from these parts, in every run: what is written twice is written once."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def statement_parts(values: Sequence[_Value]) -> Iterator[Sequence[_Value]]:
    """The values that one statement may name at a time: databases bound how many they take."""
    for start in range(0, len(values), _VALUES_AT_ONCE):
        yield values[start : start + _VALUES_AT_ONCE]


def new_id() -> str:
    """A fresh id: a random UUID as 32 hexadecimal digits."""
    return uuid.uuid4().hex


def now() -> datetime:
    """This moment, aware, in UTC."""
    return datetime.now(UTC)


def open_database(url: str | URL) -> Engine:
    """An engine for SQLite, PostgreSQL, MySQL or MariaDB; the driver in the URL may be left out.

    LightboxError where the driver is not installed.

    The folder of a SQLite file is made where it is missing. Tables are `migrate`'s business.
    """
    address = make_url(url)
    address = address.set(drivername=_DRIVERS.get(address.drivername, address.drivername))
    if address.get_backend_name() == "sqlite":
        return _open_sqlite(address)
    options: dict[str, Any] = {"pool_pre_ping": True, "pool_size": 20, "max_overflow": 40}
    try:
        # What a transaction reads after it took a lock must be what the lock's last holder wrote.
        return create_engine(address, isolation_level="READ COMMITTED", **options)
    except ModuleNotFoundError as error:
        raise LightboxError(f"This database needs the Python package {error.name}: install it.") from error


def _open_sqlite(address: URL) -> Engine:
    in_memory = address.database in (None, "", ":memory:")
    if not in_memory:
        Path(str(address.database)).parent.mkdir(parents=True, exist_ok=True)
    # A database in memory lives in its connection: one, lent to one thread at a time.
    size = {"pool_size": 1, "max_overflow": 0} if in_memory else {"pool_size": 20, "max_overflow": 40}
    arguments = {"check_same_thread": False, "timeout": _BUSY_TIMEOUT_S}
    engine = create_engine(address, poolclass=QueuePool, connect_args=arguments, **size)
    _turns[engine] = _Turn()
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    if not in_memory:
        follow(engine, Path(str(address.database)))
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions begin in _begin_sqlite, not by the driver's guess
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    # With NORMAL, a power cut may take back the last commits: an accepted scan would be lost.
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    # What is deleted is overwritten, not only forgotten: it may be a patient's name.
    cursor.execute("PRAGMA secure_delete=ON")
    cursor.execute(f"PRAGMA busy_timeout={_BUSY_TIMEOUT_S * 1000}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that starts by reading and then writes cannot wait for its turn: SQLite
    # answers "database is locked" at once. Writers therefore queue before they read.
    if not connection.get_execution_options().get(_WRITING, False):
        # It waits for nothing and reads nothing yet. There are very many: past SQLAlchemy.
        cast(Any, connection.connection.driver_connection).execute("BEGIN")
        return
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    except OperationalError:
        _turns[connection.engine].refused_at = time.monotonic()
        raise


def answers(engine: Engine) -> bool:
    """Whether the database can be reached."""
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except DATABASE_FAULTS:
        return False
    return True


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection whose statements see one state of the database, and what this thread may see of it."""
    joined, moment = _joined(engine), _moments().get(engine)
    if joined is not None:
        yield walled(joined)
    elif moment is not None:
        with moment.lent() as connection:
            yield walled(connection)
    else:
        with engine.connect() as connection:
            yield walled(connection)


class _Moment:
    """The connection by which a thread reads for a while, as long as it writes nothing."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None
        self.looked_up: dict[Hashable, Any] = {}

    @contextmanager
    def lent(self) -> Iterator[Connection]:
        """The connection; after an error another one comes."""
        if self._connection is None:
            self._connection = self._engine.connect()
        try:
            yield self._connection
        except BaseException:
            self.end()
            raise

    def end(self) -> None:
        """What is read from here on is of another moment."""
        self.looked_up = {}
        if self._connection is not None:
            self._connection.close()
            self._connection = None


@contextmanager
def one_moment(engine: Engine) -> Iterator[None]:
    """Whatever this thread's stores read meanwhile is of one moment, by one connection: a third cheaper.

    What this thread writes meanwhile is seen after that. For what is read at once and waits for nobody: what
    others write is not seen before the end. Inside another one, or a transaction, it is part of that.
    """
    if _joined(engine) is not None or engine in _moments():
        yield
        return
    moment, before = _Moment(engine), _moments()
    _shared.moments = {**before, engine: moment}
    try:
        yield
    finally:
        _shared.moments = before
        moment.end()


def looked_up_in_moment(engine: Engine) -> dict[Hashable, Any] | None:
    """What this thread has looked up in its `one_moment` and may take from here; None where it is in none."""
    moment = None if is_joined(engine) else _moments().get(engine)
    return None if moment is None else moment.looked_up


@contextmanager
def as_of_now(engine: Engine) -> Iterator[None]:
    """Whatever is read meanwhile is of now also within `one_moment`: for what is kept for everybody."""
    before = _moments()
    _shared.moments = {each: moment for each, moment in before.items() if each is not engine}
    try:
        yield
    finally:
        _shared.moments = before


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that is committed at the end, or taken back on any error."""
    joined = _joined(engine)
    if joined is not None:
        yield joined
        return
    with _transaction(engine) as connection:
        yield connection


@contextmanager
def attempting(engine: Engine) -> Iterator[Connection]:
    """As `writing`, for what may fail; a transaction that it is part of goes on all the same."""
    joined = _joined(engine)
    if joined is None:
        with writing(engine) as connection:
            yield connection
        return
    with joined.begin_nested():
        yield joined


@contextmanager
def together(engine: Engine) -> Iterator[None]:
    """One transaction around whatever this thread's stores read and write in the meantime.

    It is committed at the end, or taken back as a whole on any error that gets this far. Inside another one
    it is part of that.
    """
    if _joined(engine) is not None:
        yield
        return
    with _transaction(engine) as connection:
        before = _connections()
        _shared.connections = {**before, engine: connection}
        try:
            yield
        finally:
            _shared.connections = before


def _connections() -> dict[Engine, Connection]:
    """The transaction that this thread's stores share, by database."""
    connections: dict[Engine, Connection] = getattr(_shared, "connections", {})
    return connections


def _joined(engine: Engine) -> Connection | None:
    return _connections().get(engine)


def is_joined(engine: Engine) -> bool:
    """Whether what this thread writes now is part of a transaction that others began."""
    return _joined(engine) is not None


def _moments() -> dict[Engine, _Moment]:
    """What this thread's stores read by where that is of one moment, by database."""
    moments: dict[Engine, _Moment] = getattr(_shared, "moments", {})
    return moments


@contextmanager
def _transaction(engine: Engine) -> Iterator[Connection]:
    if engine in _moments():
        _moments()[engine].end()
    with (
        _turn(engine),
        engine.connect().execution_options(**{_WRITING: True}) as connection,
        connection.begin(),
    ):
        ends: dict[AtEnd, list[Any]] = {}
        info = connection.info  # of a connection that broke meanwhile it could not be asked for again
        info[_AT_END] = ends
        try:
            yield connection
            for act, values in ends.items():
                act(connection, values)
        finally:
            info.pop(_AT_END, None)


@contextmanager
def _turn(engine: Engine) -> Iterator[None]:
    """Wait for one's turn to write to a SQLite file; other databases need none.

    Raises Outage where whoever was before waited for the file in vain meanwhile: another process holds it,
    and all who wait hold a thread of the server each.
    """
    turn, came = _turns.get(engine), time.monotonic()
    if turn is None:
        yield
        return
    with turn.lock:
        if turn.refused_at > came:
            raise Outage(LOCKED)
        yield


@contextmanager
def writers_wait(engine: Engine) -> Iterator[None]:
    """No transaction of this process writes to a SQLite database while this lasts."""
    turn = _turns.get(engine)
    with nullcontext() if turn is None else turn.lock:
        yield


def at_end(connection: Connection, act: AtEnd) -> list[Any]:
    """What `act` is given, once, as the last thing before this transaction is committed.

    For what takes a lock that many wait for: it is held for as short as can be, and taken after every
    other, so that no two transactions wait for each other.
    """
    ends: dict[AtEnd, list[Any]] = connection.info[_AT_END]
    return ends.setdefault(act, [])


def migrate(engine: Engine) -> None:
    """Brings the tables to the newest revision, making them where there are none.

    Raises InvalidInput for a database that a newer Lightbox has changed.
    """
    with writing(engine) as connection:
        revision = MigrationContext.configure(connection).get_current_revision()
        if revision == _newest_revision():
            return
        if revision is not None and not knows_revision(revision):
            raise InvalidInput(_NEWER.format(revision=revision, known=_newest_revision()))
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def knows_revision(revision: str) -> bool:
    """Whether this Lightbox can bring a database with this revision up to date."""
    return any(script.revision == revision for script in _scripts().walk_revisions())


def is_up_to_date(engine: Engine) -> bool:
    """Whether the tables are those of this Lightbox."""
    with reading(engine) as connection:
        return MigrationContext.configure(connection).get_current_revision() == _newest_revision()


@cache
def _newest_revision() -> str | None:
    return _scripts().get_current_head()


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(alembic_config())


def alembic_config() -> Config:
    """Alembic's settings, without an ini file: the scripts lie beside this module."""
    config = Config()
    folder = Path(__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
