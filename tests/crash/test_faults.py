"""A little of `make faults`: the disk is full while people work, and then it is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.faults import try_faults
from tests.crash.outages import may_mount


def test_nothing_is_lost_and_nothing_needs_a_restart_when_the_disk_was_full(tmp_path: Path) -> None:
    if reason := may_mount():
        pytest.skip(reason)
    lines: list[str] = []
    assert try_faults(tmp_path, ["disk full"], lines.append) == [], lines
    assert any("507 There is no room left" in line for line in lines)
