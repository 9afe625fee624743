"""What of a drift run is told outside of the house: the rule of small numbers on a run's snapshot.

Counts stand in a snapshot as shares: classes of a category, bars of a number, scans whose value is known or
missing, versions of the window, the ill and the healthy behind a rate. Where such a count is withheld, the
share is null, with the reason beside it; distances and p values of that feature are told to two digits, as
more would give the share away. Readings of training data are of nobody who came here, and are told whole.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from data.records import DriftRun, ExportRow, ReferenceKind
from reports.drift_columns import CATEGORY, UNKNOWN
from reports.drift_verdict import words
from services.cohort.small_numbers import FEW, HIDDEN, small, suppressed
from services.cohort.table import CohortTable, CountedRow

SIDES = ("reference", "current")
NOTE_WITHHELD = "A note is withheld: it tells of few scans."
DIGITS = 2  # of what is computed from withheld counts
_TOTAL, _KNOWN, _MISSING, _REST = "total", "known", "missing", "other classes"
_SCANS = re.compile(r"(?<![\d,.])[1-4](?= scans?\b| files?\b| readings?\b| of the (?:window|reference)\b)")
_TRUTH_SUMS = (("all", ("ill", "healthy")), ("all", ("called-ill", "called-healthy")))
_RATES = {  # what each rate discloses; how many of enough were answered wrongly is no secret
    "accuracy": "all",
    "recall": "ill",
    "specificity": "healthy",
    "precision": "called-ill",
}

Snapshot = Mapping[str, Any]


def outside(snapshot: Snapshot) -> dict[str, Any]:
    """The snapshot as it may leave the house; the one that is kept, and its hash, stay as they are."""
    told = copy.deepcopy(dict(snapshot))
    trained = snapshot["reference"].get("kind") == ReferenceKind.TRAINING.value
    sides = SIDES[1:] if trained else SIDES
    titles = [feature["title"] for feature in told["features"] if _feature(feature, told["compared"], sides)]
    hidden = bool(titles) | _versions(told) | _sizes(told, sides) | _refusals(told) | _truth(told, sides)
    told["notes"] = _notes(told["notes"], titles)
    if hidden:
        told["evidently"] = None  # its own list of the same distances, to every digit
        told["verdict"] = _verdict(told)
    return told | {"small_numbers_hidden": True, "small_numbers": HIDDEN}


def run_outside(run: DriftRun) -> DriftRun:
    """A run as it is listed outside: without sizes that are small."""
    sizes = [None if n is not None and small(n) else n for n in (run.reference_n, run.current_n)]
    return replace(run, reference_n=sizes[0], current_n=sizes[1])


def history_outside(
    history: Sequence[tuple[DriftRun, Mapping[str, Any]]],
) -> list[tuple[DriftRun, dict[str, Any]]]:
    """A feature from run to run, its distances to as many digits as are told outside."""
    return [
        (run_outside(run), dict(numbers) | {"effect": coarse(numbers["effect"])}) for run, numbers in history
    ]


def _feature(feature: dict[str, Any], compared: Mapping[str, int], sides: Sequence[str]) -> bool:
    """Withhold the counts of a feature; whether there were any to withhold."""
    hidden = [_side(feature, side, compared[side]) for side in sides]
    if any(hidden):
        for name in ("effect", "p", "p_corrected"):
            feature[name] = coarse(feature[name])
    return any(hidden)


def _side(feature: dict[str, Any], side: str, total: int) -> bool:
    """Withhold the counts of one side of a feature; whether there were any to withhold."""
    spread, n = feature["distribution"], feature[f"n_{side}"]
    classes = [round(share * n) for share in spread[side]]
    names = spread.get("names") or [str(place) for place in range(len(classes))]
    notes = _withheld(names, classes, n, total, feature)
    of_classes = [notes.get(f"class {name}", "") for name in names]
    spread[f"withheld_{side}"] = of_classes
    shares = [None if why else share for share, why in zip(spread[side], of_classes, strict=True)]
    # Exact shares of a whole that is withheld would tell the whole.
    spread[side] = [coarse(share) for share in shares] if _KNOWN in notes else shares
    if _KNOWN in notes:
        feature[f"n_{side}"] = None
    if notes.get(_KNOWN) == FEW:
        feature[side] = dict.fromkeys(feature[side])
    if _MISSING in notes:
        feature[f"missing_{side}"] = None
    if any(name == feature[side].get("top") for name, why in zip(names, of_classes, strict=True) if why):
        feature[side] |= {"top": None, "share": None}
    return bool(notes)


def _withheld(
    names: Sequence[str], classes: Sequence[int], n: int, total: int, feature: Mapping[str, Any]
) -> dict[str, str]:
    """Why counts of a side are withheld, by what they count; what is told is not in it."""
    counts = {_TOTAL: total, _KNOWN: n, _MISSING: total - n, _REST: n - sum(classes)}
    counts |= {f"class {name}": count for name, count in zip(names, classes, strict=True)}
    if not any(small(count) for count in counts.values()):
        return {}
    table = CohortTable(counts=counts, public=set() if small(total) else {_TOTAL})
    parts = tuple(f"class {name}" for name in names)
    table.sums = [(_TOTAL, (_KNOWN, _MISSING)), (_KNOWN, (*parts, _REST))]
    table.rows = [_counted_row("summary", name, name, counts) for name in (_TOTAL, _KNOWN, _MISSING)]
    table.rows += [_counted_row(feature["kind"], part, part, counts) for part in parts]
    if feature["kind"] == CATEGORY and UNKNOWN in names:  # then what is missing is a class like others
        table.rows[2] = _counted_row("summary", _MISSING, f"class {UNKNOWN}", counts)
    return {row.name: row.note for row in suppressed(table) if row.note}


def _versions(told: dict[str, Any]) -> bool:
    versions = told.get("versions") or {}
    counts = {_TOTAL: sum(versions.values())} | {f"version {name}": n for name, n in versions.items()}
    table = CohortTable(counts=counts, public={_TOTAL}, sums=[(_TOTAL, tuple(counts)[1:])])
    table.rows = [_counted_row("version", name, name, counts) for name in tuple(counts)[1:]]
    few = {row.name for row in suppressed(table) if row.note}
    told["versions"] = {name: None if f"version {name}" in few else n for name, n in versions.items()}
    return bool(few)


def _sizes(told: dict[str, Any], sides: Sequence[str]) -> bool:
    """Whole sides that are small."""
    few = [side for side in sides if small(told[_PLACE[side]]["n"]) or small(told["compared"][side])]
    for side in few:
        told[_PLACE[side]]["n"] = told["compared"][side] = None
    return bool(few)


_PLACE = {"reference": "reference", "current": "window"}


def _refusals(told: dict[str, Any]) -> bool:
    refusals = told.get("refusals")
    if not refusals or not (small(refusals["refused"]) or small(refusals["read"])):
        return False
    nothing = dict.fromkeys(("value", "low", "high", "n"))
    told["refusals"] = {"refused": None, "read": refusals["read"], "share": nothing, "withheld": FEW}
    return True


def _truth(told: dict[str, Any], sides: Sequence[str]) -> bool:
    """Rates of which few cases stand behind one: the others would give them away."""
    truth = told["truth"]
    if truth is None:
        return False
    hidden = {side: _rates_withheld(truth[side]) for side in sides}
    for side, rates in hidden.items():
        truth[side] |= {
            name: dict.fromkeys(truth[side][name]) | {"withheld": why} for name, why in rates.items()
        }
    gone = {name for rates in hidden.values() for name in rates}
    for name in gone:
        for part in ("p", "change"):
            if name in (truth.get(part) or {}):
                truth[part][name] = None
    if gone:
        truth["evidently"] = None
    return bool(gone)


def _rates_withheld(rates: Mapping[str, Any]) -> dict[str, str]:
    counts = {what: rates[name]["n"] for name, what in _RATES.items()}
    counts["called-healthy"] = counts["all"] - counts["called-ill"]
    table = CohortTable(counts=counts, sums=list(_TRUTH_SUMS))
    table.rows = [_counted_row("summary", name, what, counts) for name, what in _RATES.items()]
    return {row.name: row.note for row in suppressed(table) if row.note}


def _verdict(told: dict[str, Any]) -> list[str]:
    """The verdict of what is told: without rates that are withheld, and with as many digits as are told."""
    truth = told["truth"]
    if truth is not None and "change" not in truth:  # of 0.1, whose words nobody can put together any more
        return [sentence for sentence in told["verdict"] if " % of " not in sentence]
    return words(told)


def _notes(notes: Sequence[str], titles: Sequence[str]) -> list[str]:
    """Notes without those that tell of few scans, or of a feature of which something is withheld."""
    of_titles = tuple(f"{title} " for title in titles)
    told = [NOTE_WITHHELD if _SCANS.search(note) or note.startswith(of_titles) else note for note in notes]
    return list(dict.fromkeys(told))


def _counted_row(section: str, name: str, count: str, counts: Mapping[str, int]) -> CountedRow:
    return CountedRow(ExportRow(section, name, "scans", counts[count], counts[count]), (count,))


def coarse(value: float | None) -> float | None:
    """A number that is computed from withheld counts, to as many digits as are told of it."""
    return None if value is None else float(f"{value:.{DIGITS}g}")
