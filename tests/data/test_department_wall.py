"""Whose scans a thread reads: rows of another department are not there, whatever asks for them."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, func, insert, select

from data.database import new_id, reading, together, writing
from data.department_wall import OF_THE_HOUSE, bound, is_of_scans, seen_by, whole_house
from data.ledger.in_memory import Ledger
from data.ledger.judgements import JudgementStore
from data.ledger.worklist import WorklistStore
from data.records import Department, KindCount, Scan, WorklistQuery, department_of
from data.stores.departments import DepartmentStore
from data.stores.patients import PatientStore
from data.stores.results import ResultStore
from data.stores.scans import ScanStore
from data.stores.withdrawals import WithdrawalStore
from data.tables import metadata, patients, results, reviews, scans
from tests.data.builders import MORNING, a_kept_scan, a_result

NORTH = Department("n" * 32, "North", ("NORTH_MR",), ("North Hospital",), MORNING)
KIDS = Department("k" * 32, "Paediatrics", (), ("Kids Institute",), MORNING)


@pytest.fixture
def house(engine: Engine) -> tuple[Scan, Scan, Scan]:
    """A scan of the north, one of the children's, and one of no department; each of another patient."""
    store = DepartmentStore(engine)
    store.put(NORTH)
    store.put(KIDS)
    made = []
    for number in range(3):
        scan = a_kept_scan(engine, number, f"P^{number}")
        ResultStore(engine).add(a_result(scan.id, number + 1))
        made.append(scan)
        store.move([scan.id], {0: NORTH.id, 1: KIDS.id}.get(number))
    return made[0], made[1], made[2]


def test_every_table_is_of_scans_or_said_to_be_of_the_house() -> None:
    narrowed = {table.name for table in metadata.tables.values() if is_of_scans(table)}
    assert not narrowed & OF_THE_HOUSE
    assert narrowed | OF_THE_HOUSE == set(metadata.tables)
    for table in metadata.tables.values():  # what is of no scan would pass by an outer join's empty side
        column = table.c.get("scan_id")
        # Readings of an outside set are of no scan of the house.
        assert column is None or not column.nullable or table.name == "evaluation_readings"


def test_another_departments_scan_is_not_there(engine: Engine, house: tuple[Scan, Scan, Scan]) -> None:
    north, kids, other = house
    ids = [scan.id for scan in house]
    store, results_of, known = ScanStore(engine), ResultStore(engine), PatientStore(engine)
    with seen_by(frozenset({NORTH.id})):
        assert store.here(ids) == {north.id}
        assert [scan.id for scan in store.of_ids(ids)] == [north.id]
        assert store.get(kids.id) is None and store.of_patient(kids.patient_id) == []
        assert results_of.of_scan(kids.id) == [] and results_of.latest(other.id) is None
        assert results_of.latest(north.id) is not None
        assert known.get(kids.patient_id, with_identity=True) is None
        assert known.get(north.patient_id, with_identity=True) is not None
        with together(engine):
            assert store.get(kids.id) is None
        assert WithdrawalStore(engine).get(kids.id) is None
        with whole_house():
            assert store.here(ids) == set(ids)
        assert bound() == {NORTH.id}
    with seen_by(frozenset()):
        assert store.here(ids) == set()
    with seen_by(frozenset({NORTH.id, KIDS.id})):
        assert store.here(ids) == {north.id, kids.id}
    assert bound() is None and store.here(ids) == set(ids)


def test_every_part_of_a_statement_is_narrowed(engine: Engine, house: tuple[Scan, Scan, Scan]) -> None:
    north, kids, _ = house
    other = scans.alias("other")
    joined = patients.outerjoin(scans, scans.c.patient_id == patients.c.id).outerjoin(
        reviews, reviews.c.scan_id == scans.c.id
    )
    inside = select(results.c.scan_id).subquery()
    with seen_by(frozenset({NORTH.id})), reading(engine) as connection:
        assert connection.execute(select(func.count()).select_from(scans)).scalar() == 1
        assert list(connection.execute(select(other.c.id)).scalars()) == [north.id]
        assert list(connection.execute(select(inside.c.scan_id)).scalars()) == [north.id]
        assert list(connection.execute(select(scans.c.id).select_from(joined)).scalars()) == [north.id]
        of_kids = select(select(results.c.id).where(results.c.scan_id == kids.id).exists())
        assert connection.execute(of_kids).scalar() is False
        either = select(scans.c.id).union(select(results.c.scan_id))
        assert list(connection.execute(either).scalars()) == [north.id]
        with pytest.raises(TypeError):
            connection.execute(insert(scans).values(id=new_id()))
        with pytest.raises(AttributeError):
            connection.begin()


def test_a_transaction_that_writes_sees_the_house(engine: Engine, house: tuple[Scan, Scan, Scan]) -> None:
    with seen_by(frozenset()), writing(engine) as connection:
        assert connection.execute(select(func.count()).select_from(scans)).scalar() == 3


def test_what_is_held_in_memory_is_everybodys_and_counts_ones_own(
    engine: Engine, house: tuple[Scan, Scan, Scan]
) -> None:
    north, kids, _ = house
    ledger, judgements = Ledger(engine), JudgementStore(engine)
    worklist = WorklistStore(engine, ledger)
    with seen_by(frozenset({NORTH.id})):  # the first to ask is not who decides what is held
        columns = ledger.columns()
        assert len(columns) == 1 and columns.departments == {NORTH.id}
        assert columns.scan_ids[columns.rows[0]] == north.id.encode()
        assert KIDS.id not in columns.names["department"]
        page = worklist.page(WorklistQuery(), with_identity=True)
        assert page.total == 1 and [row.scan_id for row in page.rows] == [north.id]
        assert worklist.page(WorklistQuery(search=kids.id[:8]), with_identity=True).total == 0
        judgements.truths(north.task)
    assert len(ledger.columns()) == 3 and ledger.columns().departments is None
    assert worklist.count({"department": (KIDS.id,)}) == KindCount(1)
    DepartmentStore(engine).move([kids.id], NORTH.id)
    with seen_by(frozenset({NORTH.id})):
        assert len(ledger.columns()) == 2


@pytest.mark.parametrize(
    ("sender", "site", "uploader", "wanted"),
    [
        ("north_mr ", "Kids Institute", (KIDS.id,), NORTH.id),
        ("OTHER", " kids  institute", (NORTH.id,), KIDS.id),
        (None, "elsewhere", (NORTH.id,), NORTH.id),
        (None, None, (NORTH.id, KIDS.id), None),
        (None, None, ("of no department any more",), None),
        ("OTHER", "elsewhere", (), None),
    ],
)
def test_what_says_of_which_department_a_scan_is(
    sender: str | None, site: str | None, uploader: tuple[str, ...], wanted: str | None
) -> None:
    assert department_of(sender, site, uploader, [KIDS, NORTH]) == wanted
