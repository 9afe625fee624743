"""A version's labelled images as drift is measured against them: what their readings would have kept.

The images go the way of an upload: the same decoder, the same reading, the same features, so that a
scan that looks like the training set does not differ from it by the way it came. Where and when the
set was collected says nothing of a department, so sites, scanners, hours and latencies are left out.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

from data import atomic_files, formats
from data.errors import InvalidInput, UnusableDataset
from data.feature_files import written
from data.formats.decoding import decode_pictures
from data.labelled.datasets import LabelledScan
from data.records import CATEGORIES, NUMBERS, DecodedScan, Features, Refusal, ScanHeader
from models.task import Task
from models.trainings import training_of
from models.weights import REFERENCE, Trained
from services.inference.batcher import MicroBatcher
from services.inference.engine import Engine, NetworkInput, Output
from services.reading.intake import scan_of
from services.reading.reader import Reader
from services.reading.results import features_of, result_of
from services.reading.suitability_gate import Routed

if TYPE_CHECKING:
    import pandas as pd

MOST = 1200
"""Scans in a reference: enough for every test, and under 2 MB."""
OF_THE_PLACE = {"hour", "latency_ms", "site", "scanner", "software"}


def make_reference(task: Task, trained: Trained, data: Path, device: str | None = None) -> int:
    """Write `reference.parquet` beside the weights; returns of how many scans.

    Raises UnusableDataset where `data` has no scans of the task, InvalidInput where the task's training
    does not say what its scans are.
    """
    scans = training_of(task.name).scans
    if scans is None:
        raise InvalidInput(f"The training of {task.name} does not say which scans it is made of.")
    chosen = spread(scans(data), MOST)
    # An empty picture is refused where it is uploaded, so it is no scan to compare with.
    rows = [row for row in _read(task, trained, chosen, device) if row.p50 is not None]
    if not rows:
        raise UnusableDataset(f"No scan of {task.name} under {data} can be read.")
    vectors = [row.vector for row in rows]
    known = [vector for vector in vectors if vector is not None]
    matrix = np.stack(known) if len(known) == len(rows) else None
    atomic_files.write(trained.folder / REFERENCE, written(_frame(rows), matrix))
    return len(rows)


def spread(scans: Sequence[LabelledScan], most: int) -> list[LabelledScan]:
    """At most so many scans, always the same: as many volumes and lone pictures of each data set as can
    be, and of each kind as many of every patient as can be.
    """
    kinds: dict[tuple[str, bool], list[LabelledScan]] = defaultdict(list)
    for scan in scans:
        kinds[scan.dataset, len(scan.files) > 1].append(scan)
    chosen: list[LabelledScan] = []
    # Small kinds first: what they leave of their share goes to the others.
    for left, kind in enumerate(sorted(kinds, key=lambda kind: (len(kinds[kind]), kind))):
        share = (most - len(chosen)) // (len(kinds) - left)
        chosen += _in_turns(kinds[kind])[:share]
    return chosen


def _in_turns(scans: Sequence[LabelledScan]) -> list[LabelledScan]:
    """One scan of every patient, then a second one of every patient, and so on."""
    patients: dict[str, list[LabelledScan]] = defaultdict(list)
    for scan in sorted(scans, key=_shuffled):
        patients[scan.patient].append(scan)
    turns = ((turn, scan) for members in patients.values() for turn, scan in enumerate(members))
    return [scan for _, scan in sorted(turns, key=lambda turn_and_scan: turn_and_scan[0])]


def _shuffled(scan: LabelledScan) -> str:
    name = f"{scan.dataset} {scan.patient} {scan.files[0].name}"
    return hashlib.sha256(name.encode()).hexdigest()


def _read(
    task: Task, trained: Trained, scans: Sequence[LabelledScan], device: str | None
) -> Iterator[Features]:
    engine = Engine(device)
    engine.place(task, trained, "")
    batcher = MicroBatcher[NetworkInput, Output](engine.run, gather_ms=0)
    batcher.start()
    reader = Reader(engine, batcher)
    try:
        for scan in tqdm(scans, desc="reference for drift", mininterval=5):
            decoded = _decoded(scan)
            if decoded is not None:
                yield _features(reader, task, decoded)
    finally:
        batcher.stop()


def _decoded(scan: LabelledScan) -> DecodedScan | None:
    """The scan as an upload would give it; None where it would be refused."""
    first = scan.files[0]
    if len(scan.files) == 1:
        scans = list(formats.decode(first, first.name).scans)
    else:
        members = [formats.Member(file.name, file) for file in scan.files]
        kept = decode_pictures(members, scan.patient, formats.Limits())
        scans = [opened.scan for opened in kept if not isinstance(opened, Refusal)]
    header = ScanHeader(sex=scan.sex, age_years=scan.age)
    return replace(scans[0], header=header) if scans else None


def _features(reader: Reader, task: Task, decoded: DecodedScan) -> Features:
    read = reader.read(task.name, decoded.array, decoded.spacing, decoded.affine)
    scan = scan_of(decoded, "", "", Routed(task.name, ()))
    return features_of(scan, result_of(scan, read), decoded.array, read)


def _frame(rows: Sequence[Features]) -> pd.DataFrame:
    import pandas as pd

    names = [name for name in (*NUMBERS, *CATEGORIES) if name not in OF_THE_PLACE]
    frame = pd.DataFrame([[getattr(row, name) for name in names] for row in rows], columns=names)
    return frame.astype({name: "float32" for name in names if name in NUMBERS})
