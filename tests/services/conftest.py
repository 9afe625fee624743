from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.dashboard.clinic import Clinic
from tests.databases import migrated
from tests.evidently_pictures import leave_out_pictures


@pytest.fixture(autouse=True)
def numbers_of_drift_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    leave_out_pictures(monkeypatch)


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = migrated("sqlite://")
    yield engine
    engine.dispose()


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    """The server's services over a folder, without networks."""
    clinic = Clinic(tmp_path, networks=False)
    yield clinic
    clinic.close()
