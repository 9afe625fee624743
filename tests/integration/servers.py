"""Real database servers for tests: each on a free port, in a folder of its own, gone afterwards."""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy.exc import DBAPIError

from data.database import open_database

_READY_WITHIN_S = 60
_S = TypeVar("_S", bound="Server")
LEFT_SOCKETS = pytest.mark.filterwarnings(
    # pynetdicom leaves a socket that could not connect to the garbage collector
    "ignore:Exception ignored in. <socket.socket:pytest.PytestUnraisableExceptionWarning"
)


class Server:
    """A server in a process group of its own; it can be killed, and started again."""

    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        raise NotImplementedError

    def kill(self) -> None:
        """End it at once, with the processes that it started, as a power cut would."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None


@contextmanager
def started(server: _S) -> Iterator[_S]:
    try:
        server.start()
        yield server
    finally:
        server.kill()


@contextmanager
def postgresql() -> Iterator[str]:
    """The URL of an empty database in a new PostgreSQL; skips the test where that cannot be had."""
    with postgresql_server() as server:
        yield server.url


@contextmanager
def mariadb() -> Iterator[str]:
    """The URL of an empty database in a new MariaDB; skips the test where that cannot be had."""
    with mariadb_server() as server:
        yield server.url


class DatabaseServer(Server):
    """A database server on a folder; it can be killed, and started again there."""

    def __init__(self, command: list[str], folder: Path, url: str) -> None:
        self.url = url
        self._command, self._log = command, folder / "log"

    def start(self) -> None:
        """Start it and wait until it answers."""
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(
                self._command, stdout=output, stderr=subprocess.STDOUT, cwd="/", start_new_session=True
            )
        _wait_until_ready(self._process, self.url, self._log)


class _PostgreSQL(DatabaseServer):
    def __init__(self, command: list[str], folder: Path, url: str, data: Path) -> None:
        super().__init__(command, folder, url)
        self._pid_file = data / "postmaster.pid"

    def kill(self) -> None:
        """End it without a checkpoint; its children are in groups of their own, so that it tells them."""
        if self._process is not None:
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                os.kill(int(self._pid_file.read_text().splitlines()[0]), signal.SIGQUIT)
            self._process.wait(_READY_WITHIN_S)
            self._process = None


@contextmanager
def postgresql_server() -> Iterator[DatabaseServer]:
    """A new PostgreSQL with an empty database, started; skips the test where that cannot be had."""
    pytest.importorskip("psycopg", reason="the PostgreSQL driver psycopg is not installed")
    program = _program("postgres", "/usr/lib/postgresql/*/bin")
    initdb = _program("initdb", "/usr/lib/postgresql/*/bin")
    with _folder("postgres") as (folder, as_user):
        data, port = folder / "data", free_port()
        options = ["--auth=trust", "--username=lightbox", "--encoding=UTF8", "--locale=C", "--no-sync"]
        _do([*as_user, initdb, "-D", str(data), *options])
        settings = ["listen_addresses=127.0.0.1", f"unix_socket_directories={folder}", "fsync=off"]
        command = [*as_user, program, "-D", str(data), "-p", str(port)]
        command += [part for setting in settings for part in ("-c", setting)]
        url = f"postgresql://lightbox@127.0.0.1:{port}/postgres"
        with started(_PostgreSQL(command, folder, url, data)) as server:
            yield server


@contextmanager
def mariadb_server() -> Iterator[DatabaseServer]:
    """A new MariaDB with an empty database, started; skips the test where that cannot be had."""
    pytest.importorskip("pymysql", reason="the MySQL driver pymysql is not installed")
    program = _program("mariadbd", "/usr/sbin")
    install = _program("mariadb-install-db", "/usr/bin")
    with _folder("mysql") as (folder, as_user):
        data, port, first = folder / "data", free_port(), folder / "first.sql"
        _do([*as_user, install, "--no-defaults", f"--datadir={data}", "--skip-test-db"])
        first.write_text(
            "create database if not exists lightbox;\n"
            "create user if not exists lightbox@'%' identified by 'lightbox';\n"
            "grant all on `lightbox%`.* to lightbox@'%';\n"
        )
        first.chmod(0o644)
        options = [f"--datadir={data}", f"--port={port}", f"--socket={folder}/socket", f"--init-file={first}"]
        quick = ["--bind-address=127.0.0.1", "--skip-name-resolve", "--innodb-flush-log-at-trx-commit=2"]
        url = f"mysql://lightbox:lightbox@127.0.0.1:{port}/lightbox"
        command = [*as_user, program, "--no-defaults", *options, *quick]
        with started(DatabaseServer(command, folder, url)) as server:
            yield server


class MlflowServer(Server):
    """A real `mlflow server` on a database and a folder; it can be killed, and started again there."""

    def __init__(self, database_url: str, folder: Path) -> None:
        self._port = free_port()
        self._log = folder / "mlflow.log"
        self.url = f"http://127.0.0.1:{self._port}"
        self._command = [str(Path(sys.executable).with_name("mlflow")), "server", "--workers", "1"]
        self._command += ["--host", "127.0.0.1", "--port", str(self._port)]
        self._command += [
            "--backend-store-uri",
            database_url.replace("postgresql:", "postgresql+psycopg:", 1),
        ]
        self._command += ["--artifacts-destination", str(folder / "artifacts")]

    def start(self) -> None:
        """Start it and wait until it answers."""
        quiet = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(
                self._command,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=os.environ | quiet,
                cwd=self._log.parent,
                start_new_session=True,
            )
        deadline = time.monotonic() + _READY_WITHIN_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"mlflow did not start:\n{self._log.read_text(errors='replace')[-3000:]}")
            time.sleep(0.2)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


@contextmanager
def mlflow_server(database_url: str) -> Iterator[MlflowServer]:
    """An MLflow on this database, started."""
    with (
        tempfile.TemporaryDirectory(prefix="lightbox-mlflow-") as name,
        started(MlflowServer(database_url, Path(name))) as server,
    ):
        yield server


class Orthanc(Server):
    """An Orthanc (a PACS) with DICOMweb, in a folder; it can be killed, and started again there."""

    AE_TITLE = "ORTHANC"

    def __init__(self, program: str, folder: Path, as_user: list[str], **settings: object) -> None:
        self.http, self.dicom = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.http}"
        configuration = folder / "orthanc.json"
        configuration.write_text(json.dumps(self._settings(folder) | settings))
        configuration.chmod(0o644)
        self._command = [*as_user, program, str(configuration)]

    def _settings(self, folder: Path) -> dict[str, object]:
        return {
            "StorageDirectory": str(folder / "storage"),
            "IndexDirectory": str(folder / "storage"),
            "HttpPort": self.http,
            "DicomPort": self.dicom,
            "DicomAet": self.AE_TITLE,
            "DicomCheckCalledAet": True,
            "AuthenticationEnabled": False,
            "Plugins": ["/usr/share/orthanc/plugins"],
            "DicomWeb": {"Enable": True},
        }

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._process = subprocess.Popen(
            self._command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,  # `runuser` between us and it passes no SIGKILL on
        )
        _wait_for(f"{self.url}/system", self._process)


@contextmanager
def pacs(**settings: object) -> Iterator[Orthanc]:
    """An empty Orthanc, started; skips the test where that cannot be had."""
    program = _program("Orthanc", "/usr/sbin")
    with (
        _folder("orthanc") as (folder, as_user),
        started(Orthanc(program, folder, as_user, **settings)) as server,
    ):
        yield server


@contextmanager
def orthanc() -> Iterator[str]:
    """The URL of an empty Orthanc with DICOMweb; skips the test where that cannot be had."""
    with pacs() as server:
        yield server.url


class Rsyslog(Server):
    """An rsyslogd that takes messages over TLS from who shows a certificate; it can be killed and started."""

    def __init__(self, program: str, folder: Path) -> None:
        self.port, self.log, self._folder = free_port(), folder / "audit.log", folder
        self.ca, self.client = folder / "ca.pem", folder / "client.pem"
        self._certificates()
        configuration = folder / "rsyslog.conf"
        configuration.write_text(self._configuration())
        self._command = [program, "-n", "-f", str(configuration), "-i", str(folder / "pid")]

    def start(self) -> None:
        """Start it and wait until it listens."""
        with (self._folder / "output").open("ab") as output:
            self._process = subprocess.Popen(
                self._command, stdout=output, stderr=output, cwd="/", start_new_session=True
            )
        deadline = time.monotonic() + _READY_WITHIN_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 5).close()
                return
            except OSError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    pytest.fail(f"rsyslogd did not start:\n{(self._folder / 'output').read_text()[-3000:]}")
                time.sleep(0.1)

    def _configuration(self) -> str:
        return f"""
