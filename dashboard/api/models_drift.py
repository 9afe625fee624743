"""What the API takes and answers about drift."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from dashboard.api.models_common import ApiAnswer, ApiBody, ApiQuery, AudienceWord, Day, SmallNumbersHidden
from data.records import ReferenceKind, RunState, Severity


class TaskQuery(ApiQuery):
    """Whose drift."""

    task: str = Field(description="Which task")


class AudienceQuery(ApiQuery):
    """For whom the numbers are."""

    audience: AudienceWord = None


class FeatureQuery(ApiQuery):
    """What pulls."""

    feature: str = Field("overall", description="A watched column, pc1 to pc8, embedding, or overall")


class DriftAskBody(ApiBody):
    """What is compared: a window of a task's readings with a reference."""

    task: str
    reference: str | None = Field(
        None,
        description="Name or id, or a rule: house (the first accepted month; what is meant without it), "
        "training, last-quarter, last-year, other-scanners",
    )
    last: int | None = Field(None, ge=1, description="The newest so many readings")
    days: int | None = Field(None, ge=1, description="The readings of the last so many days")
    from_: Day | None = Field(None, alias="from", description="First day of reading, by the house's clock")
    to: Day | None = Field(None, description="Last day, included")
    filters: str | None = Field(None, description="Filters as in the cohort page's address, site=North")


class RunReferenceAnswer(ApiAnswer):
    """What a run was measured against."""

    id: str | None
    name: str
    n: int | None


class RunWindowAnswer(ApiAnswer):
    """Which readings a run looked at."""

    last: int | None
    days: int | None
    from_: str | None = Field(serialization_alias="from")
    to: str | None
    filters: str
    n: int | None


class DriftRunAnswer(ApiAnswer):
    """One comparison, as it is listed."""

    id: str
    task: str
    state: RunState
    failure: str | None
    severity: Severity | None
    version: str | None = Field(description="null where readings of several are in the window")
    reference: RunReferenceAnswer
    window: RunWindowAnswer
    drifted: int | None = Field(description="Features that drifted")
    watched: int | None = Field(description="Features that could be judged")
    snapshot_sha256: str | None
    asked_at: datetime
    finished_at: datetime | None


class DriftRunNumbersAnswer(DriftRunAnswer):
    """One comparison with its numbers."""

    small_numbers_hidden: SmallNumbersHidden
    snapshot: dict[str, Any] | None = Field(
        description="Of a finished run: every number of it; what is withheld is null, with the reason in "
        "`withheld` beside it"
    )


class DriftRunsAnswer(ApiAnswer):
    """The latest runs, newest first."""

    runs: list[DriftRunAnswer]


class DriftReferenceAnswer(ApiAnswer):
    """A frozen set that drift is measured against."""

    id: str
    name: str
    kind: ReferenceKind
    version: str | None
    n: int
    sha256: str = Field(description="Of the file with its rows")
    made_at: datetime


class DriftReferencesAnswer(ApiAnswer):
    """The references of a task."""

    references: list[DriftReferenceAnswer]


class UsualAnswer(ApiAnswer):
    """What is usual in the reference: of a number its quartiles, of a name the most frequent one."""

    median: float | None
    q25: float | None
    q75: float | None
    usual: str | None


class InfluentialScanAnswer(ApiAnswer):
    """A scan of the window, by how much it pulls."""

    scan_id: str
    result_id: str
    score: float
    value: float | str | None = Field(description="Of the feature")


class InfluentialScansAnswer(ApiAnswer):
    """The scans that pull a feature, the strongest first."""

    feature: str
    unit: str
    reference: UsualAnswer
    scans: list[InfluentialScanAnswer]
