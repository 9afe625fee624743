"""A version with another threshold is a version: rehearsed, promoted, named by every result."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import pytest

from data.errors import InvalidInput, NotAllowed, NotFound
from data.records import BRAIN_TUMOUR, Role
from data.tracking import CHAMPION
from models import outside, weights
from models.statistics.proportions import proportion
from services.versions.registry import THRESHOLD_OF
from services.versions.thresholds import OtherThresholds
from tests.services.small_models import Department, somebody, weights_in, zipped

SCORED = {"truth": [1, 1, 1, 0, 0], "probability": [0.9, 0.7, 0.3, 0.6, 0.2], "threshold": 0.5}
FIGURES = {
    "presence_recall": proportion(2, 3),
    "presence_far": proportion(1, 2),
    "volume_presence_recall": proportion(9, 10),
    "presence_auc": proportion(9, 10),
    "dice": proportion(8, 10),
}


@pytest.fixture
def measured(house: Department) -> str:
    """A version with its validation answers and what it came to outside; returns its number."""
    folder = weights_in(house.folder / "measured", 400)
    settings = json.loads((folder / weights.SETTINGS).read_text())
    settings["metrics"] = {name: asdict(figure) for name, figure in FIGURES.items()}
    (folder / weights.SETTINGS).write_text(json.dumps(settings))
    (folder / weights.EVALUATION).write_text(json.dumps({"cases": [{"name": "a"}], "scored": SCORED}))
    sha256 = weights.opened(folder).sha256
    outside.keep(folder, outside.OutsideEvaluation(BRAIN_TUMOUR, sha256, ()))
    return house.uploads.take(BRAIN_TUMOUR, zipped(folder), house.ada).version


@pytest.fixture
def thresholds(house: Department) -> OtherThresholds:
    return house.thresholds


def test_the_same_weights_decide_otherwise_and_say_so(
    house: Department, thresholds: OtherThresholds, measured: str
) -> None:
    source = house.registry.files(house.registry.version(BRAIN_TUMOUR, measured))
    made = thresholds.register(BRAIN_TUMOUR, measured, 0.65, "  Too many\nfalse alarms. ", house.ada)
    trained = house.registry.files(made)
    assert (trained.sha256, trained.decision) == (source.sha256, replace(source.decision, threshold=0.65))
    (tags,) = [each.tags for each in house.registry.versions(BRAIN_TUMOUR) if each.version == made.version]
    assert tags[THRESHOLD_OF] == measured
    assert made.description == f"Version {measured} with threshold 0.65: Too many false alarms."
    card = (trained.folder / weights.CARD).read_text()
    assert card.startswith(f"> These are the weights of version {measured} with the threshold 0.65")
    assert (source.folder / weights.OUTSIDE).exists(), "or the next line proves nothing"
    assert not (trained.folder / weights.OUTSIDE).exists()  # it held for the other threshold
    assert house.events()[0] == "model.registered"


def test_it_was_trained_on_whom_its_source_was(house: Department, thresholds: OtherThresholds) -> None:
    """Else a rehearsal would try it on patients whose answers it knows."""
    known, kept_apart = house.add(3, bright=800), house.add(2, bright=800)
    source = house.version(above=700, name="candidate").version
    house.note_trained_on(source, known)
    made = thresholds.register(BRAIN_TUMOUR, source, 0.4, "Too few alarms.", house.ada).version
    once_more = thresholds.register(BRAIN_TUMOUR, made, 0.3, "Still too few.", house.ada).version
    learnt = house.registry.trained_patients(BRAIN_TUMOUR, source)
    assert learnt and len(learnt) == 3
    assert house.registry.trained_patients(BRAIN_TUMOUR, made) == learnt
    assert house.registry.trained_patients(BRAIN_TUMOUR, once_more) == learnt
    house.rehearse(once_more)
    made_of = house.rehearsals.latest(BRAIN_TUMOUR, once_more)
    assert made_of is not None
    assert made_of.trained_on == 3
    assert {each.scan_id for each in made_of.differences} <= {scan.id for scan in kept_apart}


def test_figures_are_counted_anew_or_left_out(
    house: Department, thresholds: OtherThresholds, measured: str
) -> None:
    made = house.registry.files(thresholds.register(BRAIN_TUMOUR, measured, 0.65, "Tried.", house.ada))
    figures = {name: (figure["value"], figure["n"]) for name, figure in made.metrics.items()}
    assert figures["presence_recall"] == (2 / 3, 3)
    assert figures["presence_far"] == (0.0, 2)  # 0.6 is no alarm any more
    assert figures["presence_accuracy"] == (4 / 5, 5)
    assert figures["presence_auc"] == (0.9, 10) and figures["dice"] == (0.8, 10)
    assert "volume_presence_recall" not in figures  # no answers of whole volumes are kept
    kept = json.loads((made.folder / weights.EVALUATION).read_text())
    assert kept["scored"]["threshold"] == 0.65 and kept["cases"] == []


def test_it_goes_live_and_reads_by_its_threshold(house: Department, thresholds: OtherThresholds) -> None:
    (scan,) = house.add(1, bright=600)
    before = house.read(scan)
    made = thresholds.register(BRAIN_TUMOUR, "1", 0.99, "Only what is sure.", house.ada)
    house.tracking.set_alias(BRAIN_TUMOUR, CHAMPION, made.version)
    house.serving.look()
    after = house.read(scan)
    assert (after.provenance.model_version, after.threshold) == (made.version, 0.99)
    assert before.threshold == 0.5 and after.probability == before.probability


def test_what_ships_stays_what_ships(house: Department, thresholds: OtherThresholds) -> None:
    thresholds.register(BRAIN_TUMOUR, "1", 0.9, "Tried.", house.ada)
    house.tracking.delete_alias(BRAIN_TUMOUR, CHAMPION)
    house.registry.load_all(house.engine)
    assert house.engine.loaded(BRAIN_TUMOUR).version == "1"


def test_the_same_twice_is_refused_from_the_slider_and_by_upload(
    house: Department, thresholds: OtherThresholds
) -> None:
    made = thresholds.register(BRAIN_TUMOUR, "1", 0.9, "Tried.", house.ada)
    for version, threshold in (("1", 0.5), ("1", 0.9), (made.version, 0.9)):
        with pytest.raises(InvalidInput, match="is these weights with this threshold"):
            thresholds.register(BRAIN_TUMOUR, version, threshold, "Again.", house.ada)
    copy = zipped(weights_in(house.folder / "copy", 500, threshold=0.9))
    with pytest.raises(InvalidInput, match=f"registered already, as version {made.version}"):
        house.uploads.take(BRAIN_TUMOUR, copy, house.ada)
    other = zipped(weights_in(house.folder / "other", 500, threshold=0.8))
    assert house.uploads.take(BRAIN_TUMOUR, other, house.ada).version == "3"


@pytest.mark.parametrize("threshold", [0.0, 1.0, -0.1, float("nan")])
def test_a_threshold_that_is_none(house: Department, thresholds: OtherThresholds, threshold: float) -> None:
    with pytest.raises(InvalidInput, match="between 0 and 1"):
        thresholds.register(BRAIN_TUMOUR, "1", threshold, "Tried.", house.ada)


def test_a_reason_a_version_and_the_right_are_needed(house: Department, thresholds: OtherThresholds) -> None:
    with pytest.raises(InvalidInput, match="Say why"):
        thresholds.register(BRAIN_TUMOUR, "1", 0.7, " ", house.ada)
    with pytest.raises(NotFound):
        thresholds.register(BRAIN_TUMOUR, "9", 0.7, "Tried.", house.ada)
    with pytest.raises(NotAllowed):
        thresholds.register(BRAIN_TUMOUR, "1", 0.7, "Tried.", somebody(Role.HEAD, "hans"))
