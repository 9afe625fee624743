"""A version reads a set of scans apart from every result, and two versions meet on the same cases."""

from __future__ import annotations

import csv
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data.database import new_id, now
from data.errors import InvalidInput, NotAllowed, NotFound, TrackingAway
from data.packing import packed
from data.records import BRAIN_TUMOUR, EvaluationState, Review, Role, ScanSetKind, Verdict
from data.stores.evaluations import EvaluationStore
from models import tasks, weights
from services import keys
from services.evaluations.scan_sets import PackOfScans
from services.performance.numbers import PerformanceQuery
from services.performance.pairs import AnswerOrigin, Pairs
from services.reviewing.review import beside
from tests import phantoms
from tests.services.small_models import PATIENCE_S, SIZE, Department, somebody

COHORT, PACK, OUTSIDE = ScanSetKind.COHORT, ScanSetKind.PACK, ScanSetKind.OUTSIDE


def _pairs(house: Department) -> Pairs:
    pairs = Pairs(house.judgements, house.reviews.truths_since)
    pairs.ask_too(house.rehearsals.readings_of)
    pairs.ask_too(house.outcomes.readings_of)
    return pairs


def test_a_cohort_is_read_apart_from_every_result(house: Department) -> None:
    bright, dim, healthy = (house.add(n, bright=b) for n, b in ((3, 800), (2, 600), (4, 0)))
    house.add(1, bright=800, truth=False)
    house.add(2, bright=800, synthetic=True)
    version = house.version(above=700, name="candidate").version
    before = {scan.id: house.results.of_scan(scan.id) for scan in (*bright, *dim, *healthy)}
    made = house.evaluate(version, COHORT)
    assert (made.state, made.total, made.read, made.chosen.synthetic) == (EvaluationState.DONE, 10, 10, False)
    outcome = house.outcomes.of(made.id, house.ada)
    assert (outcome.read, outcome.known, outcome.positives, outcome.failed) == (10, 9, 4, 0)
    recall, specificity = outcome.figures["recall"], outcome.figures["specificity"]
    assert (recall.value, recall.n) == (pytest.approx(3 / 5), 5)
    assert (specificity.value, specificity.n) == (1.0, 4)
    assert specificity.low < 1  # Wilson's
    # Above 700 the rim is left out, so that the bright ones are met exactly; the dim ones are empty.
    assert (outcome.figures["dice"].value, outcome.figures["dice"].n) == (pytest.approx(3 / 5), 5)
    assert {case.reading.scan_id for case in outcome.cases[:2]} == {scan.id for scan in dim}
    assert {scan_id: house.results.of_scan(scan_id) for scan_id in before} == before
    assert len(house.judgements.of(BRAIN_TUMOUR, version)) == 0
    assert "model.evaluate" in house.events()


def test_patients_whom_a_version_has_learnt_from_count_nowhere(house: Department) -> None:
    learnt, others = house.add(2, bright=600), house.add(3, bright=800)
    version = house.version(above=700, name="candidate").version
    made, champion = house.evaluate(version, COHORT), house.evaluate("1", COHORT)
    assert house.outcomes.of(made.id, house.ada).figures["recall"].value == pytest.approx(3 / 5)
    house.note_trained_on(version, learnt)
    outcome = house.outcomes.of(made.id, house.ada)
    assert (outcome.known, outcome.trained_on, outcome.figures["recall"].value) == (3, 2, 1.0)
    assert {case.reading.scan_id for case in outcome.cases} == {scan.id for scan in others}
    assert house.outcomes.of(champion.id, house.ada).trained_on == 0
    assert house.outcomes.beside(made.id, champion.id, house.ada).n == 3
    assert house.outcomes.readings_of(BRAIN_TUMOUR, version).keys() == {scan.id for scan in others}
    assert len(house.outcomes.readings_of(BRAIN_TUMOUR, "1")) == 5


