"""Retraining packs: reviewed scans as a folder that `app.py train` reads, without anybody's name.

How a pack is laid out is the task's own (`models.task.Task.layout`). Only what somebody reviewed enters;
what nobody did is named in the manifest. Folds are by patient: no patient stands on both sides of a split.
"""

from __future__ import annotations

import json
import re
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.codec import from_json, to_json
from data.database import new_id, now
from data.errors import HeldPicture, InvalidInput, NotFound
from data.files import FileStore
from data.labelled.packs import KIND, MANIFEST
from data.packing import unpacked
from data.records import (
    NOTICE,
    AuditEvent,
    Job,
    JobState,
    PictureBox,
    Result,
    Review,
    Scan,
    User,
    Verdict,
    counting_mask,
)
from data.stores.audit import AuditLog
from data.stores.patients import PatientStore
from data.stores.results import ResultStore
from data.stores.reviews import ReviewStore
from data.stores.scans import ScanStore
from models import tasks
from models.retraining import Grey, Layout, Mask, PackedScan, ReviewedScan
from models.text_detection.redaction import blacked_out
from reports.pictures import default_window
from services import keys
from services.burned_in_text.screening import PictureScreening
from services.jobs import JobContext, Jobs
from services.permissions import Permission, require

JOB = "retraining-pack"
ASK, PACK = "ask.json", "pack.zip"
MOST_SCANS = 5000
_UNREVIEWED = "Nobody has reviewed it."
_NO_MASK = "It was rejected, and no mask says what is right."
_NO_TRUTH = "The review does not say what is true."
_GONE = "It is no longer here."
_OTHER = "It is of another task."
_ERASED = "Scans of this pack were erased, and the pack with them. Have it made anew."
_OLDER = (
    "This pack was made before pictures were looked at for burned-in text, so it does not leave. "
    "Have it made anew."
)


@dataclass(frozen=True)
class PackAsk:
    """What a pack is made of, and why."""

    task: str
    scan_ids: tuple[str, ...]
    why: str
    asked_by: str
    screened: bool = False  # pixels were looked at for burned-in text; of older packs nobody knows
    erased: bool = False  # scans of it were erased since, and with them what had been packed


@dataclass(frozen=True)
class Pack:
    """A pack as it is listed."""

    id: str
    ask: PackAsk
    job: Job

    @property
    def ready(self) -> bool:
        """Whether it can be fetched."""
        return self.job.state is JobState.DONE and not self.ask.erased


@dataclass(frozen=True)
class MadePack:
    """A pack that was made at once: its id, and how many scans it holds."""

    id: str
    scans: int


@dataclass(frozen=True)
class _Case:
    """A scan with its truth, and whose word that is."""

    reviewed: ReviewedScan
    result: Result
    review: Review
    blacked_out: int  # boxes in its pictures


