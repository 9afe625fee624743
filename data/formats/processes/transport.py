"""Scans between processes: arrays as .npy files, everything else as JSON; nothing is unpickled."""

from __future__ import annotations

import json
import os
from dataclasses import fields
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np
from numpy.typing import NDArray

from data.codec import from_plain, to_plain
from data.records import DecodedScan, Refusal

# A child's answer is READY, a line for each scan and refusal, and DONE.
READY = '{"ready": true}'
DONE = '{"done": true}'
_MACHINE = "machine"

_SMALL = 1 << 24  # bytes; mapping less than that saves nothing worth having
_PLAIN = tuple(field.name for field in fields(DecodedScan) if field.name not in ("array", "affine"))


def put_scan(scan: DecodedScan, folder: Path, number: int, **more: str) -> str:
    """Write the array to `folder/{number}.npy` and return the rest, and `more`, as one line of JSON."""
    np.save(folder / f"{number}.npy", scan.array, allow_pickle=False)
    record = {name: to_plain(getattr(scan, name)) for name in _PLAIN}
    affine = None if scan.affine is None else scan.affine.tolist()
    return json.dumps({"scan": number, "record": record, "affine": affine, **more})


def put_machine_fault(error: OSError) -> str:
    """The last line of a child that could not go on, although nothing was wrong with what it was given."""
    return json.dumps({_MACHINE: error.errno})


def machine_fault(line: str) -> OSError | None:
    """What `put_machine_fault` wrote; None for any other line, and for half of one."""
    if not line.startswith(f'{{"{_MACHINE}": ') or not line.endswith("}"):
        return None
    number = int(json.loads(line)[_MACHINE])
    return OSError(number, os.strerror(number))


def put_refusal(refusal: Refusal) -> str:
    """A refusal as one line of JSON."""
    return json.dumps({"refusal": to_plain(refusal)})


def get_outcome(plain: dict[str, Any], folder: Path) -> DecodedScan | Refusal:
    """What `put_scan` or `put_refusal` wrote, out of a parsed line."""
    if "refusal" in plain:
        refusal: Refusal = from_plain(Refusal, plain["refusal"])
        return refusal
    hints = get_type_hints(DecodedScan)
    record: dict[str, Any] = {name: from_plain(hints[name], plain["record"][name]) for name in _PLAIN}
    affine = None if plain["affine"] is None else np.array(plain["affine"], dtype=np.float64)
    return DecodedScan(**record, array=_mapped(folder / f"{int(plain['scan'])}.npy"), affine=affine)


def _mapped(file: Path) -> NDArray[Any]:
    """The array, of whose file only what is looked at is read; it outlives the file's name."""
    small = file.stat().st_size < _SMALL
    array: NDArray[Any] = np.load(file, mmap_mode=None if small else "r", allow_pickle=False)
    return array
