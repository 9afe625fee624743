"""Retraining packs: reviewed scans as a folder that `app.py train` reads, without anybody's name.

The pack is laid out as `data.labelled.datasets` describes. Only what somebody reviewed enters; what
nobody did is named in the manifest. Folds are by patient: no patient stands on both sides of a split.
"""

from __future__ import annotations

import csv
import io
import json
import re
import tempfile
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from data.codec import from_json, to_json
from data.database import new_id, now
from data.errors import InvalidInput, NotFound
from data.files import FileStore
from data.labelled.datasets import patient_folds
from data.packing import unpacked
from data.records import (
    BRAIN_TUMOUR,
    NOTICE,
    PNEUMONIA,
    AuditEvent,
    Job,
    JobState,
    Result,
    Review,
    Scan,
    User,
    Verdict,
)
from data.stores.audit import AuditLog
from data.stores.patients import PatientStore
from data.stores.results import ResultStore
from data.stores.reviews import ReviewStore
from data.stores.scans import ScanStore
from reports.pictures import default_window
from services import keys
from services.jobs import JobContext, Jobs
from services.permissions import Permission, require

JOB = "retraining-pack"
ASK, PACK = "ask.json", "pack.zip"
MOST_SCANS = 5000
OLDEST_TOLD = 89
"""Of who is older only that is told: so few are that an age may give them away."""
GAP = 10
"""Positions between two scans of one patient, which the layout holds for one volume."""
_CONTRAST = re.compile(
    r"T1.{0,12}(\+|GD|GAD|CE\b|C\b|KM\b|POST|CONTRAST)|(POST|GD|GAD|CONTRAST).{0,12}T1", re.I
)
_UNREVIEWED = "Nobody has reviewed it."
_NO_MASK = "It was rejected, and no mask says what is right."
_NO_TRUTH = "The review does not say what is true."
_GONE = "It is no longer here."
_OTHER = "It is of another task."
LGG = ("file", "mask_file", "patient_id", "slice", "sequence", "study_date", "has_tumour", "tumour_pixels",
       "sex", "age", "histology_code", "grade_code", "site")  # fmt: skip
CHENG = ("file", "mask_file", "official_patient_fold", "tumour_type", "tumour_pixels", "original_width",
         "pixel_spacing")  # fmt: skip
CHEST = ("file", "label", "split", "patient_id", "pathogen", "duplicate_of")

Mask = NDArray[np.bool_]
Grey = NDArray[np.uint8]


@dataclass(frozen=True)
class PackAsk:
    """What a pack is made of, and why."""

    task: str
    scan_ids: tuple[str, ...]
    why: str
    asked_by: str


@dataclass(frozen=True)
class Pack:
    """A pack as it is listed."""

    id: str
    ask: PackAsk
    job: Job

    @property
    def ready(self) -> bool:
        """Whether it can be fetched."""
        return self.job.state is JobState.DONE


