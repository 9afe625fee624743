"""Imports go down only, and each heavy library has one home."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
OURS = {"dashboard", "services", "models", "reports", "data"}
MAY_IMPORT = {
    "dashboard": {"dashboard", "services", "data.records", "data.errors"},
    "services": {"services", "models", "reports", "data"},
    "models": {"models", "data"},
    "reports": {"reports", "data"},
    "data": {"data"},
}
HOMES = {
    "dash": ("dashboard",),
    "flask": ("dashboard",),
    "flask_login": ("dashboard",),
    "torch": ("models", "services/inference/engine.py"),
    "sqlalchemy": ("data",),
    "mlflow": ("data/tracking",),
    "pydicom": ("data/formats", "reports"),
    "huey": ("services/jobs.py",),
    "evidently": ("reports",),
    "apprise": ("services/alerts/delivery.py",),
    "cronsim": ("services/schedules.py",),
}


def _imports(file: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def _files() -> list[Path]:
    return sorted(file for package in OURS for file in (ROOT / package).rglob("*.py"))


def test_there_is_something_to_look_at() -> None:
    assert len(_files()) > 50


@pytest.mark.parametrize("file", _files(), ids=lambda file: str(file.relative_to(ROOT)))
def test_imports_go_down_only(file: Path) -> None:
    place = str(file.relative_to(ROOT))
    allowed = MAY_IMPORT[place.split("/")[0]]
    for name in _imports(file):
        if name.split(".")[0] in OURS and name not in OURS:
            assert any(name == one or name.startswith(f"{one}.") for one in allowed), (
                f"{place} imports {name}"
            )
        home = HOMES.get(name.split(".")[0])
        assert home is None or any(place.startswith(one) for one in home), f"{place} imports {name}"
