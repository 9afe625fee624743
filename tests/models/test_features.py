"""A picture's numbers: what moves them, and what must not."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from data.records.features import PICTURE
from models.features import MOST_SLICES, VOXELS, PictureFeatures, binary_entropy, mean_entropy, picture_of

SIZE = 128


@pytest.fixture(scope="module")
def head() -> NDArray[np.float64]:
    """(5, 128, 128): an ellipse with texture before a black background, in 0..200."""
    random = np.random.default_rng(0)
    rows, columns = np.meshgrid(np.linspace(-1, 1, SIZE), np.linspace(-1, 1, SIZE), indexing="ij")
    inside = (rows / 0.8) ** 2 + (columns / 0.6) ** 2 < 1
    texture = ndimage.gaussian_filter(random.normal(size=(5, SIZE, SIZE)), (0, 1.5, 1.5)) * 80
    return np.clip(inside * (110 + texture), 0, 200) + 0.0


def _numbers(volume: NDArray[np.generic]) -> dict[str, float]:
    numbers = picture_of(volume).numbers
    assert set(numbers) == set(PICTURE)
    assert None not in numbers.values(), numbers
    return numbers  # type: ignore[return-value]


@pytest.mark.parametrize(("gain", "offset"), [(17.3, 0), (0.02, 0), (1, -1024), (40, 3000)])
def test_gain_and_offset_move_nothing_but_the_top(
    head: NDArray[np.float64], gain: float, offset: float
) -> None:
    plain, other = _numbers(head), _numbers(head * gain + offset)
    assert other.pop("p99") == pytest.approx(plain.pop("p99") * gain + offset, rel=1e-5)
    assert other == pytest.approx(plain, rel=1e-2, abs=1e-3)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.int32, np.float32, np.float64])
def test_the_files_number_format_does_not_matter(head: NDArray[np.float64], dtype: type) -> None:
    whole = head.round()
    assert _numbers(whole.astype(dtype)) == pytest.approx(_numbers(whole))


def test_a_mirrored_or_turned_picture_has_the_same_numbers(head: NDArray[np.float64]) -> None:
    plain = _numbers(head)
    for moved in (head[:, ::-1], head[:, :, ::-1], head.swapaxes(1, 2)):
        assert _numbers(moved) == pytest.approx(plain, rel=1e-5, abs=2e-3)


def test_percentiles_are_in_order_and_inside_the_range(head: NDArray[np.float64]) -> None:
    numbers = _numbers(head)
    shares = [numbers[name] for name in ("p01", "p10", "p25", "p50", "p75", "p90")]
    assert shares == sorted(shares)
    assert 0 < shares[0] < shares[-1] <= 1
    assert 0 < numbers["foreground"] < 1
    assert 0 < numbers["entropy"] <= 6


def test_the_numbers_mean_what_they_say(head: NDArray[np.float64]) -> None:
    """Noise added is noise found; blur, shading and a wider field each move their own number."""
    plain, random = _numbers(head), np.random.default_rng(1)
    known = 0.05 * plain["p99"]
    noisy = _numbers(np.where(head > 0, head + random.normal(0, known, head.shape), 0))
    assert noisy["noise"] == pytest.approx(0.05, abs=0.015)
    assert noisy["noise"] > 3 * plain["noise"]
    assert _numbers(ndimage.gaussian_filter(head, (0, 2, 2)))["sharpness"] < 0.7 * plain["sharpness"]
    assert noisy["sharpness"] > 2 * plain["sharpness"]
    shaded = _numbers(head * np.linspace(0.5, 1.5, SIZE))
    assert shaded["bias_field"] > 2 * plain["bias_field"]
    wide = _numbers(np.pad(head, ((0, 0), (40, 40), (40, 40))))
    assert wide["foreground"] == pytest.approx(plain["foreground"] * (SIZE / (SIZE + 80)) ** 2, rel=0.05)
    assert wide["p50"] == pytest.approx(plain["p50"], abs=0.02)


def test_two_flat_greys_have_the_entropy_of_a_coin() -> None:
    picture = np.zeros((1, 80, 80))
    picture[:, 20:60, 20:40], picture[:, 20:60, 40:60] = 100, 200
    numbers = _numbers(picture)
    assert numbers["entropy"] == pytest.approx(1, abs=0.01)
    assert numbers["contrast"] == pytest.approx(0.25, abs=0.01)
    assert numbers["foreground"] == 0.25


@pytest.mark.parametrize(
    "volume",
    [
        np.zeros((1, 64, 64)),
        np.full((3, 64, 64), 7, dtype=np.uint8),
        np.full((2, 20, 20), np.nan),
        np.full((2, 20, 20), np.inf),
        np.ones((1, 1, 1), dtype=np.int16),
        np.arange(4.0).reshape(1, 2, 2),
        np.zeros((1, 64, 64), dtype=bool),
        np.full((1, 30, 30), 1e300),
        np.eye(64)[None] * 1000,
    ],
    ids=["black", "flat", "NaN", "infinite", "one pixel", "tiny", "bool", "huge numbers", "a line"],
)
def test_pictures_that_say_nothing_are_borne(volume: NDArray[np.generic]) -> None:
    numbers = picture_of(volume).numbers
    assert set(numbers) == set(PICTURE)
    for name, value in numbers.items():
        assert value is None or np.isfinite(value), name


def test_a_flat_picture_has_a_top_and_no_foreground() -> None:
    numbers = picture_of(np.full((3, 64, 64), 7, dtype=np.uint8)).numbers
    assert (numbers.pop("p99"), numbers.pop("foreground")) == (7.0, 0.0)
    assert set(numbers.values()) == {None}


def test_voxels_that_are_not_numbers_are_left_out(head: NDArray[np.float64]) -> None:
    holes = head.copy()
    holes[:, 60:64, 60:64] = np.nan
    holes[0, 0, 0] = np.inf
    assert _numbers(holes) == pytest.approx(_numbers(head), rel=0.05, abs=2e-3)


def test_of_a_large_volume_little_is_looked_at_and_always_the_same(head: NDArray[np.float64]) -> None:
    large = np.tile(np.kron(head[:1], np.ones((1, 4, 4))), (300, 1, 1)).astype(np.float32)
    picture = picture_of(large)
    assert picture.foreground.size < 1.5 * VOXELS
    assert len(picture.foreground) <= MOST_SLICES
    assert picture.numbers == picture_of(large).numbers
    assert picture.numbers["p50"] == pytest.approx(_numbers(head[:1])["p50"], abs=0.02)


def test_entropy_of_answers() -> None:
    assert binary_entropy(0.5) == pytest.approx(1)
    assert binary_entropy(0.0) == pytest.approx(0, abs=1e-9)
    assert binary_entropy(1.0) == pytest.approx(0, abs=1e-9)
    picture = picture_of(np.pad(np.full((1, 40, 40), 9.0), ((0, 0), (20, 20), (20, 20))))
    pixels = np.zeros((1, 80, 80), dtype=np.uint8)
    pixels[:, 20:60, 20:40] = 128  # half of the foreground, and nothing outside counts
    pixels[:, :20] = 128
    assert mean_entropy(pixels, picture) == pytest.approx(0.5, abs=0.01)
    nothing = PictureFeatures({}, picture.sampled, np.zeros_like(picture.foreground))
    assert mean_entropy(pixels, nothing) is None
