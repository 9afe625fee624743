"""The key that signs sessions: kept, private, and never guessed where it was cut off."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from data.errors import InvalidInput
from services.secret_key import FILE, LEAST_CHARACTERS, secret_key
from services.settings import Settings


def test_a_key_is_made_once_and_is_private(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    key = secret_key(settings)
    assert len(key) == 64
    assert secret_key(settings) == key
    assert stat.S_IMODE((tmp_path / "home" / FILE).stat().st_mode) == 0o600
    assert secret_key(Settings(home=tmp_path / "other")) != key


def test_a_setting_comes_first_and_makes_no_file(tmp_path: Path) -> None:
    assert secret_key(Settings(home=tmp_path, secret_key="ours")) == "ours"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("left", [b"", b"\n", b"x" * (LEAST_CHARACTERS - 1), b"\xff" * 64])
def test_what_a_crash_cut_off_is_for_a_person_to_decide(tmp_path: Path, left: bytes) -> None:
    (tmp_path / FILE).write_bytes(left)
    with pytest.raises(InvalidInput, match=r"secret\.key is empty or cut off.*a backup.*remove"):
        secret_key(Settings(home=tmp_path))
    assert (tmp_path / FILE).read_bytes() == left
    (tmp_path / FILE).unlink()
    assert len(secret_key(Settings(home=tmp_path))) == 64


def test_a_key_that_is_long_enough_stays(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("k" * LEAST_CHARACTERS)
    assert secret_key(Settings(home=tmp_path)) == "k" * LEAST_CHARACTERS
