"""Two patients with one number and name: merged or kept apart, and where later files go."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date

import pytest
from sqlalchemy import Engine, func, select

from data.errors import InvalidInput, NotFound
from data.ledger.in_memory import Ledger
from data.ledger.rows import recount
from data.records import ConflictState, Identity, Patient, Scan
from data.stores.patient_conflicts import PatientConflictStore
from data.stores.patients import PatientStore
from data.stores.scans import ScanStore
from data.tables import patient_conflicts, patients
from tests.data.builders import a_scan
from tests.databases import migrated

BORN, OTHERWISE = date(1950, 1, 2), date(1950, 2, 1)
AS_FIRST = Identity("Doe^Jane", "123", BORN, "F")
AS_SECOND = Identity("Doe^Jane", "123", OTHERWISE, "M")
UNCLEAR = Identity("Doe^Jane", "123")


@dataclass
class Office:
    engine: Engine

    def __post_init__(self) -> None:
        self.patients, self.scans = PatientStore(self.engine), ScanStore(self.engine)
        self.conflicts = PatientConflictStore(self.engine)

    def arrives(self, identity: Identity) -> Patient:
        return self.patients.find_or_create(identity, "a.dcm")

    def scan_of(self, identity: Identity, minutes: float = 0) -> Scan:
        return self.scans.add(a_scan(self.arrives(identity).id, minutes))[0]

    def conflict(self) -> str:
        (conflict,) = self.conflicts.open(10)
        return conflict.id

    def rows(self, table: object) -> int:
        with self.engine.connect() as connection:
            return int(connection.execute(select(func.count()).select_from(table)).scalar_one())  # type: ignore[arg-type]


@pytest.fixture
def office(engine: Engine) -> Office:
    return Office(engine)


def test_a_conflict_is_listed_once_with_both_identities_the_older_first(office: Office) -> None:
    first, second = office.arrives(AS_FIRST), office.arrives(AS_SECOND)
    office.arrives(AS_SECOND)
    (conflict,) = office.conflicts.open(10)
    assert [patient.id for patient in conflict.patients] == [first.id, second.id]
    assert [patient.identity for patient in conflict.patients] == [first.identity, second.identity]
    assert office.conflicts.of_patient(second.id) == office.conflicts.of_patient(first.id) == [conflict]
    assert office.conflicts.get(conflict.id) == conflict
    assert office.conflicts.open(0) == []


def test_a_patient_who_gets_a_name_later_may_be_in_conflict(office: Office) -> None:
    nameless = office.arrives(Identity(None, "123", OTHERWISE))
    first = office.arrives(AS_FIRST)
    assert office.conflicts.open(10) == []
    assert office.arrives(Identity("Doe^Jane", "123", OTHERWISE)).id == nameless.id
    (conflict,) = office.conflicts.open(10)
    assert [patient.id for patient in conflict.patients] == [nameless.id, first.id]


@pytest.mark.parametrize("right", [(BORN, "F"), (OTHERWISE, "M"), (BORN, "M"), (OTHERWISE, "F")])
def test_merged_patients_are_one_whatever_a_later_file_says(office: Office, right: tuple[date, str]) -> None:
    first, second = office.scan_of(AS_FIRST), office.scan_of(AS_SECOND, 1)
    assert office.conflicts.merge(office.conflict(), *right)
    kept = office.patients.get(first.patient_id, with_identity=True)
    assert kept is not None
    assert kept.identity == Identity("Doe Jane", "123", *right)
    assert kept.in_conflict_with == ()
    assert {scan.id for scan in office.scans.of_patient(first.patient_id)} == {first.id, second.id}
    for identity in (AS_FIRST, AS_SECOND, UNCLEAR, Identity("Doe^Jane", "123", OTHERWISE, "F")):
        later = office.arrives(identity)
        assert (later.id, later.in_conflict_with) == (first.patient_id, ())
        assert later.identity == kept.identity
    assert office.arrives(Identity("Doe^Jane", "123", date(1960, 1, 1))).in_conflict_with


def test_what_was_wrong_stays_with_the_merged_row(office: Office) -> None:
    office.arrives(AS_FIRST)
    second = office.arrives(AS_SECOND)
    office.conflicts.merge(office.conflict(), OTHERWISE, "F")
    merged = office.patients.get(second.id, with_identity=True)
    assert merged is not None and merged.identity == Identity("Doe Jane", "123", BORN, "M")


def test_the_ledger_counts_a_merged_patient_once(office: Office, engine: Engine) -> None:
    first, second = office.scan_of(AS_FIRST), office.scan_of(AS_SECOND, 1)
    ledger = Ledger(engine)
    before = ledger.columns()
    assert len(set(before.patients[before.rows])) == 2
    office.conflicts.merge(office.conflict(), BORN, "F")
    for columns in (ledger.columns(), Ledger(engine).columns()):
        assert {columns.people.ids[code] for code in columns.patients[columns.rows]} == {first.patient_id}
        assert len(columns.rows) == 2
    recount(engine)
    columns = Ledger(engine).columns()
    assert {columns.people.ids[code] for code in columns.patients[columns.rows]} == {first.patient_id}
    assert second.patient_id != first.patient_id


def test_a_scan_whose_patient_was_merged_on_its_way_is_the_other_ones(office: Office, engine: Engine) -> None:
    first, second = office.arrives(AS_FIRST), office.arrives(AS_SECOND)
    office.conflicts.merge(office.conflict(), BORN, "F")
    kept, created = office.scans.add(a_scan(second.id))
    assert created and kept.patient_id == first.id
    assert office.scans.get(kept.id) == kept
    columns = Ledger(engine).columns()
    assert columns.people.ids[columns.patients[columns.rows][0]] == first.id


def test_two_people_stay_apart_and_get_their_own_scans(office: Office) -> None:
    first, second = office.arrives(AS_FIRST), office.arrives(AS_SECOND)
    assert office.conflicts.keep_apart(office.conflict())
    assert office.conflicts.open(10) == []
    for identity, patient in ((AS_FIRST, first), (AS_SECOND, second)):
        for stated in (identity, Identity(identity.name, "123", identity.birth_date)):
            later = office.arrives(stated)
            assert (later.id, later.in_conflict_with) == (patient.id, ())


def test_a_file_that_fits_two_people_is_of_neither(office: Office) -> None:
    first, second = office.arrives(AS_FIRST), office.arrives(AS_SECOND)
    office.conflicts.keep_apart(office.conflict())
    unclear = office.arrives(UNCLEAR)
    assert unclear.id not in (first.id, second.id)
    assert set(unclear.in_conflict_with) == {first.pseudonym, second.pseudonym}
    assert office.arrives(UNCLEAR).id == unclear.id
    assert office.arrives(AS_FIRST).id == first.id
    assert office.arrives(Identity("Doe^Jane", "123", None, "M")).id == second.id


def test_settling_twice_in_one_way_is_once_and_in_another_is_refused(office: Office) -> None:
    office.arrives(AS_FIRST), office.arrives(AS_SECOND)
    conflict = office.conflict()
    assert office.conflicts.merge(conflict, BORN, "F")
    assert not office.conflicts.merge(conflict, BORN, "F")
    for settle in (
        lambda: office.conflicts.merge(conflict, OTHERWISE, "F"),
        lambda: office.conflicts.keep_apart(conflict),
    ):
        with pytest.raises(InvalidInput, match="already"):
            settle()
    assert office.conflicts.get(conflict).state is ConflictState.SAME


def test_two_people_cannot_be_merged_afterwards(office: Office) -> None:
    office.arrives(AS_FIRST), office.arrives(AS_SECOND)
    conflict = office.conflict()
    assert office.conflicts.keep_apart(conflict)
    assert not office.conflicts.keep_apart(conflict)
    with pytest.raises(InvalidInput, match="already"):
        office.conflicts.merge(conflict, BORN, "F")


def test_a_conflict_that_is_none_is_not_found(office: Office) -> None:
    for ask in (office.conflicts.get, office.conflicts.keep_apart):
        with pytest.raises(NotFound):
            ask("none")
    with pytest.raises(NotFound):
        office.conflicts.merge("none", None, None)


def test_who_is_told_apart_from_one_is_so_from_whom_that_one_becomes(office: Office) -> None:
    third_is = Identity("Doe^Jane", "123", date(1960, 1, 1), "F")
    first, second, third = (office.arrives(who) for who in (AS_FIRST, AS_SECOND, third_is))
    pairs = {frozenset(p.id for p in c.patients): c.id for c in office.conflicts.open(10)}
    assert len(pairs) == 3
    office.conflicts.keep_apart(pairs[frozenset([second.id, third.id])])
    office.conflicts.merge(pairs[frozenset([first.id, second.id])], BORN, "F")
    assert office.conflicts.open(10) == []
    assert office.arrives(third_is).id == third.id


def test_who_was_merged_is_merged_on(office: Office) -> None:
    third_is = Identity("Doe^Jane", "123", date(1960, 1, 1), "F")
    scans = [office.scan_of(who, number) for number, who in enumerate((AS_FIRST, AS_SECOND, third_is))]
    pairs = {frozenset(p.id for p in c.patients): c.id for c in office.conflicts.open(10)}
    first, second, third = (scan.patient_id for scan in scans)
    office.conflicts.merge(pairs[frozenset([second, third])], OTHERWISE, "M")
    office.conflicts.merge(office.conflict(), BORN, "F")
    assert len(office.scans.of_patient(first)) == 3
    for who in (AS_FIRST, AS_SECOND, third_is):
        assert office.arrives(who).id == first


def test_deleting_the_scans_of_a_merged_patient_leaves_nothing(office: Office) -> None:
    scans = [office.scan_of(AS_FIRST), office.scan_of(AS_SECOND, 1)]
    office.conflicts.merge(office.conflict(), BORN, "F")
    office.scans.delete([scans[0].id])
    assert office.rows(patients) == 2
    office.scans.delete([scans[1].id])
    assert office.rows(patients) == office.rows(patient_conflicts) == 0


def test_deleting_one_of_two_ends_their_conflict(office: Office) -> None:
    office.scan_of(AS_FIRST)
    office.scans.delete([office.scan_of(AS_SECOND, 1).id])
    assert office.conflicts.open(10) == []
    assert office.rows(patients) == 1


def test_two_at_once_settle_it_once(tmp_path: object) -> None:
    engine = migrated(f"sqlite:///{tmp_path}/lightbox.db")
    office = Office(engine)
    office.scan_of(AS_FIRST), office.scan_of(AS_SECOND, 1)
    conflict = office.conflict()

    def settle(number: int) -> str:
        try:
            if number % 2:
                return f"merged {office.conflicts.merge(conflict, BORN, 'F')}"
            return f"apart {office.conflicts.keep_apart(conflict)}"
        except InvalidInput:
            return "too late"

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(settle, range(16)))
    state = office.conflicts.get(conflict).state
    engine.dispose()
    assert sum(answer.endswith("True") for answer in answers) == 1
    won = "merged" if state is ConflictState.SAME else "apart"
    assert f"{won} True" in answers
