"""One bad turn does not end a thread, and is logged under an id with its traceback."""

from __future__ import annotations

import logging

import pytest

from services.containment import contained


def test_a_good_turn_has_no_id(caplog: pytest.LogCaptureFixture) -> None:
    done: list[int] = []
    assert contained(lambda: done.append(1), "it failed") is None
    assert (done, caplog.text) == ([1], "")


def test_a_bad_turn_is_logged_with_its_traceback_under_an_id(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        error_id = contained(lambda: {}["missing"], "schedule %s could not be looked at", "7")
    assert error_id is not None
    assert f"error {error_id}: schedule 7 could not be looked at" in caplog.text
    assert "Traceback" in caplog.text
    assert "KeyError: 'missing'" in caplog.text


@pytest.mark.parametrize("ending", [KeyboardInterrupt, SystemExit])
def test_what_ends_the_process_is_not_contained(ending: type[BaseException]) -> None:
    def end() -> None:
        raise ending

    with pytest.raises(ending):
        contained(end, "it failed")


def test_an_outage_comes_with_every_turn_and_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    def full() -> None:
        raise OSError(28, "No space left on device")

    with caplog.at_level(logging.WARNING):
        error_id = contained(full, "schedule %s could not be looked at", "7")
    assert f"error {error_id}: schedule 7 could not be looked at: There is no room left" in caplog.text
    assert "Traceback" not in caplog.text
