"""What a scan's own header and plain statistics say before any network is asked."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.errors import RefusedScan
from data.formats.dicom.body_parts import Region, body_part_of
from data.records import BRAIN_TUMOUR, PNEUMONIA, Acquisition, ScanHeader
from models.suitability.kinds import not_a_picture, not_an_mri_picture
from models.suitability.views import stated_view

MODALITIES = {
    "CT": "a CT scan",
    "US": "an ultrasound",
    "NM": "a nuclear medicine image",
    "PT": "a PET scan",
    "MG": "a mammogram",
    "XA": "an angiogram",
    "RF": "a fluoroscopy",
    "ES": "an endoscopy picture",
    "SM": "a microscopy slide",
    "OP": "a photograph of the eye",
    "XC": "a photograph",
    "ECG": "an electrocardiogram",
    "IO": "a dental X-ray",
    "PX": "a dental X-ray",
    "BMD": "a bone density measurement",
    "SR": "a report",
    "DOC": "a document",
}
X_RAY = {"CR", "DX", "RG"}
LEAST_SIDE = 48
READS = "Lightbox reads brain MRI and chest X-rays"
NOT_FRONTAL = {
    "lateral": "This is a lateral chest X-ray; Lightbox reads frontal ones (PA or AP) only.",
    "oblique": "This is an oblique chest X-ray; Lightbox reads frontal ones (PA or AP) only.",
}


def allowed_routes(header: ScanHeader, acquisition: Acquisition) -> tuple[str, ...]:
    """The tasks that the header leaves open; raises RefusedScan where it leaves none."""
    modality = (header.modality or "").upper()
    if modality in MODALITIES:
        raise RefusedScan("modality", f"This is {MODALITIES[modality]}; {READS}.")
    _refuse_kind(not_a_picture(acquisition))
    if modality == "MR":
        _refuse_kind(not_an_mri_picture(acquisition))
        _refuse_other_part(header, Region.HEAD, "MRI")
        return (BRAIN_TUMOUR,)
    if modality in X_RAY:
        _refuse_other_part(header, Region.CHEST, "X-ray")
        view = stated_view(acquisition)
        if view in NOT_FRONTAL:
            raise RefusedScan("view", NOT_FRONTAL[view])
        return (PNEUMONIA,)
    return (BRAIN_TUMOUR, PNEUMONIA)


def body_part_stated(header: ScanHeader) -> bool:
    """Whether the header itself names a head or a chest."""
    return body_part_of(header.body_part).region in (Region.HEAD, Region.CHEST)


def _refuse_kind(kind: tuple[str, str] | None) -> None:
    if kind is not None:
        code, what = kind
        raise RefusedScan(code, f"This is {what}; {READS}.")


def _refuse_other_part(header: ScanHeader, wanted: Region, picture: str) -> None:
    """A part that is not understood is not held against a scan: then the picture decides."""
    part = body_part_of(header.body_part)
    if part.region not in (wanted, Region.UNKNOWN):
        raise RefusedScan("body_part", f"This {picture} is of the {part.name}; {READS}.")


def check_pixels(array: NDArray[Any]) -> None:
    """Raises RefusedScan for (slices, height, width) that holds nothing to read."""
    slices, height, width = array.shape
    if min(height, width) < LEAST_SIDE:
        raise RefusedScan("too_small", f"The picture is too small to be read ({width} x {height} pixels).")
    if max(height, width) > 6 * min(height, width):
        raise RefusedScan("shape", f"A picture of {width} x {height} pixels is not a whole scan.")
    middle = array[slices // 4 : slices - slices // 4 or None]
    values = np.unique(middle[:: max(1, len(middle) // 8), ::4, ::4])
    if len(values) < 6 or float(values[-1]) == float(values[0]):
        raise RefusedScan("blank", "The picture is blank or has only a few shades; there is nothing to read.")


def warnings(task: str, header: ScanHeader, slices: int) -> list[str]:
    """What a reader should know: where the patient lies outside what the model was trained on."""
    if task == BRAIN_TUMOUR:
        return _brain_warnings(header)
    return _chest_warnings(header, slices)


def _brain_warnings(header: ScanHeader) -> list[str]:
    if header.age_years is not None and header.age_years < 14:
        return ["The patient is a child; the model was trained on adults."]
    return []


def _chest_warnings(header: ScanHeader, slices: int) -> list[str]:
    said = []
    if header.age_years is None:
        said.append("The patient's age is unknown; the model was trained on children of 1 to 5 years.")
    elif not 1 <= header.age_years < 6:
        said.append(
            f"The patient is {header.age_years:.0f} years old; the model was trained on children of "
            "1 to 5 years, so its answer may not hold."
        )
    if slices > 1:
        said.append("The file holds several pictures; only the first was read.")
    return said
