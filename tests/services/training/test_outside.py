"""A version outside the training sources: the whole reading of made pictures, by a network of one weight."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from data.errors import UnusableDataset
from data.records import BRAIN_TUMOUR, PNEUMONIA
from models import outside, tasks, weights
from models.outside import AnswerWord, OutsideEvaluation
from models.weights import Trained
from services.inference.batcher import MicroBatcher
from services.inference.engine import Engine
from services.reading.reader import Reader
from services.reading.segmenting import Segmenting
from services.settings import Settings
from services.training.outside import answer_word, judge_of, judged_outside, keep_outside
from tests import phantoms
from tests.outside import evaluation
from tests.services.small_models import small_task, weights_in

BRIGHT = 245  # of 255: only a phantom's lesion is brighter


@contextmanager
def _segmenting(trained: Trained, home: Path) -> Iterator[Segmenting]:
    """The reading with the small network behind the suitability gate that ships."""
    engine = Engine("cpu")
    engine.place(small_task(trained.folder), trained, "small")
    for task in (tasks.SUITABILITY, tasks.ACQUISITION):
        engine.place(task, weights.opened(task.folder), "shipped")
    batcher: MicroBatcher[Any, Any] = MicroBatcher(engine.run, max_batch=8)
    batcher.start()
    yield Segmenting(Reader(engine, batcher), Settings(home=home))
    batcher.stop()


def _layout(folder: Path) -> Path:
    """A healthy head, one with a lesion and its outline, one that is not to be called, and noise."""
    pictures = {name: phantoms.brain(lesion_mm=mm) for name, mm in (("healthy", 0), ("ill", 20))}
    noise = np.random.default_rng(0).integers(0, 255, (128, 128)).astype(np.uint8)
    rows = {
        "brain_healthy": {"file": "a.png", "truth": "no tumour; healthy", "sequence": "FLAIR"},
        "brain_other": {"file": "b.png", "truth": "no tumour; stroke", "sequence": "FLAIR"},
        "brain_tumour": {"file": "c.png", "truth": "tumour", "sequence": "FLAIR", "mask_file": "c.mask.png"},
        "brain_wrong": {"file": "d.png", "truth": "wrong modality", "sequence": ""},
    }
    for name, row in rows.items():
        (folder / name).mkdir(parents=True)
        with (folder / name / "index.csv").open("w", newline="") as csv_file:
            writer = csv.DictWriter(csv_file, [*row, "source", "kind"])
            writer.writeheader()
            writer.writerow(row | {"source": "made:here", "kind": "slice"})
    (folder / "brain_healthy" / "a.png").write_bytes(phantoms.axial_png(pictures["healthy"]))
    (folder / "brain_other" / "b.png").write_bytes(phantoms.axial_png(pictures["ill"]))
    (folder / "brain_tumour" / "c.png").write_bytes(phantoms.axial_png(pictures["ill"]))
    truth = np.asarray(Image.open(folder / "brain_tumour" / "c.png").convert("L")) > BRIGHT
    Image.fromarray(truth.astype(np.uint8) * 255).save(folder / "brain_tumour" / "c.mask.png")
    Image.fromarray(noise).save(folder / "brain_wrong" / "d.png")
    return folder


def test_every_file_goes_through_gate_network_and_decision(tmp_path: Path) -> None:
    data = _layout(tmp_path / "outside")
    trained = weights.opened(weights_in(tmp_path / "small", above=BRIGHT))
    with _segmenting(trained, tmp_path) as segmenting:
        made = judged_outside(segmenting, small_task(trained.folder), trained, data)
    answers = {case.name.partition("/")[0]: case.answer for case in made.cases}
    assert answers == {
        "brain_healthy": AnswerWord.NOT_FOUND,
        "brain_other": AnswerWord.FOUND,
        "brain_tumour": AnswerWord.FOUND,
        "brain_wrong": AnswerWord.REFUSED,
    }
    figures = made.figures()
    assert (figures["false_alarms"].value, figures["missed"].value) == (0.0, 0.0)
    assert figures["dice"].value > 0.5
    assert next(case.reason for case in made.cases if case.answer is AnswerWord.REFUSED) == "unsuitable"
    assert made.weights_sha256 == trained.sha256

    files = keep_outside(small_task(trained.folder), trained.folder, made)
    assert {file.name for file in files} == {"outside.json", "card.md"}
    assert outside.opened(trained.folder) == made
    card = (trained.folder / weights.CARD).read_text()
    assert card.startswith(f"# Brighter than {BRIGHT}\n")
    assert "## Figures outside the training sources" in card


@pytest.mark.parametrize(
    ("report", "word"),
    [
        ({"refused": True, "task": None}, AnswerWord.REFUSED),
        ({"refused": False, "task": PNEUMONIA, "outcome": "found"}, AnswerWord.OTHER_TASK),
        ({"refused": False, "task": BRAIN_TUMOUR, "outcome": "found"}, AnswerWord.FOUND),
        ({"refused": False, "task": BRAIN_TUMOUR, "outcome": "not-found"}, AnswerWord.NOT_FOUND),
        ({"refused": False, "task": BRAIN_TUMOUR, "outcome": "uncertain"}, AnswerWord.UNCERTAIN),
    ],
)
def test_a_report_comes_to_one_word(report: dict[str, Any], word: AnswerWord) -> None:
    assert answer_word(report, BRAIN_TUMOUR) is word


def test_training_judges_outside_only_where_there_is_something(tmp_path: Path) -> None:
    def judge(*_: object) -> OutsideEvaluation:
        return evaluation("abc")

    task = small_task(tmp_path)
    assert judge_of(judge, task, tmp_path) is None
    data = _layout(tmp_path / "outside")
    assert judge_of(judge, task, tmp_path) is judge
    assert judge_of(None, task, tmp_path) is None
    (data / "brain_wrong" / "d.png").unlink()
    with pytest.raises(UnusableDataset, match="d.png"):
        judge_of(judge, task, tmp_path)
