"""The worst cases of a report come in the order of the performance page."""

from __future__ import annotations

import numpy as np

from services.reporting.worst_cases import rows, worst
from services.statistics.scoring import wrongness
from tests.services.judged import judged

CASES = judged(
    [0.4, 0.99, 0.6, 0.9, 0.6, 0.9, 0.1],
    [True, False, False, True, True, True, False],
    dice=[0.0, None, None, 0.2, 0.9, 1.0, None],
)


def test_misses_then_false_alarms_then_poor_masks() -> None:
    chosen = worst(CASES)
    assert [int(case.scan_id, 16) for case in chosen] == [0, 1, 2, 3, 4]
    assert [row[2] for row in rows(chosen)] == [
        "missed",
        "false alarm",
        "false alarm",
        "poor mask",
        "poor mask",
    ]
    order = np.argsort(-wrongness(CASES))[: len(chosen)]
    assert [int(case.scan_id, 16) for case in chosen] == order.tolist()


def test_a_faultless_answer_is_no_bad_case_and_few_are_enough() -> None:
    assert len(worst(CASES, 2)) == 2
    faultless = CASES.where(np.array([5, 6]))
    assert worst(faultless) == []
