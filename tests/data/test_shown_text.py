"""What no text of a stranger may hold."""

from __future__ import annotations

import pytest

from data.errors import InvalidInput, RefusedScan
from data.shown_text import shown


@pytest.mark.parametrize(
    "text", ["", "Größe.png", "山田 太郎", "e\u0301", "a\u00a0b", "👩‍⚕️", "<b>", "\ufeff"]
)
def test_letters_of_every_language_stay(text: str) -> None:
    assert shown(text) == text


@pytest.mark.parametrize(
    ("text", "as_shown"),
    [
        ("a\0b", "a�b"),
        ("\x1b[31m", "�[31m"),
        ("\udcff.png", "�.png"),
        ("\u202egnp.dcm", "�gnp.dcm"),
        ("a\nb", "a�b"),
    ],
)
def test_what_a_database_or_an_eye_stumbles_over_is_replaced(text: str, as_shown: str) -> None:
    assert shown(text) == as_shown


def test_lines_stay_where_they_are_meant() -> None:
    assert shown("a\nb\tc\0", lines=True) == "a\nb\tc�"


def test_no_sentence_for_people_holds_them_nor_goes_on_for_ever() -> None:
    assert str(InvalidInput("“\u202egnp” is no day.")) == "“�gnp” is no day."
    assert str(RefusedScan("x", "It holds a\0b.")) == "It holds a�b."
    assert len(str(InvalidInput("a" * 5000))) < 1010
