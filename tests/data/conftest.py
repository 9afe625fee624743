from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from tests.databases import migrated


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = migrated("sqlite://")
    yield engine
    engine.dispose()
