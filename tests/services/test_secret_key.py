"""The key that signs sessions: kept, private, and made anew where a crash cut it off."""

from __future__ import annotations

import logging
import stat
from pathlib import Path

import pytest

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
def test_what_a_crash_cut_off_is_made_anew_and_logged(
    tmp_path: Path, left: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / FILE).write_bytes(left)
    with caplog.at_level(logging.ERROR):
        key = secret_key(Settings(home=tmp_path))
    assert len(key) == 64
    assert "made anew" in caplog.text
    assert secret_key(Settings(home=tmp_path)) == key


def test_a_key_that_is_long_enough_stays(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / FILE).write_text("k" * LEAST_CHARACTERS)
    assert secret_key(Settings(home=tmp_path)) == "k" * LEAST_CHARACTERS
    assert caplog.text == ""
