"""What the API takes and answers about readings without the AI."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from dashboard.api.models_common import ApiAnswer, ApiBody, ApiQuery, AudienceWord
from dashboard.api.models_performance import FigureAnswer
from data.records import UnaidedReading


class UnaidedReadingBody(ApiBody):
    """What a reader sees without the AI."""

    finding: Literal["present", "absent", "unsure"]
    comment: str = Field("", max_length=2000)
    seconds: float | None = Field(
        None, ge=0, le=86400, description="That were spent; by default since the scan's page was opened"
    )


class GivenReadingAnswer(ApiAnswer):
    """What was kept."""

    reading: UnaidedReading


class ReaderStudyQuery(ApiQuery):
    """Of which task."""

    task: str = Field(description="Such as brain-tumour")
    audience: AudienceWord = None


class PairingAnswer(ApiAnswer):
    """How far two of reader alone, AI and reader with AI agree."""

    name: str
    agree: int | None = Field(description="null where it would tell of few")
    n: int
    kappa: FigureAnswer
    dice: FigureAnswer


class ReaderStudyAnswer(ApiAnswer):
    """Reader alone, AI, and reader with AI, over a task's readings without the AI."""

    task: str
    given: int
    shown_before: int = Field(description="Whose AI result was shown before: no figure counts them")
    judged: int = Field(description="Whose reader has said something of the AI's result since")
    changed: int | None = Field(description="Of these, with another finding after it; null for few")
    to_ai: int | None = Field(description="Of the changed ones, towards what the AI says; null for few")
    pairings: list[PairingAnswer] = Field(description="Empty where fewer than 5 would stand behind them")
    notice: str
