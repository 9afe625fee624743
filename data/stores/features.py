"""What of readings is watched for drift: narrow rows, and the networks' own vectors beside them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine, Row, Select, delete, func, insert, select

from data.database import reading, statement_parts, writing
from data.ledger.rows import microseconds, not_withdrawn
from data.records import Features
from data.records.features import CATEGORIES, NUMBERS
from data.tables import embeddings, features, results

if TYPE_CHECKING:
    import pandas as pd

AT_ONCE = 20_000  # rows of a frame that are Python objects at one time
_COLUMNS = tuple(column.name for column in features.columns)
_VECTOR = np.dtype("<f2")
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
# Statements are made once: making one takes longer than carrying it out.
_NEW, _NEW_VECTOR = insert(features), insert(embeddings)


class FeatureStore:
    """The features of results."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, watched: Features) -> None:
        """Keep features; those of a result that has some already, or that is gone, are dropped."""
        with writing(self._engine) as connection:
            known = select(features.c.result_id).where(features.c.result_id == watched.result_id)
            here = select(results.c.id).where(results.c.id == watched.result_id)
            if connection.execute(known).first() is None and connection.execute(here).first() is not None:
                note_features(connection, watched)

    def get(self, result_id: str) -> Features | None:
        """The features of a result with its vector, or None."""
        joined = features.outerjoin(embeddings, features.c.result_id == embeddings.c.result_id)
        query = select(features, embeddings.c.vector).select_from(joined)
        with reading(self._engine) as connection:
            row = connection.execute(query.where(features.c.result_id == result_id)).one_or_none()
        return None if row is None else _features(row)

    def count(
        self,
        task: str,
        first_us: int | None = None,
        end_us: int | None = None,
        version: str | None = None,
        synthetic: bool | None = None,
    ) -> int:
        """How many results `frame` would give."""
        query = select(func.count()).select_from(features)
        with reading(self._engine) as connection:
            return int(
                connection.execute(_within(query, task, first_us, end_us, version, synthetic)).scalar_one()
            )

    def frame(
        self,
        task: str,
        first_us: int | None = None,
        end_us: int | None = None,
        version: str | None = None,
        synthetic: bool | None = None,
        limit: int | None = None,
        columns: Sequence[str] | None = None,
    ) -> pd.DataFrame:
        """The task's rows from `first_us` up to but without `end_us` (microseconds since 1970), oldest first.

        `synthetic` True or False keeps only made or only real scans; `limit` only the newest so many.
        The index is the result's id; numbers are float32 with NaN for unknown, `created_us` int64,
        `synthetic` bool, names and ids pandas categories or strings with None for unknown. Rows are
        taken a part at a time, so that a million of them need little more memory than the frame.
        Raises KeyError for a column that the table does not have.
        """
        names = _chosen(columns)
        query = select(*(features.c[name] for name in names))
        query = _within(query, task, first_us, end_us, version, synthetic)
        query = query.order_by(features.c.created_us.desc(), features.c.result_id.desc())
        if limit is not None:
            query = query.limit(limit)
        return _framed(names, self._parts(query))

    def vectors(self, result_ids: Sequence[str]) -> NDArray[np.float16]:
        """The networks' vectors of these results, (n, d) in their order; a row of NaN where there is none.

        Versions may have vectors of other lengths: d is the most frequent one, and the others count as
        missing. (n, 0) where no result has a vector.
        """
        vectors = self._vectors_of(list(dict.fromkeys(result_ids)))
        lengths = Counter(len(value) for value in vectors.values())
        width = lengths.most_common(1)[0][0] if lengths else 0
        matrix = np.full((len(result_ids), width), np.nan, dtype=np.float16)
        for row, result_id in enumerate(result_ids):
            vector = vectors.get(result_id)
            if vector is not None and len(vector) == width:
                matrix[row] = vector
        return matrix

    def without(self, after: str = "", limit: int = 1000) -> list[str]:
        """The first ids behind `after` of results without features: an older Lightbox kept them."""
        joined = results.outerjoin(features, results.c.id == features.c.result_id)
        query = select(results.c.id).select_from(joined).where(features.c.result_id.is_(None))
        query = query.where(results.c.id > after).order_by(results.c.id).limit(limit)
        with reading(self._engine) as connection:
            return list(connection.execute(query).scalars())

    def _parts(self, query: Select[Any]) -> Iterator[Sequence[Row[Any]]]:
        with reading(self._engine) as connection:
            yield from connection.execution_options(yield_per=AT_ONCE).execute(query).partitions(AT_ONCE)

    def _vectors_of(self, result_ids: Sequence[str]) -> dict[str, NDArray[np.float16]]:
        vectors: dict[str, NDArray[np.float16]] = {}
        with reading(self._engine) as connection:
            for part in statement_parts(result_ids):
                query = select(embeddings).where(embeddings.c.result_id.in_(part))
                for row in connection.execute(query):
                    vectors[row.result_id] = _vector(row.vector)
        return vectors


