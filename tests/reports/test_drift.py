"""Drift of one table against another: Evidently's own numbers, corrected, and said plainly."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from reports import drift_html
from reports.drift import Side, compare
from reports.drift_columns import FEWEST, MOST_ROWS, drawn_rows
from reports.drift_limits import EFFECT
from reports.drift_vectors import area, discrepancy, principal, unlike
from services.drift.changes import change

NUMBERS = ("noise", "contrast", "probability", "age_years")
CATEGORIES = ("scanner", "sex")


def readings(n: int, seed: int = 0, **changes: Any) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    columns = {
        "noise": random.normal(0.004, 0.0005, n),
        "contrast": random.normal(0.2, 0.05, n),
        "probability": random.random(n),
        "age_years": random.normal(55, 15, n).round(),
        "scanner": pd.Categorical(random.choice(["Acme One", "Best Field"], n, p=[0.7, 0.3])),
        "sex": random.choice(["F", "M"], n),
    }
    return pd.DataFrame(columns | changes)


def compared(reference: pd.DataFrame, current: pd.DataFrame, **facts: Any) -> dict[str, Any]:
    return compare(Side(reference), Side(current), NUMBERS, CATEGORIES, change, facts).snapshot


def feature(snapshot: dict[str, Any], name: str) -> dict[str, Any]:
    return next(feature for feature in snapshot["features"] if feature["name"] == name)


@pytest.fixture(scope="module")
def drifted() -> Any:
    random = np.random.default_rng(5)
    current = readings(400, 1, noise=random.normal(0.006, 0.0005, 400), scanner="Newco X")
    return compare(Side(readings(500)), Side(current), NUMBERS, CATEGORIES, change, {"task": "brain-tumour"})


def test_every_distance_is_evidentlys_own_to_the_last_digit(drifted: Any) -> None:
    snapshot = drifted.snapshot
    own = {
        metric["config"]["column"].split(" ×")[0]: metric
        for metric in snapshot["evidently"]["metrics"]
        if metric["config"]["type"].endswith("ValueDrift")
    }
    assert set(own) == {*NUMBERS, *CATEGORIES}
    for name, metric in own.items():
        told = feature(snapshot, name)
        assert told["effect"] == metric["value"]
        assert (told["method"], told["limit"]) == (metric["config"]["method"], metric["config"]["threshold"])


def test_a_distance_is_that_of_the_numbers_however_small_they_are(drifted: Any) -> None:
    reference, current = readings(500)["noise"], np.random.default_rng(5).normal(0.006, 0.0005, 400)
    expected = stats.wasserstein_distance(reference, current) / np.std(reference)
    assert feature(drifted.snapshot, "noise")["effect"] == pytest.approx(expected, rel=1e-6)
    assert expected > 3


def test_what_drifted_comes_first_and_what_did_not_is_steady(drifted: Any) -> None:
    snapshot = drifted.snapshot
    assert [feature["name"] for feature in snapshot["features"][:2]] == ["noise", "scanner"]
    assert {feature["name"] for feature in snapshot["features"] if feature["drifted"]} == {"noise", "scanner"}
    assert snapshot["counts"]["drifted"] == 2 and snapshot["counts"]["watched"] == 6
    assert snapshot["severity"] == "warning"
    assert "2 of 6 features drifted, most of all Noise" in snapshot["verdict"][0]
    assert any("“Newco X” (400 scans)" in note for note in snapshot["notes"])


def test_p_values_are_corrected_for_their_number(drifted: Any) -> None:
    features = [feature for feature in drifted.snapshot["features"] if feature["p"] is not None]
    expected = stats.false_discovery_control([feature["p"] for feature in features])
    assert [feature["p_corrected"] for feature in features] == pytest.approx(expected)
    contrast = feature(drifted.snapshot, "contrast")
    first, second = readings(500)["contrast"], readings(400, 1)["contrast"]
    many = stats.ks_2samp(first, second, method="asymp").pvalue
    assert contrast["p"] <= 2 * many and (
        contrast["test"] != "Kolmogorov-Smirnov" or contrast["p"] == 2 * many
    )


def test_a_few_scans_that_went_far_away_are_seen() -> None:
    current = readings(600, 1)
    current.loc[570:, "contrast"] += 0.5
    told = feature(compared(readings(800), current), "contrast")
    assert told["drifted"] and told["test"] == "outside the usual range"


def test_many_rows_make_a_trifle_significant_but_no_drift() -> None:
    reference, current = readings(40_000), readings(40_000, 1)
    current["contrast"] += 0.002
    told = feature(compared(reference, current), "contrast")
    assert told["p_corrected"] < 0.001 and told["effect"] < EFFECT
    assert not told["drifted"]


def test_the_snapshot_is_json_and_the_page_says_what_was_compared(drifted: Any) -> None:
    assert json.loads(json.dumps(drifted.snapshot, allow_nan=False)) == drifted.snapshot
    head = drifted.html[: drifted.html.index("root_metric")]
    for words in ("Model version", "Reference", "Window", "n = 400", "n = 500", "Not for diagnostic use"):
        assert words in head


def test_the_page_loads_nothing_from_anywhere(drifted: Any) -> None:
    assert not drift_html._ELSEWHERE.search(drifted.html)
    planted = drifted.html.replace("</head>", '<script src="https://x.example/a.js"></script></head>')
    planted = planted.replace("</head>", '<link href="//x.example/a.css" rel="stylesheet"></head>')
    assert "x.example" not in drift_html.framed(planted, drifted.snapshot)


def test_markup_in_a_name_stays_text() -> None:
    facts = {"task": "<script>alert(1)</script>", "reference": {"name": "<b>x</b>"}}
    html = compare(Side(readings(5)), Side(readings(5)), NUMBERS, CATEGORIES, change, facts).html
    assert "<script>alert(1)" not in html and "&lt;b&gt;x" in html


@pytest.mark.parametrize(
    ("reference", "current", "words"),
    [
        (readings(50).drop(columns="contrast"), readings(60, 1), "Contrast is not kept in the reference"),
        (readings(50), readings(60, 1, contrast=np.nan), "Contrast is unknown in every scan of the window"),
        (readings(50, contrast=np.nan), readings(60, 1), "Contrast is unknown in every scan of the ref"),
        (readings(50, contrast=0.5), readings(60, 1), "Contrast is 0.5 in every scan of the reference"),
        (readings(50, contrast=0.5), readings(60, 1, contrast=0.5), "Contrast is 0.5 in every scan of both"),
        (readings(50, sex=None), readings(60, 1), "Sex is unknown in every scan of the reference"),
        (readings(50), readings(60, 1, sex="O"), "Sex has names that the reference does not: “O”"),
        (readings(50), readings(1, 1), "There is only 1 scan in the window"),
        (readings(1), readings(60), "There is only 1 scan in the reference"),
        (readings(50), readings(0), "There are no scans in the window."),
        (
            readings(50),
            readings(60, 1, contrast=[0.2] * 10 + [np.nan] * 50),
            "Contrast is known in 50 scans of the reference and 10 of the window: too few to judge.",
        ),
        (
            readings(100),
            readings(100, 1, contrast=[np.nan] * 40 + [0.2, 0.21] * 30),
            "Contrast is unknown in 40 % of the window, against 0 % of the reference.",
        ),
    ],
)  # fmt: skip
def test_bad_input_is_a_sentence_and_the_rest_still_comes(
    reference: pd.DataFrame, current: pd.DataFrame, words: str
) -> None:
    outcome = compare(Side(reference), Side(current), NUMBERS, CATEGORIES, change)
    assert any(words in note for note in outcome.snapshot["notes"]), outcome.snapshot["notes"]
    assert {feature["name"] for feature in outcome.snapshot["features"]} == {*NUMBERS, *CATEGORIES}
    json.dumps(outcome.snapshot, allow_nan=False)
    assert "</html>" in outcome.html
    if min(len(reference), len(current)) >= FEWEST:
        assert outcome.snapshot["counts"]["watched"] >= 5
        assert outcome.snapshot["severity"] in ("calm", "warning", "critical")
    else:
        assert outcome.snapshot["severity"] == "too-few"


def test_a_constant_that_changes_has_drifted() -> None:
    current = readings(80, 1, contrast=[0.5] * 40 + [0.9] * 40)
    told = feature(compared(readings(80, contrast=0.5), current), "contrast")
    assert told["drifted"] and told["kind"] == "category" and told["constant"] == 0.5
    assert told["distribution"]["names"]


def test_what_is_infinite_counts_as_unknown() -> None:
    current = readings(100, 1)
    current.loc[:4, "contrast"] = np.inf
    told = feature(compared(readings(100), current), "contrast")
    assert told["n_current"] == 95 and told["missing_current"] == pytest.approx(0.05)


def test_truth_tells_whether_the_answers_got_worse() -> None:
    random = np.random.default_rng(3)

    def judged(n: int, right: float) -> pd.DataFrame:
        truth = random.integers(0, 2, n).astype(float)
        answer = np.where(random.random(n) < right, truth, 1 - truth)
        return readings(n, n, truth=truth, answer=answer)

    outcome = compare(Side(judged(400, 0.95)), Side(judged(300, 0.7)), NUMBERS, CATEGORIES, change)
    truth = outcome.snapshot["truth"]
    assert truth["fell"] == ["recall", "accuracy"] and outcome.snapshot["severity"] == "critical"
    own = {
        metric["config"]["type"].rsplit(":", 1)[-1]: metric["value"]
        for metric in truth["evidently"]["metrics"]
    }
    for name, metric in (("accuracy", "Accuracy"), ("recall", "Recall"), ("precision", "Precision")):
        assert truth["current"][name]["value"] == pytest.approx(own[metric])
    assert any(test["status"] == "FAIL" for test in truth["evidently"]["tests"])
    assert outcome.truth_html is not None and "root_metric" in outcome.truth_html
    calm = compare(Side(judged(400, 0.9)), Side(judged(300, 0.9)), NUMBERS, CATEGORIES, change).snapshot[
        "truth"
    ]
    assert calm["fell"] == []
    few = compare(Side(judged(400, 0.9)), Side(judged(10, 0.9)), NUMBERS, CATEGORIES, change).snapshot
    assert few["truth"] is None and any("The truth is known of" in note for note in few["notes"])


def vectors(n: int, seed: int, shift: float = 0.0) -> np.ndarray:
    random = np.random.default_rng(seed)
    mixing = np.random.default_rng(0).normal(size=(48, 48)) / 7
    return (random.normal(size=(n, 48)) @ mixing + shift).astype(np.float16)


def test_embeddings_that_moved_are_told_apart_and_others_are_not() -> None:
    frames = Side(readings(300), vectors(300, 1)), Side(readings(300, 1), vectors(300, 2, 0.6))
    moved = compare(*frames, NUMBERS, CATEGORIES, change).snapshot
    assert moved["embedding"]["auc"]["low"] > 0.8 and moved["embedding"]["p"] < 0.01
    assert moved["severity"] == "critical"
    assert any(feature["name"].startswith("pc") and feature["drifted"] for feature in moved["features"])
    same = compare(frames[0], Side(readings(300, 1), vectors(300, 2)), NUMBERS, CATEGORIES, change).snapshot
    assert same["embedding"]["auc"]["low"] < 0.6 and same["embedding"]["p"] > 0.05
    assert same["severity"] == "calm"


def test_embeddings_that_cannot_be_compared_are_a_note() -> None:
    lacking = vectors(100, 1)
    lacking[:90] = np.nan
    few = compare(
        Side(readings(100), lacking), Side(readings(100, 1), vectors(100, 2)), NUMBERS, CATEGORIES, change
    )
    assert few.snapshot["embedding"] is None
    assert any("Too few scans of the reference have embeddings" in note for note in few.snapshot["notes"])
    other = compare(
        Side(readings(100), vectors(100, 1)),
        Side(readings(100, 1), vectors(100, 2)[:, :20]),
        NUMBERS,
        (),
        change,
    )
    assert any("of different networks" in note for note in other.snapshot["notes"])


def test_principal_components_are_the_references() -> None:
    reference = vectors(200, 1).astype(float)
    project = principal(reference)
    assert project is not None
    projected = project(reference)
    covariance = np.cov(projected.T)
    assert np.allclose(covariance, np.diag(np.diag(covariance)), atol=1e-3)
    assert (np.diff(np.diag(covariance)) <= 1e-9).all()
    assert np.allclose(principal(reference.copy())(reference[:3]), projected[:3])  # type: ignore[misc]
    assert principal(reference[: FEWEST - 1]) is None


def test_mmd_and_auc_agree_with_their_definitions() -> None:
    random = np.random.default_rng(0)
    first, second = random.normal(size=(60, 3)), random.normal(size=(60, 3)) + 1.5
    mmd, p = discrepancy(first, second)
    assert mmd > 0.1 and p == pytest.approx(1 / 501)
    assert discrepancy(first, random.normal(size=(60, 3)))[1] > 0.05
    side, score = np.array([False, False, True, True]), np.array([0.1, 0.6, 0.5, 0.9])
    assert area(side, score)["value"] == 0.75


def test_the_unlike_rows_come_first() -> None:
    reference, current = vectors(400, 1).astype(float), vectors(300, 2).astype(float)
    current[-15:] += 2.0
    assert set(np.argsort(-unlike(reference, current))[:15]) >= set(range(286, 300))


def test_large_sides_are_sampled_and_that_is_said() -> None:
    rows = drawn_rows(MOST_ROWS + 5)
    assert rows is not None and len(rows) == MOST_ROWS and (np.diff(rows) > 0).all()
    assert drawn_rows(MOST_ROWS) is None
    large = pd.DataFrame({"contrast": np.random.default_rng(0).normal(size=MOST_ROWS + 5)})
    snapshot = compare(Side(large), Side(large[:1000]), ("contrast",), (), change).snapshot
    assert snapshot["compared"]["reference"] == MOST_ROWS
    assert any("a random sample of 100,000 is compared" in note for note in snapshot["notes"])


def test_sides_in_perfect_order_have_an_interval_with_width() -> None:
    side = np.r_[np.zeros(30, dtype=bool), np.ones(40, dtype=bool)]
    perfect, reversed_ = area(side, side * 1.0), area(side, side * -1.0)
    assert (perfect["value"], perfect["high"]) == (1.0, 1.0)
    assert perfect["low"] == pytest.approx(0.9416, abs=1e-3)  # Newcombe's of 30 and 40
    assert (reversed_["low"], reversed_["high"]) == (0.0, pytest.approx(1 - perfect["low"]))
