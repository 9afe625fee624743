"""The Python client as somebody has it who installed the wheel, and a clinic that it asks."""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scripts.client import PACKAGE, TOOLS, built
from tests.dashboard.clinic import Clinic


def built_wheel(folder: Path) -> Path:
    """A wheel of this checkout's client; skips the test where there is no generator."""
    if not (TOOLS / "openapi-python-client").exists():
        pytest.skip("the generator is not installed: make client")
    return built(folder)


def unpacked(wheel: Path, folder: Path) -> Path:
    """The folder to import from: what `pip install` does with this wheel, which is Python alone."""
    with zipfile.ZipFile(wheel) as files:
        files.extractall(folder)
    return folder


@contextmanager
def importable(folder: Path) -> Iterator[None]:
    """Let the client be imported for a while."""
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
            del sys.modules[name]


def read_while_waited_for(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    """Scans of this clinic are read while the server is asked to wait for them, and not before."""

    def read(scan_ids: Iterable[str], _: float) -> None:
        for scan_id in scan_ids:
            scan = clinic.scans.get(scan_id)
            assert scan is not None
            clinic.read_volume(scan)

    monkeypatch.setattr(clinic.services.reading.readings, "wait_until_read", read)
