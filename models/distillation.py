"""A teacher's answers as part of what a network is to learn (Hinton et al., arXiv 1503.02531, 2015)."""

from __future__ import annotations

import torch
from torch import Tensor

from models.device import chosen_device, mixed_precision
from models.task import Task
from models.weights import restored, shipped


class Teacher:
    """The version in the task's folder, asked of the very pictures that the pupil sees."""

    def __init__(self, task: Task, validation_fold: int) -> None:
        """Raises InvalidInput where that version was trained on patients of `validation_fold`."""
        self._device = chosen_device(None)
        self._network = restored(task, shipped(task, validation_fold)).to(self._device).eval()

    @torch.inference_mode()
    def probabilities(self, inputs: Tensor) -> Tensor:
        """What it says of inputs (n, channels, size, size), in the shape of its outputs, from 0 to 1."""
        with mixed_precision(self._device):
            outputs = self._network(inputs.to(self._device, memory_format=torch.channels_last))
        return torch.sigmoid(outputs.float()).cpu()

    def softened(self, inputs: Tensor, truth: Tensor, share: float) -> Tensor:
        """The truth with the teacher's answers mixed in: `share` of it is what the teacher says."""
        return torch.lerp(truth, self.probabilities(inputs).reshape(truth.shape), share)
