"""Which scans a rehearsal reads: the last ones, of patients whom neither version was trained on."""

from __future__ import annotations

from dataclasses import dataclass

from data.errors import InvalidInput
from data.ledger.worklist import WorklistStore
from data.records import ScanStatus, WorklistQuery, WorklistRow
from services.cohort.filters import of_kind
from services.versions.registry import Registry
from services.versions.trained_patients import trained_on

_ALL_TRAINED_ON = (
    "One of the two versions was trained on the patients of every scan here, so that there is none to "
    "compare them on."
)


@dataclass
class ChosenScans:
    """The scans of a rehearsal, and how many were passed over for what the versions were trained on."""

    scan_ids: list[str]
    synthetic: bool
    trained_on: int = 0


class RehearsedScans:
    """Chooses; changes nothing."""

    def __init__(self, worklist: WorklistStore, registry: Registry) -> None:
        self._worklist = worklist
        self._registry = registry

    def are_synthetic(self, task: str) -> bool | None:
        """Whether synthetic scans are read, as there are no real ones; None: there are none at all."""
        for made in (False, True):
            if self._read(task, made, 0, 1):
                return made
        return None

    def chosen(self, task: str, count: int, version: str, against: str) -> ChosenScans:
        """The last `count` scans that were read, newest first.

        Raises InvalidInput where the versions have learnt from the patients of all, NotFound, TrackingAway.
        """
        patients = trained_on(self._registry, task, version, against)
        chosen = ChosenScans([], bool(self.are_synthetic(task)))
        start = 0
        while len(chosen.scan_ids) < count and (rows := self._read(task, chosen.synthetic, start, count)):
            for row in rows:
                if len(chosen.scan_ids) == count:
                    break
                if row.pseudonym in patients:
                    chosen.trained_on += 1
                else:
                    chosen.scan_ids.append(row.scan_id)
            start += len(rows)
        if chosen.trained_on and not chosen.scan_ids:
            raise InvalidInput(_ALL_TRAINED_ON)
        return chosen

    def _read(self, task: str, made: bool, start: int, count: int) -> list[WorklistRow]:
        filters = of_kind({"task": (task,), "status": (ScanStatus.READ.value,)}, made)
        query = WorklistQuery(start=start, count=count, filters=filters)
        return list(self._worklist.page(query, with_identity=False).rows)
