"""A Python client of the API, out of the document of this checkout: `python -m scripts.client [FOLDER]`.

The generator lives in an environment of its own (`make client` sets it up). What it makes is a wheel,
`lightbox-client`, whose version is Lightbox's.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dashboard.api.document import document
from dashboard.api.routes import OPERATIONS
from data.version import VERSION

ROOT = Path(__file__).resolve().parents[1]
TOOLS = ROOT / ".client" / "bin"
SOURCES = ROOT / "deploy" / "python_client"
PACKAGE = "lightbox_client"
BYTES = "application/octet-stream"


def built(folder: Path) -> Path:
    """Generate the client and return its wheel in `folder`, which is made; older wheels there are removed.

    Raises CalledProcessError where the generator or the build does not do it, or leaves something out.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.whl"):
        old.unlink()
    with tempfile.TemporaryDirectory() as name:
        project = _generated(Path(name))
        _run("pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, project)
    (wheel,) = folder.glob("*.whl")
    return wheel


def _generated(folder: Path) -> Path:
    whole = document(OPERATIONS)
    described, settings = folder / "openapi.json", folder / "config.json"
    described.write_text(json.dumps(whole), encoding="utf-8")
    settings.write_text(json.dumps(_settings(whole)), encoding="utf-8")
    project = folder / "client"
    _run(
        *("openapi-python-client", "generate", "--meta", "setup", "--fail-on-warning"),
        *("--path", described, "--config", settings, "--output-path", project),
        *("--custom-template-path", SOURCES / "templates"),
    )
    shutil.copy(SOURCES / "sending.py", project / PACKAGE)
    return project


def _settings(whole: dict[str, Any]) -> dict[str, Any]:
    """How the generator is to do it: files are bytes, of whatever media type."""
    return {
        "project_name_override": PACKAGE.replace("_", "-"),
        "package_name_override": PACKAGE,
        "package_version_override": VERSION,
        "content_type_overrides": dict.fromkeys(_kinds_of_files(whole), BYTES),
        "docstrings_on_attributes": True,
    }


def _kinds_of_files(whole: dict[str, Any]) -> Iterator[str]:
    for methods in whole["paths"].values():
        for operation in methods.values():
            for answer in operation["responses"].values():
                for kind, content in answer.get("content", {}).items():
                    if content["schema"].get("format") == "binary":
                        yield kind


def _run(program: str, *arguments: str | Path) -> None:
    path = f"{TOOLS}{os.pathsep}{os.environ.get('PATH', '')}"  # the generator asks for ruff by its name
    command = [str(TOOLS / program), *map(str, arguments)]
    done = subprocess.run(
        command,
        env=os.environ | {"PATH": path},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        sys.stderr.write(done.stdout)
        done.check_returncode()


if __name__ == "__main__":
    print(built(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "dist" / "client"))
