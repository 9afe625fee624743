"""Rehearsal: a candidate reads the last scans beside the champion, and nobody waits for it."""

from __future__ import annotations

import io
import threading

import numpy as np
import pytest
from PIL import Image

from data.errors import InvalidInput, NotAllowed, NotFound
from data.records import BRAIN_TUMOUR, JobState, PromotionVerdict, Rehearsal
from reports.colours import AI_COLOUR, CANDIDATE_COLOUR
from services import keys
from services.versions.promotion_gate import Margins, judged, truths_needed
from services.versions.rehearser import paired
from tests.services.small_models import MARGINS, PATIENCE_S, Department


def _rehearsed(house: Department, version: str, scans: int = 100) -> Rehearsal:
    house.rehearse(version, scans)
    rehearsal = house.rehearsals.latest(BRAIN_TUMOUR, version)
    assert rehearsal is not None
    return rehearsal


def test_differences_come_sorted_with_truth_cost_and_pictures(house: Department) -> None:
    bright, dim = house.add(4, bright=800), house.add(2, bright=600)
    healthy = house.add(3, bright=0)
    version = house.version(above=700, name="candidate").version
    made = _rehearsed(house, version)
    assert (made.version, made.against, made.synthetic, made.failed) == (version, "1", False, ())
    # Above 700 it misses the dim ones, leaves the rim of the bright ones, and agrees on the healthy.
    order = [difference.scan_id for difference in made.differences]
    assert set(order[:2]) == {scan.id for scan in dim}
    assert set(order[2:6]) == {scan.id for scan in bright}
    assert set(order[6:]) == {scan.id for scan in healthy}
    assert [difference.sides_changed for difference in made.differences] == [True] * 2 + [False] * 7
    assert made.sides_changed == 2
    rim = made.differences[2]
    assert rim.overlap == pytest.approx(2 * 144 / (168 + 144))
    assert (rim.champion.truth_dice, rim.candidate.truth_dice) == (pytest.approx(2 * 144 / 312), 1.0)
    assert rim.champion.volume_ml == pytest.approx(168 * 5 / 1000)
    assert rim.slice == 1
    recall, specificity, dice = made.paired
    assert (recall.n, recall.better, recall.worse, recall.difference) == (6, 0, 2, pytest.approx(-1 / 3))
    assert recall.p == pytest.approx(0.5)
    assert (specificity.n, specificity.difference) == (3, 0.0)
    assert (dice.n, dice.better, dice.worse) == (6, 4, 2)
    assert made.candidate_cost is not None
    assert made.candidate_cost.picture_ms > 0
    assert made.candidate_cost.peak_mb > 0

    # Nothing of it counts as a reading.
    assert house.results.latest(rim.scan_id).provenance.model_version == "1"  # type: ignore[union-attr]
    run = house.tracking.runs("lightbox-brain-tumour-rehearsal", {"lightbox.version": version})[0]
    assert (run.status, run.tags["lightbox.kind"], run.tags["lightbox.against"]) == (
        "FINISHED",
        "rehearsal",
        "1",
    )
    assert run.metrics["recall_difference"] == pytest.approx(-1 / 3)

    picture = Image.open(io.BytesIO(house.rehearsal_pictures.png(made.id, rim.scan_id)))
    colours = {colour for _, colour in picture.convert("RGB").getcolors(1 << 16)}
    assert {AI_COLOUR, CANDIDATE_COLOUR} <= colours
    with pytest.raises(NotFound):
        house.rehearsal_pictures.png(made.id, "0" * 32)


def test_the_last_scans_are_taken_and_real_ones_before_synthetic(house: Department) -> None:
    house.add(3, bright=800, synthetic=True)
    version = house.version(above=700, name="candidate").version
    first = _rehearsed(house, version)
    assert (len(first.differences), first.synthetic) == (3, True)
    assert "SYNTHETIC" in house.promotions.gate_result(BRAIN_TUMOUR, version).sentence
    real = house.add(4, bright=800)
    gate = house.promotions.gate_result(BRAIN_TUMOUR, version)
    assert (gate.verdict, "there are real ones now" in gate.sentence) == (PromotionVerdict.CANNOT_TELL, True)
    second = _rehearsed(house, version, scans=2)
    assert {difference.scan_id for difference in second.differences} == {scan.id for scan in real[2:]}
    assert not second.synthetic
    # The pictures of the first went with the second; its numbers are still in MLflow.
    assert house.files.keys(keys.rehearsal(first.id)) == []
    assert house.files.keys(keys.rehearsal(second.id))
    assert house.rehearsals.opened(first.id) == first
    assert not house.rehearsal_pictures.kept(first.id)
    assert house.rehearsal_pictures.kept(second.id)


