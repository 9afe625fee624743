"""A bucket on loopback: moto's S3, which Google's client speaks to by the XML interface that both have."""

from __future__ import annotations

import copy
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.integration.servers import Server, free_port, started

_READY_WITHIN_S = 60
BUCKET = "house"


class ObjectStore(Server):
    """A server with one empty bucket; `url` is in it, `environment` what must be set to ask for it."""

    def __init__(self) -> None:
        self._port = free_port()
        self._address = f"http://127.0.0.1:{self._port}"
        self.url = f"s3://{BUCKET}/files"
        self.environment = {
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",  # pragma: allowlist secret
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": self._address,
        }

    @contextmanager
    def as_google(self) -> Iterator[ObjectStore]:
        """The same server as Google's client is told of it: by the file of a service account."""
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            keys = ("client_email", "private_key", "private_key_id")
            json.dump({"gcs_base_url": self._address, "disable_oauth": True, **dict.fromkeys(keys, "")}, file)
            file.flush()
            other = copy.copy(self)
            other.url = f"gs://{BUCKET}/files"
            other.environment = {"GOOGLE_SERVICE_ACCOUNT": file.name}
            yield other

    def start(self) -> None:
        """Start it, wait until it answers and make the bucket."""
        command = [sys.executable, str(Path(__file__).with_name("s3_server.py")), str(self._port)]
        self._process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        self._wait(answers=True)
        with urllib.request.urlopen(urllib.request.Request(f"{self._address}/{BUCKET}", method="PUT")):
            pass

    def go_away(self) -> None:
        """Refuse every connection from now on."""
        self._tell(signal.SIGUSR1)
        self._wait(answers=False)

    def come_back(self) -> None:
        """Answer again, with all that was there."""
        self._tell(signal.SIGUSR2)
        self._wait(answers=True)

    def _tell(self, word: signal.Signals) -> None:
        assert self._process is not None
        os.kill(self._process.pid, word)

    def _wait(self, *, answers: bool) -> None:
        assert self._process is not None
        deadline = time.monotonic() + _READY_WITHIN_S
        while self._answers() is not answers:
            if self._process.poll() is not None or time.monotonic() > deadline:
                pytest.fail("the object store does not do as it should")
            time.sleep(0.1)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(self._address, timeout=5):
                return True
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False


@contextmanager
def object_store() -> Iterator[ObjectStore]:
    """A started object store."""
    with started(ObjectStore()) as store:
        yield store


@contextmanager
def google_store() -> Iterator[ObjectStore]:
    """A started object store that is spoken to as Google's is."""
    with object_store() as store, store.as_google() as google:
        yield google
