"""What the API answers about stored results that were read again."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from dashboard.api.models_common import ApiAnswer
from data.records import Ingredient, RerunNumbers, RerunOutcome


class RerunAnswer(ApiAnswer):
    """One reading again of a stored result, and what came of it."""

    id: str
    scan_id: str
    result_id: str
    outcome: RerunOutcome = Field(
        description="identical: the same mask hash, the same probability to the last digit; within-limits: "
        "those of the engine; not-possible: an ingredient is missing or not what was read"
    )
    sentence: str
    asked_by: str
    asked_at: datetime
    finished_at: datetime | None
    ingredients: tuple[Ingredient, ...] = Field(description="What it was made of, then and now")
    numbers: RerunNumbers | None = Field(description="Pairs are (stored, now)")
    read_by: str


class RerunsAnswer(ApiAnswer):
    """The reruns of a result."""

    reruns: list[RerunAnswer]
