"""Each way of running each shipped network, one after the other, whatever this machine would choose."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from models import outside_distance, tasks, weights
from models.task import Describing, TaskKind
from models.weights import network_of
from services.inference.agreement import Agreement, Answered, agreement
from services.inference.backends.backend import Backend, Kind, Library, Precision
from services.inference.backends.conversion import convert
from services.inference.backends.openvino_backend import OpenVinoBackend, in_hardware
from services.inference.backends.torch_backend import TorchBackend
from services.inference.check_heads import CheckCase, check_heads
from tests.shipped_versions import ALL

CPU = torch.device("cpu")
MASKS = [name for name, version in ALL.items() if version.task.kind is TaskKind.SEGMENTATION]
WAYS = [(name, Kind(Library.OPENVINO, Precision.FLOAT32)) for name in ALL]
WAYS += [(name, Kind(library, Precision.BFLOAT16)) for name in MASKS for library in Library]
HEADS = 4


@cache
def _cases(name: str) -> Sequence[CheckCase]:
    return tuple(check_heads(ALL[name].task, HEADS))


@cache
def _exact(name: str) -> Backend:
    task, folder = ALL[name]
    return TorchBackend(network_of(task, weights.opened(folder)), CPU)


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that converted networks are made in, each when it is first asked for."""
    return tmp_path_factory.mktemp("converted")


def _opened(name: str, kind: Kind, folder: Path) -> Backend:
    task, version = ALL[name]
    network = network_of(task, weights.opened(version))
    if kind.library is Library.TORCH:
        return TorchBackend(network, CPU, kind.precision)
    file = folder / f"{name.replace('/', '-')}.xml"
    if not file.exists():
        convert(network, _cases(name)[0].inputs[:1], file)
    return OpenVinoBackend(file, kind.precision, threads=1)


def _answers(name: str, backend: Backend) -> list[Answered]:
    return [Answered(backend.run(case.inputs)[0], case.placement, case.truth) for case in _cases(name)]


def _apart(name: str, backend: Backend) -> Agreement:
    task, folder = ALL[name]
    decision = weights.opened(folder).decision
    return agreement(task, decision, _answers(name, _exact(name)), _answers(name, backend))


@pytest.mark.parametrize(("name", "kind"), WAYS, ids=lambda value: str(getattr(value, "words", value)))
def test_a_reading_by_another_backend_agrees_with_the_network_as_it_was_trained(
    name: str, kind: Kind, converted: Path
) -> None:
    if not in_hardware(kind.precision):
        pytest.skip(f"this processor does not compute in {kind.precision}")
    apart = _apart(name, _opened(name, kind, converted))
    assert apart.shift <= 0.001
    assert apart.call_shift <= 0.005
    assert apart.flips <= 0.001
    assert apart.call_flips == 0
    if name in MASKS:
        assert apart.dice is not None
        assert abs(apart.dice) < 0.005


@pytest.mark.parametrize("name", ALL)
def test_in_float32_the_converted_network_is_the_trained_one(name: str, converted: Path) -> None:
    apart = _apart(name, _opened(name, Kind(Library.OPENVINO, Precision.FLOAT32), converted))
    assert apart.shift < 1e-5
    assert apart.call_shift < 1e-4


@pytest.mark.parametrize("name", ALL)
def test_vectors_come_out_of_every_backend_that_the_outside_distance_is_measured_by(
    name: str, converted: Path
) -> None:
    task, folder = ALL[name]
    trained = weights.opened(folder)
    inputs = torch.cat([case.inputs[:1] for case in _cases(name)])
    _, expected = _exact(name).run(inputs)
    _, vectors = _opened(name, Kind(Library.OPENVINO, Precision.FLOAT32), converted).run(inputs)
    assert (expected is None) is (vectors is None) is not isinstance(network_of(task, trained), Describing)
    usual = outside_distance.opened(trained.folder)
    if expected is not None and vectors is not None and usual is not None:
        np.testing.assert_allclose(usual.of_rows(vectors), usual.of_rows(expected), atol=1e-3)


@pytest.mark.parametrize("name", ALL)
def test_a_batch_of_any_size_is_answered_input_by_input_and_not_overwritten(
    name: str, converted: Path
) -> None:
    backend = _opened(name, Kind(Library.OPENVINO, Precision.FLOAT32), converted)
    inputs = torch.cat([case.inputs[:1] for case in _cases(name)])
    together, _ = backend.run(inputs)
    kept = together.copy()
    for at in range(len(inputs)):
        alone, _ = backend.run(inputs[at : at + 1])
        np.testing.assert_allclose(alone[0], together[at], rtol=1e-3, atol=1e-3)
    np.testing.assert_array_equal(kept, together)


def test_nothing_that_openvino_reports_to_its_maker_is_loaded() -> None:
    assert sys.modules["openvino_telemetry"] is None


def test_a_network_that_answers_with_no_numbers_agrees_with_nothing() -> None:
    task = tasks.ALL["suitability"]
    sound = _answers(task.name, _exact(task.name))
    broken = [Answered(each.raw * np.float32("nan"), each.placement, each.truth) for each in sound]
    with pytest.raises(ValueError, match="not a number"):
        agreement(task, weights.opened(task.folder).decision, sound, broken)
