"""Instances of one series: each once, of one patient and one study, joined where a sender cut it."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from data.errors import RefusedScan
from data.formats.dicom.frames import frames_of, is_stacked
from data.formats.dicom.instances import Instance
from data.formats.dicom.pixels import PictureComparison
from data.formats.dicom.times import date_of
from data.formats.dicom.values import PARSE_ERRORS, number, number_list, text_of
from data.formats.limits import Limits

_UNEVEN = 0.1
_FEWEST = 3  # slices that make a series cut into many recognisable

_ALIKE = ("ImageType", "Rows", "Columns", "PixelSpacing", "EchoTime")

_ONE_UID = (
    "Different pictures of this series have the same SOPInstanceUID; all were read, but they cannot be "
    "told apart elsewhere."
)
_TWICE = "{} of the files were there twice; each was read once."
_MIXED = {
    "patients": "The files of this series are of {} patients; each patient's were read by themselves.",
    "studies": "The files of this series belong to {} studies; each study's were read by themselves.",
    "frames of reference": (
        "The files of this series have {} frames of reference, so their places cannot be compared; "
        "each was read by itself."
    ),
}
_JOINED = (
    "This series came cut into {} of the same name, whose slices follow each other evenly; they were joined."
)
_PERHAPS_CUT = (
    "{} series of this study have the same name and direction and few slices each; a sender may have cut "
    "one series into them."
)


@dataclass(frozen=True)
class Series:
    """The instances of one series, each once, and what was odd about them."""

    instances: tuple[Instance, ...]
    warnings: tuple[str, ...] = ()


def series_of(instances: Sequence[Instance], limits: Limits) -> list[Series]:
    """Instances by series: each of one patient, one study and one frame of reference.

    A file that is there twice counts once; files with the same SOPInstanceUID and other pixels
    or places are different pictures.
    """
    by_uid: dict[str, list[Instance]] = defaultdict(list)
    for instance in instances:
        by_uid[instance.series].append(instance)
    separate: list[Series] = []
    for group in by_uid.values():
        kept, warnings = _each_once(group, limits)
        separate += [replace(part, warnings=(*warnings, *part.warnings)) for part in _unmixed(kept)]
    return _joined(separate)


def _each_once(instances: Sequence[Instance], limits: Limits) -> tuple[list[Instance], tuple[str, ...]]:
    by_uid: dict[str, list[Instance]] = defaultdict(list)
    for instance in instances:
        uid = text_of(instance.header, "SOPInstanceUID") or str(instance.member.path)
        by_uid[uid].append(instance)
    kept: list[Instance] = []
    warnings = []
    for group in by_uid.values():
        different = group if len(group) == 1 else _different(group, limits)
        if len(different) > 1 and _ONE_UID not in warnings:
            warnings.append(_ONE_UID)
        kept += different
    dropped = len(instances) - len(kept)
    return kept, (*warnings, *([_TWICE.format(dropped)] if dropped else []))


def _different(instances: Sequence[Instance], limits: Limits) -> list[Instance]:
    """The first of each place and picture."""
    seen: dict[Hashable, Instance] = {}
    compared = PictureComparison(limits)
    for instance in instances:
        position = tuple(number_list(instance.header, "ImagePositionPatient") or ())
        place = position, number(instance.header, "SliceLocation")
        seen.setdefault((place, _digest(instance, compared)), instance)
    return list(seen.values())


def _digest(instance: Instance, compared: PictureComparison) -> bytes:
    try:
        frames = frames_of(instance)
        return b"".join(compared.digest(frame) for frame in frames)
    except (RefusedScan, *PARSE_ERRORS):
        return hashlib.sha256(instance.member.path.read_bytes()).digest()


def _unmixed(instances: Sequence[Instance]) -> list[Series]:
    """By patient, study and frame of reference; an attribute that says nothing goes with the only other."""
    groups = [Series(tuple(instances))]
    for what, value_of_instance in (
        ("patients", _number_key),
        ("patients", _name_key),
        ("patients", _birth_key),
        ("studies", lambda instance: text_of(instance.header, "StudyInstanceUID")),
        ("frames of reference", _frame_of_reference),
    ):
        groups = [part for group in groups for part in _by(group, what, value_of_instance)]
    return groups


def _by(series: Series, what: str, value_of_instance: Callable[[Instance], Hashable]) -> list[Series]:
    if len(series.instances) == 1:
        return [series]
    groups: dict[Hashable, list[Instance]] = defaultdict(list)
    for instance in series.instances:
        groups[value_of_instance(instance)].append(instance)
    stated = len(groups) - (None in groups)
    one_each = stated == len(series.instances) > 2 and what != "patients"
    if stated <= 1 or one_each:  # a sender that makes up a number for each file tells nothing by it
        return [series]
    warnings = (*series.warnings, _MIXED[what].format(stated))
    return [Series(tuple(group), warnings) for group in groups.values()]


def _frame_of_reference(instance: Instance) -> str | None:
    return text_of(instance.header, "FrameOfReferenceUID") if is_stacked(instance.header) else None


def _name_key(instance: Instance) -> Hashable:
    """The words of the patient's name, whatever the spelling; None where the header names nobody."""
    name = unicodedata.normalize("NFKC", text_of(instance.header, "PatientName") or "").casefold()
    return tuple(sorted(re.findall(r"[^\W_]+", name))) or None


