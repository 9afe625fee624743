"""What may be rehearsed, how much of it, and what becomes of one that ends early."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from data.errors import Busy, InvalidInput, NotAllowed, NotFound, TrackingAway
from data.records import BRAIN_TUMOUR, JobState, Role
from data.tracking import Tracking
from services import keys
from services.versions.rehearsals import AGAINST, FILE, MOST_SCANS, VERSION
from tests.services.small_models import PATIENCE_S, Department, somebody

EXPERIMENT = "lightbox-brain-tumour-rehearsal"


def _runs(house: Department) -> list[Any]:
    return house.tracking.runs(EXPERIMENT, {})


def test_between_one_scan_and_a_thousand(house: Department) -> None:
    house.add(2, bright=800)
    version = house.version(above=700, name="candidate").version
    assert MOST_SCANS == 1000
    for scans in (-1, 0, 1001):
        with pytest.raises(InvalidInput, match="between 1 and 1000 scans"):
            house.rehearsals.request(BRAIN_TUMOUR, version, scans, house.ada)
    house.rehearse(version, scans=1)
    latest = house.rehearsals.latest(BRAIN_TUMOUR, version)
    assert latest is not None
    assert len(latest.differences) == 1
    house.rehearse(version, scans=1000)
    again = house.rehearsals.latest(BRAIN_TUMOUR, version)
    assert again is not None
    assert len(again.differences) == 2
    assert house.events()[:2] == ["model.rehearsed", "model.rehearse"]
    assert [request.scans for request, _ in house.rehearsals.jobs()] == [1000, 1]


def test_only_mlops_begin_and_end_them_and_only_rehearsals(house: Department) -> None:
    house.add(1, bright=800)
    version = house.version(above=700, name="candidate").version
    house.jobs.register("other", lambda context: None)
    other = house.jobs.submit("other", "x")
    for role in (Role.CLINICIAN, Role.HEAD, Role.ADMIN):
        with pytest.raises(NotAllowed):
            house.rehearsals.request(BRAIN_TUMOUR, version, 1, somebody(role, "x"))
        with pytest.raises(NotAllowed):
            house.rehearsals.cancel(other.id, somebody(role, "x"))
    with pytest.raises(NotFound, match="no such rehearsal"):
        house.rehearsals.cancel(other.id, house.ada)
    assert house.rehearsals.jobs() == []


def test_before_a_model_is_loaded_nothing_is_rehearsed(
    house: Department, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.add(1, bright=800)
    version = house.version(above=700, name="candidate").version
    monkeypatch.setattr(house.serving, "live", lambda task: None)
    with pytest.raises(Busy, match="still being loaded"):
        house.rehearsals.request(BRAIN_TUMOUR, version, 1, house.ada)


def test_one_under_way_is_this_versions_alone(house: Department, monkeypatch: pytest.MonkeyPatch) -> None:
    house.add(2, bright=800)
    version = house.version(above=700, name="candidate").version
    house.jobs.register("other", lambda context: None)
    under_way, go_on = threading.Event(), threading.Event()
    compared = house.rehearsals._rehearser.compared

    def slow(*arguments: Any) -> Any:
        under_way.set()
        assert go_on.wait(PATIENCE_S)
        return compared(*arguments)

    monkeypatch.setattr(house.rehearsals._rehearser, "compared", slow)
    job = house.rehearsals.request(BRAIN_TUMOUR, version, 2, house.ada)
    assert under_way.wait(PATIENCE_S)
    current = house.rehearsals.under_way(BRAIN_TUMOUR, version)
    assert current is not None
    assert current.id == job.id
    assert not house.rehearsals.running(BRAIN_TUMOUR, "1")
    assert not house.rehearsals.running("pneumonia", version)
    assert house.rehearsals.latest(BRAIN_TUMOUR, version) is None  # not before it is finished
    assert house.rehearsals.latest_of(BRAIN_TUMOUR, [version], "1") == {version: None}
    with pytest.raises(Busy, match="under way"):
        house.promotions.override(BRAIN_TUMOUR, version, "Now.", house.ada)
    go_on.set()
    assert house.jobs.wait_idle(PATIENCE_S)
    assert house.rehearsals.under_way(BRAIN_TUMOUR, version) is None


def test_the_newest_counts_and_only_against_the_champion_of_now(house: Department) -> None:
    house.add(2, bright=800)
    second = house.version(above=700, name="second").version
    third = house.version(above=750, name="third").version
    house.rehearse(second, scans=1)
    house.rehearse(second, scans=2)
    house.rehearse(third, scans=1)
    latest = house.rehearsals.latest_of(BRAIN_TUMOUR, [second, third, "9"], "1")
    assert {version: made and len(made.differences) for version, made in latest.items()} == {
        second: 2,
        third: 1,
        "9": None,
    }
    assert latest[second] == house.rehearsals.latest(BRAIN_TUMOUR, second, "1")
    assert house.rehearsals.latest(BRAIN_TUMOUR, second, "7") is None
    assert house.rehearsals.latest_of(BRAIN_TUMOUR, [second], "7") == {second: None}
    with pytest.raises(NotFound, match="no such rehearsal"):
        house.rehearsals.opened("0" * 32)


def test_a_version_that_went_live_meanwhile_is_not_rehearsed(
    house: Department, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.add(1, bright=800)
    version = house.version(above=700, name="candidate").version
    house.jobs.stop()
    job = house.rehearsals.request(BRAIN_TUMOUR, version, 1, house.ada)
    house.engine.take_over(house.serving.beside(house.registry.version(BRAIN_TUMOUR, version)))
    house.jobs.start()
    assert house.jobs.wait_idle(PATIENCE_S)
    assert "went live before it was rehearsed" in str(house.jobs.get(job.id).failure)
    assert _runs(house) == []


def test_where_mlflow_goes_away_at_the_end_it_says_so_and_leaves_nothing(
    house: Department, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_json = Tracking.log_json

    def away(tracking: Tracking, run_id: str, file_name: str, value: object) -> None:
        if file_name == FILE:
            raise TrackingAway("no route to host")
        log_json(tracking, run_id, file_name, value)

    house.add(2, bright=800)
    version = house.version(above=700, name="candidate").version
    monkeypatch.setattr(Tracking, "log_json", away)
    job = house.rehearsals.request(BRAIN_TUMOUR, version, 2, house.ada)
    assert house.jobs.wait_idle(PATIENCE_S)
    assert "it was lost; start it again" in str(house.jobs.get(job.id).failure)
    assert _runs(house) == []
    assert house.files.keys("rehearsals") == []


def test_a_mistake_of_ours_fails_the_job_and_is_no_scan_that_the_candidate_cannot_read(
    house: Department, monkeypatch: pytest.MonkeyPatch
) -> None:
    def mistaken(*_: object) -> None:
        raise KeyError("ours")

    house.add(2, bright=800)
    version = house.version(above=700, name="candidate").version
    monkeypatch.setattr(house.rehearsals._rehearser, "compared", mistaken)
    job = house.rehearsals.request(BRAIN_TUMOUR, version, 2, house.ada)
    assert house.jobs.wait_idle(PATIENCE_S)
    failed = house.jobs.get(job.id)
    assert (failed.state, failed.attempts) == (JobState.FAILED, 3)
    assert "Something went wrong inside Lightbox (error " in str(failed.failure)
    assert _runs(house) == []


def test_a_mistake_of_ours_is_not_called_an_outage(
    house: Department, monkeypatch: pytest.MonkeyPatch
) -> None:
    def mistaken(*_: object) -> None:
        raise KeyError("ours")

    monkeypatch.setattr(Tracking, "runs", mistaken)
    monkeypatch.setattr(Tracking, "read_json", mistaken)
    with pytest.raises(KeyError):
        house.rehearsals.latest(BRAIN_TUMOUR, "2")
    with pytest.raises(KeyError):
        house.rehearsals.opened("0" * 32)


def test_one_that_a_kill_cut_short_is_begun_anew(house: Department) -> None:
    house.add(2, bright=800)
    version = house.version(above=700, name="candidate").version
    house.jobs.stop()
    job = house.rehearsals.request(BRAIN_TUMOUR, version, 2, house.ada)
    tags = {"lightbox.kind": "rehearsal", VERSION: version, AGAINST: "1", "lightbox.job": job.id}
    left = house.tracking.start_run(EXPERIMENT, "cut short", {}, tags)
    house.files.put(keys.rehearsed_mask(left, "scan", "candidate"), b"half")
    house.jobs.start()
    assert house.jobs.wait_idle(PATIENCE_S)
    (run,) = _runs(house)
    assert run.run_id != left
    assert (run.status, run.tags[AGAINST], run.tags[VERSION]) == ("FINISHED", "1", version)
    assert house.files.keys(keys.rehearsal(left)) == []


def test_those_who_cannot_wait_come_first(house: Department, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.versions.rehearsals.BUSY_PAUSE_S", 0.01)
    compared, busy = house.rehearsals._rehearser.compared, iter([True, True, False, True])

    def crowded(*arguments: Any) -> Any:
        if next(busy, False):
            raise Busy("later")
        return compared(*arguments)

    house.add(2, bright=800)
    version = house.version(above=700, name="candidate").version
    monkeypatch.setattr(house.rehearsals._rehearser, "compared", crowded)
    house.rehearse(version)
    made = house.rehearsals.latest(BRAIN_TUMOUR, version)
    assert made is not None
    assert (len(made.differences), made.failed) == (2, ())


def test_a_scan_deleted_meanwhile_is_left_out(house: Department, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = house.add(2, bright=800)
    version = house.version(above=700, name="candidate").version
    get = house.scans.get
    monkeypatch.setattr(house.scans, "get", lambda scan_id: None if scan_id == first.id else get(scan_id))
    house.rehearse(version)
    made = house.rehearsals.latest(BRAIN_TUMOUR, version)
    assert made is not None
    assert ([scan.scan_id for scan in made.differences], made.failed) == ([second.id], ())


def test_its_numbers_are_in_mlflow(house: Department) -> None:
    house.add(3, bright=600)
    house.add(1, bright=800)
    version = house.version(above=700, name="candidate").version
    house.rehearse(version)
    (run,) = _runs(house)
    assert (run.metrics["scans"], run.metrics["failed"], run.metrics["sides_changed"]) == (4, 0, 3)
    assert (run.metrics["recall"], run.metrics["recall_n"]) == (0.25, 4)
    assert run.metrics["champion_picture_ms"] > 0
    assert run.metrics["candidate_weights_mb"] > 0
