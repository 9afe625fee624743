"""How a picture was made, and what it was recognised as."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

OWN_MANUFACTURER = "Lightbox"
"""Manufacturer of the DICOM objects that Lightbox makes: what has it is never read as a scan."""


class MrSequence(StrEnum):
    """What weighs the contrast of an MRI, in the words that people read."""

    FLAIR = "FLAIR"
    T1_CONTRAST = "contrast-enhanced T1"
    T1 = "T1 without contrast"
    T2 = "T2"
    PROTON_DENSITY = "proton density"
    STIR = "STIR"
    DOUBLE_INVERSION = "double inversion recovery"
    DIFFUSION = "diffusion"
    SUSCEPTIBILITY = "susceptibility or T2*"
    ANGIOGRAPHY = "MR angiography"
    PERFUSION = "perfusion"
    FUNCTIONAL = "functional MRI"
    OTHER = "another kind of MRI"


class RecognisedBy(StrEnum):
    """What a sequence was recognised by."""

    HEADER = "header"
    PICTURE = "picture"


@dataclass(frozen=True)
class RecognisedSequence:
    """Which MRI sequence a scan is taken for; `sequence` is None where it could not be recognised."""

    sequence: MrSequence | None
    by: RecognisedBy
    certainty: float | None = None  # 0 to 1, of the classifier; None where the header says it
    model_version: str | None = None  # of the classifier, where it was asked
    model_sha256: str | None = None  # of its weights


@dataclass(frozen=True)
class Acquisition:
    """What a DICOM header says of how a picture was made; everything is unstated by default.

    Words are as the scanner's people wrote them, and may name anybody: they are for deciding, never
    for showing or keeping.
    """

    words: tuple[str, ...] = ()  # of series, protocol and sequence
    image_type: tuple[str, ...] = ()
    scanning_sequence: tuple[str, ...] = ()  # SE, IR, GR, EP, RM
    contrast: str | None = None  # AcquisitionContrast of enhanced MR
    contrast_agent: str | None = None
    echo_time_ms: float | None = None
    repetition_time_ms: float | None = None
    inversion_time_ms: float | None = None
    b_value: float | None = None
    view: str | None = None  # ViewPosition, or what its code means
    row_towards: str | None = None  # PatientOrientation of a row: the letters of L, R, A, P, H, F
    grid_slices: int | None = None  # how many slices one picture holds side by side
    screen_capture: bool = False
    own_result: bool = False  # made by Lightbox itself of a scan
    phantom: bool = False
