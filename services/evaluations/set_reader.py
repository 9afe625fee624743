"""What a version says of one scan of a set, through its own network, behind whatever people wait for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data import formats
from data.database import now
from data.errors import InvalidInput, RefusedScan
from data.files import FileStore
from data.labelled.outside import OutsideFile
from data.packing import mask_sha256
from data.records import DecodedScan, EvaluationReading, Precedence, Spacing
from data.stores.reviews import ReviewStore
from data.stores.scans import ScanStore
from models.overlap import dice
from services import keys
from services.inference.engine import Loaded
from services.reading.reader import Read, Reader
from services.reading.suitability_gate import SuitabilityGate
from services.settings import Settings
from services.versions.rehearser import known_truth

Look = Callable[[float], None]
_GONE = "It is no longer here."
_OTHER = "It was read as another task's."
_NOTHING = "There is no scan in it."


@dataclass(frozen=True)
class KeptScan:
    """A scan as networks are given it: (slices, height, width), and where its voxels lie."""

    array: NDArray[Any]
    spacing: Spacing
    affine: NDArray[np.float64] | None


class SetReader:
    """Reads; keeps nothing."""

    def __init__(
        self, reader: Reader, scans: ScanStore, reviews: ReviewStore, files: FileStore, settings: Settings
    ) -> None:
        self._reader = reader.wanted(Precedence.BACKGROUND)
        self._gate = SuitabilityGate(self._reader)
        self._scans = scans
        self._reviews = reviews
        self._files = files
        self._settings = settings

    def scan(self, loaded: Loaded, asked: EvaluationReading, look: Look) -> EvaluationReading:
        """A scan of the house; `look` is called often and may raise. Raises Busy and UserFacingError."""
        scan = self.kept(asked)
        return self.answered(asked, self._reader.read_by(loaded, scan.array, scan.spacing, scan.affine, look))

    def kept(self, asked: EvaluationReading) -> KeptScan:
        """The pixels of a scan of the house. Raises InvalidInput where it is gone."""
        scan = self._scans.get(asked.scan_id or "")
        if scan is None:
            raise InvalidInput(_GONE)
        array = self._files.get_array(keys.array(scan.id))
        return KeptScan(array, scan.spacing, formats.placed_affine(scan.grid))

    def answered(self, asked: EvaluationReading, read: Read) -> EvaluationReading:
        """What was said of a scan of the house, beside what is known of it."""
        truth = known_truth(self._reviews, self._files, asked.scan_id or "")
        return _answered(asked, read, truth.mask)

    def file(
        self, loaded: Loaded, asked: EvaluationReading, file: OutsideFile | None, look: Look
    ) -> EvaluationReading:
        """A file of an outside set, from its bytes on; of several scans in it the most suspicious counts."""
        if file is None:
            return replace(asked, read_at=now(), failure=_GONE)
        decoded = formats.decode_guarded(
            file.file,
            file.file.name,
            formats.Limits(max_bytes=self._settings.max_scan_bytes),
            timeout_s=self._settings.decode_seconds,
            memory_bytes=self._settings.decode_bytes,
        )
        said = [self._of_decoded(loaded, asked, file, scan, look) for scan in decoded.scans]
        said += [
            replace(asked, read_at=now(), failure=f"Refused: {refusal.sentence}")
            for refusal in decoded.refusals
        ]
        return max(said, key=_gravity, default=replace(asked, read_at=now(), failure=_NOTHING))

    def _of_decoded(
        self, loaded: Loaded, asked: EvaluationReading, file: OutsideFile, scan: DecodedScan, look: Look
    ) -> EvaluationReading:
        try:
            routed = self._gate.route(scan)
        except RefusedScan as refused:
            return replace(asked, read_at=now(), failure=f"Refused: {refused}")
        if routed.task != loaded.task.name:
            return replace(asked, read_at=now(), failure=_OTHER)
        read = self._reader.read_by(loaded, scan.array, scan.spacing, scan.affine, look)
        return _answered(asked, read, _given_mask(file, scan) if asked.truth_positive else None)


def _gravity(said: EvaluationReading) -> tuple[bool, bool, float]:
    return said.failure is None, bool(said.positive), said.probability or 0.0


def _given_mask(file: OutsideFile, scan: DecodedScan) -> NDArray[np.bool_] | None:
    if file.mask is None or not file.mask.is_file():
        return None
    answers = formats.MaskAnswers(empty=True, every_label=True)
    mask: NDArray[Any] = formats.read_mask(file.mask, file.mask.name, scan.grid, answers)
    return np.asarray(mask, dtype=bool)


def _answered(asked: EvaluationReading, read: Read, truth: NDArray[np.bool_] | None) -> EvaluationReading:
    answer, measured = read.answer, read.measurements
    mask = answer.mask
    return replace(
        asked,
        read_at=now(),
        positive=bool(answer.positive),
        probability=float(answer.probability),
        threshold=read.threshold,
        volume_ml=None if measured is None else measured.volume_ml,
        dice=None if mask is None or truth is None else dice(mask, truth),
        network_ms=read.provenance.timings_ms.get("network"),
        mask_sha256=None if mask is None else mask_sha256(mask),
    )
