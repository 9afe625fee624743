"""Figures outside the training sources, as numbers, tables and a section of the card."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from data.labelled.outside import OutsideTruth
from models import outside, weights
from models.outside import AnswerWord, OutsideEvaluation
from models.outside_tables import answer_table, on_card, section, text
from models.statistics.proportions import proportion
from models.task import Decision
from tests.outside import FOUND, HEALTHY, ILL, NOT_FOUND, UNCERTAIN, case

OTHER, WRONG = OutsideTruth.OTHER_DISEASE, OutsideTruth.WRONG
REFUSED = AnswerWord.REFUSED
CASES = (
    case(0, HEALTHY, FOUND, source="two", sequence="T1"),
    case(1, HEALTHY, UNCERTAIN),
    case(2, HEALTHY, NOT_FOUND),
    case(3, HEALTHY, REFUSED, reason="sequence", probability=None),
    case(4, ILL, FOUND, dice=0.5, doubt="mask = enhancing part only"),
    case(5, ILL, NOT_FOUND, dice=0.0, source="two"),
    case(6, ILL, AnswerWord.OTHER_TASK, probability=None),
    case(7, OTHER, FOUND),
    case(8, WRONG, REFUSED, reason="unsuitable", probability=None),
    case(9, WRONG, NOT_FOUND),
)
MADE = OutsideEvaluation("brain-tumour", "abc", CASES)


def test_rates_are_of_what_was_read_with_wilson_s_interval() -> None:
    figures = MADE.figures()
    assert figures["false_alarms"] == proportion(1, 3) == figures["specificity"]
    assert figures["recall"] == proportion(1, 2) == figures["missed"]
    assert figures["other_disease_found"] == proportion(1, 1)
    assert figures["uncertain"] == proportion(1, 6)
    assert figures["refused"] == proportion(1, 8)
    assert figures["wrong_refused"] == proportion(1, 2)
    assert (figures["dice"].value, figures["dice"].n) == (0.25, 2)
    assert (figures["auc"].value, figures["auc"].n) == (pytest.approx(0.5833, abs=1e-4), 5)


def test_sources_are_told_apart_and_what_is_not_defined_is_left_out() -> None:
    groups = MADE.groups()
    assert groups["recall, source one"] == proportion(1, 1)
    assert groups["false_alarms, source two"] == proportion(1, 1)
    assert not any("age" in name for name in groups)  # there is only one
    assert "auc" not in OutsideEvaluation("t", "abc", CASES[:4]).figures()


def test_each_part_is_told_once_by_what_it_shares() -> None:
    table = answer_table(CASES, "tumour")
    assert table[0] == [
        "group", "kind", "sequence", "source", "n", "refused", "tumour found", "uncertain", "not found",
    ]  # fmt: skip
    healthy = [row for row in table if row[0] == "healthy"]
    assert [row[2:5] for row in healthy] == [
        ["all", "all", "4"],
        ["FLAIR", "one", "3"],
        ["T1", "two", "1"],
    ]
    assert healthy[0][5:] == [
        "1 (sequence 1)",
        "1: 33.3% (6.1% to 79.2%)",
        "1: 33.3% (6.1% to 79.2%)",
        "1: 33.3% (6.1% to 79.2%)",
    ]
    (ill, *_) = (row for row in table if row[0] == "tumour")
    assert ill[5] == "1 (read as another task's 1)"
    aged = answer_table([case(0, HEALTHY, FOUND, age="adult")], "pneumonia")
    assert aged[0][4] == "age"


def test_the_card_says_what_went_wrong_and_of_which_masks_not_to_expect_much() -> None:
    made = section(MADE, "tumour")
    assert "`healthy/0.png` (slice, T1, two; healthy): called tumour, probability 0.90" in made
    assert "`ill/5.png` (slice, FLAIR, two; ill): tumour missed, probability 0.10" in made
    assert "`ill/6.png` (slice, FLAIR, one; ill): read as another task's\n" in made
    assert "`wrong/9.png` (slice, FLAIR, one; wrong): should have been refused" in made
    assert "wrong/8.png" not in made
    assert "(1 of 2 here, as the index says)" in made
    assert "false_alarms" in text(MADE, "tumour")
    right = section(OutsideEvaluation("t", "abc", CASES[2:3]), "tumour")
    assert "Nothing." in right
    assert "outlined" not in right.partition("### Answers")[0].partition("| dice")[0]


def test_a_card_has_one_such_section() -> None:
    card = "# A\n\nWords.\n\n## Figures on validation data\n\n| a |\n\n## This version\n\n- weights\n"
    once = on_card(card, "## Figures outside the training sources\n\nold\n\n### Answers\n\nold\n")
    again = on_card(once, "## Figures outside the training sources\n\nnew\n")
    assert "old" not in again
    assert again == (
        "# A\n\nWords.\n\n## Figures on validation data\n\n| a |\n\n"
        "## Figures outside the training sources\n\nnew\n\n## This version\n\n- weights\n"
    )
    alone = on_card("# A\n", "## Figures outside the training sources\n\nold\n")
    assert on_card(alone, "## Figures outside the training sources\n\nnew\n").endswith("\n\nnew\n")


def test_it_is_kept_beside_the_weights_and_read_again(tmp_path: Path) -> None:
    assert outside.opened(tmp_path) is None
    trained = weights.save(tmp_path, {}, Decision(0.5), {}, {})
    assert outside.metrics_of(trained) == {}
    outside.keep(tmp_path, MADE)
    assert outside.opened(tmp_path) == MADE
    assert outside.metrics_of(trained) == {}  # of other weights
    outside.keep(tmp_path, OutsideEvaluation("brain-tumour", trained.sha256, CASES))
    kept = json.loads((tmp_path / "outside.json").read_text())
    assert kept["figures"]["false_alarms"]["n"] == 3
    assert outside.metrics_of(trained)["outside_recall"]["value"] == 0.5
    (tmp_path / "outside.json").write_text('{"task": 1}')
    with pytest.raises(ValueError, match="weights_sha256"):
        outside.opened(tmp_path)
