"""Debian's nginx with the committed configuration, on free ports, in front of an address of this machine."""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from tests.deploy.running_house import DEPLOY
from tests.integration.servers import free_port

TEMPLATE = DEPLOY / "nginx" / "lightbox.conf.template"


@dataclass(frozen=True)
class Front:
    """Where nginx listens, and the certificate that it shows."""

    url: str
    plain_url: str
    ca: Path
    log: Path

    @property
    def port(self) -> int:
        """Its port for TLS."""
        return int(self.url.rsplit(":", 1)[1])

    def session(self) -> requests.Session:
        """A client that trusts it."""
        session = requests.Session()
        session.verify = str(self.ca)
        session.trust_env = False
        return session

    def tls(self) -> ssl.SSLContext:
        """The same, for plain sockets."""
        return ssl.create_default_context(cafile=str(self.ca))


@contextmanager
def nginx(folder: Path, upstream: str, max_scan_mib: int = 1024) -> Iterator[Front]:
    """nginx until the end of the block; skips the test where there is none."""
    program = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        pytest.skip("nginx is not installed")
    http, https = free_port(), free_port()
    _certificate(folder)
    filled = TEMPLATE.read_text()
    values = {"UPSTREAM": upstream, "SERVER_NAME": "localhost", "TLS": folder, "MAX_SCAN_MIB": max_scan_mib}
    values |= {"ACCESS_LOG": folder / "lightbox.log", "ERROR_LOG": folder / "lightbox-error.log"}
    for name, value in (values | {"HTTP_PORT": http, "HTTPS_PORT": https}).items():
        filled = filled.replace(f"${{LIGHTBOX_{name}}}", str(value))
    assert "${" not in filled
    (folder / "lightbox.conf").write_text(filled)
    paths = "".join(
        f"{kind}_temp_path {folder / kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    whole = folder / "nginx.conf"
    whole.write_text(
        f"pid {folder / 'pid'};\ndaemon off;\nuser root;\nworker_processes 1;\nevents {{}}\n"
        f"http {{\ninclude /etc/nginx/mime.types;\n{paths}include {folder / 'lightbox.conf'};\n}}\n"
    )
    command = [program, "-c", str(whole), "-e", str(folder / "error.log"), "-p", str(folder)]
    checked = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0 and "[warn]" not in checked.stderr, checked.stderr
    process = subprocess.Popen(command)
    front = Front(
        f"https://localhost:{https}", f"http://localhost:{http}", folder / "fullchain.pem",
        folder / "lightbox.log",
    )  # fmt: skip
    try:
        _wait(front, process)
        yield front
    finally:
        process.terminate()
        process.wait(30)


def _wait(front: Front, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 30
    while True:
        try:
            requests.get(front.plain_url, timeout=5, allow_redirects=False)
            return
        except requests.ConnectionError:
            assert process.poll() is None and time.monotonic() < until
            time.sleep(0.05)


def _certificate(folder: Path) -> None:
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
    ]
    command += ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(folder / "privkey.pem")]
    command += ["-out", str(folder / "fullchain.pem")]
    subprocess.run(command, check=True, capture_output=True)
