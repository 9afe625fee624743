"""Sets of scans that a version can be had to read: what fits a cohort's filters, a pack, an outside set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from data.errors import InvalidInput, NotFound
from data.labelled.outside import OutsideFile, OutsideTruth, outside_files, outside_sets
from data.ledger.bitmaps import row_numbers
from data.ledger.in_memory import Ledger
from data.ledger.selection import selected
from data.records import EvaluationReading, SavedView, Scan, ScanSet, ScanSetKind
from data.stores.scans import ScanStore
from services.cohort.filters import (
    filters_of,
    in_words,
    of_made_scans,
    of_one_kind,
    query_of,
    tidy,
)

MOST_SCANS = 5000
_TOO_MANY = (
    "A set holds at most {most:,} scans, and these are {count:,}; choose fewer, as of a shorter period."
)
_POSITIVE = {
    OutsideTruth.ILL: True,
    OutsideTruth.HEALTHY: False,
    OutsideTruth.OTHER_DISEASE: False,
    OutsideTruth.WRONG: None,  # to be refused: neither ill nor healthy
}


@dataclass(frozen=True)
class PackOfScans:
    """A retraining pack: its scans, and what it is called."""

    id: str
    task: str
    words: str
    scan_ids: tuple[str, ...]


class ScanSets:
    """Offers sets and lists what is in one."""

    def __init__(
        self,
        ledger: Ledger,
        scans: ScanStore,
        folder: Path,
        views: Callable[[], Sequence[SavedView]],
        packs: Callable[[], Sequence[PackOfScans]],
    ) -> None:
        """`folder` holds the outside sets; `views` are the saved ones of the cohort page."""
        self._ledger = ledger
        self._scans = scans
        self._folder = folder
        self._views = views
        self._packs = packs

    def offered(self, task: str, query: str = "") -> list[ScanSet]:
        """What can be chosen for a task: the filters of an address first, all real scans, then the rest."""
        named = [("", query)] if query else []
        named += [("", "")] + [(view.name, view.query) for view in self._views()]
        sets = [self._cohort(task, text, name) for name, text in named]
        sets += [self._pack(pack) for pack in self._packs() if pack.task == task]
        sets += [self._outside(name) for name in outside_sets(self._folder, task)]
        return list({(each.kind, each.key): each for each in reversed(sets)}.values())[::-1]

    def chosen(self, task: str, kind: str, key: str) -> tuple[ScanSet, list[EvaluationReading]]:
        """A set and all that is to be read of it; raises InvalidInput, NotFound and UnusableDataset."""
        if kind == ScanSetKind.COHORT:
            chosen = self._cohort(task, key)
            return chosen, self._of_scans(self._fitting(chosen), task)
        if kind == ScanSetKind.PACK:
            pack = next((pack for pack in self._packs() if pack.id == key and pack.task == task), None)
            if pack is None:
                raise NotFound("There is no such retraining pack.")
            chosen = self._pack(pack)
            return chosen, self._of_scans(pack.scan_ids, task, synthetic=chosen.synthetic)
        if kind == ScanSetKind.OUTSIDE:
            if key not in outside_sets(self._folder, task):
                raise NotFound("There is no such labelled folder.")
            return self._outside(key), _of_files(outside_files(self._folder, task, key))
        raise InvalidInput("There are no sets of this kind.")

    def file(self, task: str, set_name: str, name: str) -> OutsideFile | None:
        """A file of an outside set by its name; None where it is gone."""
        files = (
            outside_files(self._folder, task, set_name)
            if set_name in outside_sets(self._folder, task)
            else []
        )
        return next((file for file in files if file.name == name), None)

    def _cohort(self, task: str, query: str, name: str = "") -> ScanSet:
        for part in query.lstrip("?").split("&"):
            if part and "=" not in part:  # left out, it would have every scan read
                raise InvalidInput(f"“{part}” is not a filter such as sex=F.")
        said = {key: values for key, values in filters_of(query).items() if key not in ("vs", "task")}
        filters = of_one_kind(tidy(said | {"task": (task,)}), self._ledger.columns())
        words = in_words({key: values for key, values in filters.items() if key != "task"})
        synthetic = of_made_scans(filters)
        words = f"{name}: {words}" if name else f"Scans of the house: {words}"
        return ScanSet(ScanSetKind.COHORT, query_of(filters), words, synthetic)

    def _fitting(self, chosen: ScanSet) -> list[str]:
        columns = self._ledger.columns()
        rows = row_numbers(selected(columns, filters_of(chosen.key)))
        if len(rows) > MOST_SCANS:
            raise InvalidInput(_TOO_MANY.format(most=MOST_SCANS, count=len(rows)))
        return [columns.scan_ids[row].decode() for row in rows]

    def _pack(self, pack: PackOfScans) -> ScanSet:
        """Of real scans, unless there are only synthetic ones in it."""
        kinds = {scan.synthetic for scan in self._here(pack.scan_ids, pack.task)}
        return ScanSet(ScanSetKind.PACK, pack.id, f"Retraining pack: {pack.words}", kinds == {True})

    def _outside(self, name: str) -> ScanSet:
        return ScanSet(ScanSetKind.OUTSIDE, name, f"Outside set {name}, of nobody here")

    def _here(self, scan_ids: Sequence[str], task: str) -> list[Scan]:
        return [scan for scan in self._scans.of_ids(scan_ids) if scan.task == task]

    def _of_scans(
        self, scan_ids: Sequence[str], task: str, synthetic: bool | None = None
    ) -> list[EvaluationReading]:
        scans = [
            scan for scan in self._here(scan_ids, task) if synthetic is None or scan.synthetic == synthetic
        ]
        return [
            EvaluationReading(number, f"Scan {scan.id[:8]}", scan.id) for number, scan in enumerate(scans)
        ]


def _of_files(files: Sequence[OutsideFile]) -> list[EvaluationReading]:
    return [
        EvaluationReading(number, file.name, truth_positive=_POSITIVE[file.truth])
        for number, file in enumerate(files)
    ]
