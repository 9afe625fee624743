"""What models said of scans beside what is held to be true."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from data import house_clock
from data.records.reviews import Verdict

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
TextArray = NDArray[np.object_]
_START = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Judgement:
    """One result with its truth."""

    scan_id: str
    result_id: str
    task: str
    version: str
    created_at: datetime  # of the result
    positive: bool
    probability: float
    threshold: float
    truth_positive: bool
    verdict: Verdict  # of the review that says the truth
    dice: float | None = None  # `counting_dice`: of the result's mask and one that a person drew
    outlined: bool = False  # a finding that the result outlined, and whose outline a person judged
    volume_ml: float | None = None  # of the result's mask
    truth_volume_ml: float | None = None
    latency_ms: float | None = None
    sex: str | None = None
    age_years: float | None = None
    site: str | None = None
    scanner: str | None = None  # manufacturer and model
    synthetic: bool = False
    sampled: bool = False  # one of the random sample, whatever the model said
    estimated_dice: float | None = None  # what the model expected of its mask


@dataclass(frozen=True)
class Judgements:
    """Many judgements as columns of equal length, named like a judgement's fields.

    Times are microseconds since 1970 UTC (`created_us`), unknown numbers NaN, unknown texts None,
    verdicts the values of `Verdict`.
    """

    scan_id: TextArray
    result_id: TextArray
    task: TextArray
    version: TextArray
    created_us: NDArray[np.int64]
    positive: BoolArray
    probability: FloatArray
    threshold: FloatArray
    truth_positive: BoolArray
    verdict: TextArray
    dice: FloatArray
    outlined: BoolArray
    volume_ml: FloatArray
    truth_volume_ml: FloatArray
    latency_ms: FloatArray
    sex: TextArray
    age_years: FloatArray
    site: TextArray
    scanner: TextArray
    synthetic: BoolArray
    sampled: BoolArray
    estimated_dice: FloatArray

    def __len__(self) -> int:
        return len(self.scan_id)

    def __iter__(self) -> Iterator[Judgement]:
        return (self[row] for row in range(len(self)))

    def __getitem__(self, row: int) -> Judgement:
        values = {name: _plain(column[row]) for name, column in vars(self).items()}
        moment = _START + timedelta(microseconds=values.pop("created_us"))
        return Judgement(**values | {"created_at": moment, "verdict": Verdict(values["verdict"])})

    @classmethod
    def from_columns(cls, columns: Mapping[str, Iterable[Any]]) -> Self:
        """Columns as sequences of plain values, None where one is unknown; a missing column is empty.

        Where nothing is said of the Dice that was expected, it is unknown of all.
        """
        unknown: list[Any] = [None] * len(list(columns.get("scan_id", ())))
        known = {"estimated_dice": unknown} | dict(columns)
        return cls(**{field.name: _column(field.name, known.get(field.name, ())) for field in fields(cls)})

    @classmethod
    def of(cls, judgements: Iterable[Judgement]) -> Self:
        """Single judgements as columns."""
        rows = list(judgements)
        columns: dict[str, list[Any]] = {
            field.name: [getattr(row, field.name) for row in rows]
            for field in fields(cls)
            if field.name not in {"created_us", "verdict"}
        }
        columns["created_us"] = [(row.created_at - _START) // timedelta(microseconds=1) for row in rows]
        columns["verdict"] = [row.verdict.value for row in rows]
        return cls.from_columns(columns)

    @classmethod
    def joined(cls, parts: Iterable[Judgements]) -> Self:
        """Parts one below the other; at least one."""
        listed = list(parts)
        names = [field.name for field in fields(cls)]
        return cls(**{name: np.concatenate([getattr(part, name) for part in listed]) for name in names})

    def where(self, rows: NDArray[Any]) -> Self:
        """The rows of a mask or of indices, in that order."""
        return type(self)(**{name: column[rows] for name, column in vars(self).items()})

    def months(self) -> NDArray[np.datetime64]:
        """The month of reading of each, by the clock of the house; `str` of one is "2026-11"."""
        return house_clock.months(self.created_us).astype("datetime64[M]")


@dataclass(frozen=True)
class ReadCount:
    """How many results there are, and of how many the truth is known."""

    read: int = 0
    reviewed: int = 0
    sampled: int = 0  # of the read: those of the random sample
    sampled_reviewed: int = 0


_KINDS: dict[str, type] = {
    "created_us": np.int64,
    **dict.fromkeys(("positive", "truth_positive", "outlined", "synthetic", "sampled"), np.bool_),
    **dict.fromkeys(
        (
            "probability", "threshold", "dice", "volume_ml", "truth_volume_ml", "latency_ms", "age_years",
            "estimated_dice",
        ),
        np.float64,
    ),
}  # fmt: skip


def _column(name: str, values: Iterable[Any]) -> NDArray[Any]:
    kind = _KINDS.get(name, object)
    listed = list(values)
    if kind is object:  # never a text array: those are as wide as their longest text
        made = np.empty(len(listed), dtype=object)
        made[:] = listed
        return made
    return np.array(listed, dtype=kind)


def _plain(value: Any) -> Any:
    plain = value.item() if isinstance(value, np.generic) else value
    return None if plain != plain else plain
