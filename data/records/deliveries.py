"""Results on their way to other systems: the rules that send them, and the outbox."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from data.records.results import Outcome


@dataclass(frozen=True)
class RoutingRule:
    """Which results go to a remote node by themselves: of scans that came through the DICOM node.

    It holds for what is said after it was made.
    """

    id: str
    node_id: str
    task: str  # "" for any
    outcomes: tuple[Outcome, ...]
    forms: tuple[str, ...]
    reviewed_only: bool  # once a reviewer has accepted or corrected it; else at once
    sender: str  # the AE title that the scan came from, "" for any
    synthetic: bool  # also scans that were made for a demonstration
    made_by: str
    created_at: datetime
    deleted_at: datetime | None = None


class DeliveryState(StrEnum):
    """What became of a delivery."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    SKIPPED = "skipped"  # for good, unless somebody asks again


@dataclass(frozen=True)
class Delivery:
    """One form of one version of a result, to one remote node; the id follows from these."""

    id: str
    node_id: str
    scan_id: str
    result_id: str
    form: str
    version_key: str  # the result, or the review that says or draws something else
    asked_by: str  # id of a person, or of the rule
    by_hand: bool
    state: DeliveryState
    created_at: datetime
    changed_at: datetime
    next_at: datetime  # not before
    attempts: int = 0
    note: str | None = None  # why it waits, what was warned of, why it is not sent
    instances: int = 0  # that were delivered
    delivered_at: datetime | None = None
