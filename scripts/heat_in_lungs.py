"""How much of a heat map of pneumonia lies inside the lungs, by method: is it fit to be shown?

`python scripts/heat_in_lungs.py DATA [--films N] [--adults FOLDER] [--weights FOLDER]` reads N films with
pneumonia of the validation fold, and adult films (a folder with an `index.csv` of `file` and `truth`). A
map is of use only where most of it lies in the lungs; one that is spread evenly over the picture has as
much of its heat there as the lungs have of the picture, which is printed beside it.
"""

from __future__ import annotations

import argparse
import csv
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import ConvexHull
from torch import Tensor
from torch.nn import functional
from torchvision.transforms.functional import gaussian_blur
from tqdm import tqdm

from data.labelled.datasets import chest_xrays, grey_image
from models.imaging import otsu
from models.pneumonia.network import GreyClassifier
from models.pneumonia.task import TASK, prepare
from models.pneumonia.training import VALIDATION_FOLD
from models.statistics.means import mean
from models.weights import Trained, in_float32, network_of, opened

FloatArray = NDArray[np.float32]
Mask = NDArray[np.bool_]
STRIDE = 32  # of the network's last map
PATCH, STEP = 48, 32  # of occlusion, in pixels of the network's input
STAGE = 4  # of EfficientNet: the last at a sixteenth of the picture's side
SHARES = (0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2)  # of Otsu's threshold, tried for the lungs


