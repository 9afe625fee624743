"""What the API takes and answers about the performance of model versions."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from dashboard.api.models_common import ApiAnswer, ApiQuery, AudienceWord, SmallNumbersHidden


class PerformanceParameters(ApiQuery):
    """The choices of the performance page."""

    task: str | None = Field(None, description="brain-tumour or pneumonia; without it the first")
    metric: str | None = Field(None, description="One metric by its name; without it all of them")
    by: Literal["version", "month"] = Field(
        "version", description="Whether real use is told by version or by month"
    )
    part: Literal["reviewed", "sample"] = Field(
        "reviewed", description="Real use of all that was reviewed, or of the random sample alone"
    )
    of: Literal["real", "validation"] = Field("real", description="What `cases` are of")
    version: str | None = Field(None, description="Whose `cases`; without it those of the live version")
    month: str | None = Field(None, description="In which month of reading, by the house's clock, 2026-11")
    synthetic: Literal["yes", "no"] | None = Field(
        None, description="Whether `cases` are those made for demonstration"
    )
    site: str | None = Field(None, description="Real use of this site alone, as the page's menu names it")
    scanner: str | None = Field(None, description="Real use of this scanner alone")
    sex: str | None = Field(None, description="Real use of this sex alone: F, M, O or unknown")
    age: str | None = Field(None, description="Real use of this age group alone: 0-9, 10-19 ... 90+, unknown")
    audience: AudienceWord = None


class FigureAnswer(ApiAnswer):
    """A number with its 95 % interval."""

    n: int = Field(description="How many cases stand behind the value")
    value: float | None = Field(description="A share from 0 to 1, a plain number, or milliseconds")
    low: float | None = Field(description="The 95 % interval; null where none is known")
    high: float | None


class ToldFigureAnswer(ApiAnswer):
    """A number with its 95 % interval, or why it is withheld."""

    n: int | None = Field(description="How many cases stand behind the value; null where that is withheld")
    value: float | None = Field(description="A share from 0 to 1, a plain number, or milliseconds")
    low: float | None = Field(description="The 95 % interval; null where none is known")
    high: float | None
    note: str = Field(description="Why a number is not told: “fewer than 5” or “withheld”; else empty")


class PerformanceNumberAnswer(ToldFigureAnswer):
    """One point of the page's chart."""

    metric: str
    version: str
    month: str | None
    source: Literal["validation", "reviewed", "sample"]
    measured_on: str | None = Field(description="Which part of the validation cases, where not all")
    synthetic: bool
    beyond_limit: bool
    cases: str | None = Field(description="The address that opens exactly these cases")


class MetricAnswer(ApiAnswer):
    """What a metric means, and what is wanted of it."""

    name: str
    label: str
    meaning: str
    unit: str
    more_is_better: bool
    interval: str
    goal: float | None
    alert_limit: float | None


class LiveAnswer(ApiAnswer):
    """The version in force: since when, on whose word."""

    version: str
    since: datetime | None
    approved_by: str | None
    reason: str | None
    registered_at: datetime | None


class ConfusionAnswer(ApiAnswer):
    """The four cells; null where they are withheld."""

    hit: int | None
    miss: int | None
    false_alarm: int | None
    clear: int | None


class CoverageAnswer(ApiAnswer):
    """How many readings there are, and of how many the truth is known.

    Null where that is withheld, and where real use is told of a choice of scans alone.
    """

    read: int | None
    reviewed: int | None
    sampled: int | None
    sampled_reviewed: int | None


class CasesAnswer(ApiAnswer):
    """One version's cases: confusion, figures, and how much of what it read is judged."""

    of: Literal["real", "validation"]
    version: str | None
    month: str | None
    synthetic: bool
    n: int | None
    threshold: float | None
    confusion: ConfusionAnswer
    figures: dict[str, ToldFigureAnswer]
    absent: str | None = Field(description="Why there are none")
    coverage: CoverageAnswer


class EstimatedNumberAnswer(FigureAnswer):
    """An estimate without any truth; its value is null where `note` says why it is not told."""

    metric: str
    version: str
    month: str | None = Field(description="Null: all months")
    synthetic: bool
    calibrated_on: int = Field(
        description="Judged cases of the house's random sample that the probabilities were corrected on; "
        "0: they are as the version came with them"
    )
    note: str = Field(description="Why it is not told: too few cases, or past estimates missed; else empty")


