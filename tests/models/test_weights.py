"""Weights as they are shipped."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from data.errors import InvalidInput
from models import weights
from models.pneumonia.task import EvidenceMap
from models.pretrained import Start, started
from models.statistics.classification import classification
from models.statistics.confusion import called_ill
from models.suitability.task import TASK as SUITABILITY
from models.task import Decision
from models.tasks import ALL
from tests import shipped_versions


def test_saved_weights_open_as_they_were(tmp_path: Path) -> None:
    network = SUITABILITY.build()
    decision = Decision(threshold=0.4, temperature=1.5, least_pixels=10, dice_estimate=(0.1, 0.8))
    saved = weights.save(tmp_path, network.state_dict(), decision, {"auc": {"value": 0.9, "n": 10}}, {"a": 1})
    opened = weights.opened(tmp_path)
    assert opened == saved
    assert opened.decision == decision
    loaded = weights.network_of(SUITABILITY, opened)
    image = torch.rand(2, 1, 112, 112)
    with torch.inference_mode():
        assert torch.allclose(loaded(image), network.eval()(image), atol=2e-2)


def test_a_decision_keeps_what_weighs_the_presence(tmp_path: Path) -> None:
    decision = Decision(
        threshold=0.4, presence=(0.1, 2.0), volume_presence=(1.0,), abnormal=0.2, certainty=0.99
    )
    weights.save(tmp_path, SUITABILITY.build().state_dict(), decision, {}, {})
    assert weights.opened(tmp_path).decision == decision


def test_a_training_starts_from_the_shipped_version_with_its_own_fold_held_out(tmp_path: Path) -> None:
    task, network = replace(SUITABILITY, folder=tmp_path), SUITABILITY.build()
    weights.save(tmp_path, network.state_dict(), Decision(threshold=0.5), {}, {"validation_fold": 4})
    begun = started(SUITABILITY.build(), Start.SHIPPED, task, 4).state_dict()
    for name, value in network.state_dict().items():
        assert torch.allclose(begun[name].float(), value.float(), atol=1e-3)
    with pytest.raises(InvalidInput, match="held out fold 4, not 3"):
        started(SUITABILITY.build(), Start.SHIPPED, task, 3)
    fresh = SUITABILITY.build()
    assert started(fresh, Start.SCRATCH, task, 3) is fresh


def test_mixed_weights_lie_between_and_count_as_the_second() -> None:
    first = {"a": torch.tensor([0.0, 4.0]), "steps": torch.tensor(3)}
    second = {"a": torch.tensor([2.0, 0.0]), "steps": torch.tensor(9)}
    mixed = weights.mixed(first, second, 0.25)
    assert mixed["a"].tolist() == [1.5, 1.0]
    assert int(mixed["steps"]) == 9


def test_a_folder_without_weights_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"weights\.safetensors"):
        weights.opened(tmp_path)


@pytest.mark.parametrize("name", shipped_versions.ALL)
def test_every_version_that_ships_has_trained_weights_and_a_card(name: str) -> None:
    folder = shipped_versions.ALL[name].folder
    shipped = weights.opened(folder)
    assert shipped.metrics
    assert all({"value", "n"} <= set(figure) for figure in shipped.metrics.values())
    assert shipped.sha256 in (folder / weights.CARD).read_text()


def test_the_evidence_map_s_mean_is_the_network_s_logit() -> None:
    torch.manual_seed(0)
    trained = ALL["pneumonia"].build().eval()
    image = torch.rand(2, 1, 192, 192)
    with torch.inference_mode():
        evidence = EvidenceMap(trained).eval()(image)
        assert evidence.shape == (2, 1, 6, 6)
        np.testing.assert_allclose(evidence.mean((1, 2, 3)), trained(image)[:, 0], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", shipped_versions.CLINICAL)
def test_what_ships_keeps_its_validation_answers_and_they_make_its_figures(name: str) -> None:
    folder = shipped_versions.CLINICAL[name].folder
    trained = weights.opened(folder)
    kept = json.loads((folder / weights.EVALUATION).read_text())
    assert kept["cases"] == []  # they name pictures of other people
    scored = kept["scored"]
    truth, probability = np.array(scored["truth"], dtype=bool), np.array(scored["probability"])
    assert scored["threshold"] == trained.decision.threshold
    made = classification(truth, probability, called_ill(probability, scored["threshold"]))
    prefix = "" if "recall" in trained.metrics else "presence_"
    for name in ("recall", "specificity", "auc"):
        kept_figure = trained.metrics[f"{prefix}{name}"]
        assert (made[name].value, made[name].n) == pytest.approx((kept_figure["value"], kept_figure["n"]))


def test_versions_on_other_encoders_lie_beside_the_task_s_own(tmp_path: Path) -> None:
    task, state = replace(SUITABILITY, folder=tmp_path), SUITABILITY.build().state_dict()
    assert weights.alternatives(task) == {}
    for name in ("resnet50", "efficientnet-lite2"):
        weights.save(tmp_path / weights.ALTERNATIVES / name, state, Decision(0.5), {}, {})
    (tmp_path / weights.ALTERNATIVES / "half-made").mkdir()
    assert list(weights.alternatives(task)) == ["efficientnet-lite2", "resnet50"]
    assert weights.opened(weights.alternatives(task)["resnet50"]).decision.threshold == 0.5
