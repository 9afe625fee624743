"""What people call the tasks and their answers: asked by everything that shows or hands on results."""

from __future__ import annotations

from collections.abc import Sequence

from data.records import Doubt, Outcome, Result, TaskWords
from models import tasks
from models.task import Task


def words_of(task: str) -> TaskWords:
    """The words of the task called `task`; of one that is no longer here, what its name gives.

    Scans outlive tasks: a department may have taken one out again.
    """
    known = tasks.ALL.get(task)
    if known is not None:
        return known.words
    spoken = task.replace("-", " ")
    return TaskWords(task, spoken.capitalize(), spoken, f"a picture for {spoken}", "", draws_mask=False)


OUTCOME_NAMES = {
    Outcome.FOUND: "Found",
    Outcome.UNCERTAIN: "Uncertain",
    Outcome.NOT_FOUND: "Not found",
}
"""The three answers of any task, the most urgent first."""


def outcome_words(task: str, outcome: Outcome) -> str:
    """An answer in a few words: "Tumour found", "Pneumonia unlikely", "Uncertain"."""
    if outcome is Outcome.UNCERTAIN:
        return OUTCOME_NAMES[outcome]
    words = words_of(task)
    if not words.draws_mask:
        return f"{words.finding.capitalize()} {'likely' if outcome is Outcome.FOUND else 'unlikely'}"
    if outcome is Outcome.FOUND:
        return f"{words.finding.capitalize()} found"
    return f"No {words.finding} found"


def reasons(doubts: Sequence[Doubt]) -> str:
    """Why an answer is uncertain, in one line without a full stop; "" where it is not."""
    return "; ".join(doubt.words for doubt in doubts)


def not_ruled_out(result: Result) -> str | None:
    """What an answer leaves open all the same, in a sentence; None where nothing is known of it."""
    recognised, left = result.provenance.recognised, left_open(result)
    if left is None or recognised is None:
        return None
    mistake = f"mistakes some for {words_of(result.task).finding}" if result.positive else "misses some"
    return f"This does not rule out {left}: on {recognised.sequence} the model {mistake}."


def left_open(result: Result) -> str | None:
    """What an answer leaves open, named alone: "a glioma that hardly enhances"; None as `not_ruled_out`."""
    recognised, words = result.provenance.recognised, words_of(result.task)
    if recognised is None or recognised.sequence is None:
        return None
    known = {Outcome.FOUND: words.known_mimics, Outcome.NOT_FOUND: words.known_misses}.get(result.outcome, ())
    left = [mistake.what for mistake in known if mistake.sequence is recognised.sequence]
    return " or ".join(left) or None


def finding_measured_by(*clinical: Task) -> str:
    """What volumes are of: the finding of the tasks that draw masks where there is one, else "finding"."""
    findings = {task.words.finding for task in clinical if task.words.draws_mask}
    return findings.pop() if len(findings) == 1 else "finding"


MEASURED_FINDING = finding_measured_by(*tasks.CLINICAL.values())
"""The word for what the cohort's volumes are of, all tasks together."""

MEASURED_VOLUME = f"{MEASURED_FINDING} volume"


def findings() -> frozenset[str]:
    """What the clinical tasks look for: in a table of labels each says "there is something"."""
    return frozenset(task.words.finding for task in tasks.CLINICAL.values())


def pictures_read() -> str:
    """What clinicians may send, "a brain MRI or an upright chest X-ray"."""
    return " or ".join(task.words.picture for task in tasks.CLINICAL.values())


DRAWN_DICE = "Dice with a mask that a person drew"
"""What every figure of that name is; which ones count says `data.records.counting_dice`."""
