"""The registry without MLflow, with notes that a crash cut off, and with a mistake of ours inside."""

from __future__ import annotations

import logging
import shutil
import socket
from pathlib import Path

import pytest

from data.errors import TrackingAway, UnusableModel
from data.records import BRAIN_TUMOUR
from data.tracking import CHAMPION, Tracking
from models import weights
from services.inference.engine import Engine
from services.versions.registry import NOTED, SHIPPED, Registry
from tests.services.small_models import Department, small_task, weights_in

AWAY = "cannot be reached"


@pytest.fixture
def closed_port() -> str:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


def _restarted(house: Department, tracking: Tracking) -> tuple[Registry, Engine]:
    registry = Registry(tracking, house.folder / "models", [house.task])
    engine = Engine("cpu")
    registry.load_all(engine)
    return registry, engine


def test_at_a_closed_port_every_question_says_that_mlflow_is_away(
    house: Department, closed_port: str
) -> None:
    second = house.version(above=700, name="second")
    registry, engine = _restarted(house, Tracking(closed_port, house.folder))
    assert engine.loaded(BRAIN_TUMOUR).version == "1"
    assert registry.versions(BRAIN_TUMOUR) == []
    assert AWAY in str(registry.trouble)
    assert registry.champion(BRAIN_TUMOUR) is None
    for ask in (
        lambda: registry.version(BRAIN_TUMOUR, "1"),
        lambda: registry.pointed_at(BRAIN_TUMOUR),
        lambda: registry.point(second, {}),
        lambda: registry.challenge(second, BRAIN_TUMOUR),
        lambda: registry.challenge(None, BRAIN_TUMOUR),
        lambda: registry.add(BRAIN_TUMOUR, weights_in(house.folder / "new", 720), "ada", "", {}),
    ):
        with pytest.raises(TrackingAway, match="nothing was changed"):
            ask()


def test_a_mistake_of_ours_is_not_called_an_outage(
    house: Department, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def mistaken(*_: object) -> None:
        raise KeyError("a name that we misspelt")

    for name in ("versions", "registered", "by_alias", "set_alias", "delete_alias", "start_run"):
        monkeypatch.setattr(Tracking, name, mistaken)
    version = house.engine.loaded(BRAIN_TUMOUR).version
    for ask in (
        lambda: house.registry.versions(BRAIN_TUMOUR),
        lambda: house.registry.version(BRAIN_TUMOUR, version),
        lambda: house.registry.pointed_at(BRAIN_TUMOUR),
        lambda: house.registry.challenge(None, BRAIN_TUMOUR),
        lambda: house.registry.champion(BRAIN_TUMOUR),
        lambda: house.registry.add(BRAIN_TUMOUR, weights_in(house.folder / "new", 720), "ada", "", {}),
    ):
        with pytest.raises(KeyError, match="misspelt"):
            ask()
    assert house.registry.trouble is None
    # At a start something has to serve all the same; the mistake is told with the id of its log.
    with caplog.at_level(logging.ERROR):
        registry, engine = _restarted(house, house.tracking)
    assert engine.loaded(BRAIN_TUMOUR).version == "1"
    assert AWAY not in str(registry.trouble)
    error_id = str(registry.trouble).split("error ")[1][:8]
    assert error_id in caplog.text
    assert "misspelt" in caplog.text


@pytest.mark.parametrize("left", [b"", b'{"vers', b"[]", b"7", b"null", b"{}", b"\xff\xfe"])
def test_a_note_that_was_cut_off_is_ignored_and_made_anew(
    house: Department, left: bytes, closed_port: str, caplog: pytest.LogCaptureFixture
) -> None:
    note = house.folder / "models" / BRAIN_TUMOUR / NOTED
    whole = note.read_bytes()
    note.write_bytes(left)
    with caplog.at_level(logging.ERROR):
        assert house.registry.local(BRAIN_TUMOUR)[1] == SHIPPED
    assert f"{NOTED} is ignored" in caplog.text
    assert house.registry.card(BRAIN_TUMOUR).startswith("# Brighter than")
    away, engine = _restarted(house, Tracking(closed_port, house.folder))
    assert engine.loaded(BRAIN_TUMOUR).version == SHIPPED  # nothing says what else it could be
    assert away.ready
    _restarted(house, house.tracking)
    assert note.read_bytes() == whole


def test_the_note_that_stands_stays_where_a_new_one_cannot_be_written(
    house: Department, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="no space"):
        house.registry.note_live(BRAIN_TUMOUR, "2")
    monkeypatch.undo()
    assert house.registry.local(BRAIN_TUMOUR)[1] == "1"


def test_a_copy_that_is_damaged_here_is_fetched_once_more(house: Department) -> None:
    version = house.version(above=700, name="second")
    folder = house.registry.files(version).folder
    for file, content in (
        (weights.SETTINGS, b'{"decision"'),
        (weights.SETTINGS, b""),
        (weights.WEIGHTS, b"other weights"),
    ):
        (folder / file).write_bytes(content)
        assert house.registry.files(version).sha256 == version.weights_sha256
    shutil.rmtree(folder)
    (kept,) = (house.folder / "mlflow").rglob(f"{version.run_id}/artifacts/model/{weights.SETTINGS}")
    kept.write_text("{}")
    with pytest.raises(UnusableModel, match="without Lightbox's files"):
        house.registry.files(version)


def test_without_any_weights_there_is_no_network_and_no_crash(tmp_path: Path, closed_port: str) -> None:
    registry = Registry(Tracking(closed_port, tmp_path), tmp_path, [small_task(tmp_path / "none")])
    engine = Engine("cpu")
    registry.load_all(engine)
    assert registry.ready
    assert engine.loaded_tasks() == []


def test_another_decision_for_the_weights_that_ship_is_a_new_version_once(house: Department) -> None:
    """A newer Lightbox may draw the same network's answers otherwise; what serves stays."""
    weights_in(house.folder / "shipped", above=500, threshold=0.4)
    for _ in range(2):
        _restarted(house, house.tracking)
    first, second = sorted(house.tracking.versions(BRAIN_TUMOUR), key=lambda version: int(version.version))
    assert first.weights_sha256 == second.weights_sha256
    live = house.tracking.by_alias(BRAIN_TUMOUR, CHAMPION)
    assert live is not None
    assert live.version == first.version
    kept = [house.registry.files(version).decision.threshold for version in (first, second)]
    assert kept == [0.5, 0.4]
