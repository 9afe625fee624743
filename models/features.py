"""What a picture looks like in a few numbers, to see when pictures change.

Of a whole scan no more than `VOXELS` are looked at, always the same ones, so that the numbers cost
little beside a reading. Networks are shown intensities between two percentiles, so neither gain nor
offset of a scanner changes what they see; a number that moved with them would raise an alert for
nothing. Therefore every number here is of intensities between the scan's floor (its 1st percentile,
0) and top (the foreground's 99th, 1), and stays the same when the file's numbers are multiplied or
shifted, whether they are 8-bit greys of an X-ray or the arbitrary units of MRI. One alone, `p99`, is
the top as the file stores it: it tells that the scale itself has changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.records.features import PICTURE
from models.imaging import OTSU_CLASSES, otsu_of_counts

Array = NDArray[Any]
FloatArray = NDArray[np.float32]
Numbers = dict[str, float | None]

VOXELS = 1 << 16
"""Of a scan at most about this many voxels are looked at, and as many neighbouring ones for texture."""
MOST_SLICES = 32
TEXTURE_SLICES = 8
CLASSES = 64
"""Of intensities, for the entropy: fewer than the greys of an 8-bit picture, so that depth does not count."""
SHADING_VOXELS = 4096
LEAST = 16
"""Voxels of foreground below which nothing is said of it."""
_PERCENTILES = {"p01": 0.01, "p10": 0.1, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p90": 0.9}
_UNKNOWN: Numbers = dict.fromkeys(PICTURE)


@dataclass(frozen=True)
class PictureFeatures:
    """A scan's numbers, and which of its voxels they were taken of."""

    numbers: Numbers  # the names of `data.records.features.PICTURE`
    sampled: tuple[slice, slice, slice]
    foreground: NDArray[np.bool_]  # of the sampled voxels


def picture_of(volume: Array) -> PictureFeatures:
    """The numbers of (slices, height, width) in any scale; None where one cannot be had.

    A constant picture has no foreground, and then only `p99` and `foreground` are known. Voxels that
    are not finite are left out.
    """
    steps = _steps(volume.shape)
    sampled = (slice(None, None, steps[0]), slice(None, None, steps[1]), slice(None, None, steps[1]))
    sample = _as_float(volume[sampled])
    known = np.isfinite(sample)
    ordered = np.sort(sample[known])
    if not ordered.size:
        return PictureFeatures(dict(_UNKNOWN), sampled, known)
    floor, cut = _floor_and_cut(ordered)
    with np.errstate(invalid="ignore"):
        foreground = known & (sample > cut)
    values = ordered[np.searchsorted(ordered, cut, side="right") :]
    share = float(values.size / ordered.size)
    if values.size < LEAST or values[_place(values, 0.99)] <= floor:
        numbers = _UNKNOWN | {"p99": float(ordered[-1]), "foreground": share}
        return PictureFeatures(numbers, sampled, foreground)
    top = float(values[_place(values, 0.99)])
    numbers = _intensities(values, floor, top) | _texture(_tiles(volume), cut, top - floor)
    shading = _shading((sample - floor) / (top - floor), foreground)
    numbers |= {"p99": top, "foreground": share, "bias_field": shading}
    return PictureFeatures({name: _finite(numbers[name]) for name in PICTURE}, sampled, foreground)


def binary_entropy(probability: float) -> float:
    """Shannon's entropy of a yes or no in bits, 0 (sure) to 1 (even)."""
    share = np.clip(probability, 1e-12, 1 - 1e-12)
    return float(-(share * np.log2(share) + (1 - share) * np.log2(1 - share)))


_ENTROPY = np.array([0.0 if code in (0, 255) else binary_entropy(code / 255) for code in range(256)])


def mean_entropy(pixels: NDArray[np.uint8], picture: PictureFeatures) -> float | None:
    """The mean entropy in bits of pixel probabilities 0..255 (slices, height, width) in the foreground."""
    inside = pixels[picture.sampled][picture.foreground]
    return float(_ENTROPY[inside].mean()) if inside.size else None


