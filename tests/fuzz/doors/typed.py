"""What people type into fields: goals, shares, labels, times of schedules."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from random import Random

from data.errors import InvalidInput
from data.records import BRAIN_TUMOUR, Role
from tests.dashboard.clinic import Clinic
from tests.fuzz.door import BrokenPromiseError, Door, Knock, judge_sentence
from tests.fuzz.texts import hostile_text, number

_METRICS = ("recall", "accuracy", "dice", "precision", "reading_ms", "specificity", "auc")


def _make(rng: Random) -> bytes:
    typed = [
        hostile_text(rng) if rng.random() < 0.6 else str(number(rng) / rng.choice((1, 3, 1e9))) for _ in "12"
    ]
    metric = rng.choice(_METRICS) if rng.random() < 0.9 else hostile_text(rng)
    said = {"metric": metric, "goal": typed[0] + rng.choice(("", "%", " %", " ms")), "limit": typed[1]}
    return json.dumps(said).encode()


def _opened(folder: Path) -> Knock:
    clinic = Clinic(folder / "typed", networks=False)
    head = clinic.person(Role.HEAD)
    goals = clinic.services.performance.goals

    def knock(content: bytes) -> str:
        said = json.loads(content)
        kept = _refused_or(
            lambda: goals.set_typed(BRAIN_TUMOUR, said["metric"], said["goal"], said["limit"], head)
        )
        if kept is None:
            return "refused"
        if any(value is not None and not math.isfinite(value) for value in (kept.goal, kept.alert_limit)):
            raise BrokenPromiseError("a goal that is no number")
        return "taken"

    return knock


def _refused_or(act: Callable[[], object]) -> object | None:
    try:
        return act()
    except InvalidInput as refused:
        judge_sentence(str(refused), names_the_input=True)
        return None


DOORS = (Door("goals", _make, _opened, 3),)
