"""One person or two: what has to be said, what is noted of it, and that it holds as a whole or not at all."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from data.errors import InvalidInput, NotFound
from data.records import AuditEvent, Identity, Role, User
from data.stores.audit import AuditLog
from data.stores.patient_conflicts import PatientConflictStore
from data.stores.patients import PatientStore
from data.stores.scans import ScanStore
from services.reviewing.identity_conflicts import ConflictView, IdentityConflicts
from services.reviewing.scan_views import conflict_words
from tests.data.builders import a_header, a_scan
from tests.databases import migrated

GREY = User("grey", "grey", "Dr Grey", Role.CLINICIAN)
BORN, OTHERWISE = date(1950, 1, 2), date(1950, 2, 1)
JANE = Identity("Doe^Jane", "123", BORN, "F")


class Office:
    def __init__(self, engine: Engine, audit: AuditLog | None = None) -> None:
        self.patients, self.scans = PatientStore(engine), ScanStore(engine)
        self.audit = audit or AuditLog(engine)
        self.identities = IdentityConflicts(
            engine, PatientConflictStore(engine), self.patients, self.scans, self.audit
        )

    def brings(self, identity: Identity, minutes: float = 0, day: int | None = 20) -> str:
        """A scan of somebody; the id of the patient."""
        moment = datetime(2026, 11, day, 12, tzinfo=UTC) if day else None
        patient = self.patients.find_or_create(identity, "a.dcm")
        self.scans.add(a_scan(patient.id, minutes, header=a_header(acquired_at=moment)))
        return patient.id

    def conflict(self) -> ConflictView:
        (conflict,) = self.identities.open(GREY)
        return conflict

    def identity(self, patient_id: str) -> Identity | None:
        patient = self.patients.get(patient_id, with_identity=True)
        assert patient is not None
        return patient.identity

    def noted(self) -> list[AuditEvent]:
        return self.audit.recent(10)


@pytest.fixture
def office(engine: Engine) -> Office:
    return Office(engine)


def test_both_records_are_shown_with_their_scans(office: Office) -> None:
    first = office.brings(JANE, 0, 18)
    office.brings(JANE, 1, 19)
    office.brings(JANE, 2, 19)
    second = office.brings(replace(JANE, birth_date=OTHERWISE), 3, None)
    conflict = office.conflict()
    assert [record.patient.id for record in conflict.records] == [first, second]
    older, younger = conflict.records
    assert older.identity == Identity("Doe Jane", "123", BORN, "F")
    assert len(older.scans) == 3
    assert older.scan_days == (date(2026, 11, 19), date(2026, 11, 18))
    assert younger.scan_days == (date(2026, 11, 20),)  # of arrival: its file states none
    assert (conflict.birth_dates, conflict.sexes) == ((BORN, OTHERWISE), ("F",))
    assert office.identities.of_patient(second, GREY) == [conflict]


def test_a_patient_in_conflict_is_warned_of_until_it_is_settled(office: Office) -> None:
    first = office.brings(JANE)
    second = office.brings(replace(JANE, birth_date=OTHERWISE), 1)
    records = [office.patients.get(patient_id, with_identity=False) for patient_id in (first, second)]
    for record, other in zip(records, records[::-1], strict=True):
        assert record is not None and other is not None
        (warning,) = conflict_words(record)
        assert other.pseudonym in warning
    office.identities.two_people(office.conflict().id, GREY)
    for patient_id in (first, second):
        patient = office.patients.get(patient_id, with_identity=False)
        assert patient is not None and conflict_words(patient) == ()


def test_what_differs_has_to_be_chosen(office: Office) -> None:
    first = office.brings(JANE)
    office.brings(Identity("Doe^Jane", "123", OTHERWISE, "M"), 1)
    conflict = office.conflict()
    for born, sex, wanting in (
        (None, "F", "date of birth"),
        (date(1960, 1, 1), "F", "date of birth"),
        (BORN, None, "sex"),
        (BORN, "O", "sex"),
    ):
        with pytest.raises(InvalidInput, match=f"which {wanting} is right"):
            office.identities.same_person(conflict.id, GREY, born, sex)
    assert office.conflict() == conflict and office.noted() == []
    office.identities.same_person(conflict.id, GREY, OTHERWISE, "F")
    assert office.identity(first) == Identity("Doe Jane", "123", OTHERWISE, "F")
    assert office.identities.open(GREY) == []


def test_what_does_not_differ_need_not_be_chosen(office: Office) -> None:
    first = office.brings(replace(JANE, birth_date=None))
    office.brings(Identity("Doe^Jane", "123", BORN, "M"), 1)
    office.identities.same_person(office.conflict().id, GREY, sex="M")
    assert office.identity(first) == Identity("Doe Jane", "123", BORN, "M")


def test_a_merge_is_noted_with_pseudonyms_and_no_identity(office: Office) -> None:
    office.brings(JANE)
    office.brings(Identity("Doe^Jane", "123", OTHERWISE, "M"), 1)
    conflict = office.conflict()
    older, younger = (record.patient.pseudonym for record in conflict.records)
    office.identities.same_person(conflict.id, GREY, OTHERWISE, "F")
    (event,) = office.noted()
    assert (event.user_id, event.action) == ("grey", "patient.merge")
    assert event.subject == f"{younger} and {older}"
    assert event.detail == f"1 scans; date of birth of {younger}, sex of {older}"


def test_two_people_are_noted_too(office: Office) -> None:
    office.brings(JANE)
    office.brings(replace(JANE, sex="M"), 1)
    office.identities.two_people(office.conflict().id, GREY)
    assert [event.action for event in office.noted()] == ["patient.keep-apart"]


def test_a_second_click_changes_and_notes_nothing(office: Office) -> None:
    for number, settle in ((1, office.identities.two_people), (2, office.identities.same_person)):
        office.brings(Identity("Doe^Jane", str(number), sex="F"))
        office.brings(Identity("Doe^Jane", str(number), sex="M"), 1)
        conflict, chosen = office.conflict(), {"sex": "F"} if number == 2 else {}
        settle(conflict.id, GREY, **chosen)
        settle(conflict.id, GREY, **chosen)
        assert len(office.noted()) == number


def test_who_comes_second_with_another_answer_is_told(office: Office) -> None:
    office.brings(JANE)
    office.brings(replace(JANE, sex="M"), 1)
    conflict = office.conflict()
    office.identities.same_person(conflict.id, GREY, sex="F")
    with pytest.raises(InvalidInput, match="already"):
        office.identities.same_person(conflict.id, GREY, sex="M")
    with pytest.raises(InvalidInput, match="already"):
        office.identities.two_people(conflict.id, GREY)
    assert len(office.noted()) == 1


def test_what_is_not_there_cannot_be_settled(office: Office) -> None:
    with pytest.raises(NotFound):
        office.identities.same_person("none", GREY)
    with pytest.raises(NotFound):
        office.identities.two_people("none", GREY)


def test_a_merge_that_cannot_be_noted_does_not_happen(engine: Engine) -> None:
    class Full(AuditLog):
        def record(self, event: AuditEvent) -> None:
            raise OSError("no room")

    office = Office(engine, Full(engine))
    first = office.brings(JANE)
    second = office.brings(replace(JANE, sex="M"), 1)
    conflict = office.conflict()
    with pytest.raises(OSError, match="no room"):
        office.identities.same_person(conflict.id, GREY, sex="F")
    assert office.conflict() == conflict
    assert [len(office.scans.of_patient(patient_id)) for patient_id in (first, second)] == [1, 1]


def test_scans_that_come_during_a_merge_are_the_merged_patients(tmp_path: Path) -> None:
    engine = migrated(f"sqlite:///{tmp_path}/lightbox.db")
    office = Office(engine)
    first = office.brings(JANE)
    office.brings(replace(JANE, sex="M"), 1)
    conflict = office.conflict().id

    def work(number: int) -> None:
        if number == 6:
            office.identities.same_person(conflict, GREY, sex="F")
        else:
            office.brings(replace(JANE, sex="M" if number % 2 else "F"), number + 2)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(16)))
    scans = len(office.scans.of_patient(first))
    engine.dispose()
    assert scans == 17
