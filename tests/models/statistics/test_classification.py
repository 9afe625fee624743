"""The whole table, and the order of the worst."""

from __future__ import annotations

import numpy as np

from models.statistics.areas import auc
from models.statistics.calibration import calibration_error
from models.statistics.classification import classification, wrongness
from models.statistics.confusion import Confusion


def test_the_table_is_made_of_its_parts() -> None:
    random = np.random.default_rng(0)
    truth, probability = random.random(80) < 0.4, random.random(80)
    called = probability >= 0.3
    table = classification(truth, probability, called)
    assert table == Confusion.of(truth, called).rates() | {
        "auc": auc(truth, probability),
        "calibration_error": calibration_error(truth, probability),
    }


def test_the_worst_come_first_misses_before_false_alarms() -> None:
    cases = [  # truth, probability, called, Dice
        (True, 0.4, False, 0.0),  # a missed tumour
        (False, 0.99, True, np.nan),  # a sure false alarm
        (False, 0.6, True, np.nan),  # a less sure one
        (True, 0.9, True, 0.2),  # a poor mask
        (True, 0.6, True, 0.9),  # a good one, of less sure an answer
        (True, 0.9, True, 0.9),
        (False, 0.1, False, np.nan),
    ]
    truth, probability, called, dice = (np.array(column) for column in zip(*cases, strict=True))
    order = np.argsort(-wrongness(truth, probability, called, dice))
    assert order.tolist() == [0, 1, 2, 3, 4, 5, 6]
