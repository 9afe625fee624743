"""DICOM GSPS: outlines and words that a viewer draws over the source's own pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from highdicom.pr import (
    GraphicAnnotation,
    GraphicLayer,
    GraphicObject,
    GrayscaleSoftcopyPresentationState,
    TextObject,
)
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from reports.dicom.origin import Origin, person_name
from reports.dicom.references import Reference, StandIns

KIND = "gsps"
SERIES_NUMBER = 9004
SOP_CLASS = "1.2.840.10008.5.1.4.1.1.11.1"
_LAYER = GraphicLayer("LIGHTBOX", order=1, description="Outlines and words of Lightbox")
_TEXT_BOX = (0.02, 0.02, 0.98, 0.12)  # of the shown area: left, top, right, bottom


def reference(origin: Origin) -> Reference:
    """How the presentation state of these is named by another object."""
    return Reference(SOP_CLASS, origin.uid(KIND), origin.uid(KIND, "series"))


def presentation_state(
    origin: Origin, outlines: Mapping[int, Sequence[NDArray[np.float64]]], words: Sequence[str]
) -> bytes:
    """The file. `outlines` are polylines (column, row) on the source's pictures by their number, from 0.

    `words` stand on each of these pictures.
    """
    stand_ins = StandIns(origin)
    _show_as_stated(stand_ins, origin)
    shown = [stand_ins.datasets[number] for number in outlines]
    made = GrayscaleSoftcopyPresentationState(
        referenced_images=shown,
        **origin.common(KIND, SERIES_NUMBER, "Lightbox outlines, not for diagnostic use"),
        content_label="LIGHTBOX",
        content_description=f"Outline {origin.outline}",
        content_creator_name=person_name(origin.creator or "Lightbox"),
        graphic_layers=[_LAYER],
        graphic_annotations=[
            _annotation(stand_ins.datasets[number], drawn, words) for number, drawn in outlines.items()
        ],
    )
    stand_ins.make_real(made)
    made.Laterality = ""  # of a head or a chest there is none
    if origin.source.header.get("PhotometricInterpretation") == "MONOCHROME1":
        made.PresentationLUTShape = "INVERSE"
    return origin.file(made, KIND)


def _annotation(
    image: Dataset, drawn: Sequence[NDArray[np.float64]], words: Sequence[str]
) -> GraphicAnnotation:
    text = TextObject("\r\n".join(words), "DISPLAY", bounding_box=_TEXT_BOX, text_justification="LEFT")
    return GraphicAnnotation(
        referenced_images=[image],
        graphic_layer=_LAYER,
        graphic_objects=[GraphicObject("POLYLINE", line, units="PIXEL") for line in drawn] or None,
        text_objects=[text],
    )


def _show_as_stated(stand_ins: StandIns, origin: Origin) -> None:
    """Let pictures of single files keep their own window, and the rescale that all have."""
    headers = [frame.header for frame in origin.source.frames]
    if any(frame.number is not None for frame in origin.source.frames):
        return
    rescales = [_numbers(header, "RescaleSlope", "RescaleIntercept") for header in headers]
    for dataset, header in zip(stand_ins.datasets, headers, strict=True):
        if rescales[0] is not None and rescales.count(rescales[0]) == len(rescales):
            dataset.RescaleSlope, dataset.RescaleIntercept = rescales[0]
            dataset.RescaleType = header.get("RescaleType") or "US"
        window = _numbers(header, "WindowCenter", "WindowWidth")
        if window is not None and window[1] >= 1:
            dataset.WindowCenter, dataset.WindowWidth = window


def _numbers(header: Dataset, *keywords: str) -> list[float] | None:
    """The first value of each; None where one is missing or no number."""
    values = []
    for keyword in keywords:
        value = header.get(keyword)
        first = value[0] if isinstance(value, MultiValue) and len(value) else value
        try:
            values.append(float(first))
        except (TypeError, ValueError):
            return None
    return values if np.isfinite(values).all() else None
