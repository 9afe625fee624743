"""The promotion gate and pictures from outside the training sources, with versions in MLflow."""

from __future__ import annotations

from dataclasses import replace

import pytest

from data.errors import InvalidInput
from data.records import BRAIN_TUMOUR, PromotionGateResult, PromotionVerdict
from models import outside, weights
from models.outside import OutsideEvaluation
from services.versions.outside import NO_FALSE_ALARM, NOT_MISSED, OutsideResults, compared
from tests.outside import HEALTHY, NOT_FOUND, UNCERTAIN, case, evaluation
from tests.services.small_models import Department, weights_in, zipped


def _measured(house: Department, name: str, above: float, **answers: int) -> str:
    """Another version that brings its figures outside."""
    folder = weights_in(house.folder / name, above)
    outside.keep(folder, evaluation(weights.opened(folder).sha256, **answers))
    return house.uploads.take(BRAIN_TUMOUR, zipped(folder), house.ada).version


def _measure_live(house: Department) -> None:
    live = house.registry.version(BRAIN_TUMOUR, "1")
    shipped = weights.opened(house.task.folder)
    outside.keep(shipped.folder, evaluation(shipped.sha256, alarms=2, misses=2))
    OutsideResults(house.tracking).keep(live, shipped, [shipped.folder / weights.OUTSIDE])


def _gate(house: Department, version: str) -> PromotionGateResult:
    house.rehearse(version)
    gate = house.promotions.gate_result(BRAIN_TUMOUR, version)
    assert house.promotions.gate_results(BRAIN_TUMOUR, [version]) == {version: gate}
    return gate


def test_worse_outside_than_the_live_version_does_not_pass(house: Department) -> None:
    house.add(20, bright=800)
    house.add(20, bright=0)
    _measure_live(house)
    assert house.registry.pointed_at(BRAIN_TUMOUR).metrics["outside_false_alarms"] == 0.05  # type: ignore[union-attr]

    alarming = _measured(house, "alarming", 700, alarms=20, misses=2)
    gate = _gate(house, alarming)
    assert gate.verdict is PromotionVerdict.FAIL
    assert "healthy pictures without a false alarm changes by -45.0 points" in gate.sentence
    assert "Recall" not in gate.sentence
    with pytest.raises(InvalidInput, match="does not let it pass"):
        house.promotions.ask(BRAIN_TUMOUR, alarming, "It is newer.", house.ada)

    as_good = _gate(house, _measured(house, "as good", 710, alarms=2, misses=2))
    assert (as_good.verdict, len(as_good.checks)) == (PromotionVerdict.PASS, 5)
    unmeasured = _gate(house, house.version(above=720, name="unmeasured").version)
    assert unmeasured.verdict is PromotionVerdict.CANNOT_TELL
    assert unmeasured.sentence.startswith("It was not measured outside the training sources")


def test_another_threshold_does_not_pass_by_what_the_live_version_was_measured(house: Department) -> None:
    house.add(20, bright=800)
    house.add(20, bright=0)
    _measure_live(house)
    other = house.thresholds.register(BRAIN_TUMOUR, "1", 0.4, "Fewer misses.", house.ada)
    trained = house.registry.files(other)
    live = house.registry.version(BRAIN_TUMOUR, "1")
    assert other.weights_sha256 == live.weights_sha256 and other.run_id is not None
    # As an evaluation was kept with all versions of the weights before their threshold was asked.
    outside.keep(trained.folder, evaluation(trained.sha256, alarms=2, misses=2))
    house.tracking.log_file(other.run_id, trained.folder / weights.OUTSIDE, "model")
    gate = _gate(house, other.version)
    assert gate.verdict is PromotionVerdict.CANNOT_TELL
    assert gate.sentence.startswith("It was not measured outside the training sources")
    measured = replace(evaluation(trained.sha256, alarms=20, misses=2), threshold=0.4)
    outside.keep(trained.folder, measured)
    OutsideResults(house.tracking).keep(other, trained, [trained.folder / weights.OUTSIDE])
    halved = house.promotions.gate_result(BRAIN_TUMOUR, other.version)
    assert halved.verdict is PromotionVerdict.FAIL
    assert "healthy pictures without a false alarm changes by -45.0 points" in halved.sentence


def test_specificity_on_the_house_s_own_scans_counts(house: Department) -> None:
    house.add(10, bright=800)
    house.add(10, bright=0)
    house.add(10, bright=0)
    everything = house.version(above=50, name="everything").version
    gate = _gate(house, everything)
    assert gate.verdict is PromotionVerdict.FAIL
    assert "Specificity changes by -100.0 points" in gate.sentence


def test_pairs_are_of_files_that_both_have_read() -> None:
    old, new = evaluation("a", alarms=1, each=4), evaluation("b", misses=2, each=4)
    metrics = {metric.name: metric for metric in compared(old, new).paired}
    calm, seen = metrics[NO_FALSE_ALARM], metrics[NOT_MISSED]
    assert (calm.champion, calm.candidate, calm.n, calm.better, calm.worse) == (0.75, 1.0, 4, 1, 0)
    assert (seen.champion, seen.candidate, seen.difference, seen.worse) == (1.0, 0.5, -0.5, 2)
    # Another file of the same name is another file, and what one side refused is no pair.
    other = OutsideEvaluation("t", "b", tuple(replace(item, sha256="x" + item.name) for item in new.cases))
    assert [metric.n for metric in compared(old, other).paired] == [0, 0]
    refused = tuple(replace(item, answer=outside.AnswerWord.REFUSED) for item in new.cases[:3])
    mostly = OutsideEvaluation("t", "b", (*refused, *new.cases[3:]))
    assert [metric.n for metric in compared(old, mostly).paired] == [1, 4]


def test_uncertain_is_neither_a_false_alarm_nor_a_miss() -> None:
    sure = OutsideEvaluation("t", "a", (case(0, HEALTHY, NOT_FOUND),))
    unsure = OutsideEvaluation("t", "b", (case(0, HEALTHY, UNCERTAIN),))
    assert compared(sure, unsure).paired[0].difference == 0
    assert compared(None, unsure).paired == ()


def test_figures_of_other_weights_or_damaged_ones_are_not_taken(house: Department) -> None:
    folder = weights_in(house.folder / "copied", above=700)
    outside.keep(folder, evaluation("0" * 64))
    with pytest.raises(InvalidInput, match="measured with other weights"):
        house.uploads.take(BRAIN_TUMOUR, zipped(folder), house.ada)
    (folder / weights.OUTSIDE).write_text("{")
    with pytest.raises(InvalidInput, match=r"outside\.json cannot be read"):
        house.uploads.take(BRAIN_TUMOUR, zipped(folder), house.ada)
    # Another tool may have registered them past the checks.
    (folder / weights.OUTSIDE).write_text('{"task": 1}')
    run = house.tracking.start_run("lightbox-brain-tumour", "a script", {})
    house.tracking.log_files(run, folder)
    digest = weights.opened(folder).sha256
    made = house.tracking.register(BRAIN_TUMOUR, run, digest, "past the checks")
    comparison = OutsideResults(house.tracking).compared(BRAIN_TUMOUR, [made.version, "99"], "1")
    assert not comparison[made.version].candidate_measured
    assert not comparison["99"].champion_measured
