"""From a drifted feature to what its scans share: named where they share it, silent where they do not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import Engine

from data.errors import InvalidInput, NotAllowed
from data.ledger.blinding import Hidden
from data.ledger.in_memory import Ledger
from data.records import BRAIN_TUMOUR, DriftAsk, Role, ScanHeader, User
from services.drift.influential_scans import Scored
from services.drift.segments import Segment, Segments, compared, filters_for, tail_of
from tests.data.builders import a_kept_scan
from tests.services.drifting import DriftHouse

NORA = User("nora", "nora", "Nora Field", Role.MLOPS)
RANDOM = np.random.default_rng(0)
USUAL = RANDOM.normal(0, 1, 1000)


def scored(values: np.ndarray, before: np.ndarray = USUAL) -> Scored:
    return Scored(pd.DataFrame(index=range(len(values))), np.zeros(len(values)), before, values)


def segments_of(names: dict[str, list[str]], tail: list[bool]) -> dict[str, Segment]:
    columns = {attribute: np.array(values, dtype=object) for attribute, values in names.items()}
    return {
        segment.value: segment for segment in compared(columns, np.array(tail), lambda *_: {"task": ("t",)})
    }


def test_the_tail_lies_where_the_window_has_more_than_it_should() -> None:
    shifted = np.r_[RANDOM.normal(0, 1, 80), np.full(20, 4.0)]
    tail = tail_of(scored(shifted))
    assert tail.rows[-20:].all() and tail.rows.sum() < 40 and tail.words.startswith("above 1.")
    assert "below" not in tail.words
    both = tail_of(scored(np.r_[np.zeros(60), np.full(20, -4.0), np.full(20, 4.0)]))
    assert both.rows.sum() == 40 and "where 10 % of the reference lie" in both.words
    with pytest.raises(InvalidInput, match="no scans stand apart here"):
        tail_of(scored(np.zeros(100)))
    with pytest.raises(InvalidInput, match="at least 30"):
        tail_of(scored(np.full(20, 4.0)))


def test_the_tail_of_a_constant_is_what_has_another_value() -> None:
    tail = tail_of(scored(np.r_[np.full(50, 24.0), np.full(50, 30.0)], np.full(100, 24.0)))
    assert tail.rows.tolist() == [False] * 50 + [True] * 50


def test_the_tail_of_names_is_what_became_twice_as_frequent() -> None:
    before = np.array(["A"] * 80 + ["B"] * 20, dtype=object)
    values = np.array(["A"] * 50 + ["B"] * 39 + ["C"] * 11, dtype=object)
    tail = tail_of(scored(values, before))
    assert set(values[tail.rows]) == {"C"}  # B is at 1.95 times
    assert tail_of(scored(np.array(["B"] * 40 + ["A"] * 60, dtype=object), before)).rows.sum() == 40
    with pytest.raises(InvalidInput, match="No name"):
        tail_of(scored(before, before))


def test_what_is_shared_comes_first_and_chance_does_not_stand_out() -> None:
    tail = [True] * 60 + [False] * 140
    scanner = ["New"] * 55 + ["Old"] * 5 + ["New"] * 20 + ["Old"] * 120
    site = ["North", "South"] * 100
    segments = segments_of({"scanner": scanner, "site": site, "constant": ["x"] * 200}, tail)
    assert {value for value, segment in segments.items() if segment.stands_out} == {"New"}
    new = segments["New"]
    assert (new.inside["n"], new.outside["n"]) == (60, 140)
    assert new.inside["value"] == pytest.approx(55 / 60) and new.outside["value"] == pytest.approx(20 / 140)
    assert new.difference["low"] < 55 / 60 - 20 / 140 < new.difference["high"]
    assert "x" not in segments and not segments["Old"].stands_out


def test_three_of_three_do_not_stand_before_forty_of_fifty() -> None:
    tail = [True] * 50 + [False] * 150
    many = ["many"] * 40 + ["-"] * 10 + ["many"] * 30 + ["-"] * 120
    few = ["few"] * 3 + ["."] * 197
    segments = segments_of({"many": many, "few": few}, tail)
    assert segments["many"].difference["low"] > segments["few"].difference["low"]
    assert segments["few"].difference["low"] > 0 and segments["few"].p_corrected < 0.05
    assert not segments["few"].stands_out  # of fewer than five


@pytest.mark.parametrize(
    ("attribute", "value", "filters"),
    [
        ("scanner", "Acme One", {"task": ("t",), "scanner": ("Acme One",)}),
        ("version", "2", {"task": ("t",), "version": ("t 2",)}),
        (
            "week",
            "2026-11-16 to 2026-11-22",
            {"task": ("t",), "from": ("2026-11-16",), "to": ("2026-11-22",)},
        ),
        ("week", "unknown", {}),
        ("software", "syngo", {}),
        ("sender", "PACS", {}),
    ],
)
def test_a_segment_leads_to_its_scans_where_a_filter_can_say_them(
    attribute: str, value: str, filters: dict[str, tuple[str, ...]]
) -> None:
    assert filters_for("t", attribute, value) == filters


def test_a_noisy_scanner_is_found_by_its_name(engine: Engine, tmp_path: Path) -> None:
    house = DriftHouse(engine, tmp_path)
    house.add(120, 1, software="A1")
    ids = [
        a_kept_scan(engine, name=f"P {n}", header=ScanHeader(sequence="FLAIR" if n < 40 else "T2")).id
        for n in range(100)
    ]
    house.add(0, 2, day=30, scan_ids=ids[:40], scanner="New One", software="B2", noise=lambda v, r: v + 0.03)
    house.add(0, 3, day=30, scan_ids=ids[40:], software="A1")
    run = house.drift.run_now(DriftAsk(BRAIN_TUMOUR, last=100))
    nobody = Segments(
        house.influential_scans, Ledger(engine), lambda ids: dict.fromkeys(ids[:1], "PACS"), _hidden()
    )
    shared = nobody.of(run.id, "noise", NORA)
    assert {(segment.attribute, segment.value) for segment in shared.segments} == {
        ("scanner", "New One"),
        ("software", "B2"),
        ("sequence", "FLAIR"),
    }
    assert shared.tail + shared.rest == 100 and 40 <= shared.tail <= 50
    blind = Segments(house.influential_scans, Ledger(engine), lambda _: {}, _hidden(*ids[:40]))
    with pytest.raises(InvalidInput):
        blind.of(run.id, "slices", NORA)
    assert blind.of(run.id, "noise", NORA).segments == ()
    with pytest.raises(NotAllowed):
        nobody.of(run.id, "noise", User("a", "a", "A", Role.ADMIN))


def _hidden(*readings: str):
    return lambda _: Hidden(readings=frozenset(readings))
