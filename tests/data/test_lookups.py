"""What a page asks for several times is looked up once in a moment, and shown to nobody it is not for."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from data.database import one_moment, together
from data.department_wall import seen_by, whole_house
from data.lookups import once_in_moment
from data.records import Department, Scan, ScanStatus
from data.stores.departments import DepartmentStore
from data.stores.patients import PatientStore
from data.stores.scans import ScanStore
from tests.data.builders import MORNING, a_kept_scan
from tests.databases import migrated

NORTH = Department("n" * 32, "North", (), (), MORNING)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Engine]:
    """A database in a file, as several threads read it."""
    engine = migrated(f"sqlite:///{tmp_path}/lightbox.db")
    yield engine
    engine.dispose()


@pytest.fixture
def scan(house: Engine) -> Scan:
    """A scan of a patient with a name."""
    return a_kept_scan(house)


@pytest.fixture
def asked(house: Engine, scan: Scan) -> list[str]:
    """Every question that gets to the database from here on."""
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("SELECT"):
            statements.append(statement)

    event.listen(house, "before_cursor_execute", note)
    return statements


def test_the_same_scan_is_looked_up_once_in_a_moment(house: Engine, scan: Scan, asked: list[str]) -> None:
    store = ScanStore(house)
    with one_moment(house):
        assert store.get(scan.id) == store.get(scan.id) == store.existing(scan.id)
        assert len(asked) == 1
        assert store.get("0" * 32) is None and store.get("0" * 32) is None
        assert len(asked) == 2
    store.get(scan.id)
    store.get(scan.id)
    assert len(asked) == 4


def test_whoever_writes_sees_what_was_written(house: Engine, scan: Scan) -> None:
    store = ScanStore(house)

    def status() -> ScanStatus:
        return store.existing(scan.id).status

    with one_moment(house), ThreadPoolExecutor(1) as other:
        before = status()
        other.submit(store.set_status, scan.id, ScanStatus.READING).result()
        assert status() is before  # of this moment
        store.set_status(scan.id, ScanStatus.FAILED, "torn")
        assert status() is ScanStatus.FAILED
        with together(house):
            store.set_status(scan.id, ScanStatus.WAITING)
            assert status() is ScanStatus.WAITING
        assert status() is ScanStatus.WAITING


def test_what_is_looked_up_for_the_house_is_not_handed_to_a_department(house: Engine, scan: Scan) -> None:
    DepartmentStore(house).put(NORTH)
    store = ScanStore(house)
    with one_moment(house), seen_by(frozenset({NORTH.id})):
        assert store.get(scan.id) is None
        with whole_house():
            assert store.get(scan.id) is not None
        assert store.get(scan.id) is None


def test_a_patient_without_a_name_is_another_answer(house: Engine, scan: Scan) -> None:
    store = PatientStore(house)
    with one_moment(house):
        named, unnamed = (store.get(scan.patient_id, with_identity=shown) for shown in (True, False))
    assert named is not None and named.identity is not None
    assert unnamed is not None and unnamed.identity is None


def test_stores_do_not_take_each_others_answers(house: Engine) -> None:
    with one_moment(house):
        assert once_in_moment(house, str.upper, "a") == "A"
        assert once_in_moment(house, str.title, "a scan") == "A Scan"
        assert once_in_moment(house, str.upper, "b") == "B"
