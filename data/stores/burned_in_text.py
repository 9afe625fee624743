"""What was found burned into pictures: a row a content and detector."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine, Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from data.database import reading, writing
from data.records import BurnedInDecision, PictureBox, PixelScreening
from data.tables import pixel_screenings


class PixelScreeningStore:
    """What detectors found, and the decisions on it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, screening: PixelScreening) -> PixelScreening:
        """Keep one; where another thread was faster, what it kept is the answer."""
        try:
            with writing(self._engine) as connection:
                connection.execute(insert(pixel_screenings).values(_values(screening)))
        except IntegrityError:
            kept = self.get(screening.content_sha256, screening.detector)
            if kept is None:
                raise
            return kept
        return screening

    def get(self, content_sha256: str, detector: str) -> PixelScreening | None:
        """What this detector found in this content; None where it has not looked."""
        with reading(self._engine) as connection:
            row = connection.execute(_one(content_sha256, detector)).one_or_none()
        return None if row is None else _screening(row)

    def change(
        self,
        content_sha256: str,
        detector: str,
        change: Callable[[PixelScreening | None], PixelScreening],
    ) -> PixelScreening:
        """Put what `change` makes of a screening in its place; it raises where there is none."""
        with writing(self._engine) as connection:
            row = connection.execute(_one(content_sha256, detector).with_for_update()).one_or_none()
            made = change(None if row is None else _screening(row))
            mine = pixel_screenings.c.id == made.id
            connection.execute(update(pixel_screenings).where(mine).values(_values(made)))
            return made


def _one(content_sha256: str, detector: str) -> Any:
    return select(pixel_screenings).where(
        pixel_screenings.c.content_sha256 == content_sha256, pixel_screenings.c.detector == detector
    )


def _values(screening: PixelScreening) -> dict[str, Any]:
    boxes = [[box.slice, box.top, box.left, box.bottom, box.right] for box in screening.boxes]
    return vars(screening) | {"boxes": json.dumps(boxes), "decision": screening.decision.value}


def _screening(row: Row[Any]) -> PixelScreening:
    values = dict(row._mapping)
    values["boxes"] = tuple(PictureBox(*box) for box in json.loads(row.boxes))
    values["decision"] = BurnedInDecision(row.decision)
    return PixelScreening(**values)
