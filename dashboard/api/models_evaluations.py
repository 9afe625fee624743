"""What the API takes and answers about sets of scans that versions read."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from dashboard.api.models_common import ApiAnswer, ApiBody, ApiQuery
from dashboard.api.models_performance import FigureAnswer
from data.records import EvaluationState, ScanSetKind


class EvaluationsQuery(ApiQuery):
    """Which evaluations."""

    task: str | None = Field(None, description="Of one task; without it of all")


class ScanSetsQuery(ApiQuery):
    """For which task."""

    task: str = Field(description="brain-tumour or pneumonia")
    filters: str = Field("", description="Filters as in the cohort page's address, offered first")


class EvaluationQuery(ApiQuery):
    """What to compare with."""

    beside: str | None = Field(None, description="The id of another finished evaluation of the same task")


class EvaluationAskBody(ApiBody):
    """Which version reads what. One of the same that is under way is not doubled."""

    task: str
    version: str = Field(description="The number of a registered version")
    kind: Literal["cohort", "pack", "outside"] = Field(
        "cohort", description="Scans that fit filters, a retraining pack, or a labelled folder of the server"
    )
    key: str = Field(
        description="Which set of this kind: filters as in the cohort page's address (“sex=F”, “” for all "
        "real scans), the id of a pack, or the name of a folder"
    )


class ScanSetAnswer(ApiAnswer):
    """A set of scans; real ones or synthetic ones, never both."""

    kind: ScanSetKind
    key: str
    words: str
    synthetic: bool


class ScanSetsAnswer(ApiAnswer):
    """What versions of a task can be had to read."""

    sets: list[ScanSetAnswer]


class EvaluationAnswer(ApiAnswer):
    """One version had to read one set."""

    id: str
    task: str
    version: str
    weights_sha256: str
    set: ScanSetAnswer
    state: EvaluationState
    failure: str | None
    scans: int = Field(description="How many there are in the set")
    done: int = Field(description="Of these, how many have an answer or a reason for none")
    asked_by: str
    asked_at: datetime
    finished_at: datetime | None


class EvaluationsAnswer(ApiAnswer):
    """The latest evaluations, newest first."""

    evaluations: list[EvaluationAnswer]


class EvaluationCaseAnswer(ApiAnswer):
    """What was said of one scan of the set, and what is true as far as that is known."""

    name: str
    scan_id: str | None = Field(description="null for a file of a folder, and for who may not see scans")
    positive: bool | None
    probability: float | None
    threshold: float | None
    volume_ml: float | None
    truth_positive: bool | None = Field(description="null where the truth is not known")
    dice: float | None = Field(description="With a mask that a person drew")
    failure: str | None = Field(description="Why there is no answer")


class EvaluationOutcomeAnswer(ApiAnswer):
    """What a finished evaluation came to."""

    read: int
    not_read: int
    called_positive: int = Field(description="Of all that were read")
    truth_known: int = Field(description="How many of the scans that were read the figures are of")
    trained_on: int = Field(
        description="Scans that are left out: the version was trained on their patients, by a retraining pack"
    )
    figures: dict[str, FigureAnswer]
    cases: list[EvaluationCaseAnswer] = Field(description="The most wrong first")


class EvaluationDifferenceAnswer(ApiAnswer):
    """A metric of both versions on the same cases; `value` is the second's less the first's."""

    first: float | None
    second: float | None
    value: float | None
    low: float | None = Field(description="The 95 % interval of the difference")
    high: float | None
    n: int
    p: float | None


class EvaluationPairAnswer(ApiAnswer):
    """Two evaluations on the scans that both have read and whose truth is known."""

    first: str
    second: str
    first_version: str
    second_version: str
    n: int
    first_only_right: int
    second_only_right: int
    p: float | None = Field(description="McNemar's exact test")
    differences: dict[str, EvaluationDifferenceAnswer]


class EvaluationNumbersAnswer(EvaluationAnswer):
    """One evaluation with its numbers."""

    outcome: EvaluationOutcomeAnswer | None = Field(description="Once it is done")
    comparable: list[EvaluationAnswer] = Field(
        description="Finished ones of other versions on a set of the same name, newest first"
    )
    beside: EvaluationPairAnswer | None = Field(description="Where `beside` names another one")
