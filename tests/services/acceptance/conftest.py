"""A small department of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.small_models import Department, department


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Department]:
    with department(tmp_path / "house") as made:
        yield made
