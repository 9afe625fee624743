"""Imports on a Ray cluster of two workers on this machine: the same as without, whoever is killed."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from numpy.typing import NDArray

from tests.deploy.kept_rows import kept
from tests.deploy.ray_nodes import PYTHON, TOKEN, RayNodes, ray_nodes, settled
from tests.deploy.running_house import ROOT
from tests.labelled import make_labelled
from tests.services.imports import axial, write_labelled_volume, write_labels, write_mixed, write_picture

PATIENT = "Doe"
PICTURES = range(20, 60)
MARKS = range(1, 3)  # each picture so often, each a little another one
ORIGINAL, COPY = "1/40.png", "1/copy of 40.png"
PATIENCE_S = 300
pytestmark = [pytest.mark.integration, pytest.mark.deploy, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RayNodes]:
    if not PYTHON.exists():
        pytest.skip("Ray is not installed: make ray")
    with ray_nodes(tmp_path_factory.mktemp("ray"), workers=2) as started:
        yield started


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures, a DICOM series, what is refused, and labelled volumes with masks."""
    folder = tmp_path_factory.mktemp("scans")
    write_mixed(folder / "mixed")
    for mark in MARKS:
        for number in PICTURES:
            write_picture(folder / str(mark) / f"{number}.png", axial(number, mark=mark))
    shutil.copyfile(folder / ORIGINAL, folder / COPY)
    table = write_labelled_volume(folder, "L1", range(38, 46), {41, 42})
    table += write_labelled_volume(folder, "L2", range(36, 44), set())
    write_labels(folder / "index.csv", table)
    return folder


def command(home: Path, *words: object, python: Path = PYTHON) -> tuple[list[str], dict[str, str]]:
    """(A command line, its environment)."""
    own = {"LIGHTBOX_HOME": str(home), "LIGHTBOX_DEVICE": "cpu", "LIGHTBOX_BACKEND": "exact"}
    own["OMP_NUM_THREADS"] = "1"  # as Ray tells a worker with one core: sums are the same to their last digit
    return [str(python), "app.py", *map(str, words)], os.environ | TOKEN | own


def run(home: Path, *words: object, python: Path = PYTHON) -> tuple[int, str]:
    """(Exit status, everything that a command wrote)."""
    line, environment = command(home, *words, python=python)
    asked = subprocess.run(
        line, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=2 * PATIENCE_S
    )
    return asked.returncode, asked.stdout + asked.stderr


def import_(folder: Path) -> list[object]:
    return ["import", folder, "--labels", folder / "index.csv"]


