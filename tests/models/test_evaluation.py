"""What an evaluation says where a number is not defined: in its JSON, on the card and while training."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from models import cards, weights
from models.evaluation import Evaluation, Scored
from models.statistics.classification import classification
from models.statistics.estimate import Estimate
from models.task import Decision
from models.tasks import ALL
from models.training import right_and_wrong

HEALTHY = np.zeros(5, bool)


def _evaluation() -> Evaluation:
    """Five healthy cases, of which none is called ill."""
    probability = np.linspace(0, 0.4, 5)
    estimates = classification(HEALTHY, probability, HEALTHY) | {
        "hd95_flair_median": Estimate(4, 0, math.nan, 5)
    }
    return Evaluation(estimates, {"sex F": Estimate(0.5, 0.2, 0.8, 3)}, [], Scored([False], [0.1], 0.5))


def test_json_has_null_for_what_is_not_defined() -> None:
    kept = json.loads(json.dumps(_evaluation().plain(), allow_nan=False))
    for name in ("recall", "precision", "f1", "frr", "auc"):
        assert kept["figures"][name]["value"] is None, name
    assert kept["figures"]["specificity"]["value"] == 1.0
    assert kept["figures"]["hd95_flair_median"] == {"value": 4, "low": 0, "high": None, "n": 5}
    assert kept["groups"] == {"sex F": {"value": 0.5, "low": 0.2, "high": 0.8, "n": 3}}
    assert kept["scored"] == {"truth": [False], "probability": [0.1], "threshold": 0.5}


def test_the_card_says_not_defined_and_gives_no_interval_for_it(tmp_path: Path) -> None:
    saved = weights.save(tmp_path, {"a": torch.zeros(1)}, Decision(0.5), {}, {})
    card = cards.card(ALL["pneumonia"], saved, _evaluation())
    assert "| recall | not defined |  | 0 | ill that are called ill |" in card
    assert "| hd95_flair_median | 4.000 |  | 5 |" in card
    assert "| specificity | 1.000 | 0.566 to 1.000 | 5 |" in card
    assert "nan" not in card


def test_a_training_run_reports_no_recall_without_an_ill_case() -> None:
    healthy, ill = torch.zeros(4, dtype=torch.bool), torch.tensor([True, True, False, False])
    called = torch.tensor([True, False, True, False])
    assert right_and_wrong(ill, called) == {"accuracy": 0.5, "recall": 0.5, "far": 0.5, "frr": 0.5}
    assert right_and_wrong(healthy, called) == pytest.approx(
        {"accuracy": 0.5, "recall": math.nan, "far": 0.5, "frr": math.nan}, nan_ok=True
    )
