"""What was compared with what: the facts that stand before a run's numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from data.codec import to_plain
from data.database import now
from data.records import DriftRun
from services.drift.references import OpenedReference
from services.drift.windows import Window


def facts_of(
    run: DriftRun, reference: OpenedReference, window: Window, refused: Mapping[str, Any]
) -> dict[str, Any]:
    """What a report says on its first page; `refused`: how many files came to no reading meanwhile."""
    frozen, period = reference.reference, window.period()
    described = {name: getattr(frozen, name) for name in ("id", "name", "version", "n", "sha256")}
    return {
        "run": run.id,
        "task": run.task,
        "made_at": now().isoformat(timespec="seconds"),
        "synthetic": window.synthetic,
        "version": next(iter(window.versions)) if len(window.versions) == 1 else None,
        "versions": dict(window.versions),
        "reference": described | {"kind": frozen.kind.value, "provisional": reference.provisional},
        "window": {
            "words": window.words,
            "ask": to_plain(run.ask),
            "n": len(window.frame),
            "sha256": window.sha256,
            "first": None if period is None else period[0].isoformat(timespec="seconds"),
            "last": None if period is None else period[1].isoformat(timespec="seconds"),
        },
        "refusals": refused,
        "notes": [*reference.notes, *window.notes, *_notes_on_versions(reference, window)],
    }


def _notes_on_versions(reference: OpenedReference, window: Window) -> list[str]:
    versions, notes = window.versions, []
    if len(versions) > 1:
        told = ", ".join(f"version {version} ({n:,} scans)" for version, n in versions.items())
        notes.append(f"The window holds readings of {len(versions)} model versions: {told}.")
    of = reference.reference.version
    if of is not None and versions and of not in versions:
        notes.append(
            f"The reference was read by version {of}, the window by another one: "
            "what differs in the outputs may be the model."
        )
    return notes
