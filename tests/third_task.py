"""The task that the manual adds, for tests: its files, and its line in the registry."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import models
from models import tasks
from models.task import Task

MANUAL = Path(__file__).resolve().parents[1] / "docs" / "adding-a-task.md"
NAME = "wrist-fracture"


@contextmanager
def third_task(folder: Path) -> Iterator[Task]:
    """The folder that the manual writes, below `folder`, and its line in the registry."""
    blocks = re.findall(r"```python\n# (models/\S+\.py)\n(.*?)```", MANUAL.read_text(), re.DOTALL)
    assert [Path(name).name for name, _ in blocks] == ["task.py", "evaluation.py", "training.py"]
    (folder / "models" / "wrist_fracture").mkdir(parents=True)
    for name, code in blocks:
        (folder / name).write_text(code)
    about = "# Fracture on wrist X-ray\n\n**Not for diagnostic use.**\n"
    (folder / "models" / "wrist_fracture" / "about.md").write_text(about)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(models, "__path__", [*models.__path__, str(folder / "models")])
        from models.wrist_fracture.task import TASK  # type: ignore[import-not-found]

        patch.setitem(tasks.CLINICAL, NAME, TASK)
        patch.setitem(tasks.ALL, NAME, TASK)
        yield TASK
    for name in [name for name in sys.modules if name.startswith("models.wrist_fracture")]:
        del sys.modules[name]
