"""DICOM SC: a picture with everything drawn into it, for systems that show nothing else."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from highdicom.sc import SCImage
from PIL import Image

from data.formats import SourceFrame
from reports.dicom.deidentification_codes import DEIDENTIFICATION_WITH_CLEAN_PIXELS, code_item
from reports.dicom.origin import Origin
from reports.dicom.references import Reference, instances, source_images

KIND = "sc"
SERIES_NUMBER = 9003
SOP_CLASS = "1.2.840.10008.5.1.4.1.1.7"
_ANY_ORIENTATION = ("L", "P")  # the library wants one


def reference(origin: Origin, number: int) -> Reference:
    """How picture `number` (from 1) of these is named by another object."""
    return Reference(SOP_CLASS, origin.uid(KIND, number), origin.uid(KIND, "series"))


def secondary_capture(
    origin: Origin,
    png: bytes,
    number: int,
    shown: Sequence[SourceFrame],
    orientation: tuple[str, str] | None,
    words: str,
) -> bytes:
    """The file of picture `number` (from 1), which shows these pictures of the source.

    Of a subject that is not named `png` must have passed the look for burned-in text: the file says so. Of a
    named one nothing is said, because nobody has looked.

    `orientation`: where its rows and its columns lead to in the patient, if that is known.
    """
    pixels = np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))
    common = origin.common(KIND, SERIES_NUMBER, "Lightbox pictures, not for diagnostic use")
    made: Any = SCImage.from_ref_dataset(
        instances(origin)[0],
        pixels,
        photometric_interpretation="RGB",
        bits_allocated=8,
        coordinate_system="PATIENT",
        **common | {"sop_instance_uid": origin.uid(KIND, number), "instance_number": number},
        patient_orientation=orientation or _ANY_ORIENTATION,
    )
    made.PatientOrientation = list(orientation) if orientation else ""
    made.Laterality = ""  # of a head or a chest there is none
    made.ImageType = ["DERIVED", "SECONDARY"]
    made.DerivationDescription = words
    if not origin.subject.named:
        # Its pixels were looked at before they came here, and whatever was found was released or blacked out.
        made.BurnedInAnnotation = "NO"
        made.DeidentificationMethodCodeSequence = [
            code_item(*code) for code in DEIDENTIFICATION_WITH_CLEAN_PIXELS
        ]
    made.SourceImageSequence = source_images(shown)
    return origin.file(made, f"{KIND} {number}")
