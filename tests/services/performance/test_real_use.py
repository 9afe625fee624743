"""Reviews move MLflow's runs: at once, once, late, and after MLflow was away."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from data.errors import TrackingAway
from data.ledger.judgements import JudgementStore
from data.records import BRAIN_TUMOUR, Result, TrackedRun, Verdict
from data.stores.jobs import JobStore
from data.stores.results import ResultStore
from data.stores.reviews import ReviewStore
from data.stores.scans import ScanStore
from data.tracking import Tracking
from services.jobs import Jobs
from services.performance.real_use import DIGEST, EXPERIMENT, RealUse, forget_synthetic
from tests.clocks import FAR_EAST, in_zone
from tests.data.builders import a_kept_scan, a_result, a_review
from tests.databases import migrated, new_mlflow

PATIENCE_S = 60
NOVEMBER = datetime(2026, 11, 20, 8, tzinfo=UTC)


class House:
    """Stores, jobs and MLflow in a folder."""

    def __init__(self, folder: Path) -> None:
        self.engine: Engine = migrated(f"sqlite:///{folder / 'house.db'}")
        self.tracking = Tracking(new_mlflow(folder), folder / "mlflow")
        self.jobs = Jobs(JobStore(self.engine), 2, busy_delay_s=0.1, retry_delay_s=0.1)
        self.told: list[str] = []
        self.real_use = self.anew()

    def anew(self) -> RealUse:
        judgements = JudgementStore(self.engine, share=0.5)
        return RealUse(
            judgements, self.tracking, self.jobs, [BRAIN_TUMOUR], rest_s=0.2, logged=self.told.append
        )

    def read(self, at: datetime = NOVEMBER, synthetic: bool = False, **changes: Any) -> Result:
        scan = a_kept_scan(self.engine, synthetic=synthetic)
        return ResultStore(self.engine).add(a_result(scan.id, created_at=at, **changes))

    def review(self, result: Result, minutes: float = 0, **changes: Any) -> None:
        ReviewStore(self.engine).add(a_review(result.scan_id, result.id, minutes, **changes))

    def runs(self, part: str = "reviewed", synthetic: str = "no") -> list[TrackedRun]:
        tags = {"lightbox.kind": "real-use", "lightbox.part": part, "lightbox.synthetic": synthetic}
        return self.tracking.runs(EXPERIMENT.format(task=BRAIN_TUMOUR), tags)

    def run(self, part: str = "reviewed") -> TrackedRun:
        (run,) = self.runs(part)
        return run


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.jobs.stop()
    house.engine.dispose()


def test_a_month_of_real_use_is_one_of_the_house(house: House) -> None:
    with in_zone(FAR_EAST):
        house.review(house.read(datetime(2026, 10, 31, 11, tzinfo=UTC)))
        house.anew().score_all()
    assert house.run().tags["lightbox.month"] == "2026-11"
    with in_zone("UTC"):  # the house moves: its months are made anew, and the old ones taken back
        house.anew().score_all()
    assert house.run().tags["lightbox.month"] == "2026-10"


def eventually(holds: Callable[[], bool]) -> bool:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.05)
    return False


def test_each_review_moves_the_same_run_by_one(house: House) -> None:
    house.jobs.start()
    for n in (1, 2, 3):
        result = house.read()
        house.review(result, positive := n, truth_positive=True)
        house.real_use.truth_changed(result)
        assert eventually(lambda: bool(house.runs()) and house.run().metrics.get("reviewed_n") == positive)
    run = house.run()
    assert (run.name, run.status) == ("v3 2026-11 reviewed", "FINISHED")
    assert run.tags["lightbox.version"] == "3"
    assert run.tags["lightbox.month"] == "2026-11"
    assert (run.metrics["recall"], run.metrics["recall_n"], run.metrics["dice_n"]) == (1.0, 3.0, 0.0)
    assert (run.metrics["accepted_outlines"], run.metrics["accepted_outlines_n"]) == (1.0, 3.0)
    assert run.metrics["recall_low"] == pytest.approx(0.4385, abs=1e-4)
    assert (run.metrics["read_n"], run.metrics["latency_p50_ms"]) == (3.0, 12.5)
    assert set(house.told) == {BRAIN_TUMOUR}
    history = house.tracking._client.get_metric_history(run.run_id, "reviewed_n")
    assert [(metric.step, metric.value) for metric in history] == [(0, 1.0), (1, 2.0), (2, 3.0)]


def test_many_reviews_at_once_are_all_in_the_end(house: House) -> None:
    house.jobs.start()
    for minute in range(12):
        result = house.read()
        house.review(result, minute)
        house.real_use.truth_changed(result)
    assert eventually(lambda: bool(house.runs()) and house.run().metrics.get("reviewed_n") == 12)


def test_twice_is_once(house: House) -> None:
    house.review(house.read())
    house.real_use.score_all()
    before = house.run()
    house.real_use.score(BRAIN_TUMOUR, "3", "2026-11")
    house.anew().score_all()
    assert house.run() == before
    assert before.steps["reviewed_n"] == 0


def test_a_late_correction_scores_its_old_month_again(house: House) -> None:
    old = house.read(datetime(2026, 3, 31, 23, 59, tzinfo=UTC))
    new = house.read(datetime(2026, 4, 1, tzinfo=UTC))
    for result in (old, new):
        house.review(result)
    house.real_use.score_all()
    runs = {run.tags["lightbox.month"]: run for run in house.runs()}
    assert set(runs) == {"2026-03", "2026-04"}
    house.review(old, 99, verdict=Verdict.CORRECTED, truth_positive=True, dice=0.4)
    house.real_use.score_all()
    after = {run.tags["lightbox.month"]: run for run in house.runs()}
    assert after["2026-03"].run_id == runs["2026-03"].run_id
    assert (after["2026-03"].metrics["dice"], after["2026-03"].steps["dice"]) == (0.4, 1)
    assert after["2026-04"] == runs["2026-04"]


def test_what_becomes_undefined_has_no_cases(house: House) -> None:
    result = house.read()
    house.review(result)
    house.real_use.score_all()
    assert house.run().metrics["recall_n"] == 1
    house.review(result, 5, verdict=Verdict.REJECTED, truth_positive=False)
    house.real_use.score_all()
    assert house.run().metrics["recall_n"] == 0
    assert house.run().metrics["far"] == 1.0


def test_the_sample_has_a_run_of_its_own(house: House) -> None:
    results = [house.read() for _ in range(12)]
    for result in results:
        house.review(result)
    house.read()
    house.real_use.score_all()
    sampled = sum(judgement.sampled for judgement in JudgementStore(house.engine, 0.5).of(BRAIN_TUMOUR))
    assert 0 < sampled < 12
    assert house.run("sample").metrics["reviewed_n"] == sampled
    assert house.run().metrics["reviewed_n"] == 12
    assert house.run().metrics["read_n"] == 13


def test_synthetic_scans_are_scored_apart_and_leave_with_their_runs(house: House) -> None:
    made = house.read(synthetic=True)
    house.review(made)
    house.review(house.read())
    house.real_use.score_all()
    assert [run.metrics["reviewed_n"] for run in house.runs()] == [1.0]
    assert [run.name for run in house.runs(synthetic="yes")] == ["v3 2026-11 reviewed synthetic"]
    assert forget_synthetic(house.tracking, [BRAIN_TUMOUR]) >= 1
    assert house.runs(synthetic="yes") == []
    house.real_use.score_all()  # their scans are here still
    assert len(house.runs(synthetic="yes")) == 1
    ScanStore(house.engine).delete([made.scan_id])
    house.real_use.score_all()
    assert house.runs(synthetic="yes") == []
    assert house.run().metrics["reviewed_n"] == 1


def test_while_mlflow_is_away_months_wait_and_follow_when_it_is_back(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any) -> None:
        raise TrackingAway("no route to host")

    house.real_use.tick()  # the day's first does everything
    house.jobs.start()
    assert house.jobs.wait_idle(PATIENCE_S)
    reach = house.tracking.runs
    monkeypatch.setattr(house.tracking, "runs", away)
    for month in (9, 10):
        result = house.read(datetime(2026, month, 3, tzinfo=UTC))
        house.review(result)
        house.real_use.truth_changed(result)
    assert house.jobs.wait_idle(PATIENCE_S)
    assert all("MLflow" in str(job.failure) for job in house.jobs.recent(2, "real-use"))
    with pytest.raises(TrackingAway):
        house.real_use.score_all()
    assert not house.real_use.running(BRAIN_TUMOUR, "3")
    monkeypatch.setattr(house.tracking, "runs", reach)
    assert house.runs() == []
    house.real_use.tick()
    assert eventually(lambda: len(house.runs()) == 2)


def test_a_mistake_of_ours_fails_the_job_and_is_not_called_an_outage(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def mistaken(*_: Any) -> None:
        raise KeyError("ours")

    result = house.read(datetime(2026, 10, 3, tzinfo=UTC))
    house.review(result)
    monkeypatch.setattr(house.tracking, "runs", mistaken)
    with pytest.raises(KeyError):
        house.real_use.score_all()
    house.jobs.start()
    house.real_use.truth_changed(result)
    assert house.jobs.wait_idle(PATIENCE_S)
    (failure,) = {str(job.failure) for job in house.jobs.recent(1, "real-use")}
    assert "Something went wrong inside Lightbox (error " in failure
    assert "MLflow" not in failure


def test_a_run_that_a_kill_left_half_done_is_logged_again(house: House) -> None:
    house.review(house.read())
    house.real_use.score_all()
    house.tracking.tag_run(house.run().run_id, {DIGEST: ""})
    twin = dict(house.run().tags)
    house.tracking.start_run(EXPERIMENT.format(task=BRAIN_TUMOUR), twin["mlflow.runName"], {}, twin)
    assert len(house.runs()) == 2
    first = min(house.runs(), key=lambda run: str(run.started_at)).run_id
    house.real_use.score_all()
    assert (house.run().run_id, house.run().steps["reviewed_n"]) == (first, 1)


def test_what_another_process_reviewed_is_seen_within_a_minute(house: House) -> None:
    house.review(house.read())
    house.real_use.resume()
    house.jobs.start()
    assert eventually(lambda: len(house.runs()) == 1)
    assert house.jobs.wait_idle(PATIENCE_S)
    house.real_use.tick()
    assert house.jobs.wait_idle(PATIENCE_S)
    assert len(house.jobs.recent(9, "real-use")) == 1  # nothing happened, nothing is asked for
    house.review(house.read(datetime(2026, 8, 5, tzinfo=UTC)))
    house.real_use.tick()
    assert eventually(lambda: len(house.runs()) == 2)


def test_scoring_everything_tells_how_far_it_is_and_stops_when_told(house: House) -> None:
    for month in (7, 8, 9):
        house.review(house.read(datetime(2026, month, 3, tzinfo=UTC)))
    told: list[float] = []
    house.real_use.score_all(told.append, lambda: len(told) == 2)
    assert told == pytest.approx([1 / 3, 2 / 3])
    assert sorted(run.tags["lightbox.month"] for run in house.runs()) == ["2026-08", "2026-09"]


def test_while_a_version_is_scored_it_says_so(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.review(house.read())
    seen: list[tuple[bool, bool]] = []
    reach = house.tracking.log_metrics

    def looked(*arguments: Any) -> None:
        seen.append((house.real_use.running(BRAIN_TUMOUR, "3"), house.real_use.running(BRAIN_TUMOUR, "4")))
        reach(*arguments)

    monkeypatch.setattr(house.tracking, "log_metrics", looked)
    house.real_use.score_all()
    assert set(seen) == {(True, False)}
    assert not house.real_use.running(BRAIN_TUMOUR, "3")


def test_versions_do_not_share_a_run(house: House) -> None:
    for version in ("3", "4"):
        result = a_result(a_kept_scan(house.engine).id, created_at=NOVEMBER)
        made_by = replace(result.provenance, model_version=version)
        house.review(ResultStore(house.engine).add(replace(result, provenance=made_by)))
    house.real_use.score_all()
    assert sorted(run.tags["lightbox.version"] for run in house.runs()) == ["3", "4"]


def test_the_month_follows_what_counts_of_a_result(house: House) -> None:
    result = house.read()
    for minutes, said in enumerate(
        (
            {"verdict": Verdict.CORRECTED, "truth_positive": True, "dice": 0.4},
            {"verdict": Verdict.ACCEPTED, "truth_positive": True, "id": "a" * 32},
            {"verdict": Verdict.TAKING_BACK, "takes_back": "a" * 32},
            {"verdict": Verdict.UNSURE},
        )
    ):
        house.review(result, minutes, **said)
        house.real_use.score_all()
        drawn, accepted, reviewed = ((1, 0.0, 1), (0, 1.0, 1), (1, 0.0, 1), (0, None, 0))[minutes]
        runs = house.runs()
        names = ("dice_n", "accepted_outlines", "reviewed_n")
        assert [tuple(run.metrics[name] for name in names) for run in runs] == (
            [(drawn, accepted, reviewed)] if reviewed else []
        )
        assert all(run.metrics["dice"] == 0.4 for run in runs if drawn)
