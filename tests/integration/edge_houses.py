"""An edge and its central house as people run them, and the line between them, which fails as it is told."""

from __future__ import annotations

import ctypes
import json
import os
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from data.database import now, open_database, reading
from data.records import DeliveryState, RemoteNodeKind, Role, ScanStatus, TokenScope, User
from data.stores.deliveries import DeliveryStore
from data.stores.scans import ScanStore
from data.tables import results, reviews, scans
from services.accounts import accounts_of
from services.assembly.container import build_services
from services.assembly.remote_nodes import build_remote_nodes
from services.assembly.stores import command_stores
from services.settings import Settings
from tests.databases import new_mlflow
from tests.integration.dicom_node import PATIENCE_S, ROOT
from tests.integration.reading_server import wait_for
from tests.integration.servers import free_port

_CLONE_NEWNET = 0x40000000


class House:
    """`app.py` on a home folder, in a process of its own and, where asked for, in a network namespace."""

    def __init__(self, home: Path, namespace: str | None = None, **settings: object) -> None:
        self.home, self.port, self.namespace = home, free_port(), namespace
        said = {"HOME": home, "PORT": self.port, "BACKEND": "exact", **settings}
        self._environment = {f"LIGHTBOX_{name}": str(value) for name, value in said.items()}
        self._log = home.with_name(f"{home.name}.log")
        self._process: subprocess.Popen[bytes] | None = None
        new_mlflow(home)
        self.settings = Settings.from_env(self._environment)
        with command_stores(self.settings) as stores:
            accounts = accounts_of(stores.database)
            self.clinician, _ = accounts.create("ada", f"Dr Ada of the {home.name}", Role.CLINICIAN)
            self.admin, _ = accounts.create("root", "Root", Role.ADMIN)
            self.token = accounts.create_token(self.clinician.id, "test")[1]
        self.database = open_database(self.settings.database_url)
        self.scans, self.deliveries = ScanStore(self.database), DeliveryStore(self.database)

    def account_of_edge(self, name: str) -> str:
        """A token for an edge of this name."""
        with command_stores(self.settings) as stores:
            accounts = accounts_of(stores.database)
            user, _ = accounts.create(secrets.token_hex(4), name, Role.CLINICIAN)
            return accounts.create_token(user.id, "sync", {TokenScope.SYNC})[1]

    def sync_to(self, url: str, token: str) -> None:
        with command_stores(self.settings) as stores:
            nodes = build_remote_nodes(stores)
            entered = {"url": url, "secret": token}
            nodes.add("The central house", RemoteNodeKind.LIGHTBOX, entered, self.admin)

    def start(self) -> None:
        inside = ["ip", "netns", "exec", self.namespace] if self.namespace else []
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*inside, sys.executable, "app.py"],
                cwd=ROOT,
                env=os.environ | self._environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_for(self._answers, PATIENCE_S)

    def kill(self) -> None:
        """At once, with the processes that it started, as a power cut would."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def log(self) -> str:
        return self._log.read_text()

    def asked(self, path: str, body: bytes | None = None, **headers: str) -> Any:
        """What the API answers, asked from inside the house's own network."""
        said = {"Authorization": f"Bearer {self.token}", **headers}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", body, said)

        def answer() -> Any:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as answered:
                return json.loads(answered.read())

        return inside(self.namespace, answer)

    def send(self, name: str, content: bytes) -> str:
        """The id of the scan that a file holds, once it is read."""
        disposition = f'attachment; filename="{name}"'
        told = self.asked("/api/v1/scans?wait=60", content, **{"Content-Disposition": disposition})
        assert [scan["status"] for scan in told["scans"]] == ["read"], told
        return str(told["scans"][0]["id"])

    def review(self, do: Callable[[Any, User], object]) -> None:
        """Let the clinician say something of results; the server sees it in the database."""
        services = build_services(self.settings)
        try:
            do(services.reviewing.reviews, self.clinician)
        finally:
            services.close()

    def everything(self) -> dict[str, set[Any]]:
        """What is known of real scans, in both houses by the same ids and hashes."""
        with reading(self.database) as connection:
            return {
                "scans": set(connection.execute(select(scans.c.content_sha256)).scalars()),
                "results": set(connection.execute(select(results.c.id)).scalars()),
                "reviews": {
                    tuple(row) for row in connection.execute(select(reviews.c.id, reviews.c.verdict))
                },
            }

    def counts(self) -> tuple[int, int, int]:
        """How many scans, results and reviews there are."""
        with reading(self.database) as connection:
            tables = (scans, results, reviews)
            scans_n, results_n, reviews_n = (
                len(connection.execute(select(table.c.id)).all()) for table in tables
            )
        return scans_n, results_n, reviews_n

    def waiting(self) -> int:
        """How many deliveries wait."""
        return sum(
            count.real
            for (_, state), count in self.deliveries.counts().items()
            if state is DeliveryState.WAITING
        )

    def hurry(self) -> None:
        """As somebody who presses "Try everything now"."""
        self.deliveries.hurry(now())

    def unread(self) -> int:
        return sum(n for status, n in self.scans.counts().items() if status is not ScanStatus.READ)

    def _answers(self) -> bool:
        assert self._process is not None and self._process.poll() is None, self.log()[-3000:]

        def asked() -> bool:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5):
                    return True
            except urllib.error.HTTPError as answer:  # it is there, and not ready
                answer.close()
                return False

        with suppress(OSError):
            return inside(self.namespace, asked)
        return False


