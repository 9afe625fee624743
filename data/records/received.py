"""What scanners and the PACS sent to the DICOM node, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from data.records.scans import Refusal
from data.records.uploads import UploadState

SENT_BY_DICOM = "dicom:"
"""How the source of scans begins that came through the DICOM node."""


@dataclass(frozen=True, order=True)
class Sender:
    """Who sends: the calling AE title, and the address that it came from."""

    ae_title: str
    address: str

    @property
    def source(self) -> str:
        """What stands in place of a person's id where the sender's scans were taken in."""
        return f"{SENT_BY_DICOM}{self.ae_title}"


def sending_ae_title(source: str) -> str | None:
    """The AE title behind a `Sender.source`; None for the id of a person."""
    return source.removeprefix(SENT_BY_DICOM) if source.startswith(SENT_BY_DICOM) else None


@dataclass(frozen=True)
class SenderCount:
    """How many instances a sender brought, each counted once however often sent, and when the last came."""

    sender: Sender
    instances: int
    last_at: datetime


@dataclass(frozen=True)
class ReceivedSeries:
    """A series that was handed to the reading, with every instance that it was handed over with so far."""

    study_uid: str
    series_uid: str
    sender: Sender  # of most instances of its last handing over
    sop_uids: tuple[str, ...]
    upload_id: str  # of its last handing over
    handed_at: datetime


@dataclass(frozen=True)
class ReceivedOutcome:
    """What became of a series: how far its upload is, how many scans came of it, what was refused and why."""

    series: ReceivedSeries
    state: UploadState
    scans: int
    refusals: tuple[Refusal, ...]
    failure: str | None
