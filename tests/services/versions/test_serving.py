"""What serves: followed while it runs, told to who asked, and never by half."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable

import pytest

from data.errors import TrackingAway, UnusableModel
from data.records import BRAIN_TUMOUR, ModelVersion
from data.tracking import CHAMPION, Tracking
from models import weights
from services.inference.engine import Engine
from services.versions.registry import Registry
from services.versions.serving import Serving
from tests.services.small_models import PATIENCE_S, Department, weights_in


def _broken(house: Department) -> ModelVersion:
    folder = weights_in(house.folder / "broken", above=700)
    (folder / weights.WEIGHTS).write_bytes(b"no weights at all")
    return house.registry.add(BRAIN_TUMOUR, folder, "a script", "", {})


def _eventually(true: Callable[[], bool]) -> bool:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        if true():
            return True
        time.sleep(0.01)
    return False


def test_nothing_is_live_before_anything_is_loaded(house: Department) -> None:
    serving = Serving(house.registry, Engine("cpu"), [house.task], house.audit, 0)
    assert serving.live(BRAIN_TUMOUR) is None
    assert serving.trouble(BRAIN_TUMOUR) is None
    assert serving.draws(BRAIN_TUMOUR)


def test_whoever_asked_is_told_of_an_alias_that_moved_and_of_what_served_before(house: Department) -> None:
    told: list[tuple[str, str | None]] = []
    house.serving.tell(lambda version, before: told.append((version.version, before)))
    second = house.version(above=700, name="second")
    assert house.serving.look() == []
    house.tracking.set_alias(BRAIN_TUMOUR, CHAMPION, second.version)
    assert house.serving.look() == [BRAIN_TUMOUR]
    assert told == [(second.version, "1")]
    event = next(event for event in house.audit.recent(10) if event.action == "model.followed")
    assert event.detail == f"version {second.version} in the place of 1: the alias was moved elsewhere"
    assert house.registry.local(BRAIN_TUMOUR)[1] == second.version  # for a start without MLflow
    house.serving.put_in_force(house.registry.version(BRAIN_TUMOUR, "1"), {})
    assert told == [(second.version, "1")]  # what we did ourselves is no news


def test_what_cannot_load_is_tried_again_only_when_asked_to(
    house: Department, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []
    beside = house.serving.beside

    def counted(version: ModelVersion) -> object:
        tried.append(version.version)
        return beside(version)

    monkeypatch.setattr(house.serving, "beside", counted)
    broken = _broken(house)
    house.tracking.set_alias(BRAIN_TUMOUR, CHAMPION, broken.version)
    for _ in range(3):
        house.serving.follow(BRAIN_TUMOUR)
    assert tried == [broken.version]
    assert house.serving.live(BRAIN_TUMOUR) == "1"
    assert "damaged" in str(house.serving.trouble(BRAIN_TUMOUR))
    assert house.events().count("model.unusable") == 1
    assert house.serving.look() == []
    assert tried == [broken.version] * 2
    good = house.version(above=700, name="good")
    house.tracking.set_alias(BRAIN_TUMOUR, CHAMPION, good.version)
    house.serving.follow(BRAIN_TUMOUR)
    assert house.serving.live(BRAIN_TUMOUR) == good.version
    assert house.serving.trouble(BRAIN_TUMOUR) is None


def test_what_cannot_load_leaves_the_alias_where_it_was(house: Department) -> None:
    broken = _broken(house)
    with pytest.raises(UnusableModel):
        house.serving.put_in_force(broken, {})
    champion = house.tracking.by_alias(BRAIN_TUMOUR, CHAMPION)
    assert champion is not None
    assert champion.version == "1"


def test_files_that_cannot_be_fetched_are_told_as_an_outage_and_a_mistake_is_not(
    house: Department, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = house.version(above=700, name="second")

    def raising(error: Exception) -> Callable[..., None]:
        def fail(*_: object) -> None:
            raise error

        return fail

    monkeypatch.setattr(Tracking, "files_of", raising(TrackingAway("no route to host")))
    with pytest.raises(TrackingAway, match=f"files of version {second.version} cannot be fetched"):
        house.serving.beside(second)
    monkeypatch.setattr(Tracking, "files_of", raising(KeyError("ours")))
    with pytest.raises(KeyError, match="ours"):
        house.serving.beside(second)


def test_the_alias_is_followed_through_outages_and_mistakes_until_the_end(
    house: Department, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    second = house.version(above=700, name="second")
    registry = Registry(house.tracking, house.folder / "other", [house.task])
    serving = Serving(registry, Engine("cpu"), [house.task], house.audit, 0.01)
    by_alias = Tracking.by_alias
    faults: list[Exception] = []

    def unsteady(tracking: Tracking, name: str, alias: str) -> ModelVersion | None:
        if faults:
            raise faults.pop()
        return by_alias(tracking, name, alias)

    monkeypatch.setattr(Tracking, "by_alias", unsteady)
    loaded = threading.Event()

    def then() -> None:
        loaded.set()
        raise KeyError("what follows")

    with caplog.at_level(logging.ERROR):
        serving.start(then)
        assert loaded.wait(PATIENCE_S)
        assert serving.live(BRAIN_TUMOUR) == "1"
        faults += [TrackingAway("away"), KeyError("ours")]
        assert _eventually(lambda: not faults)
        house.tracking.set_alias(BRAIN_TUMOUR, CHAMPION, second.version)
        assert _eventually(lambda: serving.live(BRAIN_TUMOUR) == second.version)
        serving.stop()
    assert "what follows the loading of the models failed" in caplog.text
    assert "the alias could not be followed" in caplog.text
    assert "'ours'" in caplog.text
    assert not any("away" in record.getMessage() for record in caplog.records)
    assert _eventually(lambda: not any(thread.name == "models" for thread in threading.enumerate()))


def test_with_no_interval_nothing_is_followed(house: Department) -> None:
    second = house.version(above=700, name="second")
    assert _eventually(lambda: not any(thread.name == "models" for thread in threading.enumerate()))
    house.tracking.set_alias(BRAIN_TUMOUR, CHAMPION, second.version)
    assert house.serving.live(BRAIN_TUMOUR) == "1"


class Watching(Engine):
    """Notes when somebody asked for the way that is best for what serves, and what served then."""

    def __init__(self) -> None:
        super().__init__("cpu")
        self.settled_for: queue.Queue[str] = queue.Queue()

    def settle(self) -> None:
        super().settle()
        self.settled_for.put(self.loaded(BRAIN_TUMOUR).version)


def test_how_a_version_is_run_best_is_found_out_after_the_start_and_whenever_another_goes_live(
    house: Department,
) -> None:
    second, third = (house.version(above=above, name=str(above)) for above in (700, 800))
    engine = Watching()
    serving = Serving(house.registry, engine, [house.task], house.audit, 0)
    serving.start()
    try:
        assert engine.settled_for.get(timeout=PATIENCE_S) == "1"
        serving.put_in_force(second, {})
        assert engine.settled_for.get(timeout=PATIENCE_S) == second.version
        house.tracking.set_alias(BRAIN_TUMOUR, CHAMPION, third.version)
        assert serving.look() == [BRAIN_TUMOUR]
        assert engine.settled_for.get(timeout=PATIENCE_S) == third.version
    finally:
        serving.stop()
