"""What the API takes and answers about patients who may be one person."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from dashboard.api.models_common import ApiAnswer, ApiBody, Day
from dashboard.api.models_scans import IdentityAnswer
from data.records import ConflictState


class PatientRecordAnswer(IdentityAnswer):
    """One of the two, with its scans."""

    sex: str | None
    scans: int
    scan_days: list[date] = Field(description="Newest first; of arrival where a file states no day")
    scan_ids: list[str] = Field(description="Newest first")


class IdentityConflictAnswer(ApiAnswer):
    """Two patients with the same number and name, the older one first."""

    id: str
    patients: list[PatientRecordAnswer]


class IdentityConflictsAnswer(ApiAnswer):
    """Those that nobody has settled."""

    conflicts: list[IdentityConflictAnswer]


class SettleConflictBody(ApiBody):
    """What a person says of the two."""

    decision: Literal["same", "different"] = Field(description="One person, or two people")
    birth_date: Day | None = Field(None, description="With same: which is right, where the two differ")
    sex: str | None = Field(None, description="With same: which is right, where the two differ")


class SettledConflictAnswer(ApiAnswer):
    """What holds now."""

    id: str
    state: ConflictState
