"""What goes with a release."""

from __future__ import annotations

import subprocess
import tarfile
from pathlib import Path

import pytest

from data.version import VERSION
from models import tasks
from scripts import release

CHANGELOG = "# Changelog\n\n## [Unreleased]\n\n- New.\n\n## [1.2.0] - 2026-01-01\n\n- Old.\n\n"
CHANGELOG += "## [1.1.0]\n\n- Older.\n"


def test_notes_are_the_versions_own_section() -> None:
    assert release.notes(CHANGELOG, "1.2.0") == "- Old.\n"
    assert release.notes(CHANGELOG, "1.1.0") == "- Older.\n"
    with pytest.raises(SystemExit, match="says nothing of 1.3.0"):
        release.notes(CHANGELOG, "1.3.0")
    with pytest.raises(SystemExit):
        release.notes(CHANGELOG, "1.2")


def test_weights_come_with_their_cards_and_everything_has_its_sum(tmp_path: Path) -> None:
    archive = tmp_path / "weights.tar.gz"
    names = release.pack_weights(release.ROOT / "models", archive)
    with tarfile.open(archive) as packed:
        assert packed.getnames() == names
    for task in tasks.ALL:
        folder = f"models/{task.replace('-', '_')}"
        assert {f"{folder}/weights.safetensors", f"{folder}/card.md"} <= set(names)
    (tmp_path / release.SUMS).write_text(release.sums(tmp_path))
    subprocess.run(["sha256sum", "--check", "--quiet", release.SUMS], cwd=tmp_path, check=True)


def test_a_tag_of_another_version_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=f"The code is {VERSION}"):
        release.main("0.0.1", tmp_path)
