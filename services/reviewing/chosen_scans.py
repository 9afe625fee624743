"""The scans that somebody chose to do one thing with."""

from __future__ import annotations

from collections.abc import Sequence

from data.errors import InvalidInput

MOST = 200


def chosen_scans(scan_ids: Sequence[str]) -> list[str]:
    """Each scan once, in their order. Raises InvalidInput for none and for more than MOST."""
    if not 1 <= len(scan_ids) <= MOST:
        raise InvalidInput(f"Choose 1 to {MOST} scans.")
    return list(dict.fromkeys(scan_ids))
