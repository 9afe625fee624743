"""Records for tests, complete and valid, each field to be overridden."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine

from data.database import new_id
from data.records import (
    BRAIN_TUMOUR,
    Alert,
    AlertState,
    Box,
    Identity,
    Job,
    JobState,
    Lesion,
    Measurements,
    Provenance,
    Result,
    Review,
    Scan,
    ScanHeader,
    ScanStatus,
    Severity,
    SourceGrid,
    Spacing,
    Upload,
    UploadState,
    Verdict,
    WorklistRow,
)
from data.stores.patients import PatientStore
from data.stores.scans import ScanStore

MORNING = datetime(2026, 11, 20, 8, 0, 0, 123456, tzinfo=UTC)

# What a row says beside its columns, or may be done with it: nothing is sorted by these.
_NO_COLUMNS = {"second_reading", "unaided", "suspended", "not_accepted", "queue", "may_cancel", "sent_by"}
WORKLIST_COLUMNS = sorted(WorklistRow.__dataclass_fields__.keys() - _NO_COLUMNS)


def a_header(**changes: Any) -> ScanHeader:
    header = ScanHeader(
        "MR", "BRAIN", "T2 FLAIR ax", "Siemens", "Skyra", "Ward 3", MORNING, "F", 61.5, "1.2", "1.3"
    )
    return replace(header, **changes)


def a_scan(patient_id: str, minutes: float = 0, **changes: Any) -> Scan:
    affine = ((1.0, 0.0, 0.0, -90.5), (0.0, 1.0, 0.0, 0.1), (0.0, 0.0, 1.0, 0.0), (0.0, 0.0, 0.0, 1.0))
    scan = Scan(
        id=new_id(),
        patient_id=patient_id,
        content_sha256=new_id() * 2,
        status=ScanStatus.WAITING,
        task=BRAIN_TUMOUR,
        header=a_header(),
        spacing=Spacing(5.0, 0.9375, None),
        grid=SourceGrid("nifti", (240, 240, 155), (2, 1, 0), (1,), affine),
        slices=155,
        height=240,
        width=240,
        uploaded_by="somebody",
        created_at=MORNING + timedelta(minutes=minutes),
        warnings=("The spacing between columns is unknown.",),
    )
    return replace(scan, **changes)


def a_kept_scan(engine: Engine, minutes: float = 0, name: str = "Doe^Jane", **changes: Any) -> Scan:
    patient = PatientStore(engine).find_or_create(Identity(name, f"id of {name}"), "scan.nii")
    return ScanStore(engine).add(a_scan(patient.id, minutes, **changes))[0]


def measured(volume_ml: float | None = 12.5, diameter_mm: float | None = 31.0) -> Measurements:
    lesion = Lesion(
        box=Box((3, 9), (20, 44), (51, 80)),
        voxels=1300,
        volume_ml=volume_ml,
        area_mm2=480.25,
        longest_diameter_mm=diameter_mm,
        perpendicular_diameter_mm=20.0,
        longest_diameter_px=33.0,
        perpendicular_diameter_px=21.0,
        largest_slice=6,
        centroid=(6.1, 30.2, 64.3),
        position_mm=(-12.0, 4.0, 30.0),
        longest_ends=((21.0, 52.0), (40.0, 79.0)),
        perpendicular_ends=((25.0, 70.0), (38.0, 60.0)),
    )
    return Measurements(1300, volume_ml, 7, False, (lesion,))


def a_result(scan_id: str, minutes: float = 0, **changes: Any) -> Result:
    made_by = Provenance(
        "brain-tumour", "3", "ab" * 32, "v1", "cd" * 32, "cpu", "bfloat16", "0.1", {"read": 12.5}
    )
    result = Result(
        id=new_id(),
        scan_id=scan_id,
        task=BRAIN_TUMOUR,
        positive=True,
        probability=0.93,
        threshold=0.5,
        provenance=made_by,
        created_at=MORNING + timedelta(minutes=minutes),
        measurements=measured(),
        has_mask=True,
    )
    return replace(result, **changes)


def a_review(scan_id: str, result_id: str, minutes: float = 0, **changes: Any) -> Review:
    review = Review(
        id=new_id(),
        scan_id=scan_id,
        result_id=result_id,
        verdict=Verdict.ACCEPTED,
        reason=None,
        reviewer_id="a clinician",
        reviewer_name="Dr Grey",
        created_at=MORNING + timedelta(minutes=minutes),
    )
    return replace(review, **changes)


def an_upload(user_id: str = "somebody", minutes: float = 0, **changes: Any) -> Upload:
    begun = MORNING + timedelta(minutes=minutes)
    return replace(Upload(new_id(), user_id, "brain.zip", 3 << 30, 0, UploadState.ARRIVING, begun), **changes)


def a_job(kind: str = "read", subject: str = "a scan", minutes: float = 0, **changes: Any) -> Job:
    begun = MORNING + timedelta(minutes=minutes)
    return replace(Job(new_id(), kind, subject, JobState.QUEUED, 0.0, 0, begun), **changes)


def an_alert(cause: str = "drift:brain", **changes: Any) -> Alert:
    alert = Alert(
        new_id(), cause, Severity.WARNING, "Drift", "Noise.", "/drift", AlertState.OPEN, 1, MORNING, MORNING
    )
    return replace(alert, **changes)
