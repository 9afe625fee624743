"""Who asked for another version to go live, and who decided."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, Row, insert, select, update

from data.codec import from_json, to_json
from data.database import reading, writing
from data.records import Promotion, PromotionGateResult, PromotionKind, PromotionState
from data.tables import promotions


class PromotionStore:
    """Promotions and rollbacks; each is decided once."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, promotion: Promotion) -> None:
        """Keeps what was asked."""
        with writing(self._engine) as connection:
            connection.execute(insert(promotions).values(_values(promotion)))

    def decide(self, promotion: Promotion) -> bool:
        """Keeps how an asked one was decided; False where somebody else decided it first."""
        still_asked = (promotions.c.id == promotion.id) & (promotions.c.state == PromotionState.ASKED.value)
        with writing(self._engine) as connection:
            done = connection.execute(update(promotions).where(still_asked).values(_values(promotion)))
            return bool(done.rowcount)

    def get(self, promotion_id: str) -> Promotion | None:
        """The promotion, or None."""
        with reading(self._engine) as connection:
            query = select(promotions).where(promotions.c.id == promotion_id)
            row = connection.execute(query).one_or_none()
        return None if row is None else _promotion(row)

    def recent(self, task: str | None = None, limit: int = 50) -> list[Promotion]:
        """The latest ones of a task, or of all, newest first."""
        query = select(promotions).order_by(promotions.c.asked_at.desc(), promotions.c.id).limit(limit)
        return self._promotions(query if task is None else query.where(promotions.c.task == task))

    def open(self) -> list[Promotion]:
        """All that are asked and not decided, oldest first."""
        asked = select(promotions).where(promotions.c.state == PromotionState.ASKED.value)
        return self._promotions(asked.order_by(promotions.c.asked_at))

    def led_to(self, task: str, version: str) -> bool:
        """Whether this version is live by the last word that was given here, or is just being let."""
        of_task = promotions.c.task == task
        asked = of_task & (promotions.c.version == version)
        asked &= promotions.c.state == PromotionState.ASKED.value
        done = select(promotions).where(of_task, promotions.c.state == PromotionState.DONE.value)
        latest = self._promotions(done.order_by(promotions.c.decided_at.desc()).limit(1))
        return bool(self._promotions(select(promotions).where(asked))) or any(
            promotion.version == version for promotion in latest
        )

    def _promotions(self, query: Any) -> list[Promotion]:
        with reading(self._engine) as connection:
            return [_promotion(row) for row in connection.execute(query)]


def _values(promotion: Promotion) -> dict[str, Any]:
    return vars(promotion) | {
        "kind": promotion.kind.value,
        "state": promotion.state.value,
        "gate": None if promotion.gate is None else to_json(promotion.gate),
    }


def _promotion(row: Row[Any]) -> Promotion:
    values = dict(row._mapping)
    values["kind"] = PromotionKind(values["kind"])
    values["state"] = PromotionState(values["state"])
    values["gate"] = None if values["gate"] is None else from_json(PromotionGateResult, values["gate"])
    return Promotion(**values)
