"""What a reader said of a result, as the watch over reading counts it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from data.records.reviews import Verdict


@dataclass(frozen=True)
class ReaderVerdict:
    """The last verdict that stands of one reader on one result of a real scan."""

    reader_id: str
    result_id: str
    scan_id: str
    task: str
    verdict: Verdict
    at: datetime
    positive: bool  # what the AI said
    seconds: float | None  # from the result's opening on, without time away; None: not known
    read_before: bool  # the reader had read the scan without the AI: the time says nothing then

    @property
    def timed(self) -> bool:
        """Whether its time says how long the reader looked."""
        return self.seconds is not None and not self.read_before

    @property
    def accepts(self) -> bool:
        """Whether it takes the AI's result as it is."""
        return self.verdict is Verdict.ACCEPTED

    @property
    def overrides(self) -> bool:
        """Whether it says that the AI's result is wrong."""
        return self.verdict in (Verdict.REJECTED, Verdict.CORRECTED)
