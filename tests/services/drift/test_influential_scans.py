"""From a drifted number to its scans: 30 strange ones among 600 are found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage
from sqlalchemy import Engine

from data.database import writing
from data.errors import InvalidInput, NotFound
from data.records import BRAIN_TUMOUR, DriftAsk, DriftRun
from data.stores.features import note_features
from models.features import picture_of
from services.drift.influence_scores import name_scores, number_scores
from services.drift.influential_scans import EMBEDDING, OVERALL, scan_ids
from tests.data.builders import MORNING
from tests.services.drifting import DriftHouse, a_reading

STRANGE, WINDOW, ENOUGH = 30, 600, 24
Picture = NDArray[np.float64]


@pytest.fixture
def house(engine: Engine, tmp_path: Path) -> DriftHouse:
    return DriftHouse(engine, tmp_path)


def run_with(house: DriftHouse, **strange: Any) -> tuple[DriftRun, set[str]]:
    """A run over 570 ordinary readings and 30 strange ones, spread among them."""
    house.add(700, 1)
    kept = house.references.freeze(DriftAsk(BRAIN_TUMOUR, last=700), "Before", _nora())
    house.add(WINDOW - STRANGE, 2, day=30)
    injected = house.add(STRANGE, 3, day=30, **strange)
    ask = DriftAsk(BRAIN_TUMOUR, kept.id, last=WINDOW)
    return house.drift.run_now(ask), set(injected)


def _nora() -> Any:
    from data.records import Role, User

    return User("nora", "nora", "Nora Field", Role.MLOPS)


def injected_share(house: DriftHouse, run: DriftRun, feature: str, injected: set[str]) -> int:
    first = scan_ids(house.influential_scans.of(run.id, feature, None))[:STRANGE]
    return len(injected & set(first))


def grown(factor: float) -> Callable[[float, np.random.Generator], float]:
    return lambda value, random: value * factor


BRIGHT = {"p50": lambda v, r: v + 0.3, "mean": lambda v, r: v + 0.3, "p99": grown(1.8)}
NOISY = {"noise": grown(2.2), "sharpness": grown(2.0), "entropy": lambda v, r: v + 0.2}
BLURRED = {"sharpness": grown(0.15), "noise": grown(0.4)}
OTHER = {"scanner": "Newco X", "noise": grown(1.4), "contrast": grown(1.3), "bias_field": grown(1.7)}


@pytest.mark.parametrize(
    ("strange", "features"),
    [
        (BRIGHT, ("p99", "mean", OVERALL)),
        (NOISY, ("noise", OVERALL)),
        (BLURRED, ("sharpness", "noise", OVERALL)),
        (OTHER, ("scanner", OVERALL)),
        ({"shift": 2.0}, (EMBEDDING,)),
    ],
    ids=("brightness", "noise", "blur", "another scanner", "embedding"),
)
def test_thirty_strange_scans_among_six_hundred_come_first(
    house: DriftHouse, strange: dict[str, Any], features: tuple[str, ...]
) -> None:
    run, injected = run_with(house, **strange)
    for feature in features:
        assert injected_share(house, run, feature, injected) >= ENOUGH, feature
    if features[0] not in (EMBEDDING, OVERALL):
        snapshot = house.drift.snapshot(run.id)
        assert next(feature for feature in snapshot["features"] if feature["name"] == features[0])["drifted"]


def a_picture(random: np.random.Generator) -> Picture:
    """A head with structure in it, 96 x 96, no two alike."""
    rows, columns = np.mgrid[-1:1:96j, -1:1:96j]
    inside = (rows / random.uniform(0.75, 0.9)) ** 2 + (columns / random.uniform(0.6, 0.8)) ** 2 < 1
    texture = ndimage.gaussian_filter(random.normal(size=(96, 96)), 4)
    tissue = 500 + 120 * texture / texture.std() + 80 * rows * random.normal()
    return np.asarray(np.where(inside, tissue, 10) + random.normal(0, 12, (96, 96)))


DAMAGE: dict[str, Callable[[Picture, np.random.Generator], Picture]] = {
    "noise": lambda picture, random: picture + random.normal(0, 45, picture.shape),
    "blur": lambda picture, random: ndimage.gaussian_filter(picture, 1.2),
    "brightness": lambda picture, random: picture * 2.5,
}


@pytest.mark.parametrize(
    ("kind", "feature"), [("noise", "noise"), ("blur", "sharpness"), ("brightness", "p99")]
)
def test_pictures_that_were_changed_are_found_by_their_own_features(
    house: DriftHouse, engine: Engine, kind: str, feature: str
) -> None:
    random = np.random.default_rng(7)
    injected: set[str] = set()
    with writing(engine) as connection:
        for number in range(500 + WINDOW):
            picture = a_picture(random)
            strange = number >= 500 + WINDOW - STRANGE
            if strange:
                picture = DAMAGE[kind](picture, random)
            reading = a_reading(random, f"{number:032x}", MORNING.replace(month=11 + (number >= 500)))
            note_features(connection, replace(reading, **picture_of(picture[None]).numbers))
            injected |= {reading.scan_id} if strange else set()
    kept = house.references.freeze(DriftAsk(BRAIN_TUMOUR, to="2026-11-30", last=500), "Before", _nora())
    run = house.drift.run_now(DriftAsk(BRAIN_TUMOUR, kept.id, last=WINDOW))
    assert injected_share(house, run, feature, injected) >= ENOUGH
    assert injected_share(house, run, OVERALL, injected) >= ENOUGH


def test_a_scan_comes_with_its_value_beside_what_is_usual(house: DriftHouse) -> None:
    run, injected = run_with(house, **NOISY)
    told = house.influential_scans.of(run.id, "noise", None, 10)
    assert (told.title, told.unit, len(told.scans)) == ("Noise", "of range", 10)
    assert told.q25 is not None and told.median is not None and told.q75 is not None
    assert told.q25 < told.median < told.q75 and told.median == pytest.approx(0.03, rel=0.05)
    assert all(scan.value > 0.04 for scan in told.scans if isinstance(scan.value, float))
    sexes = house.influential_scans.of(run.id, "sex", None, 5)
    assert sexes.usual in ("F", "M") and {scan.value for scan in sexes.scans} <= {"F", "M"}
    assert len(house.influential_scans.of(run.id, "pc3", None).scans) == 60
    for wrong in ("pc99", "no such feature", "pcx"):
        with pytest.raises(NotFound):
            house.influential_scans.of(run.id, wrong, None)


def test_what_takes_long_is_kept_by_the_run(house: DriftHouse) -> None:
    run, _ = run_with(house, **NOISY)
    house.influential_scans.prepare(run)
    kept = house.files.get_array(f"drift/runs/{run.id}/overall.npy")
    first = house.influential_scans.of(run.id, OVERALL, None).scans
    assert len(kept) == WINDOW and first[0].score == kept.max()


def test_an_empty_window_has_no_scans_to_choose_from(house: DriftHouse) -> None:
    house.add(100, 1)
    run = house.drift.run_now(DriftAsk(BRAIN_TUMOUR, first="2027-05-01"))
    house.influential_scans.prepare(run)
    with pytest.raises(InvalidInput):
        house.influential_scans.of(run.id, "noise", None)


def test_scores_of_numbers_and_names() -> None:
    random = np.random.default_rng(0)
    reference = random.normal(size=500)
    current = np.concatenate([random.normal(size=285), np.full(10, 6.0), [9.0], np.full(4, np.nan)])
    scores = number_scores(reference, current)
    order = np.argsort(-scores)
    assert set(order[:11]) == set(range(285, 296)) and order[0] == 295
    assert scores[-1] == scores[-4] > np.median(scores)  # unknown ones are new as well
    names = name_scores(np.array(["a"] * 90 + ["b"] * 10), np.array(["a"] * 50 + ["b"] * 10 + ["c"] * 5))
    assert names[64] > names[55] > names[0]
    assert (number_scores(np.full(40, 3.0), np.array([3.0, 4.0]))[::-1].argsort() == [1, 0]).any()
