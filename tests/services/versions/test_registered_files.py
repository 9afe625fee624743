"""Weights that are gone from MLflow are told, by version, and nothing takes such a version for a good one."""

from __future__ import annotations

import shutil
import socket
import time
from pathlib import Path

import pytest

from data.errors import UnusableModel
from data.records import BRAIN_TUMOUR, ModelVersion
from data.tracking import CHAMPION, Tracking
from models import weights
from tests.services.small_models import PATIENCE_S, Department


def _in_mlflow(house: Department, version: ModelVersion) -> Path:
    (path,) = (house.folder / "mlflow").rglob(f"{version.run_id}/artifacts/model/{weights.WEIGHTS}")
    return path


def test_the_version_whose_weights_are_gone_is_named_until_they_are_back(house: Department) -> None:
    second, files = house.version(above=700, name="second"), house.registered_files
    files.look()
    assert (files.gone(), files.trouble()) == ((), None)
    path = _in_mlflow(house, second)
    kept = path.read_bytes()
    path.unlink()
    shutil.rmtree(house.folder / "models" / BRAIN_TUMOUR / second.version, ignore_errors=True)
    files.look()
    said = f"The weights of Brain tumour version {second.version} are not in MLflow any more"
    assert [version.version for version in files.gone()] == [second.version]
    assert files.trouble() == files.trouble(BRAIN_TUMOUR) == f"{said}, and this machine has no copy."
    assert files.trouble("pneumonia") is None
    path.write_bytes(kept)
    house.registry.files(second)
    path.unlink()
    assert str(files.trouble()).endswith("; this machine still has a copy.")
    path.write_bytes(kept)
    files.look()
    assert (files.gone(), files.trouble()) == ((), None)


def test_a_version_whose_whole_run_is_gone_is_named_and_cannot_come_into_force(house: Department) -> None:
    second = house.version(above=700, name="second")
    shutil.rmtree(_in_mlflow(house, second).parents[2])
    shutil.rmtree(house.folder / "models" / BRAIN_TUMOUR / second.version, ignore_errors=True)
    house.registered_files.look()
    assert [version.version for version in house.registered_files.gone()] == [second.version]
    with pytest.raises(UnusableModel, match=f"version {second.version} are not in MLflow any more"):
        house.registry.files(second)
    house.tracking.set_alias(BRAIN_TUMOUR, CHAMPION, second.version)
    assert house.serving.look() == []
    assert "not in MLflow any more" in str(house.serving.trouble(BRAIN_TUMOUR))
    assert house.serving.live(BRAIN_TUMOUR) == "1"


@pytest.mark.parametrize("damage", ["another byte", "gone"])
def test_files_that_could_not_be_used_are_named_until_they_are_right(house: Department, damage: str) -> None:
    second, files = house.version(above=700, name="second"), house.registered_files
    files.look()
    path = _in_mlflow(house, second)
    kept = path.read_bytes()
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(kept[:-1] + bytes([kept[-1] ^ 1]))
    shutil.rmtree(house.folder / "models" / BRAIN_TUMOUR / second.version, ignore_errors=True)
    why = "are not in MLflow any more" if damage == "gone" else "are not those that were registered"
    with pytest.raises(UnusableModel, match=why):
        house.registry.files(second)
    # At once, not only at the next look.
    assert files.trouble() == files.trouble(BRAIN_TUMOUR)
    assert str(files.trouble()).startswith(f"Brain tumour: The files of version {second.version} {why}")
    assert files.trouble("pneumonia") is None
    assert files.lacking() == {(BRAIN_TUMOUR, second.version)}
    files.look()
    assert files.lacking() == {(BRAIN_TUMOUR, second.version)}
    path.write_bytes(kept)
    files.look()
    assert (files.lacking(), files.trouble()) == (set(), None)


def _another_byte(path: Path) -> bytes:
    """Change the last byte but one of a file; returns what it held."""
    kept = path.read_bytes()
    path.write_bytes(kept[:-2] + bytes([kept[-2] ^ 1]) + kept[-1:])
    return kept


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (
            weights.WEIGHTS,
            "The weights of Brain tumour version 1 in MLflow are not those that were registered; this "
            "machine still has a copy.",
        ),
        (
            weights.SETTINGS,
            "The settings of Brain tumour version 1 in MLflow are not those that this machine has fetched.",
        ),
    ],
)
def test_another_byte_is_noticed_while_the_copy_of_this_machine_is_in_use(
    house: Department, file: str, said: str
) -> None:
    (live,) = house.registry.versions(BRAIN_TUMOUR)
    files, path = house.registered_files, _in_mlflow(house, live).with_name(file)
    assert house.registry.copied(live)
    files.look()
    assert files.trouble() is None
    kept = _another_byte(path)
    for _ in range(2):  # and it stands until it is mended
        files.look()
        assert files.trouble(BRAIN_TUMOUR) == said
        assert files.lacking() == {(BRAIN_TUMOUR, live.version)}
    assert house.serving.live(BRAIN_TUMOUR) == live.version
    path.write_bytes(kept)
    files.look()
    assert (files.lacking(), files.trouble()) == (set(), None)


def test_versions_without_an_alias_are_read_one_after_the_other(house: Department) -> None:
    versions = [house.version(above=700 + number, name=f"other {number}") for number in range(3)]
    keys = {(version.name, version.version) for version in versions}
    for version in versions:
        _another_byte(_in_mlflow(house, version))
    noticed = []
    for _ in versions:
        house.registered_files.look()
        noticed.append(len(house.registered_files.lacking()))
    assert noticed == [1, 2, 3]
    assert house.registered_files.lacking() == keys


def test_while_mlflow_is_away_what_was_known_stands(
    house: Department, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    second, files = house.version(above=700, name="second"), house.registered_files
    _in_mlflow(house, second).unlink()
    files.look()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        away = Tracking(f"http://127.0.0.1:{taken.getsockname()[1]}", tmp_path)
    monkeypatch.setattr(house.registry, "_tracking", away)
    files.look()
    assert [version.version for version in files.gone()] == [second.version]
    monkeypatch.undo()
    monkeypatch.setattr(house.registry, "tracking", away)  # goes away between two questions
    files.look()
    assert [version.version for version in files.gone()] == [second.version]


def test_it_looks_by_itself_once_the_networks_are_loaded(house: Department) -> None:
    second = house.version(above=700, name="second")
    _in_mlflow(house, second).unlink()
    house.registered_files.start()
    until = time.monotonic() + PATIENCE_S
    while not house.registered_files.gone() and time.monotonic() < until:
        time.sleep(0.01)
    house.registered_files.stop()
    assert [version.version for version in house.registered_files.gone()] == [second.version]