def test_a_scan_of_an_older_version_is_read_by_the_champion_once_more(house: Department) -> None:
    scan = house.add(1, bright=600)[0]
    second = house.version(above=700, name="second").version
    asked = house.promotions.override(BRAIN_TUMOUR, second, "Now.", house.ada)
    house.promotions.confirm(asked.id, "Yes.", house.bob)
    third = house.version(above=750, name="third").version
    (difference,) = _rehearsed(house, third).differences
    assert difference.result_id is None  # the kept result is version 1's, which did see it
    assert house.results.latest(scan.id).positive  # type: ignore[union-attr]
    assert (difference.champion.positive, difference.candidate.positive, difference.overlap) == (
        False,
        False,
        1.0,
    )


def test_a_cancelled_one_leaves_nothing(house: Department, monkeypatch: pytest.MonkeyPatch) -> None:
    house.add(5, bright=800)
    version = house.version(above=700, name="candidate").version
    under_way, go_on = threading.Event(), threading.Event()
    run = house.engine.run

    def slow(loaded: object, inputs: object) -> object:
        under_way.set()
        assert go_on.wait(PATIENCE_S)
        return run(loaded, inputs)  # type: ignore[arg-type]

    monkeypatch.setattr(house.batcher, "_run", slow)
    job = house.rehearsals.request(BRAIN_TUMOUR, version, 100, house.ada)
    assert under_way.wait(PATIENCE_S)
    assert house.rehearsals.running(BRAIN_TUMOUR, version)
    assert house.rehearsals.request(BRAIN_TUMOUR, version, 100, house.ada).id == job.id
    with pytest.raises(NotAllowed):
        house.rehearsals.cancel(job.id, house.bob)
    house.rehearsals.cancel(job.id, house.ada)
    go_on.set()
    assert house.jobs.wait_idle(PATIENCE_S)
    assert house.jobs.get(job.id).state is JobState.CANCELLED
    assert not house.rehearsals.running(BRAIN_TUMOUR, version)
    assert house.rehearsals.latest(BRAIN_TUMOUR, version) is None
    assert house.files.keys("rehearsals") == []
    assert house.tracking.runs("lightbox-brain-tumour-rehearsal", {"lightbox.version": version}) == []


def test_a_scan_that_cannot_be_read_stops_the_gate(house: Department) -> None:
    scans = house.add(6, bright=800)
    house.files.delete(keys.array(scans[0].id))
    version = house.version(above=510, name="candidate").version
    made = _rehearsed(house, version)
    assert [scan_id for scan_id, _ in made.failed] == [scans[0].id]
    gate = house.promotions.gate_result(BRAIN_TUMOUR, version)
    assert (gate.verdict, gate.sentence) == (PromotionVerdict.FAIL, "It could not read 1 of 6 scans.")


def test_what_cannot_be_rehearsed_is_told_at_once(house: Department) -> None:
    version = house.version(above=700, name="candidate").version
    with pytest.raises(InvalidInput, match="no scans yet"):
        house.rehearsals.request(BRAIN_TUMOUR, version, 10, house.ada)
    house.add(1, bright=800)
    with pytest.raises(InvalidInput, match="live already"):
        house.rehearsals.request(BRAIN_TUMOUR, "1", 10, house.ada)
    with pytest.raises(NotFound):
        house.rehearsals.request(BRAIN_TUMOUR, "7", 10, house.ada)
    with pytest.raises(InvalidInput, match="between 1 and"):
        house.rehearsals.request(BRAIN_TUMOUR, version, 0, house.ada)
    with pytest.raises(NotAllowed):
        house.rehearsals.request(BRAIN_TUMOUR, version, 10, house.bob)


