"""Drift runs that count as ever and leave out Evidently's own pictures, which take most of a run's time.

Tests of its page are in `tests/reports/`; servers that tests start as processes draw everything.
"""

from __future__ import annotations

import importlib
from contextlib import ExitStack
from threading import RLock
from typing import Any
from unittest.mock import patch

import pytest

from reports import drift_evidently

DRAWING_MODULES = (
    "evidently.metrics.column_statistics",
    "evidently.legacy.metrics.data_drift.data_drift_table",
)
DRAWING_FUNCTIONS = ("plot_agg_line_data", "plot_distr_with_perc_button")
_patching = RLock()


def leave_out_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Until the end of the test each of Evidently's pictures is an empty figure."""
    run = drift_evidently._run

    def run_without_pictures(*given: Any) -> drift_evidently.Run:
        from plotly.graph_objects import Figure

        empty = Figure()
        with _patching, ExitStack() as patches:
            for module in map(importlib.import_module, DRAWING_MODULES):
                for name in DRAWING_FUNCTIONS:
                    patches.enter_context(patch.object(module, name, lambda *_, **__: empty))
            return run(*given)

    monkeypatch.setattr(drift_evidently, "_run", run_without_pictures)
