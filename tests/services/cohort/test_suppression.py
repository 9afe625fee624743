"""The rule of small numbers on tables made by hand: what is withheld, what with it, and what is not."""

from __future__ import annotations

from itertools import product

import pytest

from data.records import ExportRow
from services.cohort.comparison import CohortDifference
from services.cohort.small_numbers import FEW, WITHHELD, small, stands_for_few, suppressed
from services.cohort.table import CohortTable, CountedRow

Marks = dict[str, str | int]


def a_table(
    counts: dict[str, int],
    *sums: tuple[str, str],
    sections: dict[str, str] | None = None,
    unlisted: str = "",
    public: str = "",
    states: str = "",
) -> CohortTable:
    """Counts by name, each a row of its own section unless `sections` says; sums as ("all", "a b")."""
    rows = [
        CountedRow(
            ExportRow((sections or {}).get(name, f"section of {name}"), name, "scans", n, n, n, n), (name,)
        )
        for name, n in counts.items()
        if name not in unlisted.split()
    ]
    equations = [(total, tuple(parts.split())) for total, parts in sums]
    return CohortTable(rows, counts, equations, set(public.split()), set(states.split()))


def marks(table: CohortTable) -> Marks:
    """What a reader sees of each count: the number, or why there is none."""
    seen: Marks = {}
    for row in suppressed(table):
        if row.note:
            assert row.n is row.value is row.low is row.high is None
            seen[row.name] = row.note
        else:
            assert row.n == row.value == row.low == row.high == table.counts[row.name]
            seen[row.name] = int(row.n or 0)
    return seen


def test_one_to_four_are_small() -> None:
    assert [n for n in range(8) if small(n)] == [1, 2, 3, 4]
    assert (FEW, WITHHELD) == ("fewer than 5", "withheld")


def test_a_small_count_alone_is_withheld_and_others_are_not() -> None:
    assert marks(a_table({"a": 4, "b": 5, "c": 0, "d": 1})) == {"a": FEW, "b": 5, "c": 0, "d": FEW}


def test_what_is_left_of_a_total_is_withheld_too() -> None:
    assert marks(a_table({"all": 20, "a": 4, "b": 16}, ("all", "a b"))) == {
        "all": 20,
        "a": FEW,
        "b": WITHHELD,
    }


def test_the_smallest_goes_first_and_no_more_than_it_takes() -> None:
    counts = {"all": 20, "c": 10, "a": 4, "b": 6}
    assert marks(a_table(counts, ("all", "a b c"))) == {"all": 20, "a": FEW, "b": WITHHELD, "c": 10}


def test_of_equal_ones_the_first_by_name_goes() -> None:
    counts = {"all": 16, "c": 6, "a": 4, "b": 6}
    assert marks(a_table(counts, ("all", "a b c"))) == {"all": 16, "a": FEW, "b": WITHHELD, "c": 6}


def test_nobody_is_hidden_behind_a_zero() -> None:
    counts = {"all": 10, "zero": 0, "a": 4, "b": 6}
    assert marks(a_table(counts, ("all", "zero a b"))) == {"all": 10, "zero": 0, "a": FEW, "b": WITHHELD}


@pytest.mark.parametrize(
    ("a", "b", "all_is_told"),
    [(1, 5, False), (2, 5, True), (1, 6, True), (4, 4, False), (4, 3, True), (1, 1, False), (1, 2, True)],
)
def test_a_total_that_leaves_one_possibility_is_withheld(a: int, b: int, all_is_told: bool) -> None:
    """1 + 5: the least that "<5" and "withheld" may be. 4 + 4: the most. 1 + 1 is small itself."""
    seen = marks(a_table({"all": a + b, "a": a, "b": b}, ("all", "a b")))
    assert seen["a"] == FEW and seen["b"] == (FEW if b < 5 else WITHHELD)
    assert seen["all"] == (FEW if a + b < 5 else a + b if all_is_told else WITHHELD)


def test_a_public_total_gives_away_what_is_left_and_cannot_be_withheld() -> None:
    counts = {"known": 20, "a": 4, "b": 7, "c": 9}
    seen = marks(a_table(counts, ("known", "a b c"), unlisted="known", public="known"))
    assert seen == {"a": FEW, "b": WITHHELD, "c": 9}
    assert marks(a_table(counts, ("known", "a b c"), unlisted="known")) == {"a": FEW, "b": 7, "c": 9}


def test_how_far_the_work_is_is_nobodys_secret() -> None:
    counts = {"all": 20, "waiting": 4, "b": 16}
    assert marks(a_table(counts, ("all", "waiting b"), states="waiting")) == {
        "all": 20,
        "waiting": FEW,
        "b": 16,
    }