def _number_key(instance: Instance) -> Hashable:
    return (text_of(instance.header, "PatientID") or "").casefold() or None


def _birth_key(instance: Instance) -> Hashable:
    return date_of(text_of(instance.header, "PatientBirthDate"))


def _patient_key(instance: Instance) -> Hashable:
    return _number_key(instance), _name_key(instance), _birth_key(instance)


def _joined(separate: list[Series]) -> list[Series]:
    """Series of one name, direction and size that follow each other evenly, made one."""
    candidates: dict[Hashable, list[Series]] = defaultdict(list)
    for number_of_series, series in enumerate(separate):
        key = _cut_key(series)
        candidates[number_of_series if key is None else key].append(series)
    joined: list[Series] = []
    for group in candidates.values():
        joined += _join(group) if len(group) > 1 else group
    return joined


def _cut_key(series: Series) -> Hashable | None:
    """What parts of one series have in common, None where a series cannot be such a part."""
    header = series.instances[0].header
    what = text_of(header, "SeriesDescription"), text_of(header, "SeriesNumber")
    study, orientation = text_of(header, "StudyInstanceUID"), number_list(header, "ImageOrientationPatient")
    if not is_stacked(header) or study is None or orientation is None or not any(what):
        return None
    if any((number(instance.header, "NumberOfFrames") or 0) > 1 for instance in series.instances):
        return None
    series_number = None if what[0] and len(series.instances) == 1 else what[1]
    said = (text_of(header, keyword) for keyword in _ALIKE)
    directions = tuple(round(value, 2) for value in orientation)
    return _patient_key(series.instances[0]), study, what[0], series_number, directions, *said


def _join(parts: list[Series]) -> list[Series]:
    instances = [instance for part in parts for instance in part.instances]
    if _follow_each_other(parts):
        told = tuple(dict.fromkeys(warning for part in parts for warning in part.warnings))
        return [Series(tuple(instances), (*told, _JOINED.format(len(parts))))]
    if len(parts) >= _FEWEST and len(instances) <= 2 * len(parts):
        return [replace(part, warnings=(*part.warnings, _PERHAPS_CUT.format(len(parts)))) for part in parts]
    return parts


def _follow_each_other(parts: Sequence[Series]) -> bool:
    """Whether slices of all parts together lie evenly, with the numbers of one series."""
    depths = [_depths(part.instances) for part in parts]
    if any(part is None for part in depths):
        return False
    every = np.sort(np.concatenate([part for part in depths if part is not None]))
    if len(every) < _FEWEST:
        return False
    steps = np.diff(every)
    usual = float(np.median(steps))
    return bool(usual > 0.02 and (np.abs(steps - usual) <= _UNEVEN * usual).all()) and _numbers_differ(parts)


def _depths(instances: Iterable[Instance]) -> NDArray[np.float64] | None:
    try:
        frames = [frame for instance in instances for frame in frames_of(instance)]
    except RefusedScan:  # said when it is decoded
        return None
    if any(frame.position is None or frame.normal is None for frame in frames):
        return None
    normal = frames[0].normal
    return np.array([frame.position @ normal for frame in frames], dtype=np.float64)  # type: ignore[operator]


def _numbers_differ(parts: Sequence[Series]) -> bool:
    numbers = [number(instance.header, "InstanceNumber") for part in parts for instance in part.instances]
    restarts = all(len(part.instances) == 1 for part in parts)  # a sender that numbers each file anew
    return restarts or len(set(numbers)) == len(numbers)
