"""The manual's worked example of a third task, run as it stands there."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data import formats
from data.records import ScanHeader
from data.tracking import Tracking
from models.trainings import training_of
from services.reading.suitability_gate import BY_HEADER_ALONE, SuitabilityGate
from services.training import training
from services.training.plan import planned
from tests.databases import new_mlflow
from tests.third_task import NAME, third_task


@pytest.fixture(autouse=True)
def _third_task(tmp_path: Path) -> Iterator[None]:
    with third_task(tmp_path):
        yield


def test_the_worked_example_trains_and_is_registered(tmp_path: Path) -> None:
    data = _labelled(tmp_path / "data")
    tracking = Tracking(new_mlflow(tmp_path), tmp_path / "mlflow")
    plan = planned(NAME, {"epochs": "1", "batch_size": "8", "start": "scratch"})
    finished = training.train(plan, data, tmp_path / "run", tracking, device="cpu")
    assert finished is not None
    assert finished.evaluation.figures["auc"].n == 8
    (version,) = tracking.versions(NAME)
    assert version.weights_sha256 == finished.trained.sha256
    card = (finished.trained.folder / "card.md").read_text()
    assert "Fracture on wrist X-ray" in card
    assert training_of(NAME).task.name == NAME


def test_the_gate_lets_the_new_pictures_in_by_their_header_only(tmp_path: Path) -> None:
    picture = np.random.default_rng(0).integers(0, 255, (96, 96)).astype(np.uint8)
    Image.fromarray(picture).save(tmp_path / "wrist.png")
    (decoded,) = formats.decode(tmp_path / "wrist.png", "wrist.png").scans
    wrist = replace(decoded, header=ScanHeader(modality="DX", body_part="WRIST"))
    routed = SuitabilityGate(_NeverAsked()).route(wrist)  # type: ignore[arg-type]
    assert (routed.task, routed.warnings) == (NAME, (BY_HEADER_ALONE,))


class _NeverAsked:
    def answer(self, *_: object) -> None:
        raise AssertionError("the gate's network knows nothing of wrists")


def _labelled(base: Path) -> Path:
    random, rows = np.random.default_rng(0), []
    (base / "wrist_xray" / "images").mkdir(parents=True)
    for number in range(40):
        fracture = number % 2 == 0
        picture = random.integers(0, 90, (48, 48)) + 120 * fracture
        Image.fromarray(picture.astype(np.uint8)).save(base / f"wrist_xray/images/{number}.png")
        label = "fracture" if fracture else "whole"
        rows.append({"file": f"images/{number}.png", "label": label, "patient_id": number})
    with (base / "wrist_xray" / "index.csv").open("w", newline="") as csv_file:
        writer = csv.DictWriter(csv_file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return base
