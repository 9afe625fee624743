"""Legal holds: nothing of a held patient is erased, wherever their scans go, until somebody lifts it."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.errors import InvalidInput, NotAllowed, NotFound
from data.records import AuditOutcome, ConflictState, Identity, Role, User, Withdrawal
from data.stores.patient_conflicts import PatientConflictStore
from data.stores.withdrawals import WithdrawalStore
from tests.data.builders import MORNING
from tests.services.retention.house import SmallHouse


@pytest.fixture
def house(tmp_path: Path) -> SmallHouse:
    return SmallHouse(tmp_path)


def test_a_held_patient_is_not_erased_and_after_lifting_is(house: SmallHouse) -> None:
    scan = house.scan("Held, Hanna")
    hold = house.holds.place(scan.patient_id, "Gutachten zu Hanna Held", house.admin)
    assert "Hanna" not in hold.reason
    with pytest.raises(InvalidInput, match="legal hold"):
        house.erase(scan.patient_id)
    assert house.scans.get(scan.id) is not None
    refused = next(event for event in house.audit.recent(5) if event.action == "patient.erase")
    assert refused.outcome is AuditOutcome.REFUSED
    with pytest.raises(InvalidInput, match="why"):
        house.holds.lift(hold.id, " ", house.admin)
    house.holds.lift(hold.id, "closed", house.admin)
    house.erase(scan.patient_id)
    assert house.scans.get(scan.id) is None
    assert house.holds.all(house.admin) == []


def test_a_second_hold_on_one_patient_is_refused(house: SmallHouse) -> None:
    scan = house.scan("Held, Hanna")
    house.holds.place(scan.patient_id, "a case", house.admin)
    with pytest.raises(InvalidInput, match="already"):
        house.holds.place(scan.patient_id, "another", house.admin)


def test_a_scan_that_is_moved_away_stays_held(house: SmallHouse) -> None:
    moved, other = house.scan("Held, Hanna"), house.scan("Free, Fred")
    hold = house.holds.place(moved.patient_id, "a case", house.admin)
    house.scans.give(moved.id, other.patient_id)
    with pytest.raises(InvalidInput, match="legal hold"):
        house.erase(other.patient_id)
    assert house.patients.get(moved.patient_id, with_identity=False), "who is held stays, without a scan too"
    with pytest.raises(InvalidInput, match="legal hold"):
        house.erasing.erase_expired(lambda: [moved.id], "a rule")
    house.holds.lift(hold.id, "closed", house.admin)
    house.erase(other.patient_id)
    assert house.scans.get(moved.id) is None


def test_a_free_scan_that_is_given_to_a_held_patient_is_held(house: SmallHouse) -> None:
    held, given = house.scan("Held, Hanna"), house.scan("Free, Fred")
    house.holds.place(held.patient_id, "a case", house.admin)
    house.scans.give(given.id, held.patient_id)
    with pytest.raises(InvalidInput, match="legal hold"):
        house.erasing.erase_expired(lambda: [given.id], "a rule")


def test_of_two_who_are_merged_both_are_held(house: SmallHouse) -> None:
    for sex in ("F", "M"):
        house.patients.find_or_create(Identity("Twin, Toni", "T-1", None, sex), "scan.nii")
    conflicts = PatientConflictStore(house.database)
    [pair] = conflicts.open(5)
    first, second = (patient.id for patient in pair.patients)
    house.holds.place(second, "a case", house.admin)
    assert conflicts.merge(pair.id, None, "F")
    assert conflicts.get(pair.id).state is ConflictState.SAME
    with pytest.raises(InvalidInput, match="legal hold"):
        house.erase(first)


def test_a_withdrawn_scan_is_held_and_erased_with_its_patient(house: SmallHouse) -> None:
    scan = house.scan("Held, Hanna")
    WithdrawalStore(house.database).add(Withdrawal(scan.id, "sent twice", "u", "U", MORNING))
    hold = house.holds.place(scan.patient_id, "a case", house.admin)
    with pytest.raises(InvalidInput, match="legal hold"):
        house.erase(scan.patient_id)
    house.holds.lift(hold.id, "closed", house.admin)
    house.erase(scan.patient_id)
    assert house.scans.by_content(scan.content_sha256) is None
    assert house.files.keys() == []


def test_only_administrators_place_and_lift(house: SmallHouse) -> None:
    scan = house.scan("Held, Hanna")
    hold = house.holds.place(scan.patient_id, "a case", house.admin)
    for role in (Role.CLINICIAN, Role.HEAD, Role.MLOPS):
        somebody = User(f"{role}", "x", "X", role)
        with pytest.raises(NotAllowed):
            house.holds.place(scan.patient_id, "a case", somebody)
        with pytest.raises(NotAllowed):
            house.holds.lift(hold.id, "closed", somebody)
    with pytest.raises(NotFound):
        house.holds.place("nobody", "a case", house.admin)
