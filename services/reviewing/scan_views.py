"""One scan with all that is known of it, as a viewer may see it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import lru_cache

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from data import formats
from data.errors import NO_SCAN, NotFound, WithdrawnScan
from data.files import FileStore
from data.records import (
    Department,
    Measurements,
    Patient,
    QueuePlace,
    Result,
    Review,
    Scan,
    SourceGrid,
    UnaidedReading,
    User,
    counting_mask,
    counting_measurements,
    current_review,
    prior_node,
    sending_ae_title,
)
from data.stores.patients import PatientStore
from data.stores.results import ResultStore
from data.stores.reviews import ReviewStore
from data.stores.scans import ScanStore
from data.stores.withdrawals import WithdrawalStore
from services import keys
from services.accounts import Accounts
from services.permissions import Permission, may, require, to_cancel
from services.reviewing.blinding import NO_RESULT_YET, Blind, Blinding, hides_model, seen_by
from services.reviewing.remeasuring import Remeasuring
from services.reviewing.second_readings import DoubleReading, SecondReadings
from services.reviewing.written_words import double_unnamed, reviews_unnamed, unaided_unnamed
from services.standing.acceptances import Acceptances
from services.standing.suspensions import Standing, Suspensions

WITHDRAWN = "This scan was withdrawn."
IN_CONFLICT = (
    "Another patient here ({}) has the same name and number but another date of birth or sex, or none. Their "
    "scans are kept apart until a clinician says whether they are one person."
)
_looked_up: ContextVar[dict[tuple[str, User], ScanView] | None] = ContextVar("lightbox_scans", default=None)
Letters = tuple[str, str, str, str]
_OPPOSITE = {"L": "R", "R": "L", "A": "P", "P": "A", "S": "I", "I": "S"}
Affine = NDArray[np.float64]


@dataclass(frozen=True)
class ScanView:
    """A scan as one viewer may see it."""

    scan: Scan
    patient: Patient
    result: Result | None
    results: tuple[Result, ...]
    reviews: tuple[Review, ...]
    uploaded_by: str
    received_from: str | None  # the AE title that sent it to the DICOM node
    prior_from: str | None  # the remote node that it was fetched from, to compare with
    orientation: Letters | None  # letters at (left, right, top, bottom) of the picture
    department: str = ""  # whose it is; "none" for nobody's in a house with departments
    double: DoubleReading | None = None  # where two people are asked to read it
    unaided: tuple[UnaidedReading, ...] = ()  # that the viewer may know of
    reads_unaided: UnaidedReading | None = None  # the viewer's own, still to be given: the result is hidden
    queue: QueuePlace | None = None  # while it waits to be read or is read
    standing: Standing | None = None  # whether the result is for use, where anything is to be said of that
    not_accepted: str | None = None  # that the result's version was not accepted on its scanner, if so
    acceptance_asked: bool = False  # ever, of the result's task: it may have left the house marked
    may_cancel: bool = False  # the viewer its reading, while there is one

    @property
    def current(self) -> Review | None:
        """What counts of the result shown, or None."""
        return None if self.result is None else current_review(self.reviews, self.result.id)

    @property
    def withheld(self) -> str | None:
        """Why the result is no answer, as its version is suspended; None where it may be one."""
        return self.standing.sentence if self.standing is not None and self.standing.withheld else None

    @property
    def answer(self) -> Result | None:
        """The result, where it may be one: None also of a version that is suspended."""
        return self.result if self.withheld is None else None

    def answered(self, not_read: str) -> Result:
        """The result; raises NotFound with the reason why there is none, which may be `not_read`."""
        if self.result is None:
            raise NotFound(not_read if self.reads_unaided is None else NO_RESULT_YET)
        if self.withheld is not None:
            raise NotFound(self.withheld)
        return self.result

    @property
    def affine(self) -> Affine | None:
        """The 4x4 affine from displayed (slice, row, column) to RAS mm; None without geometry."""
        return formats.display_affine(self.scan.grid)

    @property
    def corrected(self) -> Review | None:
        """The current review, where it brings a mask that stands in the place of the AI's."""
        return counting_mask(self.current)

    @property
    def measurements(self) -> Measurements | None:
        """The sizes that count now."""
        return counting_measurements(self.result, self.current)