@dataclass(frozen=True)
class _Case:
    """A scan with its truth."""

    scan: Scan
    result: Result
    review: Review
    patient: str  # pseudonym
    positive: bool
    mask: Mask | None


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
        jobs: Jobs | None = None,
    ) -> None:
        """Without `jobs` only `write` works."""
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
        if task not in (BRAIN_TUMOUR, PNEUMONIA):
            raise InvalidInput(f"There is no layout of training data for {task}.")
        ask, pack_id = PackAsk(task, wanted, why.strip()[:500], user.id), new_id()
        self._files.put(keys.retraining_pack(pack_id, ASK), to_json(ask).encode())
        job = self._jobs.submit(JOB, pack_id, user.id)
        self._audit.record(AuditEvent(now(), user.id, "retraining.pack", pack_id, f"{len(wanted)} scans"))
        return Pack(pack_id, ask, job)

    def recent(self, limit: int = 20) -> list[Pack]:
        """The latest packs, newest first."""
        found = [] if self._jobs is None else self._jobs.recent(limit, JOB)
        return [
            Pack(job.subject, self._asked(job.subject), job)
            for job in found
            if self._files.exists(keys.retraining_pack(job.subject, ASK))
        ]

    def content(self, pack_id: str, user: User) -> bytes:
        """The bytes of a finished pack; noted in the audit trail. Raises NotFound."""
        require(user, Permission.TAKE_RETRAINING_PACKS)
        if not re.fullmatch(r"[0-9a-f]{32}", pack_id):
            raise NotFound("There is no such pack.")
        content = self._files.get(keys.retraining_pack(pack_id, PACK))
        self._audit.record(AuditEvent(now(), user.id, "retraining.fetch", pack_id))
        return content

    def write(
        self, ask: PackAsk, file: Path, progress: Callable[[float], None] = lambda _: None
    ) -> dict[str, Any]:
        """Write a pack to `file`; returns its manifest."""
        cases, unlabelled = self._cases(ask, lambda share: progress(0.3 * share))
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as pack:  # the pictures are compressed already
            layout = _brain if ask.task == BRAIN_TUMOUR else _chest
            told = layout(pack, cases, self._array, lambda share: progress(0.3 + 0.65 * share))
            manifest = _manifest(ask, told, unlabelled)
            pack.writestr("manifest.json", json.dumps(manifest, indent=2))
        return manifest

    def _work(self, context: JobContext) -> None:
        ask = self._asked(context.subject)
        with tempfile.TemporaryDirectory(prefix="lightbox-pack-") as folder:
            file = Path(folder) / PACK
            self.write(ask, file, context.progress)
            self._files.put_file(keys.retraining_pack(context.subject, PACK), file)

    def _asked(self, pack_id: str) -> PackAsk:
        return from_json(PackAsk, self._files.get(keys.retraining_pack(pack_id, ASK)).decode())

    def _cases(
        self, ask: PackAsk, progress: Callable[[float], None]
    ) -> tuple[list[_Case], list[dict[str, str]]]:
        cases, unlabelled = [], []
        for number, scan_id in enumerate(ask.scan_ids):
            found = self._case(ask.task, scan_id)
            if isinstance(found, str):
                unlabelled.append({"scan": scan_id, "why": found})
            else:
                cases.append(found)
            progress((number + 1) / len(ask.scan_ids))
        return cases, unlabelled

    def _case(self, task: str, scan_id: str) -> _Case | str:
        """A scan with its truth, or why it has none."""
        scan, result = self._scans.get(scan_id), self._results.latest(scan_id)
        if scan is None:
            return _GONE
        if scan.task != task:
            return _OTHER
        review = self._reviews.latest(scan_id)
        if result is None or review is None or review.result_id != result.id:
            return _UNREVIEWED
        if review.truth_positive is None:
            return _NO_TRUTH
        mask = self._true_mask(scan, result, review) if task == BRAIN_TUMOUR else None
        if task == BRAIN_TUMOUR and mask is None:
            return _NO_MASK
        patient = self._patients.get(scan.patient_id, with_identity=False)
        assert patient is not None
        return _Case(scan, result, review, patient.pseudonym, review.truth_positive, mask)

    def _true_mask(self, scan: Scan, result: Result, review: Review) -> Mask | None:
        """What is held to be the tumour, (slices, height, width); None where nothing says so."""
        if review.measurements is not None and self._files.exists(keys.corrected_mask(review.id)):
            return np.asarray(unpacked(self._files.get(keys.corrected_mask(review.id))), dtype=bool)
        if not review.truth_positive:
            return np.zeros((scan.slices, scan.height, scan.width), dtype=bool)
        if review.verdict is Verdict.ACCEPTED and result.has_mask:
            return np.asarray(unpacked(self._files.get(keys.mask(result.id))), dtype=bool)
        return None

    def _array(self, scan: Scan) -> Grey:
        return grey(np.asarray(self._files.get_array(keys.array(scan.id))))


def grey(array: NDArray[Any]) -> Grey:
    """(slices, height, width) in 8 bits: as it is, or between its 1st and 99.5th percentile."""
    if array.dtype == np.uint8:
        return np.asarray(array)
    low, high, _, _ = default_window(array)
    scaled = (array.astype(np.float32) - low) / max(high - low, 1e-9)
    return np.asarray((255 * np.clip(scaled, 0, 1)).round().astype(np.uint8))


_Layout = list[dict[str, Any]]
_Arrays = Callable[[Scan], Grey]


def _brain(
    pack: zipfile.ZipFile, cases: Sequence[_Case], array: _Arrays, progress: Callable[[float], None]
) -> _Layout:
    """FLAIR and what is like it as volumes, contrast-enhanced T1 as single slices with their fold."""
    volumes = [case for case in cases if not _CONTRAST.search(case.scan.header.sequence or "")]
    lone = [case for case in cases if case not in volumes]
    folds = patient_folds(volume.patient for volume in volumes)
    # A patient with both kinds stands in one fold of both.
    folds = patient_folds(one.patient for one in lone if one.patient not in folds) | folds
    shapes: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for volume in volumes:
        shapes[volume.patient].append((volume.scan.height, volume.scan.width))
    next_slice: dict[str, int] = defaultdict(lambda: 1)
    rows: dict[str, list[dict[str, Any]]] = {"tcga_lgg": [], "cheng_t1ce": []}
    told = []
    for number, one in enumerate(cases):
        dataset = "cheng_t1ce" if one in lone else "tcga_lgg"
        size = None if one in lone else tuple(max(side) for side in zip(*shapes[one.patient], strict=True))
        first = 0 if one in lone else next_slice[one.patient]
        files = _slices(pack, one, array(one.scan), dataset, first, size)
        next_slice[one.patient] = first + len(files) + GAP
        rows[dataset] += [_slice_row(one, folds[one.patient], file) for file in files]
        told.append(
            _told(one, folds[one.patient], [f"brain_mri/{dataset}/images/{file[0]}" for file in files])
        )
        progress((number + 1) / len(cases))
    for dataset, columns in (("tcga_lgg", LGG), ("cheng_t1ce", CHENG)):
        if rows[dataset]:
            pack.writestr(f"brain_mri/{dataset}/index.csv", _table(rows[dataset], columns))
    return told


