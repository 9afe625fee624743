"""Why a reading's answer is uncertain: what its model doubts, and what the way to it leaves open."""

from __future__ import annotations

from data.records import Doubt, RecognisedSequence
from models.task import Answer

OUTSIDE_FROM = 1.0
"""The distance from the training set above which a picture is unlike it."""


def doubts_of(answer: Answer, recognised: RecognisedSequence | None) -> tuple[Doubt, ...]:
    """Everything that speaks against relying on an answer, in the order of `Doubt`.

    `recognised` is the sequence that a brain MRI was taken for; None where nobody asked for one.
    """
    doubted = set(answer.doubts)
    if answer.outside_distance is not None and answer.outside_distance > OUTSIDE_FROM:
        doubted.add(Doubt.UNLIKE_TRAINING)
    if recognised is not None and recognised.sequence is None:
        doubted.add(Doubt.SEQUENCE_NOT_RECOGNISED)
    return tuple(doubt for doubt in Doubt if doubt in doubted)
