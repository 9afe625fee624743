"""What the docs do not name does not exist: commands, addresses, settings, metrics and columns."""

from __future__ import annotations

import argparse
import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

import app
from dashboard.api.document import document
from dashboard.api.routes import OPERATIONS
from dashboard.build import build_dashboard
from dashboard.shell import PAGES
from data.tables import metadata
from services.commands import command_line
from tests.dashboard.clinic import Clinic

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
CODE = ("app.py", "dashboard", "data", "models", "reports", "services")
METRICS = {"Counter", "Gauge", "Histogram", "Summary", "Info", "Enum"}
LIBRARIES = ("/_dash", "/_favicon", "/_reload", "/assets/")  # Dash's own addresses
CATCH_ALL = {"/", "/<path:path>", "/api/<path:path>"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    clinic = Clinic(tmp_path_factory.mktemp("clinic"))
    yield build_dashboard(clinic.services, secret_key="k" * 32).server
    clinic.close()


def commands() -> dict[str, argparse.ArgumentParser]:
    """Every command by its name; those below another one as `users add`."""
    parsers: dict[str, argparse.ArgumentParser] = {}

    def walk(parser: argparse.ArgumentParser, before: str) -> None:
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                for name, below in action.choices.items():
                    parsers[f"{before}{name}"] = below
                    walk(below, f"{before}{name} ")

    walk(command_line(app.serve), "")
    return parsers


def manuals() -> str:
    """README and all manuals."""
    return "\n".join(page.read_text() for page in [ROOT / "README.md", *DOCS.glob("*.md")])


def addresses(text: str) -> set[str]:
    """The addresses that a manual names, without their queries."""
    return {
        named.partition("?")[0]
        for quoted in re.findall(r"`([^`\n]+)`", text)
        for named in re.findall(r"(?:^|(?<= ))/[^\s`,]+", quoted)
    }


def plain(rule: str) -> str:
    """A rule of Flask as manuals write it: `/scans/<int:index>.png` is `/scans/{index}.png`."""
    return re.sub(r"<(?:[^<>]*:)?(\w+)>", r"{\1}", rule)


def source_files() -> Iterator[Path]:
    for name in CODE:
        yield from [ROOT / name] if name.endswith(".py") else (ROOT / name).rglob("*.py")


def test_every_command_stands_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()
    assert len(commands()) > 8
    for name in commands():
        command, _, below = name.partition(" ")
        assert re.search(rf"app\.py \[?{command}\b.*{re.escape(below)}", readme), name


def test_every_option_of_a_command_stands_in_a_manual() -> None:
    manual = manuals()
    for name, parser in commands().items():
        for action in parser._actions:
            if not isinstance(action, argparse._HelpAction) and action.help is not argparse.SUPPRESS:
                for option in action.option_strings:
                    assert not option.startswith("--") or option in manual, f"{name} {option}"


def test_every_operation_of_the_api_stands_in_its_manual() -> None:
    manual = (DOCS / "api.md").read_text()
    whole = document(OPERATIONS)["paths"]
    assert len(whole) >= 14
    for path, methods in whole.items():
        (row,) = [
            row for row in manual.splitlines() if re.search(rf"^\|.*{re.escape(path)}(?![\w/{{-])", row)
        ]
        for method in methods:
            assert f"{method.upper()} " in row or f"`{method.upper()}`" in row, f"{method} {path}"


def test_every_parameter_and_field_of_a_request_stands_in_the_manual() -> None:
    manual = (DOCS / "api.md").read_text()
    quoted = re.findall(r"`([^`]+)`", re.sub(r"```.*?```", "", manual, flags=re.DOTALL))
    words = set(re.findall(r"\w+", " ".join(quoted)))
    whole = document(OPERATIONS)
    for path, methods in whole["paths"].items():
        for operation in methods.values():
            for parameter in operation.get("parameters", []):
                assert parameter["name"] in words, f"{path}: {parameter['name']}"
    for name in ("DriftAskBody", "ReportAskBody", "SettleConflictBody"):
        assert set(whole["components"]["schemas"][name]["properties"]) <= words, name


def test_every_address_of_the_server_stands_in_a_manual(server: Flask) -> None:
    named = addresses((DOCS / "addresses.md").read_text())
    for rule in server.url_map.iter_rules():
        if rule.rule in CATCH_ALL or rule.rule.startswith((*LIBRARIES, "/api/v1/")):
            continue
        assert plain(rule.rule) in named, rule.rule
    for page in PAGES:
        pattern = rf"{page.path}/\{{\w+\}}" if page.takes_argument else page.path
        assert any(re.fullmatch(pattern, address) for address in named), page.path


def test_every_address_of_the_manuals_is_there(server: Flask) -> None:
    rules = {plain(rule.rule) for rule in server.url_map.iter_rules()}
    pages = {page.path for page in PAGES}
    pages |= {f"{page.path}/{{patient_id}}/{page.part}" for page in PAGES if page.part}
    for manual in ("addresses.md", "api.md"):
        for address in addresses((DOCS / manual).read_text()):
            parts = address.rsplit("/", 1)[0] if "}" in address else address
            known = address in rules or address in pages or parts in pages
            # An export's kind may be named: /exports/cohort.csv
            assert known or re.sub(r"\.\w+$", ".{kind}", address) in rules, f"{manual}: {address}"


def test_every_setting_that_is_read_stands_in_the_manual() -> None:
    manual = (DOCS / "settings.md").read_text()
    source = (ROOT / "services" / "settings.py").read_text()
    read = set(re.findall(r'"((?:LIGHTBOX|DATABASE|MLFLOW|REDIS)_[A-Z_]+|TZ)"', source))
    assert len(read) > 20
    assert {name for name in read if f"| `{name}` |" not in manual} == set()
    named = set(re.findall(r"^\| `([A-Z_]+)` \|", manual, re.MULTILINE))
    assert named - read == set()


def test_settings_are_read_in_one_place() -> None:
    for file in source_files():
        if file.name != "settings.py":
            assert not re.search(r"environ[^\n]*[\"']LIGHTBOX_", file.read_text()), file


def test_every_metric_stands_in_the_manual() -> None:
    manual = (DOCS / "addresses.md").read_text()
    metrics = set()
    for file in source_files():
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
                first = node.args[0]
                is_metric = node.func.id.removesuffix("MetricFamily") in METRICS
                if is_metric and isinstance(first, ast.Constant) and str(first.value).startswith("lightbox"):
                    metrics.add(first.value)
    assert len(metrics) >= 6
    assert metrics == set(re.findall(r"^\| `(lightbox_\w+)`(?:, \w+)? \|", manual, re.MULTILINE))


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
