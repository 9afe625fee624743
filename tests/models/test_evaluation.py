"""What an evaluation says where a number is not defined: in its JSON, on the card and while training."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
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
from models.trainings import training_of

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


def test_the_card_says_the_whole_command_and_what_the_threshold_is_of(tmp_path: Path) -> None:
    training = training_of("pneumonia")
    as_shipped = asdict(training.recipe) | asdict(training.choices)
    plain = {"validation_fold": training.validation_fold, "recipe": as_shipped, "minutes": 3}
    other = {
        "validation_fold": 2,
        "recipe": as_shipped | {"learning_rate": 0.0003, "start": "shipped", "gone_since": 1},
    }
    fitted = Decision(0.6, certainty=0.99, presence=(1.0,), abnormal=0.1)
    cards_of = [
        cards.card(
            training.task, weights.save(tmp_path, {"a": torch.zeros(1)}, decision, {}, facts), _evaluation()
        )
        for decision, facts in ((Decision(0.5, temperature=2.0, bias=0.25), plain), (fitted, other))
    ]
    assert "- made by: `python app.py train pneumonia --data DIR`, 3 minutes on" in cards_of[0]
    assert "- decision: threshold 0.5 after temperature 2 and bias 0.25; pixel threshold" in cards_of[0]
    command = (
        "python app.py train pneumonia --data DIR --fold 2 --set learning_rate=0.0003 --set start=shipped"
    )
    assert f"- made by: `{command}`," in cards_of[1]
    assert "- network: efficientnet-lite0, which started from ImageNet's weights\n" in cards_of[0]
    assert (
        "- network: efficientnet-lite0, which went on from the version that shipped before\n" in cards_of[1]
    )
    assert (
        "threshold 0.6 of a probability fitted to what the outlines show, never surer than 0.99"
        in cards_of[1]
    )
    assert "than 0.99, said to be abnormal from 0.1 on; pixel threshold" in cards_of[1]


@pytest.mark.parametrize(
    ("recipe", "network"),
    [
        (
            {"encoder": "resnet50", "start": "scratch", "distilled": 0.5},
            "resnet50, which started from random weights; 50% of what it learnt are answers of the version "
            "that ships",
        ),
        (
            {"encoder": "resnet50", "start": "scratch", "encoder_from": "models/pneumonia"},
            "resnet50, which started from the encoder of `models/pneumonia` and random weights behind it",
        ),
        ({"encoder": "resnet50", "start": "elsewhere"}, "resnet50, which started from elsewhere"),
        ({}, "efficientnet-lite2, which started from ImageNet's weights"),
    ],
)
def test_the_card_says_what_a_version_is_built_on(
    recipe: dict[str, object], network: str, tmp_path: Path
) -> None:
    task = training_of("brain-tumour").task
    trained = weights.save(tmp_path, {"a": torch.zeros(1)}, Decision(0.5), {}, {"recipe": recipe})
    assert f"\n- network: {network}\n" in cards.card(task, trained, _evaluation())


def test_a_task_without_a_choice_of_encoder_says_nothing_of_one(tmp_path: Path) -> None:
    trained = weights.save(tmp_path, {"a": torch.zeros(1)}, Decision(0.5), {}, {})
    assert "- network:" not in cards.card(training_of("suitability").task, trained, _evaluation())