def test_synthetic_scans_are_a_set_of_their_own(house: Department) -> None:
    house.add(2, bright=800)
    made = house.add(3, bright=800, synthetic=True)
    version = house.version(above=700, name="candidate").version
    evaluation = house.evaluate(version, COHORT, "synthetic=yes")
    assert (evaluation.total, evaluation.chosen.synthetic) == (3, True)
    assert "SYNTHETIC" in evaluation.chosen.words
    assert {case.reading.scan_id for case in house.outcomes.of(evaluation.id, house.ada).cases} == {
        scan.id for scan in made
    }
    with pytest.raises(InvalidInput, match="never share"):
        house.evaluate(version, COHORT, "synthetic=yes&synthetic=no")
    real = house.evaluate(version, COHORT)
    with pytest.raises(InvalidInput, match="cannot be compared"):
        house.outcomes.beside(real.id, evaluation.id, house.ada)


def test_a_pack_holds_its_real_scans_only(house: Department) -> None:
    real, made = house.add(2, bright=800), house.add(2, bright=800, synthetic=True)
    house.packs = [PackOfScans("a" * 32, BRAIN_TUMOUR, "drifted", tuple(s.id for s in (*real, *made)))]
    evaluation = house.evaluate("1", PACK, "a" * 32)  # the live version may be asked too
    assert (evaluation.total, evaluation.chosen.synthetic) == (2, False)
    house.packs = [replace(house.packs[0], scan_ids=tuple(scan.id for scan in made))]
    assert house.evaluate("1", PACK, "a" * 32).chosen.synthetic
    with pytest.raises(NotFound, match="no such retraining pack"):
        house.evaluate("1", PACK, "b" * 32)


def test_who_may_ask_and_for_what(house: Department) -> None:
    with pytest.raises(InvalidInput, match="nothing in this set"):
        house.evaluations.request(BRAIN_TUMOUR, "1", COHORT, "", house.ada)
    house.add(1, bright=800)
    with pytest.raises(NotAllowed):
        house.evaluations.request(BRAIN_TUMOUR, "1", COHORT, "", somebody(Role.CLINICIAN, "carl"))
    with pytest.raises(NotFound, match="no such version"):
        house.evaluations.request(BRAIN_TUMOUR, "7", COHORT, "", house.bob)
    with pytest.raises(InvalidInput, match="of this kind"):
        house.evaluations.request(BRAIN_TUMOUR, "1", "dreams", "", house.bob)
    with pytest.raises(NotFound, match="labelled folder"):
        house.evaluations.request(BRAIN_TUMOUR, "1", OUTSIDE, "brain_nowhere", house.bob)
    house.evaluations.request(BRAIN_TUMOUR, "1", COHORT, "", house.bob)
    assert house.jobs.wait_idle(PATIENCE_S)
    with pytest.raises(NotFound):
        house.evaluations.get("0" * 32, house.bob)


def test_what_is_no_filter_does_not_stand_for_every_scan(house: Department) -> None:
    house.add(1, bright=800)
    for query, sentence in (("North", "“North” is not a filter"), ("colour=red", "nothing called colour")):
        with pytest.raises(InvalidInput, match=sentence):
            house.evaluations.request(BRAIN_TUMOUR, "1", COHORT, query, house.ada)


def test_who_asks_many_times_at_once_gets_one(house: Department, monkeypatch: pytest.MonkeyPatch) -> None:
    house.add(2, bright=800)
    house.jobs.stop()
    together, add = threading.Barrier(4), EvaluationStore.add

    def slow(*args: object) -> None:
        time.sleep(0.05)  # long enough for the others to look
        add(*args)  # type: ignore[arg-type]

    def ask(_: int) -> str:
        together.wait(PATIENCE_S)
        return house.evaluations.request(BRAIN_TUMOUR, "1", COHORT, "", house.ada).id

    monkeypatch.setattr(EvaluationStore, "add", slow)
    with ThreadPoolExecutor(4) as pool:
        asked = set(pool.map(ask, range(4)))
    assert len(asked) == 1 == len(house.evaluations.recent(house.ada))


