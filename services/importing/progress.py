"""How far an import is, counted while it runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from data.records import ImportItem, ImportProgress, ItemState

Advance = Callable[[ImportProgress], None]
"""Is told how far the import is by now."""


class ProgressCounter:
    """Counts settled items on, so that the table is not counted over and over."""

    def __init__(self, progress: ImportProgress, advance: Advance) -> None:
        self._progress = progress
        self._advance = advance

    def __call__(self, settled: Sequence[ImportItem]) -> None:
        """Count these items too, and tell."""
        before = self._progress
        self._progress = replace(
            before,
            done=before.done + sum(item.state is ItemState.DONE for item in settled),
            failed=before.failed + sum(item.state is ItemState.FAILED for item in settled),
            added=before.added + sum(item.added for item in settled),
            known=before.known + sum(item.known for item in settled),
            labelled=before.labelled + sum(item.labelled for item in settled),
            refused=before.refused + sum(len(item.refusals) for item in settled),
        )
        self._advance(self._progress)