def inside(namespace: str | None, do: Callable[[], Any]) -> Any:
    """What comes of work in a network namespace; its errors are raised here."""
    if namespace is None:
        return do()
    came: list[Any] = []

    def work() -> None:
        try:
            with Path("/var/run/netns", namespace).open() as file:
                libc = ctypes.CDLL(None, use_errno=True)
                if libc.setns(file.fileno(), _CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), "setns")
            came.append((True, do()))
        except Exception as error:  # noqa: BLE001  raised in the thread that asked
            came.append((False, error))

    thread = threading.Thread(target=work)  # of its own: it stays in the namespace
    thread.start()
    thread.join()
    ((worked, value),) = came
    if not worked:
        raise value
    return value


class Line:
    """Passes connections on to a server. Of requests that bring something it fails some, as it is told."""

    def __init__(self, to: int, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> None:
        self._to, self._tls = to, tls
        self.half_sent = 0  # requests to cut in their middle, from now on
        self.answers_lost = 0  # requests to pass on whole, and to answer with nothing
        self.in_the_middle: Callable[[], None] | None = None  # done once, in the middle of a request
        self._doing = threading.Lock()
        self.brought = 0  # requests that brought something
        self._socket = socket.create_server((host, 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # what waits for a connection ends
        self._socket.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._pass_on, args=(client,), daemon=True).start()

    def _pass_on(self, client: socket.socket) -> None:
        with (
            suppress(OSError),
            client,
            self._tls.wrap_socket(client, server_side=True) if self._tls else client as secured,
            socket.create_connection(("127.0.0.1", self._to)) as server,
        ):
            self._exchange(secured, server)

    def _exchange(self, client: socket.socket, server: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            piece = client.recv(1 << 14)
            if not piece:
                return
            head += piece
        brings = head.startswith(b"POST")
        names = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n\r\n")[0].split(b"\r\n")[1:])
        left = int(names.get(b"content-length", b"0")) - len(head.split(b"\r\n\r\n", 1)[1])
        half, whole = left // 2, left
        server.sendall(head)
        while left > 0:
            piece = client.recv(1 << 14)
            if not piece:
                return
            left -= len(piece)
            if brings and left <= half:
                with self._doing:  # None once it is done: a test starts again then what this has killed
                    if self.in_the_middle is not None:
                        self.in_the_middle()
                        self.in_the_middle = None
                if self.half_sent and whole:
                    self.half_sent -= 1
                    return
            server.sendall(piece)
        self.brought += brings
        lost = brings and self.answers_lost > 0
        while piece := server.recv(1 << 14):
            if not lost:
                client.sendall(piece)
            elif piece:
                self.answers_lost -= 1
                return


@contextmanager
def namespace_without_a_route() -> Iterator[str]:
    """The name of a network namespace that reaches nothing; skips the test where there can be none."""
    if shutil.which("ip") is None:
        pytest.skip("iproute2 is not installed")
    name = f"lightbox-{secrets.token_hex(3)}"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True, check=False)
    if made.returncode != 0:
        pytest.skip(f"there can be no network namespace here: {made.stderr.strip()}")
    try:
        do(f"ip -n {name} link set lo up")
        yield name
    finally:
        subprocess.run(["ip", "netns", "delete", name], check=False)


@dataclass(frozen=True)
class Cable:
    """Between a namespace and this machine, whose end has an address."""

    address: str
    plug: Callable[[bool], None]  # in, or out


@contextmanager
def cable(namespace: str) -> Iterator[Cable]:
    """Unplugged at first; a network of its own, as a run that was killed leaves its cable behind."""
    ends = f"lb{secrets.token_hex(3)}"
    here, there = f"{ends}a", f"{ends}b"
    network = f"10.{64 + secrets.randbelow(64)}.{secrets.randbelow(256)}"
    do(f"ip link add {here} type veth peer name {there} netns {namespace}")
    try:
        do(f"ip addr add {network}.1/30 dev {here}")
        do(f"ip link set {here} up")

        def plug(in_: bool) -> None:
            if in_:
                do(f"ip -n {namespace} link set {there} up")
                do(f"ip -n {namespace} addr replace {network}.2/30 dev {there}")
            else:
                do(f"ip -n {namespace} link set {there} down")

        yield Cable(f"{network}.1", plug)
    finally:
        subprocess.run(["ip", "link", "delete", here], check=False)


def certificate(folder: Path, host: str) -> tuple[Path, ssl.SSLContext]:
    """A certificate for a host that is its own CA, and what a server shows it with."""
    folder.mkdir()
    key, file = folder / "key.pem", folder / "certificate.pem"
    do(
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=central"
        f" -addext subjectAltName=IP:{host} -keyout {key} -out {file}"
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, key)
    return file, context


def do(command: str) -> None:
    ran = subprocess.run(command.split(), capture_output=True, text=True, check=False)
    assert ran.returncode == 0, f"{command}: {ran.stderr}"


def until(what: Callable[[], object], edge: House, within_s: float = 180) -> None:
    """Wait, while the edge tries again and again."""
    end = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < end, edge.log()[-3000:]
        edge.hurry()
        time.sleep(0.5)
