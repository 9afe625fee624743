"""A home folder as Lightbox 0.1 left it: today's server opens it, and everything in it is still there.

The folder is made without today's stores: tables by the migrations up to the last one of 0.1, rows by plain
SQL (one of everything), files and MLflow by NumPy and MLflow themselves.
"""

from __future__ import annotations

import json
import shutil
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from flask.testing import FlaskClient

import app
from models.brain_tumour.task import TASK
from models.weights import SETTINGS, WEIGHTS
from services.settings import Settings
from tests.dashboard.conftest import log_in
from tests.home_of_0_1.database import Rows, made, rows_of

PASSWORD, TOKEN = "A sound password 1", "lb_of 0.1"
SCAN, CHEST, RESULT, REVIEW = "b1" * 16, "b2" * 16, "a2" * 16, "c2" * 16
RUN, REPORT, KEY = "2" * 32, "3" * 32, "k" * 64
ARRAY = np.arange(3 * 16 * 16, dtype=np.int16).reshape(3, 16, 16)
DRAWN, CORRECTED = ARRAY > 700, ARRAY > 600
REPORT_BYTES = b'{"kind": "performance"}'
SNAPSHOT = {"task": "brain-tumour", "severity": "warning", "verdict": ["Noise has risen."], "features": []}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("lightbox")
    made(home / "lightbox.db")
    _files(home / "files")
    _mlflow(home)
    shipped = home / "models" / "brain-tumour" / "3"
    shipped.mkdir(parents=True)
    for name in (WEIGHTS, SETTINGS):
        shutil.copyfile(TASK.folder / name, shipped / name)
    (home / "models" / "brain-tumour" / "champion.json").write_text('{"version": "3"}')
    (home / "secret.key").write_text(KEY)
    return home


@pytest.fixture(scope="module")
def before(home: Path) -> Rows:
    """Every row as it was, taken before anything of today opened the database."""
    return rows_of(home / "lightbox.db")


@pytest.fixture(scope="module")
def client(home: Path, before: Rows) -> Iterator[FlaskClient]:
    """A program with its token of 0.1, at today's server."""
    dash, services = app.create_app(Settings.from_env({"LIGHTBOX_HOME": str(home)}))
    client = dash.server.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {TOKEN}"
    yield client
    services.close()


