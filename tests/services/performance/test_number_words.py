"""Shares are said in per cent, Dice and AUC as fractions, on pages and in a version's own card alike."""

from __future__ import annotations

import pytest

from services.performance.card_words import card_words
from services.performance.metrics import figure_metric, figure_words
from services.performance.number_words import gap_words, value_words


@pytest.mark.parametrize(
    ("name", "words", "value"),
    [
        ("presence_recall", "Recall, single slices", "85.7 %"),
        ("adult_far", "False alarm rate (FAR), adults", "85.7 %"),
        ("volume_presence_frr_at_far5", "Miss rate where 5 % of the healthy are called ill, whole volumes",
         "85.7 %"),
        ("poor_share_flair", "Share with a Dice under 0.6, FLAIR", "85.7 %"),
        ("outside_no_false_alarm", "Healthy pictures without a false alarm, outside the training sources",
         "85.7 %"),
        ("dice_flair_median", "Dice, median, FLAIR", "0.857"),
        ("presence_auc", "AUC, single slices", "0.857"),
        ("calibration_error", "Calibration error", "0.857"),
        ("hd95_t1ce_median",
         "Surface distance, 95th percentile, median, in pixels, contrast-enhanced T1", "0.857"),
        ("never_heard_of", "Never heard of", "0.857"),
    ],
)  # fmt: skip
def test_a_figure_is_said_as_the_kind_of_number_that_it_is(name: str, words: str, value: str) -> None:
    assert (figure_words(name), value_words(figure_metric(name), 0.857)) == (words, value)


def test_a_difference_of_shares_is_in_points_and_of_dice_in_fractions() -> None:
    assert gap_words(figure_metric("recall"), 0.032, -0.01, 0.05) == ("+3.2 points", "-1.0 to +5.0")
    assert gap_words(figure_metric("dice"), 0.032, -0.01, 0.05) == ("+0.032", "-0.010 to +0.050")


def test_figures_of_a_card_are_worded_and_all_else_stays() -> None:
    card = """# A card

| choice | FLAIR volumes (n = 17) |
|---|---|
| the neighbouring slices | +0.005 (-0.047 to 0.052) |

| figure | value | 95 % interval | n | meaning |
|---|---|---|---|---|
| recall | 0.960 | 0.944 to 0.972 | 730 | ill that are called ill |
| recall, source A/b-c | 1.000 | 0.439 to 1.000 | 3 |  |
| dice_flair | 0.821 | 0.753 to 0.889 | 17 | Dice of a volume |
| calibration_error | 0.029 |  | 1277 | expected calibration error |
| t1ce, tumour type glioma | 0.673 | 0.637 to 0.707 | 279 |  |
"""
    said = card_words(card)
    assert "| Recall | 96.0 % | 94.4 to 97.2 % | 730 | ill that are called ill |" in said
    assert "| Recall, source A/b-c | 100.0 % | 43.9 to 100.0 % | 3 |  |" in said
    assert "| Dice, FLAIR | 0.821 | 0.753 to 0.889 | 17 | Dice of a volume |" in said
    assert "| Calibration error | 0.029 |  | 1277 | expected calibration error |" in said
    answers = card_words("| healthy | 4: 85.7% (9.0% to 90.2%) | 12% |")
    assert answers == "| healthy | 4: 85.7 % (9.0 to 90.2 %) | 12 % |"
    for line in card.splitlines():
        if "recall" not in line and "calibration" not in line and "dice_flair" not in line:
            assert line in said.splitlines()
