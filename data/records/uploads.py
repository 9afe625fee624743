"""Bytes on their way in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from data.records.scans import Refusal, ScanStatus


class UploadState(StrEnum):
    """Where an upload is on its way."""

    ARRIVING = "arriving"  # bytes are still coming in
    QUEUED = "queued"  # all bytes are here and kept
    OPENING = "opening"  # being decoded and checked
    DONE = "done"  # every scan in it is accepted or refused
    FAILED = "failed"  # our fault; will be retried by a person


@dataclass(frozen=True)
class UploadedScan:
    """A scan that came of an upload, in short."""

    id: str
    label: str  # sequence or modality
    status: ScanStatus
    failure: str | None
    known: bool = False  # it was in the house already


@dataclass(frozen=True)
class Upload:
    """Bytes that somebody sent, and what became of them."""

    id: str
    user_id: str
    name: str
    size: int
    offset: int
    state: UploadState
    created_at: datetime
    sha256: str | None = None
    scan_ids: tuple[str, ...] = ()
    known_scan_ids: tuple[str, ...] = ()  # were in the house already
    refusals: tuple[Refusal, ...] = ()
    failure: str | None = None
    as_volume: bool = False  # its numbered pictures are the slices of one volume, the sender says
    server_id: str | None = None  # of several servers the one that has what has arrived of it
