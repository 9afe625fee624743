"""Retrainings, and the truths that they are made of."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Engine, Row, false, insert, select, true, update
from sqlalchemy.exc import IntegrityError

from data.database import now, reading, writing
from data.ledger.rows import not_withdrawn
from data.records import JudgedScan, Retraining, RetrainingCause, RetrainingState
from data.tables import results, retrainings, reviews, scans

_NEWEST = (retrainings.c.opened_at.desc(), retrainings.c.id)


class RetrainingStore:
    """One row a retraining; at most one of a task is open."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, retraining: Retraining) -> bool:
        """Keeps a new one; False, and nothing, where one of its task is open."""
        values = vars(retraining) | {"open_task": retraining.task if retraining.state.open else None}
        try:
            with writing(self._engine) as connection:
                connection.execute(insert(retrainings).values(**values))
        except IntegrityError:
            if retraining.task not in {other.task for other in self.open()}:
                raise
            return False
        return True

    def change(self, retraining_id: str, of: Collection[RetrainingState], **values: Any) -> bool:
        """Changes one that is in a state of these; returns whether it was: each step is taken once."""
        still = (retrainings.c.id == retraining_id) & retrainings.c.state.in_([state.value for state in of])
        state: RetrainingState | None = values.get("state")
        if state is not None and not state.open:
            values |= {"open_task": None}
        with writing(self._engine) as connection:
            changed = connection.execute(update(retrainings).where(still).values(changed_at=now(), **values))
            return bool(changed.rowcount)

    def get(self, retraining_id: str) -> Retraining | None:
        """The retraining, or None."""
        listed = self._listed(select(retrainings).where(retrainings.c.id == retraining_id))
        return listed[0] if listed else None

    def recent(self, limit: int, task: str | None = None) -> list[Retraining]:
        """The latest of a task, or of all, newest first."""
        query = select(retrainings).order_by(*_NEWEST).limit(limit)
        return self._listed(query if task is None else query.where(retrainings.c.task == task))

    def open(self) -> list[Retraining]:
        """All of which something is still to come, newest first."""
        return self._listed(
            select(retrainings).where(retrainings.c.open_task.is_not(None)).order_by(*_NEWEST)
        )

    def judged(self, task: str, *, synthetic: bool) -> list[JudgedScan]:
        """The task's scans whose latest result has a review that says what is true, the newest scan first."""
        source = scans.join(results, scans.c.latest_result_id == results.c.id).join(
            reviews, results.c.current_review_id == reviews.c.id
        )
        columns = (scans.c.id, scans.c.patient_id, reviews.c.truth_positive, reviews.c.created_at)
        query = select(*columns).select_from(source).where(
            scans.c.task == task,
            scans.c.synthetic.is_(true() if synthetic else false()),
            reviews.c.truth_positive.is_not(None),
            not_withdrawn(scans.c.id),
        )  # fmt: skip
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(scans.c.created_at.desc(), scans.c.id))
            return [JudgedScan(*row) for row in rows]

    def _listed(self, query: Any) -> list[Retraining]:
        with reading(self._engine) as connection:
            return [_retraining(row) for row in connection.execute(query)]


def _retraining(row: Row[Any]) -> Retraining:
    values = {name: row._mapping[name] for name in Retraining.__dataclass_fields__}
    values |= {"cause": RetrainingCause(row.cause), "state": RetrainingState(row.state)}
    return Retraining(**values)
