"""Files in, files out: the readings of the server without server, accounts or database."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from data import formats
from data.codec import to_plain
from data.errors import RefusedScan
from data.records import Box, DecodedScan, Lesion, Refusal, SourceGrid, outcome_of
from models import tasks
from models.task import TaskKind
from reports.masks import mask_nifti, mask_png
from services.reading.doubts import doubts_of
from services.reading.reader import Read, Reader
from services.reading.suitability_gate import Routed, SuitabilityGate
from services.settings import Settings

Report = dict[str, Any]
SUFFIXES = (".nii.gz", ".tar.gz")


class Segmenting:
    """Reads any supported input and writes `NAME.json` and, for a segmentation, `NAME.mask.*`."""

    def __init__(self, reader: Reader, settings: Settings) -> None:
        self._reader = reader
        self._gate = SuitabilityGate(reader)
        self._settings = settings
        self._taken: set[str] = set()

    def segment(
        self, path: Path, out: Path, task: str | None = None, *, as_volume: bool = False
    ) -> Iterator[Report]:
        """One report for each scan in `path` (a file or a folder), written into `out`.

        `task` allows only that task; `as_volume` joins the numbered pictures of a folder or zip to one
        volume. What is refused gets a report that says why.
        """
        out.mkdir(parents=True, exist_ok=True)
        started = time.perf_counter()
        decoded = formats.decode_guarded(
            path,
            path.name,
            formats.Limits(max_bytes=self._settings.max_scan_bytes),
            timeout_s=self._settings.decode_seconds,
            memory_bytes=self._settings.decode_bytes,
            as_volume=as_volume,
        )
        decode_ms = round((time.perf_counter() - started) * 1000, 2)
        several = len(decoded.scans) + len(decoded.refusals) > 1
        for number, scan in enumerate(decoded.scans):
            name = self._free(_stem(path) + (f"-{number + 1}" if several else ""))
            yield self._written(self._reported(scan, name, out, task, decode_ms), name, out)
        for number, refusal in enumerate(decoded.refusals):
            name = self._free(_stem(path) + (f"-refused-{number + 1}" if several else ""))
            yield self._written(_refused(refusal, task), name, out)

    def _reported(
        self, scan: DecodedScan, name: str, out: Path, wanted: str | None, decode_ms: float
    ) -> Report:
        started = time.perf_counter()
        try:
            routed = self._gate.route(scan, wanted)
        except RefusedScan as refused:
            return _refused(Refusal(scan.name, refused.code, str(refused)), wanted)
        gate_ms = round((time.perf_counter() - started) * 1000, 2)
        read = self._reader.read(routed.task, scan.array, scan.spacing, scan.affine)
        if tasks.ALL[routed.task].kind is TaskKind.SEGMENTATION:
            self._write_mask(scan, read, name, out)
        timings = {"decode": decode_ms, "suitability": gate_ms} | read.provenance.timings_ms
        return _report(scan, routed, read, timings)

    def _write_mask(self, scan: DecodedScan, read: Read, name: str, out: Path) -> None:
        assert read.answer.mask is not None
        if formats.is_volume(scan.grid):
            (out / f"{name}.mask.nii.gz").write_bytes(mask_nifti(read.answer.mask, scan.grid))
        else:
            picture = formats.source_picture(read.answer.mask, scan.grid)
            (out / f"{name}.mask.png").write_bytes(mask_png(picture))

    def _written(self, report: Report, name: str, out: Path) -> Report:
        report = {"name": name, **report}
        (out / f"{name}.json").write_text(json.dumps(report, indent=2) + "\n")
        return report

    def _free(self, stem: str) -> str:
        """A name that no other input of this call has taken."""
        name, number = stem, 1
        while name in self._taken:
            number += 1
            name = f"{stem}~{number}"
        self._taken.add(name)
        return name


def _stem(path: Path) -> str:
    for suffix in SUFFIXES:
        if path.name.lower().endswith(suffix):
            return path.name[: -len(suffix)]
    return path.name if path.is_dir() else path.stem or path.name


def _report(scan: DecodedScan, routed: Routed, read: Read, timings: dict[str, float]) -> Report:
    measured = read.measurements
    largest = measured.lesions[0] if measured and measured.lesions else None
    doubts = doubts_of(read.answer, routed.recognised)
    return {
        "task": routed.task,
        "refused": False,
        "reason": None,
        "outcome": outcome_of(read.answer.positive, bool(doubts)).value,
        "doubts": [doubt.value for doubt in doubts],
        "positive": read.answer.positive,
        "probability": read.answer.probability,
        "threshold": read.threshold,
        "volume_ml": measured.volume_ml if measured else None,
        "longest_diameter_mm": largest.longest_diameter_mm if largest else None,
        "perpendicular_diameter_mm": largest.perpendicular_diameter_mm if largest else None,
        "longest_diameter_px": largest.longest_diameter_px if largest else None,
        "maximum_3d_diameter_mm": largest.maximum_3d_diameter_mm if largest else None,
        "craniocaudal_mm": largest.craniocaudal_mm if largest else None,
        "estimated_dice": read.answer.estimated_dice,
        "outside_distance": read.answer.outside_distance,
        "voxels": measured.voxels if measured else None,
        "touches_border": measured.touches_border if measured else None,
        "boxes": [_box(lesion, scan.grid) for lesion in measured.lesions] if measured else [],
        "sequence": None if routed.recognised is None else to_plain(routed.recognised),
        "warnings": list(routed.warnings),
        "model": {
            "name": read.provenance.model_name,
            "version": read.provenance.model_version,
            "weights_sha256": read.provenance.weights_sha256,
        },
        "device": read.provenance.device,
        "backend": read.provenance.backend,
        "dtype": read.provenance.dtype,
        "input_sha256": read.provenance.input_sha256,
        "timings": timings,
    }


def _refused(refusal: Refusal, task: str | None) -> Report:
    return {
        "task": task,
        "refused": True,
        "reason": refusal.sentence,
        "code": refusal.code,
        "probability": None,
        "threshold": None,
        "volume_ml": None,
        "longest_diameter_mm": None,
        "boxes": [],
        "model": None,
        "timings": {},
    }


def _box(lesion: Lesion, grid: SourceGrid) -> dict[str, Any]:
    """First and last index of each axis of the mask's file, both inclusive."""
    first, last = source_corners(lesion.box, grid)
    if not formats.is_volume(grid):  # a PNG has (row, column)
        order = [1, 2] if grid.kind == "image" else [1, 0]
        first, last = [first[axis] for axis in order], [last[axis] for axis in order]
    return {
        "first": first,
        "last": last,
        "axes": ["i", "j", "k"] if formats.is_volume(grid) else ["row", "column"],
        "voxels": lesion.voxels,
        "volume_ml": lesion.volume_ml,
        "longest_diameter_mm": lesion.longest_diameter_mm,
        "perpendicular_diameter_mm": lesion.perpendicular_diameter_mm,
        "maximum_3d_diameter_mm": lesion.maximum_3d_diameter_mm,
        "maximum_3d_ends": _ends(lesion, grid),
        "craniocaudal_mm": lesion.craniocaudal_mm,
        "centre_ras_mm": list(lesion.position_mm) if lesion.position_mm else None,
    }


def _ends(lesion: Lesion, grid: SourceGrid) -> list[list[float]] | None:
    """Both ends of the maximum 3-D diameter along the file's own axes; the first voxel's centre is 0."""
    if lesion.maximum_3d_ends is None:
        return None
    return [_source_point(end, grid) for end in lesion.maximum_3d_ends]


def _source_point(point: tuple[float, float, float], grid: SourceGrid) -> list[float]:
    at = [0.0, 0.0, 0.0]
    for axis, value in enumerate(point):
        source = grid.axes[axis]
        at[source] = grid.shape[source] - 1 - value if axis in grid.flips else value
    return at


def source_corners(box: Box, grid: SourceGrid) -> tuple[list[int], list[int]]:
    """A displayed box as first and last index along the file's own axes."""
    displayed = (box.slices, box.rows, box.columns)
    first, last = np.zeros(3, int), np.zeros(3, int)
    for axis, (low, high) in enumerate(displayed):
        source = grid.axes[axis]
        if axis in grid.flips:
            size = grid.shape[source]
            low, high = size - 1 - high, size - 1 - low
        first[source], last[source] = low, high
    return first.tolist(), last.tolist()
