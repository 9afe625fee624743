"""Prior and current: what became of each lesion between two scans of a patient, by the same version."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from data import formats
from data.errors import NO_PATIENT, InvalidInput, NotFound
from data.files import FileStore
from data.packing import unpacked
from data.records import Lesion, Measurements, MrSequence, Patient, Review, Scan, User, counting_mask
from models import growth
from models.growth import ResponseClass, percent_change
from models.lesion_matching import Match, MatchKind, linked_slices, mapping, matched, numbered
from services import keys
from services.permissions import Permission, may, require
from services.reviewing.patients import Patients, PatientScan, PatientView

__all__ = ["Comparison", "Growth", "LesionChange", "OtherReadings", "Side", "percent_change"]

Mask = NDArray[np.bool_]
RESPONSE_SEQUENCES = (MrSequence.FLAIR, MrSequence.T2)


class OtherReadings(Protocol):
    """Readings by the version in force, beside a scan's own answer."""

    def version(self, task: str) -> str | None:
        """The version that reads a task's scans now."""

    def request(self, scan_id: str, user: User) -> None:
        """Have a scan read by it."""

    def failure(self, scan_id: str) -> str | None:
        """Why that came to nothing."""


@dataclass(frozen=True)
class Side:
    """One of the two scans with the mask that is compared."""

    scan: PatientScan
    version: str  # that drew it; of a corrected mask the one that was corrected
    brought_by: Review | None  # the review that counts and brings the mask; None where it is a version's own
    layer: str  # of its pictures: the id of the result, or of the review that corrected it
    mask_key: str
    measurements: Measurements

    @property
    def not_accepted(self) -> str | None:
        """That the version behind it was not accepted on its scanner, if so; also where it was corrected."""
        result_id = self.layer if self.brought_by is None else self.brought_by.result_id
        return self.scan.marks.get(result_id)


@dataclass(frozen=True)
class LesionChange:
    """What became of lesions that belong together; numbers are those of the two scans' lists, from 1."""

    kind: MatchKind
    before: tuple[int, ...]
    after: tuple[int, ...]
    volume_before_ml: float | None
    volume_after_ml: float | None
    product_before_mm2: float | None
    product_after_mm2: float | None
    measurable_before: bool
    measurable_after: bool


@dataclass(frozen=True)
class Comparison:
    """Two scans beside each other; without `changes` as long as one waits to be read by today's version."""

    patient: Patient
    choices: tuple[PatientScan, ...]  # what can be compared, the newest first
    current: PatientScan
    prior: PatientScan
    version: str | None  # today's
    waiting: tuple[str, ...]  # the ids of scans that are read again first
    failure: str  # why that came to nothing
    sides: tuple[Side, Side] | None  # prior, current
    changes: tuple[LesionChange, ...]
    links: tuple[int, ...]  # for each slice of the current scan the one of the prior
    by_position: bool  # linked in the patient's millimetres, else by share
    response: ResponseClass | None
    why: str  # of the class, or why there is none

    @property
    def products(self) -> tuple[float | None, float | None]:
        """The sums of products of the measurable lesions, prior and current, in mm²."""
        if self.sides is None:
            return None, None
        before, after = (growth.sum_of_products(side.measurements.lesions) for side in self.sides)
        return before, after


