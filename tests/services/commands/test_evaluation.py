"""`evaluate --outside` as a person starts it: what it prints, and where it keeps it."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
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
    tracking.log_files(run, folder)
    tracking.register("suitability", run, trained.sha256, "the same weights")
    other = tmp_path / "other"
    shutil.copytree(folder, other)
    settings = json.loads((other / weights.SETTINGS).read_text())
    settings["decision"]["threshold"] = 0.123
    (other / weights.SETTINGS).write_text(json.dumps(settings))
    of_other = tracking.start_run("lightbox-suitability", "another threshold", {})
    tracking.log_files(of_other, other)
    tracking.register("suitability", of_other, trained.sha256, "the same weights with another threshold")
    judged_folders: list[Path] = []

    def alone(settings: object, task: object, judged: Trained, data: Path) -> OutsideEvaluation:
        assert data == tmp_path / "data"
        judged_folders.append(judged.folder)
        measured = evaluation(judged.sha256, alarms=4, task="suitability")
        return replace(measured, threshold=judged.decision.threshold)

    monkeypatch.setattr("services.assembly.commands.outside_alone", alone)
    monkeypatch.setenv("LIGHTBOX_HOME", str(tmp_path))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    ask = ["evaluate", "suitability", "--data", str(tmp_path / "data"), "--outside", "--weights", str(folder)]
    assert app.main([*ask, "--out", str(out)]) == 0
    said = capsys.readouterr()
    assert "false_alarms  0.100" in said.out
    assert "and with version 1 in MLflow." in said.err
    assert {file.name for file in out.iterdir()} == {"outside.json", "outside.md"}
    kept = outside.opened(folder)
    assert kept is not None and kept.holds_for(trained) and not kept.holds_for(weights.opened(other))
    metrics = {version.version: version.metrics for version in tracking.versions("suitability")}
    assert metrics["1"]["outside_false_alarms"] == 0.1
    assert "outside_false_alarms" not in metrics["2"]  # it was measured with the other threshold
    assert {"model/outside.json", "model/card.md"} <= set(tracking.artifacts(run))
    assert app.main([*ask, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["figures"]["false_alarms"]["n"] == 40
    of_version = ["evaluate", "suitability", "--data", str(tmp_path / "data"), "--outside", "--version", "2"]
    assert app.main(of_version) == 0
    assert "and with version 2 in MLflow." in capsys.readouterr().err
    assert weights.opened(judged_folders[-1]).decision.threshold == 0.123
    assert app.main([*of_version, "--weights", str(folder)]) != 0
    assert "--version is for" in capsys.readouterr().err
