"""The demonstration with the real gate, networks and stores; and nothing of it left when it goes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine, select

import app
from data.database import open_database
from data.errors import Busy, InvalidInput
from data.files import FileStore
from data.ledger.in_memory import Ledger
from data.ledger.worklist import WorklistStore
from data.records import (
    BRAIN_TUMOUR,
    Identity,
    Refusal,
    Result,
    Scan,
    ScanStatus,
    Verdict,
    WorklistQuery,
    WorklistRow,
)
from data.stores.patients import PatientStore
from data.stores.refusals import RefusalStore
from data.stores.results import ResultStore
from data.stores.reviews import ReviewStore
from data.stores.scans import ScanStore
from data.tables import audit_events, audit_head, ledger, metadata, revisions
from models.measuring import measure
from services import keys
from services.assembly.commands import build_reader
from services.assembly.stores import tracking_of
from services.demo.cases import DRIFTED, DRIFTING, DRIFTS_SINCE_DAYS, CaseKind, SyntheticCase, case_of
from services.demo.demonstration import Demo
from services.demo.reviews import READER, simulated_review
from services.reading.reader import Reader
from services.settings import Settings
from tests.data.builders import a_kept_scan, a_result, a_review, a_scan
from tests.databases import migrated

EVENING = datetime(2026, 11, 20, 18, tzinfo=UTC)
QUERY = WorklistQuery(count=1000)
PATIENTS = 8  # number 4 is healthy, number 7 a CT


@dataclass
class House:
    """Stores in a folder, and the demonstration on them."""

    database: Engine
    files: FileStore
    demo: Demo

    @property
    def rows(self) -> tuple[WorklistRow, ...]:
        return WorklistStore(self.database, Ledger(self.database)).page(QUERY, True).rows

    def content(self) -> dict[str, Any]:
        """Every row and file, but for what only counts and remembers."""
        passed_over = {ledger, revisions, audit_events, audit_head}
        with self.database.connect() as connection:
            rows: dict[str, Any] = {
                table.name: sorted(map(repr, connection.execute(select(table))))
                for table in metadata.sorted_tables
                if table not in passed_over
            }
        return rows | {"files": self.files.keys()}


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    home = tmp_path_factory.mktemp("reader")
    reader, batcher = build_reader(Settings(home=home, tracking_uri=f"sqlite:///{home / 'mlflow.db'}"))
    yield reader
    batcher.stop()


@pytest.fixture(scope="module")
def new_house(reader: Reader) -> Iterator[Callable[[Path], House]]:
    opened: list[Engine] = []

    def build(home: Path) -> House:
        database = migrated(f"sqlite:///{home / 'lightbox.db'}")
        opened.append(database)
        files = FileStore(home / "files")
        return House(
            database,
            files,
            Demo(Settings(home=home), database, files, tracking_of(Settings(home=home)), reader),
        )

    yield build
    for database in opened:
        database.dispose()


@pytest.fixture(scope="module")
def shown(new_house: Callable[[Path], House], tmp_path_factory: pytest.TempPathFactory) -> House:
    """A house with a handful of patients, which no test changes."""
    house = new_house(tmp_path_factory.mktemp("shown"))
    settled: list[int] = []
    added = house.demo.add(PATIENTS, settled.append)
    assert sum(settled) == PATIENTS
    assert (added.read, added.refused, added.known) == (PATIENTS - 1, 1, 0)
    return house


def test_everything_is_marked_read_and_dated(shown: House) -> None:
    rows, now = shown.rows, datetime.now(UTC)
    assert {row.patient for row in rows} == {f"SYNTHETIC {n:03d}" for n in range(1, 9) if n != 7}
    for row in rows:
        assert row.synthetic
        assert (row.status, row.task) == (ScanStatus.READ, BRAIN_TUMOUR)
        scan, result = (
            ScanStore(shown.database).get(row.scan_id),
            ResultStore(shown.database).latest(row.scan_id),
        )
        assert scan is not None
        assert result is not None
        assert scan.warnings[0].startswith("SYNTHETIC")
        assert scan.spacing.voxel_ml
        assert scan.header.acquired_at is not None
        assert now - timedelta(days=370) < scan.header.acquired_at < scan.created_at < result.created_at < now
        for review in ReviewStore(shown.database).of_scan(scan.id):
            assert review.reviewer_name == READER
            assert result.created_at < review.created_at <= now


def test_every_picture_is_there(shown: House) -> None:
    for row in shown.rows:
        result = ResultStore(shown.database).latest(row.scan_id)
        assert result is not None
        assert shown.files.get_array(keys.array(row.scan_id)).ndim == 3
        for key in (keys.thumbnail(row.scan_id), keys.original(row.scan_id, ".nii.gz"), keys.mask(result.id)):
            assert shown.files.exists(key), key
        for review in ReviewStore(shown.database).of_scan(row.scan_id):
            corrected = review.verdict is Verdict.CORRECTED
            assert shown.files.exists(keys.corrected_mask(review.id)) is corrected


def test_the_model_finds_most_lesions(shown: House) -> None:
    lesions = [row for row in shown.rows if case_of(int(row.patient[-3:]), EVENING).kind is CaseKind.LESION]
    assert sum(bool(row.positive) for row in lesions) > len(lesions) / 2


def test_the_gate_refuses_what_it_must(shown: House) -> None:
    (kept,) = RefusalStore(shown.database).between()
    case = case_of(7, datetime.now(UTC))
    assert (kept.refusal.name, kept.refusal.modality, kept.refusal.site) == (
        "SYNTHETIC 007", "CT", case.scanner.site
    )  # fmt: skip
    assert "CT scan" in kept.refusal.sentence


def test_a_second_run_adds_nothing(shown: House) -> None:
    before, token = shown.content(), ScanStore(shown.database).changes_token()
    again = shown.demo.add(PATIENTS, lambda _: None)
    assert (again.read, again.refused, again.known) == (0, 0, PATIENTS)
    assert (shown.content(), ScanStore(shown.database).changes_token()) == (before, token)


def test_the_same_patients_come_everywhere(
    shown: House, new_house: Callable[[Path], House], tmp_path: Path
) -> None:
    other = new_house(tmp_path)
    other.demo.add(2, lambda _: None)
    ours = {row.scan_id: ScanStore(shown.database).get(row.scan_id) for row in shown.rows}
    for row in other.rows:
        scan, same = ScanStore(other.database).get(row.scan_id), ours[row.scan_id]
        assert scan is not None
        assert same is not None
        assert scan.content_sha256 == same.content_sha256


def test_an_interrupted_run_is_completed_and_removal_leaves_what_was_there(
    new_house: Callable[[Path], House], tmp_path: Path
) -> None:
    house = new_house(tmp_path)
    _real_patient(house)
    before = house.content()

    def interrupt(settled: int) -> None:
        if settled:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        house.demo.add(PATIENTS, interrupt)
    here = house.demo.count() + RefusalStore(house.database).count() - 1
    assert here == 1
    completed = house.demo.add(PATIENTS, lambda _: None)
    assert (completed.known, completed.read + completed.refused) == (1, PATIENTS - 1)
    assert len(house.rows) == PATIENTS  # seven of them, and the real one
    _read_again_and_reviewed(house)
    with pytest.raises(KeyboardInterrupt):
        house.demo.add(PATIENTS + 3, interrupt_after(PATIENTS))

    gone: list[int] = []
    assert house.demo.remove(gone.append) == sum(gone) >= PATIENTS - 1
    assert house.content() == before
    assert [row.synthetic for row in house.rows] == [False]
    assert house.demo.remove(gone.append) == 0


def test_a_machine_that_is_very_busy_is_waited_for(
    new_house: Callable[[Path], House], reader: Reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader._batcher, "_timeout_s", 0.0)  # whoever is told to come back is told so at once
    added = new_house(tmp_path).demo.add(1, lambda _: None)
    assert (added.read, added.refused) == (1, 0)


def interrupt_after(count: int) -> Callable[[int], None]:
    left = [count]

    def advance(settled: int) -> None:
        left[0] -= settled
        if left[0] < 0:
            raise KeyboardInterrupt

    return advance


def _real_patient(house: House) -> None:
    """A scan with result, review, refusal and files; another patient of the demonstration's name."""
    scan = a_kept_scan(house.database)
    result = ResultStore(house.database).add(a_result(scan.id))
    review = ReviewStore(house.database).add(a_review(scan.id, result.id))
    PatientStore(house.database).find_or_create(Identity("SYNTHETIC 002", None), "somebody")
    RefusalStore(house.database).add([Refusal("SYNTHETIC 003", "blank", "The picture is blank.")])
    for key in (keys.thumbnail(scan.id), keys.mask(result.id), keys.corrected_mask(review.id)):
        house.files.put(key, b"real")


