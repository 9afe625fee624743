"""What people write of a patient leaves without the patient's name."""

from __future__ import annotations

from datetime import date

import pytest

from data.records import Identity
from services.deidentification import REMOVED, without_identity

ADA = Identity("Lovelace^Ada", "MRN-1815", date(1815, 12, 10))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Mrs LOVELACE moved", f"Mrs {REMOVED} moved"),
        ("ada's scan", f"{REMOVED}'s scan"),
        ("see mrn-1815", f"see {REMOVED}"),
        ("born 10.12.1815", f"born {REMOVED}"),
        ("born 1815-12-10", f"born {REMOVED}"),
        ("edema missed", "edema missed"),
    ],
)
def test_names_numbers_and_birth_dates_are_removed(text: str, said: str) -> None:
    assert without_identity(text, ADA) == said


def test_short_parts_of_names_do_not_eat_words() -> None:
    assert without_identity("no oedema", Identity("Li No")) == "no oedema"


def test_nobody_known_changes_nothing() -> None:
    assert without_identity("Ada", None) == "Ada"
    assert without_identity("Ada", Identity()) == "Ada"
