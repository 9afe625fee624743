"""When an answer is uncertain, and that it is kept with its reasons."""

from __future__ import annotations

from dataclasses import replace

import pytest

from data.records import (
    BRAIN_TUMOUR,
    Doubt,
    MrSequence,
    Outcome,
    Provenance,
    RecognisedBy,
    RecognisedSequence,
)
from models.task import Answer
from services.reading.reader import Read
from services.reading.results import result_of
from tests.data.builders import a_scan

MADE = Provenance(BRAIN_TUMOUR, "7", "abc", "", "", "cpu", "float32", "")
KNOWN = RecognisedSequence(MrSequence.FLAIR, RecognisedBy.HEADER)
UNKNOWN = RecognisedSequence(None, RecognisedBy.PICTURE, 0.4)


def _read(recognised: RecognisedSequence | None, answer: Answer) -> tuple[Outcome, tuple[Doubt, ...]]:
    scan = replace(a_scan("nobody"), task=BRAIN_TUMOUR, recognised=recognised)
    result = result_of(scan, Read(answer, None, None, 0.5, MADE))
    assert (result.positive, result.outside_distance) == (answer.positive, answer.outside_distance)
    return result.outcome, result.doubts


@pytest.mark.parametrize(("positive", "outcome"), [(True, Outcome.FOUND), (False, Outcome.NOT_FOUND)])
def test_without_a_doubt_the_call_is_the_outcome(positive: bool, outcome: Outcome) -> None:
    assert _read(KNOWN, Answer(0.5, positive, outside_distance=0.4)) == (outcome, ())
    assert _read(None, Answer(0.5, positive)) == (outcome, ())


@pytest.mark.parametrize("positive", [True, False])
@pytest.mark.parametrize("doubt", list(Doubt))
def test_any_doubt_of_the_models_makes_it_uncertain(doubt: Doubt, positive: bool) -> None:
    assert _read(KNOWN, Answer(0.5, positive, doubts=(doubt,))) == (Outcome.UNCERTAIN, (doubt,))


@pytest.mark.parametrize(("distance", "doubts"), [(1.0, ()), (1.001, (Doubt.UNLIKE_TRAINING,))])
def test_a_picture_beyond_the_limit_is_unlike_the_training(
    distance: float, doubts: tuple[Doubt, ...]
) -> None:
    assert _read(KNOWN, Answer(0.9, True, outside_distance=distance))[1] == doubts


def test_a_brain_mri_of_no_known_sequence_is_uncertain() -> None:
    assert _read(UNKNOWN, Answer(0.9, False)) == (Outcome.UNCERTAIN, (Doubt.SEQUENCE_NOT_RECOGNISED,))


def test_reasons_come_once_and_in_one_order() -> None:
    said = Answer(0.9, True, doubts=(Doubt.NEAR_THRESHOLD, Doubt.UNLIKE_TRAINING), outside_distance=2.0)
    assert _read(UNKNOWN, said)[1] == (
        Doubt.UNLIKE_TRAINING, Doubt.NEAR_THRESHOLD, Doubt.SEQUENCE_NOT_RECOGNISED,
    )  # fmt: skip


def test_every_reason_has_words() -> None:
    words = [doubt.words for doubt in Doubt]
    assert len(set(words)) == len(words) and all(words)
