"""When senders sent, when the DICOM node listened, and what a person decided on a sender's silence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

QUARTER_S = 900


@dataclass(frozen=True)
class Arrivals:
    """What a sender brought within a quarter of an hour; `quarter` counts those since 1970, UTC."""

    ae_title: str
    quarter: int
    instances: int
    last_at: datetime


@dataclass(frozen=True)
class Listening:
    """A time in which the DICOM node listened without a break, as far as was seen."""

    since: datetime
    until: datetime
    told_at: datetime | None = None  # when people were told that it ended


@dataclass(frozen=True)
class SenderWatch:
    """What was decided on a sender, and which of its silences people were told of."""

    ae_title: str
    retired: bool = False  # it will not send any more
    muted_until: datetime | None = None
    decided_by: str | None = None  # the id of who decided last
    decided_name: str | None = None
    decided_at: datetime | None = None
    told_for: datetime | None = None  # its last instance before the silence that was told

    def quiet(self, moment: datetime) -> bool:
        """Whether its silence calls nobody at this moment."""
        return self.retired or (self.muted_until is not None and self.muted_until > moment)
