"""Results beside their truth: what real use is scored from.

They are held in memory as columns and brought level with the database by the scans that changed, as
the ledger's lines are: any month, version or group of a million results is then a pass over columns.
What counts as truth is said in `data.ledger.truths`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, DateTime, Engine, false, select, type_coerce

from data.database import reading
from data.errors import InvalidInput
from data.ledger.rows import RECOUNTS
from data.ledger.sample import SHARE, sampled
from data.ledger.truths import IDS_AT_ONCE, Part, judged, latency, parts, results_of, with_truth
from data.records import Judgements, ReadCount
from data.tables import REVISION_OF_SCANS, features, ledger, results, revisions

Mask = NDArray[np.bool_]
MOST_CHANGES = 20_000  # scans; beyond that everything is read anew
_START = 1970 * 12 + 1
CountKey = tuple[str, str, bool]
"""Version, month of reading as "2026-11" in UTC, whether made for a demonstration."""


@dataclass(frozen=True)
class _Readings:
    """Every result, reviewed or not, as narrow as counting allows."""

    line: NDArray[np.int64]
    model: NDArray[np.int32]  # code of (task, version)
    month: NDArray[np.int32]  # since 1970
    synthetic: Mask
    sampled: Mask

    def where(self, rows: Mask) -> _Readings:
        return _Readings(**{name: column[rows] for name, column in vars(self).items()})


@dataclass(frozen=True)
class _Kept:
    """One state of the database."""

    revision: int = -1
    readings: _Readings = field(
        default_factory=lambda: _Readings(
            np.zeros(0, np.int64), np.zeros(0, np.int32), np.zeros(0, np.int32), _none(), _none()
        )
    )
    judgements: Judgements = field(default_factory=lambda: Judgements.from_columns({}))
    lines: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))  # of the judgements
    reviewed_us: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))


class JudgementStore:
    """Judgements of results; shared by all threads."""

    def __init__(self, engine: Engine, share: float = SHARE) -> None:
        """`share` is the random sample's, 0 to 1."""
        self._engine = engine
        self._share = share
        self._turn = threading.Lock()
        self._models: dict[tuple[str, str], int] = {}
        self._kept = _Kept()
        self._recounts = -1

    @property
    def revision(self) -> int:
        """The revision of scans that was answered from last: an equal one means equal answers."""
        return self._kept.revision

    def of(
        self,
        task: str,
        version: str | None = None,
        first_month: str | None = None,
        last_month: str | None = None,
        synthetic: bool | None = None,
        sampled: bool | None = None,
    ) -> Judgements:
        """Results of a task whose truth is known; None takes all.

        Months are "2026-11", both included, of the reading, in UTC; InvalidInput for anything else.
        """
        found = self._current().judgements
        rows = _equal(found.task, task)
        if version is not None:
            rows &= _equal(found.version, version)
        if first_month is not None:
            rows &= found.months() >= np.datetime64(_month_number(first_month), "M")
        if last_month is not None:
            rows &= found.months() <= np.datetime64(_month_number(last_month), "M")
        for wanted, column in ((synthetic, found.synthetic), (sampled, found.sampled)):
            if wanted is not None:
                rows &= column == wanted
        return found.where(rows)

    def read_counts(self, task: str) -> dict[CountKey, ReadCount]:
        """How many results there are by version, month and synthetic, and of how many the truth is known."""
        kept = self._current()
        counts: dict[CountKey, ReadCount] = {}
        for version, code in [
            (model[1], code) for model, code in list(self._models.items()) if model[0] == task
        ]:
            for month, synthetic, n, n_sampled in _counted(kept.readings, kept.readings.model == code):
                counts[version, month, synthetic] = ReadCount(n, 0, n_sampled, 0)
        known = kept.judgements.where(_equal(kept.judgements.task, task))
        for key, n, n_sampled in _known(known):
            if key in counts:
                counts[key] = replace(counts[key], reviewed=n, sampled_reviewed=n_sampled)
        return counts

    def paired(
        self, task: str, first: str, second: str, synthetic: bool | None = None
    ) -> tuple[Judgements, Judgements]:
        """What two versions said of the same scans: row i of both is one scan, ordered by id.

        Of several results of a version the latest counts. The truth is the scan's: what its latest
        review says, whichever version's result that was of. A mask that has no review of its own has no
        Dice.
        """
        kept = self._current()
        scans, truth = self._scans_of_both(kept, task, (first, second), synthetic)
        with reading(self._engine) as connection:
            rows = results_of(connection, list(scans), task, {first, second})
        latest = {(row.version, row.scan_id): row for row in rows}
        both = [scan for scan in scans if (first, scan) in latest and (second, scan) in latest]
        places = {one: place for place, one in enumerate(scans)}
        true = truth[[places[one] for one in both]]
        own = {result_id: place for place, result_id in enumerate(kept.judgements.result_id)}
        made = []
        for version in (first, second):
            carried = with_truth([latest[version, one] for one in both], true, self._share)
            made.append(_with_own(carried, kept.judgements, own))
        return made[0], made[1]

    def latencies(self, task: str, version: str, month: str, synthetic: bool) -> NDArray[np.float64]:
        """How long each reading of a month took, in milliseconds, whether or not it was reviewed."""
        first = _month_number(month)
        begin, end = (_first_of(number) for number in (first, first + 1))
        query = (
            select(features.c.latency_ms, results.c.provenance)
            .select_from(
                results.join(ledger, ledger.c.scan_id == results.c.scan_id).outerjoin(
                    features, features.c.result_id == results.c.id
                )
            )
            .where(results.c.task == task, results.c.created_at >= begin, results.c.created_at < end)
            .where(results.c.model_version == version, ledger.c.synthetic.is_(synthetic))
            .where(ledger.c.gone == false())
        )
        with reading(self._engine) as connection:
            found = [latency(*row) for row in connection.execute(query)]
        return np.array([one for one in found if one is not None], dtype=np.float64)

    def unreviewed(self, task: str, version: str | None, count: int) -> list[tuple[str, str, int]]:
        """(scan id, version, when it was read) of scans of the random sample that wait for a truth.

        Only a scan's latest result counts, as it is what a review would be of. By month of reading, the
        oldest first; times in microseconds since 1970.
        """
        kept = self._current()
        read = kept.readings
        mine = [
            code for (of, one), code in list(self._models.items()) if of == task and version in (None, one)
        ]
        known = set(zip(kept.lines.tolist(), kept.judgements.version.tolist(), strict=True))
        rows = np.flatnonzero(read.sampled & np.isin(read.model, mine))
        rows = rows[np.lexsort((read.line[rows], read.month[rows]))]
        lines = list(dict.fromkeys(read.line[rows].tolist()))
        found: list[tuple[str, str, int]] = []
        with reading(self._engine) as connection:
            for start in range(0, len(lines), IDS_AT_ONCE):
                if len(found) >= count:
                    break
                for row in _latest(connection, lines[start : start + IDS_AT_ONCE], version):
                    if (row.line, row.version) not in known:
                        found.append((row.scan_id, row.version, row.read_us))
        return found[:count]

    def _scans_of_both(
        self, kept: _Kept, task: str, versions: tuple[str, str], synthetic: bool | None
    ) -> tuple[list[str], Mask]:
        """The scans with a truth that both versions have read, by id, and the latest truth of each."""
        read = kept.readings
        lines = [read.line[read.model == self._models.get((task, version), -1)] for version in versions]
        rows = _equal(kept.judgements.task, task) & np.isin(kept.lines, np.intersect1d(*lines))
        if synthetic is not None:
            rows &= kept.judgements.synthetic == synthetic
        order = np.flatnonzero(rows)[np.argsort(kept.reviewed_us[rows], kind="stable")]
        truth = {
            str(kept.judgements.scan_id[row]): bool(kept.judgements.truth_positive[row]) for row in order
        }
        scans = sorted(truth)
        return scans, np.array([truth[scan] for scan in scans], dtype=bool)

    def _current(self) -> _Kept:
        with self._turn, reading(self._engine) as connection:
            query = select(revisions.c.name, revisions.c.value)
            at = {row.name: int(row.value) for row in connection.execute(query)}
            if at.get(RECOUNTS, 0) != self._recounts:  # every line was written anew, under another number
                self._kept, self._recounts = _Kept(), at.get(RECOUNTS, 0)
            if at[REVISION_OF_SCANS] != self._kept.revision:
                self._kept = self._renewed(connection, at[REVISION_OF_SCANS])
            return self._kept

    def _renewed(self, connection: Connection, revision: int) -> _Kept:
        """The state at a revision: what is of scans that changed is replaced by what is there now."""
        before = self._kept
        touched, scan_ids = _changed(connection, before.revision)
        if len(touched) > MOST_CHANGES:
            before, scan_ids = _Kept(), None
        read = list(self._read(connection, scan_ids))
        known = list(judged(connection, scan_ids, self._share))
        # Whoever changed a scan between two of these queries changes it again the next time we look.
        gone = np.concatenate([touched, *(one.line for one in read), *(part[1] for part in known)])
        rest = before.readings.where(~np.isin(before.readings.line, gone))
        readings = _joined([rest, *read])
        stays = ~np.isin(before.lines, gone)
        if stays.all() and not known:  # nothing was reviewed: no need to copy what is large
            return replace(before, revision=revision, readings=readings)
        every: list[Part] = [
            (before.judgements.where(stays), before.lines[stays], before.reviewed_us[stays]),
            *known,
        ]
        return _Kept(
            revision,
            readings,
            Judgements.joined(part[0] for part in every),
            np.concatenate([part[1] for part in every]),
            np.concatenate([part[2] for part in every]),
        )

    def _read(self, connection: Connection, scan_ids: list[str] | None) -> Iterator[_Readings]:
        columns = (
            ledger.c.line, ledger.c.scan_id, ledger.c.synthetic, results.c.task, results.c.model_version,
            type_coerce(results.c.created_at, DateTime),  # without a zone: UTC, and in half the time
        )  # fmt: skip
        source = results.join(ledger, ledger.c.scan_id == results.c.scan_id)
        for part in parts(connection, select(*columns).select_from(source), scan_ids):
            line, scans, synthetic, tasks, versions, at = zip(*part, strict=True)
            models = [
                self._models.setdefault(one, len(self._models)) for one in zip(tasks, versions, strict=True)
            ]
            yield _Readings(
                np.array(line, np.int64),
                np.array(models, np.int32),
                np.array([one.year * 12 + one.month - _START for one in at], np.int32),
                np.array(synthetic, dtype=bool),
                sampled(scans, self._share),
            )