class Growth:
    """Compares; a prior that another version read is read again first."""

    def __init__(self, patients: Patients, files: FileStore, readings: OtherReadings) -> None:
        self._patients = patients
        self._files = files
        self._readings = readings

    def compare(
        self, reference: str, viewer: User, current_id: str | None = None, prior_id: str | None = None
    ) -> Comparison:
        """Two scans of a patient, unless named the newest and the one before it on the same sequence.

        Starts the reading of what today's version has not read, where the person may. Raises NotFound for
        scans that are not this patient's, InvalidInput where there are no two to compare.
        """
        require(viewer, Permission.SEE_SCANS, hidden=NO_PATIENT)
        view = self._patients.patient(reference, viewer)
        current, prior, choices = _chosen(view, current_id, prior_id)
        version = self._readings.version(current.scan.task)
        sides = [side_of(scan, version) for scan in (prior, current)]
        missing = [scan for scan, side in zip((prior, current), sides, strict=True) if side is None]
        failures = [words for scan in missing if (words := self._readings.failure(scan.scan.id))]
        if not failures and may(viewer, Permission.READ_AGAIN):
            for scan in missing:
                self._readings.request(scan.scan.id, viewer)
        links, by_position = _links(current.scan, prior.scan)
        both = None if sides[0] is None or sides[1] is None else (sides[0], sides[1])
        changes = () if both is None else self._changes(*both)
        response, why = (None, "") if both is None else _response(*both, changes)
        return Comparison(
            patient=view.patient,
            choices=choices,
            current=current,
            prior=prior,
            version=version,
            waiting=tuple(scan.scan.id for scan in missing),
            failure=failures[0] if failures else "",
            sides=both,
            changes=changes,
            links=links,
            by_position=by_position,
            response=response,
            why=why,
        )

    def _changes(self, prior: Side, current: Side) -> tuple[LesionChange, ...]:
        before, after = (numbered(self._mask(side)) for side in (prior, current))
        spacing = current.scan.scan.spacing
        sizes = (spacing.slice_mm, spacing.row_mm, spacing.column_mm)
        to_after = _mapping(prior.scan.scan, current.scan.scan)
        known = [size for size in sizes if size is not None]
        matches = matched(before, after, to_after, tuple(known) if len(known) == len(sizes) else None)
        changes = [_change(match, prior.measurements, current.measurements) for match in matches]
        return tuple(sorted(changes, key=lambda change: (change.after or (1000,), change.before)))

    def _mask(self, side: Side) -> Mask:
        return np.asarray(unpacked(self._files.get(side.mask_key)), dtype=bool)


def _chosen(
    view: PatientView, current_id: str | None, prior_id: str | None
) -> tuple[PatientScan, PatientScan, tuple[PatientScan, ...]]:
    by_time = sorted(view.scans, key=lambda scan: (scan.examined_at, scan.scan.id), reverse=True)
    choices = tuple(scan for scan in by_time if scan.result is not None and scan.result.has_mask)
    if len(choices) < 2:
        raise InvalidInput("There are no two scans with an outline of a finding to compare.")
    current = _of_id(choices, current_id) if current_id else choices[0]
    if prior_id:
        prior = _of_id(choices, prior_id)
    else:
        older = choices[choices.index(current) + 1 :]
        alike = [scan for scan in older if scan.sequence == current.sequence]
        prior = next(iter(alike or older), choices[-1])
    if prior is current:
        raise InvalidInput("Choose two different scans.")
    return current, prior, choices


def _of_id(choices: tuple[PatientScan, ...], scan_id: str) -> PatientScan:
    for scan in choices:
        if scan.scan.id == scan_id:
            return scan
    raise NotFound("This patient has no such scan to compare.")


def side_of(scan: PatientScan, version: str | None) -> Side | None:
    """The mask that counts where a review brings it, else that of `version`, if any."""
    review = counting_mask(scan.review)
    if review is not None and review.measurements is not None:
        made_by = scan.result.provenance.model_version if scan.result else ""
        return Side(scan, made_by, review, review.id, keys.corrected_mask(review.id), review.measurements)
    for result in scan.results:
        known = result.measurements
        if result.has_mask and known is not None and result.provenance.model_version == version:
            return Side(scan, version, None, result.id, keys.mask(result.id), known)
    return None


def _links(current: Scan, prior: Scan) -> tuple[tuple[int, ...], bool]:
    links = linked_slices(_mapping(current, prior), current.shape, prior.slices)
    affines = [formats.placed_affine(scan.grid) for scan in (current, prior)]
    return tuple(links), all(affine is not None for affine in affines)