@pytest.fixture(scope="module")
def plain(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What an import without a cluster leaves."""
    home = tmp_path_factory.mktemp("plain")
    status, said = run(home, *import_(folder), python=Path(sys.executable))
    assert status == 0, said
    return kept(home)


def assert_same(here: dict[str, Any], there: dict[str, Any]) -> None:
    """Row by row; numbers of a network to what the size of its batches changes in their last digits."""
    here, there = _whichever_came_first(here), _whichever_came_first(there)
    assert here.keys() == there.keys()
    for content in here:
        assert _nearly(here[content]) == there[content], content


def _whichever_came_first(everything: dict[str, Any]) -> dict[str, Any]:
    """The same with one name for the copies: the first that is decoded is the scan, the other is known."""
    told: dict[str, Any] = {}
    for content, rows in everything.items():
        if content == "items":
            told[content] = sorted((_of_copies(name), *rest) for name, *rest in rows)
        elif "patient" in rows:
            named = {"search_key": _of_copies(rows["patient"]["search_key"])}
            told[content] = rows | {"patient": rows["patient"] | named}
        else:
            told[content] = rows
    return told


def _of_copies(name: str) -> str:
    return ORIGINAL if name == COPY else name


class _Voxels:
    """An array that equals others but for single voxels, by one step of their scale."""

    def __init__(self, array: NDArray[Any]) -> None:
        self._array = array

    def __eq__(self, other: object) -> bool:
        assert isinstance(other, np.ndarray)
        ours, theirs = self._array.astype(np.float32), other.astype(np.float32)
        if other.dtype == np.float16:
            return np.allclose(ours, theirs, rtol=1e-2, atol=1e-2)
        apart = np.abs(ours - theirs)
        return bool(apart.max() <= 1 and np.count_nonzero(apart) <= 1e-3 * apart.size)

    __hash__ = None  # type: ignore[assignment]


def _nearly(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return _Voxels(value)
    if isinstance(value, float):
        return pytest.approx(value, rel=1e-4, abs=1e-6)
    if isinstance(value, dict):
        return {name: _nearly(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_nearly(part) for part in value]
    return value


def wait_for(process: subprocess.Popen[bytes], home: Path, items: int) -> None:
    until = time.monotonic() + PATIENCE_S
    while settled(home) < items:
        assert process.poll() is None, "it was over before"
        assert time.monotonic() < until
        time.sleep(0.05)


def test_a_cluster_reads_row_by_row_what_one_machine_reads(
    nodes: RayNodes, folder: Path, plain: dict[str, Any], tmp_path: Path
) -> None:
    status, said = run(tmp_path, *import_(folder), "--on", nodes.address)
    assert status == 0, said
    assert said.count("a worker on") == 2
    assert_same(plain, kept(tmp_path))
    assert len(plain) > 60
    _nothing_is_left_of_patients(nodes)


def _nothing_is_left_of_patients(nodes: RayNodes) -> None:
    """No name in Ray's logs, and no file of a worker or of Ray's that spilled what travelled."""
    files = [file for file in nodes.folder.rglob("*") if file.is_file()]
    assert any(file.name.startswith("worker-") for file in files)
    assert [file for file in files if PATIENT.encode() in file.read_bytes()] == []
    assert [file for file in files if "spilled" in str(file) or file.suffix in {".npy", ".dcm", ".png"}] == []


def test_importing_again_reads_nothing_anew(nodes: RayNodes, folder: Path, tmp_path: Path) -> None:
    few = tmp_path / "few"
    shutil.copytree(folder / "mixed", few)
    home = tmp_path / "home"
    first, again = (run(home, "import", few, "--on", nodes.address)[1] for _ in range(2))
    new = re.search(r"is done\. 7 of 7 items, (\d) new", first)
    assert new is not None, first
    assert f"0 new, {new[1]} known" in again, again


def test_workers_and_the_command_are_killed_and_nothing_is_lost_or_doubled(
    nodes: RayNodes, folder: Path, plain: dict[str, Any], tmp_path: Path
) -> None:
    chance, kills = random.Random(1), 0
    line, environment = command(tmp_path, *import_(folder), "--on", nodes.address)
    with (tmp_path / "log").open("wb") as log:
        first = subprocess.Popen(line, cwd=ROOT, env=environment, stdout=log, stderr=log)
        try:
            wait_for(first, tmp_path, 1)
        finally:
            first.send_signal(signal.SIGKILL)
            first.wait()
        before, of_the_first = settled(tmp_path), _engaged(tmp_path)
        second = subprocess.Popen(line, cwd=ROOT, env=environment, stdout=log, stderr=log)
        try:
            until = time.monotonic() + 2 * PATIENCE_S
            while second.poll() is None:
                assert time.monotonic() < until
                time.sleep(chance.uniform(0.1, 1.0))
                has_workers = _engaged(tmp_path) > of_the_first + kills
                if kills < 3 and has_workers and (alive := nodes.workers()) and _kill(chance.choice(alive)):
                    kills += 1
        finally:
            second.kill()
            second.wait()
    said = (tmp_path / "log").read_text()
    assert second.returncode == 0, said[-3000:]
    assert 0 < before < len(plain["items"])
    assert kills >= 1, said[-3000:]
    assert_same(plain, kept(tmp_path))


def _engaged(home: Path) -> int:
    """How many workers the commands have told of."""
    return (home / "log").read_text().count("a worker on")


def _kill(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        process.send_signal(signal.SIGKILL)
        return True
    return False


def test_who_has_not_the_token_is_not_let_in(nodes: RayNodes, folder: Path, tmp_path: Path) -> None:
    line, environment = command(tmp_path, "import", folder / "mixed", "--on", nodes.address)
    del environment["RAY_AUTH_TOKEN"]
    own = environment | {"HOME": str(tmp_path)}
    asked = subprocess.run(
        line, cwd=ROOT, env=own, capture_output=True, text=True, check=False, timeout=PATIENCE_S
    )
    assert asked.returncode == 2, asked.stderr
    assert "cannot be reached" in asked.stderr


def test_another_version_reads_the_archive_on_the_cluster(
    nodes: RayNodes, folder: Path, tmp_path: Path
) -> None:
    imported, said = run(tmp_path, "import", folder / "1", "--on", nodes.address)
    assert imported == 0, said
    words = ("evaluate", "brain-tumour", "--scans", "", "--json")
    here, there = (run(tmp_path, *words, *on) for on in ((), ("--on", nodes.address)))
    assert (here[0], there[0]) == (0, 0), there[1]
    assert _outcome(there[1]) == _nearly(_outcome(here[1]))
    assert _outcome(there[1])["read"] > 30


def _outcome(said: str) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(said[said.index("{\n") : said.rindex("\n}") + 2])["outcome"]
    for name in ("evaluation", "cases"):
        plain.pop(name, None)
    return plain


FOLDS = ("--fold", 1, 2, "--epochs", 6, "--set", "size=64", "--set", "batch_size=4")


def test_folds_are_trained_on_the_cluster_as_on_one_machine_also_where_a_worker_is_killed(
    nodes: RayNodes, tmp_path: Path
) -> None:
    data = make_labelled(tmp_path / "data")
    words = ("train", "pneumonia", "--data", data, *FOLDS)
    here, said = run(tmp_path / "here", *words, python=Path(sys.executable))
    assert here == 0, said
    home = tmp_path / "there"
    line, environment = command(home, *words, "--on", nodes.address)
    with (tmp_path / "log").open("wb") as log:
        training = subprocess.Popen(line, cwd=ROOT, env=environment, stdout=log, stderr=log)
        try:
            until = time.monotonic() + PATIENCE_S
            while not list(home.glob("training/*/*/checkpoint.pt")):
                assert training.poll() is None, (tmp_path / "log").read_text()[-3000:]
                assert time.monotonic() < until
                time.sleep(0.05)
            killed = [_kill(process) for process in nodes.workers()[:1]]
            training.wait(PATIENCE_S)
        finally:
            training.kill()
            training.wait()
    there = (tmp_path / "log").read_text()
    assert (training.returncode, killed) == (0, [True]), there[-3000:]
    assert "was lost" in there
    assert _table(there) == _table(said)


def _table(said: str) -> list[list[str]]:
    """The rows of a comparison without their minutes."""
    rows = [line.split(" | ")[:-1] for line in said.splitlines() if line.startswith("| the recipe |")]
    assert rows, said
    return rows


def test_a_worker_with_other_code_is_refused_in_a_sentence(
    nodes: RayNodes, folder: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    for wing in ("data", "models", "services"):
        shutil.copytree(ROOT / wing, other / wing, ignore=shutil.ignore_patterns("__pycache__"))
    for wing in ("reports",):
        (other / wing).symlink_to(ROOT / wing)
    with (other / "services" / "reading" / "reader.py").open("a") as reader:
        reader.write("\n# Of another state.\n")
    short = tempfile.TemporaryDirectory(prefix="lb-")  # a socket below it has 107 characters at most
    alone = RayNodes(Path(short.name))
    try:
        alone.start_head()
        alone.start_worker(code=other)
        status, said = run(tmp_path / "home", "import", folder / "mixed", "--on", alone.address)
    finally:
        alone.stop()
        short.cleanup()
    assert status == 2, said
    assert "has Lightbox's code " in said.splitlines()[-1]
    assert "bring it to the same state" in said.splitlines()[-1]
