"""Priors: earlier studies of a patient that are fetched from the PACS."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

_PRIOR = "prior:"


def prior_source(node_id: str) -> str:
    """What stands in place of a person's id where fetched priors were taken in."""
    return f"{_PRIOR}{node_id}"


def prior_node(source: str) -> str | None:
    """The id of the remote node behind a `prior_source`; None for everything else."""
    return source.removeprefix(_PRIOR) if source.startswith(_PRIOR) else None


class RetrieveMethod(StrEnum):
    """How priors come over from a DICOM node."""

    MOVE = "C-MOVE"  # to our own DICOM node, which the remote one has to know
    GET = "C-GET"  # over the association that asks
    WADO = "WADO-RS"  # from a DICOMweb node, which is searched by QIDO-RS


@dataclass(frozen=True)
class PriorRule:
    """Which priors are fetched from a remote node; without a rule none are."""

    node_id: str
    method: RetrieveMethod
    automatic: bool  # for each study that arrives; otherwise when somebody asks
    studies: int  # so many, the newest first
    years: int  # before the current study


class PriorState(StrEnum):
    """How far a request for priors, or one series of it, is."""

    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True)
class PriorRequest:
    """A request for the priors of one scan's study from one node."""

    id: str
    scan_id: str
    patient_id: str
    node_id: str
    state: PriorState
    asked_by: str | None  # None: by itself
    created_at: datetime
    attempts: int = 0  # that failed in a row
    next_at: datetime | None = None  # of the next one by itself
    failure: str | None = None
    passed_over: tuple[str, ...] = ()  # what was found and is not fetched, and why; may name patients' dates
    finished_at: datetime | None = None


@dataclass(frozen=True)
class PriorSeries:
    """A series that is fetched as a prior, with the sub-operations of its transfer."""

    request_id: str
    node_id: str
    study_uid: str
    series_uid: str
    study_date: date | None
    modality: str
    state: PriorState
    completed: int = 0
    failed: int = 0
    failure: str | None = None
