"""Erasing is finished whatever stops it; and it touches nobody else's."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.database import new_id, now
from data.feature_files import read, written
from data.records import ErasureKind, ErasurePlan, ErasureState, Job, JobState
from data.stores.drift import DriftReferenceStore
from data.stores.jobs import JobStore
from services import keys
from tests.services.retention.house import SmallHouse


@pytest.fixture
def house(tmp_path: Path) -> SmallHouse:
    return SmallHouse(tmp_path)


def test_what_a_kill_left_is_finished_at_the_next_start(
    house: SmallHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, other = house.scan("Gone, Gerda"), house.scan("Stays, Steffi")
    before = [key for key in house.files.keys("") if house.files.get(key) == b"Stays, Steffi"]
    with monkeypatch.context() as killed:
        killed.setattr(house.erasing, "_finish_quietly", lambda *_: None)
        house.erase(mine.patient_id)
    assert house.scans.get(mine.id) is None
    assert house.files.exists(keys.array(mine.id))
    again = SmallHouse(house.folder)  # the next start
    again.erasing.resume()
    assert house.files.keys() == before
    [erasure] = again.erasures.recent(5)
    assert (erasure.state, erasure.plan) == (ErasureState.DONE, ErasurePlan())
    assert [event.action for event in again.audit.recent(2)] == ["patient.erased", "patient.erase"]
    again.erasing.resume()  # nothing is left to do
    assert [event.action for event in again.audit.recent(3)].count("patient.erased") == 1
    assert house.scans.get(other.id) is not None


def test_nothing_has_happened_where_it_stops_before_its_end(
    house: SmallHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = house.scan("Gone, Gerda")

    def stopped(_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as killed:
        killed.setattr(house.erasing._erasures, "add", stopped)
        with pytest.raises(KeyboardInterrupt):
            house.erase(mine.patient_id)
    assert house.scans.get(mine.id) == mine
    assert house.files.exists(keys.array(mine.id))
    assert house.erasures.recent(5) == []


def test_work_that_had_begun_before_is_waited_for(house: SmallHouse) -> None:
    mine = house.scan("Gone, Gerda")
    jobs, job = JobStore(house.database), Job(new_id(), "rehearsal", "x", JobState.QUEUED, 0.0, 0, now())
    jobs.add(job)
    jobs.start(job.id, "a run")
    house.erase(mine.patient_id)
    [erasure] = house.erasures.unfinished()
    assert "begun before" in erasure.note
    late = keys.rehearsed_mask("r1", mine.id, "candidate")  # what the rehearsal writes afterwards
    house.files.put(late, b"a mask")
    jobs.finish(job.id, "a run")
    house.erasing.resume()
    assert house.erasures.unfinished() == []
    assert not house.files.exists(late)


def test_frozen_rows_of_drift_lose_the_patient_and_nobody_else(house: SmallHouse) -> None:
    mine, other = house.scan("Gone, Gerda"), house.scan("Stays, Steffi")
    index = pd.Index(["r1", "r2"], name="result_id")
    frame = pd.DataFrame({"scan_id": [mine.id, other.id], "site": pd.Categorical(["A", "B"])}, index=index)
    vectors = np.array([[1, 2], [3, 4]], dtype=np.float16)
    house.files.put(keys.drift_reference("f1"), written(frame, vectors))
    house.files.put(f"{keys.drift_run('d1')}/rows.parquet", written(frame))
    house.files.put_array(keys.drift_scores("d1"), np.zeros(2))
    house.erase(mine.patient_id)
    left, kept = read(house.files.get(keys.drift_reference("f1")))
    assert list(left["scan_id"]) == [other.id]
    assert list(left["site"].cat.categories) == ["B"]
    assert kept is not None
    assert kept.tolist() == [[3, 4]]
    assert list(read(house.files.get(f"{keys.drift_run('d1')}/rows.parquet"))[0].index) == ["r2"]
    assert not house.files.exists(keys.drift_scores("d1"))
    assert DriftReferenceStore(house.database).get("f1") is None


def test_what_a_restore_brings_back_is_erased_once_more(house: SmallHouse, tmp_path: Path) -> None:
    mine, other = house.scan("Gone, Gerda"), house.scan("Stays, Steffi")
    erased = house.erasing.erase_by_command(mine.patient_id, "asked for")
    listed = [erased, replace(erased, id=new_id(), scan_ids=("f" * 32,))]
    restored = SmallHouse(tmp_path / "restored")
    patient = restored.patients.find_or_create(
        house.patients.get(other.patient_id, with_identity=True).identity, "x"
    )  # type: ignore[union-attr, arg-type]
    restored.scans.add(replace(mine, patient_id=patient.id, created_at=now() - timedelta(days=1)))
    assert restored.erasing.reapply(listed) == 1
    assert restored.scans.get(mine.id) is None
    assert restored.erasing.reapply(listed) == 0
    [again] = restored.erasures.recent(5)
    assert (again.kind, again.state) == (ErasureKind.PATIENT, ErasureState.DONE)
