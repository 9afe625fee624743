"""What each way of running the shipped networks changes on real validation scans; prints, asserts nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from data.labelled.datasets import brain_slices, chest_xrays, grey_image
from models import tasks, weights
from models.acquisition.pictures import shown_scans
from models.pneumonia.adults import adult_films
from models.task import Placement, Task
from models.weights import network_of
from services.inference.agreement import Answered, agreement
from services.inference.backends.backend import EXACT, Backend, Kind, Library, Precision
from services.inference.backends.conversion import convert
from services.inference.backends.openvino_backend import OpenVinoBackend, in_hardware
from services.inference.backends.torch_backend import TorchBackend
from services.inference.check_heads import CheckCase, check_heads
from services.inference.threads import network_threads

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
VALIDATION_FOLD = 4
HEADS = 32
pytestmark = [
    pytest.mark.bench,
    pytest.mark.timeout(7200),
    pytest.mark.skipif(not SHARED.exists(), reason="the real scans in ../shared/data are not here"),
]
WAYS = [
    EXACT,
    Kind(Library.TORCH, Precision.BFLOAT16),
    Kind(Library.OPENVINO, Precision.FLOAT32),
    Kind(Library.OPENVINO, Precision.BFLOAT16),
]


def _brains(dataset: str) -> Iterator[CheckCase]:
    """Whole volumes, or lone slices, of the patients that no weight was trained on."""
    scans = defaultdict(list)
    for labelled in brain_slices(SHARED):
        if labelled.fold == VALIDATION_FOLD and labelled.dataset == dataset:
            scans[labelled.patient].append(labelled)
    for members in scans.values():
        inputs, placement = tasks.ALL["brain-tumour"].prepare(
            np.stack([grey_image(member.image) for member in members])
        )
        yield CheckCase(inputs, placement, np.stack([grey_image(member.mask) > 127 for member in members]))


def _films(adults: bool) -> Iterator[CheckCase]:
    films = adult_films(SHARED) if adults else chest_xrays(SHARED)
    for film in films:
        if adults or film.fold == VALIDATION_FOLD:
            inputs, placement = tasks.ALL["pneumonia"].prepare(grey_image(film.image)[None])
            yield CheckCase(inputs, placement, np.zeros((1, 1, 1), dtype=bool))


def _shown(task: Task) -> Iterator[CheckCase]:
    for scan in shown_scans(SHARED, task.input_size):
        if not scan.extra and scan.fold == VALIDATION_FOLD:
            shape = (len(scan.pictures), task.input_size, task.input_size)
            yield CheckCase(scan.pictures.float() / 255, Placement(shape), np.zeros((1, 1, 1), dtype=bool))


CASES: dict[tuple[str, str], Callable[[], Iterator[CheckCase]]] = {
    ("brain-tumour", "FLAIR volumes"): lambda: _brains("tcga_lgg"),
    ("brain-tumour", "T1 slices"): lambda: _brains("cheng_t1ce"),
    ("pneumonia", "children's films"): lambda: _films(adults=False),
    ("pneumonia", "adults' films"): lambda: _films(adults=True),
    ("suitability", "scans"): lambda: _shown(tasks.ALL["suitability"]),
    ("acquisition", "scans"): lambda: _shown(tasks.ALL["acquisition"]),
} | {
    (name, "made heads"): lambda name=name: check_heads(tasks.ALL[name], HEADS)  # type: ignore[misc]
    for name in tasks.ALL
}


@pytest.mark.parametrize(("name", "what"), CASES)
def test_answers_apart_from_the_network_as_it_was_trained(name: str, what: str, tmp_path: Path) -> None:
    task = tasks.ALL[name]
    trained = weights.opened(task.folder)
    cases = list(CASES[name, what]())
    expected: list[Answered] = []
    for kind in WAYS:
        if not in_hardware(kind.precision):
            continue
        answers = _answers(_opened(task, kind, cases[0].inputs[:1], tmp_path), cases)
        expected = expected or answers
        apart = agreement(task, trained.decision, expected, answers)
        print(f"\n{name}, {len(cases)} {what}, {kind.words}: {apart}")


def _opened(task: Task, kind: Kind, example: torch.Tensor, folder: Path) -> Backend:
    network = network_of(task, weights.opened(task.folder))
    if kind.library is Library.TORCH:
        return TorchBackend(network, torch.device("cpu"), kind.precision)
    file = folder / "network.xml"
    if not file.exists():
        convert(network, example, file)
    return OpenVinoBackend(file, kind.precision, network_threads())


def _answers(backend: Backend, cases: Sequence[CheckCase]) -> list[Answered]:
    def run(inputs: torch.Tensor) -> np.ndarray:
        return np.concatenate([backend.run(part)[0] for part in inputs.split(16)])

    return [Answered(run(case.inputs), case.placement, case.truth) for case in cases]
