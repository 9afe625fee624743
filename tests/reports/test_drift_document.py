"""The drift report on paper says what the snapshot says."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from reports.document import Table, document_json
from reports.drift import Side, compare
from reports.drift_document import drift_document
from reports.number_words import Share
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
    tables = [block for chapter in document.chapters for block in chapter.blocks if isinstance(block, Table)]
    cells = [cell for table in tables for row in table.rows for cell in row]
    shares = {round(100 * cell, 1) for cell in cells if isinstance(cell, Share)}
    numbers = numbers_in([cell for cell in cells if not isinstance(cell, Share)])
    assert len(numbers) > 10 and len(shares) > 1
    assert shares | numbers <= numbers_of(text_of(pdf(document)))


def test_its_numbers_are_the_snapshots(snapshot: dict[str, Any]) -> None:
    told = json.loads(document_json(drift_document(snapshot, "Drift", {})))
    numbers = numbers_in(told["chapters"])
    (mean,) = (feature for feature in snapshot["features"] if feature["name"] == "mean")
    assert float(f"{mean['effect']:.4g}") in numbers
    assert float(f"{mean['current']['median']:.6g}") in numbers
    assert any("drifted" in json.dumps(chapter) for chapter in told["chapters"])


def test_what_is_known_of_no_scan_of_a_side_is_no_share_of_zero() -> None:
    first = pd.DataFrame({"mean": np.tile([-1.0, 1.0], 60) + 1e-17, "sex": [None] * 120})
    second = pd.DataFrame({"mean": np.tile([-1.0, 1.0], 60), "sex": ["F", "M"] * 60})
    outcome = compare(Side(first), Side(second), ["mean"], ["sex"], change)
    told = json.loads(document_json(drift_document(outcome.snapshot, "Drift", {})))
    tables = [block for chapter in told["chapters"] for block in chapter["blocks"] if "table" in block]
    (sexes,) = (table["rows"] for table in tables if table["table"].startswith("Sex"))
    assert sexes == [["F", None, 0.5], ["M", None, 0.5]]
    (numbers,) = (table["rows"] for table in tables if table["head"][2:4] == ["side", "median"])
    assert [row[6] for row in numbers] == [0.0, 0.0]


def test_a_snapshot_of_nothing_is_a_report_too() -> None:
    empty = pd.DataFrame({"mean": np.array([], dtype=float)})
    outcome = compare(Side(empty), Side(empty), ["mean"], [], change)
    text = text_of(pdf(drift_document(outcome.snapshot, "Drift", {})))
    assert "no scans in the window" in " ".join(text.split())


def test_shares_are_in_per_cent_p_is_short_and_times_are_to_the_minute(snapshot: dict[str, Any]) -> None:
    document = drift_document(snapshot, "Drift", {})
    text = " ".join(text_of(pdf(document)).split())
    assert document.stamp == "2026-11-20 08:00 UTC"
    assert "Computed 2026-11-20 08:00 UTC" in text
    assert "< 0.0001" in text and "e-" not in text.split("Features")[1].split("Numbers")[0]
    assert "100.0 %" in text  # of the window from the North
    assert " current " not in text


def test_verdict_and_pictures_come_before_the_caveats(snapshot: dict[str, Any]) -> None:
    noted = snapshot | {"notes": ["A note."]}
    titles = [chapter.title for chapter in drift_document(noted, "Drift", {}).chapters]
    assert titles[:3] == ["Verdict", "What drifted, as charts", "What to know of these numbers"]


def test_made_scans_are_named_on_every_page(snapshot: dict[str, Any]) -> None:
    assert drift_document(snapshot | {"synthetic": True}, "Drift", {}).stamp.endswith("SYNTHETIC")
