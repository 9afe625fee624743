"""Files whose row does not come are taken back, unless the row may be there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from data.errors import Outage
from data.files import FileStore
from services.left_files import taken_back


def _no_answer() -> Any:
    raise Outage("away")


@pytest.mark.parametrize(
    ("known", "stays"), [(lambda: None, False), (lambda: "row", True), (_no_answer, True)]
)
def test_files_go_only_where_it_is_certain_that_nothing_names_them(
    tmp_path: Path, known: Any, *, stays: bool
) -> None:
    files = FileStore(tmp_path)
    files.put("scans/a/mask", b"x")
    with pytest.raises(ValueError, match="no row"), taken_back(files, "scans/a", known):
        files.put("scans/a/other", b"x")
        raise ValueError("no row")
    assert bool(files.keys("scans/a")) is stays


def test_nothing_goes_where_all_went_well(tmp_path: Path) -> None:
    files = FileStore(tmp_path)
    with taken_back(files, "scans/a", lambda: None):
        files.put("scans/a/mask", b"x")
    assert files.keys("scans/a") == ["scans/a/mask"]