def _files(folder: Path) -> None:
    for name, content in {
        f"scans/{SCAN}/array.npy": _npy(ARRAY),
        f"scans/{CHEST}/array.npy": _npy(ARRAY[:1]),
        f"results/{RESULT}/mask.npy.z": zlib.compress(_npy(DRAWN)),
        f"reviews/{REVIEW}/mask.npy.z": zlib.compress(_npy(CORRECTED)),
        f"drift/runs/{RUN}/snapshot.json": json.dumps(SNAPSHOT).encode(),
        f"reports/{REPORT}/report.json": REPORT_BYTES,
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def _npy(array: np.ndarray) -> bytes:
    memory = BytesIO()
    np.save(memory, array)
    return memory.getvalue()


def _mlflow(home: Path) -> None:
    """Three versions, each with its run, a figure and its interval; the third is live."""
    from mlflow import MlflowClient

    uri = f"sqlite:///{home / 'mlflow.db'}"
    client = MlflowClient(tracking_uri=uri, registry_uri=uri)
    folder = (home / "mlflow" / "lightbox-brain-tumour").as_uri()
    experiment = client.create_experiment("lightbox-brain-tumour", artifact_location=folder)
    client.create_registered_model("brain-tumour")
    for recall in (0.9, 0.91, 0.93):
        run = client.create_run(experiment).info
        for name, value in (("", recall), ("_low", recall - 0.05), ("_high", recall + 0.03), ("_n", 120)):
            client.log_metric(run.run_id, f"presence_recall{name}", value)
        client.set_terminated(run.run_id)
        client.create_model_version("brain-tumour", f"{run.artifact_uri}/files", run.run_id)
    client.set_registered_model_alias("brain-tumour", "champion", "3")


def test_it_holds_a_row_of_everything(before: Rows) -> None:
    assert len(before) == 26
    assert [name for name, rows in before.items() if not rows] == []


@pytest.mark.usefixtures("client")
def test_every_row_is_there_as_it_was(home: Path, before: Rows) -> None:
    now = rows_of(home / "lightbox.db")
    counted = {"revisions"}  # whose numbers go on
    moved = {("scans", "latest_review_id")}  # now beside the result
    gone = {"sign_in_failures"}  # what was counted by name alone: whoever had to wait may try again
    for name, rows in before.items():
        if name in gone:
            assert name not in now
            continue
        rows = [{column: row[column] for column in row if (name, column) not in moved} for row in rows]
        kept = [{column: row[column] for column in rows[0]} for row in now[name]]
        if name not in counted:
            assert [row for row in rows if row not in kept] == [], name


def test_people_sign_in_and_sessions_are_signed_as_before(home: Path, client: FlaskClient) -> None:
    browser = client.application.test_client()
    assert log_in(browser, "ada", PASSWORD).status_code == 302
    assert browser.get("/api/v1/cohort").status_code == 200
    assert client.application.secret_key == KEY == (home / "secret.key").read_text()


def test_a_scan_has_its_result_and_reviews(client: FlaskClient) -> None:
    scan = client.get(f"/api/v1/scans/{SCAN}").get_json()
    assert (scan["status"], scan["patient"]["name"]) == ("read", "Lovelace Ada")
    assert (scan["result"]["probability"], scan["result"]["measurements"]["volume_ml"]) == (0.81, 12.5)
    verdicts = [(review["verdict"], review["reason"]) for review in scan["reviews"]]
    assert verdicts == [("corrected", "A rim was missed."), ("rejected", "A vein.")]
    assert scan["current_review"] == scan["reviews"][0]


@pytest.mark.parametrize(("layer", "mask"), [("ai", DRAWN), ("corrected", CORRECTED)])
def test_masks_are_those_that_were_drawn(client: FlaskClient, layer: str, mask: np.ndarray) -> None:
    import nibabel as nib

    answer = client.get(f"/api/v1/scans/{SCAN}/mask?layer={layer}")
    image = nib.Nifti1Image.from_bytes(zlib.decompress(answer.data, zlib.MAX_WBITS | 16))
    assert int(np.asarray(image.dataobj).sum()) == int(mask.sum())


def test_cohort_performance_drift_and_reports_answer(client: FlaskClient) -> None:
    cohort = client.get("/api/v1/cohort?task=brain-tumour").get_json()
    counts = {(number["name"], number["quantity"]): number["n"] for number in cohort["numbers"]}
    assert (counts["all", "patients"], counts["positive", "scans"]) == (2, 1)
    real = client.get("/api/v1/performance?task=brain-tumour&metric=recall").get_json()
    values = {(point["source"], point["version"]): point["value"] for point in real["numbers"]}
    assert [values["validation", version] for version in "123"] == [0.9, 0.91, 0.93]
    assert values["reviewed", "3"] == 1.0
    assert real["live"]["version"] == "3"
    (run,) = client.get("/api/v1/drift?task=brain-tumour").get_json()["runs"]
    assert (run["severity"], run["reference"]["name"]) == ("warning", "Autumn")
    assert client.get(f"/api/v1/drift/{RUN}").get_json()["snapshot"] == SNAPSHOT
    assert client.get(f"/api/v1/reports/{REPORT}/json").data == REPORT_BYTES


def test_the_version_that_was_live_is_read_with(home: Path) -> None:
    from services.assembly.stores import registry_of

    settings = Settings.from_env({"LIGHTBOX_HOME": str(home)})
    trained, version = registry_of(settings).local("brain-tumour")
    assert (version, trained.folder) == ("3", home / "models" / "brain-tumour" / "3")
