"""What the docs do not name does not exist: commands, addresses and columns."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import pytest

import app
from dashboard.api import document as api_document
from data.tables import metadata
from services.commands import command_line

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"


def test_every_command_stands_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()
    parser = command_line(app.serve)
    (commands,) = (action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    for name in commands.choices:
        assert re.search(rf"app\.py \[?{name}\b", readme), name


def test_every_address_of_the_api_stands_in_its_manual() -> None:
    manual = (DOCS / "api.md").read_text()
    source = Path(api_document.__file__).read_text()
    paths = set(re.findall(r'"(/(?:api/v1/)?scans[^"]*|/api/v1/openapi\.json)"', source))
    assert paths
    for path in paths:
        assert path.removeprefix("/api/v1") in manual, path


@pytest.mark.parametrize("table", metadata.sorted_tables, ids=lambda table: table.name)
def test_every_column_stands_in_the_database_manual(table: object) -> None:
    manual = (DOCS / "database.md").read_text()
    section = manual.split(f"\n## {table.name}\n")[1].split("\n## ")[0]  # type: ignore[attr-defined]
    named = set(re.findall(r"`(\w+)`", section))
    assert {column.name for column in table.columns} <= named  # type: ignore[attr-defined]


def test_links_between_the_manuals_lead_somewhere() -> None:
    for page in [ROOT / "README.md", *DOCS.glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
