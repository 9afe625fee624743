"""Each DAG, run by Airflow against a house that runs; a step that fails once doubles nothing."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import requests

from data.records import BRAIN_TUMOUR, PNEUMONIA, DriftAsk, Role
from data.tracking import CHAMPION, Tracking
from services.versions.rehearsals import KIND
from tests.dashboard.clinic import Clinic
from tests.databases import new_mlflow
from tests.deploy.lost_answers import losing_answers
from tests.deploy.running_house import DEPLOY, ROOT, House, running_house
from tests.integration.buckets import BUCKET, ObjectStore, object_store
from tests.labelled import make_labelled
from tests.services.imports import axial, write_picture
from tests.services.retraining.judged import judged_xrays

AIRFLOW = ROOT / ".airflow" / "bin" / "airflow"
DAGS = DEPLOY / "airflow" / "dags"
BEFORE = "Before the change"
TINY = ["--epochs", "1"]
TINY += [
    word for choice in ("size=64", "batch_size=8", "start=scratch", "adults=no") for word in ("--set", choice)
]
pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]


@dataclass(frozen=True)
class Orchestra:
    """An Airflow, and the house that its DAGs work for."""

    house: House
    token: str
    environment: dict[str, str]
    store: ObjectStore
    lost: list[str]

    def airflow(self, *words: str) -> tuple[int, str]:
        """(Exit status, everything it wrote)."""
        asked = subprocess.run(
            [str(AIRFLOW), *words],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=500,
        )
        return asked.returncode, asked.stdout + asked.stderr

    def run(self, dag: str, **params: object) -> tuple[int, str]:
        """A DAG from its first step to its last."""
        return self.airflow("dags", "test", dag, "--conf", json.dumps(params))

    def scans(self) -> list[dict[str, str]]:
        """What the house has in its worklist, but what it began with."""
        answer = requests.get(
            f"{self.house.url}/api/v1/scans?task=brain-tumour&count=500&synthetic=no",
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=60,
        )
        return list(answer.json()["scans"])


@pytest.fixture(scope="module")
def orchestra(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orchestra]:
    if not AIRFLOW.exists():
        pytest.skip("Airflow is not installed: make airflow")
    folder = tmp_path_factory.mktemp("airflow")
    home = folder / "home"
    clinic = Clinic(home)
    mlops = clinic.person(Role.MLOPS)
    token = clinic.token(mlops)
    judged_xrays(clinic.database, home, 24)
    clinic.add_readings(120, 1)
    clinic.services.drift.runs.references.freeze(DriftAsk(BRAIN_TUMOUR, last=120), BEFORE, mlops)
    clinic.add_readings(60, 2, day=30, noise=0.2)
    clinic.close()
    said = {
        "DATABASE_URL": f"sqlite:///{home / 'clinic.db'}",
        "MLFLOW_TRACKING_URI": new_mlflow(home),
        "LIGHTBOX_DEVICE": "cpu",
        "LIGHTBOX_BACKEND": "exact",
        "LIGHTBOX_HOME": str(home),
    }
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(("LIGHTBOX_", "AIRFLOW"))
    }
    settings = {name: value for name, value in said.items() if name != "LIGHTBOX_HOME"}
    with (
        object_store() as store,
        running_house(home, **settings) as house,
        losing_answers(house.url) as (url, lost),
    ):
        command = f"{sys.executable} {Path(__file__).with_name('failing_once.py')} {folder / 'failed'}"
        own = {
            "AIRFLOW_HOME": str(folder / "airflow"),
            "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__DEFAULT_TASK_RETRY_DELAY": "1",
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
            "AIRFLOW_CONN_LIGHTBOX": json.dumps({"conn_type": "http", "host": url, "password": token}),
            "LIGHTBOX_COMMAND": command,
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        made = Orchestra(house, token, inherited | said | store.environment | own, store, lost)
        status, told = made.airflow("db", "migrate")
        assert status == 0, told[-3000:]
        yield made


def pictures(folder: Path, first: int) -> Path:
    """Two slices of a head, and a picture of nothing."""
    for number, k in enumerate((54, 56)):
        write_picture(folder / f"head-{first + number}.png", axial(k, lesion_mm=20, mark=first + number))
    noise = np.random.default_rng(first).integers(0, 255, (64, 64), dtype=np.uint8)
    write_picture(folder / f"noise-{first}.png", noise)
    return folder


def test_airflow_takes_every_dag(orchestra: Orchestra) -> None:
    status, told = orchestra.airflow("dags", "reserialize")
    assert status == 0, told[-3000:]
    status, told = orchestra.airflow("dags", "list", "--output", "json")
    listed = set(re.findall(r'"dag_id": "(\w+)"', told))
    assert status == 0
    assert listed == {"lightbox_import", "lightbox_train", "lightbox_inference", "lightbox_drift"}


def test_a_folder_is_read_once_though_the_step_failed(orchestra: Orchestra, tmp_path: Path) -> None:
    before = len(orchestra.scans())
    status, told = orchestra.run("lightbox_import", folder=str(pictures(tmp_path / "archive", 1)))
    assert status == 0, told[-5000:]
    assert "CalledProcessError" in told  # the first try
    assert "3 of 3 items, 0 new, 2 known" in told, told[-3000:]
    assert len(orchestra.scans()) == before + 2


@pytest.mark.parametrize("bucket", [False, True], ids=["folder", "bucket"])
def test_a_folder_or_bucket_is_read_into_a_table(orchestra: Orchestra, tmp_path: Path, bucket: bool) -> None:
    source, table = pictures(tmp_path / "in", 30 if bucket else 10), tmp_path / "out" / "table.csv"
    address = str(source)
    if bucket:
        address = f"s3://{BUCKET}/in"
        for file in source.iterdir():
            endpoint = orchestra.store.environment["AWS_ENDPOINT_URL"]
            requests.put(
                f"{endpoint}/{BUCKET}/in/{file.name}", file.read_bytes(), timeout=30
            ).raise_for_status()
    before = len(orchestra.scans())
    status, told = orchestra.run("lightbox_inference", source=address, table=str(table))
    assert status == 0, told[-5000:]
    assert "/api/v1/scans" in orchestra.lost
    with table.open(newline="") as csv_file:
        rows = list(csv.DictReader(csv_file))
    assert len(rows) == 3
    heads = [row for row in rows if row["status"] == "read"]
    assert len(heads) == 2 and len({row["scan"] for row in heads}) == 2
    assert {row["version"] for row in heads} == {"1"} and all(row["outcome"] for row in heads)
    (refused,) = [row for row in rows if row["status"] == "refused"]
    assert "noise" in refused["file"] and refused["refused"]
    assert len(orchestra.scans()) == before + 2


def test_readings_that_drifted_fail_the_run_and_are_compared_once(orchestra: Orchestra) -> None:
    status, told = orchestra.run("lightbox_drift", task=BRAIN_TUMOUR, reference=BEFORE, last=60)
    assert status != 0
    assert re.search(r"(warning|critical): \d+ of \d+ features drifted", told), told[-5000:]
    assert "/api/v1/drift" in orchestra.lost
    answer = requests.get(
        f"{orchestra.house.url}/api/v1/drift?task=brain-tumour",
        headers={"Authorization": f"Bearer {orchestra.token}"},
        timeout=60,
    )
    assert len(answer.json()["runs"]) == 1


def test_a_training_is_rehearsed_and_waits_for_a_person(orchestra: Orchestra, tmp_path: Path) -> None:
    data = make_labelled(tmp_path / "data")
    shutil.rmtree(data / "outside")
    status, told = orchestra.run("lightbox_train", task=PNEUMONIA, data=str(data), options=TINY, scans=8)
    assert status == 0, told[-5000:]
    assert "is registered and serves nobody" in told
    assert "A person promotes it on the page Models" in told
    tracking = Tracking(orchestra.environment["MLFLOW_TRACKING_URI"], orchestra.house.home / "mlflow")
    versions = tracking.versions(PNEUMONIA)
    assert sorted(version.version for version in versions) == [
        "1",
        "2",
    ]  # registered once, though tried twice
    champion = tracking.by_alias(PNEUMONIA, CHAMPION)
    assert champion is not None and champion.version == "1"
    runs = tracking.runs("lightbox-pneumonia-rehearsal", {"lightbox.kind": KIND})
    assert {run.status for run in runs} == {"FINISHED"}
    assert runs[0].tags["lightbox.version"] == "2"
