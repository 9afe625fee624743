"""A stored result is read again: the same comes of it, or what differs or is missing is named."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from data.database import new_id, now
from data.errors import NotAllowed, NotFound
from data.packing import mask_sha256, packed, unpacked
from data.records import (
    BRAIN_TUMOUR,
    IngredientState,
    Rerun,
    RerunNumbers,
    RerunOutcome,
    Result,
    Role,
    UnaidedReading,
)
from data.stores.unaided import UnaidedStore
from models import weights
from models.code_version import sources_sha256
from services import keys
from services.inference.agreement import MOST_CALL_SHIFT, MOST_FLIPS, MOST_SHIFT
from services.versions.reruns import judged
from tests.services.small_models import PATIENCE_S, Department, somebody, weights_in, zipped

SAME, OTHER, MISSING, UNKNOWN = (
    IngredientState.SAME,
    IngredientState.OTHER,
    IngredientState.MISSING,
    IngredientState.UNKNOWN,
)

JUST_MORE = float(np.nextafter(0.75, 1))


def _again(house: Department, result: Result) -> Rerun:
    """To its end."""
    asked = house.reruns.request(result.id, house.ada)
    assert house.jobs.wait_idle(PATIENCE_S)
    (made,) = [rerun for rerun in house.reruns.of_result(result.id, house.ada) if rerun.id == asked.id]
    return made


def _result(house: Department, **made: object) -> Result:
    """A result of a scan with a tumour; `made` changes what its provenance says."""
    scan = house.add(1, bright=800)[0]
    (result,) = house.results.of_scan(scan.id)
    if not made:
        return result
    provenance = replace(result.provenance, **made)  # type: ignore[arg-type]
    return _kept_as(house, replace(result, id=new_id(), provenance=provenance), result)


def _kept_as(house: Department, result: Result, before: Result) -> Result:
    house.files.put(keys.mask(result.id), house.files.get(keys.mask(before.id)))
    return house.results.add(result)


def _states(rerun: Rerun) -> dict[str, IngredientState]:
    return {each.name: each.state for each in rerun.report.ingredients}


def test_the_same_comes_of_it_to_the_digit(house: Department) -> None:
    result = _result(house)
    made = result.provenance
    assert made.mask_sha256 == mask_sha256(unpacked(house.files.get(keys.mask(result.id))))
    rerun = _again(house, result)
    assert (rerun.outcome, rerun.asked_name) == (RerunOutcome.IDENTICAL, "Ada")
    assert rerun.report.sentence == "Identical: the same mask hash, the same probability to the last digit."
    assert set(_states(rerun).values()) == {SAME}
    numbers = rerun.report.numbers
    assert numbers is not None
    assert numbers.mask_sha256 == (made.mask_sha256, made.mask_sha256)
    assert numbers.probability[0] == numbers.probability[1]
    assert (numbers.mask_dice, numbers.pixel_flips) == (1.0, 0.0)
    # Nothing of it is another result.
    assert house.results.of_scan(result.scan_id) == [result]
    ((listed),) = house.reruns.of_scan(result.scan_id, house.ada)
    assert (listed.result, listed.reruns) == (result, (rerun,))
    assert "result.rerun" in house.events()


def test_a_result_of_an_older_version_is_read_by_its_own_weights(house: Department) -> None:
    result = _result(house)
    newer = house.version(above=900, name="newer").version  # would find nothing
    asked = house.promotions.override(BRAIN_TUMOUR, newer, "Now.", house.ada)
    house.promotions.confirm(asked.id, "Yes.", house.bob)
    assert _again(house, result).outcome is RerunOutcome.IDENTICAL
    # Even where its number is gone from the registry, as long as some version has its weights.
    assert _again(house, _result(house, model_version="17")).outcome is not RerunOutcome.NOT_POSSIBLE


def test_a_withdrawn_damaged_or_lost_input_is_named(house: Department) -> None:
    damaged, lost = _result(house), _result(house)
    array = house.files.get_array(keys.array(damaged.scan_id)).copy()
    array[0, 0, 0] += 1
    house.files.put_array(keys.array(damaged.scan_id), array)
    rerun = _again(house, damaged)
    assert (rerun.outcome, rerun.report.numbers) == (RerunOutcome.NOT_POSSIBLE, None)
    assert (_states(rerun)["input"], _states(rerun)["weights"]) == (OTHER, SAME)
    assert "their hash is another one" in rerun.report.sentence
    house.files.delete(keys.array(lost.scan_id))
    rerun = _again(house, lost)
    assert (rerun.outcome, _states(rerun)["input"]) == (RerunOutcome.NOT_POSSIBLE, MISSING)
    assert "no longer here" in rerun.report.sentence


def test_lost_and_other_weights_are_named(house: Department) -> None:
    unknown = _again(house, _result(house, weights_sha256="f" * 64))
    assert (unknown.outcome, _states(unknown)["weights"]) == (RerunOutcome.NOT_POSSIBLE, OTHER)
    assert "Version 1 has other weights now" in unknown.report.sentence
    gone = _again(house, _result(house, weights_sha256="f" * 64, model_version="17"))
    assert (gone.outcome, _states(gone)["weights"]) == (RerunOutcome.NOT_POSSIBLE, MISSING)
    # Files that are gone everywhere: from this machine, MLflow, and what ships.
    result = _result(house)
    for folder in (house.folder / "models", house.folder / "mlflow", house.folder / "shipped"):
        shutil.rmtree(folder)
    lost = _again(house, result)
    assert lost.outcome in (RerunOutcome.NOT_POSSIBLE, RerunOutcome.FAILED)
    assert lost.report.sentence


def test_other_code_and_what_was_not_noted_are_named_and_yet_compared(house: Department) -> None:
    rerun = _again(house, _result(house, code_sha256="0" * 64, software="lightbox 0.1", mask_sha256=None))
    assert rerun.outcome is RerunOutcome.IDENTICAL  # the same numbers by other code
    assert (_states(rerun)["code"], _states(rerun)["software"]) == (OTHER, OTHER)
    old = _again(house, _result(house, decision_sha256=None, preprocessing_sha256=None, processor=None))
    assert {name for name, state in _states(old).items() if state is UNKNOWN} == {
        "decision", "preprocessing code", "processor",
    }  # fmt: skip
    backend = _again(house, _result(house, backend="openvino", dtype="bfloat16", network_sha256="9" * 64))
    assert (backend.outcome, _states(backend)["backend"]) == (RerunOutcome.IDENTICAL, OTHER)


def test_another_answer_is_different_and_says_what_differs(house: Department) -> None:
    result = _result(house, code_sha256="0" * 64)
    other = np.zeros((3, 32, 32), dtype=bool)
    house.files.put(keys.mask(result.id), packed(other))
    rerun = _again(house, result)
    assert rerun.outcome is RerunOutcome.DIFFERENT
    assert rerun.report.sentence == "Different, beyond the limits of the engine; what differs: code."
    assert rerun.report.numbers is not None
    assert rerun.report.numbers.mask_dice == 0.0


def test_the_threshold_of_then_is_taken(house: Department) -> None:
    """Two versions with the same weights: what it was read by is the one with its decision."""
    result = _result(house)
    folder = weights_in(house.folder / "strict", above=500, threshold=0.995)
    house.uploads.take(BRAIN_TUMOUR, zipped(folder), house.ada)
    rerun = _again(house, result)
    assert rerun.report.numbers is not None
    assert (rerun.outcome, rerun.report.numbers.threshold) == (RerunOutcome.IDENTICAL, (0.5, 0.5))


def test_what_ships_on_another_network_is_read_again_without_mlflow(house: Department) -> None:
    house.alternative(500, "resnet50")
    result = _result(house)
    (house.task.folder / weights.WEIGHTS).write_bytes(b"damaged")
    for folder in (house.folder / "models", house.folder / "mlflow"):
        shutil.rmtree(folder)
    assert _again(house, result).outcome is RerunOutcome.IDENTICAL


def test_who_may_not_know_of_a_result_does_not_read_it_again(house: Department) -> None:
    result, reader = _result(house), somebody(Role.CLINICIAN, "carl")
    with pytest.raises(NotAllowed):
        house.reruns.request(result.id, somebody(Role.ADMIN, "eve"))
    with pytest.raises(NotFound, match="no such result"):
        house.reruns.request("0" * 32, house.ada)
    asked = UnaidedReading(new_id(), result.scan_id, BRAIN_TUMOUR, now(), reader_id=reader.id)
    UnaidedStore(house.database).add([asked])
    with pytest.raises(NotFound, match="once you have said"):
        house.reruns.request(result.id, reader)
    assert house.reruns.of_scan(result.scan_id, reader) == []


def test_one_that_waits_is_not_doubled_and_survives_a_stop(house: Department) -> None:
    result = _result(house)
    house.jobs.stop()
    first = house.reruns.request(result.id, house.ada)
    assert house.reruns.request(result.id, house.ada).id == first.id
    house.reruns.resume()
    house.jobs.start()
    assert house.jobs.wait_idle(PATIENCE_S)
    (done,) = house.reruns.of_result(result.id, house.ada)
    assert (done.id, done.outcome) == (first.id, RerunOutcome.IDENTICAL)


def _numbers(**changes: object) -> RerunNumbers:
    usual: dict[str, object] = {
        "probability": (0.75, 0.75), "positive": (True, True), "threshold": (0.5, 0.5),
        "mask_sha256": ("a", "b"), "pixel_flips": 0.0, "pixel_shift": 0.0,
    }  # fmt: skip
    return RerunNumbers(**(usual | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({"mask_sha256": ("a", "a")}, RerunOutcome.IDENTICAL),
        ({"mask_sha256": (None, None), "pixel_flips": None}, RerunOutcome.IDENTICAL),  # a task without masks
        ({"mask_sha256": ("a", "a"), "probability": (0.75, JUST_MORE)}, RerunOutcome.WITHIN_LIMITS),
        ({"pixel_flips": MOST_FLIPS}, RerunOutcome.WITHIN_LIMITS),
        ({"pixel_flips": MOST_FLIPS * 1.01}, RerunOutcome.DIFFERENT),
        ({"pixel_shift": MOST_SHIFT}, RerunOutcome.WITHIN_LIMITS),
        ({"pixel_shift": MOST_SHIFT * 1.01}, RerunOutcome.DIFFERENT),
        ({"probability": (0.0, MOST_CALL_SHIFT)}, RerunOutcome.WITHIN_LIMITS),
        ({"probability": (0.0, MOST_CALL_SHIFT * 1.01)}, RerunOutcome.DIFFERENT),
        ({"positive": (True, False)}, RerunOutcome.DIFFERENT),
        ({"mask_sha256": (None, "b"), "pixel_flips": None}, RerunOutcome.DIFFERENT),  # never seen to agree
    ],
)
def test_the_limits_are_those_of_the_engine(changes: dict[str, object], outcome: RerunOutcome) -> None:
    assert judged(_numbers(**changes)) is outcome


def test_the_hash_of_code_follows_its_content_and_not_its_place(tmp_path: Path) -> None:
    for folder, text in (("a", "x = 1\n"), ("b", "x = 1\n"), ("c", "x = 2\n")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "task.py").write_text(text)
    first, same, other = (sources_sha256([tmp_path / folder / "task.py"]) for folder in "abc")
    assert first == same != other
    assert sources_sha256([]) != first
