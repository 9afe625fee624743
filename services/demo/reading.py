"""A case of the demonstration on its way: written as a file, decoded, gated, read, its files kept."""

from __future__ import annotations

import tempfile
import threading
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np

from data import formats
from data.database import id_from
from data.errors import RefusedScan
from data.files import FileStore
from data.labelled import phantoms
from data.packing import packed
from data.records import (
    SYNTHETIC_REFUSALS,
    Acquisition,
    DecodedScan,
    Features,
    KeptRefusal,
    Result,
    Review,
    Scan,
    ScanStatus,
)
from services import keys
from services.demo.cases import SEED, SyntheticCase
from services.demo.reviews import READER_ID, Mask, simulated_review
from services.reading.intake import keep_scan, refusal_of, scan_of
from services.reading.reader import Read, Reader
from services.reading.results import features_of, keep_answer, result_of
from services.reading.suitability_gate import Routed, SuitabilityGate

WARNING = f"{phantoms.MARK}: this head was computed for a demonstration. It is nobody's."


@dataclass(frozen=True)
class ReadCase:
    """A case with its files kept and its rows not yet."""

    case: SyntheticCase
    scan: Scan  # of no patient yet
    result: Result
    watched: Features
    review: Review | None


class CaseReader:
    """Reads cases, in any thread."""

    def __init__(self, files: FileStore, reader: Reader, until: datetime) -> None:
        """Nobody reviews anything after `until`."""
        self._files = files
        self._reader = reader
        self._until = until
        self._decoding = threading.Lock()

    def read(self, case: SyntheticCase) -> ReadCase | KeptRefusal:
        """Have a case decoded and read, or refused. Raises Busy as `Reader.read` does."""
        phantom = case.phantom()
        with tempfile.TemporaryDirectory(prefix="lightbox-demo-") as folder:
            file = Path(folder, f"{case.name}.nii.gz")
            file.write_bytes(phantoms.nifti(phantom.voxels, phantom.affine, phantoms.MARK))
            decoded = self._decoded(file, case)
            try:
                routed = SuitabilityGate(self._reader).route(decoded)
            except RefusedScan as refused:
                return KeptRefusal(refusal_id(case.number), refusal_of(decoded, refused), case.created_at)
            read = self._reader.read(routed.task, decoded.array, decoded.spacing, decoded.affine)
            scan = _scan(case, decoded, routed)
            keep_scan(self._files, scan.id, decoded, file, ".nii.gz")
        return self._answered(case, scan, decoded, read, formats.to_display(phantom.mask, decoded.grid))

    def _decoded(self, file: Path, case: SyntheticCase) -> DecodedScan:
        with self._decoding:  # decoders silence warnings, which Python does for all threads at once
            (decoded,) = formats.decode(file, case.name).scans
        said = (case.header.sequence,) if case.header.sequence else ()
        acquisition = Acquisition(words=said)
        return replace(decoded, header=case.header, identity=case.identity, acquisition=acquisition)

    def _answered(
        self, case: SyntheticCase, scan: Scan, decoded: DecodedScan, read: Read, truth: Mask
    ) -> ReadCase:
        """The result and the review, if there is one by now."""
        result = replace(result_of(scan, read, id_of("result", case.number)), created_at=case.read_at)
        keep_answer(self._files, result.id, read.answer)
        watched = features_of(scan, result, decoded.array, read)
        at = case.reviewed_at
        if at is None or at > self._until:
            return ReadCase(case, scan, result, watched, None)
        drawn = np.zeros_like(truth) if read.answer.mask is None else read.answer.mask
        review = simulated_review(id_of("review", case.number), scan, result, drawn, truth, at)
        if review.measurements is not None:
            self._files.put(keys.corrected_mask(review.id), packed(truth))
        return ReadCase(case, scan, result, watched, review)


def _scan(case: SyntheticCase, decoded: DecodedScan, routed: Routed) -> Scan:
    said = replace(routed, warnings=(WARNING, *routed.warnings))
    made = scan_of(decoded, "", READER_ID, said)
    return replace(
        made,
        id=id_of("scan", case.number),
        status=ScanStatus.READ,
        created_at=case.created_at,
        synthetic=True,
    )


def id_of(kind: str, number: int) -> str:
    """The id of a case's "scan", "result" or "review", in every run."""
    return id_from(f"demo {SEED} {kind} {number}")


def refusal_id(number: int) -> str:
    """The id of a case's refusal, in every run."""
    return f"{SYNTHETIC_REFUSALS}{number:06d}"
