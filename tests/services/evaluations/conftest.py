"""A small department of its own for each test, on a copy of an MLflow that is made once a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.small_models import Department, department, empty_mlflow


@pytest.fixture(scope="module")
def mlflow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return empty_mlflow(tmp_path_factory.mktemp("mlflow"))


@pytest.fixture
def house(tmp_path: Path, mlflow: Path) -> Iterator[Department]:
    with department(tmp_path / "house", mlflow) as made:
        yield made
