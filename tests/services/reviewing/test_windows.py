from __future__ import annotations

import numpy as np
import pytest

from services.reviewing.windows import named_windows

DEFAULT = (10.0, 900.0, 0.0, 1000.0)


@pytest.mark.parametrize(
    ("body_part", "names"),
    [
        ("HEAD", ["Bright tissue (percentiles 60 to 99.9)", "Dark tissue (percentiles 0.5 to 85)"]),
        ("CHEST", ["Lungs (percentiles 0.5 to 65)", "Bones (percentiles 45 to 99.9)"]),
    ],
)
def test_the_default_comes_first_and_every_name_says_what_it_is(body_part: str, names: list[str]) -> None:
    values = np.arange(8 * 20 * 20, dtype=np.int16).reshape(8, 20, 20)
    first, full, *others = named_windows(values, DEFAULT, body_part)
    assert (first.name, first.low, first.high) == ("Default", 10, 900)
    assert (full.name, full.low, full.high) == ("Full range", 0, 1000)
    assert [window.name for window in others] == names
    for window in others:
        low, high = (float(part) for part in window.name.split("percentiles ")[1].rstrip(")").split(" to "))
        assert np.mean(values < window.low) == pytest.approx(low / 100, abs=0.02)
        assert np.mean(values < window.high) == pytest.approx(high / 100, abs=0.02)


def test_a_flat_picture_has_no_windows_without_width() -> None:
    flat = np.full((1, 9, 9), 7, np.uint8)
    windows = named_windows(flat, (7.0, 8.0, 7.0, 7.0), "HEAD")
    assert [window.name for window in windows] == ["Default", "Full range"]
    assert all(window.high > window.low for window in windows)


@pytest.mark.parametrize(
    ("stated", "first"),
    [
        ((40.0, 400.0), "The file's own"),
        ((2000.0, 3000.0), "Default"),
        ((-90.0, 0.0), "Default"),
        (None, "Default"),
    ],
)
def test_the_files_own_window_comes_first_where_it_shows_anything(
    stated: tuple[float, float] | None, first: str
) -> None:
    values = np.arange(8 * 20 * 20, dtype=np.int16).reshape(8, 20, 20)
    windows = named_windows(values, DEFAULT, "HEAD", stated)
    assert windows[0].name == first
    assert "Default" in {window.name for window in windows}
    if first != "Default":
        assert (windows[0].low, windows[0].high) == stated
