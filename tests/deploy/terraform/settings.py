"""The settings that a cloud's files tell a house, and those that there are."""

from __future__ import annotations

import re
from pathlib import Path

from tests.deploy.running_house import ROOT

_MACHINE = re.compile(r"^  machine = \{\n.*?^  \}$", re.MULTILINE | re.DOTALL)


def told_settings(folder: Path) -> set[str]:
    """Every setting that the house may be told or the output names; not what the scripts are."""
    texts = [_MACHINE.sub("", (folder / name).read_text()) for name in ("settings.tf", "outputs.tf")]
    return set(re.findall(r"\b([A-Z][A-Z_]+)\s+= ", "".join(texts)))


def known_settings() -> set[str]:
    """Those that the house reads, and those by which a bucket is opened."""
    source = (ROOT / "services" / "settings.py").read_text()
    bucket = (ROOT / "docs" / "settings.md").read_text().partition("## Files in a bucket")[2]
    return set(re.findall(r'"((?:LIGHTBOX|DATABASE|MLFLOW)_[A-Z_]+|TZ)"', source)) | set(
        re.findall(r"`(AWS_[A-Z_]+|GOOGLE_[A-Z_]+)`", bucket)
    )
