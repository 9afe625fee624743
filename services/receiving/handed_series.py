"""A series on its way from the DICOM node's folder to the reading: its files, and who brought them when."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from data import formats
from data.records import Arrivals, Sender, SenderCount
from data.stores.watched_senders import quarter_of


@dataclass(frozen=True)
class HandedSeries:
    """A series that is handed over: all its files here, which of them are new, and what was known before."""

    study: str
    series: str
    files: Sequence[Path]
    new: Sequence[Path]
    before: set[str]

    @property
    def name(self) -> str:
        """What its upload is called."""
        return f"{self.series}.zip"

    @property
    def size(self) -> int:
        """Bytes of its files."""
        return sum(file.stat().st_size for file in self.files)

    @property
    def sop_uids(self) -> list[str]:
        """Every instance that is known of it, now and before."""
        return sorted({*self.before, *(file.stem for file in self.files)})

    @property
    def lacks_earlier(self) -> bool:
        """Whether instances that came before are not here any more: a part must not pass for the whole."""
        return not self.before <= {file.stem for file in self.files}

    @cached_property
    def came(self) -> list[tuple[Sender, datetime]]:
        """Who brought each of what is new, and when."""
        return [
            (Sender(*formats.sender_in(file)), datetime.fromtimestamp(file.stat().st_mtime, UTC))
            for file in self.new
        ]

    @cached_property
    def senders(self) -> list[SenderCount]:
        """Who brought what is new, and each one's last instance; who brought most of it stands first."""
        times: dict[Sender, list[datetime]] = defaultdict(list)
        for sender, at in self.came:
            times[sender].append(at)
        counts = [SenderCount(sender, len(came), max(came)) for sender, came in times.items()]
        return sorted(counts, key=lambda count: (-count.instances, count.sender))

    @property
    def arrivals(self) -> list[Arrivals]:
        """When what is new came, by AE title and quarter of an hour."""
        times: dict[tuple[str, int], list[datetime]] = defaultdict(list)
        for sender, at in self.came:
            times[sender.ae_title, quarter_of(at)].append(at)
        return [Arrivals(*key, len(came), max(came)) for key, came in times.items()]

    @property
    def sender(self) -> Sender:
        """Who brought most of what is new."""
        return self.senders[0].sender