def _steps(shape: tuple[int, ...]) -> tuple[int, int]:
    """Every how many slices, and rows and columns, are looked at."""
    slices, height, width = shape
    between = max(1, -(-slices // MOST_SLICES))
    voxels = -(-slices // between) * height * width
    return between, max(1, round((voxels / VOXELS) ** 0.5))


def _floor_and_cut(ordered: FloatArray) -> tuple[float, np.float32]:
    """The scan's floor, and what is brighter than its background; `ordered` are all values, sorted.

    The rule is `models.imaging.head_window`'s: a third of Otsu's threshold (Otsu, IEEE SMC 1979).
    """
    low, high = float(ordered[_place(ordered, 0.01)]), float(ordered[_place(ordered, 0.995)])
    if high <= low:
        return low, ordered[-1]
    edges = np.linspace(0, 1, OTSU_CLASSES + 1)
    below = np.searchsorted(ordered, (low + edges[1:-1] * (high - low)).astype(np.float32))
    counts = np.diff(below, prepend=0, append=len(ordered))
    threshold = otsu_of_counts(counts, (edges[:-1] + edges[1:]) / 2)
    return low, np.float32(low + max(0.04, threshold / 3) * (high - low))


def _as_float(values: Array) -> FloatArray:
    """In float32; what is too large for it becomes infinite, and is left out as such."""
    with np.errstate(over="ignore", invalid="ignore"):
        return values.astype(np.float32)


def _place(values: FloatArray, share: float) -> int:
    return min(len(values) - 1, int(share * len(values)))


def _intensities(values: FloatArray, floor: float, top: float) -> Numbers:
    """Percentiles, mean, contrast (root mean square: Peli, JOSA A 1990) and entropy (Shannon, 1948).

    `values` are the foreground's, sorted.
    """
    scaled = (values - floor) / (top - floor)
    numbers: Numbers = {name: float(scaled[_place(values, share)]) for name, share in _PERCENTILES.items()}
    counts = np.bincount(np.clip(scaled * CLASSES, 0, CLASSES - 1).astype(np.int64), minlength=CLASSES)
    shares = counts[counts > 0] / counts.sum()
    return numbers | {
        "mean": float(scaled.mean(dtype=np.float64)),
        "contrast": float(scaled.std(dtype=np.float64)),
        "entropy": float(-(shares * np.log2(shares)).sum()),
    }


def _tiles(volume: Array) -> FloatArray:
    """The middle of a few slices without gaps, (n, side, side) or smaller: texture needs neighbours."""
    slices, height, width = volume.shape
    # The outermost slices hold little but background.
    first, last = slices // 8, slices - 1 - slices // 8
    count = min(last - first + 1, TEXTURE_SLICES)
    side = round((VOXELS / count) ** 0.5)
    chosen = np.linspace(first, last, count).round().astype(int)
    top, left = max(0, (height - side) // 2), max(0, (width - side) // 2)
    return _as_float(volume[chosen, top : top + side, left : left + side])


def _texture(tiles: FloatArray, cut: np.float32, height: float) -> Numbers:
    """Sharpness and noise of tiles where they are foreground.

    Sharpness is the variance of the Laplacian (Pech-Pacheco et al., ICPR 2000) over the variance of
    the intensities. Noise is Immerkaer's (CVIU 1996), a mask that a plane and an edge leave empty,
    with the median in place of the mean so that texture counts little; it is told in units of the
    scan's range.
    """
    if min(tiles.shape[1:]) < 3:
        return {"sharpness": None, "noise": None}
    with np.errstate(invalid="ignore"):
        inside = _eroded(tiles > cut)
    middle = tiles[:, 1:-1, 1:-1]
    values = middle[inside]
    if values.size < LEAST:
        return {"sharpness": None, "noise": None}
    with np.errstate(invalid="ignore"):
        down = tiles[:, :-2] - 2 * tiles[:, 1:-1] + tiles[:, 2:]
        across = middle * -2 + tiles[:, 1:-1, :-2] + tiles[:, 1:-1, 2:]
        edges = (down[:, :, 1:-1] + across)[inside]
        crossed = np.abs(down[:, :, :-2] - 2 * down[:, :, 1:-1] + down[:, :, 2:])[inside]
    spread = float(values.var(dtype=np.float64))
    half = len(crossed) // 2
    noise = float(np.partition(crossed, half)[half]) / 0.6745 / 6  # the mask's weights: square root of 36
    return {
        "sharpness": float(edges.var(dtype=np.float64)) / spread if spread > 0 else None,
        "noise": noise / height,
    }


def _eroded(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Pixels of (n, h, w) whose eight neighbours are foreground too, (n, h - 2, w - 2)."""
    rows = mask[:, :-2] & mask[:, 1:-1] & mask[:, 2:]
    return rows[:, :, :-2] & rows[:, :, 1:-1] & rows[:, :, 2:]


def _shading(scaled: FloatArray, foreground: NDArray[np.bool_]) -> float | None:
    """Spread over mean of the second-degree polynomial that fits the foreground best.

    A polynomial of low degree is the common model of MRI's bias field (Meyer et al., IEEE TMI 1995;
    Hou, Int. J. Biomed. Imaging 2006). Anatomy shades too: the number is for comparing like with like.
    """
    places = np.flatnonzero(foreground)
    places = places[:: max(1, len(places) // SHADING_VOXELS)]
    values = np.clip(scaled.ravel()[places].astype(np.float64), 0, 1)
    axes = [
        2 * index / (size - 1) - 1
        for index, size in zip(np.unravel_index(places, foreground.shape), foreground.shape, strict=True)
        if size > 1
    ]
    squares = [first * other for number, first in enumerate(axes) for other in axes[number:]]
    terms = np.stack([np.ones(len(places)), *axes, *squares])
    weights = np.linalg.lstsq(terms @ terms.T, terms @ values, rcond=1e-9)[0]
    field = weights @ terms
    return float(field.std() / values.mean()) if values.mean() > 0 else None


def _finite(value: float | None) -> float | None:
    return value if value is not None and np.isfinite(value) else None
