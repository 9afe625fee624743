"""What a DICOM header says of how a picture was made: sequence, timings, contrast, view."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pydicom.dataset import Dataset

from data.formats.dicom.values import number, text_of, value_of
from data.records import OWN_MANUFACTURER, Acquisition

_WORDS = ("SeriesDescription", "ProtocolName", "SequenceName", "PulseSequenceName")
_SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
_SCREEN = re.compile(
    r"screen.?(save|shot|cap)|\b(dose|protocol|patient) ?(report|page|protocol)\b", re.IGNORECASE
)
_PHANTOM = re.compile(r"phantom(?!.?(limb|pain))|fantom|fant[oô]me", re.IGNORECASE)
_QUALITY_CHECK = re.compile(r"\b(acr|qa|qc)\b", re.IGNORECASE)
_NO_AGENT = re.compile(r"\W*(none|no|not|n/?a|nil|null|unknown|without|ohne|0+|false|-+|)\W*", re.IGNORECASE)
_MOSAIC_COUNT, _MOSAIC_CREATOR = 0x0A, "SIEMENS MR HEADER"
_UNITED_GRID = 0x50  # how many slices a picture of United Imaging's holds side by side


def acquisition_of(header: Dataset) -> Acquisition:
    """How the (first) picture of a file was made; what is absent or damaged is left unstated."""
    groups = list(_places(header))
    words = tuple(text for keyword in _WORDS if (text := text_of(header, keyword)))
    image_type = (text_of(header, "ImageType") or "").upper().split("\\")
    frame_type = next((text.upper().split("\\") for text in _texts(groups, "FrameType")), [])
    return Acquisition(
        words=words,
        image_type=tuple(dict.fromkeys(part.strip() for part in (*image_type, *frame_type) if part.strip())),
        scanning_sequence=_scanning_sequence(header, groups),
        contrast=next(iter(_texts(groups, "AcquisitionContrast")), None),
        contrast_agent=_contrast_agent(header),
        echo_time_ms=_number(groups, "EchoTime", "EffectiveEchoTime"),
        repetition_time_ms=_number(groups, "RepetitionTime"),
        inversion_time_ms=_number(groups, "InversionTime", "InversionTimes"),
        b_value=_number(groups, "DiffusionBValue"),
        view=_view(header),
        row_towards=_row_towards(header),
        grid_slices=_grid_slices(header),
        screen_capture=_is_screen_capture(header, words, image_type),
        own_result=text_of(header, "Manufacturer") == OWN_MANUFACTURER,
        phantom=_is_phantom(header, words),
    )


def _places(header: Dataset) -> Iterator[Dataset]:
    """The header itself, then the items of the functional groups of enhanced objects."""
    yield header
    for name in ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"):
        groups = value_of(header, name)
        if not groups or not isinstance(groups[0], Dataset):
            continue
        for element in groups[0]:
            if element.VR == "SQ" and element.value:
                yield element.value[0]


def _texts(places: list[Dataset], keyword: str) -> list[str]:
    return [text for place in places if (text := text_of(place, keyword))]


def _number(places: list[Dataset], *keywords: str) -> float | None:
    numbers = (number(place, keyword) for place in places for keyword in keywords)
    return next((value for value in numbers if value is not None), None)


def _scanning_sequence(header: Dataset, places: list[Dataset]) -> tuple[str, ...]:
    """Codes of ScanningSequence, or what an enhanced object says in its own elements."""
    classic = (text_of(header, "ScanningSequence") or "").upper().replace("_", "").split("\\")
    codes = [code.strip() for code in classic if code.strip()]
    if "YES" in (text.upper() for text in _texts(places, "InversionRecovery")):
        codes.append("IR")
    echo = (text_of(header, "EchoPulseSequence") or "").upper()
    codes += [code for code, name in (("SE", "SPIN"), ("GR", "GRADIENT")) if name in echo or echo == "BOTH"]
    if "YES" in (text.upper() for text in _texts(places, "EchoPlanarPulseSequence")):
        codes.append("EP")
    return tuple(dict.fromkeys(codes))


def _contrast_agent(header: Dataset) -> str | None:
    """The agent, "" where the header says that there was none, None where it says nothing."""
    text = text_of(header, "ContrastBolusAgent")
    if text is not None:
        return "" if _NO_AGENT.fullmatch(text) else text
    return "stated" if value_of(header, "ContrastBolusAgentSequence") else None


def _view(header: Dataset) -> str | None:
    said = text_of(header, "ViewPosition")
    if said:
        return said
    codes = value_of(header, "ViewCodeSequence")
    return text_of(codes[0], "CodeMeaning") if codes and isinstance(codes[0], Dataset) else None


def _row_towards(header: Dataset) -> str | None:
    directions = (text_of(header, "PatientOrientation") or "").upper().split("\\")
    return directions[0] if len(directions) == 2 and directions[0] else None


def _grid_slices(header: Dataset) -> int | None:
    """More than one slice side by side in one picture, by the private elements that say so."""
    for tag, creator in _private_counts(header):
        if "UIH" in creator or creator.startswith(_MOSAIC_CREATOR):
            count = _as_count(header, tag)
            if count is not None and count > 1:
                return count
    return None


def _private_counts(header: Dataset) -> Iterator[tuple[tuple[int, int], str]]:
    """Tags that may hold the count, each with the owner of its private block."""
    for group, last in ((0x0019, _MOSAIC_COUNT), (0x0065, _UNITED_GRID)):
        for block in range(0x10, 0x18):
            owner = header.get((group, block))
            tag = (group, block << 8 | last)
            if owner is not None and tag in header:
                yield tag, str(owner.value).upper()


def _as_count(header: Dataset, tag: tuple[int, int]) -> int | None:
    value = header[tag].value
    text = value.decode("ascii", "ignore") if isinstance(value, bytes) else str(value)
    match = re.fullmatch(r"\s*(\d{1,4})(\.0*)?\s*\0?", text)
    if match:
        return int(match[1])
    return int.from_bytes(value, "little") if isinstance(value, bytes) and len(value) == 2 else None


def _is_screen_capture(header: Dataset, words: tuple[str, ...], image_type: list[str]) -> bool:
    """By its own words; a secondary capture alone may as well be a scanned film."""
    said = " ".join((*words, *image_type))
    return bool(_SCREEN.search(said)) or (
        (text_of(header, "SOPClassUID") or "").startswith(_SECONDARY_CAPTURE)
        and (text_of(header, "ConversionType") or "").upper() in {"WSD", "SI"}
        and (text_of(header, "Modality") or "").upper() in {"SR", "OT", "SC", "DOC"}
        and "SCREEN" in said.upper()
    )


def _is_phantom(header: Dataset, words: tuple[str, ...]) -> bool:
    """By what is written on the series, body part, study or patient: who measures a phantom says so."""
    described = (*words, text_of(header, "StudyDescription") or "", text_of(header, "BodyPartExamined") or "")
    named = (text_of(header, "PatientName") or "", text_of(header, "PatientID") or "")
    return any(
        _PHANTOM.search(text) or _QUALITY_CHECK.search(text.replace("_", " ")) for text in described
    ) or any(_PHANTOM.search(text) for text in named)
