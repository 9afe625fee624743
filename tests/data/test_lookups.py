"""What a page asks for several times is looked up once in a moment, and shown to nobody it is not for."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine

from data.database import one_moment, together
from data.department_wall import seen_by, whole_house
from data.lookups import once_in_moment
from data.records import Department, Scan, ScanStatus
from data.stores.departments import DepartmentStore
from data.stores.patients import PatientStore
from data.stores.scans import ScanStore
from tests.data.builders import MORNING, a_kept_scan
from tests.databases import questions_to

NORTH = Department("n" * 32, "North", (), (), MORNING)


@pytest.fixture
def scan(file_engine: Engine) -> Scan:
    """A scan of a patient with a name."""
    return a_kept_scan(file_engine)


@pytest.fixture
def asked(file_engine: Engine, scan: Scan) -> list[str]:
    """Every question that gets to the database from here on."""
    return questions_to(file_engine)


def test_the_same_scan_is_looked_up_once_in_a_moment(
    file_engine: Engine, scan: Scan, asked: list[str]
) -> None:
    store = ScanStore(file_engine)
    with one_moment(file_engine):
        assert store.get(scan.id) == store.get(scan.id) == store.existing(scan.id)
        assert len(asked) == 1
        assert store.get("0" * 32) is None and store.get("0" * 32) is None
        assert len(asked) == 2
    store.get(scan.id)
    store.get(scan.id)
    assert len(asked) == 4


def test_whoever_writes_sees_what_was_written(file_engine: Engine, scan: Scan) -> None:
    store = ScanStore(file_engine)

    def status() -> ScanStatus:
        return store.existing(scan.id).status

    with one_moment(file_engine), ThreadPoolExecutor(1) as other:
        before = status()
        other.submit(store.set_status, scan.id, ScanStatus.READING).result()
        assert status() is before  # of this moment
        store.set_status(scan.id, ScanStatus.FAILED, "torn")
        assert status() is ScanStatus.FAILED
        with together(file_engine):
            store.set_status(scan.id, ScanStatus.WAITING)
            assert status() is ScanStatus.WAITING
        assert status() is ScanStatus.WAITING


def test_what_is_looked_up_for_the_house_is_not_handed_to_a_department(
    file_engine: Engine, scan: Scan
) -> None:
    DepartmentStore(file_engine).put(NORTH)
    store = ScanStore(file_engine)
    with one_moment(file_engine), seen_by(frozenset({NORTH.id})):
        assert store.get(scan.id) is None
        with whole_house():
            assert store.get(scan.id) is not None
        assert store.get(scan.id) is None


def test_a_patient_without_a_name_is_another_answer(file_engine: Engine, scan: Scan) -> None:
    store = PatientStore(file_engine)
    with one_moment(file_engine):
        named, unnamed = (store.get(scan.patient_id, with_identity=shown) for shown in (True, False))
    assert named is not None and named.identity is not None
    assert unnamed is not None and unnamed.identity is None


def test_stores_do_not_take_each_others_answers(file_engine: Engine) -> None:
    with one_moment(file_engine):
        assert once_in_moment(file_engine, str.upper, "a") == "A"
        assert once_in_moment(file_engine, str.title, "a scan") == "A Scan"
        assert once_in_moment(file_engine, str.upper, "b") == "B"
