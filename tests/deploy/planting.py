"""Errors that are planted in a copy, to see that they are found."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from tests.deploy.terraform.checkov import Finding


def plant(source: Path, into: Path, file: str, right: str, wrong: str, most: int = -1) -> Path:
    """A copy of a folder in whose `file` right is wrong, everywhere or `most` times; returns that file."""
    shutil.copytree(source, into)
    changed = into / file
    text = changed.read_text()
    assert right in text, (file, right)
    changed.write_text(text.replace(right, wrong, most))
    return changed


def rules_by_copy(failed: Iterable[Finding]) -> dict[str, set[str]]:
    """The rules that fail in each copy, by the folder that it lies in below what was looked at."""
    rules: dict[str, set[str]] = {}
    for each in failed:
        rules.setdefault(each.file.split("/")[0], set()).add(each.rule)
    return rules
