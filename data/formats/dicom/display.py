"""X-rays as a display would show them: PS3.3 C.11.2 (VOI LUT and window) and C.11.6 (shape).

A radiograph's stored values mean nothing by themselves; the file says which of them a person
looks at. The table or window is applied, so that collimated borders and markers beyond it do not
count. Slices (MR, CT, PET) keep their values: a window there is one person's taste.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from data.formats.dicom.frames import Frame
from data.formats.dicom.tables import table_in
from data.formats.dicom.values import number, number_list, text_of

_NOT_PROJECTIONS = {"MR", "CT", "PT", "NM", "US", "IVUS", "OCT", "OPT"}
_WHITE = np.uint16(65535)
_COARSELY = 4  # every so many rows and columns are enough to see that a window shows nothing
_SHOWS_NOTHING = 0.99  # of the pixels made one shade
_WORTHLESS = "The display window in this file shows nothing of the picture, so it was not used."
_STRANGE_WINDOW = "The display window in this file was not understood, so it was not used."
_FOR_PROCESSING = (
    "This X-ray is stored for processing and not for presentation, so it may look unlike what the "
    "model was trained on."
)
_CONTRADICTION = (
    "The file contradicts itself about whether it is shown inverted; look whether bones are bright."
)


def is_projection(dataset: Dataset) -> bool:
    """Whether a picture is shown through the window or table of its file."""
    return (text_of(dataset, "Modality") or "").upper() not in _NOT_PROJECTIONS


def is_inverted(dataset: Dataset) -> bool:
    """Whether low values are shown bright."""
    shape = (text_of(dataset, "PresentationLUTShape") or "").upper()
    return shape == "INVERSE" or text_of(dataset, "PhotometricInterpretation") == "MONOCHROME1"


def words_on(dataset: Dataset) -> list[str]:
    """What a reader of this X-ray should know of how it is shown."""
    words = []
    if is_for_processing(dataset):
        words.append(_FOR_PROCESSING)
    shape = (text_of(dataset, "PresentationLUTShape") or "").upper()
    bright = text_of(dataset, "PhotometricInterpretation")
    if (shape, bright) in {("INVERSE", "MONOCHROME2"), ("IDENTITY", "MONOCHROME1")}:
        words.append(_CONTRADICTION)
    return words


def is_for_processing(dataset: Dataset) -> bool:
    """Whether the picture is what the detector gave and not what a person is meant to see."""
    return (text_of(dataset, "PresentationIntentType") or "").upper() == "FOR PROCESSING"


def shown(
    dataset: Dataset, frame: Frame, values: NDArray[Any], padding: NDArray[np.bool_] | None
) -> tuple[NDArray[np.uint16] | None, list[str]]:
    """Modality values as shown, 0 (black) to 65535 or the table's highest, and what was odd.

    None where the file says nothing usable of how it is shown.
    """
    table = table_in(dataset, "VOILUTSequence")
    if table is not None:
        out = table.applied(values)
        return (np.uint16(table.highest) - out if is_inverted(dataset) else out), []
    window = _window(frame)
    if window is None:
        stated = any("WindowWidth" in said for said in frame.said)
        return None, [_STRANGE_WINDOW] if stated else []
    shades = _through(values, window)
    if _is_one_shade(shades[::_COARSELY, ::_COARSELY] if padding is None else shades[~padding]):
        return None, [_WORTHLESS]
    return (_WHITE - shades if is_inverted(dataset) else shades), []


def _through(values: NDArray[Any], window: tuple[float, float, str]) -> NDArray[np.uint16]:
    """Values through a window, 0 to 65535; each different whole number is computed once."""
    if values.dtype.kind not in "iu" or values.dtype.itemsize > 2:
        return np.rint(windowed(values, *window) * _WHITE).astype(np.uint16)
    info = np.iinfo(values.dtype)
    every = np.rint(windowed(np.arange(info.min, info.max + 1), *window) * _WHITE).astype(np.uint16)
    # Negative numbers count from the end of the table, which is therefore turned to begin with 0.
    shades: NDArray[np.uint16] = np.roll(every, info.min)[values]
    return shades


def stated_window(frame: Frame) -> tuple[float, float] | None:
    """(black, white) of a slice's first window, in its own values; None where the file states none.

    None of an X-ray too, whose picture has gone through it, and of one that is shown inverted. A sigmoid is
    taken for the straight line in its middle.
    """
    header, window = frame.instance.header, _window(frame)
    if window is None or is_projection(header) or is_inverted(header):
        return None
    centre, width, function = window
    if function == "LINEAR" and width > 1:
        centre, width = centre - 0.5, width - 1
    return centre - width / 2, centre + width / 2


def _window(frame: Frame) -> tuple[float, float, str] | None:
    """(centre, width, function) of the first window, None where there is no usable one."""
    for said in frame.said:
        centres, widths = number_list(said, "WindowCenter"), number_list(said, "WindowWidth")
        if centres and widths and widths[0] > 0:
            return centres[0], widths[0], (text_of(said, "VOILUTFunction") or "LINEAR").upper()
    return None


def windowed(values: NDArray[Any], centre: float, width: float, function: str) -> NDArray[np.float64]:
    """Values through a window, 0 to 1 (PS3.3 C.11.2.1.2 and C.11.2.1.3)."""
    wide = values.astype(np.float64)
    if function == "SIGMOID":
        return np.asarray(1 / (1 + np.exp(np.clip(-4 * (wide - centre) / width, -700, 700))))
    if function != "LINEAR_EXACT" and width > 1:
        centre, width = centre - 0.5, width - 1
    return np.clip((wide - centre) / width + 0.5, 0, 1)


def _is_one_shade(shades: NDArray[np.uint16]) -> bool:
    return bool(max(np.mean(shades == 0), np.mean(shades == _WHITE)) > _SHOWS_NOTHING)


def made_presentable(dataset: Dataset, values: NDArray[Any]) -> NDArray[np.float32] | None:
    """A detector's own values made bright where much was absorbed; None where the file says too little.

    PixelIntensityRelationship LIN is proportional to the dose and is taken to its logarithm;
    PixelIntensityRelationshipSign 1 means that more dose gives higher values (PS3.3 C.8.11.3.1.2).
    """
    sign = number(dataset, "PixelIntensityRelationshipSign")
    if sign not in (1.0, -1.0):
        return None
    wide = values.astype(np.float64)
    dose = wide - wide.min(initial=0) if sign > 0 else wide.max(initial=0) - wide
    if (text_of(dataset, "PixelIntensityRelationship") or "").upper() == "LIN":
        dose = np.log1p(dose)
    return np.asarray(dose.max(initial=0) - dose, dtype=np.float32)
