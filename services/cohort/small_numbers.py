"""The one rule for small numbers: who is told numbers that stand for few patients, and what goes with them.

Inside the house, whoever may open the scans behind a number is told it, however small: on pages, in
answers of the API, and in files that are asked for as `Audience.INSIDE` and say so on top. What leaves the
house (files, reports, mails) and readers without access to patients get none that stand for one to four.
Drift follows it too (`services.drift.small_counts`).

A count of one to four could point at somebody. Withholding it alone is not enough: what is left of
a total gives it away. So further rows are withheld, the smallest first, until no small count of
patients' findings follows from the sums that hold, neither exactly nor because a sum leaves only one
possibility. (Cell suppression; Hundepool et al., Statistical Disclosure Control, 2012, chapter 4.)
"withheld" says nothing of how large a number is: it may be small itself where "fewer than 5" told too much.

Nor may two files be subtracted: a count that differs by few from that of the same table with fewer filters
(`apart`) is withheld in the narrower one.

Readers are few in another way: a figure of a group of one or two tells of somebody by name, whoever may open
scans (`told_apart`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum

from data.errors import InvalidInput
from data.records import ExportRow, User
from services.cohort.comparison import CohortDifference
from services.cohort.disclosure import protected
from services.cohort.table import CohortTable, CountedRow, row_key
from services.permissions import Permission, may, require

LEAST = 5
"""Counts below this, and above zero, are small."""

LEAST_READERS = 3
"""Figures of reading that fewer people stand behind are told to nobody but the readers themselves."""
FEW_READERS = f"fewer than {LEAST_READERS} readers"

FEW, WITHHELD = f"fewer than {LEAST}", "withheld"
HIDDEN = (
    f"Numbers that stand for fewer than {LEAST} cases, and others that would give them away, are withheld."
)
HOUSE_ONLY = (
    f"FOR THE HOUSE ONLY: holds numbers that stand for fewer than {LEAST} patients. Not to be handed on; "
    "the file for handing on withholds them."
)


class Audience(StrEnum):
    """For whom numbers are: readers in the house who may open scans, or everybody else."""

    INSIDE = "inside"
    OUTSIDE = "outside"

    @property
    def withholds(self) -> bool:
        """Whether small numbers are withheld from it."""
        return self is Audience.OUTSIDE

    @property
    def words(self) -> str:
        """What a file for it says of small numbers."""
        return HIDDEN if self.withholds else HOUSE_ONLY


def audience_asked(said: str | None, user: User) -> Audience:
    """For whom a file is, as an address says it; where it says nothing, it leaves the house.

    Raises InvalidInput for another word, NotAllowed for `inside` where the person may not open scans.
    """
    if said not in (None, "", *Audience):
        raise InvalidInput("Numbers are for an audience inside the house or outside of it.")
    audience = Audience(said or Audience.OUTSIDE)
    if audience is Audience.INSIDE:
        require(user, Permission.SEE_SCANS)
    return audience


def audience_of_answers(said: str | None, user: User) -> Audience:
    """For whom an answer of the API is, as an address says it; where it says nothing, as this person's pages.

    A program asks with the rights of whoever gave it the token. Raises as `audience_asked` does.
    """
    return audience_asked(said, user) if said else audience_of_pages(user)


def audience_of_pages(user: User) -> Audience:
    """For whom this person's pages are: inside where they may open the scans behind the numbers."""
    return Audience.INSIDE if may(user, Permission.SEE_SCANS) else Audience.OUTSIDE


def small(n: int) -> bool:
    """Whether a count is too small to be told."""
    return 0 < n < LEAST


def told_apart(readers: Mapping[str, Collection[str]]) -> frozenset[str]:
    """The groups whose figures are told apart, by the people behind the figure in each group.

    Who is in no told group counts in the whole only. Where these are few themselves, the whole less the
    told groups would give them away, so the smallest told groups go with them.
    """
    told = {group for group, people in readers.items() if len(people) >= LEAST_READERS}
    hidden = sum(len(people) for group, people in readers.items() if group not in told)
    for group in sorted(told, key=lambda group: (len(readers[group]), group)):
        if not 0 < hidden < LEAST_READERS:
            break
        told.remove(group)
        hidden += len(readers[group])
    return frozenset(told)


def suppressed(table: CohortTable) -> list[ExportRow]:
    """The rows with small numbers withheld, and as many others as it takes to keep them so."""
    few = {name for name, n in table.counts.items() if small(n) and name not in table.answers}
    withheld, vague = protected(table, few, LEAST - 1)
    return _never_alone([_shown(counted, withheld, few - vague) for counted in table.rows])


def apart_from(table: CohortTable, wider: CohortTable) -> set[str]:
    """The counts of a table that a wider one exceeds by few: subtracting the two would tell those few.

    Both are of the same kind of table, the wider one with fewer filters; rows are the same by their names.
    """
    others = {row_key(counted.row): counted.discloses for counted in wider.rows}
    no_secret = table.states | table.answers
    return {
        name
        for counted in table.rows
        for name, other in zip(counted.discloses, others.get(row_key(counted.row), ()), strict=False)
        if table.counts[name] and name not in no_secret
        if small(wider.counts[other] - table.counts[name])
    }


def stands_for_few(difference: CohortDifference) -> bool:
    """Whether a number of a comparison stands for few cases on either side."""
    if any(small(n) for n in difference.n):
        return True
    if difference.kind != "share":
        return False
    hits = [round((value or 0.0) * n) for value, n in zip(difference.values, difference.n, strict=True)]
    return any(small(hit) or small(n - hit) for hit, n in zip(hits, difference.n, strict=True))


def _shown(line: CountedRow, withheld: Collection[str], few: Collection[str]) -> ExportRow:
    if not any(name in withheld for name in line.discloses):
        return line.row
    return _without_numbers(line.row, FEW if any(name in few for name in line.discloses) else WITHHELD)


def _never_alone(rows: Sequence[ExportRow]) -> list[ExportRow]:
    """In no section a single class is withheld: the next smallest goes with it."""
    sections: dict[tuple[str, str], list[int]] = {}
    for index, row in enumerate(rows):
        if row.section != "summary":
            sections.setdefault((row.section, row.quantity), []).append(index)
    kept = list(rows)
    for places in sections.values():
        if sum(bool(rows[index].note) for index in places) == 1:
            others = [(rows[index].n or 0, index) for index in places if rows[index].n]
            if others:
                kept[min(others)[1]] = _without_numbers(rows[min(others)[1]], WITHHELD)
    return kept


def _without_numbers(row: ExportRow, note: str) -> ExportRow:
    return replace(row, n=None, value=None, low=None, high=None, note=note)
