"""What the API takes and answers about reports."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import ConfigDict, Field

from dashboard.api.models_common import ApiAnswer, ApiBody
from data.records import ReportKind, ReportState

KindOfReport = Literal["drift", "performance", "cohort", "governance"]


class ReportAskBody(ApiBody):
    """Which report; each kind takes its own fields."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, str]

    kind: KindOfReport
    task: str = Field("", description="performance: brain-tumour or pneumonia")
    version: str = Field("", description="performance: one version alone")
    month: str = Field("", description="performance: one month alone, 2026-11")
    from_: str = Field("", alias="from", description="governance: first day, 2026-10-01")
    to: str = Field("", description="governance: last day, included")
    run: str = Field("", description="drift: the id of a run")
    filters: str = Field("", description="cohort: filters as in the page's address, site=North")


class ReportAnswer(ApiAnswer):
    """A report: what was asked for, and the files that came of it."""

    id: str
    kind: ReportKind
    title: str
    ask: dict[str, str]
    state: ReportState
    failure: str | None
    files: dict[str, str] = Field(description="Kind of file to its SHA-256")
    signed: bool
    made_by: str
    asked_at: datetime
    made_at: datetime | None


class ReportsAnswer(ApiAnswer):
    """The kept reports, newest first."""

    reports: list[ReportAnswer]
