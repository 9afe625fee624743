"""Results beside their truth: what real use is scored from.

They are held in memory as columns and brought level with the database by the scans that changed, as
the ledger is: any month, version or group of a million results is then a pass over columns.
What counts as truth is said in `data.ledger.truths`.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, DateTime, Engine, false, func, select, type_coerce

from data import house_clock
from data.database import reading, statement_parts
from data.department_wall import Departments, seen_by, whole_house
from data.ledger.readings import (
    CountKey,
    Mask,
    ReadingColumns,
    counted,
    doubt_bits,
    joined_readings,
    known_counts,
    month_number,
)
from data.ledger.rows import RECOUNTS
from data.ledger.sample import SHARE, sampled
from data.ledger.truths import Part, judged, latency, parts, read_otherwise, results_of, with_truth
from data.records import Judgements, OtherReading, ReadCount
from data.revisions import revisions_now
from data.tables import REVISION_OF_SCANS, features, ledger, results

MOST_CHANGES = 20_000  # scans; beyond that everything is read anew


@dataclass(frozen=True)
class _Kept:
    """One state of the database."""

    revision: int = -1
    readings: ReadingColumns = field(default_factory=ReadingColumns.none)
    judgements: Judgements = field(default_factory=lambda: Judgements.from_columns({}))
    keys: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))  # of the judgements
    decides: Mask = field(default_factory=lambda: np.zeros(0, bool))  # of its scan's newest reviewed result


class JudgementStore:
    """Judgements of results, of the whole house or of some departments alone; shared by all threads.

    Whoever asks: that of departments is asked by people bound to just these.
    """

    def __init__(self, engine: Engine, share: float = SHARE, departments: Departments | None = None) -> None:
        """`share` is the random sample's, 0 to 1."""
        self._engine = engine
        self._share = share
        self._departments = departments
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

        Months are "2026-11", both included, of reading, by the house's clock; InvalidInput for anything else.
        """
        judgements = self._current().judgements
        rows = _equal(judgements.task, task)
        if version is not None:
            rows &= _equal(judgements.version, version)
        if first_month is not None:
            rows &= judgements.months() >= np.datetime64(month_number(first_month), "M")
        if last_month is not None:
            rows &= judgements.months() <= np.datetime64(month_number(last_month), "M")
        for wanted, column in ((synthetic, judgements.synthetic), (sampled, judgements.sampled)):
            if wanted is not None:
                rows &= column == wanted
        return judgements.where(rows)

    def truths(self, task: str) -> dict[str, bool]:
        """What is true of each scan of which that is known, as its newest reviewed result's review says."""
        kept = self._current()
        deciding = kept.judgements.where(_equal(kept.judgements.task, task) & kept.decides)
        return dict(zip(deciding.scan_id.tolist(), deciding.truth_positive.tolist(), strict=True))

    def readings(
        self, task: str, version: str, synthetic: bool, hidden: Collection[str] = ()
    ) -> ReadingColumns:
        """What a version said, judged or not, but of scans that are `hidden` by their id."""
        kept = self._current().readings
        rows = (kept.model == self._models.get((task, version), -1)) & (kept.synthetic == synthetic)
        if hidden:
            rows &= ~np.isin(kept.key, self._keys_of(sorted(hidden)))
        return kept.where(rows)

    def read_counts(self, task: str) -> dict[CountKey, ReadCount]:
        """How many results there are by version, month and synthetic, and of how many the truth is known."""
        kept = self._current()
        counts: dict[CountKey, ReadCount] = {}
        for version, code in [
            (model[1], code) for model, code in list(self._models.items()) if model[0] == task
        ]:
            for month, synthetic, n, n_sampled in counted(kept.readings, kept.readings.model == code):
                counts[version, month, synthetic] = ReadCount(n, 0, n_sampled, 0)
        known = kept.judgements.where(_equal(kept.judgements.task, task))
        for key, n, n_sampled in known_counts(known):
            if key in counts:
                counts[key] = replace(counts[key], reviewed=n, sampled_reviewed=n_sampled)
        return counts

    def paired(
        self,
        task: str,
        first: str,
        second: str,
        synthetic: bool | None = None,
        others: tuple[Mapping[str, OtherReading], Mapping[str, OtherReading]] = ({}, {}),
    ) -> tuple[Judgements, Judgements]:
        """What two versions said of the same scans: row i of both is one scan, ordered by id.

        Of several results of a version the latest counts; where it has none of a scan, what it said
        otherwise, if that is among `others` (of the first version, of the second; by scan). The truth is the
        scan's: what the current review of its newest reviewed result says, whichever version's that was. A
        mask that has no review of its own has no Dice; an other reading brings its own. Rows of other
        readings have their source in place of a result's id.
        """
        kept = self._current()
        versions = (first, second)
        scans, rows_of = self._scans_of_both(kept, task, versions, synthetic, others)
        with reading(self._engine) as connection:
            rows = results_of(connection, list(scans), task, set(versions))
        latest = {(row.version, row.scan_id): row for row in rows}
        both = [
            scan
            for scan in scans
            if all(
                (version, scan) in latest or scan in more
                for version, more in zip(versions, others, strict=True)
            )
        ]
        known = kept.judgements.where(np.array([rows_of[scan] for scan in both], dtype=np.int64))
        own = {result_id: place for place, result_id in enumerate(kept.judgements.result_id)}
        made = []
        for version, more in zip(versions, others, strict=True):
            here = np.array([(version, scan) in latest for scan in both], dtype=bool)
            true = known.truth_positive
            mine = [latest[version, scan] for scan in both if (version, scan) in latest]
            carried = _with_own(with_truth(mine, true[here], self._share), kept.judgements, own)
            rest = known.where(~here)
            said = read_otherwise(rest, version, [more[scan] for scan in rest.scan_id])
            joined = Judgements.joined((carried, said))
            made.append(joined.where(np.argsort(joined.scan_id.astype(str), kind="stable")))
        return made[0], made[1]

    def latencies(self, task: str, version: str, month: str, synthetic: bool) -> NDArray[np.float64]:
        """How long each reading of a month took, in milliseconds, whether or not it was reviewed."""
        first = month_number(month)
        begin, end = (house_clock.start_of_month(number) for number in (first, first + 1))
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
            times = [latency(*row) for row in connection.execute(query)]
        return np.array([time_ms for time_ms in times if time_ms is not None], dtype=np.float64)

    def read_between(self, task: str, begin: datetime, end: datetime, synthetic: bool) -> int:
        """How many results there are of a task from a moment on and before another, judged or not."""
        query = (
            select(func.count())
            .select_from(results.join(ledger, ledger.c.scan_id == results.c.scan_id))
            .where(results.c.task == task, results.c.created_at >= begin, results.c.created_at < end)
            .where(ledger.c.synthetic.is_(synthetic), ledger.c.gone == false())
        )
        with reading(self._engine) as connection:
            return int(connection.execute(query).scalar_one())

    def unreviewed(self, task: str, version: str | None, count: int) -> list[tuple[str, str, int]]:
        """(scan id, version, when it was read) of scans of the random sample that wait for a truth.

        Only a scan's latest result counts, as it is what a review would be of. By month of reading, the
        oldest first; times in microseconds since 1970.
        """
        kept = self._current()
        read = kept.readings
        mine = [
            code
            for (of, number), code in list(self._models.items())
            if of == task and version in (None, number)
        ]
        known = set(zip(kept.keys.tolist(), kept.judgements.version.tolist(), strict=True))
        rows = np.flatnonzero(read.sampled & np.isin(read.model, mine))
        rows = rows[np.lexsort((read.key[rows], read.month[rows]))]
        keys = list(dict.fromkeys(read.key[rows].tolist()))
        waiting: list[tuple[str, str, int]] = []
        with reading(self._engine) as connection:
            for part in statement_parts(keys):
                if len(waiting) >= count:
                    break
                for row in _latest(connection, part, version):
                    if (row.line, row.version) not in known:
                        waiting.append((row.scan_id, row.version, row.read_us))
        return waiting[:count]

    def _keys_of(self, scan_ids: Sequence[str]) -> list[int]:
        with reading(self._engine) as connection:
            return [
                int(row.line)
                for part in statement_parts(scan_ids)
                for row in connection.execute(select(ledger.c.line).where(ledger.c.scan_id.in_(part)))
            ]

    def _scans_of_both(
        self,
        kept: _Kept,
        task: str,
        versions: tuple[str, str],
        synthetic: bool | None,
        others: tuple[Mapping[str, OtherReading], Mapping[str, OtherReading]],
    ) -> tuple[list[str], dict[str, int]]:
        """The scans with a truth that both versions have read, by id, and which judgement says it of each."""
        read = kept.readings
        rows = _equal(kept.judgements.task, task) & kept.decides
        if synthetic is not None:
            rows &= kept.judgements.synthetic == synthetic
        for version, more in zip(versions, others, strict=True):
            mine = read.key[read.model == self._models.get((task, version), -1)]
            rows &= np.isin(kept.keys, mine) | _among(kept.judgements.scan_id, more)
        places = {str(kept.judgements.scan_id[row]): int(row) for row in np.flatnonzero(rows)}
        return sorted(places), places

    def _current(self) -> _Kept:
        with self._turn:
            at = revisions_now(self._engine)
            if at.get(RECOUNTS, 0) > self._recounts:  # every row was written anew, under another key
                self._kept, self._recounts = _Kept(), at.get(RECOUNTS, 0)
            revision = at[REVISION_OF_SCANS]
            if revision <= self._kept.revision:  # others may have seen more than this thread's moment has
                return self._kept
            # A scan that is of another department now has changed too, and is none of those read below.
            with whole_house(), reading(self._engine) as connection:
                touched, scan_ids = _changed(connection, self._kept.revision)
            with seen_by(self._departments), reading(self._engine) as connection:
                self._kept = self._renewed(connection, revision, touched, scan_ids)
            return self._kept

    def _renewed(
        self,
        connection: Connection,
        revision: int,
        touched: NDArray[np.int64],
        scan_ids: list[str] | None,
    ) -> _Kept:
        """The state at a revision: what is of scans that changed is replaced by what is there now."""
        before = self._kept
        if len(touched) > MOST_CHANGES:
            before, scan_ids = _Kept(), None
        read = list(self._read(connection, scan_ids))
        known = list(judged(connection, scan_ids, self._share))
        # Whoever changed a scan between two of these queries changes it again the next time we look.
        gone = np.concatenate([touched, *(part.key for part in read), *(part[1] for part in known)])
        rest = before.readings.where(~np.isin(before.readings.key, gone))
        readings = joined_readings([rest, *read])
        stays = ~np.isin(before.keys, gone)
        if stays.all() and not known:  # nothing was reviewed: no need to copy what is large
            return replace(before, revision=revision, readings=readings)
        every: list[Part] = [
            (before.judgements.where(stays), before.keys[stays], before.decides[stays]),
            *known,
        ]
        return _Kept(
            revision,
            readings,
            Judgements.joined(part[0] for part in every),
            np.concatenate([part[1] for part in every]),
            np.concatenate([part[2] for part in every]),
        )

    def _read(self, connection: Connection, scan_ids: list[str] | None) -> Iterator[ReadingColumns]:
        columns = (
            ledger.c.line, ledger.c.scan_id, ledger.c.synthetic, results.c.task, results.c.model_version,
            type_coerce(results.c.created_at, DateTime),  # without a zone: UTC, and in half the time
            results.c.positive, results.c.probability, results.c.estimated_dice, results.c.doubts,
        )  # fmt: skip
        source = results.join(ledger, ledger.c.scan_id == results.c.scan_id)
        for part in parts(connection, select(*columns).select_from(source), scan_ids):
            keys, scans, synthetic, tasks, versions, at, positive, chances, dice, doubts = zip(
                *part, strict=True
            )
            bits = {text: doubt_bits(text) for text in set(doubts)}  # of many answers there are few kinds
            models = [
                self._models.setdefault(model, len(self._models))
                for model in zip(tasks, versions, strict=True)
            ]
            yield ReadingColumns(
                np.array(keys, np.int64),
                np.array(models, np.int32),
                house_clock.months(np.array(at, "datetime64[us]").astype(np.int64)),
                np.array(synthetic, dtype=bool),
                sampled(scans, self._share),
                np.array(positive, dtype=bool),
                np.array(chances, np.float32),
                np.array(dice, np.float32),
                np.array([bits[text] for text in doubts], np.uint8),
            )


