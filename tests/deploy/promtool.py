"""Prometheus' own tool, which works out rules and queries without a server."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml


def promtool(*words: str | Path) -> None:
    """Run it; the test fails where it does, and is skipped where it is missing."""
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("promtool is not installed")
    done = subprocess.run([program, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def check_answer(
    folder: Path, series: Sequence[dict[str, str]], query: str, samples: Sequence[dict[str, object]]
) -> None:
    """Whether Prometheus answers these samples to a query, after five minutes of the series."""
    expected = {"expr": query, "eval_time": "5m", "exp_samples": list(samples)}
    test = {"interval": "1m", "input_series": list(series), "promql_expr_test": [expected]}
    (folder / "test.yaml").write_text(yaml.safe_dump({"tests": [test]}))
    promtool("test", "rules", folder / "test.yaml")
