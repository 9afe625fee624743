from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from data.database import migrate, open_database
from tests.dashboard.clinic import Clinic


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = open_database("sqlite://")
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    """The server's services over a folder, without networks."""
    clinic = Clinic(tmp_path, networks=False)
    yield clinic
    clinic.close()
