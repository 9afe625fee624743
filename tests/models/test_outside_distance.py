"""Outside distance: about 1 at the edge of the reference, more beyond it, nothing where it cannot be said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.feature_files import written
from models import outside_distance
from models.weights import REFERENCE


def _correlated(random: np.random.Generator, n: int) -> np.ndarray:
    """Vectors (n, 40) of very unequal scales that vary along six directions, and a little beside them."""
    directions = np.random.default_rng(7).normal(size=(6, 40))
    scales = np.logspace(-2, 2, 40)
    return (random.normal(size=(n, 6)) @ directions + 0.3 * random.normal(size=(n, 40))) * scales + 5


def test_a_hundredth_of_unseen_pictures_like_the_reference_lies_over_one() -> None:
    random = np.random.default_rng(0)
    distance = outside_distance.fitted(_correlated(random, 300))
    assert distance is not None
    over = distance.of_rows(_correlated(random, 4000)) > 1
    assert 0.003 < over.mean() < 0.03


def test_what_breaks_the_correlations_lies_outside_though_each_component_is_usual() -> None:
    random = np.random.default_rng(1)
    inside = _correlated(random, 400)
    distance = outside_distance.fitted(inside)
    assert distance is not None
    shuffled = np.stack([random.permutation(column) for column in inside.T], axis=1)
    assert (distance.of_rows(shuffled) > 1).mean() > 0.9


def test_the_middle_is_zero_and_the_way_out_is_straight() -> None:
    distance = outside_distance.fitted(_correlated(np.random.default_rng(2), 200))
    assert distance is not None
    step = np.ones(40)
    near, far = distance.of(distance.centre + step), distance.of(distance.centre + 3 * step)
    assert distance.of(distance.centre) == pytest.approx(0)
    assert near is not None and far == pytest.approx(3 * near)


def test_a_constant_component_does_not_break_it() -> None:
    vectors = _correlated(np.random.default_rng(3), 200)
    vectors[:, 4] = 1.0
    distance = outside_distance.fitted(vectors)
    assert distance is not None and np.isfinite(distance.of_rows(vectors)).all()


@pytest.mark.parametrize("vector", [None, np.ones(39), np.full(40, np.nan)])
def test_a_vector_that_cannot_be_compared_has_no_distance(vector: np.ndarray | None) -> None:
    distance = outside_distance.fitted(_correlated(np.random.default_rng(4), 200))
    assert distance is not None and distance.of(vector) is None


def test_a_hundred_rows_are_a_reference_and_fewer_are_not() -> None:
    vectors = _correlated(np.random.default_rng(5), outside_distance.LEAST_ROWS)
    assert outside_distance.fitted(vectors) is not None
    vectors[0, 0] = np.nan
    assert outside_distance.fitted(vectors) is None


def test_a_version_is_measured_by_its_own_reference(tmp_path: Path) -> None:
    assert outside_distance.opened(tmp_path) is None
    vectors = _correlated(np.random.default_rng(6), 200).astype(np.float16)
    frame = pd.DataFrame({"probability": np.zeros(len(vectors))})
    (tmp_path / REFERENCE).write_bytes(written(frame))
    assert outside_distance.opened(tmp_path) is None
    (tmp_path / REFERENCE).write_bytes(written(frame, vectors))
    opened, direct = outside_distance.opened(tmp_path), outside_distance.fitted(vectors)
    assert opened is not None and direct is not None
    assert opened.of(vectors[3]) == pytest.approx(direct.of(vectors[3]))