class Lungs:
    """The lung fields of a square picture (side, side) in 0..1, by brightness and shape; None where in doubt.

    On each side, the darkest piece within the body that is shaped as a lung: tall, convex and beside the
    middle, at any of several thresholds. Its convex hull is the field, so that a patch of pneumonia
    within it counts as lung. A film is left out where either side has none: where a lung is white as a whole.
    """

    def __init__(self, picture: FloatArray) -> None:
        self.side = len(picture)
        self._smooth = ndimage.gaussian_filter(picture, self.side / 96)
        self.body = body(picture)
        core = np.zeros_like(self.body)
        core[
            round(0.06 * self.side) : round(0.96 * self.side),
            round(0.04 * self.side) : round(0.96 * self.side),
        ] = 1
        self._core = core & ndimage.binary_erosion(self.body, iterations=self.side // 48, border_value=1)
        self._edge = core & ~ndimage.binary_erosion(core, iterations=2)

    def field(self) -> Mask | None:
        """Both lungs together."""
        left, right = self._lung(slice(None, self.side // 2)), self._lung(slice(self.side // 2, None))
        return None if left is None or right is None else left | right

    def _lung(self, half: slice) -> Mask | None:
        rated = [(self._likeness(piece), piece) for piece in self._pieces(half)]
        likeness, piece = max(rated, key=lambda pair: pair[0], default=(0.0, self.body))
        return hull(piece) if likeness > 0 else None

    def _pieces(self, half: slice) -> Iterator[Mask]:
        threshold = otsu(self._smooth[self._core])
        diamond = ndimage.generate_binary_structure(2, 1)
        for share in SHARES:
            dark = np.zeros_like(self.body)
            dark[:, half] = ((self._smooth < threshold * share) & self._core)[:, half]
            for radius in (2, 5):
                opened_up = ndimage.binary_opening(dark, ndimage.iterate_structure(diamond, radius))
                pieces, count = ndimage.label(opened_up)
                yield from (pieces == number for number in range(1, count + 1))

    def _likeness(self, piece: Mask) -> float:
        """How much a piece is like a lung; 0 where it cannot be one."""
        area = float(piece.mean())
        rows, columns = (np.ptp(where) for where in np.nonzero(piece))
        if not 0.03 < area < 0.22 or rows < max(0.25 * self.side, columns) or columns > 0.46 * self.side:
            return 0.0
        whole = hull(piece)
        solid = float(piece.sum() / whole.sum())
        outside = float((whole & ~self.body).sum() / whole.sum())
        row, column = (float(where.mean()) / self.side for where in np.nonzero(whole))
        aside = abs(column - 0.5)
        at_the_edge = (whole & self._edge).sum() / 2
        if solid < 0.75 or outside > 0.04 or at_the_edge > 0.12 * self.side:
            return 0.0
        if not (0.1 < aside < 0.38 and 0.25 < row < 0.68):
            return 0.0
        return min(area, 0.13) * solid**5 * float(np.exp(-(((aside - 0.22) / 0.1) ** 2)))


def body(picture: FloatArray) -> Mask:
    """What is not black up to the picture's edge, in (side, side) of 0..1."""
    smooth = ndimage.gaussian_filter(picture, 2)
    pieces, _ = ndimage.label(smooth < max(0.05, 0.35 * otsu(smooth)))
    edge = np.concatenate([pieces[0], pieces[-1], pieces[:, 0], pieces[:, -1]])
    inside: Mask = ~np.isin(pieces, edge[edge > 0])
    return inside


def hull(piece: Mask) -> Mask:
    """The convex hull of a piece of (height, width)."""
    planes = ConvexHull(np.argwhere(piece)).equations
    inside = (np.argwhere(np.ones_like(piece)) @ planes[:, :2].T + planes[:, 2] <= 1e-6).all(axis=1)
    filled: Mask = inside.reshape(piece.shape)
    return filled


class Methods:
    """Heat maps (side, side) of a trained network, nothing below 0, by the methods that are compared."""

    def __init__(self, trained: Trained) -> None:
        self.decision = trained.decision
        self._evidence = network_of(TASK, trained)
        self._plain = GreyClassifier()
        self._plain.load_state_dict(in_float32(trained))
        self._plain.eval()
        self.all: dict[str, Callable[[Tensor], Tensor]] = {
            "evidence": self.evidence,
            "half strides": self.half_strides,
            "occlusion": self.occlusion,
            "layer-wise": self.layer_wise,
        }

    @torch.no_grad()
    def probability(self, image: Tensor) -> float:
        """The calibrated probability of one input (1, 1, side, side)."""
        return self.decision.probability(float(self._evidence(image).mean()))

    @torch.no_grad()
    def evidence(self, image: Tensor) -> Tensor:
        """The map before the pooling (Grad-CAM of the last convolution), as the server draws it."""
        return enlarged(self._evidence(image), image.shape[-1]).clamp(min=0)

    @torch.no_grad()
    def half_strides(self, image: Tensor) -> Tensor:
        """The mean of such maps of the picture moved by half a stride each way, moved back."""
        side, half = image.shape[-1], STRIDE // 2
        padded = functional.pad(image, (half,) * 4, mode="replicate")
        total = torch.zeros(side + STRIDE, side + STRIDE)
        for top in (0, half):
            for left in (0, half):
                moved = self._evidence(padded[..., top : top + side, left : left + side])
                total[top : top + side, left : left + side] += enlarged(moved, side)
        return (total[half:-half, half:-half] / 4).clamp(min=0)

    @torch.no_grad()
    def occlusion(self, image: Tensor) -> Tensor:
        """How much the logit falls where a patch is blurred away (Zeiler and Fergus, ECCV 2014)."""
        side = image.shape[-1]
        blurred = gaussian_blur(image, [63, 63], [20, 20])
        places = range(-PATCH // 2, side - PATCH // 2 + 1, STEP)
        windows = torch.zeros(len(places) ** 2, 1, side, side)
        for index, (top, left) in enumerate(product(places, places)):
            windows[index, 0, max(0, top) : top + PATCH, max(0, left) : left + PATCH] = 1
        covered = self._evidence(image * (1 - windows) + blurred * windows).mean(dim=(1, 2, 3))
        fall = self._evidence(image).mean() - covered
        return enlarged(fall.reshape(1, 1, len(places), -1), side).clamp(min=0)

    def layer_wise(self, image: Tensor) -> Tensor:
        """Activations of an earlier stage by their positive gradients (LayerCAM, Jiang et al., TIP 2021)."""
        kept: list[Tensor] = []
        hook = self._plain.net.blocks[STAGE].register_forward_hook(lambda *seen: kept.append(seen[2]))
        logit = self._plain(image).sum()
        hook.remove()
        (gradient,) = torch.autograd.grad(logit, kept[0])
        heat = (gradient.clamp(min=0) * kept[0]).sum(dim=1, keepdim=True).detach()
        return enlarged(heat, image.shape[-1]).clamp(min=0)


def enlarged(heat: Tensor, side: int) -> Tensor:
    """A map (1, 1, rows, columns) as (side, side)."""
    return functional.interpolate(heat, size=(side, side), mode="bicubic", align_corners=False)[0, 0]


def films(data: Path, most: int, adults: Path | None) -> list[tuple[str, Path]]:
    """(kind, file) of the films to be read: always the same ones."""
    ill = [xray.image for xray in chest_xrays(data) if xray.fold == VALIDATION_FOLD and xray.pneumonia]
    order = np.random.default_rng(12).permutation(len(ill))[:most]
    listed = [("children, pneumonia", ill[index]) for index in order]
    if adults is not None:
        with (adults / "index.csv").open(newline="") as index_file:
            for row in csv.DictReader(index_file):
                kind = "pneumonia" if row["truth"].startswith("pneumonia") else "no pneumonia"
                listed.append((f"adults, {kind}", adults / row["file"]))
    return listed


def measured(listed: list[tuple[str, Path]], methods: Methods) -> dict[tuple[str, str], list[float]]:
    """By kind and method, the share of heat inside the lungs of each film that is called positive."""
    shares: dict[tuple[str, str], list[float]] = defaultdict(list)
    for kind, file in tqdm(listed, mininterval=5):
        image, _ = prepare(grey_image(file)[None])
        if methods.probability(image) < methods.decision.threshold:
            continue
        field = Lungs(image[0, 0].numpy()).field()
        if field is None:
            shares[kind, "no lung field"].append(1.0)
            continue
        shares[kind, "lungs' share of the picture"].append(float(field.mean()))
        for name, method in methods.all.items():
            heat = method(image).numpy()
            shares[kind, name].append(float(heat[field].sum() / max(1e-9, heat.sum())))
            peak = np.unravel_index(heat.argmax(), heat.shape)
            shares[kind, f"{name}: hottest point in the lungs"].append(float(field[peak]))
    return shares


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--films", type=int, default=100)
    parser.add_argument("--adults", type=Path)
    parser.add_argument("--weights", type=Path, default=TASK.folder, help="folder of another version")
    asked = parser.parse_args()
    shares = measured(films(asked.data, asked.films, asked.adults), Methods(opened(asked.weights)))
    for (kind, name), values in sorted(shares.items()):
        share = mean(np.array(values))
        print(f"{kind:22} {name:42} {share.value:.3f} ({share.low:.3f} to {share.high:.3f}), n = {share.n}")


if __name__ == "__main__":
    main()
