"""What a result can be exported as, and why it sometimes cannot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from data import formats
from data.database import id_from
from data.errors import NotFound
from services.exporting.versions import COUNTING, ResultVersion, earlier_versions
from services.remote_nodes import fhir, lightbox, mllp

NOT_DICOM = "This scan did not come as DICOM, so its result has no study to be filed with."
NO_OUTLINE = "An X-ray has neither an outline nor a frame of reference, which a DICOM segmentation needs."
NOT_PLACED = "The files of this series do not say where every slice lies, which a DICOM segmentation needs."
NOTHING_OUTLINED = "Nothing is outlined, so there is no segmentation to export."
ONLY_COUNTING = (
    "Where it arrives this takes the place of what was sent before: only what counts is given out so."
)
REJECTED = "{} rejected this result, so it is not exported as one: take the rejection note instead."
NO_SUCH_VERSION = "This version of the result is not here any more."
SYNTHETIC_STAYS = "A synthetic scan is of nobody: it stays in the house that made it."
PRIOR_STAYS = "An earlier study was fetched from a PACS: the central house fetches its own."
FROM_AN_EDGE = "This scan came from an edge: it goes no further by itself."
NOT_REJECTED = "Nobody has rejected this result, so there is no rejection note."


class Form(StrEnum):
    """A form; the value is its word in addresses."""

    SEG = "seg"
    SR = "sr"
    SC = "sc"
    GSPS = "gsps"
    PDF = "pdf"
    KOS = "kos"
    FHIR_R4 = "fhir-r4"
    FHIR_R5 = "fhir-r5"
    HL7 = "hl7"
    TEXT = "text"
    PNG = "png"
    CSV = "csv"
    ALL = "all"
    SYNC = "sync"


LABELS: Mapping[Form, str] = {
    Form.SEG: "Segmentation, DICOM SEG",
    Form.SR: "Measurements, DICOM SR",
    Form.SC: "Pictures with outline, DICOM SC",
    Form.GSPS: "Outline as overlay, DICOM GSPS",
    Form.PDF: "Report, PDF in DICOM",
    Form.KOS: "Rejection note, DICOM KOS",
    Form.FHIR_R4: "Report as resources, FHIR R4",
    Form.FHIR_R5: "Report as resources, FHIR R5",
    Form.HL7: "Report as message, HL7 v2 ORU",
    Form.TEXT: "Findings as text",
    Form.PNG: "Pictures with outline, PNG",
    Form.CSV: "Measurements, CSV",
    Form.ALL: "Everything in one zip",
    Form.SYNC: "Scan with results and reviews, to the central house",
}
PLAIN = (Form.FHIR_R4, Form.FHIR_R5, Form.HL7, Form.TEXT, Form.PNG, Form.CSV, Form.ALL, Form.SYNC)
"""What needs no DICOM."""
TO_NODES_ALONE = (Form.SYNC,)
"""What is for remote nodes, and nobody takes as a file."""
REPLACING = (Form.FHIR_R4, Form.FHIR_R5, Form.HL7, Form.SYNC)
"""What takes, where it arrives, the place of what was sent of the result before."""
DICOM_MEDIA = "application/dicom"
MEDIA: Mapping[Form, str] = {form: DICOM_MEDIA for form in Form if form not in PLAIN} | {
    Form.FHIR_R4: fhir.media_type(fhir.R4),
    Form.FHIR_R5: fhir.media_type(fhir.R5),
    Form.HL7: mllp.HL7_V2,
    Form.SYNC: lightbox.MEDIA_TYPE,
}
"""What forms for remote nodes are made of; `services/remote_nodes/kinds.py` says which node takes what."""
_SAID = (Form.SR, Form.PDF, Form.KOS)  # forms that also tell what a reviewer said


@dataclass(frozen=True)
class Ask:
    """How an export is wanted: whose outline, with or without the patient's name.

    `labelmap` is of a SEG, `pdf` puts the report as PDF into FHIR and HL7 v2.
    """

    layer: str = COUNTING
    named: bool = False
    labelmap: bool = False
    pdf: bool = False


AS_USUAL = Ask()


def key_of(version: ResultVersion, form: Form) -> str:
    """What tells a version's object of a form from those of other versions: the result, or a review of it."""
    if form is Form.SYNC:  # whatever was said of any of the scan's results is in it
        return id_from("sync", version.result.id, *sorted(review.id for review in version.view.reviews))
    if form in REPLACING:
        return version.told[0]
    return version.reported[0] if form in _SAID else version.key


def version_of_key(counting: ResultVersion, form: Form, key: str) -> ResultVersion:
    """What counts of a result, or an earlier version of it, by what `key_of` tells it by. Raises NotFound."""
    for version in (counting, *earlier_versions(counting)):
        if key_of(version, form) == key:
            return version
    raise NotFound(NO_SUCH_VERSION)


def why_not(version: ResultVersion, form: Form, layer: str = COUNTING) -> str | None:
    """Why a version of a result cannot be had in a form, in a sentence; None where it can.

    What only the instances themselves tell is said when they are opened (`why_no_segmentation`).
    """
    if form in REPLACING and layer != COUNTING:
        return ONLY_COUNTING
    if form is Form.SYNC:
        return why_not_synced(version)
    if form in PLAIN:
        return None
    if version.view.scan.grid.kind != "dicom":
        return NOT_DICOM
    rejected_by = version.rejected_by
    if form is Form.KOS:
        return NOT_REJECTED if rejected_by is None else None
    if rejected_by is not None:
        return REJECTED.format(rejected_by)
    return why_no_outline(version) if form is Form.SEG else None


def why_not_synced(version: ResultVersion) -> str | None:
    """Why a scan does not go to the central house; None where it does."""
    if version.view.scan.synthetic:
        return SYNTHETIC_STAYS
    if version.view.prior_from is not None:
        return PRIOR_STAYS
    came_from_edge = any(result.provenance.read_at is not None for result in version.view.results)
    return FROM_AN_EDGE if came_from_edge else None


def why_no_outline(version: ResultVersion) -> str | None:
    """Why there is nothing to segment; None where there is."""
    scan = version.view.scan
    if not version.result.has_mask:
        return NO_OUTLINE
    if formats.placed_affine(scan.grid) is None:
        return NOT_PLACED
    return None if version.measurements and version.measurements.voxels else NOTHING_OUTLINED
