from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest

from data.records import Identity
from data.stores.patients import PatientStore
from tests.databases import migrated


@pytest.fixture
def patients(engine):
    return PatientStore(engine)


def test_the_same_id_and_name_are_the_same_patient_whatever_the_case(patients):
    first = patients.find_or_create(Identity("Doe^Jane", "123", date(1950, 1, 2)), "a.dcm")
    again = patients.find_or_create(Identity("DOE  jane", "123 "), "b.dcm")
    assert again == first
    assert first.identity == Identity("Doe Jane", "123", date(1950, 1, 2))


def test_two_people_with_the_same_id_stay_two_patients(patients):
    jane = patients.find_or_create(Identity("Doe^Jane", "123"), "a.dcm")
    john = patients.find_or_create(Identity("Roe^John", "123"), "a.dcm")
    assert jane.id != john.id
    assert jane.pseudonym != john.pseudonym


def test_a_missing_name_matches_and_is_filled_in_later(patients):
    nameless = patients.find_or_create(Identity(None, "123"), "a.dcm")
    assert nameless.identity.name == "a.dcm"
    named = patients.find_or_create(Identity("Doe^Jane", "123", date(1950, 1, 2)), "b.dcm")
    assert named.id == nameless.id
    assert patients.get(nameless.id, with_identity=True).identity == Identity(
        "Doe Jane", "123", date(1950, 1, 2)
    )
    assert patients.find_or_create(Identity("Roe^John", "123"), "c.dcm").id != nameless.id


def test_a_missing_name_matches_nobody_in_particular_among_several(patients):
    jane = patients.find_or_create(Identity("Doe^Jane", "123"), "a.dcm")
    john = patients.find_or_create(Identity("Roe^John", "123"), "a.dcm")
    nameless = patients.find_or_create(Identity(None, "123"), "a.dcm")
    assert nameless.id not in (jane.id, john.id)
    assert patients.find_or_create(Identity(None, "123"), "b.dcm").id == nameless.id


BORN = date(1950, 1, 2)


@pytest.mark.parametrize(
    "other",
    [
        Identity("Doe^Jane", "123", date(1950, 2, 1), "F"),
        Identity("Doe^Jane", "123", BORN, "M"),
        Identity("doe jane", "123", None, "M"),
    ],
)
def test_another_birth_date_or_sex_is_a_conflict_that_both_know_of(patients, other):
    jane = patients.find_or_create(Identity("Doe^Jane", "123", BORN, "F"), "a.dcm")
    assert jane.in_conflict_with == ()
    second = patients.find_or_create(other, "b.dcm")
    assert second.id != jane.id
    assert second.in_conflict_with == (jane.pseudonym,)
    assert patients.get(jane.id, with_identity=True).in_conflict_with == (second.pseudonym,)
    unnamed = patients.get(jane.id, with_identity=False)
    assert (unnamed.in_conflict_with, unnamed.identity) == ((second.pseudonym,), None)
    assert patients.find_or_create(other, "c.dcm").id == second.id
    assert patients.find_or_create(Identity("Doe^Jane", "123", BORN, "F"), "d.dcm").id == jane.id


@pytest.mark.parametrize("sex", [None, "O", "F"])
def test_what_is_not_stated_contradicts_nobody(patients, sex):
    jane = patients.find_or_create(Identity("Doe^Jane", "123", BORN, "F"), "a.dcm")
    again = patients.find_or_create(Identity("Doe^Jane", "123", None, sex), "b.dcm")
    assert again.id == jane.id
    assert again.identity.sex == "F"
    assert again.in_conflict_with == ()


def test_birth_date_and_sex_are_filled_in_later(patients):
    first = patients.find_or_create(Identity("Doe^Jane", "123"), "a.dcm")
    patients.find_or_create(Identity("Doe^Jane", "123", BORN, "F"), "b.dcm")
    identity = patients.get(first.id, with_identity=True).identity
    assert (identity.birth_date, identity.sex) == (BORN, "F")


def test_the_same_number_with_another_name_is_no_conflict(patients):
    patients.find_or_create(Identity("Doe^Jane", "123", BORN), "a.dcm")
    assert patients.find_or_create(Identity("Roe^John", "123"), "b.dcm").in_conflict_with == ()


def test_a_nameless_file_of_another_birth_date_is_somebody_else(patients):
    jane = patients.find_or_create(Identity("Doe^Jane", "123", BORN), "a.dcm")
    assert patients.find_or_create(Identity(None, "123", date(1960, 1, 1)), "b.dcm").id != jane.id


@pytest.mark.parametrize("identity", [Identity(), Identity("Doe^Jane"), Identity(" ", " \x00")])
def test_without_an_id_nobody_is_recognised(patients, identity):
    first = patients.find_or_create(identity, "xray.png")
    second = patients.find_or_create(identity, "xray.png")
    assert first.id != second.id
    assert first.identity.name in ("Doe Jane", "xray.png")


def test_without_clearance_there_is_only_the_pseudonym(patients):
    made = patients.find_or_create(Identity("Doe^Jane", "123"), "a.dcm")
    seen = patients.get(made.id, with_identity=False)
    assert seen.identity is None
    assert seen.pseudonym == made.pseudonym
    assert len(seen.pseudonym) == 7
    assert patients.get("nobody", with_identity=True) is None


def test_uploads_at_once_make_one_patient(tmp_path):
    engine = migrated(f"sqlite:///{tmp_path}/lightbox.db")
    patients = PatientStore(engine)
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: patients.find_or_create(Identity("Doe", "1"), "a"), range(16)))
    engine.dispose()
    assert len({patient.id for patient in made}) == 1
