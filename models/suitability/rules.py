"""What a scan's own header and plain statistics say before any network is asked."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.errors import RefusedScan
from data.records import BRAIN_TUMOUR, PNEUMONIA, ScanHeader

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
}
X_RAY = {"CR", "DX", "RG"}
HEAD = re.compile(r"BRAIN|HEAD|SKULL|NEURO|CEREBR|KOPF|SCHAEDEL|TETE", re.IGNORECASE)
CHEST = re.compile(r"CHEST|THORAX|LUNG|TORAX", re.IGNORECASE)
UNSTATED = re.compile(r"^\s*(UNKNOWN|WHOLE ?BODY|NONE|OTHER|-)?\s*$", re.IGNORECASE)

FLAIR_OR_CONTRAST = re.compile(
    r"FLAIR|T1.{0,12}(\+|GD|GAD|CE\b|C\b|KM\b|POST|CONTRAST)|(POST|GD|GAD|CONTRAST).{0,12}T1|IR.?FSE|DARK.?FLUID",
    re.IGNORECASE,
)
LEAST_SIDE = 48
READS = "Lightbox reads brain MRI and chest X-rays"


def allowed_routes(header: ScanHeader) -> tuple[str, ...]:
    """The tasks that the header leaves open; raises RefusedScan where it leaves none."""
    modality, part = (header.modality or "").upper(), header.body_part or ""
    if modality in MODALITIES:
        raise RefusedScan("modality", f"This is {MODALITIES[modality]}; {READS}.")
    stated = not UNSTATED.match(part)
    if modality == "MR":
        if stated and not HEAD.search(part):
            raise RefusedScan("body_part", f"This MRI is of the {part.lower()}; {READS}.")
        return (BRAIN_TUMOUR,)
    if modality in X_RAY:
        if stated and not CHEST.search(part):
            raise RefusedScan("body_part", f"This X-ray is of the {part.lower()}; {READS}.")
        return (PNEUMONIA,)
    return (BRAIN_TUMOUR, PNEUMONIA)


def body_part_stated(header: ScanHeader) -> bool:
    """Whether the header itself names a head or a chest."""
    part = header.body_part or ""
    return bool(HEAD.search(part) or CHEST.search(part))


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
    """What a reader should know: where the scan lies outside what the model was trained on."""
    if task == BRAIN_TUMOUR:
        return _brain_warnings(header)
    return _chest_warnings(header, slices)


def _brain_warnings(header: ScanHeader) -> list[str]:
    said = []
    if not header.sequence:
        said.append(
            "The file does not name its MRI sequence; the model knows FLAIR and contrast-enhanced T1."
        )
    elif not FLAIR_OR_CONTRAST.search(header.sequence):
        said.append(
            f"The sequence is called “{header.sequence}”; the model was trained on FLAIR and "
            "contrast-enhanced T1 only, so check its answer with care."
        )
    if header.age_years is not None and header.age_years < 14:
        said.append("The patient is a child; the model was trained on adults.")
    return said


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
