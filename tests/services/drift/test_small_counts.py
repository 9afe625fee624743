"""What leaves the house of a drift run: no share that stands for few, nor one that gives it away."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from services.cohort.small_numbers import FEW, WITHHELD
from services.drift.small_counts import NOTE_WITHHELD, outside

N = 500


def shares(*counts: int) -> list[float]:
    return [count / sum(counts) for count in counts]


def of_names(title: str, **counts: int) -> dict[str, Any]:
    """A category that is the same on both sides."""
    spread = shares(*counts.values())
    top = {"top": max(counts, key=lambda name: counts[name]), "share": max(spread)}
    return {
        "name": title.lower(), "title": title, "kind": "category", "status": "drifted", "drifted": True,
        "effect": 0.123456, "p": 0.0123456, "p_corrected": 0.0234567, "distance": None,
        "n_reference": N, "n_current": N, "missing_reference": 0.0, "missing_current": 0.0,
        "reference": dict(top), "current": dict(top),
        "distribution": {"names": list(counts), "reference": list(spread), "current": list(spread)},
    }  # fmt: skip


def of_numbers(title: str, *counts: int) -> dict[str, Any]:
    feature = of_names(title, **{f"c{number}": count for number, count in enumerate(counts)})
    n = sum(counts)
    names = ("median", "q25", "q75", "mean", "std")
    spread = feature["distribution"]
    del spread["names"]
    spread["edges"] = list(range(len(counts) + 1))
    usual = dict.fromkeys(names, 1.0)
    return feature | {"kind": "number", "n_current": n, "n_reference": n, "reference": dict(usual),
                      "current": dict(usual)}  # fmt: skip


def snapshot(*features: dict[str, Any], kind: str = "period", **changes: Any) -> dict[str, Any]:
    return {
        "task": "brain-tumour",
        "severity": "warning",
        "reference": {"n": N, "name": "Autumn", "kind": kind},
        "window": {"n": N},
        "compared": {"reference": N, "current": N},
        "counts": {"watched": 1, "drifted": 1},
        "features": list(features),
        "versions": {"1": N},
        "refusals": None,
        "embedding": None,
        "truth": None,
        "evidently": {"metrics": [0.123456]},
        "verdict": ["Something drifted."],
        "notes": [],
    } | changes


def told(feature: dict[str, Any], **changes: Any) -> dict[str, Any]:
    (released,) = outside(snapshot(feature, **changes))["features"]
    return dict(released)


def test_a_class_of_few_is_withheld_and_another_with_it() -> None:
    site = told(of_names("Site", North=380, East=117, South=3))["distribution"]
    assert site["current"] == [380 / N, None, None] and site["reference"] == site["current"]
    assert site["withheld_current"] == ["", WITHHELD, FEW]


@pytest.mark.parametrize(("few", "hidden"), [(0, False), (1, True), (4, True), (5, False)])
def test_from_five_on_a_class_is_told_and_none_is_told_too(few: int, hidden: bool) -> None:
    site = told(of_names("Site", North=N - few - 100, East=100, South=few))
    assert (site["distribution"]["current"][2] is None) is hidden
    assert (site["effect"] == 0.12) is hidden and (site["p"] == 0.012) is hidden


def test_the_most_frequent_name_is_not_told_where_its_share_is_withheld() -> None:
    assert told(of_names("Site", North=497, South=3))["current"] == {"top": None, "share": None}
    assert told(of_names("Site", North=400, East=97, South=3))["current"]["top"] == "North"


def test_bars_of_a_number_are_withheld_as_classes_are() -> None:
    age = told(of_numbers("Age", 2, 200, 295, 3))["distribution"]
    assert age["current"] == [None, 200 / N, 295 / N, None]


def test_how_many_values_are_missing_is_withheld_with_how_many_are_known() -> None:
    age = told(of_numbers("Age", 200, 297))
    assert age["n_current"] is None and age["missing_current"] is None
    assert age["distribution"]["current"] == [0.4, 0.6]  # to every digit they would tell of how many
    assert age["current"]["median"] == 1.0  # of many all the same


def test_the_size_of_a_side_is_known_so_that_one_missing_value_takes_the_classes_with_it() -> None:
    """Eight scans are told beside it: seven of a class would say that one names none."""
    site = of_names("Site", North=7) | {"n_reference": 7, "n_current": 7, "missing_current": 1 / 8}
    sides = {"compared": {"reference": 8, "current": 8}, "window": {"n": 8}}
    released = outside(snapshot(site, **sides))
    (feature,) = released["features"]
    assert released["compared"]["current"] == 8
    assert feature["n_current"] is None and feature["missing_current"] is None
    assert feature["distribution"]["current"] == [None]
    assert feature["distribution"]["withheld_current"] == [WITHHELD]


def test_a_value_that_few_have_is_not_summed_up() -> None:
    age = told(of_numbers("Age", 3))
    assert age["n_current"] is None and age["current"]["median"] is None


def test_training_data_is_of_nobody_here_and_told_whole() -> None:
    site = told(of_names("Site", North=380, East=117, South=3), kind="training")["distribution"]
    assert site["reference"] == shares(380, 117, 3) and None in site["current"]


def test_the_verdict_has_no_digit_more_than_the_numbers() -> None:
    released = outside(snapshot(of_names("Site", North=497, South=3)))
    assert released["verdict"] == ["1 of 1 features drifted, most of all Site (0.12 of at most 0.83)."]


def test_the_kept_snapshot_stays_as_it_is() -> None:
    kept = snapshot(of_names("Site", North=497, South=3))
    before = copy.deepcopy(kept)
    released = outside(kept)
    assert kept == before and released["small_numbers_hidden"] is True and released["evidently"] is None
    assert outside(snapshot(of_names("Site", North=400, South=100)))["evidently"] is not None


def test_versions_that_read_few_are_withheld() -> None:
    released = outside(snapshot(versions={"1": 400, "2": 97, "3": 3}))
    assert released["versions"] == {"1": 400, "2": None, "3": None}
    assert outside(snapshot(versions={"1": 400, "2": 100}))["versions"] == {"1": 400, "2": 100}


@pytest.mark.parametrize(
    ("note", "shown"),
    [
        ("Site has names that the reference does not: “South” (3 scans).", False),
        ("The truth is known of 3 scans of the reference and 40 of the window.", False),
        ("The truth is known of 40 scans of the reference and 3 of the window.", False),
        ("There is only 1 scan in the window; 30 are needed to judge.", False),
        ("The truth is known of 43 scans of the reference and 1,003 of the window.", True),
        ("The reference was read by version 1, the window by another one.", True),
    ],
)
def test_a_note_that_tells_of_few_is_withheld(note: str, shown: bool) -> None:
    feature = of_names("Site", North=400, East=97, South=3)
    assert outside(snapshot(feature, notes=[note]))["notes"] == [note if shown else NOTE_WITHHELD]


def rate(hits: int, n: int) -> dict[str, Any]:
    return {"value": hits / n, "low": 0.1, "high": 0.9, "n": n}


def truth(ill: int, n: int = 100, called: int = 40) -> dict[str, Any]:
    side = {
        "n": n, "accuracy": rate(90, n), "recall": rate(1, ill), "specificity": rate(1, n - ill),
        "precision": rate(1, called),
    }  # fmt: skip
    change = {"value": 0.0, "low": -0.01, "high": 0.01}
    changes = {name: dict(change) for name in ("recall", "accuracy")}
    sides = {"reference": copy.deepcopy(side), "current": copy.deepcopy(side)}
    return sides | {"fell": [], "p": {"recall": 0.5, "accuracy": 0.5}, "change": changes, "evidently": {}}


def test_a_rate_of_few_ill_is_withheld_with_what_gives_it_away() -> None:
    released = outside(snapshot(truth=truth(3)))
    current = released["truth"]["current"]
    assert current["recall"]["value"] is None and current["recall"]["withheld"] == FEW
    assert current["specificity"]["n"] is None  # all less the healthy are the ill
    assert current["accuracy"]["n"] == 100
    assert released["truth"]["change"]["recall"] is None and released["truth"]["evidently"] is None
    assert not any("ecall" in sentence for sentence in released["verdict"])


def test_rates_of_enough_are_told_however_few_were_wrong() -> None:
    released = outside(snapshot(truth=truth(30)))
    assert released["truth"] == truth(30)


def test_a_window_of_few_has_no_size_outside() -> None:
    few = {"window": {"n": 3}, "compared": {"reference": N, "current": 3}, "severity": "too-few",
           "verdict": ["Too few to judge: 3 scans in the window."]}  # fmt: skip
    released = outside(snapshot(**few, versions={"1": 3}))
    assert released["window"]["n"] is None and released["versions"] == {"1": None}
    assert "a number that is withheld scans in the window" in released["verdict"][0]


def test_few_refusals_are_withheld() -> None:
    few = {"refused": 2, "read": N, "share": rate(2, N)}
    assert outside(snapshot(refusals=few))["refusals"]["refused"] is None
    many = {"refused": 20, "read": N, "share": rate(20, N)}
    assert outside(snapshot(refusals=many))["refusals"] == many