def note_features(connection: Connection, watched: Features) -> None:
    """Features of a new result, in the transaction that keeps it."""
    connection.execute(_NEW, _values(watched))
    if watched.vector is not None:
        content = np.ascontiguousarray(watched.vector, dtype=_VECTOR).tobytes()
        connection.execute(_NEW_VECTOR, {"result_id": watched.result_id, "vector": content})


def forget_features(connection: Connection, scan_ids: Collection[str]) -> None:
    """Takes out the features of scans that go."""
    of_these = select(results.c.id).where(results.c.scan_id.in_(scan_ids))
    connection.execute(delete(embeddings).where(embeddings.c.result_id.in_(of_these)))
    connection.execute(delete(features).where(features.c.scan_id.in_(scan_ids)))


def _within(
    query: Select[Any],
    task: str,
    first_us: int | None,
    end_us: int | None,
    version: str | None,
    synthetic: bool | None,
) -> Select[Any]:
    query = query.where(features.c.task == task, not_withdrawn(features.c.scan_id))
    if first_us is not None:
        query = query.where(features.c.created_us >= first_us)
    if end_us is not None:
        query = query.where(features.c.created_us < end_us)
    if version is not None:
        query = query.where(features.c.version == version)
    if synthetic is not None:
        query = query.where(features.c.synthetic == synthetic)
    return query


def _chosen(columns: Sequence[str] | None) -> tuple[str, ...]:
    unknown = [name for name in columns or () if name not in _COLUMNS]
    if unknown:
        raise KeyError(f"features have no {', '.join(unknown)}")
    wanted = _COLUMNS if columns is None else columns
    return ("result_id", *(name for name in wanted if name != "result_id"))


def _framed(names: tuple[str, ...], parts: Iterator[Sequence[Row[Any]]]) -> pd.DataFrame:
    """Rows, newest first, as columns, oldest first."""
    import pandas as pd

    known: dict[str, dict[str | None, int]] = {name: {None: -1} for name in names if _is_coded(name)}
    gathered: dict[str, list[NDArray[Any]]] = {name: [] for name in names}
    for part in parts:
        for name, values in zip(names, zip(*part, strict=True), strict=True):
            gathered[name].append(_column(name, values, known.get(name)))
    columns: dict[str, Any] = {}
    for name in names:
        whole = np.ascontiguousarray(_joined(gathered.pop(name), name)[::-1])
        codes = known.get(name)
        if codes is not None:
            labels = [code for code in codes if code is not None]
            columns[name] = pd.Categorical.from_codes(whole, labels)
        else:
            columns[name] = whole
    index = pd.Index(columns.pop("result_id"), name="result_id")
    return pd.DataFrame(columns, index=index)


def _is_coded(name: str) -> bool:
    return name in CATEGORIES or name in ("task", "version")


def _type_of(name: str) -> Any:
    if name in NUMBERS:
        return np.float32
    if _is_coded(name):
        return np.int32
    return {"created_us": np.int64, "synthetic": np.bool_}.get(name, object)


def _column(name: str, values: Sequence[Any], known: dict[str | None, int] | None) -> NDArray[Any]:
    if known is not None:
        # None has code -1, so the first name gets code 0.
        return np.array([known.setdefault(value, len(known) - 1) for value in values], dtype=np.int32)
    return np.array(values, dtype=_type_of(name))


def _joined(parts: list[NDArray[Any]], name: str) -> NDArray[Any]:
    return np.concatenate(parts) if parts else np.empty(0, dtype=_type_of(name))


def _values(watched: Features) -> dict[str, Any]:
    values = {name: getattr(watched, name) for name in _COLUMNS if name != "created_us"}
    for name in NUMBERS:
        values[name] = _number(values[name])
    return values | {"created_us": microseconds(watched.created_at), "synthetic": bool(watched.synthetic)}


def _number(value: Any) -> float | None:
    """A number that every database takes: MySQL knows no NaN."""
    return float(value) if value is not None and np.isfinite(value) else None


def _features(row: Row[Any]) -> Features:
    values = dict(row._mapping)
    kept, created_us = values.pop("vector"), values.pop("created_us")
    vector = None if kept is None else _vector(kept)
    return Features(**values, created_at=_BEGINNING + timedelta(microseconds=created_us), vector=vector)


def _vector(content: bytes) -> NDArray[np.float16]:
    return np.frombuffer(content, dtype=_VECTOR).astype(np.float16)