class ScanViews:
    """Reads; changes nothing but who has seen the AI's results."""

    def __init__(
        self,
        scans: ScanStore,
        results: ResultStore,
        reviews: ReviewStore,
        patients: PatientStore,
        withdrawals: WithdrawalStore,
        files: FileStore,
        accounts: Accounts,
        card: Callable[[str], str],
        remeasuring: Remeasuring,
        second: SecondReadings,
        blinding: Blinding,
        node_name: Callable[[str], str],
        queue: Callable[[], Mapping[str, QueuePlace]],
        suspensions: Suspensions,
        acceptances: Acceptances,
        departments: Callable[[], Sequence[Department]],
    ) -> None:
        """`node_name` is what the remote node of an id is called, `queue` what waits to be read, by scan.

        `departments` gives all of the house.
        """
        self._scans = scans
        self._results = results
        self._reviews = reviews
        self._patients = patients
        self._withdrawals = withdrawals
        self._files = files
        self._accounts = accounts
        self._model_card = card
        self._remeasuring = remeasuring
        self._second = second
        self._blinding = blinding
        self._node_name = node_name
        self._queue = queue
        self._suspensions = suspensions
        self._acceptances = acceptances
        self._departments = departments

    def require(self, scan_id: str, viewer: User) -> Scan:
        """A scan by itself, that there is for a viewer; raises as `scan`."""
        require(viewer, Permission.SEE_SCANS, hidden=NO_SCAN)
        scan = self._scans.get(scan_id)
        if scan is None:
            raise WithdrawnScan(WITHDRAWN) if self._withdrawals.get(scan_id) else NotFound(NO_SCAN)
        return scan

    @contextmanager
    def one_look(self) -> Iterator[None]:
        """Meanwhile a scan is looked up once for each viewer, and all is read as of one moment.

        For a page that shows a scan in many parts: each part asks for it.
        """
        token = _looked_up.set({})
        try:
            with self._scans.one_moment():
                yield
        finally:
            _looked_up.reset(token)

    def scan(self, scan_id: str, viewer: User) -> ScanView:
        """One scan; raises NotFound, also for who may see none, and WithdrawnScan for one taken back."""
        require(viewer, Permission.SEE_SCANS, hidden=NO_SCAN)
        known = _looked_up.get()
        if known is not None and (scan_id, viewer) in known:
            return known[scan_id, viewer]
        with self._scans.one_moment():
            view = self._scan(scan_id, viewer)
        if known is not None:
            known[scan_id, viewer] = view
        return view

    def _scan(self, scan_id: str, viewer: User) -> ScanView:
        scan = self.require(scan_id, viewer)
        patient = self._patients.get(scan.patient_id, with_identity=may(viewer, Permission.SEE_IDENTITY))
        assert patient is not None
        scan = replace(scan, warnings=(*scan.warnings, *conflict_words(patient)))
        uploader = self._accounts.user(scan.uploaded_by)
        blind = self._blinding.of_scan(scan_id, viewer)
        unaided = self._blinding.unaided_of_scan(scan_id, viewer)
        view = ScanView(
            scan=scan,
            patient=patient,
            result=None,
            results=(),
            reviews=(),
            uploaded_by=uploader.display_name if uploader else "",
            received_from=sending_ae_title(scan.uploaded_by),
            prior_from=self._prior_from(scan),
            orientation=letters(scan.grid),
            unaided=unaided,
            reads_unaided=next((kept for kept in unaided if hides_model(kept, viewer)), None),
            queue=self._queue().get(scan_id) if scan.status.in_queue else None,
            may_cancel=scan.status.in_queue and may(viewer, to_cancel(viewer, scan.uploaded_by)),
            department=self._department_of(scan),
        )
        shown = view if blind.model else self._with_result(view, blind, viewer)
        return shown if may(viewer, Permission.SEE_IDENTITY) else self._unnamed(shown, viewer)

    def _unnamed(self, view: ScanView, viewer: User) -> ScanView:
        """The view without the patient's name in what people wrote."""
        patient = self._patients.get(view.scan.patient_id, with_identity=True)
        identity = None if patient is None else patient.identity
        return replace(
            view,
            reviews=reviews_unnamed(view.reviews, identity, viewer),
            unaided=unaided_unnamed(view.unaided, identity, viewer),
            double=None if view.double is None else double_unnamed(view.double, identity, viewer),
        )

    def _with_result(self, view: ScanView, blind: Blind, viewer: User) -> ScanView:
        scan, latest = view.scan, self._results.latest(view.scan.id)
        if latest is not None:
            self._blinding.note_shown([scan.id], viewer)
        said = seen_by(blind, self._reviews.of_scan(scan.id), viewer)
        return self._with_standing(
            replace(
                view,
                result=None if latest is None else self._remeasuring.result(scan, latest),
                results=tuple(self._results.of_scan(scan.id)),
                reviews=tuple(self._remeasuring.review(scan, kept) for kept in said),
                double=self._second.of_scan(scan.id),
            )
        )

    def _with_standing(self, view: ScanView) -> ScanView:
        """The view with what is to be said of its result's version; warnings go wherever the result goes."""
        scan, result = view.scan, view.result
        not_accepted = None if result is None else self._acceptances.of_result(scan, result)
        if result is not None:
            view = replace(view, acceptance_asked=self._acceptances.asked(result.task))
        if not_accepted is not None:
            scan = replace(scan, warnings=(*scan.warnings, not_accepted))
            view = replace(view, scan=scan, not_accepted=not_accepted)
        standing = None if result is None else self._suspensions.of_result(scan, result, view.current)
        if standing is None:
            return view
        warned = scan if standing.withheld else replace(scan, warnings=(*scan.warnings, standing.sentence))
        return replace(view, scan=warned, standing=standing)

    def unblinded(self, scan_id: str, result_id: str | None = None) -> ScanView:
        """A scan with all that is known of it, for our own work that shows it to nobody; raises NotFound.

        Of its results the one of this id is the view's, by default the latest.
        """
        scan = self._scans.existing(scan_id)
        patient = self._patients.get(scan.patient_id, with_identity=True)
        assert patient is not None
        result = self._results.latest(scan_id) if result_id is None else self._results.get(result_id)
        view = ScanView(
            scan=scan,
            patient=patient,
            result=None if result is None else self._remeasuring.result(scan, result),
            results=tuple(self._results.of_scan(scan_id)),
            reviews=tuple(self._remeasuring.review(scan, kept) for kept in self._reviews.of_scan(scan_id)),
            uploaded_by="",
            received_from=sending_ae_title(scan.uploaded_by),
            prior_from=self._prior_from(scan),
            orientation=letters(scan.grid),
        )
        return self._with_standing(view)

    def _department_of(self, scan: Scan) -> str:
        names = {department.id: department.name for department in self._departments()}
        return names.get(scan.department_id or "", "none") if names else ""

    def _prior_from(self, scan: Scan) -> str | None:
        node_id = prior_node(scan.uploaded_by)
        return None if node_id is None else self._node_name(node_id)

    def card(self, task: str) -> str:
        """The model card of the live version of a task, Markdown; "" where there is none."""
        return self._model_card(task)

    def thumbnail(self, scan_id: str) -> bytes:
        """A small PNG; raises NotFound."""
        return self._files.get(keys.thumbnail(scan_id))


def conflict_words(patient: Patient) -> tuple[str, ...]:
    """What to say of a patient who may be another one already known; empty where there is none."""
    if not patient.in_conflict_with:
        return ()
    return (IN_CONFLICT.format(", ".join(patient.in_conflict_with)),)


@lru_cache  # most scans of a house lie in one of a few ways; asked for with each look at a scan
def letters(grid: SourceGrid) -> Letters | None:
    """The body's directions at (left, right, top, bottom) of the picture; None where unknown."""
    affine = formats.display_affine(grid)
    if affine is None or not grid.placed:
        return None
    _, down, right = nib.aff2axcodes(affine)
    return _OPPOSITE[right], right, _OPPOSITE[down], down
