"""What was erased: by whom, why, how much, and what is still to be done."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Row, insert, select, update

from data.codec import from_json, to_json
from data.database import reading, writing
from data.records import Erasure, ErasureKind, ErasurePlan, ErasureState
from data.tables import erasures


class ErasureStore:
    """Erasures; no row is ever deleted."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, erasure: Erasure) -> None:
        """Keep one, with the transaction that takes its rows out."""
        with writing(self._engine) as connection:
            connection.execute(insert(erasures).values(_values(erasure)))

    def get(self, erasure_id: str) -> Erasure | None:
        """One, or None."""
        with reading(self._engine) as connection:
            row = connection.execute(select(erasures).where(erasures.c.id == erasure_id)).one_or_none()
        return None if row is None else _erasure(row)

    def unfinished(self) -> list[Erasure]:
        """Those of which files may be left, the oldest first."""
        query = select(erasures).where(erasures.c.state != ErasureState.DONE.value)
        with reading(self._engine) as connection:
            return [_erasure(row) for row in connection.execute(query.order_by(erasures.c.asked_at))]

    def recent(self, limit: int) -> list[Erasure]:
        """The latest, newest first."""
        query = select(erasures).order_by(erasures.c.asked_at.desc(), erasures.c.id).limit(limit)
        with reading(self._engine) as connection:
            return [_erasure(row) for row in connection.execute(query)]

    def since(self, moment: datetime | None) -> list[Erasure]:
        """Those that were asked for from a moment on, or all, the oldest first."""
        query = select(erasures).order_by(erasures.c.asked_at, erasures.c.id)
        if moment is not None:
            query = query.where(erasures.c.asked_at >= moment)
        with reading(self._engine) as connection:
            return [_erasure(row) for row in connection.execute(query)]

    def note(self, erasure_id: str, note: str) -> None:
        """Why it is not finished yet."""
        self._set(erasure_id, note=note)

    def counted(self, erasure_id: str, counts: Mapping[str, int], note: str) -> None:
        """How much went so far, and why it is not finished yet."""
        self._set(erasure_id, counts=to_json(dict(counts)), note=note)

    def forget_plan(self, erasure_id: str) -> None:
        """Let go of what led to the files, which are gone: it names studies."""
        self._set(erasure_id, plan=to_json(ErasurePlan()))

    def done(self, erasure_id: str, at: datetime) -> bool:
        """Nothing is left; False where somebody has said so already."""
        open_still = (erasures.c.id == erasure_id) & (erasures.c.state != ErasureState.DONE.value)
        values = {"state": ErasureState.DONE.value, "finished_at": at, "note": ""}
        with writing(self._engine) as connection:
            return connection.execute(update(erasures).where(open_still).values(**values)).rowcount == 1

    def _set(self, erasure_id: str, **values: Any) -> None:
        with writing(self._engine) as connection:
            connection.execute(update(erasures).where(erasures.c.id == erasure_id).values(**values))


def _values(erasure: Erasure) -> dict[str, Any]:
    return vars(erasure) | {
        "kind": erasure.kind.value,
        "state": erasure.state.value,
        "patient_ids": to_json(erasure.patient_ids),
        "scan_ids": to_json(erasure.scan_ids),
        "plan": to_json(erasure.plan),
        "counts": to_json(dict(erasure.counts)),
    }


def _erasure(row: Row[Any]) -> Erasure:
    values = {name: row._mapping[name] for name in Erasure.__dataclass_fields__}
    read = {
        "kind": ErasureKind(row.kind),
        "state": ErasureState(row.state),
        "patient_ids": from_json(tuple[str, ...], row.patient_ids),
        "scan_ids": from_json(tuple[str, ...], row.scan_ids),
        "plan": from_json(ErasurePlan, row.plan),
        "counts": from_json(dict[str, int], row.counts),
    }
    return Erasure(**values | read)