def _read_again_and_reviewed(house: House) -> None:
    """A person works with a synthetic scan as with any other."""
    scan_id = house.rows[0].scan_id if house.rows[0].synthetic else house.rows[1].scan_id
    result = ResultStore(house.database).add(a_result(scan_id, 10**6))
    review = ReviewStore(house.database).add(a_review(scan_id, result.id, 10**6))
    house.files.put(keys.mask(result.id), b"again")
    house.files.put(keys.corrected_mask(review.id), b"again")


def test_two_runs_keep_apart_and_nobody_is_not_a_number(shown: House) -> None:
    with shown.demo._held():
        for run in (lambda: shown.demo.add(1, print), lambda: shown.demo.remove(print)):
            with pytest.raises(Busy, match="another process"):
                run()
    with pytest.raises(InvalidInput, match="at least one"):
        shown.demo.add(0, print)


def test_the_command_registers_the_version_that_it_reads_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("DATABASE_URL", "LIGHTBOX_FILES", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LIGHTBOX_HOME", str(tmp_path))
    monkeypatch.setenv("LIGHTBOX_DEVICE", "cpu")
    assert app.main(["demo", "--patients", "1"]) == 0
    database = open_database(f"sqlite:///{tmp_path / 'lightbox.db'}")
    (scan_id,) = ScanStore(database).synthetic_ids()
    result = ResultStore(database).latest(scan_id)
    assert result is not None
    assert result.provenance.model_version == "1"
    assert "1 synthetic scans read" in capsys.readouterr().out
    assert app.main(["demo", "--remove", "--patients", "1"]) == 2
    assert app.main(["demo", "--remove"]) == 0
    assert ScanStore(database).synthetic_ids() == []
    assert FileStore(tmp_path / "files").keys() == []
    database.dispose()


def _reviewed(truth: np.ndarray, drawn: np.ndarray) -> tuple[Scan, Any]:
    scan = a_scan("nobody", slices=4, height=32, width=32)
    result: Result = a_result(scan.id, positive=bool(drawn.any()))
    return scan, simulated_review("0" * 32, scan, result, drawn, truth, EVENING)


def test_the_reader_accepts_corrects_and_rejects_by_the_truth() -> None:
    lesion, nothing = np.zeros((4, 32, 32), bool), np.zeros((4, 32, 32), bool)
    lesion[1:3, 8:20, 8:20] = True
    poor = np.roll(lesion, 7, axis=2)
    assert _reviewed(lesion, lesion)[1].verdict is Verdict.ACCEPTED
    assert _reviewed(nothing, nothing)[1].truth_positive is False
    false_alarm = _reviewed(nothing, lesion)[1]
    assert (false_alarm.verdict, false_alarm.truth_positive) == (Verdict.REJECTED, False)
    assert false_alarm.reason
    for drawn, overlap in ((poor, pytest.approx(5 / 12)), (nothing, 0.0)):
        scan, review = _reviewed(lesion, drawn)
        assert (review.verdict, review.truth_positive, review.dice) == (Verdict.CORRECTED, True, overlap)
        assert review.measurements.voxels == measure(lesion, scan.spacing).voxels


@pytest.fixture(scope="module")
def cases() -> list[SyntheticCase]:
    return [case_of(number, EVENING) for number in range(1, 301)]


def test_the_cases_are_as_announced(cases: list[SyntheticCase]) -> None:
    kinds = Counter(case.kind for case in cases)
    assert {kind: kinds[kind] for kind in (CaseKind.CT, CaseKind.BLANK, CaseKind.KNEE, CaseKind.STATIC)} == {
        CaseKind.CT: 2, CaseKind.BLANK: 2, CaseKind.KNEE: 2, CaseKind.STATIC: 2
    }  # fmt: skip
    assert kinds[CaseKind.HEALTHY] == 30
    for case in cases:
        has_tumour = case.lesion is not None and case.lesion.tumour
        assert has_tumour is (case.kind is CaseKind.LESION)
    assert sum(case.kind is CaseKind.HEALTHY and case.lesion is not None for case in cases) == 10
    reviewed = [case for case in cases if case.reviewed_at and case.reviewed_at <= EVENING]
    assert 0.55 < len(reviewed) / len(cases) < 0.65
    assert len({case.scanner.model for case in cases}) == 4
    assert cases == [case_of(number, EVENING) for number in range(1, 301)]
    months = Counter(case.acquired_at.month for case in cases)
    assert len(months) == 12
    for case in cases:
        assert EVENING - timedelta(days=368) < case.acquired_at < case.created_at < case.read_at < EVENING


def test_one_scanner_drifts_from_some_date_on(cases: list[SyntheticCase]) -> None:
    before, after = [], []
    since = EVENING - timedelta(days=DRIFTS_SINCE_DAYS)
    for case in cases:
        if case.scanner is DRIFTING:
            (after if case.acquired_at > since else before).append(case.look.noise)
        else:
            assert case.look.noise < 0.06
    assert min(len(before), len(after)) > 10
    assert np.median(after) > 2 * np.median(before)
    assert np.median(after) == pytest.approx(DRIFTED.noise, rel=0.2)
