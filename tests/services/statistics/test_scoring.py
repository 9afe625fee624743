"""Figures of judgements against scikit-learn, statsmodels and published examples."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn import metrics as peer

from data.errors import InvalidInput
from data.records import Judgements
from models.metrics import rate
from services.statistics.pairing import mcnemar, paired, rates_apart
from services.statistics.scoring import (
    calibration,
    confusion,
    curves,
    f1,
    mean,
    miscalibration,
    quantile,
    scored,
    swept,
)
from services.statistics.subgroups import SUBGROUPS, gap, mean_gap, subgroups
from tests.services.judged import judged


def crowd(n: int = 600, seed: int = 0, **columns: object) -> Judgements:
    """Cases whose probabilities are honest: as many are ill as they say."""
    random = np.random.default_rng(seed)
    probability = random.random(n).round(3)
    return judged(probability.tolist(), (random.random(n) < probability).tolist(), **columns)


def test_figures_are_scikit_learn_s() -> None:
    cases = crowd()
    truth, said = cases.truth_positive, cases.positive
    figures = scored(cases)
    assert figures["recall"].value == pytest.approx(peer.recall_score(truth, said))
    assert figures["precision"].value == pytest.approx(peer.precision_score(truth, said))
    assert figures["accuracy"].value == pytest.approx(peer.accuracy_score(truth, said))
    assert figures["specificity"].value == pytest.approx(peer.recall_score(~truth, ~said))
    assert figures["f1"].value == pytest.approx(peer.f1_score(truth, said))
    assert figures["auc"].value == pytest.approx(peer.roc_auc_score(truth, cases.probability))
    assert figures["far"].value == pytest.approx(1 - figures["specificity"].value)
    assert figures["frr"].value == pytest.approx(1 - figures["recall"].value)
    assert (figures["recall"].n, figures["far"].n) == (int(truth.sum()), int((~truth).sum()))
    for name, one in figures.items():
        if name != "dice":
            assert one.low < one.value < one.high, name
    assert math.isnan(figures["dice"].value)
    assert figures["dice"].n == 0


def test_a_threshold_moves_what_is_called_ill_but_no_mask() -> None:
    cases = crowd(dice=[0.8] * 600)
    low, own = scored(cases, 0.2), scored(cases)
    assert low["recall"].value > own["recall"].value
    assert low["far"].value > own["far"].value
    assert low["dice"] == own["dice"]
    assert low["auc"] == own["auc"]


def test_what_cannot_be_known_is_nan_with_no_cases() -> None:
    for figure in scored(judged([], [])).values():
        assert math.isnan(figure.value)
        assert figure.n == 0
    healthy = scored(judged([0.1, 0.2], [False, False]))
    assert math.isnan(healthy["recall"].value)
    assert math.isnan(healthy["precision"].value)
    assert math.isnan(healthy["f1"].value)
    assert math.isnan(healthy["auc"].value)
    assert healthy["specificity"].value == 1.0
    assert healthy["specificity"].low < 0.4  # two cases prove little


def test_a_perfect_order_of_few_cases_is_not_certain() -> None:
    auc = scored(judged([0.9, 0.8, 0.1, 0.2], [True, True, False, False]))["auc"]
    assert (auc.value, auc.high) == (1.0, 1.0)
    assert auc.low == pytest.approx(rate(2, 2).low)


def test_the_interval_of_f1_is_that_of_drawing_cases() -> None:
    cases = crowd(300)
    random, found = np.random.default_rng(5), []
    for _ in range(2000):
        rows = random.integers(300, size=300)
        found.append(peer.f1_score(cases.truth_positive[rows], cases.positive[rows]))
    figure = f1(confusion(cases))
    assert [figure.low, figure.high] == pytest.approx(np.percentile(found, [2.5, 97.5]), abs=0.015)


def test_intervals_of_many_cases_agree_with_those_of_few(monkeypatch: pytest.MonkeyPatch) -> None:
    cases = crowd(1500, dice=np.random.default_rng(1).beta(8, 2, 1500))
    few = mean(cases.dice), miscalibration(cases.truth_positive, cases.probability)
    monkeypatch.setattr("services.statistics.scoring.MANY", 100)
    many = mean(cases.dice), miscalibration(cases.truth_positive, cases.probability)
    for one, other in zip(few, many, strict=True):
        assert (one.value, one.low, one.high) == pytest.approx(
            (other.value, other.low, other.high), abs=0.006
        )


def test_a_sweep_is_what_each_threshold_gives() -> None:
    cases = crowd()
    sweep = swept(cases)
    assert len(sweep.threshold) == 101
    for place in (0, 37, 50, 100):
        direct = scored(cases, sweep.threshold[place])
        for name in ("recall", "far", "frr", "precision", "specificity", "accuracy"):
            assert getattr(sweep, name)[place] == pytest.approx(direct[name].value, nan_ok=True), name
    assert sweep.at(0.37)["recall"] == scored(cases, sweep.threshold[37])["recall"]
    assert (np.diff(sweep.recall) <= 0).all()
    assert (np.diff(sweep.far) <= 0).all()


def test_curves_are_scikit_learn_s_and_end_in_their_corners() -> None:
    cases = crowd(200)
    found = curves(cases)
    far, recall, _ = peer.roc_curve(cases.truth_positive, cases.probability, drop_intermediate=False)
    assert found.roc_far == pytest.approx(far)
    assert found.roc_recall == pytest.approx(recall)
    assert (found.roc_far[0], found.roc_recall[-1]) == (0.0, 1.0)
    precision, recall, _ = peer.precision_recall_curve(cases.truth_positive, cases.probability)
    assert found.pr_recall == pytest.approx(recall[::-1][1:])
    assert found.pr_precision == pytest.approx(precision[::-1][1:])


def test_a_thinned_curve_keeps_its_area() -> None:
    random = np.random.default_rng(2)
    probability = random.random(20_000)
    cases = judged(probability.tolist(), (random.random(20_000) < probability).tolist())
    found = curves(cases)
    assert len(found.roc_far) <= 500
    assert len(found.pr_recall) <= 500
    assert np.trapezoid(found.roc_recall, found.roc_far) == pytest.approx(
        peer.roc_auc_score(cases.truth_positive, probability), abs=1e-4
    )
    assert len(curves(judged([0.4], [False])).roc_far) == 0


def test_calibration_bins_hold_every_case_once() -> None:
    cases = crowd()
    bins = calibration(cases)
    assert sum(one.observed.n for one in bins) == len(cases)
    for one in bins:
        assert one.low <= one.predicted <= one.high
    gaps = [one.observed.n * abs(one.observed.value - one.predicted) for one in bins]
    figure = scored(cases)["calibration_error"]
    assert figure.value == pytest.approx(sum(gaps) / len(cases))
    assert calibration(judged([1.0], [True]))[0].high == 1.0


def test_a_quantile_s_interval_covers_as_often_as_it_says() -> None:
    random = np.random.default_rng(3)
    hits = 0
    for _ in range(400):
        one = quantile(random.exponential(size=101), 0.5)
        hits += one.low <= math.log(2) <= one.high
    assert hits / 400 > 0.93
    assert math.isnan(quantile(np.array([1.0, 2.0]), 0.95).high)


def test_newcombe_s_interval_is_as_published() -> None:
    """Newcombe 1998, table II, method 10: 56/70 against 48/80, and 9/10 against 3/10."""
    found = gap(rate(56, 70), rate(48, 80))
    assert (found.low, found.high) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    found = gap(rate(9, 10), rate(3, 10))
    assert (found.low, found.high) == pytest.approx((0.1705, 0.8090), abs=5e-5)


def test_every_subgroup_is_set_against_all_others() -> None:
    n = 600
    cases = crowd(
        n,
        sex=["F" if row % 3 else "M" for row in range(n - 1)] + [None],
        age_years=[float(row % 95) for row in range(n)],
        site=["a"] * n,
        dice=np.linspace(0.2, 1, n),
        truth_volume_ml=[0.5, 5.0, 50.0] * 200,
    )
    found = subgroups(cases, "sex")
    assert [one.name for one in found] == ["F", "M", "unknown"]
    assert sum(one.n for one in found) == n
    women = cases.where(cases.sex == "F")
    rest = cases.where(cases.sex != "F")
    assert found[0].figures == scored(women)
    assert found[0].gaps["recall"] == gap(scored(women)["recall"], scored(rest)["recall"])
    assert found[0].gaps["dice"].value == pytest.approx(women.dice.mean() - rest.dice.mean())
    assert found[0].gaps["recall"].n + found[0].gaps["recall"].n_rest == cases.truth_positive.sum()
    assert [subgroup.name for subgroup in subgroups(cases, "age")] == [
        *(f"{x}-{x + 9}" for x in range(0, 90, 10)),
        "90+",
    ]
    (alone,) = subgroups(cases, "site")
    assert math.isnan(alone.gaps["recall"].value)
    sizes = subgroups(cases, "size")
    assert [size.name for size in sizes] == ["under 1 mL", "1 to 10 mL", "30 to 100 mL"]
    assert sum(size.n for size in sizes) == cases.truth_positive.sum()
    assert set(sizes[0].figures) == {"recall", "frr", "dice"}
    assert subgroups(crowd(50), "size") == []
    assert set(SUBGROUPS) == {"sex", "age", "site", "scanner", "size"}
    with pytest.raises(InvalidInput, match="colour"):
        subgroups(cases, "colour")


def test_a_gap_of_dice_covers_what_it_should() -> None:
    random = np.random.default_rng(4)
    one, two = random.beta(9, 1, 200), random.beta(8, 2, 200)
    found = mean_gap(one, two)
    width = 1.96 * math.hypot(one.std(ddof=1), two.std(ddof=1)) / math.sqrt(200)
    assert (found.low, found.high) == pytest.approx((found.value - width, found.value + width), abs=0.004)
    assert math.isnan(mean_gap(np.array([np.nan]), two).value)


def test_mcnemar_is_the_exact_test() -> None:
    first = np.array([True] * 40 + [True] * 9 + [False] * 2 + [False] * 10)
    second = np.array([True] * 40 + [False] * 9 + [True] * 2 + [False] * 10)
    found = mcnemar(first, second)
    assert (found.first_only, found.second_only) == (9, 2)
    assert found.p == pytest.approx(0.0654296875)  # as statsmodels gives it
    assert mcnemar(first, first).p == 1.0
    assert math.isnan(mcnemar(first[:0], first[:0]).p)


def test_paired_rates_intervals_cover_as_often_as_they_say() -> None:
    random, kinds = np.random.default_rng(9), [0.7, 0.15, 0.05, 0.1]  # both, first, second, neither: -0.1
    hits = 0
    for _ in range(300):
        both, one, two, none = random.multinomial(40, kinds)
        first = np.repeat([True, True, False, False], [both, one, two, none])
        second = np.repeat([True, False, True, False], [both, one, two, none])
        found = rates_apart(first, second)
        hits += found.low <= -0.1 <= found.high
        assert -1 <= found.low <= found.value <= found.high <= 1
    assert 0.92 < hits / 300 < 0.995


def test_two_versions_are_compared_on_the_same_scans() -> None:
    cases = crowd(400, dice=[0.7] * 400)
    random = np.random.default_rng(6)
    better = np.where(cases.truth_positive, 1 - random.random(400) * 0.4, random.random(400) * 0.4)
    second = judged(better.tolist(), cases.truth_positive.tolist(), dice=[0.75] * 400)
    found = paired(cases, second)
    assert found.n == 400
    one, two = scored(cases), scored(second)
    for name, difference in found.differences.items():
        assert difference.value == pytest.approx(two[name].value - one[name].value), name
        assert difference.low <= difference.value <= difference.high, name
    assert found.differences["auc"].low > 0
    assert found.mcnemar.p < 0.001
    assert found.differences["dice"].value == pytest.approx(0.05)
    assert found.count("win") == 400  # by the answer, or else by the mask
    assert found.count("lose") == found.count("tie") == 0
    turned = paired(second, cases)
    assert turned.count("lose") == 400
    assert turned.differences["recall"].high == pytest.approx(-found.differences["recall"].low)
    assert turned.differences["auc"].low == pytest.approx(-found.differences["auc"].high)
    same = paired(cases, cases)
    assert same.count("tie") == 400
    assert same.mcnemar.p == 1.0
    assert same.differences["recall"].low < 0 < same.differences["recall"].high


def test_wins_and_losses_name_their_scans() -> None:
    first = judged([0.9, 0.1, 0.9, 0.9], [True] * 4, dice=[0.9, 0.0, 0.5, 0.8])
    second = judged([0.1, 0.9, 0.9, 0.9], [True] * 4, dice=[0.0, 0.7, 0.8, 0.8005])
    cases = {int(case.scan_id, 16): case for case in paired(first, second).cases}
    assert [cases[row].outcome for row in range(4)] == ["lose", "win", "win", "tie"]
    assert [cases[row].by for row in range(4)] == ["answer", "answer", "dice", "dice"]
    assert (cases[2].first_value, cases[2].second_value) == (0.5, 0.8)
    assert paired(first, second).cases[0].outcome == "lose"


def test_comparing_nothing_or_other_scans() -> None:
    found = paired(judged([], []), judged([], []))
    assert found.n == 0
    assert all(math.isnan(value.value) for value in found.differences.values())
    with pytest.raises(InvalidInput, match="same scans"):
        paired(judged([0.1], [True]), judged([0.1, 0.2], [True, False]))


def test_the_difference_of_two_areas_is_delong_s() -> None:
    """Against the spread of the difference over drawn cases."""
    cases = crowd(300)
    noisy = np.clip(cases.probability + np.random.default_rng(7).normal(0, 0.2, 300), 0, 1)
    second = judged(noisy.tolist(), cases.truth_positive.tolist())
    found = paired(cases, second).differences["auc"]
    random, drawn = np.random.default_rng(8), []
    for _ in range(400):
        rows = random.integers(300, size=300)
        truth = cases.truth_positive[rows]
        drawn.append(
            peer.roc_auc_score(truth, noisy[rows]) - peer.roc_auc_score(truth, cases.probability[rows])
        )
    assert (found.high - found.low) / (2 * 1.96) == pytest.approx(np.std(drawn), rel=0.15)