def _changed(connection: Connection, revision: int) -> tuple[NDArray[np.int64], list[str] | None]:
    """Lines and ids of the scans that changed after a revision; of all, before there was one, no ids."""
    if revision < 0:
        return np.zeros(0, np.int64), None
    query = select(ledger.c.line, ledger.c.scan_id).where(ledger.c.changed > revision).limit(MOST_CHANGES + 1)
    rows = connection.execute(query).all()
    return np.array([row.line for row in rows], np.int64), [row.scan_id for row in rows]


def _latest(connection: Connection, lines: list[int], version: str | None) -> list[Any]:
    """What was last said of the scans of these lines, in their order."""
    columns = (ledger.c.line, ledger.c.scan_id, ledger.c.version, ledger.c.read_us)
    query = select(*columns).where(ledger.c.line.in_(lines), ledger.c.gone == false())
    rows = {row.line: row for row in connection.execute(query.where(ledger.c.read_us.is_not(None)))}
    return [rows[line] for line in lines if line in rows and version in (None, rows[line].version)]


def _none() -> Mask:
    return np.zeros(0, dtype=bool)


def _joined(parts: list[_Readings]) -> _Readings:
    return _Readings(
        **{name: np.concatenate([getattr(part, name) for part in parts]) for name in vars(parts[0])}
    )


