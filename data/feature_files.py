"""Readings as Parquet: the frozen rows of references and windows, vectors included."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

EMBEDDING = "embedding"
RESULT_ID = "result_id"


def written(frame: pd.DataFrame, vectors: NDArray[np.float16] | None = None) -> bytes:
    """Rows, and their vectors (n, d) where given, as the bytes of a Parquet file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    named = frame.reset_index(names=RESULT_ID) if frame.index.name == RESULT_ID else frame
    table = pa.Table.from_pandas(named, preserve_index=False)
    if vectors is not None and vectors.shape[1]:
        known = np.asarray(np.isfinite(vectors).all(axis=1))
        rows = [vectors[row] if known[row] else None for row in range(len(vectors))]
        table = table.append_column(EMBEDDING, pa.array(rows, type=pa.list_(pa.float16())))
    memory = io.BytesIO()
    pq.write_table(table, memory, compression="zstd")
    return memory.getvalue()


def read(content: bytes) -> tuple[pd.DataFrame, NDArray[np.float16] | None]:
    """Rows (by result where the file names results) and their vectors, NaN where one is missing."""
    import pyarrow.parquet as pq

    table = pq.read_table(io.BytesIO(content))
    vectors = None
    if EMBEDDING in table.column_names:
        vectors = _matrix(table.column(EMBEDDING).combine_chunks())
        table = table.drop_columns([EMBEDDING])
    frame = table.to_pandas()
    return (frame.set_index(RESULT_ID) if RESULT_ID in frame.columns else frame), vectors


def _matrix(column: Any) -> NDArray[np.float16]:
    known = column.is_valid().to_numpy(zero_copy_only=False)
    lengths = column.value_lengths().to_numpy(zero_copy_only=False)[known].astype(int)
    width = int(lengths.max()) if len(lengths) else 0
    matrix = np.full((len(column), width), np.nan, dtype=np.float16)
    if width and (lengths == width).all():
        values = column.drop_null().flatten().to_numpy(zero_copy_only=False)
        matrix[known] = values.reshape(-1, width)
    return matrix
