"""Drift runs: what is compared with what, what is kept of it, and who is told."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import Engine

from data.errors import InvalidInput, NotFound
from data.feature_files import read, written
from data.records import (
    BRAIN_TUMOUR,
    SYNTHETIC_REFUSALS,
    DriftAsk,
    KeptRefusal,
    ReferenceKind,
    Refusal,
    Role,
    RunState,
    Severity,
    User,
)
from data.stores.jobs import JobStore
from data.stores.refusals import RefusalStore
from services.drift import charts as drift_charts
from services.jobs import Jobs
from services.reporting.drift_report import DriftReport
from tests.services.drifting import DIMENSIONS, DriftHouse

NORA = User("nora", "nora", "Nora Field", Role.MLOPS)
ASK = DriftAsk(BRAIN_TUMOUR, last=100)


@pytest.fixture
def house(engine: Engine, tmp_path: Path) -> DriftHouse:
    return DriftHouse(engine, tmp_path)


def noisy(value: float, random: np.random.Generator) -> float:
    return value + 0.03


def test_a_run_keeps_what_it_compared_with_what(house: DriftHouse) -> None:
    house.add(120, 1)
    house.add(100, 2, day=30, noise=noisy)
    run = house.drift.run_now(ASK, NORA)
    snapshot = house.drift.snapshot(run.id)
    assert run.state is RunState.DONE and run.version == "1" and run.asked_by == "nora"
    assert (run.reference_n, run.current_n) == (110, 100)
    assert snapshot["reference"]["name"] == run.reference_name == "First 110 readings of brain-tumour"
    assert snapshot["window"]["words"] == "newest 100 readings"
    assert snapshot["window"]["first"].startswith("2026-12-20") and len(snapshot["window"]["sha256"]) == 64
    reference = house.references.get(str(run.reference_id))
    assert snapshot["reference"]["sha256"] == reference.sha256
    assert run.snapshot_sha256 == hashlib.sha256(house.drift.content(run.id)).hexdigest()
    assert next(feature for feature in snapshot["features"] if feature["name"] == "noise")["drifted"]
    assert run.drifted == snapshot["counts"]["drifted"] and run.watched == snapshot["counts"]["watched"]
    assert b"root_metric" in house.drift.html(run.id)
    assert len(house.drift.rows(run.id)) == 100
    assert house.drift.runs(BRAIN_TUMOUR) == [run]


@pytest.mark.parametrize("synthetic", [False, True])
def test_refused_files_count_beside_readings_of_their_own_kind(
    house: DriftHouse, engine: Engine, *, synthetic: bool
) -> None:
    house.add(120, 1, synthetic=synthetic)
    house.add(100, 2, day=30, synthetic=synthetic)
    window = house.drift.snapshot(house.drift.run_now(ASK, NORA).id)["window"]
    came = datetime.fromisoformat(window["first"]) + timedelta(minutes=1)
    for number in range(10):
        refusal_id = f"{SYNTHETIC_REFUSALS if number < 7 else ''}{number}"
        refusal = Refusal("a.png", "colour", "It is a colour picture.")
        RefusalStore(engine).put(KeptRefusal(refusal_id, refusal, came))
    told = house.drift.snapshot(house.drift.run_now(ASK, NORA).id)["refusals"]
    assert (told["refused"], told["read"]) == (7 if synthetic else 3, 100)


def test_its_report_says_that_small_numbers_are_withheld(house: DriftHouse) -> None:
    house.add(120, 1)
    house.add(100, 2, day=30)
    run = house.drift.run_now(ASK, NORA)
    written = DriftReport(house.drift).write({"run": run.id}, "nora", lambda _: None)
    assert "fewer than 5 cases" in written.document.facts["Small numbers"]
    assert written.document.facts["Hash of the snapshot"] == run.snapshot_sha256
    assert "SYNTHETIC" not in DriftReport(house.drift).title({"run": run.id})


def test_its_title_says_that_its_scans_were_made(house: DriftHouse) -> None:
    house.add(120, 1, synthetic=True)
    house.add(100, 2, day=30, synthetic=True)
    run = house.drift.run_now(ASK, NORA)
    assert DriftReport(house.drift).title({"run": run.id}).endswith(", SYNTHETIC")


def test_the_same_readings_give_the_same_numbers(house: DriftHouse) -> None:
    house.add(120, 1)
    house.add(100, 2, day=30, noise=noisy)
    first, second = (house.drift.snapshot(house.drift.run_now(ASK).id) for _ in range(2))
    for snapshot in (first, second):
        for metric in snapshot["evidently"]["metrics"]:
            metric.pop("id")
        for name in ("run", "made_at"):
            snapshot.pop(name)
        snapshot["evidently"].pop("tests")
    assert first == second


def test_a_version_without_training_data_gets_a_sentence_and_its_first_readings(house: DriftHouse) -> None:
    house.add(120, 1)
    house.add(60, 2, day=30)
    snapshot = house.drift.snapshot(house.drift.run_now(ASK).id)
    assert "Version 1 came without a sample of its training data" in snapshot["notes"][0]
    assert "are left out" in snapshot["notes"][1]
    again = house.drift.run_now(ASK)
    assert len(house.references.all(BRAIN_TUMOUR)) == 1
    assert again.reference_name == "First 90 readings of brain-tumour"


def test_training_data_is_the_reference_where_it_came_with_the_version(
    house: DriftHouse, tmp_path: Path
) -> None:
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"noise": random.normal(0.03, 0.004, 200), "sex": random.choice(["F", "M"], 200)})
    house.training = tmp_path / "reference.parquet"
    house.training.write_bytes(written(frame, random.normal(size=(200, DIMENSIONS)).astype(np.float16)))
    house.add(60, 2)
    run = house.drift.run_now(ASK)
    snapshot = house.drift.snapshot(run.id)
    assert (
        snapshot["reference"]["kind"] == "training"
        and run.reference_name == "Training data of Brain tumour 1"
    )
    assert snapshot["embedding"]["n_reference"] == 200 and snapshot["embedding"]["p"] > 0.01
    told = {feature["name"]: feature["status"] for feature in snapshot["features"]}
    assert told["noise"] == "steady" and told["contrast"] == "not-compared"
    assert any("Contrast is not kept in the reference" in note for note in snapshot["notes"])
    assert house.drift.run_now(ASK).reference_id == run.reference_id


@pytest.mark.parametrize(("slices", "kind", "n"), [(24, "volumes", 40), (1, "lone slices", 160)])
def test_volumes_are_compared_with_volumes_and_slices_with_slices(
    house: DriftHouse, tmp_path: Path, slices: int, kind: str, n: int
) -> None:
    random = np.random.default_rng(0)
    volumes = np.arange(200) < 40
    noise = np.where(volumes, random.normal(0.03, 0.004, 200), random.normal(0.3, 0.04, 200))
    frame = pd.DataFrame({"noise": noise, "slices": np.where(volumes, 24.0, 1.0)})
    house.training = tmp_path / "reference.parquet"
    house.training.write_bytes(written(frame, random.normal(size=(200, DIMENSIONS)).astype(np.float16)))
    house.add(60, 2, slices=slices)
    run = house.drift.run_now(ASK)
    snapshot = house.drift.snapshot(run.id)
    assert (snapshot["reference"]["n"], run.reference_n) == (n, n)
    assert any(f"The window holds {kind}" in note for note in snapshot["notes"])
    (told,) = (feature for feature in snapshot["features"] if feature["name"] == "noise")
    assert (told["status"] == "steady") == (slices > 1)  # the house's readings have the volumes' noise
    house.add(30, 3, slices=1 if slices > 1 else 24)
    mixed = house.drift.run_now(ASK)
    assert mixed.reference_n == 200


def test_a_window_of_two_versions_tells_how_many_of_each(house: DriftHouse) -> None:
    house.add(120, 1)
    house.add(40, 2, day=30, version="2", shift=3.0)
    house.add(60, 3, day=31)
    snapshot = house.drift.snapshot(house.drift.run_now(ASK).id)
    assert snapshot["versions"] == {"1": 60, "2": 40} and snapshot["version"] is None
    assert any(
        "2 model versions: version 1 (60 scans), version 2 (40 scans)" in note for note in snapshot["notes"]
    )
    assert snapshot["embedding"]["n_current"] == 60  # another network's vectors mean something else
    assert snapshot["embedding"]["auc"]["low"] < 0.6


@pytest.mark.parametrize(
    ("ask", "n", "words"),
    [
        (DriftAsk(BRAIN_TUMOUR, first="2026-12-20", to="2026-12-20"), 50, "2026-12-20 to 2026-12-20"),
        (DriftAsk(BRAIN_TUMOUR, first="2026-12-20"), 80, "2026-12-20 to now"),
        (DriftAsk(BRAIN_TUMOUR, first="2026-12-20", last=70), 70, "newest 70 readings, 2026-12-20 to now"),
        (DriftAsk(BRAIN_TUMOUR, first="2027-05-01"), 0, "2027-05-01 to now"),
    ],
)
def test_windows_by_time_and_by_count(house: DriftHouse, ask: DriftAsk, n: int, words: str) -> None:
    house.add(200, 1)
    house.add(50, 2, day=30)
    house.add(30, 3, day=31)
    window = house.windows.window(ask)
    assert (len(window.frame), window.words) == (n, words)


def test_an_empty_window_is_too_few_and_still_a_report(house: DriftHouse) -> None:
    house.add(120, 1)
    run = house.drift.run_now(DriftAsk(BRAIN_TUMOUR, first="2027-05-01"))
    snapshot = house.drift.snapshot(run.id)
    assert run.severity is Severity.TOO_FEW and "There are no scans in the window." in snapshot["notes"]
    assert snapshot["reference"]["n"] == 60 and "Too few to judge" in snapshot["verdict"][0]
    assert house.bell.raised == []
    assert b"Too few to judge" in house.drift.html(run.id)


def test_a_scan_that_was_read_twice_counts_once(house: DriftHouse) -> None:
    ids = house.add(100, 1)
    house.add(0, 2, day=1, scan_ids=ids[:40], version="2")
    window = house.windows.window(DriftAsk(BRAIN_TUMOUR, last=500))
    assert len(window.frame) == 100 and dict(window.versions) == {"1": 60, "2": 40}


def test_made_scans_count_only_where_there_are_no_others(house: DriftHouse) -> None:
    house.add(100, 1, synthetic=True)
    made = house.windows.window(ASK)
    assert made.synthetic and len(made.frame) == 100
    run = house.drift.run_now(ASK)
    assert house.drift.snapshot(run.id)["synthetic"] and b"SYNTHETIC" in house.drift.html(run.id)
    house.add(70, 2, day=1)
    real = house.windows.window(ASK)
    assert not real.synthetic and len(real.frame) == 70


@pytest.mark.parametrize(
    "ask",
    [
        DriftAsk(BRAIN_TUMOUR, first="yesterday"),
        DriftAsk(BRAIN_TUMOUR, first="2026-12-02", to="2026-12-01"),
        DriftAsk(BRAIN_TUMOUR, last=0),
        DriftAsk(BRAIN_TUMOUR, query="colour=red"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_runs(house: DriftHouse, ask: DriftAsk) -> None:
    with pytest.raises(InvalidInput):
        house.drift.run_now(ask)
    assert house.drift.runs(BRAIN_TUMOUR) == []
    with pytest.raises(NotFound):
        house.drift.run_now(DriftAsk(BRAIN_TUMOUR, "no such reference"))


def test_references_are_frozen_under_a_name(house: DriftHouse) -> None:
    house.add(100, 1)
    kept = house.references.freeze(DriftAsk(BRAIN_TUMOUR, last=80), "  Autumn   2026 ", NORA)
    assert (kept.name, kept.n, kept.kind, kept.version) == ("Autumn 2026", 80, ReferenceKind.PERIOD, "1")
    house.add(50, 2, day=1, noise=noisy)
    assert len(house.references.opened(BRAIN_TUMOUR, kept.id).frame) == 80
    assert house.references.named(BRAIN_TUMOUR, "autumn 2026") == kept
    run = house.drift.run_now(DriftAsk(BRAIN_TUMOUR, kept.id, last=50))
    assert run.reference_id == kept.id and run.current_n == 50
    for name, ask, words in (
        ("AUTUMN 2026", ASK, "There is a reference called"),
        ("", ASK, "name first"),
        ("Small", DriftAsk(BRAIN_TUMOUR, last=5), "at least 30"),
    ):
        with pytest.raises(InvalidInput, match=words):
            house.references.freeze(ask, name, NORA)
    with pytest.raises(InvalidInput, match="is a reference of brain-tumour"):
        house.drift.run_now(DriftAsk("pneumonia", kept.id))
    house.references.delete(kept.id, NORA)
    assert house.drift.snapshot(run.id)["reference"]["name"] == "Autumn 2026"
    with pytest.raises(NotFound):
        house.references.get(kept.id)


def test_rows_and_vectors_survive_their_file() -> None:
    frame = pd.DataFrame(
        {"noise": np.float32([1, np.nan]), "sex": ["F", None]}, index=pd.Index(["a", "b"], name="result_id")
    )
    vectors = np.array([[1, 2], [np.nan, np.nan]], dtype=np.float16)
    rows, read_back = read(written(frame, vectors))
    assert list(rows.index) == ["a", "b"] and rows["sex"].iloc[0] == "F" and pd.isna(rows["sex"].iloc[1])
    assert read_back is not None and np.array_equal(read_back, vectors, equal_nan=True)


def test_one_cause_one_alert(house: DriftHouse) -> None:
    house.add(200, 1)
    house.add(100, 2, day=30, noise=noisy)
    run = house.drift.run_now(ASK)
    ((cause, severity, title, sentence, link),) = house.bell.raised
    assert cause == f"drift:brain-tumour:{run.reference_id}" and severity is run.severity
    assert "Noise" in sentence and run.reference_name in title
    assert link == f"/drift?task=brain-tumour&run={run.id}"
    house.drift.run_now(ASK)
    assert {alert[0] for alert in house.bell.raised} == {cause}


def test_a_run_that_fails_is_an_alert_itself(house: DriftHouse) -> None:
    house.add(10, 1)
    with pytest.raises(InvalidInput, match="too few readings"):
        house.drift.run_now(ASK)
    (run,) = house.drift.runs(BRAIN_TUMOUR)
    assert run.state is RunState.FAILED and "60 are needed" in str(run.failure)
    ((cause, severity, _, sentence, _),) = house.bell.raised
    assert (cause, severity, sentence) == ("drift-run:brain-tumour", Severity.WARNING, run.failure)
    with pytest.raises(NotFound):
        house.drift.snapshot(run.id)
    house.add(150, 2, day=1)
    house.drift.run_now(ASK)
    assert "drift-run:brain-tumour" in house.bell.settled


def test_a_scheduled_run_that_fails_alerts_for_its_schedule_alone(engine: Engine, tmp_path: Path) -> None:
    jobs = Jobs(JobStore(engine), retry_delay_s=0.05)
    house = DriftHouse(engine, tmp_path, jobs)
    settled: list[Any] = []
    house.drift.when_settled(settled.append)
    jobs.start()
    try:
        house.drift.request(ASK, schedule_id="weekly")
        assert jobs.wait_idle(60)
        house.add(150, 1)
        run = house.drift.request(ASK, NORA)
        assert jobs.wait_idle(120)
    finally:
        jobs.stop()
    assert [(run.state, run.schedule_id) for run in settled] == [
        (RunState.FAILED, "weekly"),
        (RunState.DONE, None),
    ]
    assert house.bell.raised == [] and house.drift.run(run.id).state is RunState.DONE
    assert house.drift.progress(house.drift.run(run.id)) is None


def test_history_and_two_runs_side_by_side(house: DriftHouse) -> None:
    house.add(200, 1)
    house.add(60, 2, day=30)
    before = house.drift.run_now(DriftAsk(BRAIN_TUMOUR, last=60))
    house.add(60, 3, day=31, noise=noisy)
    after = house.drift.run_now(DriftAsk(BRAIN_TUMOUR, last=60))
    history = house.drift.history(BRAIN_TUMOUR, "noise")
    assert [run.id for run, _ in history] == [before.id, after.id]
    assert history[0][1]["effect"] < 1 < history[1][1]["effect"]
    assert len(house.drift.history(BRAIN_TUMOUR, "embedding")) == 2
    assert house.drift.history(BRAIN_TUMOUR, "no such feature") == []
    drawn = drift_charts.history(history, "noise")
    assert drawn["data"][0]["customdata"][1].endswith(f"run={after.id}&feature=noise")
    pairs = drift_charts.side_by_side(*(house.drift.snapshot(run.id) for run in (before, after)))
    assert pairs[0].name == "noise" and pairs[0].drifted == (False, True)
    house.drift.delete(before.id)
    with pytest.raises(NotFound):
        house.drift.snapshot(before.id)


def test_small_pictures_hold_no_markup_of_names(house: DriftHouse) -> None:
    feature = {
        "title": "<b>Site</b>",
        "distribution": {"names": ["<script>"], "reference": [1.0], "current": [1.0]},
    }
    assert "<script" not in drift_charts.picture(feature) and "%3Cb%3E" not in drift_charts.picture(feature)
    assert json.dumps(drift_charts.distribution(feature | {"unit": ""}))
