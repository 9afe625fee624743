"""A house with judged X-rays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from sqlalchemy import Engine

from data.files import FileStore
from data.records import PNEUMONIA, ScanStatus, Verdict
from data.stores.results import ResultStore
from data.stores.reviews import ReviewStore
from services import keys
from tests.data.builders import a_header, a_kept_scan, a_result, a_review

SCANS = 64
SIZE = 96


def judged_xrays(database: Engine, home: Path, count: int = SCANS) -> None:
    """X-rays that are bright at their base, or not, as their reviews say; none was ever read here."""
    files = FileStore(str(home / "files"))
    for number in range(count):
        ill = number % 2 == 0
        scan = a_kept_scan(
            database, number, f"Nobody^{number}", task=PNEUMONIA, header=a_header(modality="DX"),
            slices=1, height=SIZE, width=SIZE, status=ScanStatus.READ, synthetic=True,
        )  # fmt: skip
        pixels = np.random.default_rng(number).normal(1000, 100, (1, SIZE, SIZE))
        pixels[:, SIZE // 2 :] += 900 * ill
        files.put_array(keys.array(scan.id), pixels.astype(np.int16))
        result = ResultStore(database).add(
            a_result(scan.id, number, task=PNEUMONIA, has_mask=False, measurements=None)
        )
        verdict = Verdict.ACCEPTED if ill else Verdict.REJECTED
        ReviewStore(database).add(a_review(scan.id, result.id, number, verdict=verdict, truth_positive=ill))
