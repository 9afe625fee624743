"""One patient: studies, series and scans in the order of time, and how what was measured changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from data.errors import NO_PATIENT, NotFound
from data.records import (
    Measurements,
    Patient,
    Result,
    Review,
    Scan,
    User,
    Verdict,
    counting_mask,
    counting_measurements,
    current_review,
)
from data.stores.patients import PatientStore
from data.stores.results import ResultStore
from data.stores.reviews import ReviewStore
from data.stores.scans import ScanStore
from models.growth import sum_of_products
from services.permissions import Permission, may, require
from services.reviewing.blinding import Blinding, seen_by
from services.standing.acceptances import Acceptances
from services.standing.suspensions import Suspensions

Key = tuple[str | None, str]
_PRIORS_AT_ONCE = 4


@dataclass(frozen=True)
class PatientScan:
    """A scan of a patient with what was said of it; `results` and `reviews` are the newest first."""

    scan: Scan
    result: Result | None  # the latest
    review: Review | None  # what counts of that result
    results: tuple[Result, ...]
    reviews: tuple[Review, ...]
    unaided: bool = False  # is to be read without the AI first by who looks: it has no result yet for them
    suspended: bool = False  # its result is no answer: the version is suspended
    marks: Mapping[str, str] = field(default_factory=dict)  # by result: that its version is not accepted here

    @property
    def not_accepted(self) -> str | None:
        """That the version of the latest result was not accepted on its scanner, if so."""
        return None if self.result is None else self.marks.get(self.result.id)

    @property
    def examined_at(self) -> datetime:
        """When it was acquired; where the file does not say, when it arrived."""
        return _examined_at(self.scan)

    @property
    def measurements(self) -> Measurements | None:
        """The sizes that count now."""
        return counting_measurements(self.result, self.review)

    @property
    def product_mm2(self) -> float | None:
        """The sum of the diameter products of the measurable lesions; None without mask or spacing."""
        return None if self.measurements is None else sum_of_products(self.measurements.lesions)

    @property
    def sequence(self) -> str:
        """The MRI sequence that it was recognised as, else what the header calls it, else its modality."""
        return _sequence(self.scan)

    @property
    def counts(self) -> bool:
        """Whether there is a result that the viewer may see and nobody rejected."""
        rejected = self.review is not None and self.review.verdict is Verdict.REJECTED
        return self.result is not None and not rejected


@dataclass(frozen=True)
class Series:
    """The scans of one series, or of a file that names none."""

    uid: str | None
    description: str
    scans: tuple[PatientScan, ...]


@dataclass(frozen=True)
class Study:
    """The series of one examination; scans whose files name no study are one of their day."""

    uid: str | None
    examined_at: datetime
    series: tuple[Series, ...]


@dataclass(frozen=True)
class Measured:
    """What was measured on one scan."""

    at: datetime
    scan_id: str
    volume_ml: float
    product_mm2: float | None  # sum over the measurable lesions


@dataclass(frozen=True)
class Course:
    """What one version, or reviewers where `version` is None, measured over time on one MRI sequence."""

    task: str
    sequence: str
    version: str | None
    points: tuple[Measured, ...]  # the oldest first


@dataclass(frozen=True)
class PatientView:
    """A patient as one viewer may see it; the newest study is the first."""

    patient: Patient
    studies: tuple[Study, ...]
    courses: tuple[Course, ...]

    @property
    def scans(self) -> tuple[PatientScan, ...]:
        """All scans, the newest examination first."""
        return tuple(scan for study in self.studies for series in study.series for scan in series.scans)


class Patients:
    """Reads; changes nothing."""

    def __init__(
        self,
        patients: PatientStore,
        scans: ScanStore,
        results: ResultStore,
        reviews: ReviewStore,
        blinding: Blinding,
        suspensions: Suspensions,
        acceptances: Acceptances,
    ) -> None:
        self._patients = patients
        self._scans = scans
        self._results = results
        self._reviews = reviews
        self._blinding = blinding
        self._suspensions = suspensions
        self._acceptances = acceptances

    def require(self, reference: str, viewer: User) -> Patient:
        """The person alone, that there is for a viewer; raises as `patient`."""
        require(viewer, Permission.SEE_SCANS, hidden=NO_PATIENT)
        patient = self._patients.find(reference, with_identity=may(viewer, Permission.SEE_IDENTITY))
        if patient is None:
            raise NotFound(NO_PATIENT)
        return patient

    def patient(self, reference: str, viewer: User) -> PatientView:
        """The patient of a pseudonym or of our own id, without identity for who may not see it.

        Raises NotFound, also for who may see no scans.
        """
        with self._scans.one_moment():
            patient = self.require(reference, viewer)
            kept = self._scans.of_patient(patient.id)
            scans = self._seen(kept, viewer)
        self._blinding.note_shown([scan.scan.id for scan in scans if scan.result is not None], viewer)
        return PatientView(patient, _studies(scans), _courses(scans))

    def with_prior(
        self, reference: str, scan_id: str, viewer: User
    ) -> tuple[PatientScan, PatientScan] | None:
        """A scan that was read, and the newest one before it for the same task and sequence.

        One whose result was rejected, or is still hidden from the viewer, does not count. None where there is
        none. Raises NotFound.
        """
        require(viewer, Permission.SEE_SCANS, hidden=NO_PATIENT)
        patient = self._patients.find(reference, with_identity=False)
        if patient is None:
            raise NotFound(NO_PATIENT)
        kept = self._scans.of_patient(patient.id)
        own = next((scan for scan in kept if scan.id == scan_id), None)
        current = None if own is None else self._seen([own], viewer)[0]
        if own is None or current is None or current.result is None:
            return None
        earlier = [scan for scan in kept if _is_prior(scan, own)]
        earlier.sort(key=lambda scan: (_examined_at(scan), scan.id), reverse=True)
        for at in range(0, len(earlier), _PRIORS_AT_ONCE):  # mostly the first counts
            for prior in self._seen(earlier[at : at + _PRIORS_AT_ONCE], viewer):
                if prior.counts:
                    self._blinding.note_shown([prior.scan.id], viewer)
                    return current, prior
        return None

    def _seen(self, kept: Sequence[Scan], viewer: User) -> list[PatientScan]:
        """Scans as one viewer may see them, with as many questions as for one of them."""
        ids = [scan.id for scan in kept]
        blind = self._blinding.of_scans(ids, viewer)
        reviews, results = self._reviews.of_scans(ids), self._results.of_scans(ids)
        seen = {scan.id: seen_by(blind[scan.id], reviews[scan.id], viewer) for scan in kept}
        latest = self._results.latest_of(ids)
        current = {scan_id: current_review(seen[scan_id], result.id) for scan_id, result in latest.items()}
        standing = self._suspensions.of_results(
            (scan, latest[scan.id], current[scan.id]) for scan in kept if scan.id in latest
        )
        marks = self._acceptances.of_results((scan, each) for scan in kept for each in results[scan.id])
        shown = []
        for scan in kept:
            result = latest.get(scan.id)
            held = None if result is None else standing[result.id]
            if blind[scan.id].model:
                shown.append(PatientScan(scan, None, None, (), (), unaided=True))
            elif held is not None and held.withheld:
                shown.append(PatientScan(scan, None, None, (), (), suspended=True))
            else:
                own = tuple(results[scan.id])
                said = {each.id: marks[each.id] for each in own if each.id in marks}
                shown.append(PatientScan(scan, result, current.get(scan.id), own, seen[scan.id], marks=said))
        return shown


def _is_prior(scan: Scan, current: Scan) -> bool:
    alike = (scan.task, _sequence(scan)) == (current.task, _sequence(current))
    return alike and _examined_at(scan) < _examined_at(current)


def _examined_at(scan: Scan) -> datetime:
    return scan.header.acquired_at or scan.created_at


def _sequence(scan: Scan) -> str:
    known = None if scan.recognised is None else scan.recognised.sequence
    return known or scan.header.sequence or scan.header.modality or ""


def _studies(scans: Sequence[PatientScan]) -> tuple[Study, ...]:
    studies = []
    for (uid, _), members in _grouped(scans, _study_of):
        series = tuple(
            Series(series_uid, own[0].scan.header.sequence or own[0].sequence, tuple(own))
            for (series_uid, _), own in _grouped(members, _series_of)
        )
        studies.append(Study(uid, members[0].examined_at, series))
    return tuple(studies)


def _study_of(scan: PatientScan) -> Key:
    uid = scan.scan.header.study_uid
    return uid, "" if uid else scan.examined_at.astimezone().date().isoformat()


def _series_of(scan: PatientScan) -> Key:
    uid = scan.scan.header.series_uid
    return uid, "" if uid else scan.scan.id


def _grouped(
    scans: Sequence[PatientScan], key: Callable[[PatientScan], Key]
) -> list[tuple[Key, list[PatientScan]]]:
    """Scans of one key together; scans, and groups by their newest one, the newest first."""
    groups: dict[Key, list[PatientScan]] = {}
    for scan in sorted(scans, key=lambda scan: (scan.examined_at, scan.scan.id), reverse=True):
        groups.setdefault(key(scan), []).append(scan)
    return list(groups.items())


def _courses(scans: Sequence[PatientScan]) -> tuple[Course, ...]:
    points: dict[tuple[str, str, str | None], list[Measured]] = {}
    for scan in sorted(scans, key=lambda scan: (scan.examined_at, scan.scan.id)):
        for version, measurements in _measured(scan):
            if measurements is not None and measurements.volume_ml is not None:
                product = sum_of_products(measurements.lesions)
                point = Measured(scan.examined_at, scan.scan.id, measurements.volume_ml, product)
                points.setdefault((scan.scan.task, scan.sequence, version), []).append(point)
    by_name = sorted(points, key=lambda name: (name[0], name[1], name[2] is not None, name[2] or ""))
    return tuple(Course(*name, tuple(points[name])) for name in by_name)


def _measured(scan: PatientScan) -> Iterator[tuple[str | None, Measurements | None]]:
    """What each version measured, of several readings by one the latest, and what a reviewer stands for."""
    versions = {result.provenance.model_version: result for result in reversed(scan.results)}
    yield from ((version, result.measurements) for version, result in versions.items())
    accepted = scan.review is not None and scan.review.verdict is Verdict.ACCEPTED
    if accepted or counting_mask(scan.review) is not None:
        yield None, scan.measurements