class RetrainingPacks:
    """Makes packs as jobs and hands them out."""

    def __init__(
        self,
        scans: ScanStore,
        results: ResultStore,
        reviews: ReviewStore,
        patients: PatientStore,
        files: FileStore,
        audit: AuditLog,
        screening: PictureScreening,
        jobs: Jobs | None = None,
    ) -> None:
        """`screening` says which pictures may leave. Without `jobs` only `write` works."""
        self._screening = screening
        self._scans = scans
        self._results = results
        self._reviews = reviews
        self._patients = patients
        self._files = files
        self._audit = audit
        self._jobs = jobs
        if jobs is not None:
            jobs.register(JOB, self._work, limit=1)

    def request(self, task: str, scan_ids: Sequence[str], why: str, user: User) -> Pack:
        """Queue a pack; raises InvalidInput for none or too many scans, or a task that has no layout."""
        require(user, Permission.TAKE_RETRAINING_PACKS)
        if self._jobs is None:
            raise InvalidInput("Packs are made by the server only.")
        wanted = tuple(dict.fromkeys(scan_ids))
        if not wanted:
            raise InvalidInput("Choose at least one scan.")
        if len(wanted) > MOST_SCANS:
            raise InvalidInput(f"A pack holds at most {MOST_SCANS:,} scans.")
        _layout_of(task)
        ask, pack_id = PackAsk(task, wanted, why.strip()[:500], user.id, screened=True), new_id()
        self._files.put(keys.retraining_pack(pack_id, ASK), to_json(ask).encode())
        # First: the job begins at once, in another thread.
        self._audit.record(AuditEvent(now(), user.id, "retraining.pack", pack_id, f"{len(wanted)} scans"))
        job = self._jobs.submit(JOB, pack_id, user.id)
        return Pack(pack_id, ask, job)

    def recent(self, limit: int = 20) -> list[Pack]:
        """The latest packs, newest first."""
        jobs = [] if self._jobs is None else self._jobs.recent(limit, JOB)
        packs = []
        for job in jobs:
            with suppress(NotFound):  # every scan of it was erased
                packs.append(Pack(job.subject, self._asked(job.subject), job))
        return packs

    def content(self, pack_id: str, user: User) -> bytes:
        """The bytes of a finished pack; noted in the audit trail.

        Raises NotFound; HeldPicture for one that was made before pixels were looked at.
        """
        require(user, Permission.TAKE_RETRAINING_PACKS)
        if not re.fullmatch(r"[0-9a-f]{32}", pack_id):
            raise NotFound("There is no such pack.")
        ask = self._asked(pack_id)
        if ask.erased:
            raise NotFound(_ERASED)
        content = self._files.get(keys.retraining_pack(pack_id, PACK))
        if not ask.screened:
            raise HeldPicture(_OLDER)
        self._audit.record(AuditEvent(now(), user.id, "retraining.fetch", pack_id))
        return content

    def write(
        self, ask: PackAsk, file: Path, progress: Callable[[float], None] = lambda _: None
    ) -> dict[str, Any]:
        """Write a pack to `file`; returns its manifest."""
        layout = _layout_of(ask.task)
        cases, unlabelled, held = self._cases(ask, lambda share: progress(0.3 * share))
        packed = []
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as pack:  # the pictures are compressed already
            for written in layout([case.reviewed for case in cases], pack.writestr):
                packed.append(written)
                progress(0.3 + 0.65 * len(packed) / len(cases))
            manifest = _manifest(ask, cases, packed, unlabelled, held)
            pack.writestr(MANIFEST, json.dumps(manifest, indent=2))
        return manifest

    def make(
        self, ask: PackAsk, folder: Path, progress: Callable[[float], None] = lambda _: None
    ) -> MadePack:
        """Make and keep a pack at once, and lay it out below `folder`, which a trainer reads."""
        pack_id = new_id()
        self._files.put(keys.retraining_pack(pack_id, ASK), to_json(ask).encode())
        detail = f"{len(ask.scan_ids)} scans"
        self._audit.record(AuditEvent(now(), ask.asked_by or None, "retraining.pack", pack_id, detail))
        with _temporary_file() as file:
            manifest = self._keep(pack_id, ask, file, progress)
            with zipfile.ZipFile(file) as pack:
                pack.extractall(folder)
        return MadePack(pack_id, manifest["counts"]["scans"])

    def whole(self, pack_id: str) -> bool:
        """Whether a pack is as it was made: no scan of it was erased since."""
        try:
            return not self._asked(pack_id).erased
        except NotFound:  # every scan of it was erased
            return False

    def _work(self, context: JobContext) -> None:
        ask = self._asked(context.subject)
        if not ask.erased:
            with _temporary_file() as file:
                self._keep(context.subject, ask, file, context.progress)

    def _keep(
        self, pack_id: str, ask: PackAsk, file: Path, progress: Callable[[float], None]
    ) -> dict[str, Any]:
        """Write a pack to `file` and keep it; returns its manifest."""
        manifest = self.write(ask, file, progress)
        key = keys.retraining_pack(pack_id, PACK)
        self._files.put_file(key, file)
        if not self._wanted(pack_id, ask):  # a scan of it was erased meanwhile
            self._files.delete(key)
        return manifest

    def _wanted(self, pack_id: str, ask: PackAsk) -> bool:
        try:
            return self._asked(pack_id) == ask
        except NotFound:
            return False

    def _asked(self, pack_id: str) -> PackAsk:
        return from_json(PackAsk, self._files.get(keys.retraining_pack(pack_id, ASK)).decode())

    def _cases(
        self, ask: PackAsk, progress: Callable[[float], None]
    ) -> tuple[list[_Case], list[dict[str, str]], list[dict[str, str]]]:
        """What is packed, what nobody labelled, and what is held for text in its pictures."""
        cases, unlabelled, held = [], [], []
        for number, scan_id in enumerate(ask.scan_ids):
            try:
                case = self._case(ask.task, scan_id)
            except HeldPicture as why:
                held.append({"scan": scan_id, "why": str(why)})
                continue
            if isinstance(case, str):
                unlabelled.append({"scan": scan_id, "why": case})
            else:
                cases.append(case)
            progress((number + 1) / len(ask.scan_ids))
        return cases, unlabelled, held

    def _case(self, task: str, scan_id: str) -> _Case | str:
        """A scan with its truth, or why it has none. Raises HeldPicture."""
        scan, result = self._scans.get(scan_id), self._results.latest(scan_id)
        if scan is None:
            return _GONE
        if scan.task != task:
            return _OTHER
        review = self._reviews.current(scan_id)
        if result is None or review is None:
            return _UNREVIEWED
        if review.truth_positive is None:
            return _NO_TRUTH
        mask = None
        if tasks.CLINICAL[task].words.draws_mask:
            mask = self._true_mask(scan, result, review)
            if mask is None:
                return _NO_MASK
        patient = self._patients.get(scan.patient_id, with_identity=False)
        assert patient is not None
        boxes = self._screening.boxes_to_blacken(scan)
        pictures = partial(self._pictures, scan, boxes)
        reviewed = ReviewedScan(scan, patient.pseudonym, review.truth_positive, mask, pictures)
        return _Case(reviewed, result, review, len(boxes))

    def _true_mask(self, scan: Scan, result: Result, review: Review) -> Mask | None:
        """What is held to be the finding, (slices, height, width); None where nothing says so."""
        brought = counting_mask(review)
        if brought is not None and self._files.exists(keys.corrected_mask(brought.id)):
            return np.asarray(unpacked(self._files.get(keys.corrected_mask(review.id))), dtype=bool)
        if not review.truth_positive:
            return np.zeros(scan.shape, dtype=bool)
        if review.verdict is Verdict.ACCEPTED and result.has_mask:
            return np.asarray(unpacked(self._files.get(keys.mask(result.id))), dtype=bool)
        return None

    def _pictures(self, scan: Scan, boxes: Sequence[PictureBox]) -> Grey:
        shown = grey(np.asarray(self._files.get_array(keys.array(scan.id))))
        return np.asarray(blacked_out(shown, boxes, 0))


