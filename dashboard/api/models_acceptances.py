"""What the API takes and answers about local acceptance: protocols, tests and signed records."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from dashboard.api.models_common import ApiAnswer, ApiQuery, AudienceWord, SmallNumbersHidden
from data.records import AcceptanceLimits, AcceptanceVerdict, EvaluationState


class AcceptancesQuery(ApiQuery):
    """Of which task."""

    task: str = Field(description="brain-tumour or pneumonia")


class AcceptanceQuery(ApiQuery):
    """For whom."""

    audience: AudienceWord = None


class RecordQuery(ApiQuery):
    """In which form, and for whom: without `audience` for handing on."""

    form: Literal["json", "pdf"] = "json"
    audience: AudienceWord = None


class ProtocolAnswer(ApiAnswer):
    """A revision of a task's protocol."""

    id: str
    task: str
    revision: int
    in_force: bool = Field(description="Of the newest revision: whether acceptance is asked for")
    limits: AcceptanceLimits
    fixed_by: str
    fixed_at: datetime
    why: str


class ProtocolsAnswer(ApiAnswer):
    """Every revision, the newest first."""

    protocols: list[ProtocolAnswer]


class AcceptanceAnswer(ApiAnswer):
    """A test of a version on a scanner."""

    id: str
    task: str
    version: str
    scanner: str = Field(description="“unknown”: scans whose files name none")
    protocol_revision: int
    begun_by: str
    begun_at: datetime
    state: EvaluationState = Field(description="Of the reading of its scans")
    verdict: AcceptanceVerdict | None = Field(
        description="Of a signed test as it was signed; only “passed” accepts. Of one that nobody has "
        "signed: null in the list; what it comes to, once all scans are read, where one test is asked for"
    )
    signed_by: str | None
    signed_at: datetime | None
    record_sha256: str | None
    as_signed: bool | None = Field(
        description="Whether the record is what was signed; one that is not accepts nothing. Null: not signed"
    )


class AcceptancesAnswer(ApiAnswer):
    """Every test of a task, the newest first."""

    acceptances: list[AcceptanceAnswer]


class CriterionAnswer(ApiAnswer):
    """A figure beside what is asked of it."""

    metric: Literal["recall", "specificity", "dice", "refused"]
    n: int | None = Field(description="Null, as the figure, where it is withheld")
    value: float | None
    low: float | None = Field(description="The 95 % interval")
    high: float | None
    limit: float = Field(description="That the whole interval must keep: of `refused` from above")
    least: int = Field(description="Cases below which nothing is said")
    verdict: AcceptanceVerdict
    more: int | None = Field(
        description="About how many more cases would tell, where it cannot be told and a number is sensible"
    )
    against: list[str] = Field(description="The scans that speak against the version; for who may see scans")
    note: str = Field(description="“withheld” where a number stands for few; else empty")


class DutyAnswer(ApiAnswer):
    """What one person did."""

    did: str
    name: str


class AcceptanceNumbersAnswer(AcceptanceAnswer):
    """A test with its numbers, and with who did what for it."""

    small_numbers_hidden: SmallNumbersHidden
    protocol: ProtocolAnswer
    earlier_tests: int = Field(description="Of the same version on the same scanner")
    criteria: list[CriterionAnswer] = Field(description="Empty while the scans are being read")
    duties: list[DutyAnswer]
    duties_words: str = Field(description="Whether one person did several of these; may be empty")
    trained_on_known: bool = Field(description="Whether the version's training says which patients it had")
    trained_on: int | None = Field(
        description="Cases of patients whom the version was trained on, which are not counted; null where "
        "that is not known or withheld"
    )
