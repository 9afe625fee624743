"""What an imported table says of a scan: facts for its header, and a review with the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.database import now
from data.labelled.labels import LabelRow
from data.records import DecodedScan, ImportItem, Refusal, Result, Review, Scan, ScanHeader, Verdict
from services.reviewing.review import beside

Mask = NDArray[np.bool_]

REVIEWER = "Imported label"
_EMPTY = "Row {row} of the labels says that the finding is there, but its mask is empty."
_MARKED = "Row {row} of the labels says that there is nothing, but its mask marks something."


def with_facts(scan: DecodedScan, rows: Sequence[LabelRow]) -> DecodedScan:
    """The scan with what its rows say wherever the file itself says nothing."""
    said = {name: value for name, value in vars(scan.header).items() if value is not None}
    header = ScanHeader(**_facts(rows) | said)
    patient_id = next((row.patient_id for row in rows if row.patient_id), None)
    identity = scan.identity
    if identity.patient_id is None and patient_id is not None:
        identity = replace(identity, patient_id=patient_id)
    return replace(scan, header=header, identity=identity)


def _facts(rows: Sequence[LabelRow]) -> dict[str, Any]:
    names = [field.name for field in fields(ScanHeader)]
    return {
        name: next((value for row in rows if (value := getattr(row.header, name)) is not None), None)
        for name in names
    }


def truth_of(rows: Sequence[LabelRow], mask: Mask | None) -> bool | None:
    """Whether the finding is there: by the mask, else by the labels; None where that is open.

    A volume is positive with one slice, and negative only if every slice is.
    """
    if mask is not None:
        return bool(mask.any())
    labels = [row.positive for row in rows]
    if any(labels):
        return True
    return False if labels and all(label is False for label in labels) else None


def contradictions_of(item: ImportItem, rows: Sequence[LabelRow], mask: Mask | None) -> list[Refusal]:
    """Where a label and its mask say two things; a stacked item has a row and a slice of the mask a file."""
    if mask is None or not rows:
        return []
    pairs: list[tuple[tuple[LabelRow, ...], Mask]] = [(tuple(rows), mask)]
    if item.stacked:
        pairs = [((row,), plane) for row, plane in zip(rows, mask, strict=True)]
    return [
        Refusal(of[0].mask_file or of[0].file, "labels", sentence.format(row=of[0].number))
        for of, drawn in pairs
        for positive, marked, sentence in ((True, False, _EMPTY), (False, True, _MARKED))
        if truth_of(of, None) is positive and bool(drawn.any()) is marked
    ]


def label_review(
    review_id: str, scan: Scan, result: Result, truth: bool, mask: Mask | None, drawn: Mask | None
) -> Review:
    """The truth as a review of a result; `drawn` is the result's own mask, where it has one."""
    return Review(
        id=review_id,
        scan_id=scan.id,
        result_id=result.id,
        verdict=Verdict.LABELLED,
        reason=None,
        reviewer_id="",
        reviewer_name=REVIEWER,
        created_at=now(),
        **(beside(scan, drawn, mask) if mask is not None and drawn is not None else {}),
        truth_positive=truth,
    )
