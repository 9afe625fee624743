"""What the chart and the kustomization make; tests are skipped where Helm and kubectl are missing."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.running_house import DEPLOY, ROOT

CHART = DEPLOY / "kubernetes" / "lightbox"
KUSTOMIZE = DEPLOY / "kubernetes" / "kustomize"
SAID = ("secret.name=house", "image.tag=1.2.3")
"""What every house has to say."""
SHARED = (
    "secret.files.REDIS_URL_FILE=redis-url",
    "settings.MLFLOW_TRACKING_URI=http://mlflow:5000",
)
BUCKET = (*SHARED, "settings.LIGHTBOX_FILES=s3://lightbox/house")
SEVERAL = (*BUCKET, "replicas=3")
FOLDER = (*SHARED, "persistence.shared.enabled=true", "replicas=3")
AUTOSCALED = (*BUCKET, "autoscaling.enabled=true")
Made = dict[str, Any]


def program(name: str) -> str:
    """Helm or kubectl; skips the test where it is missing."""
    fetched = ROOT / ".helm" / name
    path = str(fetched) if fetched.exists() else shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed: make helm")
    return path


def run(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([program(name), *arguments], capture_output=True, text=True, check=False)


def template(*values: str, chart: Path = CHART) -> subprocess.CompletedProcess[str]:
    """`helm template` with these values, and those that every house says."""
    return run("helm", "template", "lightbox", str(chart), *(f"--set={value}" for value in (*SAID, *values)))


def read(text: str) -> list[Made]:
    return [each for each in yaml.safe_load_all(text) if each]


def made(*values: str, chart: Path = CHART) -> list[Made]:
    """What the chart makes of these values."""
    done = template(*values, chart=chart)
    assert done.returncode == 0, done.stderr
    return read(done.stdout)


def kustomized(folder: Path) -> list[Made]:
    """What kustomize makes of a folder."""
    done = run("kubectl", "kustomize", str(folder))
    assert done.returncode == 0, done.stderr
    return read(done.stdout)


def refusal(*values: str) -> str:
    """Why the chart refuses these values."""
    done = template(*values)
    assert done.returncode != 0, "nothing is wrong"
    return done.stderr
