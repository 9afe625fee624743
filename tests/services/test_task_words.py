from __future__ import annotations

from dataclasses import replace

import pytest

from data.records import Doubt, MrSequence, RecognisedBy, RecognisedSequence
from models.tasks import CLINICAL, SUITABILITY
from services.task_words import (
    MEASURED_VOLUME,
    finding_measured_by,
    findings,
    not_ruled_out,
    pictures_read,
    words_of,
)
from tests.dashboard.clinic import Clinic

BRAIN, CHEST = CLINICAL["brain-tumour"], CLINICAL["pneumonia"]


@pytest.mark.parametrize(
    ("task", "said"),
    [
        ("brain-tumour", ("Brain tumour", "tumour", "a brain MRI", "HEAD", True)),
        ("pneumonia", ("Pneumonia", "pneumonia", "an upright chest X-ray", "CHEST", False)),
        ("old-task", ("Old task", "old task", "a picture for old task", "", False)),  # taken out again
        (SUITABILITY.name, ("Suitability", "suitability", "a picture for suitability", "", False)),
    ],
)
def test_a_task_says_what_it_is_called(task: str, said: tuple[object, ...]) -> None:
    words = words_of(task)
    assert (words.label, words.finding, words.picture, words.body_part, words.draws_mask) == said
    assert words.name == task


def test_volumes_are_called_after_the_one_finding_that_is_measured() -> None:
    assert finding_measured_by(BRAIN, CHEST) == "tumour"
    assert finding_measured_by(BRAIN, replace(BRAIN, finding="stroke")) == "finding"
    assert finding_measured_by(CHEST) == "finding"
    assert MEASURED_VOLUME == "tumour volume"


def test_what_is_read_and_looked_for_is_that_of_the_clinical_tasks() -> None:
    assert pictures_read() == "a brain MRI or an upright chest X-ray"
    assert findings() == {"tumour", "pneumonia"}


def test_not_found_says_what_it_leaves_open_on_the_sequence_where_that_was_measured(clinic: Clinic) -> None:
    scan = clinic.add_volume("u")
    nothing = clinic.read_volume(scan, sequence=MrSequence.T1_CONTRAST, positive=False)
    assert not_ruled_out(nothing) == (
        "This does not rule out a glioma that hardly enhances: on contrast-enhanced T1 the model misses some."
    )
    doubted = replace(nothing, doubts=(Doubt.NEAR_THRESHOLD,))
    for other in (replace(nothing, positive=True), doubted, replace(nothing, task="pneumonia")):
        assert not_ruled_out(other) is None
    for recognised in (None, RecognisedSequence(None, RecognisedBy.PICTURE), _flair()):
        made = replace(nothing.provenance, recognised=recognised)
        assert not_ruled_out(replace(nothing, provenance=made)) is None


def test_found_says_what_else_looks_so_on_the_sequence_where_that_was_measured(clinic: Clinic) -> None:
    found = clinic.read_volume(clinic.add_volume("u"), sequence=MrSequence.FLAIR, positive=True)
    assert not_ruled_out(found) == (
        "This does not rule out multiple sclerosis, small-vessel disease or a stroke: on FLAIR the model "
        "mistakes some for tumour."
    )
    doubted = replace(found, doubts=(Doubt.NEAR_THRESHOLD,))
    for other in (replace(found, positive=False), doubted, replace(found, task="pneumonia")):
        assert not_ruled_out(other) is None


def _flair() -> RecognisedSequence:
    return RecognisedSequence(MrSequence.FLAIR, RecognisedBy.HEADER)
