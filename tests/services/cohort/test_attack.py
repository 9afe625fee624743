"""No number that is withheld follows from the whole of what is published, nor from two files side by side."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from data.records import ExportRow
from services.cohort.counting import Cohort
from services.cohort.exports import table
from services.cohort.filters import tidy
from services.cohort.small_numbers import small
from services.task_words import MEASURED_VOLUME
from tests.services.attacker import Attacker
from tests.services.cohorts import Query, a_cohort

CLASSES = (
    "time", "task", "site", "scanner", "age", "sex", "version", "size", "place", "result", "chance",
    "review", "truth",
)  # fmt: skip
SHARED = ("task", "site", "scanner", "age", "sex", "version")
ANSWERS = ("positive", "negative", "unread")
STATES = {"none"}  # how far the work is, and nothing of any patient
Name = tuple[str, ...]


def look(attacker: Attacker, rows: Sequence[ExportRow], filters: Query, of: str) -> None:
    """Everything that a table tells somebody who knows what its rows are; `of` says which table it is."""
    for row in rows:
        if row.quantity in ("scans", "refusals"):
            name = (of, row.section, row.group, row.name)
            if row.note:
                attacker.sees_mark(name, row.note)
            else:
                attacker.knows(name, row.n or 0)
        elif row.quantity == "share" and not row.note and row.n:
            hits = round((row.value or 0.0) * row.n)
            sides = _sides(row, of)
            attacker.knows(sides[0], hits)
            attacker.knows(sides[1], row.n - hits)
        elif row.name == "upload to result" and not row.note:
            attacker.knows((of, "waited for"), row.n or 0)
    _sums(attacker, rows, filters, of)


def _sides(row: ExportRow, of: str) -> tuple[Name, Name]:
    if row.section != "summary":
        return (of, row.section, row.name, "positive"), (of, row.section, row.name, "negative")
    others = {"positive": "result", "uncertain": "certain", "corrected": "not corrected"}[row.name]
    other = (of, "result", "", "negative") if others == "result" else (of, others)
    return (of, "summary", "", row.name), other


def _sums(attacker: Attacker, rows: Sequence[ExportRow], filters: Query, of: str) -> None:
    whole = (of, "summary", "", "all")
    classes = {section: _names(rows, section) for section in CLASSES}
    for section, names in classes.items():
        chosen = [name for name in names if name in filters.get(section, names)]
        attacker.adds(whole, [(of, section, "", name) for name in chosen])
        if section not in SHARED:
            continue
        for name in names:
            attacker.adds((of, section, "", name), [(of, section, name, answer) for answer in ANSWERS])
        if section not in filters and "result" not in filters:
            for answer, result in zip(ANSWERS, ("positive", "negative", "none"), strict=True):
                attacker.adds((of, "result", "", result), [(of, section, name, answer) for name in names])
    if "result" not in filters:
        for result in {"positive", "negative", "none"} - set(classes["result"]):
            attacker.knows((of, "result", "", result), 0)
        attacker.adds((of, "summary", "", "positive"), [(of, "result", "", "positive")])
        attacker.adds((of, "read"), [(of, "result", "", name) for name in ("positive", "negative")])
        attacker.adds((of, "read"), [(of, "summary", "", "uncertain"), (of, "certain")])
        attacker.adds((of, "read"), [(of, "waited for"), (of, "read before it was kept")])
    if "size" not in filters:
        measured = [name for name in classes["size"] if name not in ("none", "unknown")]
        attacker.adds((of, "summary", "", MEASURED_VOLUME), [(of, "size", "", name) for name in measured])
        for section in ("size_by_site", "size_by_scanner"):
            if section.removeprefix("size_by_") not in filters:
                groups = dict.fromkeys(row.group for row in rows if row.section == section)
                for size in measured:
                    attacker.adds((of, "size", "", size), [(of, section, group, size) for group in groups])
    for section in ("refusals", "refusals_by_scanner"):
        names = _names(rows, section)
        attacker.adds((of, "summary", "", "refused"), [(of, section, "", name) for name in names])


def _names(rows: Sequence[ExportRow], section: str) -> list[str]:
    return [row.name for row in rows if row.section == section and row.quantity in ("scans", "refusals")]


def secrets(cohort: Cohort, of: str) -> dict[Name, int]:
    """The counts of patients' findings in a table that are to be withheld, with what they are."""
    counts: dict[Name, int] = {}
    for row in table(cohort):
        if row.name in STATES or (row.section, row.name) == ("summary", "waiting"):
            continue
        if row.quantity == "scans" and small(row.n or 0):
            counts[of, row.section, row.group, row.name] = row.n or 0
        elif row.quantity == "share" and row.section != "summary" and row.n:
            hits = round((row.value or 0.0) * row.n)
            for name, n in zip(_sides(row, of), (hits, row.n - hits), strict=True):
                if small(n):
                    counts[name] = n
    return counts


