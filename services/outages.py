"""What an outage of disk, database or memory is told as, for those who answer requests and run jobs."""

from __future__ import annotations

from data.outages import outage_of, outages_told

__all__ = ["outage_of", "outages_told"]
