"""Scans between processes: arrays as .npy files, everything else as JSON; nothing is unpickled."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np

from data.records import DecodedScan, Identity, Refusal, ScanHeader, SourceGrid, Spacing

# A child's answer is READY, a line for each scan and refusal, and DONE.
READY = '{"ready": true}'
DONE = '{"done": true}'


def put_scan(scan: DecodedScan, folder: Path, number: int) -> dict[str, Any]:
    """Write the array to `folder/{number}.npy` and return the rest, ready for JSON."""
    np.save(folder / f"{number}.npy", scan.array, allow_pickle=False)
    record = asdict(replace(scan, array=np.empty(0), affine=None))
    del record["array"]
    record["affine"] = None if scan.affine is None else scan.affine.tolist()
    return {"scan": number, **record}


def put_refusal(refusal: Refusal) -> dict[str, Any]:
    """A refusal, ready for JSON."""
    return {"refusal": asdict(refusal)}


def as_json(value: Any) -> str:
    """One line of JSON; dates and times as ISO text."""
    return json.dumps(value, default=lambda moment: moment.isoformat())


def get_found(line: str, folder: Path) -> DecodedScan | Refusal:
    """What `put_scan` or `put_refusal` wrote."""
    record = json.loads(line)
    if "refusal" in record:
        return Refusal(**record["refusal"])
    number = int(record.pop("scan"))
    array = np.load(folder / f"{number}.npy", allow_pickle=False)
    affine = record["affine"]
    return DecodedScan(
        name=record["name"],
        array=array,
        affine=None if affine is None else np.array(affine, dtype=np.float64),
        spacing=Spacing(**record["spacing"]),
        grid=_grid(record["grid"]),
        header=_header(record["header"]),
        identity=_identity(record["identity"]),
        content_sha256=record["content_sha256"],
        members=tuple(record["members"]),
        warnings=tuple(record["warnings"]),
    )


def _grid(record: dict[str, Any]) -> SourceGrid:
    affine = record["affine"]
    i, j, k = record["shape"]
    first, second, third = record["axes"]
    return SourceGrid(
        kind=record["kind"],
        shape=(i, j, k),
        axes=(first, second, third),
        flips=tuple(record["flips"]),
        affine=None if affine is None else tuple(tuple(row) for row in affine),
        placed=record["placed"],
    )


def _header(record: dict[str, Any]) -> ScanHeader:
    acquired = record.pop("acquired_at")
    return ScanHeader(**record, acquired_at=datetime.fromisoformat(acquired) if acquired else None)


def _identity(record: dict[str, Any]) -> Identity:
    born = record.pop("birth_date")
    return Identity(**record, birth_date=date.fromisoformat(born) if born else None)
