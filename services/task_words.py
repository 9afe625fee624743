"""What people call the tasks: asked of the tasks themselves by everything that shows or hands on results."""

from __future__ import annotations

from data.records import TaskWords
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
