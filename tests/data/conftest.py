from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.databases import migrated


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = migrated("sqlite://")
    yield engine
    engine.dispose()


@pytest.fixture
def file_engine(tmp_path: Path) -> Iterator[Engine]:
    """A database in a file, as several threads read it."""
    engine = migrated(f"sqlite:///{tmp_path}/lightbox.db")
    yield engine
    engine.dispose()
