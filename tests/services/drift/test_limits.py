"""Limits of features: set by a person, used from then on, told by each run, and taken back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine

from data.errors import InvalidInput
from data.records import BRAIN_TUMOUR, DriftAsk, Role, Severity, User
from data.stores.audit import AuditLog
from reports.drift_columns import CATEGORY, NUMBER
from reports.drift_limits import USUAL, Limit, limit_of
from reports.drift_verdict import is_drifted, severity
from tests.services.drifting import DriftHouse

HEAD = User("head", "head", "Dr Head", Role.HEAD)
ASK = DriftAsk(BRAIN_TUMOUR, last=60)


@pytest.fixture
def house(engine: Engine, tmp_path: Path) -> DriftHouse:
    return DriftHouse(engine, tmp_path)


def noise_of(house: DriftHouse) -> tuple[dict[str, Any], list[str], str]:
    run = house.drift.run_now(ASK)
    snapshot = house.drift.snapshot(run.id)
    return next(each for each in snapshot["features"] if each["name"] == "noise"), snapshot["notes"], run.id


def test_a_run_is_judged_by_the_limits_of_its_time_and_says_so_ever_after(house: DriftHouse) -> None:
    house.add(120, 1)
    house.add(60, 2, day=30, noise=lambda value, random: value + 0.004)  # one standard deviation
    house.limits.set_typed(BRAIN_TUMOUR, "noise", "psi", "50", "0,01", HEAD)
    noise, notes, old = noise_of(house)
    assert (noise["distance"], noise["limit"], noise["p_limit"]) == ("psi", 50.0, 0.01)
    assert not noise["drifted"] and noise["p_corrected"] < 0.01 and noise["effect"] > 0.1
    (note,) = (note for note in notes if "limit of its own" in note)
    assert note.startswith("Noise") and "PSI" in note and "set by Dr Head on" in note
    house.limits.reset(BRAIN_TUMOUR, "noise", HEAD)
    noise, notes, _ = noise_of(house)
    assert noise["drifted"] and (noise["distance"], noise["limit"]) == ("wasserstein", 0.1)
    assert not any("limit of its own" in note for note in notes)
    assert note in house.drift.snapshot(old)["notes"]
    trail = AuditLog(house.engine).recent(2)
    assert [event.subject for event in trail] == ["brain-tumour noise"] * 2


@pytest.mark.parametrize(
    ("feature", "method", "effect", "p", "words"),
    [
        ("colour", "psi", "0.2", "0.05", "Choose a feature"),
        ("noise", "ks", "0.2", "0.05", "distance that fits"),
        ("site", "wasserstein", "0.2", "0.05", "distance that fits"),
        ("noise", "psi", "0", "0.05", "distance above 0"),
        ("noise", "psi", "much", "0.05", "distance above 0"),
        ("noise", "psi", "0.2", "0", "p above 0"),
        ("noise", "psi", "0.2", "1.1", "p above 0"),
    ],
)
def test_what_is_no_limit_is_refused(
    house: DriftHouse, feature: str, method: str, effect: str, p: str, words: str
) -> None:
    with pytest.raises(InvalidInput, match=words):
        house.limits.set_typed(BRAIN_TUMOUR, feature, method, effect, p, HEAD)
    assert house.limits.of(BRAIN_TUMOUR) == {}


def test_a_limit_is_of_one_task_and_the_latest_word_counts(house: DriftHouse) -> None:
    house.limits.set_typed(BRAIN_TUMOUR, "noise", "psi", "0.2", "0.05", HEAD)
    house.limits.set_typed(BRAIN_TUMOUR, "noise", "hellinger", "0.3", "0.05", HEAD)
    assert house.limits.of("pneumonia") == {}
    (limit,) = house.limits.of(BRAIN_TUMOUR).values()
    assert (limit.method, limit.effect, limit.set_name) == ("hellinger", 0.3, "Dr Head")


def test_both_sides_of_a_limit() -> None:
    assert is_drifted(0.3, 0.019, 0.3, 0.02)
    assert not is_drifted(np.nextafter(0.3, 0), 0.019, 0.3, 0.02)
    assert not is_drifted(0.3, 0.02, 0.3, 0.02)
    output = {"name": "probability", "p_corrected": 0.0, "drifted": True, "effect": 0.99, "limit": 0.2}
    others = [{"name": str(n), "p_corrected": 1.0, "drifted": False, "effect": 0.0} for n in range(3)]
    assert severity([output, *others], None, None) is Severity.WARNING
    assert severity([output | {"effect": 1.0}, *others], None, None) is Severity.CRITICAL


def test_a_distance_that_does_not_fit_gives_way_to_the_usual_limit() -> None:
    changed = {"slices": Limit("wasserstein", 3.0, 0.01)}
    assert limit_of("slices", NUMBER, changed) == changed["slices"]
    assert limit_of("slices", CATEGORY, changed) == USUAL[CATEGORY]
    assert limit_of("noise", NUMBER, changed) == Limit("wasserstein", 0.1, 0.05)