def _mapping(scan: Scan, other: Scan) -> NDArray[np.float64]:
    affine, other_affine = (formats.placed_affine(each.grid) for each in (scan, other))
    return mapping(scan.shape, affine, other.shape, other_affine)


def _change(match: Match, before: Measurements, after: Measurements) -> LesionChange:
    old = [before.lesions[place] for place in match.before]
    new = [after.lesions[place] for place in match.after]
    return LesionChange(
        kind=match.kind,
        before=tuple(place + 1 for place in match.before),
        after=tuple(place + 1 for place in match.after),
        volume_before_ml=_total(old, lambda lesion: lesion.volume_ml),
        volume_after_ml=_total(new, lambda lesion: lesion.volume_ml),
        product_before_mm2=_total(old, growth.diameter_product),
        product_after_mm2=_total(new, growth.diameter_product),
        measurable_before=any(map(growth.measurable, old)),
        measurable_after=any(map(growth.measurable, new)),
    )


def _total(lesions: list[Lesion], size: Callable[[Lesion], float | None]) -> float | None:
    sizes = [size(lesion) for lesion in lesions]
    known = [value for value in sizes if value is not None]
    return sum(known) if len(known) == len(sizes) else None


def _response(
    prior: Side, current: Side, changes: tuple[LesionChange, ...]
) -> tuple[ResponseClass | None, str]:
    """The class by RANO-LGG with what it rests on, or None with the reason why there is none."""
    why_none = _why_no_class(prior, current)
    if why_none:
        return None, why_none
    targets = [change for change in changes if change.measurable_before]
    new = [change for change in changes if change.kind is MatchKind.NEW]
    grown = [change for change in changes if not change.measurable_before and _grew_measurable(change)]
    if new or grown:
        words = f"{len(new)} new" if new else "one too small to measure before is measurable now"
        words = f"Lesions: {words}. Look at them: a new outline may be a false alarm."
        return ResponseClass.PROGRESSION, words
    if not targets:
        return None, "No class: no lesion was measurable before (10 mm in both diameters, on two slices)."
    before = sum(change.product_before_mm2 or 0.0 for change in targets)
    after = sum(change.product_after_mm2 or 0.0 for change in targets)
    left = bool(current.measurements.lesions)
    said = growth.response_class(before, after, new_lesion=False, lesions_left=left)
    change = percent_change(before, after)
    return said, f"Sum of products {before:.0f} to {after:.0f} mm², {change:+.1f} %."


def _grew_measurable(change: LesionChange) -> bool:
    before, after = change.product_before_mm2, change.product_after_mm2
    if change.kind is MatchKind.NEW or before is None or after is None or not change.measurable_after:
        return False
    return after >= growth.PROGRESSION * before


def _why_no_class(prior: Side, current: Side) -> str:
    scans = (prior.scan, current.scan)
    if any(scan.scan.spacing.voxel_ml is None for scan in scans):
        return "No class: a file does not state its spacing, so that there are no sizes in mm."
    kinds = [_response_sequence(scan) for scan in scans]
    if None in kinds or kinds[0] is not kinds[1]:
        return "No class: the criteria are for two scans of one kind, FLAIR or T2."
    if prior.scan.examined_at >= current.scan.examined_at:
        return "No class: the prior is not older than the current scan."
    return ""


def _response_sequence(scan: PatientScan) -> MrSequence | None:
    """FLAIR or T2, as the scan was recognised, else as the header says; None for any other."""
    recognised = scan.scan.recognised
    if recognised is not None:
        return recognised.sequence if recognised.sequence in RESPONSE_SEQUENCES else None
    words = (scan.scan.header.sequence or "").casefold()
    if "flair" in words:
        return MrSequence.FLAIR
    return MrSequence.T2 if "t2" in words and "t2*" not in words else None
