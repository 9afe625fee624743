from __future__ import annotations

from pathlib import Path

import pytest

from data.encryption import ColumnKey
from data.errors import InvalidInput
from data.records import Identity
from data.stores.identifier_encryption import keys_in_use
from data.stores.patients import PatientStore
from services.identifier_encryption import encrypt_identifiers
from services.settings import Settings
from tests.databases import migrated

FIRST, SECOND = "first-secret-of-more-than-32-characters", "second-secret-of-more-than-32-characters"


def settings(**env: str) -> Settings:
    return Settings.from_env({f"LIGHTBOX_{name.upper()}": value for name, value in env.items()})


@pytest.fixture
def database():
    database = migrated("sqlite://")
    PatientStore(database).find_or_create(Identity("Doe", "1"), "a.dcm")
    yield database
    database.dispose()


def keys(database) -> set[str]:
    return keys_in_use(database)


def test_a_key_is_put_on_rotated_and_taken_off(database):
    encrypt_identifiers(database, settings())
    assert keys(database) == {""}
    encrypt_identifiers(database, settings(identifier_key=FIRST))
    assert keys(database) == {ColumnKey(FIRST).id}
    encrypt_identifiers(database, settings(identifier_key=SECOND, earlier_identifier_keys=FIRST))
    assert keys(database) == {ColumnKey(SECOND).id}
    encrypt_identifiers(database, settings(earlier_identifier_keys=f"{FIRST} {SECOND}"))
    assert keys(database) == {""}
    assert PatientStore(database).find_or_create(Identity("Doe", "1"), "b.dcm").identity.name == "Doe"


@pytest.mark.parametrize("given", [{}, {"identifier_key": SECOND}, {"earlier_identifier_keys": SECOND}])
def test_a_key_that_was_forgotten_is_asked_for_by_its_id(database, given):
    encrypt_identifiers(database, settings(identifier_key=FIRST))
    with pytest.raises(InvalidInput, match=f"key {ColumnKey(FIRST).id}, .*LIGHTBOX_EARLIER_IDENTIFIER_KEYS"):
        encrypt_identifiers(database, settings(**given))
    assert keys(database) == {ColumnKey(FIRST).id}


def test_a_key_can_stand_in_a_file(tmp_path: Path):
    file = tmp_path / "key"
    file.write_text(f"{FIRST}\n")
    assert settings(identifier_key_file=str(file)).identifier_key == FIRST


@pytest.mark.parametrize("key", ["short", "with a blank and more than 32 characters"])
def test_a_key_that_can_be_guessed_or_mistaken_is_refused(key):
    with pytest.raises(InvalidInput, match="LIGHTBOX_IDENTIFIER_KEY needs 32"):
        settings(identifier_key=key)


def test_settings_do_not_print_keys():
    shown = repr(settings(identifier_key=FIRST, earlier_identifier_keys=SECOND))
    assert FIRST not in shown
    assert SECOND not in shown
