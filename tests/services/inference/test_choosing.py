"""Which way a version is run here: checked once in a process of its own, kept, found again, made again."""

from __future__ import annotations

import os
import shutil
import time
import weakref
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from data.errors import UnusableModel
from models import tasks, weights
from models.task import TaskKind
from services.inference import check
from services.inference.agreement import Agreement
from services.inference.backends.backend import EXACT, Kind, Library, Precision
from services.inference.backends.openvino_backend import in_hardware
from services.inference.check import chosen, in_words, kinds_for
from services.inference.choice import NETWORK, Asked, Choice, KeptChoices, Tried, Wanted, machine_of
from services.inference.choosing import Choosing
from services.inference.engine import Engine
from tests.services.small_models import small_task, weights_in

CPU = torch.device("cpu")
TASK = tasks.ALL["suitability"]
TRAINED = weights.opened(TASK.folder)
CLOSE = Agreement(24, 0.0001, 0.0001, 0.001, 0.0, -0.00001, -0.004, 0.004)
FAR = replace(CLOSE, shift=0.01)
INT = Kind(Library.OPENVINO, Precision.BFLOAT16)


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the real check, in its own process, has chosen for the gate's network."""
    folder = tmp_path_factory.mktemp("networks")
    choice = Choosing(folder, CPU, Wanted.OPENVINO).made(TASK, TRAINED)
    assert choice.settled
    assert choice.machine == machine_of(CPU, Wanted.OPENVINO), choice.why
    return folder


@pytest.fixture
def folder(checked: Path, tmp_path: Path) -> Path:
    shutil.copytree(checked, tmp_path / "networks")
    return tmp_path / "networks"


def _converted(folder: Path) -> Choice:
    """A choice of the converted network, whatever this machine found faster."""
    kept = KeptChoices(folder, machine_of(CPU, Wanted.OPENVINO))
    choice = kept.get(TRAINED.sha256)
    assert choice is not None
    if choice.network is None:
        pytest.skip("on this machine the converted network was not the faster one")
    return choice


def test_a_choice_is_found_again_by_a_restart_and_not_made_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.inference.choosing.subprocess.Popen", None)  # nothing may be started
    choice = Choosing(folder, CPU, Wanted.OPENVINO).made(TASK, TRAINED)
    assert choice == KeptChoices(folder, machine_of(CPU, Wanted.OPENVINO)).get(TRAINED.sha256)
    engine = Engine("cpu", Choosing(folder, CPU, Wanted.OPENVINO))
    loaded = engine.place(TASK, TRAINED, "1")
    assert loaded.choice == choice
    assert loaded.backend.kind == choice.kind
    inputs = [torch.rand(1, 112, 112, generator=torch.Generator().manual_seed(0))]
    exact = Engine("cpu")
    expected = exact.run(exact.place(TASK, TRAINED, "1"), inputs)
    np.testing.assert_allclose(engine.run(loaded, inputs)[0].raw, expected[0].raw, atol=1e-3)


