"""MariaDB and MySQL, by mariadb-dump: SQL text, packed, a statement a row."""

from __future__ import annotations

import gzip
import os
import re
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from sqlalchemy import inspect, text
from sqlalchemy.engine import URL

from data.atomic_files import PRIVATE
from data.database import open_database
from data.snapshots.programs import program, refuse_failure
from data.snapshots.taken import Snapshot, revision_of

_PACKAGE = "MariaDB's client programs (mariadb-client)"
_INSERT = re.compile(rb"INSERT INTO `([^`]+)` ")
_DEFINER = re.compile(rb"/\*!\d+ DEFINER=`[^`]*`@`[^`]*`\s*\*/|DEFINER=`[^`]*`@`[^`]*` ")
_TRIGGER = (b"/*!50003 CREATE", b"CREATE DEFINER")


@contextmanager
def snapshot(address: URL, file: Path) -> Iterator[Snapshot]:
    """See `data.snapshots.snapshot`. Rows are counted in the dump.

    The connection sees what was there just before: MariaDB lends nobody the snapshot of another connection.
    """
    dump = program(["mariadb-dump", "mysqldump"], _PACKAGE)
    engine = open_database(address)
    try:
        with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
            connection.execute(text("SELECT 1 FROM alembic_version"))  # from here on it sees one state
            names = inspect(connection).get_table_names()
            counts = Counter(dict.fromkeys(names, 0))
            with _options(address) as options:
                how = ["--single-transaction", "--quick", "--skip-extended-insert", "--no-autocommit"]
                form = ["--hex-blob", "--triggers", "--no-tablespaces", "--default-character-set=utf8mb4"]
                counts.update(_dumped([dump, options, *how, *form, str(address.database)], file))
            yield Snapshot(connection, revision_of(connection), dict(sorted(counts.items())))
    finally:
        engine.dispose()


def put_back(address: URL, file: Path) -> None:
    """See `data.snapshots.put_back`."""
    client = program(["mariadb", "mysql"], _PACKAGE)
    with _options(address) as options:
        command = [client, options, "--default-character-set=utf8mb4", str(address.database)]
        with gzip.open(file, "rb") as source, tempfile.TemporaryFile() as said:
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=said)  # noqa: S603
            assert process.stdin is not None
            try:
                while piece := source.read(1 << 20):
                    process.stdin.write(piece)
                process.stdin.close()
            except BrokenPipeError:
                pass  # it has ended; why, it has said
            _refuse(command, process, said)


def _dumped(command: Sequence[str], file: Path) -> Counter[str]:
    """Runs a dump into a packed file; how many rows of each table it holds."""
    rows: Counter[str] = Counter()
    file.touch(mode=PRIVATE)
    with tempfile.TemporaryFile() as said, gzip.open(file, "wb", compresslevel=6) as packed:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said)  # noqa: S603
        assert process.stdout is not None
        for line in process.stdout:
            into = _INSERT.match(line)
            if into:
                rows[into[1].decode()] += 1
            # Who may not act for the account that made a trigger could not make it anew.
            packed.write(_DEFINER.sub(b"", line) if line.startswith(_TRIGGER) else line)
        process.stdout.close()
        _refuse(command, process, said)
    return rows


def _refuse(command: Sequence[str], process: subprocess.Popen[bytes], said: IO[bytes]) -> None:
    status = process.wait()
    said.seek(0)
    refuse_failure(command, status, said.read().decode(errors="replace"))


@contextmanager
def _options(address: URL) -> Iterator[str]:
    """The argument that names a file with server and password: others can read command lines."""
    told = {
        "host": address.host or "localhost",
        "port": str(address.port or 3306),
        "user": address.username or "",
        "password": str(address.password or ""),
    }
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "options.cnf")
        file.touch(mode=PRIVATE)
        lines = [f'{name}="{_quoted(value)}"\n' for name, value in told.items()]
        file.write_text("[client]\n" + "".join(lines))
        yield f"--defaults-extra-file={os.fspath(file)}"


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')
