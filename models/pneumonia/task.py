"""`pneumonia`: from an X-ray to one input, and from the network's map to a probability."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from data.records import PNEUMONIA, Spacing
from models.imaging import normalised, stretched
from models.pneumonia import network
from models.retraining import LabelledPictures
from models.task import Answer, Array, Decision, FloatArray, Placement, Task, TaskKind


class EvidenceMap(nn.Module):
    """The trained network, asked before its pooling: one logit a place, (n, 1, size/32, size/32).

    Their mean is the network's logit. For a network that ends in average pooling and one linear
    layer this map is Grad-CAM of the last convolution (Selvaraju et al., ICCV 2017), without
    a backward pass.
    """

    def __init__(self, trained: nn.Module) -> None:
        super().__init__()
        assert isinstance(trained, network.GreyClassifier)
        linear = trained.last
        self.blocks, self.head = trained.features
        self.weigh = nn.Conv2d(linear.in_features, 1, kernel_size=1)
        with torch.no_grad():
            self.weigh.weight.copy_(linear.weight[:, :, None, None])
            self.weigh.bias.copy_(linear.bias)  # type: ignore[union-attr]

    def forward(self, images: Tensor) -> Tensor:
        """(n, 1, size, size) -> (n, 1, size/32, size/32) logits."""
        return self.described(images)[0]

    def described(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """The same with what describes the picture (before a widening last convolution), averaged, (n, d)."""
        deepest = self.blocks((images * 2 - 1).expand(-1, 3, -1, -1))
        evidence: Tensor = self.weigh(self.head(deepest))
        return evidence, deepest.float().mean((-2, -1))


def prepare(image: Array) -> tuple[Tensor, Placement]:
    """(1, height, width) of any scale -> (1, 1, size, size) in [0, 1], stretched as the training set was."""
    shape = (1, int(image.shape[1]), int(image.shape[2]))
    return stretched(normalised(image[:1]), network.INPUT_SIZE), Placement(shape)


def answer(evidence: FloatArray, placement: Placement, spacing: Spacing, decision: Decision) -> Answer:
    """The calibrated probability; no heat map, since none held against the lungs (`about.md`)."""
    probability = decision.probability(float(evidence[0].mean()))
    return Answer(
        probability=probability,
        positive=probability >= decision.threshold,
    )


TASK = Task(
    name=PNEUMONIA,
    title="Pneumonia on chest X-ray",
    kind=TaskKind.CLASSIFICATION,
    folder=Path(__file__).parent,
    input_size=network.INPUT_SIZE,
    preprocessing="percentiles 1 and 99.5 to 0..1, stretched to a square, 192 px, bilinear",
    build=network.build,
    with_encoder=network.build,
    for_inference=EvidenceMap,
    prepare=prepare,
    answer=answer,
    finding="pneumonia",
    picture="an upright chest X-ray",
    body_part="CHEST",
    layout=LabelledPictures(
        folder="chest_xray",
        file="train/{label}/{name}",
        labels={True: "PNEUMONIA", False: "NORMAL"},
        columns=("file", "label", "split", "patient_id", "pathogen", "duplicate_of"),
        constants={"split": "train"},
        # The reader takes a patient's number together with the pathogen, which is unknown here.
        patient="normal:{patient}",
    ),
)