class CheckedPeriodAnswer(ApiAnswer):
    """Judged cases: what was estimated without their truth beside what their truth says."""

    months: list[str]
    estimated: FigureAnswer | None = Field(description="Null where small numbers are withheld")
    reviewed: FigureAnswer | None
    difference: FigureAnswer | None = Field(description="Reviewed minus estimated")
    inside: bool = Field(description="Whether the reviewed value lies within the estimate's interval")
    calibrated_on: int
    note: str


class EstimateCheckAnswer(ApiAnswer):
    """How the estimates of a version's metric fared."""

    metric: str
    version: str
    synthetic: bool
    part: Literal["reviewed", "sample"] = Field(description="What they were checked on")
    trust: Literal["unchecked", "holds", "fails"] = Field(
        description="fails: fewer periods held than chance allows, and no estimate is told"
    )
    inside: int
    coverage: FigureAnswer | None = Field(
        description="The share of periods that held; 0.95 is to be expected"
    )
    periods: list[CheckedPeriodAnswer]


class EstimatesAnswer(ApiAnswer):
    """What calibrated probabilities say of unjudged readings, and what reviews said of that later."""

    assumptions: str
    numbers: list[EstimatedNumberAnswer]
    checks: list[EstimateCheckAnswer]


class OutcomeShareAnswer(FigureAnswer):
    """The share of one of the three answers among all readings."""

    note: str = Field(description="Why it is not told: “fewer than 5” or “withheld”; else empty")


class OutcomesAnswer(ApiAnswer):
    """What a version answered, judged or not."""

    version: str
    month: str | None = Field(description="Null: all months")
    synthetic: bool
    found: OutcomeShareAnswer
    not_found: OutcomeShareAnswer
    uncertain: OutcomeShareAnswer
    refused: FigureAnswer | None = Field(
        description="Of all scans of the task's modality that came in the month, whichever version read them"
    )
    reasons: dict[str, FigureAnswer] = Field(
        description="Shares of the uncertain answers by reason; one answer may have several"
    )


class PerformanceAnswer(ApiAnswer):
    """Every number of the performance page."""

    task: str
    by: str
    part: str
    small_numbers_hidden: SmallNumbersHidden
    metrics: list[MetricAnswer]
    live: LiveAnswer | None
    challenger: str | None
    as_of: datetime | None = Field(description="When MLflow was last read")
    trouble: str | None = Field(description="One sentence while MLflow is away")
    numbers: list[PerformanceNumberAnswer]
    chosen: dict[str, str] = Field(
        description="Of which site, scanner, sex and age group alone real use is told; empty: of all. Of a "
        "choice there are no response times, estimates, answers and no coverage"
    )
    cases: CasesAnswer
    estimated_without_truth: EstimatesAnswer = Field(
        description="Apart from `numbers`: nothing here was measured, and no goal or alert knows of it"
    )
    answers: list[OutcomesAnswer]
    notice: str


class ReadersParameters(ApiQuery):
    """Whose figures of reading."""

    task: str | None = Field(None, description="brain-tumour or pneumonia; without it the first")


class ReaderNumberAnswer(ApiAnswer):
    """A figure of all readers, of a group, or of one reader."""

    of: Literal["all", "group", "reader"]
    name: str = Field(description="The group, or the pseudonym of the reader; never a person's name")
    figure: Literal["accepted", "overridden", "seconds", "quick", "agreement"]
    unit: Literal["share", "s"]
    n: int | None = Field(description="How many cases stand behind the value; null where that is withheld")
    value: float | None = Field(description="A share from 0 to 1, or seconds")
    low: float | None = Field(description="The 95 % interval; null where none is known")
    high: float | None
    note: str = Field(
        description="Why a figure is not told: “too few”, “fewer than 3 readers”, “withheld”; else empty"
    )


class ReadersAnswer(ApiAnswer):
    """How readers read a task."""

    task: str
    since: datetime = Field(description="Verdicts from then on count")
    numbers: list[ReaderNumberAnswer]
    notice: str