def test_one_that_is_waited_for_is_kept_as_any_other(house: Department) -> None:
    scans = house.add(3, bright=800)
    version = house.version(above=700, name="candidate").version
    said: list[float] = []
    made = house.evaluations.read_now(BRAIN_TUMOUR, version, COHORT, "", "root", said.append)
    assert (made.state, made.read, made.asked_name) == (EvaluationState.DONE, 3, "root")
    assert said == pytest.approx([1 / 3, 2 / 3, 1])
    assert house.outcomes.for_everybody(made).figures["recall"].n == len(scans)
    assert "model.evaluate" in house.events()
    with pytest.raises(NotFound, match="no such version"):
        house.evaluations.read_now(BRAIN_TUMOUR, "7", COHORT, "", "root")


def test_one_that_is_waited_for_and_interrupted_counts_nowhere(house: Department) -> None:
    house.add(2, bright=800)

    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        house.evaluations.read_now(BRAIN_TUMOUR, "1", COHORT, "", "root", interrupt)
    (left,) = house.evaluations.recent(house.ada)
    assert (left.state, left.read) == (EvaluationState.CANCELLED, 1)
    house.evaluations.resume()
    assert house.jobs.wait_idle(PATIENCE_S)
    assert house.evaluations.get(left.id, house.ada).read == 1


