"""What MLflow keeps of single scans goes with them, and what it keeps of others stays to the letter."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest

from data.codec import from_plain, to_plain
from data.records import BRAIN_TUMOUR, PNEUMONIA, Erasure, ErasureKind, ErasurePlan, ErasureState, Rehearsal
from data.records.rehearsals import RehearsedScan, VersionAnswer
from data.tracking import Tracking
from services.retention.tracked import NOBODY, ErasedRuns
from services.versions.registry import EXPERIMENT as TRAINING
from services.versions.registry import SPLIT
from services.versions.rehearsals import EXPERIMENT, FILE
from tests.data.builders import MORNING
from tests.databases import new_mlflow

MINE, OTHERS, FAILED = "scan-of-mine", "scan-of-another", "scan-that-failed"
SAID = VersionAnswer(0.5, positive=True)
ROWS = [["patient", "part"], ["pack 7/P-7K4MX", "train"], ["P-7K4MXQ", "test"], ["P-ZZZZZ", "P-7K4MX"]]


@pytest.fixture
def tracking(tmp_path: Path) -> Tracking:
    return Tracking(new_mlflow(tmp_path), tmp_path / "mlflow")


def erasure(*scan_ids: str, words: tuple[str, ...] = ()) -> Erasure:
    return Erasure(
        "e1", ErasureKind.PATIENT, "P-7K4MX", ErasureState.FILES, "asked", None, "root", MORNING, (),
        scan_ids, ErasurePlan(words=words), {},
    )  # fmt: skip


def rehearsed(tracking: Tracking, task: str, *scan_ids: str) -> tuple[str, Rehearsal]:
    run = tracking.start_run(EXPERIMENT.format(task=task), "a rehearsal", {})
    differences = tuple(RehearsedScan(scan_id, SAID, SAID) for scan_id in scan_ids)
    failed = ((MINE, "no answer"), (FAILED, "no answer"))
    kept = Rehearsal(run, task, "2", "1", None, MORNING, MORNING, False, differences, failed)
    tracking.log_json(run, FILE, to_plain(kept))
    return run, kept


def split(tracking: Tracking, task: str = BRAIN_TUMOUR) -> str:
    run, text = tracking.start_run(TRAINING.format(task=task), "a training", {}), io.StringIO(newline="")
    csv.writer(text).writerows(ROWS)
    tracking.log_text(run, SPLIT, text.getvalue())
    return run


def test_a_rehearsal_loses_the_scans_and_keeps_everything_else(tracking: Tracking) -> None:
    forgotten: list[None] = []
    runs = ErasedRuns(tracking, (BRAIN_TUMOUR, PNEUMONIA), lambda: forgotten.append(None))
    first, kept = rehearsed(tracking, BRAIN_TUMOUR, OTHERS, MINE)
    second, _ = rehearsed(tracking, PNEUMONIA, OTHERS)  # it names mine among what failed
    third = tracking.start_run(EXPERIMENT.format(task=PNEUMONIA), "one that was killed", {})
    assert runs.take_out(erasure(MINE)) == {"rehearsals in MLflow": 2}
    left = from_plain(Rehearsal, tracking.read_json(first, FILE))
    assert left == replace(kept, differences=kept.differences[:1], failed=kept.failed[1:])
    assert MINE not in str(tracking.read_json(second, FILE))
    assert len(forgotten) == 1
    assert runs.take_out(erasure(MINE)) == {}  # and again, as after a kill
    assert len(forgotten) == 1
    assert tracking.artifacts(third) == []


def test_of_no_scan_nothing_is_looked_through(tracking: Tracking) -> None:
    run, kept = rehearsed(tracking, BRAIN_TUMOUR, OTHERS, MINE)
    split(tracking)
    assert ErasedRuns(tracking, (BRAIN_TUMOUR,)).take_out(erasure()) == {}
    assert from_plain(Rehearsal, tracking.read_json(run, FILE)) == kept


def test_a_training_split_loses_the_pseudonym_and_keeps_one_that_begins_like_it(tracking: Tracking) -> None:
    run, other = split(tracking), split(tracking, PNEUMONIA)
    tracking.start_run(TRAINING.format(task=BRAIN_TUMOUR), "without a split", {})
    runs = ErasedRuns(tracking, (BRAIN_TUMOUR,))
    gone = erasure(words=("P-7K4MX",))
    assert runs.take_out(gone) == {"training splits in MLflow": 1}
    rows = list(csv.reader(io.StringIO(tracking.artifact(run, SPLIT).decode())))
    assert rows == [ROWS[0], [f"pack 7/{NOBODY}", "train"], ROWS[2], ["P-ZZZZZ", NOBODY]]
    assert runs.take_out(gone) == {}
    assert list(csv.reader(io.StringIO(tracking.artifact(other, SPLIT).decode()))) == ROWS  # not its task