def test_the_gate_weighs_the_interval_and_not_the_point(house: Department) -> None:
    """Equal on all, yet few: only with as many truths as `truths_needed` says does the default pass."""
    house.add(6, bright=800)
    house.add(6, bright=0)
    version = house.version(above=510, name="candidate").version
    made = _rehearsed(house, version)
    assert judged(made, MARGINS, draws=True).verdict is PromotionVerdict.CANNOT_TELL  # 0.34 wide for n = 6
    assert judged(made, Margins(0.4, 0.011, 5, 0.4), draws=True).verdict is PromotionVerdict.PASS
    assert (
        judged(made, Margins(0.4, 0.01, 5, 0.4), draws=True).verdict is PromotionVerdict.CANNOT_TELL
    )  # 0.0105
    assert judged(made, Margins(0.4, 0.1, 7, 0.4), draws=True).verdict is PromotionVerdict.CANNOT_TELL

    def recall_low(n: int) -> float:
        return paired(made.differences[:1] * n)[0].low

    needed = truths_needed(0.05)
    assert recall_low(needed) > -0.05 >= recall_low(needed - 1)
    assert np.isclose(recall_low(98), -1.959964 * np.sqrt(2 / 100 / 100))  # Bonett and Price, by hand


def test_a_version_is_not_tried_on_patients_whom_it_has_learnt_from(house: Department) -> None:
    known, kept_apart, newest = (house.add(n, bright=800) for n in (3, 2, 2))
    version = house.version(above=700, name="candidate").version
    house.note_trained_on(version, [*known, *newest])
    made = _rehearsed(house, version, 2)
    assert {difference.scan_id for difference in made.differences} == {scan.id for scan in kept_apart}
    assert _rehearsed(house, version).trained_on == 5


def test_nor_beside_a_champion_that_has_learnt_from_them(house: Department) -> None:
    known, kept_apart = house.add(2, bright=800), house.add(1, bright=800)
    version = house.version(above=700, name="candidate").version
    house.note_trained_on("1", known)
    made = _rehearsed(house, version)
    assert [difference.scan_id for difference in made.differences] == [kept_apart[0].id]
    house.note_trained_on(version, kept_apart)
    job = house.rehearsals.request(BRAIN_TUMOUR, version, 10, house.ada)
    assert house.jobs.wait_idle(PATIENCE_S)
    assert "none to compare them on" in str(house.jobs.get(job.id).failure)


def test_a_rehearsal_that_a_command_waits_for_counts_as_any_other(house: Department) -> None:
    house.add(4, bright=800)
    house.add(3, bright=0)
    version = house.version(above=700, name="candidate").version
    told: list[float] = []
    house.rehearsals.rehearse_now(BRAIN_TUMOUR, version, 5, told.append)
    made = house.rehearsals.latest(BRAIN_TUMOUR, version, "1")
    assert made is not None and (len(made.differences), made.asked_by) == (5, None)
    assert told == [number / 5 for number in range(5)]
    assert house.promotions.gate_result(BRAIN_TUMOUR, version).rehearsal_id == made.id
    assert house.rehearsals.jobs() == []  # no job of the server's
    assert house.events()[:2] == ["model.rehearsed", "model.rehearse"]
    with pytest.raises(InvalidInput, match="live already"):
        house.rehearsals.rehearse_now(BRAIN_TUMOUR, "1", 5, told.append)
    with pytest.raises(InvalidInput, match="between 1 and 1000"):
        house.rehearsals.rehearse_now(BRAIN_TUMOUR, version, 0, told.append)


def test_a_command_that_is_interrupted_leaves_nothing_of_its_rehearsal(house: Department) -> None:
    house.add(3, bright=800)
    version = house.version(above=700, name="candidate").version

    def interrupt(fraction: float) -> None:
        if fraction > 0:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        house.rehearsals.rehearse_now(BRAIN_TUMOUR, version, 3, interrupt)
    assert house.tracking.runs("lightbox-brain-tumour-rehearsal", {}) == []
    assert house.rehearsals.latest(BRAIN_TUMOUR, version) is None
