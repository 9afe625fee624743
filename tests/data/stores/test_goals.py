"""Goals: the latest word counts, and an empty one forgets."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Engine

from data.database import now
from data.records import BRAIN_TUMOUR, PNEUMONIA, Goal
from data.stores.goals import GoalStore


def test_the_latest_word_counts(engine: Engine) -> None:
    store = GoalStore(engine)
    first = Goal(BRAIN_TUMOUR, "recall", 0.95, 0.9, "Dr Head", now())
    store.set(first)
    assert store.of(BRAIN_TUMOUR) == {"recall": first}
    assert store.of(PNEUMONIA) == {}
    second = replace(first, goal=None, alert_limit=0.8, set_by="Dr Else")
    store.set(second)
    assert store.of(BRAIN_TUMOUR) == {"recall": second}
    store.set(replace(second, alert_limit=None))
    assert store.of(BRAIN_TUMOUR) == {}
