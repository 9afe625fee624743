from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from data.database import reading, writing
from data.encryption import ColumnKey, Keyring, encrypt_with
from data.errors import InvalidInput
from data.ledger.in_memory import Ledger
from data.ledger.selection import patients_with
from data.ledger.worklist import WorklistStore
from data.records import Identity, Refusal, UploadState, WorklistQuery, WorklistRow
from data.stores.identifier_encryption import bring_under_current_key, keys_in_use
from data.stores.patient_conflicts import PatientConflictStore
from data.stores.patients import PatientStore
from data.stores.refusals import RefusalStore
from data.stores.scans import ScanStore
from data.stores.study_identifiers import StudyIdentifierStore, keep_identifiers
from data.stores.uploads import UploadStore
from tests.data.builders import a_scan, an_upload
from tests.databases import migrated

OLD, NEW = ColumnKey("an old secret of 32 characters ..."), ColumnKey("a new secret of 32 characters ...")
JANE = Identity("Quisenberry Jane", "MRN-774411", date(1931, 3, 7), "F")
PLANTED = ("quisenberry", "mrn-774411", "1931-03-07")


class House:
    """A database with one patient, as every table that may name her holds her."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.engine = migrated(f"sqlite:///{file}")
        self.patients, self.ledger = PatientStore(self.engine), Ledger(self.engine)

    def fill(self) -> House:
        jane = self.patients.find_or_create(JANE, "Quisenberry.dcm")
        scan, _ = ScanStore(self.engine).add(a_scan(jane.id))
        with writing(self.engine) as connection:
            keep_identifiers(connection, scan.id, {"PatientName": "Quisenberry^Jane"})
        uploads = UploadStore(self.engine)
        upload = uploads.add(an_upload(name="Quisenberry.zip"))
        refusal = Refusal("Quisenberry.dcm", "not_an_image", "No.")
        uploads.add_outcomes(upload.id, refusals=[refusal])
        uploads.set_state(upload.id, UploadState.DONE)
        RefusalStore(self.engine).add([refusal])
        return self

    def bytes(self) -> bytes:
        """All that lies on the disk of the database."""
        files = sorted(self.file.parent.glob(f"{self.file.name}*"))
        return b"".join(file.read_bytes() for file in files).lower()

    def row(self) -> WorklistRow:
        (row,) = WorklistStore(self.engine, self.ledger).page(WorklistQuery(), True).rows
        return row

    def shown(self) -> tuple[str, str | None]:
        return self.row().patient, self.row().patient_id


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path / "lightbox.db")


def planted_in(content: bytes) -> list[str]:
    return [words for words in PLANTED if words.encode() in content]


def test_with_a_key_nobody_who_reads_the_disk_learns_who_the_patients_are(house: House) -> None:
    encrypt_with(house.engine, Keyring(NEW))
    house.fill()
    assert planted_in(house.bytes()) == []
    assert keys_in_use(house.engine) == {NEW.id}
    assert house.shown() == (JANE.name, JANE.patient_id)


def test_without_a_key_it_stands_there(house: House) -> None:
    assert planted_in(house.fill().bytes()) == list(PLANTED)
    assert keys_in_use(house.engine) == {""}


@pytest.mark.parametrize(
    ("before", "after"),
    [(Keyring(), Keyring(NEW)), (Keyring(OLD), Keyring(NEW, [OLD])), (Keyring(NEW), Keyring(None, [NEW]))],
    ids=["put on", "rotated", "taken off"],
)
def test_what_is_there_is_brought_under_the_key_in_force(
    house: House, before: Keyring, after: Keyring
) -> None:
    encrypt_with(house.engine, before)
    house.fill()
    encrypt_with(house.engine, after)
    assert bring_under_current_key(house.engine) > 0
    assert bring_under_current_key(house.engine) == 0
    assert keys_in_use(house.engine) == {after.current.id if after.current else ""}
    assert planted_in(house.bytes()) == ([] if after.current else list(PLANTED))
    assert house.shown() == (JANE.name, JANE.patient_id)
    (upload,) = UploadStore(house.engine).with_state([UploadState.DONE])
    assert (upload.name, upload.refusals[0].name) == ("Quisenberry.zip", "Quisenberry.dcm")
    assert {kept.refusal.name for kept in RefusalStore(house.engine).between()} == {"Quisenberry.dcm"}
    identifiers = StudyIdentifierStore(house.engine).get(house.row().scan_id)
    assert identifiers == {"PatientName": "Quisenberry^Jane"}


@pytest.mark.parametrize("before", [Keyring(), Keyring(OLD)], ids=["plain", "under the earlier key"])
def test_a_patient_is_recognised_before_all_is_brought_along(house: House, before: Keyring) -> None:
    """As in the moment between two starts, or after one that was killed."""
    encrypt_with(house.engine, before)
    house.fill()
    encrypt_with(house.engine, Keyring(NEW, [OLD]))
    (jane,) = house.patients.unmerged(patients_with(house.ledger.columns().people, "mrn-774411 jane"), 5)
    assert jane.identity == JANE
    assert house.patients.find_or_create(JANE, "b.dcm").id == jane.id
    twin = house.patients.find_or_create(Identity(JANE.name, JANE.patient_id, date(1960, 1, 1)), "c.dcm")
    assert twin.in_conflict_with == (jane.pseudonym,)
    (conflict,) = PatientConflictStore(house.engine).open(5)
    assert {patient.identity.birth_date for patient in conflict.patients if patient.identity} == {
        JANE.birth_date,
        date(1960, 1, 1),
    }


@pytest.mark.parametrize("keyring", [Keyring(), Keyring(NEW)], ids=["plain", "encrypted"])
def test_who_has_no_name_is_shown_by_the_file(house: House, keyring: Keyring) -> None:
    encrypt_with(house.engine, keyring)
    nobody = house.patients.find_or_create(Identity(), "Quisenberry.png")
    ScanStore(house.engine).add(a_scan(nobody.id))
    assert house.shown() == ("Quisenberry.png", None)


def test_an_unknown_key_changes_nothing(house: House) -> None:
    encrypt_with(house.engine, Keyring(OLD))
    house.fill()
    before = _rows(house.engine)
    encrypt_with(house.engine, Keyring(NEW))
    with pytest.raises(InvalidInput, match="another key"):
        bring_under_current_key(house.engine)
    assert _rows(house.engine) == before


def _rows(engine: Engine) -> list[tuple[object, ...]]:
    with reading(engine) as connection:
        return [tuple(row) for row in connection.execute(text("SELECT * FROM patients"))]