def _slices(
    pack: zipfile.ZipFile, one: _Case, pictures: Grey, dataset: str, first: int, size: tuple[int, ...] | None
) -> list[tuple[str, int, int]]:
    """Write a scan's slices with their masks; (file, position, pixels of tumour) of each.

    `size` is what all slices of the patient are filled up to: the layout holds a patient as one volume.
    """
    assert one.mask is not None
    files = []
    for index, (picture, mask) in enumerate(zip(pictures, one.mask, strict=True)):
        name = f"{one.patient}_{one.scan.id[:8]}_{first + index:04d}.png"
        image, drawn = picture, np.asarray(255 * mask, dtype=np.uint8)
        if size is not None:
            image, drawn = _filled(image, size), _filled(drawn, size)
        pack.writestr(f"brain_mri/{dataset}/images/{name}", _png(image))
        pack.writestr(f"brain_mri/{dataset}/masks/{name}", _png(drawn))
        files.append((name, first + index, int(mask.sum())))
    return files


def _slice_row(one: _Case, fold: int, file: tuple[str, int, int]) -> dict[str, Any]:
    name, position, pixels = file
    header = one.scan.header
    return {
        "file": name,
        "mask_file": name,
        "patient_id": one.patient,
        "slice": position,
        "sequence": "FLAIR",  # the layout's word for what is read as volumes
        "has_tumour": int(pixels > 0),
        "tumour_pixels": pixels,
        "sex": header.sex or "",
        "age": _age(header.age_years),
        "official_patient_fold": fold,
        "original_width": one.scan.width,
    }


def _chest(
    pack: zipfile.ZipFile, cases: Sequence[_Case], array: _Arrays, progress: Callable[[float], None]
) -> _Layout:
    """X-rays by label; the reader takes a patient's number together with the pathogen, which is unknown."""
    folds = patient_folds(f"normal:{case.patient}" for case in cases)
    rows, told = [], []
    for number, one in enumerate(cases):
        label = "PNEUMONIA" if one.positive else "NORMAL"
        name = f"train/{label}/{one.patient}_{one.scan.id[:8]}.png"
        pack.writestr(f"chest_xray/{name}", _png(array(one.scan)[0]))
        rows.append({"file": name, "label": label, "split": "train", "patient_id": one.patient})
        told.append(_told(one, folds[f"normal:{one.patient}"], [f"chest_xray/{name}"]))
        progress((number + 1) / len(cases))
    if rows:
        pack.writestr("chest_xray/index.csv", _table(rows, CHEST))
    return told


def _told(one: _Case, fold: int, files: list[str]) -> dict[str, Any]:
    return {
        "scan": one.scan.id,
        "patient": one.patient,
        "fold": fold,
        "positive": one.positive,
        "verdict": one.review.verdict.value,
        "reviewed_at": one.review.created_at.isoformat(timespec="seconds"),
        "version": one.result.provenance.model_version,
        "synthetic": one.scan.synthetic,
        "files": files,
    }


def _manifest(ask: PackAsk, told: _Layout, unlabelled: list[dict[str, str]]) -> dict[str, Any]:
    return {
        "kind": "lightbox retraining pack",
        "task": ask.task,
        "why": ask.why,
        "made_at": now().isoformat(timespec="seconds"),
        "counts": {
            "scans": len(told),
            "patients": len({one["patient"] for one in told}),
            "pictures": sum(len(one["files"]) for one in told),
            "positive": sum(one["positive"] for one in told),
            "unlabelled": len(unlabelled),
        },
        "split": {one["patient"]: one["fold"] for one in told},
        "scans": told,
        "unlabelled": unlabelled,
        "notice": f"{NOTICE} Patients go by pseudonyms, files carry no header; text that was burnt into "
        "the pixels is still in them. Folds are by patient.",
    }


def _table(rows: Iterable[dict[str, Any]], columns: Sequence[str]) -> str:
    memory = io.StringIO()
    writer = csv.DictWriter(memory, columns, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return memory.getvalue()


def _filled(picture: Grey, size: tuple[int, ...]) -> Grey:
    """The picture in the middle of a black one of (height, width)."""
    spare = [(full - own) for full, own in zip(size, picture.shape, strict=True)]
    return np.pad(picture, [(one // 2, one - one // 2) for one in spare])


def _png(picture: Grey) -> bytes:
    memory = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture)).save(memory, "PNG")
    return memory.getvalue()


def _age(years: float | None) -> str:
    return "" if years is None else f"{min(years, OLDEST_TOLD + 1):.0f}"
