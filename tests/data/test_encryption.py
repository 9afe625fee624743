from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.columns import storable
from data.encryption import MARK, ColumnKey, Keyring, key_id
from data.errors import InvalidInput

OLD, NEW = ColumnKey("an old secret of 32 characters ..."), ColumnKey("a new secret of 32 characters ...")
TEXTS = st.text(max_size=300)
NAME = "patients.name"


@given(TEXTS, st.booleans())
def test_a_text_comes_back_and_does_not_stand_in_what_is_kept(text, lookup):
    keyring = Keyring(NEW)
    kept = keyring.kept(text, NAME, lookup=lookup)
    plain = storable(text).lstrip(MARK)
    assert keyring.text(kept, NAME, lookup=lookup) == plain
    assert key_id(kept) == NEW.id
    assert kept.isascii()
    assert len(plain) < 4 or plain not in kept


@given(TEXTS)
def test_without_a_key_texts_are_kept_as_they_are(text):
    assert Keyring().text(Keyring().kept(text, NAME, lookup=False), NAME, lookup=False) == (
        storable(text).lstrip(MARK)
    )


def test_no_text_from_outside_passes_for_an_encrypted_one():
    kept = Keyring().kept(NEW.encrypted("Doe", NAME, lookup=False), NAME, lookup=False)
    assert key_id(kept) == ""
    assert Keyring(NEW).text(kept, NAME, lookup=False) == kept


def test_equal_texts_are_kept_equal_only_where_they_are_looked_up():
    keyring = Keyring(NEW)
    assert keyring.kept("1815", NAME, lookup=True) == keyring.kept("1815", NAME, lookup=True)
    assert keyring.kept("1815", NAME, lookup=True) != keyring.kept("1815", "patients.patient_id", lookup=True)
    assert keyring.kept("1815", NAME, lookup=False) != keyring.kept("1815", NAME, lookup=False)


def test_the_forms_of_a_text_are_those_under_each_key_and_the_plain_one():
    encrypted = [key.encrypted("1815", NAME, lookup=True) for key in (NEW, OLD)]
    assert Keyring(NEW, [OLD]).forms("1815", NAME) == ["1815", *encrypted]


def test_an_earlier_key_reads_and_the_one_in_force_writes():
    kept = Keyring(OLD).kept("Doe", NAME, lookup=False)
    keyring = Keyring(NEW, [OLD])
    assert keyring.text(kept, NAME, lookup=False) == "Doe"
    assert key_id(keyring.kept("Doe", NAME, lookup=False)) == NEW.id


@pytest.mark.parametrize("keyring", [Keyring(), Keyring(NEW)])
def test_another_key_is_told_apart_from_damage(keyring):
    kept = Keyring(OLD).kept("Doe", NAME, lookup=False)
    with pytest.raises(InvalidInput, match="another key"):
        keyring.text(kept, NAME, lookup=False)


@pytest.mark.parametrize("lookup", [True, False])
def test_what_was_changed_or_moved_to_another_column_cannot_be_read(lookup):
    keyring = Keyring(NEW)
    kept = keyring.kept("Doe", NAME, lookup=lookup)
    content = bytearray(base64.urlsafe_b64decode(kept[len(NEW.prefix) :]))
    content[-1] ^= 1
    changed = NEW.prefix + base64.urlsafe_b64encode(content).decode()
    for wrong, column in ((changed, NAME), (kept[:-8], NAME), (NEW.prefix, NAME), (kept, "patients.label")):
        with pytest.raises(InvalidInput, match="changed"):
            keyring.text(wrong, column, lookup=lookup)