def _equal(column: NDArray[np.object_], value: str) -> Mask:
    return np.asarray(column == value, dtype=bool)


def _counted(readings: _Readings, rows: Mask) -> Iterator[tuple[str, bool, int, int]]:
    key = readings.month[rows].astype(np.int64) * 2 + readings.synthetic[rows]
    for (month, synthetic), n, n_sampled in _grouped(key, readings.sampled[rows]):
        yield month, synthetic, n, n_sampled


def _known(judgements: Judgements) -> Iterator[tuple[CountKey, int, int]]:
    for version in set(judgements.version):
        mine = judgements.where(_equal(judgements.version, version))
        key = mine.months().astype(np.int64) * 2 + mine.synthetic
        for (month, synthetic), n, n_sampled in _grouped(key, mine.sampled):
            yield (version, month, synthetic), n, n_sampled


def _grouped(key: NDArray[np.int64], drawn: Mask) -> Iterator[tuple[tuple[str, bool], int, int]]:
    kinds, place = np.unique(key, return_inverse=True)
    n = np.bincount(place, minlength=len(kinds))
    n_sampled = np.bincount(place[drawn], minlength=len(kinds))
    for one, count, part in zip(kinds.tolist(), n.tolist(), n_sampled.tolist(), strict=True):
        yield (str(np.datetime64(one // 2, "M")), bool(one % 2)), count, part


def _with_own(carried: Judgements, all_judged: Judgements, own: dict[str, int]) -> Judgements:
    """With Dice, verdict and true volume of those results that were reviewed themselves."""
    here = np.array([one in own for one in carried.result_id], dtype=bool)
    rows = np.array([own[one] for one in carried.result_id[here]], dtype=np.int64)
    agrees = all_judged.truth_positive[rows] == carried.truth_positive[here]
    here, rows = np.flatnonzero(here)[agrees], rows[agrees]
    changed = {}
    for name in ("dice", "verdict", "truth_volume_ml"):
        column = getattr(carried, name).copy()
        column[here] = getattr(all_judged, name)[rows]
        changed[name] = column
    return replace(carried, **changed)


def _month_number(text: str) -> int:
    """A month like "2026-11" as months since 1970; raises InvalidInput."""
    try:
        first = datetime.strptime(text, "%Y-%m")
    except ValueError:
        raise InvalidInput(f"“{text}” is not a month like 2026-11.") from None
    return (first.year - 1970) * 12 + first.month - 1


def _first_of(number: int) -> datetime:
    return datetime(1970 + number // 12, number % 12 + 1, 1, tzinfo=UTC)
