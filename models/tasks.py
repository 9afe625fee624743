"""The tasks that Lightbox can do. A new one is a folder of `models/` and a line here."""

from __future__ import annotations

from data.errors import InvalidInput
from models.acquisition.task import TASK as ACQUISITION
from models.brain_tumour.task import TASK as BRAIN_TUMOUR
from models.pneumonia.task import TASK as PNEUMONIA
from models.suitability.task import TASK as SUITABILITY
from models.task import Task

CLINICAL: dict[str, Task] = {task.name: task for task in (BRAIN_TUMOUR, PNEUMONIA)}
"""What clinicians get answers from."""

ALL: dict[str, Task] = CLINICAL | {task.name: task for task in (SUITABILITY, ACQUISITION)}
"""The same and the routers in front of them."""


def task_named(name: str) -> Task:
    """The task called `name`; raises InvalidInput naming those that exist."""
    if name not in ALL:
        raise InvalidInput(f"There is no task {name!r}; the tasks are {', '.join(sorted(ALL))}.")
    return ALL[name]
