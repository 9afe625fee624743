"""What the API takes and answers about cohorts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from dashboard.api.models_common import ApiAnswer, ApiQuery, AudienceWord, Day, SmallNumbersHidden

FilterValues = Annotated[
    dict[str, list[str]], Field(description="The filters, each with the values that fit")
]


def _values(description: str) -> list[str]:
    values: list[str] = Field(default_factory=list, description=description)
    return values


class FilterQuery(ApiQuery):
    """The filters of the cohort page and the worklist. One that is given twice means either value."""

    from_: Day | None = Field(None, alias="from", description="First day of arrival")
    to: Day | None = Field(None, description="Last day of arrival")
    task: list[str] = _values("brain-tumour or pneumonia")
    site: list[str] = _values("As the file names it")
    scanner: list[str] = _values("Manufacturer and model")
    modality: list[str] = _values("DICOM's code")
    sex: list[str] = _values("F, M or O")
    age: list[str] = _values("40-49")
    result: list[str] = _values("positive, negative or none: the model's call at its threshold")
    outcome: list[str] = _values("found, uncertain, not-found or none: what people are shown")
    version: list[str] = _values("Task and version of the model")
    review: list[str] = _values("accepted, rejected, corrected, unsure, labelled or none")
    status: list[str] = _values("waiting, reading, read or failed")
    size: list[str] = _values("1 to 10 mL")
    chance: list[str] = _values("0.9 to 1.0")
    truth: list[str] = _values("right, false alarm, miss or unknown")
    place: list[str] = _values("Row and column of the largest lesion, 3-7")
    synthetic: list[str] = _values("yes or no: real scans where nothing is said, never both in one number")
    prior: list[str] = _values("yes or no: whether it was fetched as a prior")
    sample: list[str] = _values("yes or no: whether it belongs to the random sample that is to be reviewed")


class CohortQuery(FilterQuery):
    """Whose numbers, and for whom."""

    audience: AudienceWord = None


class CompareQuery(CohortQuery):
    """The filters of two cohorts."""

    vs: str = Field(
        description="Second cohort's filters as a query, encoded for an address; empty for every real scan"
    )


class NumberAnswer(ApiAnswer):
    """One number of a cohort, unrounded."""

    section: str
    name: str = Field(description="The class that is counted")
    quantity: str = Field(description="scans, patients, refusals, share, mean, median or p90 with its unit")
    n: int | None = Field(description="How many cases stand behind the value")
    value: float | None
    low: float | None = Field(description="The 95 % interval of a share")
    high: float | None
    group: str = Field(description="The site or scanner, where each has its own classes")
    note: str = Field(description="Why a number is not told: “fewer than 5” or “withheld”")


class CohortAnswer(ApiAnswer):
    """Every number of a cohort."""

    filters: FilterValues
    refusals_filtered_by: list[str]
    small_numbers_hidden: SmallNumbersHidden
    numbers: list[NumberAnswer]
    notice: str


class DifferenceAnswer(ApiAnswer):
    """One quantity in two cohorts."""

    name: str
    words: str
    kind: Literal["share", "number"]
    n: tuple[int | None, int | None]
    values: tuple[float | None, float | None] = Field(description="Shares, medians, or means of Dice")
    effect: float | None = Field(
        description="Shares: first minus second; numbers: the chance that the first's is larger"
    )
    low: float | None
    high: float | None
    test: str
    p: float | None
    p_corrected: float | None = Field(description="Corrected for the number of tests (Holm)")
    note: str


class ComparisonAnswer(ApiAnswer):
    """Two cohorts side by side."""

    first: FilterValues
    second: FilterValues
    small_numbers_hidden: SmallNumbersHidden
    differences: list[DifferenceAnswer]
    notice: str
