"""Giving scans to patients and withdrawing them: what moves, what stays, what is noted."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine

from data.database import now
from data.errors import InvalidInput, NotAllowed, NotFound
from data.ledger.in_memory import Ledger
from data.ledger.judgements import JudgementStore
from data.records import BRAIN_TUMOUR, Identity, Result, Role, Scan, ScanStatus, SourceGrid, User
from data.stores.audit import AuditLog
from data.stores.features import FeatureStore
from data.stores.patients import PatientStore
from data.stores.results import ResultStore
from data.stores.review_requests import ReviewRequestStore
from data.stores.reviews import ReviewStore
from data.stores.scans import ScanStore
from data.stores.withdrawals import WithdrawalStore
from services.reviewing.requests import ReviewRequests
from services.reviewing.scan_patients import ScanPatients
from services.reviewing.withdrawals import Withdrawals
from tests.data.builders import MORNING, a_result, a_review, a_scan
from tests.databases import migrated

GREY = User("grey", "grey", "Dr Grey", Role.CLINICIAN)
MLOPS = User("m", "m", "Em", Role.MLOPS)
JANE = Identity("Doe^Jane", "123", date(1950, 1, 2), "F")


class House:
    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.patients, self.scans, self.audit = PatientStore(engine), ScanStore(engine), AuditLog(engine)
        self.results, self.reviews = ResultStore(engine), ReviewStore(engine)
        self.read: list[str] = []
        self.judged: list[Result] = []
        self.giving = ScanPatients(engine, Ledger(engine), self.patients, self.scans, self.audit)
        self.withdrawals = Withdrawals(
            engine, WithdrawalStore(engine), self.scans, self.results, self.reviews, self.patients,
            self.audit, self.read.append, self.judged.append,
        )  # fmt: skip
        self.ledger, self.judgements = Ledger(engine), JudgementStore(engine)

    def picture(self, name: str = "head.png") -> Scan:
        """A scan of nobody: its file says no identity."""
        patient = self.patients.find_or_create(Identity(), name)
        return self.scans.add(a_scan(patient.id, grid=SourceGrid("image", (1, 64, 64))))[0]

    def owner(self, scan: Scan) -> str:
        kept = self.scans.get(scan.id)
        assert kept is not None
        return kept.patient_id

    def counted_for(self, scan: Scan) -> str:
        """The patient whom the ledger in memory counts a scan for."""
        columns = self.ledger.columns()
        (row,) = [row for row in columns.rows if columns.scan_ids[row].decode() == scan.id]
        return columns.people.ids[columns.patients[row]]

    def noted(self) -> list[tuple[str | None, str, str, str]]:
        return [(event.user_id, event.action, event.subject, event.detail) for event in self.audit.recent(9)]


@pytest.fixture
def house() -> House:
    engine = migrated("sqlite://")
    return House(engine)


def test_a_picture_is_given_to_a_known_patient(house: House) -> None:
    jane, scan = house.patients.find_or_create(JANE, "a"), house.picture()
    nobody = house.patients.get(scan.patient_id, with_identity=False)
    assert nobody is not None and house.counted_for(scan) == nobody.id
    assert house.giving.give(scan.id, jane.pseudonym, GREY).id == jane.id
    assert house.owner(scan) == house.counted_for(scan) == jane.id
    words = f"from {nobody.pseudonym} to {jane.pseudonym}"
    assert house.noted() == [("grey", "scan.move", scan.id, words)]
    assert house.patients.get(nobody.id, with_identity=False) is None  # nobody has no scan any more


def test_a_wrongly_given_scan_is_given_to_the_right_one(house: House) -> None:
    scan = house.picture()
    wrong = house.giving.give_to_new(scan.id, Identity("Roe Ann", "9"), GREY)
    right = house.giving.give_to_new(scan.id, JANE, GREY)
    assert wrong.id != right.id and house.owner(scan) == house.counted_for(scan) == right.id
    assert right.identity is not None and right.identity.birth_date == JANE.birth_date
    assert house.patients.find(wrong.pseudonym, with_identity=True) is None
    with pytest.raises(InvalidInput, match="already"):
        house.giving.give(scan.id, right.id, GREY)


def test_who_fits_a_known_patient_comes_to_that_one(house: House) -> None:
    jane, scan = house.patients.find_or_create(JANE, "a"), house.picture()
    assert house.giving.give_to_new(scan.id, Identity("doe jane", "123"), GREY).id == jane.id
    other = house.giving.give_to_new(house.picture().id, replace(JANE, birth_date=date(1951, 1, 2)), GREY)
    assert other.id != jane.id and other.in_conflict_with == (jane.pseudonym,)


@pytest.mark.parametrize(
    "identity",
    [
        Identity(),
        Identity("  ", " "),
        Identity("Doe", "1", date(1849, 12, 31)),
        Identity("Doe", "1", now().date() + timedelta(days=2)),
        Identity("Doe", "1", None, "female"),
    ],
)
def test_an_identity_that_makes_no_sense_moves_nothing(house: House, identity: Identity) -> None:
    scan = house.picture()
    with pytest.raises(InvalidInput):
        house.giving.give_to_new(scan.id, identity, GREY)
    assert house.owner(scan) == scan.patient_id and house.noted() == []


def test_a_dicom_file_says_itself_whose_it_is(house: House) -> None:
    jane, patient = house.patients.find_or_create(JANE, "a"), house.patients.find_or_create(Identity(), "b")
    dicom = house.scans.add(a_scan(patient.id, grid=SourceGrid("dicom", (64, 64, 9))))[0]
    made_up = house.scans.add(a_scan(patient.id, synthetic=True))[0]
    for scan in (dicom, made_up):
        with pytest.raises(InvalidInput):
            house.giving.give(scan.id, jane.id, GREY)
        with pytest.raises(InvalidInput):
            house.giving.give_to_new(scan.id, Identity("New One", "77"), GREY)
    assert house.giving.search("new one", GREY) == []  # the refusal left nobody behind


def test_the_search_finds_by_name_number_and_pseudonym(house: House) -> None:
    jane = house.patients.find_or_create(JANE, "a")
    house.patients.find_or_create(Identity("Doe John", "456"), "b")
    for words in ("jane doe", "123", jane.pseudonym.lower(), "JANE 12"):
        assert [patient.id for patient in house.giving.search(words, GREY)] == [jane.id]
    assert len(house.giving.search("doe", GREY)) == 2
    for words in ("", "  ", "%", "_", "doe nobody"):
        assert house.giving.search(words, GREY) == []
    with pytest.raises(NotAllowed):
        house.giving.search("doe", MLOPS)


def test_a_withdrawn_scan_counts_nowhere_until_it_is_restored(house: House) -> None:
    scan, other = house.picture(), house.picture("other.png")
    result = house.results.add(a_result(scan.id))
    house.reviews.add(a_review(scan.id, result.id, 5, reason="good", truth_positive=True))
    house.scans.set_status(scan.id, ScanStatus.READ)
    requests = ReviewRequests(ReviewRequestStore(house.engine), house.scans, house.audit)
    requests.ask([scan.id, other.id], "look", GREY)

    def counts() -> tuple[int, ...]:
        return (
            len(house.ledger.columns()),
            len(house.judgements.of(BRAIN_TUMOUR)),
            sum(count.read for count in house.judgements.read_counts(BRAIN_TUMOUR).values()),
            sum(house.scans.counts().values()),
            len(house.scans.ids_with_status(set(ScanStatus))),
            len(house.scans.of_patient(scan.patient_id)),
            len(house.reviews.reasoned(MORNING, MORNING + timedelta(days=1), 9)),
            len(requests.open()),
        )

    before = counts()
    house.withdrawals.withdraw(scan.id, "  wrong\n patient ", MLOPS)
    assert house.scans.get(scan.id) is None
    assert counts() == (1, 0, 0, 1, 1, 0, 0, 1)
    view = house.withdrawals.of_scan(scan.id, GREY)
    assert view is not None and view.patient.id == scan.patient_id
    assert (view.withdrawal.reason, view.withdrawal.withdrawn_name) == ("wrong patient", "Em")
    assert [told.id for told in house.judged] == [result.id]
    house.withdrawals.withdraw(scan.id, "again", GREY)  # says nothing new
    view = house.withdrawals.of_scan(scan.id, GREY)
    assert view is not None and view.withdrawal.reason == "wrong patient"
    house.withdrawals.restore(scan.id, GREY)
    assert counts() == before and house.withdrawals.of_scan(scan.id, GREY) is None
    acts = [(who, action) for who, action, *_ in house.noted() if action.startswith("scan.")]
    assert acts == [("grey", "scan.restore"), ("m", "scan.withdraw")]


def test_what_was_not_read_yet_is_read_when_it_is_restored(house: House) -> None:
    waiting, read = house.picture(), house.picture("read.png")
    house.scans.set_status(read.id, ScanStatus.READ)
    for scan in (waiting, read):
        house.withdrawals.withdraw(scan.id, "wrong", GREY)
        house.withdrawals.restore(scan.id, GREY)
    assert house.read == [waiting.id]


def test_drift_does_not_watch_what_was_withdrawn(house: House) -> None:
    from data.records import Features

    scan = house.picture()
    result = a_result(scan.id)
    house.results.add(result, Features(result.id, scan.id, result.task, "3", result.created_at, noise=0.5))
    features = FeatureStore(house.engine)
    assert features.count(BRAIN_TUMOUR) == len(features.frame(BRAIN_TUMOUR)) == 1
    house.withdrawals.withdraw(scan.id, "wrong", GREY)
    assert features.count(BRAIN_TUMOUR) == len(features.frame(BRAIN_TUMOUR)) == 0


def test_withdrawing_asks_for_a_reason_and_for_a_scan(house: House) -> None:
    scan = house.picture()
    with pytest.raises(InvalidInput):
        house.withdrawals.withdraw(scan.id, " ", GREY)
    with pytest.raises(NotFound):
        house.withdrawals.restore("0" * 32, GREY)
    with pytest.raises(NotFound):
        house.withdrawals.withdraw("0" * 32, "x", GREY)
    assert house.scans.get(scan.id) is not None


def test_a_withdrawn_scan_can_be_deleted(house: House) -> None:
    scan = house.picture()
    house.withdrawals.withdraw(scan.id, "wrong", GREY)
    house.scans.delete([scan.id])
    assert house.withdrawals.of_scan(scan.id, GREY) is None
    assert house.patients.get(scan.patient_id, with_identity=False) is None