global(workDirectory="{self._folder}" maxMessageSize="64k"
  defaultNetstreamDriver="gtls" defaultNetstreamDriverCAFile="{self.ca}"
  defaultNetstreamDriverCertFile="{self._folder}/server.pem"
  defaultNetstreamDriverKeyFile="{self._folder}/server.key")
module(load="imtcp" StreamDriver.Name="gtls" StreamDriver.Mode="1" StreamDriver.AuthMode="x509/certvalid")
template(name="audit" type="string" string="%msgid% %structured-data% %msg%\\n")
input(type="imtcp" address="127.0.0.1" port="{self.port}")
action(type="omfile" file="{self.log}" template="audit")
"""

    def _certificates(self) -> None:
        """A CA, and of it a certificate for the server and one for who sends."""
        new = ["openssl", "req", "-newkey", "rsa:2048", "-nodes"]
        ca_key, own = str(self._folder / "ca.key"), self._folder
        _do([*new, "-x509", "-days", "2", "-subj", "/CN=Test CA", "-keyout", ca_key, "-out", str(self.ca)])
        names = own / "names"
        names.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        for name in ("server", "client"):
            key, asked, made = (str(own / f"{name}.{end}") for end in ("key", "csr", "pem"))
            _do([*new, "-subj", "/CN=localhost", "-keyout", key, "-out", asked])
            sign = ["openssl", "x509", "-req", "-days", "2", "-CA", str(self.ca), "-CAkey", ca_key]
            _do([*sign, "-CAcreateserial", "-extfile", str(names), "-in", asked, "-out", made])
        self.client.write_text(self.client.read_text() + (own / "client.key").read_text())


@contextmanager
def rsyslog() -> Iterator[Rsyslog]:
    """An rsyslogd with TLS, started; skips the test where that cannot be had."""
    program = _program("rsyslogd", "/usr/sbin")
    if not list(Path("/usr/lib").glob("*/rsyslog/lmnsd_gtls.so")):
        pytest.skip("rsyslog-gnutls is not installed")
    with (
        tempfile.TemporaryDirectory(prefix="lightbox-") as name,
        started(Rsyslog(program, Path(name))) as server,
    ):
        yield server


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _READY_WITHIN_S
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"{url} does not answer")
            time.sleep(0.1)


def _program(name: str, places: str) -> str:
    programs = sorted(Path("/").glob(places.lstrip("/") + f"/{name}"))
    program = str(programs[-1]) if programs else shutil.which(name)
    if program is None:
        pytest.skip(f"{name} is not installed")
    return program


@contextmanager
def _folder(owner: str) -> Iterator[tuple[Path, list[str]]]:
    """A folder for a server, and what a command begins with to run as somebody who may: never root."""
    as_user: list[str] = []
    with tempfile.TemporaryDirectory(prefix="lightbox-") as name:
        if os.geteuid() == 0:
            try:
                account = pwd.getpwnam(owner)
            except KeyError:
                pytest.skip(f"there is no user {owner} to run the server as")
            os.chown(name, account.pw_uid, account.pw_gid)
            as_user = ["runuser", "-u", owner, "--"]
        yield Path(name), as_user


@contextmanager
def answering(handler: type[BaseHTTPRequestHandler], port: int) -> Iterator[None]:
    """An HTTP server on loopback that answers as `handler` says."""
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _do(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, cwd="/", timeout=_READY_WITHIN_S)
    if done.returncode != 0:
        pytest.fail(f"{command} failed:\n{done.stdout}\n{done.stderr}")


def _wait_until_ready(server: subprocess.Popen[bytes], url: str, log: Path) -> None:
    engine = open_database(url)
    deadline = time.monotonic() + _READY_WITHIN_S
    try:
        while True:
            try:
                with engine.connect():
                    return
            except DBAPIError as error:
                if server.poll() is not None or time.monotonic() > deadline:
                    pytest.fail(
                        f"the server did not start: {error}\n{log.read_text(errors='replace')[-3000:]}"
                    )
                time.sleep(0.1)
    finally:
        engine.dispose()
