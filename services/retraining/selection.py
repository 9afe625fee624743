"""Which reviewed scans a retraining learns from, and which are kept for testing what comes of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from data.records import JudgedScan
from data.stores.patients import PatientStore
from services.training.retraining_pack import MOST_SCANS

TESTED_OF = 5
"""One patient of so many is kept for testing."""


@dataclass(frozen=True)
class Selection:
    """What a retraining is made of, and how many scans are kept apart."""

    scan_ids: tuple[str, ...]
    positive: int
    kept_apart: int

    @property
    def negative(self) -> int:
        """How many of its scans are without the finding."""
        return len(self.scan_ids) - self.positive


def kept_for_testing(pseudonym: str) -> bool:
    """Whether no retraining learns from a patient, now or later: rehearsals need some whom none has seen."""
    digest = hashlib.sha256(pseudonym.encode()).digest()
    return int.from_bytes(digest[:8]) % TESTED_OF == 0


def selection_of(judged: Sequence[JudgedScan], patients: PatientStore) -> Selection:
    """As `selected`, by the pseudonyms that the house knows."""
    return selected(judged, patients.pseudonyms({scan.patient_id for scan in judged}))


def selected(judged: Sequence[JudgedScan], pseudonyms: Mapping[str, str]) -> Selection:
    """Of judged scans, the newest first, those to learn from; `pseudonyms` by patient."""
    learnt = [scan for scan in judged if not kept_for_testing(pseudonyms[scan.patient_id])]
    taken = learnt[:MOST_SCANS]
    positive = sum(scan.positive for scan in taken)
    return Selection(tuple(scan.scan_id for scan in taken), positive, len(judged) - len(learnt))
