"""`evaluate --outside` as a person starts it: what it prints, and where it keeps it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import app
from data.tracking import Tracking
from models import outside, weights
from models.outside import OutsideEvaluation
from models.tasks import SUITABILITY
from models.weights import Trained
from tests.databases import new_mlflow
from tests.outside import evaluation


def test_the_table_is_printed_and_kept_with_every_version_of_the_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, out = tmp_path / "weights", tmp_path / "out"
    folder.mkdir()
    for name in (weights.WEIGHTS, weights.SETTINGS):
        shutil.copyfile(SUITABILITY.folder / name, folder / name)
    trained = weights.opened(folder)
    tracking = Tracking(new_mlflow(tmp_path), tmp_path / "mlflow")
    run = tracking.start_run("lightbox-suitability", "by hand", {})
    tracking.register("suitability", run, trained.sha256, "the same weights")

    def alone(settings: object, task: object, judged: Trained, data: Path) -> OutsideEvaluation:
        assert (judged.folder, data) == (folder, tmp_path / "data")
        return evaluation(judged.sha256, alarms=4, task="suitability")

    monkeypatch.setattr("services.assembly.commands.outside_alone", alone)
    monkeypatch.setenv("LIGHTBOX_HOME", str(tmp_path))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    ask = ["evaluate", "suitability", "--data", str(tmp_path / "data"), "--outside", "--weights", str(folder)]
    assert app.main([*ask, "--out", str(out)]) == 0
    said = capsys.readouterr()
    assert "false_alarms  0.100" in said.out
    assert "and with version 1 in MLflow." in said.err
    assert {file.name for file in out.iterdir()} == {"outside.json", "outside.md"}
    assert outside.opened(folder) == evaluation(trained.sha256, alarms=4, task="suitability")
    (version,) = tracking.versions("suitability")
    assert version.metrics["outside_false_alarms"] == 0.1
    assert {"model/outside.json", "model/card.md"} <= set(tracking.artifacts(run))
    assert app.main([*ask, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["figures"]["false_alarms"]["n"] == 40