def grey(array: NDArray[Any]) -> Grey:
    """(slices, height, width) in 8 bits: as it is, or between its 1st and 99.5th percentile."""
    if array.dtype == np.uint8:
        return np.asarray(array)
    low, high, _, _ = default_window(array)
    scaled = (array.astype(np.float32) - low) / max(high - low, 1e-9)
    return np.asarray((255 * np.clip(scaled, 0, 1)).round().astype(np.uint8))


def _layout_of(task: str) -> Layout:
    """How the task's training data is laid out; raises InvalidInput where nothing says so."""
    layout = tasks.CLINICAL[task].layout if task in tasks.CLINICAL else None
    if layout is None:
        raise InvalidInput(f"There is no layout of training data for {task}.")
    return layout


@contextmanager
def _temporary_file() -> Iterator[Path]:
    """Where a pack is written first; it goes with its folder."""
    with tempfile.TemporaryDirectory(prefix="lightbox-pack-") as folder:
        yield Path(folder) / PACK


def _manifest(
    ask: PackAsk,
    cases: Sequence[_Case],
    packed: Sequence[PackedScan],
    unlabelled: list[dict[str, str]],
    held: list[dict[str, str]],
) -> dict[str, Any]:
    scans = [_entry(case, written) for case, written in zip(cases, packed, strict=True)]
    return {
        "kind": KIND,
        "task": ask.task,
        "why": ask.why,
        "made_at": now().isoformat(timespec="seconds"),
        "counts": {
            "scans": len(scans),
            "patients": len({scan["patient"] for scan in scans}),
            "pictures": sum(len(scan["files"]) for scan in scans),
            "positive": sum(scan["positive"] for scan in scans),
            "unlabelled": len(unlabelled),
            "held": len(held),
            "blacked_out": sum(case.blacked_out > 0 for case in cases),
        },
        "split": {scan["patient"]: scan["fold"] for scan in scans},
        "scans": scans,
        "unlabelled": unlabelled,
        "held": held,
        "notice": f"{NOTICE} Patients go by pseudonyms, files carry no header. A detector looked for text in "
        "the pixels: scans where it found some are held until a person releases them or has the text blacked "
        "out. Folds are by patient.",
    }


def _entry(case: _Case, packed: PackedScan) -> dict[str, Any]:
    """A scan as the manifest lists it."""
    reviewed = case.reviewed
    return {
        "scan": reviewed.scan.id,
        "patient": reviewed.patient,
        "fold": packed.fold,
        "positive": reviewed.positive,
        "verdict": case.review.verdict.value,
        "reviewed_at": case.review.created_at.isoformat(timespec="seconds"),
        "version": case.result.provenance.model_version,
        "synthetic": reviewed.scan.synthetic,
        "blacked_out": case.blacked_out,
        "files": list(packed.files),
    }
