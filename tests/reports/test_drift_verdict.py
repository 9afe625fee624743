"""How much drift matters: every limit from both of its sides."""

from __future__ import annotations

from typing import Any

import pytest

from data.records import Severity
from models.statistics.proportions import difference, proportion
from reports import drift_numbers
from reports.drift_columns import FEWEST
from reports.drift_evidently import DRIFT_SHARE
from reports.drift_limits import EFFECT
from reports.drift_verdict import (
    APART,
    FAR_APART,
    GRAVE_EFFECT,
    LIMITS,
    P,
    effect_words,
    is_drifted,
    severity,
    words,
)
from services.drift.changes import change

LITTLE = 1e-6


def feature(name: str = "noise", effect: float = 0.0, p: float | None = 0.5) -> dict[str, Any]:
    drifted = is_drifted(effect, p)
    return {
        "name": name,
        "title": name,
        "kind": "number",
        "effect": effect,
        "p_corrected": p,
        "drifted": drifted,
    }


def embedding(low: float, p: float = P - LITTLE) -> dict[str, Any]:
    return {"auc": {"value": low + 0.05, "low": low, "high": low + 0.1}, "p": p}


def steady(n: int) -> list[dict[str, Any]]:
    return [feature(f"steady{number}") for number in range(n)]


@pytest.mark.parametrize(
    ("effect", "p", "expected"),
    [
        (EFFECT, P - LITTLE, True),
        (EFFECT - LITTLE, P - LITTLE, False),
        (EFFECT, P, False),
        (None, P - LITTLE, False),
        (EFFECT, None, False),
    ],
)
def test_a_column_drifts_when_it_is_far_and_not_by_chance(
    effect: float | None, p: float | None, expected: bool
) -> None:
    assert is_drifted(effect, p) is expected


def test_nothing_that_could_be_judged_is_too_few() -> None:
    assert severity([feature(p=None)], None, None) is Severity.TOO_FEW
    assert severity([], None, None) is Severity.TOO_FEW
    assert severity([], None, {"fell": []}) is Severity.TOO_FEW


def test_what_did_not_drift_is_calm() -> None:
    assert severity(steady(3), None, None) is Severity.CALM
    assert severity([], embedding(APART - LITTLE), None) is Severity.CALM


def test_a_single_drifted_feature_is_a_warning() -> None:
    features = [feature(effect=EFFECT, p=P / 2), *steady(9)]
    assert severity(features, None, None) is Severity.WARNING


def test_the_share_of_drifted_features_that_is_critical() -> None:
    drifted = [feature(f"drifted{number}", EFFECT, P / 2) for number in range(5)]
    just = round(5 / DRIFT_SHARE) - 5
    assert severity([*drifted, *steady(just)], None, None) is Severity.CRITICAL
    assert severity([*drifted, *steady(just + 1)], None, None) is Severity.WARNING


def test_columns_that_were_not_judged_are_no_part_of_the_share() -> None:
    unjudged = [feature(f"few{number}", p=None) for number in range(20)]
    features = [feature(effect=EFFECT, p=P / 2), *steady(1), *unjudged]
    assert severity(features, None, None) is Severity.CRITICAL


@pytest.mark.parametrize(
    "name", ["probability", "volume_ml", "lesions", "doubt", "estimated_dice", "outside_distance"]
)
def test_a_far_moved_output_of_the_model_is_critical_alone(name: str) -> None:
    far, near = (feature(name, effect, P / 2) for effect in (GRAVE_EFFECT, GRAVE_EFFECT - LITTLE))
    assert severity([far, *steady(9)], None, None) is Severity.CRITICAL
    assert severity([near, *steady(9)], None, None) is Severity.WARNING


def test_a_far_moved_input_is_no_more_than_a_warning() -> None:
    assert severity([feature("noise", 5.0, P / 2), *steady(9)], None, None) is Severity.WARNING


def test_an_output_that_moved_by_chance_is_calm() -> None:
    assert severity([feature("probability", 5.0, P), *steady(9)], None, None) is Severity.CALM


@pytest.mark.parametrize(
    ("low", "p", "expected"),
    [
        (FAR_APART, P - LITTLE, Severity.CRITICAL),
        (FAR_APART - LITTLE, P - LITTLE, Severity.WARNING),
        (APART, P - LITTLE, Severity.WARNING),
        (APART - LITTLE, P - LITTLE, Severity.CALM),
        (FAR_APART, P, Severity.CALM),
    ],
)
def test_embeddings_count_by_the_lower_end_of_the_interval(low: float, p: float, expected: Severity) -> None:
    assert severity(steady(9), embedding(low, p), None) is expected


def test_answers_that_fell_are_critical_even_where_nothing_else_can_be_judged() -> None:
    assert severity([], None, {"fell": ["recall"]}) is Severity.CRITICAL
    assert severity(steady(9), None, {"fell": ["accuracy"]}) is Severity.CRITICAL
    assert severity(steady(9), None, {"fell": []}) is Severity.CALM


