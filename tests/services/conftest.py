from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from data.database import migrate, open_database


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = open_database("sqlite://")
    migrate(engine)
    yield engine
    engine.dispose()
