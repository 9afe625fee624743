"""The drift report on paper says what the snapshot says."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from reports.document import document_json
from reports.drift import Side, compare
from reports.drift_document import drift_document
from reports.typesetting import pdf
from services.drift.changes import change
from tests.reports.test_document import numbers_in, numbers_of, text_of


@pytest.fixture(scope="module")
def snapshot() -> dict[str, Any]:
    random = np.random.default_rng(0)
    first = pd.DataFrame({"mean": random.normal(0, 1, 200), "site": random.choice(["North", "South"], 200)})
    second = pd.DataFrame({"mean": random.normal(3, 1, 80), "site": ["North"] * 80})
    facts = {
        "task": "brain-tumour",
        "made_at": "2026-11-20T08:00:00+00:00",
        "versions": {"2": 80},
        "reference": {"name": "Training data of version 2", "sha256": "ab" * 32},
        "window": {"words": "the last 80 scans", "sha256": "cd" * 32},
    }
    outcome = compare(Side(first), Side(second), ["mean"], ["site"], change, facts)
    return json.loads(json.dumps(outcome.snapshot))


def test_the_first_page_says_what_was_compared(snapshot: dict[str, Any]) -> None:
    text = " ".join(text_of(pdf(drift_document(snapshot, "Drift", {"Run": "r1"}))).split())
    for said in ("brain-tumour", "Training data of version 2", "n = 200", "n = 80", "ab" * 32, "r1"):
        assert said in text


def test_every_number_of_the_json_stands_in_the_pdf(snapshot: dict[str, Any]) -> None:
    document = drift_document(snapshot, "Drift", {})
    told = json.loads(document_json(document))
    blocks = [chapter["blocks"] for chapter in told["chapters"]]
    numbers = numbers_in([block["rows"] for chapter in blocks for block in chapter if "rows" in block])
    assert len(numbers) > 15
    assert numbers <= numbers_of(text_of(pdf(document)))


def test_its_numbers_are_the_snapshots(snapshot: dict[str, Any]) -> None:
    told = json.loads(document_json(drift_document(snapshot, "Drift", {})))
    numbers = numbers_in(told["chapters"])
    (mean,) = (feature for feature in snapshot["features"] if feature["name"] == "mean")
    assert float(f"{mean['effect']:.4g}") in numbers
    assert float(f"{mean['current']['median']:.6g}") in numbers
    assert any("drifted" in json.dumps(chapter) for chapter in told["chapters"])


def test_a_snapshot_of_nothing_is_a_report_too() -> None:
    empty = pd.DataFrame({"mean": np.array([], dtype=float)})
    outcome = compare(Side(empty), Side(empty), ["mean"], [], change)
    text = text_of(pdf(drift_document(outcome.snapshot, "Drift", {})))
    assert "no scans in the window" in " ".join(text.split())
