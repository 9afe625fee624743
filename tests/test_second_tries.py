from __future__ import annotations

from tests.second_tries import second_tries


def test_each_test_is_named_once_with_its_tries() -> None:
    lines = second_tries(["b", "a", "b"], ran=9)
    assert lines == ["browser tests that needed a second try: 2 of 9", "a (2 tries)", "b (3 tries)"]


def test_none_is_said_too_but_not_where_no_browser_ran() -> None:
    assert second_tries([], ran=9) == ["browser tests that needed a second try: none of 9"]
    assert second_tries([], ran=0) == []
