"""Evaluations and their readings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Row, Select, func, insert, select, update

from data.database import reading, statement_parts, writing
from data.records import Evaluation, EvaluationReading, EvaluationState, ScanSet, ScanSetKind
from data.tables import evaluation_readings, evaluations

_READ = (
    select(func.count())
    .select_from(evaluation_readings)
    .where(
        evaluation_readings.c.evaluation_id == evaluations.c.id, evaluation_readings.c.read_at.is_not(None)
    )
    .scalar_subquery()
    .label("read_count")
)
_ALL = select(evaluations, _READ)
_ANSWERS = tuple(evaluation_readings.c[name] for name in EvaluationReading.__dataclass_fields__)


class EvaluationStore:
    """Which version had to read which set, scan by scan."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, evaluation: Evaluation, readings: Sequence[EvaluationReading]) -> None:
        """Keeps an evaluation with everything that is to be read, in one transaction."""
        chosen = evaluation.chosen
        row = {
            name: getattr(evaluation, name)
            for name in (
                "id",
                "task",
                "version",
                "weights_sha256",
                "asked_by",
                "asked_name",
                "asked_at",
                "total",
            )
        }
        row |= {"set_kind": chosen.kind, "set_key": chosen.key, "set_words": chosen.words}
        row |= {"synthetic": chosen.synthetic, "state": evaluation.state}
        with writing(self._engine) as connection:
            connection.execute(insert(evaluations).values(**row))
            for part in statement_parts(list(readings)):
                rows = [{"evaluation_id": evaluation.id, **vars(each)} for each in part]
                connection.execute(insert(evaluation_readings), rows)

    def get(self, evaluation_id: str) -> Evaluation | None:
        """The evaluation, or None."""
        listed = self._listed(_ALL.where(evaluations.c.id == evaluation_id))
        return listed[0] if listed else None

    def of_ids(self, evaluation_ids: Sequence[str]) -> dict[str, Evaluation]:
        """Those of these that there are, by id."""
        parts = statement_parts(evaluation_ids)
        listed = [each for part in parts for each in self._listed(_ALL.where(evaluations.c.id.in_(part)))]
        return {each.id: each for each in listed}

    def recent(self, limit: int, task: str | None = None) -> list[Evaluation]:
        """The latest, newest first."""
        query = _ALL.order_by(evaluations.c.asked_at.desc(), evaluations.c.id).limit(limit)
        return self._listed(query if task is None else query.where(evaluations.c.task == task))

    def finished(self, task: str, version: str) -> list[Evaluation]:
        """Those of a version that were read to their end, oldest first."""
        mine = (evaluations.c.task == task) & (evaluations.c.version == version)
        done = evaluations.c.state == EvaluationState.DONE
        return self._listed(_ALL.where(mine, done).order_by(evaluations.c.finished_at, evaluations.c.id))

    def readings(self, evaluation_id: str, *, waiting: bool = False) -> list[EvaluationReading]:
        """The readings of an evaluation in their order; with `waiting`, those still to be read."""
        query = select(*_ANSWERS).where(evaluation_readings.c.evaluation_id == evaluation_id)
        if waiting:
            query = query.where(evaluation_readings.c.read_at.is_(None))
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(evaluation_readings.c.number))
            return [EvaluationReading(**row._mapping) for row in rows]

    def note(self, evaluation_id: str, answered: EvaluationReading) -> None:
        """Keeps what was said of one scan."""
        values = {name: value for name, value in vars(answered).items() if name != "number"}
        mine = evaluation_readings.c.evaluation_id == evaluation_id
        with writing(self._engine) as connection:
            connection.execute(
                update(evaluation_readings)
                .where(mine, evaluation_readings.c.number == answered.number)
                .values(**values)
            )

    def end(
        self, evaluation_id: str, state: EvaluationState, at: datetime, failure: str | None = None
    ) -> bool:
        """Says how one ended, once; returns whether it had not ended before."""
        open_ = (evaluations.c.id == evaluation_id) & (evaluations.c.state == EvaluationState.QUEUED)
        with writing(self._engine) as connection:
            done = connection.execute(
                update(evaluations).where(open_).values(state=state, finished_at=at, failure=failure)
            )
            return done.rowcount == 1

    def _listed(self, query: Select[Any]) -> list[Evaluation]:
        with reading(self._engine) as connection:
            return [_evaluation(row) for row in connection.execute(query)]


def _evaluation(row: Row[Any]) -> Evaluation:
    return Evaluation(
        id=row.id,
        task=row.task,
        version=row.version,
        weights_sha256=row.weights_sha256,
        chosen=ScanSet(ScanSetKind(row.set_kind), row.set_key, row.set_words, row.synthetic),
        state=EvaluationState(row.state),
        asked_by=row.asked_by,
        asked_name=row.asked_name,
        asked_at=row.asked_at,
        total=row.total,
        read=row.read_count,
        finished_at=row.finished_at,
        failure=row.failure,
    )
