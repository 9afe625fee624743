"""checkov, from its own environment, with the rules that come with it: no network is asked."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.deploy.running_house import ROOT

PROGRAM = ROOT / ".terraform-checks" / "bin" / "checkov"


class Finding(NamedTuple):
    """A rule that failed, or that was left out with a reason; `file` is relative to what was looked at."""

    rule: str
    file: str
    resource: str
    reason: str


class Findings(NamedTuple):
    """What checkov says of a folder."""

    passed: int
    failed: list[Finding]
    skipped: list[Finding]
    unread: list[str]


def findings(folder: Path, framework: str = "terraform") -> Findings:
    """Skips the test where checkov is missing."""
    if not PROGRAM.exists():
        pytest.skip("checkov is not installed: make terraform-checks")
    asked = ["--framework", framework, "--skip-download", "--output", "json"]
    done = subprocess.run(
        [PROGRAM, "--directory", folder, *asked], capture_output=True, text=True, check=False
    )
    assert done.stdout, done.stderr
    told = json.loads(done.stdout)
    results = told["results"]
    return Findings(
        told["summary"]["passed"],
        list(_findings(results["failed_checks"])),
        list(_findings(results["skipped_checks"])),
        list(results["parsing_errors"]),
    )


def _findings(checks: list[dict[str, object]]) -> Iterator[Finding]:
    for each in checks:
        result = each["check_result"]
        reason = str(result.get("suppress_comment", "")) if isinstance(result, dict) else ""
        yield Finding(
            str(each["check_id"]), str(each["file_path"]).lstrip("/"), str(each["resource"]), reason
        )