def test_the_interrupted_goes_on_where_it_was(house: Department, monkeypatch: pytest.MonkeyPatch) -> None:
    house.add(4, bright=800)
    version = house.version(above=700, name="candidate").version
    third, go_on = threading.Event(), threading.Event()
    read, count = house.evaluations._reader.scan, []

    def slow(*args: object) -> object:
        count.append(1)
        if len(count) == 3:
            third.set()
            assert go_on.wait(PATIENCE_S)
        return read(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(house.evaluations._reader, "scan", slow)
    asked = house.evaluations.request(BRAIN_TUMOUR, version, COHORT, "", house.ada)
    assert third.wait(PATIENCE_S)
    same = house.evaluations.request(BRAIN_TUMOUR, version, COHORT, "", house.ada)
    assert same.id == asked.id  # it is under way
    assert house.evaluations.get(asked.id, house.ada).read == 2
    threading.Timer(0.2, go_on.set).start()
    house.jobs.stop()
    house.jobs.start()
    assert house.jobs.wait_idle(PATIENCE_S)
    done = house.evaluations.get(asked.id, house.ada)
    assert (done.state, done.read) == (EvaluationState.DONE, 4)
    assert 4 <= len(count) <= 5  # what was read is not read again; the one under way may be


def test_one_that_nobody_queued_is_queued_at_a_start(house: Department) -> None:
    house.add(1, bright=800)
    asked = house.evaluate("1", COHORT)
    lost = replace(asked, id=new_id(), state=EvaluationState.QUEUED, finished_at=None)
    store = EvaluationStore(house.database)
    store.add(lost, [replace(each, read_at=None) for each in store.readings(asked.id)])
    house.evaluations.resume()
    assert house.jobs.wait_idle(PATIENCE_S)
    assert house.evaluations.get(lost.id, house.ada).state is EvaluationState.DONE


def test_a_cancelled_one_counts_nowhere(house: Department, monkeypatch: pytest.MonkeyPatch) -> None:
    house.add(3, bright=800)
    version = house.version(above=700, name="candidate").version
    under_way, go_on = threading.Event(), threading.Event()
    run = house.engine.run

    def slow(loaded: object, inputs: object) -> object:
        under_way.set()
        assert go_on.wait(PATIENCE_S)
        return run(loaded, inputs)  # type: ignore[arg-type]

    monkeypatch.setattr(house.batcher, "_run", slow)
    asked = house.evaluations.request(BRAIN_TUMOUR, version, COHORT, "", house.ada)
    assert under_way.wait(PATIENCE_S)
    with pytest.raises(InvalidInput, match="not finished"):
        house.outcomes.of(asked.id, house.ada)
    with pytest.raises(NotAllowed):
        house.evaluations.cancel(asked.id, somebody(Role.ADMIN, "eve"))
    house.evaluations.cancel(asked.id, house.ada)
    go_on.set()
    assert house.jobs.wait_idle(PATIENCE_S)
    assert house.evaluations.get(asked.id, house.ada).state is EvaluationState.CANCELLED
    assert house.outcomes.readings_of(BRAIN_TUMOUR, version) == {}


def test_other_weights_under_the_same_number_are_not_taken(house: Department) -> None:
    house.add(1, bright=800)
    asked = house.evaluate("1", COHORT)
    other = replace(asked, id=new_id(), state=EvaluationState.QUEUED, weights_sha256="f" * 64)
    store = EvaluationStore(house.database)
    store.add(other, [replace(each, read_at=None) for each in store.readings(asked.id)])
    house.evaluations.resume()
    assert house.jobs.wait_idle(PATIENCE_S)
    failed = house.evaluations.get(other.id, house.ada)
    assert failed.state is EvaluationState.FAILED
    assert "weights" in (failed.failure or "")


def test_a_scan_that_cannot_be_read_says_why(house: Department) -> None:
    lost, _ = house.add(2, bright=800)
    house.files.delete(keys.array(lost.id))
    made = house.outcomes.of(house.evaluate("1", COHORT).id, house.ada)
    assert (made.read, made.failed) == (1, 1)
    (why,) = [case.reading.failure for case in made.cases if case.reading.scan_id == lost.id]
    assert why == "This file is no longer here."


def test_two_versions_meet_on_results_rehearsals_and_evaluations(house: Department) -> None:
    house.add(3, bright=800)
    house.add(2, bright=600)
    house.add(3, bright=0)
    house.add(2, bright=800, synthetic=True)
    version = house.version(above=700, name="candidate").version
    pairs, asked = _pairs(house), PerformanceQuery(BRAIN_TUMOUR, version="1", vs=version)
    assert pairs.compared(asked).result.n == 0
    house.rehearse(version)
    pair = pairs.compared(asked)
    assert (pair.result.n, pair.result.mcnemar.first_only, pair.result.mcnemar.second_only) == (8, 2, 0)
    assert pair.count(second=False) == {AnswerOrigin("result"): 8}
    ((origin, count),) = pair.count(second=True).items()
    assert (origin.kind, count) == ("rehearsal", 8)
    assert pair.result.differences["dice"].n == 5  # against masks that a person drew
    made = house.evaluate(version, COHORT)  # later, and so what counts
    ((origin, count),) = pairs.compared(asked).count(second=True).items()
    assert (origin.kind, origin.source, count) == ("evaluation", f"/evaluations/{made.id}", 8)
    synthetic = replace(asked, synthetic=True)
    assert pairs.compared(synthetic).result.n == 0
    house.evaluate(version, COHORT, "synthetic=yes")
    assert pairs.compared(synthetic).result.n == 2
    assert pairs.compared(asked).result.n == 8


def test_a_dice_with_a_mask_that_was_drawn_again_does_not_count(house: Department) -> None:
    scan, _ = house.add(2, bright=800)
    version = house.version(above=700, name="candidate").version
    made = house.evaluate(version, COHORT)
    pairs, asked = _pairs(house), PerformanceQuery(BRAIN_TUMOUR, version="1", vs=version)
    assert pairs.compared(asked).result.differences["dice"].n == 2
    square = np.zeros((3, SIZE, SIZE), bool)
    square[1, 8:12, 8:12] = True
    (result,) = house.results.of_scan(scan.id)
    review = Review(
        new_id(), scan.id, result.id, Verdict.CORRECTED, None, "r", "Dr R", now() + timedelta(seconds=1),
        **beside(scan, house.pictures.mask(scan.id), square), truth_positive=True,
    )  # fmt: skip
    house.files.put(keys.corrected_mask(review.id), packed(square))
    house.reviews.add(review)
    assert pairs.compared(asked).result.differences["dice"].n == 1
    assert house.outcomes.of(made.id, house.ada).figures["dice"].n == 1


def test_rehearsals_that_cannot_be_asked_are_said(house: Department) -> None:
    house.add(1, bright=800)
    version = house.version(above=700, name="candidate").version
    house.evaluate(version, COHORT)
    pairs = Pairs(house.judgements, house.reviews.truths_since)

    def away(_: str, __: str) -> dict[str, object]:
        raise TrackingAway("MLflow cannot be reached right now.")

    pairs.ask_too(away)  # type: ignore[arg-type]
    pairs.ask_too(house.outcomes.readings_of)
    pair = pairs.compared(PerformanceQuery(BRAIN_TUMOUR, version="1", vs=version))
    assert (pair.result.n, pair.trouble) == (1, "MLflow cannot be reached right now.")


def test_two_evaluations_of_one_set_stand_side_by_side(house: Department) -> None:
    house.add(3, bright=800)
    house.add(2, bright=600)
    version = house.version(above=700, name="candidate").version
    first, second = house.evaluate("1", COHORT), house.evaluate(version, COHORT)
    assert [other.id for other in house.outcomes.others(first, house.ada)] == [second.id]
    pair = house.outcomes.beside(first.id, second.id, house.ada)
    assert (pair.n, pair.mcnemar.first_only, pair.mcnemar.second_only) == (5, 2, 0)
    assert pair.differences["recall"].value == pytest.approx(-2 / 5)


def test_an_outside_set_goes_the_whole_way_of_a_file(house: Department) -> None:
    for task in (tasks.SUITABILITY, tasks.ACQUISITION):
        house.engine.place(task, weights.opened(task.folder), "shipped")
    _outside_set(house.folder / "outside")
    offered = house.sets.offered(BRAIN_TUMOUR)
    assert ("outside", "brain_made") in [(each.kind, each.key) for each in offered]
    version = house.version(245, "bright").version
    made = house.outcomes.of(house.evaluate(version, OUTSIDE, "brain_made").id, house.ada)
    answers = {case.reading.name: case for case in made.cases}
    assert answers["brain_made/ill.png"].reading.positive
    assert answers["brain_made/ill.png"].dice is not None
    assert answers["brain_made/healthy.png"].reading.positive is False
    assert (answers["brain_made/noise.png"].reading.failure or "").startswith("Refused: ")
    assert (made.known, made.failed, made.figures["recall"].n) == (2, 1, 1)
    assert house.outcomes.readings_of(BRAIN_TUMOUR, "2") == {}  # of nobody here


def _outside_set(folder: Path) -> None:
    place = folder / "brain_made"
    place.mkdir(parents=True)
    for name, mm in (("healthy", 0), ("ill", 20)):
        (place / f"{name}.png").write_bytes(phantoms.axial_png(phantoms.brain(lesion_mm=mm)))
    truth = np.asarray(Image.open(place / "ill.png").convert("L")) > 245
    Image.fromarray(truth.astype(np.uint8) * 255).save(place / "ill.mask.png")
    noise = np.random.default_rng(0).integers(0, 255, (128, 128)).astype(np.uint8)
    Image.fromarray(noise).save(place / "noise.png")
    rows = [
        ("healthy.png", "no tumour; healthy", ""),
        ("ill.png", "tumour", "ill.mask.png"),
        ("noise.png", "wrong modality", ""),
    ]
    with (place / "index.csv").open("w", newline="") as csv_file:
        writer = csv.writer(csv_file)
        writer.writerow(["file", "truth", "mask_file"])
        writer.writerows(rows)
