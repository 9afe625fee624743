"""A department's years in a database: scans with realistic spreads, written in bulk."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import Engine, insert

from data.database import writing
from data.ledger.rows import microseconds
from data.revisions import bump
from data.tables import (
    REVISION_OF_PATIENTS,
    REVISION_OF_SCANS,
    ledger,
    patients,
    results,
    reviews,
    scans,
)

AT_ONCE = 10_000
START = datetime(2023, 11, 20, 6, tzinfo=UTC)
SITES = ("Main building", "North clinic", "Children's hospital", "Day surgery", None)
SCANNERS = {
    "MR": (("Siemens", "Skyra"), ("Siemens", "Aera"), ("GE", "Signa"), ("Philips", "Ingenia")),
    "DX": (("Siemens", "Ysio"), ("Philips", "DigitalDiagnost"), ("Carestream", "DRX"), ("GE", "Definium")),
}
GRID = '{"kind":"dicom","shape":[1,512,512],"axes":[0,1,2],"flips":[],"affine":null,"placed":true}'
NAMES = ("Meyer", "Schulz", "Novak", "Rossi", "Garcia", "Öztürk", "Nguyen", "Kowalski", "Jensen", "Silva")


def populate(engine: Engine, n: int, people: int) -> None:
    """Fill an empty database with `n` scans of `people` patients over three years."""
    random = np.random.default_rng(0)
    with writing(engine) as connection:
        bump(connection, REVISION_OF_PATIENTS)
        bump(connection, REVISION_OF_SCANS)
        for part in _parts(people):
            connection.execute(insert(patients), [_patient(number) for number in part])
        for part in _parts(n):
            rows = [_scan(number, n, people, random) for number in part]
            for index, table in enumerate((scans, results, reviews, ledger)):
                values = [row[index] for row in rows if row[index] is not None]
                if values:
                    connection.execute(insert(table), values)


def _parts(n: int) -> Iterator[range]:
    yield from (range(first, min(n, first + AT_ONCE)) for first in range(0, n, AT_ONCE))


def _patient(number: int) -> dict[str, Any]:
    name = f"{NAMES[number % 10]} {number:06d}"
    return {
        "id": f"{number:032x}",
        "pseudonym": f"P-{number:07d}",
        "patient_id": f"MRN{number:08d}",
        "name": name,
        "name_key": name.casefold(),
        "label": "scan.dcm",
        "search_key": f"{name} MRN{number:08d}".casefold(),
        "birth_date": None,
        "created_at": START,
        "changed": 1,
    }


def _scan(number: int, n: int, people: int, random: np.random.Generator) -> tuple[Any, ...]:
    """(scan, result or None, review or None, ledger line) of one scan."""
    draw = random.random(12)
    chest = draw[0] < 0.7
    modality, task = ("DX", "pneumonia") if chest else ("MR", "brain-tumour")
    maker, model = SCANNERS[modality][int(draw[1] * 4)]
    created = START + timedelta(days=1096 * number / n, seconds=3600 * draw[2])
    status = "failed" if draw[3] < 0.005 else "waiting" if number > n - 40 else "read"
    scan_id, read = f"{number * 2654435761 % 2**64:032x}", status == "read"
    header = {
        "modality": modality,
        "sequence": None if chest else ("T2 FLAIR", "T1 post contrast", "FLAIR 3D")[int(draw[4] * 3)],
        "site": SITES[int(draw[5] ** 1.5 * 5)],
        "sex": "F" if draw[6] < 0.48 else "M" if draw[6] < 0.97 else None,
        "age_years": None if draw[7] < 0.03 else round(float(min(95, 95 * draw[7] ** 0.8)), 1),
    }
    scan = {
        **header,
        "id": scan_id,
        "patient_id": f"{int(random.integers(people)):032x}",
        "content_sha256": f"{number:064x}",
        "status": status,
        "task": task,
        "body_part": "CHEST" if chest else "BRAIN",
        "sequence_key": header["sequence"].casefold() if header["sequence"] else None,
        "manufacturer": maker,
        "scanner": model,
        "acquired_at": created - timedelta(hours=1),
        "grid": GRID,
        "slices": 1 if chest else 36,
        "height": 512,
        "width": 512,
        "uploaded_by": "pacs",
        "warnings": "[]",
        "created_at": created,
    }
    result, review = _read(scan, draw, random, created) if read else (None, None)
    scan["latest_result_id"] = result["id"] if result else None
    if result is not None:
        result["current_review_id"] = review["id"] if review else None
    return scan, result, review, _line(scan, header, f"{maker} {model}", result, review)


def _read(scan: dict[str, Any], draw: Any, random: np.random.Generator, created: datetime) -> tuple[Any, Any]:
    positive = bool(draw[8] < (0.25 if scan["task"] == "pneumonia" else 0.4))
    volume = float(random.lognormal(2.5, 1.3)) if positive and scan["task"] == "brain-tumour" else None
    read_at = created + timedelta(seconds=2 + 20 * float(draw[9]))
    result = {
        "id": scan["id"][::-1],
        "scan_id": scan["id"],
        "task": scan["task"],
        "positive": positive,
        "probability": float(random.beta(6, 2) if positive else random.beta(2, 8)),
        "threshold": 0.4,
        "model_name": scan["task"],
        "model_version": str(1 + int(4 * draw[2])),
        "volume_ml": volume,
        "longest_diameter_mm": None if volume is None else 12 * volume ** (1 / 3),
        "estimated_dice": None if volume is None else 0.85,
        "head_row": None if volume is None else float(np.clip(random.normal(0.5, 0.15), 0, 1)),
        "head_column": None if volume is None else float(np.clip(random.normal(0.5, 0.15), 0, 1)),
        "provenance": '{"device":"cpu"}',
        "measurements": None,
        "has_mask": scan["task"] == "brain-tumour",
        "has_heatmap": scan["task"] == "pneumonia",
        "created_at": read_at,
    }
    if draw[10] > 0.3:
        return result, None
    verdict = "accepted" if draw[11] < 0.85 else "rejected" if draw[11] < 0.92 else "corrected"
    review = {
        "id": f"{int(random.integers(2**60)):032x}",
        "scan_id": scan["id"],
        "result_id": result["id"],
        "verdict": verdict,
        "reviewer_id": "doctor",
        "reviewer_name": "Dr",
        "volume_ml": volume if verdict == "corrected" else None,
        "longest_diameter_mm": None,
        "dice": 0.8 if verdict == "corrected" else None,
        "truth_positive": positive if verdict != "rejected" else not positive,
        "created_at": read_at + timedelta(hours=20 * float(draw[9])),
    }
    return result, review


def _line(
    scan: dict[str, Any], header: dict[str, Any], scanner: str, result: Any, review: Any
) -> dict[str, Any]:
    of_result = (
        "positive", "probability", "has_mask", "volume_ml", "longest_diameter_mm", "estimated_dice",
        "head_row", "head_column",
    )  # fmt: skip
    return {
        **header,
        "scan_id": scan["id"],
        "changed": 1,
        "gone": False,
        "patient_id": scan["patient_id"],
        "created_us": microseconds(scan["created_at"]),
        "acquired_us": microseconds(scan["acquired_at"]),
        "task": scan["task"],
        "status": scan["status"],
        "scanner": scanner,
        "synthetic": False,
        "prior": False,
        "version": result["model_version"] if result else None,
        **{name: result[name] if result else None for name in of_result},
        "read_us": microseconds(result["created_at"]) if result else None,
        "verdict": review["verdict"] if review else None,
        "truth_positive": review["truth_positive"] if review else None,
        "dice": review["dice"] if review else None,
        "reviewed_us": microseconds(review["created_at"]) if review else None,
    }
