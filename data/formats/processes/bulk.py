"""The guarded doors of bulk imports: whole trees looked at, archives laid out, items decoded in batches."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.errors import RefusedScan
from data.formats.archives.zip_and_gzip import DAMAGED
from data.formats.detect import FileKind, kind_of, other_name
from data.formats.limits import Limits
from data.formats.members import Member
from data.formats.processes import batches
from data.formats.processes.batches import BEGUN, ENDED, Item
from data.formats.processes.guard import ask, gave_up
from data.formats.processes.sightings import Sighting
from data.formats.processes.transport import DONE, get_outcome
from data.records import DecodedScan, Refusal

_LOOKED_AT_ONCE = 500
_LOOK_S = 20.0  # for each file
_UNPACK_S = 6 * 3600.0
_LOOK_BYTES = 2 << 30


@dataclass(frozen=True)
class Opened:
    """A scan out of an item: the file with the bytes to keep, and its mask where one came with it."""

    scan: DecodedScan
    original: Path
    mask: NDArray[np.bool_] | None = None


Outcome = tuple[Opened | Refusal, ...]


def is_archive(file: Path) -> bool:
    """Whether `unpack` can lay this file out: a zip, a tar, or a tar in gzip."""
    if not file.is_file():
        return False
    with file.open("rb") as stream:
        head = stream.read(512)
    is_tar = (other_name(head) or "").startswith("a tar")
    gzipped = file.name.lower().endswith((".tar.gz", ".tgz")) and kind_of(file) is FileKind.GZIP
    return kind_of(file) is FileKind.ZIP or is_tar or gzipped


def unpack(file: Path, into: Path, limits: Limits) -> list[Member]:
    """Lay an archive's files out in the empty folder `into`, under numbers.

    Raises RefusedScan as for uploads; nested archives are files like others.
    """
    request = _request("unpacking", limits, _UNPACK_S, _LOOK_BYTES) | {"path": str(file), "into": str(into)}
    lines = ask(request, _UNPACK_S)
    if lines[-1] != DONE:
        raise DAMAGED
    files = _whole(lines)
    if files and "code" in files[-1]:
        raise RefusedScan(files[-1]["code"], files[-1]["sentence"])
    return [Member(file["name"], into / file["file"]) for file in files]


def look_at(members: Sequence[Member]) -> list[Sighting]:
    """What each file is and, for DICOM, of which series; only the beginning of it is read."""
    sightings: list[Sighting] = []
    while len(sightings) < len(members):
        chunk = members[len(sightings) : len(sightings) + _LOOKED_AT_ONCE]
        request = _request("sightings", Limits(), _LOOK_S, _LOOK_BYTES)
        lines = ask(request | {"paths": [str(member.path) for member in chunk]}, _LOOK_S)
        seen = _whole(lines)
        sightings += [
            Sighting(member, FileKind(look["kind"]), look["series"], look["named"])
            for member, look in zip(chunk, seen, strict=False)
        ]
        if len(seen) < len(chunk):  # the file it stopped at is left to the decoder, which refuses it
            sightings.append(Sighting(chunk[len(seen)], FileKind.UNKNOWN))
    return sightings


def decode_batch(
    items: Sequence[Item], folder: Path, limits: Limits, *, timeout_s: float, memory_bytes: int
) -> list[Outcome]:
    """What is in each item, in their order, decoded by one child process.

    The kept bytes lie below the empty `folder` until the caller removes it. `timeout_s` is for one
    item. If the child dies, those that were not finished are decoded again in a child each, so
    that a bad one is refused alone. Raises ReaderUnavailable if no child could be started.
    """
    outcomes: list[Outcome | None] = _ask(items, folder / "all", limits, timeout_s, memory_bytes)
    for index, outcome in enumerate(outcomes):
        if outcome is None:
            outcomes[index] = _alone(items[index], folder / str(index), limits, timeout_s, memory_bytes)
    return [outcome for outcome in outcomes if outcome is not None]


def _alone(item: Item, folder: Path, limits: Limits, timeout_s: float, memory_bytes: int) -> Outcome:
    started = time.monotonic()
    (outcome,) = _ask([item], folder, limits, timeout_s, memory_bytes)
    if outcome is not None:
        return outcome
    return (gave_up(item.name, time.monotonic() - started, timeout_s),)


def _ask(
    items: Sequence[Item], folder: Path, limits: Limits, timeout_s: float, memory_bytes: int
) -> list[Outcome | None]:
    """The outcome of each item, None for those that the child did not finish."""
    folder.mkdir()
    request = _request("items", limits, timeout_s, memory_bytes)
    request |= {"folder": str(folder), "items": [batches.plain(item) for item in items]}
    lines = ask(request, timeout_s)
    outcomes: list[Outcome | None] = [None] * len(items)
    answers: list[dict[str, Any]] = []
    for plain in _whole(lines):
        if BEGUN in plain:
            answers = []
        elif ENDED in plain:
            outcomes[plain[ENDED]] = tuple(_opened(answers, folder))
        else:
            answers.append(plain)
    return outcomes


def _whole(lines: Sequence[str]) -> list[dict[str, Any]]:
    """What a child said before DONE; if it died, the last thing may be half a line."""
    said = [line for line in lines[1:] if line != DONE]
    if said and lines[-1] != DONE:
        try:
            json.loads(said[-1])
        except ValueError:
            said.pop()
    return [json.loads(line) for line in said]


def _opened(answers: Iterable[dict[str, Any]], folder: Path) -> list[Opened | Refusal]:
    opened: list[Opened | Refusal] = []
    for plain in answers:
        scan = get_outcome(plain, folder)
        if isinstance(scan, Refusal):
            opened.append(scan)
            continue
        mask = folder / f"{plain['scan']}.mask.npy"
        drawn = np.load(mask, allow_pickle=False) if mask.exists() else None
        opened.append(Opened(scan, folder / plain["original"], drawn))
    return opened


def _request(what: str, limits: Limits, timeout_s: float, memory_bytes: int) -> dict[str, Any]:
    return {
        "what": what,
        "limits": asdict(limits),
        "timeout_s": timeout_s,
        "memory_bytes": memory_bytes,
        "disk_bytes": limits.max_unpacked_bytes + limits.max_bytes,
    }