FILTERS: list[Query] = [
    {},
    {"site": ("North",)},
    {"sex": ("F",), "task": ("brain-tumour",)},
    {"from": ("2026-10-05",), "to": ("2026-10-12",)},
]
TWO_VALUES: list[Query] = [{"age": ("20-29", "80-89")}, {"site": ("North", "South")}]
slowly = settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=(Phase.explicit, Phase.generate),  # a table that fails is small enough to be read
)
seeds, sizes = st.integers(0, 10**6), st.integers(10, 90)


@slowly
@given(seeds, sizes, st.sampled_from([*FILTERS, *TWO_VALUES]))
@example(0, 30, TWO_VALUES[1])
@example(2, 32, TWO_VALUES[0])
def test_nothing_withheld_follows_from_the_whole_table(seed: int, n: int, filters: Query) -> None:
    cohort, attacker = a_cohort(seed, n, filters), Attacker()
    rows = table(cohort, withheld_beside=[])
    look(attacker, rows, filters, "")
    for name, count in secrets(cohort, "").items():
        low, high = attacker.possible(name)
        assert low <= count <= high, (name, count, low, high)
        assert low < high, (name, count)


@slowly
@given(seeds, sizes, st.sampled_from(FILTERS[1:]))
def test_nothing_follows_from_two_files_of_which_one_is_filtered(seed: int, n: int, filters: Query) -> None:
    dropped = [tidy({name: filters[name] for name in filters if name != out}) for out in filters]
    wider = [a_cohort(seed, n, query) for query in (*dropped, {})]
    narrow = a_cohort(seed, n, filters)
    attacker = Attacker()
    for of, cohort, query, rows in (
        ("narrow", narrow, filters, table(narrow, withheld_beside=wider)),
        ("wide", wider[-1], {}, table(wider[-1], withheld_beside=[])),
    ):
        look(attacker, rows, query, of)
        assert len(rows) == len(table(cohort))
    apart: dict[Name, int] = {}
    counted = {
        (row.section, row.group, row.name): row.n or 0 for row in table(narrow) if row.quantity == "scans"
    }
    for row in table(wider[-1]):
        key = (row.section, row.group, row.name)
        if row.quantity != "scans" or key not in counted or row.section in filters or row.section == "time":
            continue
        attacker.adds(("wide", *key), [("narrow", *key), ("rest", *key)])
        rest = (row.n or 0) - counted[key]
        if small(rest) and row.name not in STATES and key != ("summary", "", "waiting"):
            apart["rest", *key] = rest
    for name, count in {**apart, **secrets(narrow, "narrow"), **secrets(wider[-1], "wide")}.items():
        assert not attacker.solves(name), (name, count)


@pytest.mark.parametrize("few", [1, 4])
def test_one_withheld_class_beside_a_total_is_solved(few: int) -> None:
    attacker = Attacker()
    attacker.knows("all", 20)
    attacker.knows("b", 20 - few)
    attacker.sees_mark("a", "fewer than 5")
    attacker.adds("all", ["a", "b"])
    assert attacker.possible("a") == (few, few)