def test_the_limits_in_the_snapshot_are_those_that_decide() -> None:
    assert LIMITS["effect"] == EFFECT
    assert LIMITS["p"] == P
    assert LIMITS["critical_share"] == DRIFT_SHARE
    assert LIMITS["critical_effect_of_output"] == GRAVE_EFFECT
    assert LIMITS["embedding_auc_warning"] == APART
    assert LIMITS["embedding_auc_critical"] == FAR_APART


def test_the_words_agree_with_the_severity() -> None:
    snapshot = {
        "severity": Severity.WARNING,
        "counts": {"watched": 10, "drifted": 1},
        "features": [feature(effect=EFFECT, p=P / 2), *steady(9)],
        "truth": None,
        "embedding": embedding(APART),
    }
    drifted, apart = words(snapshot)
    assert drifted.startswith("1 of 10 features drifted, most of all noise")
    assert "look different" in apart
    snapshot["embedding"] = embedding(APART - LITTLE)
    assert "look alike" in words(snapshot)[1]


def share(hits: int, n: int) -> dict[str, Any]:
    return drift_numbers.share(hits, n)


def truth_of(before: dict[str, Any], after: dict[str, Any], *fell: str) -> dict[str, Any]:
    changes = {name: change(before[name], after[name]) for name in before}
    return {"reference": before, "current": after, "fell": list(fell), "change": changes}


def said_of(truth: dict[str, Any]) -> list[str]:
    return words(
        {
            "severity": Severity.CRITICAL,
            "counts": {"watched": 10, "drifted": 0},
            "features": steady(10),
            "truth": truth,
            "embedding": None,
        }
    )[1:]


def test_the_words_of_truth_say_what_fell_what_held_and_what_cannot_be_told() -> None:
    before = {"recall": share(180, 200), "accuracy": share(3800, 4000)}
    after = {"recall": share(900, 1200), "accuracy": share(1880, 2000)}
    assert said_of(truth_of(before, after, "recall")) == [
        "Recall fell: 75.0 % of 1,200 against 90.0 % of 200 in the reference.",
        "Accuracy held (a fall of 5 points or more is ruled out): 94.0 % of 2,000 against 95.0 % of 4,000 "
        "in the reference.",
    ]
    few = truth_of({"recall": share(31, 33)}, {"recall": share(28, 34)})
    few["reference"]["accuracy"] = few["current"]["accuracy"] = share(0, 0)
    assert said_of(few) == [
        "Too few to tell whether recall held (the change is anything from -28.0 to +4.8 points): "
        "82.4 % of 34 against 93.9 % of 33 in the reference."
    ]


def test_a_share_of_nothing_is_not_told() -> None:
    some, nothing = {"recall": share(9, 10), "accuracy": share(9, 10)}, share(0, 0)
    assert [sentence.split()[5] for sentence in said_of(truth_of(some, some | {"recall": nothing}))] == [
        "accuracy"
    ]
    assert [sentence.split()[5] for sentence in said_of(truth_of(some | {"accuracy": nothing}, some))] == [
        "recall"
    ]


@pytest.mark.parametrize("n", [20, 200, 2000])
def test_the_change_of_two_shares_is_newcombes(n: int) -> None:
    before, after = proportion(n * 9 // 10, n), proportion(n * 8 // 10, n)
    expected = difference(after, before)
    changed = change(share(n * 9 // 10, n), share(n * 8 // 10, n))
    assert changed == pytest.approx({"value": expected.value, "low": expected.low, "high": expected.high})
    assert change(share(0, 0), share(1, 2)) is None


def test_too_few_says_how_many_there_are() -> None:
    snapshot = {
        "severity": Severity.TOO_FEW,
        "window": {"n": 12},
        "reference": {"n": 1500},
        "counts": {"watched": 0, "drifted": 0},
        "features": [],
        "truth": None,
        "embedding": None,
    }
    assert words(snapshot) == [
        f"Too few to judge: 12 scans in the window and 1,500 in the reference; both need at least {FEWEST}."
    ]


def test_at_most_three_features_are_named_with_their_distance() -> None:
    names = feature("scanner", 0.4, P / 2) | {"kind": "category"}
    drifted = [names, *(feature(f"f{number}", 1.25, P / 2) for number in range(3))]
    snapshot = {
        "severity": Severity.WARNING,
        "counts": {"watched": 12, "drifted": 4},
        "features": [*drifted, *steady(8)],
        "truth": None,
        "embedding": embedding(0.7),
    }
    assert words(snapshot) == [
        "4 of 12 features drifted, most of all scanner (0.40 of at most 0.83), "
        "f0 (1.25 standard deviations), f1 (1.25 standard deviations).",
        "To the network the pictures look different: a classifier tells window from reference with an AUC of "
        "0.75 (95 % 0.70 to 0.80; 0.5 is chance), MMD p = 0.050.",
    ]
    assert effect_words({"effect": None, "kind": "number"}) == "–"