def test_a_count_that_follows_by_way_of_another_sum_is_kept_by_withholding_there() -> None:
    counts = {"known": 24, "a": 4, "rest": 20, "c": 8, "d": 12}
    sums = (("known", "a rest"), ("rest", "c d"))
    seen = marks(a_table(counts, *sums, unlisted="known rest", public="known"))
    assert seen == {"a": FEW, "c": WITHHELD, "d": 12}


def test_rows_of_two_counts_are_withheld_for_either() -> None:
    def share(name: str, hits: int, misses: int) -> CountedRow:
        n = hits + misses
        return CountedRow(
            ExportRow("summary", name, "share", n, hits / n, 0.1, 0.9), (f"{name}+", f"{name}-")
        )

    rows = [share("told", 5, 20), share("few", 4, 20), share("few misses", 20, 1), share("none", 0, 20)]
    counts = {"told+": 5, "told-": 20, "few+": 4, "few-": 20, "few misses+": 20, "few misses-": 1}
    table = CohortTable(rows, counts | {"none+": 0, "none-": 20})
    assert [row.note for row in suppressed(table)] == ["", FEW, FEW, ""]


def test_a_mark_on_two_counts_bounds_neither() -> None:
    """Of a share that is withheld nobody knows which of its two counts is small."""
    row = CountedRow(ExportRow("summary", "s", "share", 6, 1 / 6), ("hits", "misses"))
    both = CountedRow(ExportRow("summary", "n", "scans", 6, 6), ("n",))
    table = CohortTable([row, both], {"hits": 1, "misses": 5, "n": 6}, [("n", ("hits", "misses"))])
    assert [row.note for row in suppressed(table)] == [FEW, ""]


def test_no_class_of_a_section_is_withheld_alone() -> None:
    sections = dict.fromkeys(("a", "b", "c"), "by_site")
    assert marks(a_table({"c": 9, "a": 4, "b": 6}, sections=sections)) == {"c": 9, "a": FEW, "b": WITHHELD}
    two = {"c": 9, "a": 4, "b": 3}
    assert marks(a_table(two, sections=sections)) == {"c": 9, "a": FEW, "b": FEW}
    assert marks(a_table({"c": 0, "a": 4}, sections=sections)) == {"c": 0, "a": FEW}
    summary = dict.fromkeys(("a", "b"), "summary")
    assert marks(a_table({"a": 4, "b": 6}, sections=summary)) == {"a": FEW, "b": 6}


def test_sections_and_quantities_are_looked_at_apart() -> None:
    rows = [
        CountedRow(ExportRow("by_site", "a", "scans", 4, 4), ("a",)),
        CountedRow(ExportRow("by_site", "p", "patients", 9, 9), ("p",)),
        CountedRow(ExportRow("by_sex", "f", "scans", 9, 9), ("f",)),
    ]
    assert [row.note for row in suppressed(CohortTable(rows, {"a": 4, "p": 9, "f": 9}))] == [FEW, "", ""]


@pytest.mark.parametrize("counts", list(product((0, 1, 3, 4, 5, 6, 9), repeat=3)), ids=str)
def test_no_small_count_is_the_only_possibility(counts: tuple[int, int, int]) -> None:
    """Every table of three classes and their sum: all that a reader may think of is tried."""
    names = ("a", "b", "c")
    table = a_table({"all": sum(counts), **dict(zip(names, counts, strict=True))}, ("all", "a b c"))
    seen = marks(table)
    most = sum(counts) + 12

    def may_be(name: str) -> range:
        mark = seen[name]
        if isinstance(mark, int):
            return range(mark, mark + 1)
        return range(1, 5) if mark == FEW else range(5, most)

    possible = [
        values for values in product(*(may_be(name) for name in names)) if sum(values) in may_be("all")
    ]
    assert counts in possible
    for place, n in enumerate(counts):
        assert not small(n) or len({values[place] for values in possible}) > 1


@pytest.mark.parametrize(
    ("kind", "n", "values", "few"),
    [
        ("share", (50, 40), (5 / 50, 35 / 40), False),
        ("share", (50, 40), (4 / 50, 20 / 40), True),
        ("share", (50, 40), (46 / 50, 20 / 40), True),
        ("share", (50, 40), (20 / 50, 1 / 40), True),
        ("share", (50, 40), (0.0, 1.0), False),
        ("share", (50, 0), (0.5, None), False),
        ("share", (4, 40), (0.0, 0.5), True),
        ("number", (50, 40), (4 / 50, 1.0), False),
        ("number", (4, 40), (30.0, 31.0), True),
        ("number", (40, 1), (30.0, 31.0), True),
        ("number", (5, 0), (30.0, None), False),
    ],
)
def test_a_comparison_is_withheld_where_few_stand_behind_it(
    kind: str, n: tuple[int, int], values: tuple[float | None, float | None], few: bool
) -> None:
    assert stands_for_few(CohortDifference("x", "x", kind, n, values)) is few
