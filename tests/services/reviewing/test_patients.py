"""A patient's studies in the order of time, and what each version measured on them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from data.errors import NotFound
from data.records import Identity, Provenance, Role, Scan, User, Verdict
from data.stores.acceptance import AcceptanceStore
from data.stores.audit import AuditLog
from data.stores.patient_conflicts import PatientConflictStore
from data.stores.patients import PatientStore
from data.stores.results import ResultStore
from data.stores.reviews import ReviewStore
from data.stores.scans import ScanStore
from data.stores.second_readings import SecondReadingStore
from data.stores.suspensions import SuspensionStore
from data.stores.unaided import UnaidedStore
from services.reviewing.blinding import Blinding
from services.reviewing.patients import Patients, PatientView
from services.reviewing.second_readings import SecondReadings
from services.standing.acceptances import Acceptances
from services.standing.suspensions import Suspensions
from tests.data.builders import MORNING, a_header, a_result, a_review, a_scan, measured
from tests.databases import migrated

GREY = User("grey", "grey", "Dr Grey", Role.CLINICIAN)
HEAD = User("head", "head", "Dr Head", Role.HEAD)
JANE = Identity("Doe^Jane", "123", None, "F")


class House:
    def __init__(self, engine: Engine) -> None:
        self.store, self.scans = PatientStore(engine), ScanStore(engine)
        self.results, self.reviews = ResultStore(engine), ReviewStore(engine)
        second = SecondReadings(SecondReadingStore(engine), self.results, AuditLog(engine))
        blinding = Blinding(second, UnaidedStore(engine), self.scans.changes_token)
        suspensions = Suspensions(SuspensionStore(engine), self.scans.changes_token)
        acceptances = Acceptances(AcceptanceStore(engine), lambda _: None)
        kept = self.store, self.scans, self.results, self.reviews
        self.patients = Patients(*kept, blinding, suspensions, acceptances)
        self.jane = self.store.find_or_create(JANE, "a.dcm")

    def scan(self, day: int, study: str | None = None, series: str | None = None, **changes: Any) -> Scan:
        header = a_header(
            acquired_at=MORNING + timedelta(days=day), study_uid=study, series_uid=series, **changes
        )
        return self.scans.add(a_scan(self.jane.id, day, header=header))[0]

    def reads(self, scan: Scan, version: str, volume_ml: float, minutes: float = 0) -> str:
        made_by = Provenance("brain-tumour", version, "", "", "", "", "", "", {})
        result = a_result(scan.id, minutes, provenance=made_by, measurements=measured(volume_ml))
        return self.results.add(result).id

    def view(self, viewer: User = GREY) -> PatientView:
        return self.patients.patient(self.jane.pseudonym, viewer)


@pytest.fixture
def house() -> House:
    engine = migrated("sqlite://")
    return House(engine)


def test_series_of_a_study_stand_together_and_the_newest_is_the_first(house: House) -> None:
    old = house.scan(0, "1.1", "1.1.1")
    flair, contrast = house.scan(9, "1.2", "1.2.1"), house.scan(9, "1.2", "1.2.2")
    again = house.scan(9, "1.2", "1.2.1")
    studies = house.view().studies
    assert [study.uid for study in studies] == ["1.2", "1.1"]
    grouped = {own.uid: {scan.scan.id for scan in own.scans} for own in studies[0].series}
    assert grouped == {"1.2.1": {flair.id, again.id}, "1.2.2": {contrast.id}}
    assert [scan.scan.id for scan in house.view().scans][-1] == old.id


def test_files_that_name_no_study_are_one_study_a_day(house: House) -> None:
    first, second, later = house.scan(0), house.scan(0), house.scan(1)
    today, before = house.view().studies
    assert [own.scans[0].scan.id for own in today.series] == [later.id]
    assert {own.scans[0].scan.id for own in before.series} == {first.id, second.id}


def test_each_version_has_a_course_of_its_own(house: House) -> None:
    first, second = house.scan(0), house.scan(30)
    house.reads(first, "1", 10.0)
    house.reads(first, "2", 11.0, 1)
    house.reads(second, "2", 13.0)
    house.reads(second, "2", 14.0, 1)  # of several readings by one version the latest counts
    courses = {course.version: course for course in house.view().courses}
    assert [(point.scan_id, point.volume_ml) for point in courses["2"].points] == [
        (first.id, 11.0),
        (second.id, 14.0),
    ]
    assert [point.volume_ml for point in courses["1"].points] == [10.0]
    assert courses["2"].points[0].product_mm2 == 31.0 * 20.0
    assert None not in courses


def test_the_reviewed_course_is_what_was_accepted_or_corrected(house: House) -> None:
    scans = [house.scan(day) for day in range(3)]
    results = [house.reads(scan, "2", 10.0 + day) for day, scan in enumerate(scans)]
    house.reviews.add(a_review(scans[0].id, results[0]))
    house.reviews.add(a_review(scans[1].id, results[1], verdict=Verdict.REJECTED, reason="no"))
    corrected = a_review(
        scans[2].id, results[2], verdict=Verdict.CORRECTED, measurements=measured(20.0), dice=0.5
    )
    house.reviews.add(corrected)
    view = house.view()
    (reviewed,) = [course for course in view.courses if course.version is None]
    assert [point.volume_ml for point in reviewed.points] == [10.0, 20.0]
    measurements = view.scans[0].measurements
    assert measurements is not None and measurements.volume_ml == 20.0
    house.reviews.add(a_review(scans[2].id, results[2], 5))  # accepted after all: the model's mask holds
    measurements = house.view().scans[0].measurements
    assert measurements is not None and measurements.volume_ml == 12.0


def test_a_labelled_mask_counts_as_a_corrected_one_does(house: House) -> None:
    scan = house.scan(0)
    result = house.reads(scan, "2", 10.0)
    label = a_review(scan.id, result, verdict=Verdict.LABELLED, measurements=measured(20.0))
    house.reviews.add(label)
    view = house.view()
    (reviewed,) = [course for course in view.courses if course.version is None]
    assert [point.volume_ml for point in reviewed.points] == [20.0]
    assert view.scans[0].measurements == label.measurements


def test_sequences_are_not_mixed(house: House) -> None:
    house.reads(house.scan(0, sequence="FLAIR"), "2", 10.0)
    house.reads(house.scan(0, sequence="T1 contrast"), "2", 4.0)
    assert {course.sequence for course in house.view().courses} == {"FLAIR", "T1 contrast"}


def test_who_may_not_see_identities_sees_a_pseudonym(house: House) -> None:
    house.scan(0)
    assert house.view(GREY).patient.identity is not None
    assert house.view(HEAD).patient.identity is None
    for reference in (house.jane.pseudonym, house.jane.pseudonym.lower(), house.jane.id):
        assert house.patients.patient(reference, HEAD).patient.id == house.jane.id


def test_an_administrator_and_a_wrong_reference_find_nobody(house: House) -> None:
    admin = User("a", "a", "A", Role.ADMIN)
    for reference, viewer in ((house.jane.pseudonym, admin), ("P-NOBODY", GREY), ("Doe Jane", GREY)):
        with pytest.raises(NotFound):
            house.patients.patient(reference, viewer)


def test_the_pseudonym_of_a_merged_patient_leads_to_the_one_who_stays(house: House) -> None:
    from dataclasses import replace
    from datetime import date

    engine = house.store._engine
    born = Identity("Roe^Ann", "9", date(1950, 1, 1), "F")
    older = house.store.find_or_create(born, "a")
    younger = house.store.find_or_create(replace(born, birth_date=date(1951, 1, 1)), "b")
    house.scans.add(a_scan(younger.id))
    conflicts = PatientConflictStore(engine)
    conflicts.merge(conflicts.open(1)[0].id, date(1950, 1, 1), "F")
    view = house.patients.patient(younger.pseudonym, GREY)
    assert view.patient.pseudonym == older.pseudonym and len(view.scans) == 1
