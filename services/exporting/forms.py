"""What a result can be exported as, and why it sometimes cannot."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from data import formats
from data.records import Verdict
from services.exporting.versions import COUNTING, ResultVersion

NOT_DICOM = "This scan did not come as DICOM, so its result has no study to be filed with."
NO_OUTLINE = "An X-ray has neither an outline nor a frame of reference, which a DICOM segmentation needs."
NOT_PLACED = "The files of this series do not say where every slice lies, which a DICOM segmentation needs."
NOTHING_OUTLINED = "Nothing is outlined, so there is no segmentation to export."
REJECTED = "{} rejected this result, so it is not exported as one."


class Form(StrEnum):
    """A form; the value is its word in addresses."""

    SEG = "seg"


LABELS = {Form.SEG: "Segmentation, DICOM SEG"}


@dataclass(frozen=True)
class Ask:
    """How an export is wanted: whose outline, with or without the patient's name, SEG as a labelmap."""

    layer: str = COUNTING
    named: bool = False
    labelmap: bool = False


AS_USUAL = Ask()


def why_not(version: ResultVersion, form: Form) -> str | None:
    """Why a version of a result cannot be had in a form, in a sentence; None where it can.

    What only the instances themselves tell is said when they are opened (`why_no_segmentation`).
    """
    if version.view.scan.grid.kind != "dicom":
        return NOT_DICOM
    current = version.view.current
    if current is not None and current.verdict is Verdict.REJECTED:
        return REJECTED.format(current.reviewer_name)
    return _why_no_segmentation(version) if form is Form.SEG else None


def _why_no_segmentation(version: ResultVersion) -> str | None:
    scan = version.view.scan
    if not version.result.has_mask:
        return NO_OUTLINE
    if formats.placed_affine(scan.grid) is None:
        return NOT_PLACED
    return None if version.measurements and version.measurements.voxels else NOTHING_OUTLINED
