"""Imports go down only, by wing and by floor, and each heavy library has one home."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OURS = ("dashboard", "services", "models", "reports", "data")
HOMES = {
    "dash": ("dashboard",),
    "flask": ("dashboard",),
    "flask_login": ("dashboard",),
    "torch": (
        "models",
        "services/inference/backends",
        "services/inference/check.py",
        "services/inference/check_heads.py",
        "services/inference/choice.py",
        "services/inference/engine.py",
    ),
    "openvino": ("services/inference/backends",),
    "cv2": ("models/text_detection",),
    "rapidocr": ("models/text_detection",),
    "sqlalchemy": ("data",),
    "mlflow": ("data/tracking",),
    "pydicom": ("data/formats", "reports"),
    "highdicom": ("reports/dicom",),
    "pynetdicom": (
        "services/application_entities.py",
        "services/receiving/node.py",
        "services/remote_nodes/dicom.py",
        "services/priors/query_retrieve.py",
    ),
    "fhir": ("reports/fhir",),
    "huey": ("services/jobs/",),
    "redis": ("services/servers/redis_events.py",),
    "ray": ("services/cluster/ray_cluster.py",),
    "evidently": ("reports",),
    "mkdocs": ("dashboard/manuals/build.py", "dashboard/manuals/hooks.py"),
    "apprise": ("services/alerts/delivery.py",),
    "cronsim": ("services/schedules/times.py",),
}


def _files() -> list[Path]:
    return sorted(file for package in OURS for file in (ROOT / package).rglob("*.py"))


def _libraries(file: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return {name.split(".")[0] for name in names}


def test_the_contracts_of_imports_are_kept() -> None:
    # A process of its own: it would switch off every logger that other tests listen to.
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    asked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert asked.returncode == 0, asked.stdout


def test_each_heavy_library_has_one_home() -> None:
    files = _files()
    assert len(files) > 300
    strays = [
        f"{place} imports {library}"
        for place, file in ((str(file.relative_to(ROOT)), file) for file in files)
        for library in _libraries(file) & HOMES.keys()
        if not place.startswith(HOMES[library])
    ]
    assert strays == []