def _changed(connection: Connection, revision: int) -> tuple[NDArray[np.int64], list[str] | None]:
    """Keys and ids of the scans that changed after a revision; of all, before there was one, no ids."""
    if revision < 0:
        return np.zeros(0, np.int64), None
    query = select(ledger.c.line, ledger.c.scan_id).where(ledger.c.changed > revision).limit(MOST_CHANGES + 1)
    rows = connection.execute(query).all()
    return np.array([row.line for row in rows], np.int64), [row.scan_id for row in rows]


def _latest(connection: Connection, keys: Sequence[int], version: str | None) -> list[Any]:
    """What was last said of the scans with these keys, in their order."""
    columns = (ledger.c.line, ledger.c.scan_id, ledger.c.version, ledger.c.read_us)
    query = select(*columns).where(ledger.c.line.in_(keys), ledger.c.gone == false())
    rows = {row.line: row for row in connection.execute(query.where(ledger.c.read_us.is_not(None)))}
    return [rows[key] for key in keys if key in rows and version in (None, rows[key].version)]


def _among(column: NDArray[np.object_], names: Collection[str]) -> Mask:
    if not names:
        return np.zeros(len(column), dtype=bool)
    return np.fromiter((name in names for name in column), dtype=bool, count=len(column))


def _equal(column: NDArray[np.object_], value: str) -> Mask:
    return np.asarray(column == value, dtype=bool)


def _with_own(carried: Judgements, all_judged: Judgements, own: dict[str, int]) -> Judgements:
    """With Dice, verdict and true volume of those results that were reviewed themselves."""
    here = np.array([result_id in own for result_id in carried.result_id], dtype=bool)
    rows = np.array([own[result_id] for result_id in carried.result_id[here]], dtype=np.int64)
    agrees = all_judged.truth_positive[rows] == carried.truth_positive[here]
    here, rows = np.flatnonzero(here)[agrees], rows[agrees]
    changed = {}
    for name in ("dice", "verdict", "truth_volume_ml"):
        column = getattr(carried, name).copy()
        column[here] = getattr(all_judged, name)[rows]
        changed[name] = column
    return replace(carried, **changed)