def test_a_damaged_network_is_not_read_by_and_its_choice_forgotten(folder: Path) -> None:
    choice = _converted(folder)
    kept = KeptChoices(folder, machine_of(CPU, Wanted.OPENVINO))
    file = kept.network_file(TRAINED.sha256, choice)
    assert file is not None
    content = bytearray(file.with_suffix(".bin").read_bytes())
    content[len(content) // 2] ^= 0xFF
    file.with_suffix(".bin").write_bytes(content)
    assert kept.get(TRAINED.sha256) is None
    loaded = Engine("cpu", Choosing(folder, CPU, Wanted.OPENVINO)).place(TASK, TRAINED, "1")
    assert loaded.backend.kind == EXACT
    assert not loaded.choice.settled


@pytest.mark.parametrize("damage", ["", "{", '{"library": "abacus"}'])
def test_a_choice_that_cannot_be_read_is_made_again(folder: Path, damage: str) -> None:
    kept = KeptChoices(folder, machine_of(CPU, Wanted.OPENVINO))
    (file,) = kept.folder_of(TRAINED.sha256).glob("choice-*.json")
    file.write_text(damage)
    assert kept.get(TRAINED.sha256) is None


def test_another_machine_or_another_library_is_checked_for_itself(folder: Path) -> None:
    assert KeptChoices(folder, machine_of(CPU, Wanted.OPENVINO)).get(TRAINED.sha256) is not None
    assert KeptChoices(folder, "another processor").get(TRAINED.sha256) is None
    assert machine_of(CPU, Wanted.AUTO) != machine_of(CPU, Wanted.OPENVINO)


def test_networks_that_no_choice_names_any_more_are_dropped(folder: Path) -> None:
    kept = KeptChoices(folder, machine_of(CPU, Wanted.OPENVINO))
    choice = kept.get(TRAINED.sha256)
    assert choice is not None
    beside = kept.folder_of(TRAINED.sha256) / "0123456789abcdef"
    beside.mkdir()
    (beside / NETWORK).write_text("older")
    kept.put(TRAINED.sha256, choice)
    assert beside.exists()  # another process may be making it right now
    os.utime(beside, (time.time() - 86_500,) * 2)
    kept.put(TRAINED.sha256, choice)
    assert not beside.exists()
    assert kept.get(TRAINED.sha256) == choice


def test_until_the_check_has_run_a_start_serves_the_network_as_it_was_trained_and_then_changes(
    folder: Path, tmp_path: Path
) -> None:
    choosing = Choosing(tmp_path / "nothing", CPU, Wanted.OPENVINO)
    engine = Engine("cpu", choosing)
    first = engine.place(TASK, TRAINED, "7")
    assert (first.backend.kind, first.choice.settled) == (EXACT, False)
    shutil.copytree(folder, tmp_path / "nothing")  # what the check leaves behind
    engine.settle()
    second = engine.loaded(TASK.name)
    assert second is not first
    assert (second.version, second.choice.settled) == ("7", True)
    assert len(engine.run(first, [torch.zeros(1, 112, 112)])) == 1  # a reading under way ends as it began
    engine.settle()
    assert engine.loaded(TASK.name) is second
    trained = weakref.ref(first.backend)
    del first
    assert trained() is None  # two networks of one version are held no longer than a reading takes


def test_where_the_check_fails_the_network_serves_as_it_was_trained_and_says_so(tmp_path: Path) -> None:
    blocked = tmp_path / "networks"
    blocked.write_text("a file where the folder should be")
    choice = Choosing(blocked, CPU).made(TASK, TRAINED)
    assert choice.kind == EXACT
    assert "check" in choice.why
    assert "failed" in choice.why


def test_the_setting_exact_tries_nothing(tmp_path: Path) -> None:
    engine = Engine("cpu", Choosing(tmp_path, CPU, Wanted.EXACT))
    loaded = engine.settled(engine.beside(TASK, TRAINED, "1"))
    assert (loaded.choice.kind, loaded.choice.settled) == (EXACT, True)
    assert "LIGHTBOX_BACKEND" in loaded.choice.why
    assert list(tmp_path.iterdir()) == []


def test_a_task_that_the_check_does_not_know_is_run_as_it_was_trained(tmp_path: Path) -> None:
    task = small_task(weights_in(tmp_path / "small", above=500))
    engine = Engine("cpu", Choosing(tmp_path / "networks", CPU))
    loaded = engine.settled(engine.beside(task, weights.opened(task.folder), "1"))
    assert (loaded.choice.kind, loaded.choice.settled) == (EXACT, True)


def test_a_version_that_cannot_load_is_refused_before_anything_is_tried(tmp_path: Path) -> None:
    broken = weights.save(tmp_path / "broken", {"nothing": torch.zeros(1)}, TRAINED.decision, {}, {})
    engine = Engine("cpu", Choosing(tmp_path / "networks", CPU))
    with pytest.raises(UnusableModel, match="does not fit"):
        engine.beside(TASK, broken, "2")
    assert not (tmp_path / "networks").exists()


def test_only_networks_that_draw_masks_are_tried_in_fewer_bits() -> None:
    for task in tasks.ALL.values():
        tried = {kind.precision for kind in kinds_for(task, CPU, Wanted.AUTO)}
        fewer = task.kind is TaskKind.SEGMENTATION and in_hardware(Precision.BFLOAT16)
        assert tried == ({Precision.FLOAT32, Precision.BFLOAT16} if fewer else {Precision.FLOAT32})


def test_the_setting_names_the_library() -> None:
    brain = tasks.ALL["brain-tumour"]
    assert {kind.library for kind in kinds_for(brain, CPU, Wanted.OPENVINO)} == {Library.OPENVINO}
    assert {kind.library for kind in kinds_for(brain, CPU, Wanted.TORCH)} <= {Library.TORCH}
    assert kinds_for(brain, CPU, Wanted.EXACT) == ()


def test_the_fastest_of_those_that_agree_is_chosen() -> None:
    quick = Tried(Library.OPENVINO, Precision.BFLOAT16, CLOSE, 6.0)
    plain = Tried(Library.OPENVINO, Precision.FLOAT32, CLOSE, 1.8)
    strayed = Tried(Library.TORCH, Precision.BFLOAT16, FAR, None)
    assert chosen([plain, quick, strayed]) is quick
    assert chosen([strayed, replace(plain, speed=1.1)]) == replace(plain, speed=1.1)
    assert chosen([strayed, replace(plain, speed=1.09)]) is None  # not worth being another one
    assert chosen([]) is None
    words = in_words([plain, quick, strayed], quick)
    assert "6.0 times as fast" in words
    assert "PyTorch, bfloat16 strayed too far" in words
    assert "Dice by 0.0000 (-0.0040 to +0.0040)" in words
    assert "strayed" not in in_words([quick], quick)


def test_speed_is_the_median_over_rounds_so_that_one_busy_moment_decides_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run = check.Check(TASK, TRAINED, CPU, Wanted.TORCH, tmp_path)
    backend = run.opened(EXACT)
    took = iter([9.0, 9.0, 2.0, 1.0, 2.0, 1.0, 2.0, 40.0, 2.0, 1.0, 50.0, 1.0])
    monkeypatch.setattr(check, "_seconds", lambda *_: next(took))
    assert run._speeds({INT: backend}) == {INT: 2.0}


def test_what_is_asked_of_the_check_survives_its_journey() -> None:
    from data.codec import from_json, to_json

    asked = Asked("suitability", Path("/a"), Path("/b"), "cpu", Wanted.TORCH)
    assert from_json(Asked, to_json(asked)) == asked
