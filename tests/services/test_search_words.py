"""Words of a search in an address: sealed for one account, for a while, and for nobody else."""

from __future__ import annotations

import base64

import pytest
from cryptography import fernet
from hypothesis import given
from hypothesis import strategies as st

from data.database import now
from data.errors import NotAllowed
from data.records import Role, User
from services.addresses import WorklistAddress
from services.search_words import LONGEST_WORDS, SearchWords
from services.sessions import LONGEST

KEY = "k" * 48


def account(name: str, role: Role = Role.CLINICIAN) -> User:
    return User(name, name, name.title(), role, active=True, created_at=now())


ADA, GRACE = account("ada"), account("grace", Role.HEAD)


def words(key: str = KEY) -> SearchWords:
    return SearchWords(lambda: key)


def address(sealed: str) -> WorklistAddress:
    return WorklistAddress.read(str(WorklistAddress({}, sealed)).partition("?")[2])


@given(st.text(max_size=LONGEST_WORDS))
def test_what_was_typed_comes_back_to_who_typed_it_and_stands_in_no_address(typed: str) -> None:
    sealed = words().sealed(typed, ADA)
    assert words().opened(address(sealed), ADA) == typed.strip()
    if len(typed.strip()) > 3:
        assert typed.strip() not in str(address(sealed))
        assert typed.strip().encode() not in base64.urlsafe_b64decode(sealed)


def test_nobody_else_opens_them_and_nothing_else_is_taken_for_them() -> None:
    sealed = words().sealed("Lovelace", ADA)
    assert words().opened(address(sealed), GRACE) is None
    assert words("o" * 48).opened(address(sealed), ADA) is None
    for other in (sealed[:-3], "gAAAA", "…", "ada"):
        assert words().opened(address(other), ADA) is None
    assert words().opened(address(""), ADA) == ""


def test_they_are_good_for_as_long_as_a_session_can_last(monkeypatch: pytest.MonkeyPatch) -> None:
    sealed, moment = words().sealed("Lovelace", ADA), fernet.time.time()
    for after, opened in ((LONGEST.total_seconds() - 60, "Lovelace"), (LONGEST.total_seconds() + 60, None)):
        monkeypatch.setattr(fernet.time, "time", lambda late=moment + after: late)
        assert words().opened(address(sealed), ADA) == opened


def test_plain_words_of_another_programs_link_are_read_and_never_written() -> None:
    read = WorklistAddress.read("?q=+FLAIR+&task=brain-tumour")
    assert words().opened(read, ADA) == "FLAIR"
    assert "FLAIR" not in str(read)


def test_who_may_see_no_scans_searches_for_nobody() -> None:
    admin = account("root", Role.ADMIN)
    for act in (lambda: words().sealed("x", admin), lambda: words().opened(WorklistAddress({}), admin)):
        with pytest.raises(NotAllowed):
            act()
