"""Answers outside the training sources, made up."""

from __future__ import annotations

from data.labelled.outside import OutsideTruth
from models.outside import AnswerWord, OutsideCase, OutsideEvaluation

FOUND, UNCERTAIN, NOT_FOUND = AnswerWord.FOUND, AnswerWord.UNCERTAIN, AnswerWord.NOT_FOUND
HEALTHY, ILL = OutsideTruth.HEALTHY, OutsideTruth.ILL


def case(number: int, truth: OutsideTruth, answer: AnswerWord, **more: object) -> OutsideCase:
    """One file, known by its number."""
    facts: dict[str, object] = {
        "kind": "slice",
        "sequence": "FLAIR",
        "source": "one",
        "age": "not stated",
        "probability": 0.9 if answer is FOUND else 0.1,
    }
    name = f"{truth.value}/{number}.png"
    return OutsideCase(name, f"{number:064}", truth, truth.value, answer=answer, **(facts | more))  # type: ignore[arg-type]


def evaluation(
    weights_sha256: str, *, alarms: int = 0, misses: int = 0, each: int = 40, task: str = "brain-tumour"
) -> OutsideEvaluation:
    """`each` healthy and `each` ill files, of which so many are called wrongly."""
    healthy = [case(n, HEALTHY, FOUND if n < alarms else NOT_FOUND) for n in range(each)]
    ill = [case(n, ILL, NOT_FOUND if n < misses else FOUND) for n in range(each)]
    return OutsideEvaluation(task, weights_sha256, (*healthy, *ill))
