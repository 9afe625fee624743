"""X-rays are read as a display would show them; slices keep their values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from data.formats import decode
from data.formats.dicom.display import windowed
from data.records import DecodedScan
from tests.data.formats.making import DX, affine_of, picture, save, write_series

FILM = (np.arange(64 * 48, dtype=np.uint16).reshape(64, 48) % 3000) + 500
SHADES = (FILM // 16).astype(np.uint16)


def film(pixels: NDArray[Any] = FILM, **elements: Any) -> Dataset:
    """A radiograph of 12 bits."""
    twelve = {"BitsStored": 12, "HighBit": 11} if pixels.dtype.itemsize == 2 else {}
    return picture(pixels, **{"SOPClassUID": DX, "Modality": "DX"} | twelve | elements)


def table(entries: NDArray[Any], first: int, bits: int, vr: str = "US") -> list[Dataset]:
    item = Dataset()
    item.LUTDescriptor = [len(entries) % 65536, first, bits]
    value = entries.astype("<u2").tobytes() if vr == "OW" else [int(entry) for entry in entries]
    item.add_new("LUTData", vr, value)
    return [item]


def shown(dataset: Dataset, tmp_path: Path) -> DecodedScan:
    (scan,) = decode(save(dataset, tmp_path / "film.dcm"), "film.dcm").scans
    return scan


def grey(scan: DecodedScan) -> NDArray[np.float64]:
    """0 (black) to 1."""
    values = scan.array[0].astype(np.float64)
    return (values - values.min()) / np.ptp(values)


@pytest.mark.parametrize("vr", ["US", "OW"])
def test_a_table_of_values_of_interest_is_applied(vr: str, tmp_path: Path) -> None:
    entries = np.arange(4096)[::-1] // 16
    scan = shown(film(4095 - FILM, VOILUTSequence=table(entries, 0, 8, vr)), tmp_path)
    assert np.array_equal(scan.array[0], SHADES)
    assert scan.warnings == ()


def test_values_outside_a_table_get_its_ends(tmp_path: Path) -> None:
    scan = shown(film(VOILUTSequence=table(np.arange(1000) + 7, 1000, 12)), tmp_path)
    assert np.array_equal(scan.array[0], np.clip(FILM.astype(int) - 1000, 0, 999) + 7)


def test_a_table_goes_before_a_window(tmp_path: Path) -> None:
    elements = {"VOILUTSequence": table(np.arange(4096) // 16, 0, 8), "WindowCenter": 10, "WindowWidth": 5}
    assert np.array_equal(shown(film(**elements), tmp_path).array[0], SHADES)


def test_what_lies_beyond_the_window_does_not_count(tmp_path: Path) -> None:
    bordered = FILM.copy()
    bordered[:20] = 4095
    scan = shown(film(bordered, WindowCenter="2000", WindowWidth="3001"), tmp_path)
    assert scan.array[0, :20].min() == 65535
    expected = np.clip((FILM.astype(float) - 1999.5) / 3000 + 0.5, 0, 1)
    assert np.allclose(scan.array[0, 20:] / 65535, expected[20:], atol=1e-5)


@pytest.mark.parametrize(
    ("function", "value", "shade"),
    [
        # PS3.3 C.11.2.1.2.1: x <= c - 0.5 - (w-1)/2 is black; at c - 0.5 it is the middle.
        ("LINEAR", 99.5, 0.5),
        ("LINEAR", 50.0, 0.0),
        ("LINEAR", 149.0, 1.0),
        ("LINEAR_EXACT", 100.0, 0.5),
        ("LINEAR_EXACT", 50.0, 0.0),
        ("LINEAR_EXACT", 75.0, 0.25),
        ("SIGMOID", 100.0, 0.5),
        ("SIGMOID", 125.0, 1 / (1 + np.exp(-1))),
    ],
)
def test_window_functions(function: str, value: float, shade: float) -> None:
    assert windowed(np.array([value]), 100.0, 100.0, function)[0] == pytest.approx(shade)


@pytest.mark.parametrize("function", ["SIGMOID", "LINEAR_EXACT", "LINEAR"])
def test_the_function_of_the_file_is_used(function: str, tmp_path: Path) -> None:
    scan = shown(film(WindowCenter="2000", WindowWidth="2000", VOILUTFunction=function), tmp_path)
    assert np.allclose(scan.array[0] / 65535, windowed(FILM, 2000, 2000, function), atol=1e-5)


@pytest.mark.parametrize(
    ("elements", "inverted", "words"),
    [
        ({}, False, ""),
        ({"PhotometricInterpretation": "MONOCHROME1"}, True, ""),
        ({"PhotometricInterpretation": "MONOCHROME1", "PresentationLUTShape": "INVERSE"}, True, ""),
        ({"PresentationLUTShape": "IDENTITY"}, False, ""),
        ({"PresentationLUTShape": "INVERSE"}, True, "contradicts itself"),
        (
            {"PhotometricInterpretation": "MONOCHROME1", "PresentationLUTShape": "IDENTITY"},
            True,
            "contradicts",
        ),
    ],
)
@pytest.mark.parametrize("way", ["plain", "window", "table"])
def test_dark_for_bright(
    elements: dict[str, str], inverted: bool, words: str, way: str, tmp_path: Path
) -> None:
    more: dict[str, Any] = {
        "plain": {},
        "window": {"WindowCenter": 2000, "WindowWidth": 4001},
        "table": {"VOILUTSequence": table(np.arange(4096), 0, 12)},
    }[way]
    scan = shown(film(**elements, **more), tmp_path)
    bright = (FILM - 500) / 2999
    assert np.allclose(grey(scan), 1 - bright if inverted else bright, atol=1e-3)
    assert words in " ".join(scan.warnings)
    assert bool(scan.warnings) == bool(words)


@pytest.mark.parametrize(
    "window",
    [{"WindowCenter": "100", "WindowWidth": "1"}, {"WindowCenter": "60000", "WindowWidth": "10"}],
)
def test_a_window_that_shows_nothing_is_not_used(window: dict[str, str], tmp_path: Path) -> None:
    scan = shown(film(**window), tmp_path)
    assert np.array_equal(scan.array[0], FILM)
    assert "shows nothing" in scan.warnings[0]


@pytest.mark.parametrize("width", ["0", "-5", "wide"])
def test_a_window_without_a_width_is_said(width: str, tmp_path: Path) -> None:
    dataset = film(WindowCenter="100")
    dataset.add_new("WindowWidth", "LO", width)
    scan = shown(dataset, tmp_path)
    assert np.array_equal(scan.array[0], FILM)
    assert "not understood" in scan.warnings[0]


def test_a_window_with_decimal_commas_and_of_several(tmp_path: Path) -> None:
    dataset = film()
    dataset.add_new("WindowCenter", "LO", "2000,5\\100")
    dataset.add_new("WindowWidth", "LO", "1000,0\\10")
    scan = shown(dataset, tmp_path)
    assert np.allclose(scan.array[0] / 65535, windowed(FILM, 2000.5, 1000, "LINEAR"), atol=1e-5)


def test_a_window_is_of_rescaled_values(tmp_path: Path) -> None:
    elements = {
        "RescaleSlope": "2",
        "RescaleIntercept": "-100",
        "WindowCenter": "4000",
        "WindowWidth": "1000",
    }
    scan = shown(film(**elements), tmp_path)
    expected = windowed(FILM.astype(float) * 2 - 100, 4000, 1000, "LINEAR")
    assert np.allclose(scan.array[0] / 65535, expected, atol=1e-5)


def test_the_modality_table_is_applied_before(tmp_path: Path) -> None:
    dataset = film(
        ModalityLUTSequence=table(np.arange(4096)[::-1], 0, 12), WindowCenter=2000, WindowWidth=1000
    )
    scan = shown(dataset, tmp_path)
    assert np.allclose(scan.array[0] / 65535, windowed(4095 - FILM, 2000, 1000, "LINEAR"), atol=1e-5)


def test_a_white_border_is_background_as_in_other_pictures(tmp_path: Path) -> None:
    framed = FILM.copy()
    framed[:5] = framed[-5:] = 4095
    framed[:, :5] = framed[:, -5:] = 4095
    scan = shown(film(framed, WindowCenter="2000", WindowWidth="3001"), tmp_path)
    assert scan.array[0, :5].max() == scan.array[0, 5:-5, 5:-5].min()
    assert "white frame" in scan.warnings[0]


def test_padding_is_black_behind_a_window(tmp_path: Path) -> None:
    pixels = FILM.copy()
    pixels[:8] = 4000
    dataset = film(pixels, WindowCenter="2000", WindowWidth="2000")
    dataset.add_new("PixelPaddingValue", "US", 4000)
    assert shown(dataset, tmp_path).array[0, :8].max() == 0


@pytest.mark.parametrize("relationship", ["LIN", "LOG"])
@pytest.mark.parametrize(("sign", "bone_is_high"), [(1, False), (-1, True)])
def test_a_film_for_processing_is_turned_so_that_bones_are_bright(
    relationship: str, sign: int, bone_is_high: bool, tmp_path: Path
) -> None:
    elements = {
        "PresentationIntentType": "FOR PROCESSING",
        "PixelIntensityRelationship": relationship,
        "PixelIntensityRelationshipSign": sign,
    }
    scan = shown(film(**elements), tmp_path)
    order = np.argsort(FILM.ravel(), kind="stable")
    along = scan.array[0].ravel()[order if bone_is_high else order[::-1]].astype(float)
    assert (np.diff(along) >= 0).all()
    assert "for processing" in scan.warnings[0]


def test_the_window_of_a_slice_is_left_alone(tmp_path: Path) -> None:
    elements = {"WindowCenter": 2000, "WindowWidth": 10, "VOILUTSequence": table(np.arange(4096) // 16, 0, 8)}
    assert np.array_equal(shown(film(Modality="MR", **elements), tmp_path).array[0], FILM)


@pytest.mark.parametrize(
    ("vr", "value", "pixels"),
    [
        ("US", 63536, np.int16),  # -2000, written without its sign
        ("SS", -2000, np.int16),
        ("SS", -2000, np.uint16),  # 63536, written with one
        ("US", 63536, np.uint16),
    ],
)
def test_padding_in_either_representation(vr: str, value: int, pixels: Any, tmp_path: Path) -> None:
    values = (FILM % 500 + 100).astype(pixels)
    values[:8] = np.array(63536, np.uint16).astype(pixels)
    dataset = picture(values)
    dataset.add_new("PixelPaddingValue", vr, value)
    scan = shown(dataset, tmp_path)
    assert (scan.array[0, :8] == 100).all()
    assert scan.array.max() < 700


@pytest.mark.parametrize("ends", [(63536, 63000), (63000, 63536)])
def test_a_range_of_padding_in_either_order(ends: tuple[int, int], tmp_path: Path) -> None:
    values = (FILM % 500 + 100).astype(np.int16)
    values[:8] = np.arange(-2536, -2000, 67)[:8, None]
    dataset = picture(values)
    dataset.add_new("PixelPaddingValue", "US", ends[0])
    dataset.add_new("PixelPaddingRangeLimit", "US", ends[1])
    scan = shown(dataset, tmp_path)
    assert (scan.array[0, :8] == 100).all()


@pytest.mark.parametrize(
    ("elements", "window"),
    [
        ({"WindowCenter": "600", "WindowWidth": "1001"}, (99.5, 1099.5)),
        ({"WindowCenter": "600", "WindowWidth": "1000", "VOILUTFunction": "LINEAR_EXACT"}, (100, 1100)),
        ({"WindowCenter": ["40", "600"], "WindowWidth": ["81", "9"]}, (-0.5, 79.5)),
        ({"WindowCenter": "600", "WindowWidth": "0"}, None),
        ({"WindowCenter": "600", "WindowWidth": "9", "PhotometricInterpretation": "MONOCHROME1"}, None),
        ({}, None),
    ],
)
def test_slices_keep_their_values_and_the_window_that_their_file_states(
    tmp_path: Path, elements: dict[str, Any], window: tuple[float, float] | None
) -> None:
    volume = np.random.default_rng(3).integers(0, 1300, (16, 16, 6)).astype(np.int16)
    affine = affine_of(((0, 1, 2), (-1, -1, 1)), (0.9, 0.9, 5.0))
    (scan,) = decode(write_series(volume, affine, tmp_path / "series", **elements), "series").scans
    assert scan.window == (None if window is None else pytest.approx(window))


def test_an_x_ray_has_gone_through_its_window_already(tmp_path: Path) -> None:
    assert shown(film(WindowCenter="2000", WindowWidth="2000"), tmp_path).window is None
