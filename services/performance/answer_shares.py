"""What was answered: found, not found or uncertain, with the reasons, and how much was refused beside it.

Of all readings, judged or not. Which answer is uncertain is what people were shown; what the model would have
called it counts elsewhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from data import house_clock
from data.ledger.in_memory import Ledger
from data.ledger.judgements import JudgementStore
from data.ledger.readings import ReadingColumns
from data.ledger.selection import among
from data.records import Doubt, ExportRow, Outcome, ReadCount
from data.stores.refusals import RefusalStore
from models.statistics.estimate import Estimate, undefined
from models.statistics.proportions import proportion
from services.cohort.small_numbers import FEW, small, suppressed
from services.cohort.table import CohortTable, CountedRow
from services.performance.cases import Cases, Which
from services.performance.numbers import BY_MONTH, BY_VERSION, PerformanceQuery

Cell = tuple[str, str, bool]
"""Version, month ("" for all), whether synthetic."""


@dataclass(frozen=True)
class AnswerShares:
    """What one version answered in a month, or in all where that is "".

    `n` readings, `counts` of them by answer, `reasons` among the uncertain ones: one answer may have several.
    `opened` are addresses of the scans of each answer, and how many those show. `refused` is of all scans
    that came for the task in that month, whichever version was to read them; None where that is not told.
    `withheld` says why, by answer, where small numbers are not told.
    """

    version: str
    month: str
    synthetic: bool
    n: int
    counts: Mapping[Outcome, int]
    reasons: Mapping[Doubt, int]
    opened: Mapping[Outcome, tuple[str, int]]
    refused: Estimate | None = None
    withheld: Mapping[Outcome, str] | None = None

    @property
    def cell(self) -> Cell:
        """What they are of."""
        return self.version, self.month, self.synthetic

    def why(self, outcome: Outcome) -> str:
        """Why the share of an answer is not told; "" where it is."""
        return (self.withheld or {}).get(outcome, "")

    def share(self, outcome: Outcome) -> Estimate:
        """The share of an answer with Wilson's interval; n is of all readings."""
        return undefined(self.n) if self.why(outcome) else proportion(self.counts[outcome], self.n)

    def reason(self, doubt: Doubt) -> Estimate:
        """Of the uncertain answers, the share with this reason."""
        return proportion(self.reasons.get(doubt, 0), self.counts[Outcome.UNCERTAIN])


class Answers:
    """Counts; changes nothing."""

    def __init__(
        self, judgements: JudgementStore, cases: Cases, ledger: Ledger, refusals: RefusalStore
    ) -> None:
        self._judgements = judgements
        self._cases = cases
        self._ledger = ledger
        self._refusals = refusals

    def of(self, asked: PerformanceQuery) -> list[AnswerShares]:
        """What every version answered, by month or in all its months as the address asks, oldest first."""
        counts = self._judgements.read_counts(asked.task)
        if asked.by != BY_MONTH:
            versions = sorted({(version, synthetic) for version, _, synthetic in counts})
            return [self._answered(asked, (version, "", made)) for version, made in versions]
        refused, read = self._refused(asked.task), _read(counts)
        return [
            replace(
                self._answered(asked, cell),
                refused=_refused_share(refused.get(cell[1:], 0), read[cell[1:]]),
            )
            for cell in sorted(counts, key=lambda cell: (cell[1], cell[0], cell[2]))
        ]

    def told_outside(self, asked: PerformanceQuery) -> list[AnswerShares]:
        """The same without small numbers, and without what would give them away."""
        every = [*self.of(replace(asked, by=BY_VERSION)), *self.of(replace(asked, by=BY_MONTH))]
        hidden = withheld_answers(every)
        return [_outside(shares, hidden) for shares in every if bool(shares.month) == (asked.by == BY_MONTH)]

    def _answered(self, asked: PerformanceQuery, cell: Cell) -> AnswerShares:
        version, month, synthetic = cell
        readings = self._judgements.readings(asked.task, version, synthetic, asked.hidden.readings)
        readings = readings.in_month(month) if month else readings
        counts = dict(answers_of(readings))
        which = Which(asked.task, version, month, synthetic=synthetic, hidden=asked.hidden)
        opened = {outcome: self._cases.answered(which, outcome) for outcome, n in counts.items() if n}
        reasons = {doubt: int(readings.doubted(doubt).sum()) for doubt in Doubt}
        return AnswerShares(version, month, synthetic, len(readings), counts, reasons, opened)

    def _refused(self, task: str) -> dict[tuple[str, bool], int]:
        """Refusals of the modalities that the task's scans are of, by month and whether synthetic."""
        columns = self._ledger.columns()
        mine = among(columns, "task", [task])
        modalities = {
            name
            for name in columns.names["modality"]
            if not (among(columns, "modality", [name]) & columns.index.alive).isdisjoint(mine)
        }
        counts: dict[tuple[str, bool], int] = {}
        for at, modality, synthetic in self._refusals.moments():
            if modality in modalities:
                key = house_clock.month_of(at), synthetic
                counts[key] = counts.get(key, 0) + 1
        return counts


def answers_of(readings: ReadingColumns) -> Iterator[tuple[Outcome, int]]:
    """How many readings have each of the three answers, in the order of `Outcome`."""
    uncertain = readings.doubts > 0
    yield Outcome.FOUND, int((readings.positive & ~uncertain).sum())
    yield Outcome.NOT_FOUND, int((~readings.positive & ~uncertain).sum())
    yield Outcome.UNCERTAIN, int(uncertain.sum())


def withheld_answers(every: Sequence[AnswerShares]) -> dict[tuple[Cell, Outcome], str]:
    """Why answers are withheld from those outside, of versions with all their months."""
    table = CohortTable()
    names: dict[str, tuple[Cell, Outcome]] = {}
    months: dict[str, list[str]] = {}
    for shares in every:
        whole = f"{shares.cell} all"
        table.counts[whole] = shares.n
        table.public.add(whole)
        table.states.add(whole)
        for outcome, n in shares.counts.items():
            name = f"{shares.cell} {outcome}"
            names[name], table.counts[name] = (shares.cell, outcome), n
            row = ExportRow(str(shares.cell), name, outcome, n, n, group=name)
            table.rows.append(CountedRow(row, (name,)))
            if shares.month:
                months.setdefault(f"{(shares.version, '', shares.synthetic)} {outcome}", []).append(name)
        table.sums.append((whole, tuple(f"{shares.cell} {outcome}" for outcome in shares.counts)))
    table.sums += [(whole, tuple(parts)) for whole, parts in months.items() if whole in table.counts]
    return {names[row.group]: row.note for row in suppressed(table) if row.note}


def _outside(shares: AnswerShares, hidden: Mapping[tuple[Cell, Outcome], str]) -> AnswerShares:
    """As it is told outside: reasons of a version's whole use only, and where none is of few."""
    if small(shares.n):
        return replace(shares, withheld=dict.fromkeys(Outcome, FEW), reasons={}, opened={}, refused=None)
    withheld = {
        outcome: hidden[shares.cell, outcome] for outcome in Outcome if (shares.cell, outcome) in hidden
    }
    few = shares.month or Outcome.UNCERTAIN in withheld or any(small(n) for n in shares.reasons.values())
    refused = shares.refused
    if refused is not None and small(round(refused.value * refused.n)):
        refused = None
    return replace(
        shares, withheld=withheld, reasons={} if few else shares.reasons, opened={}, refused=refused
    )


def _read(counts: Mapping[Cell, ReadCount]) -> Counter[tuple[str, bool]]:
    """How many readings there were of all versions, by month and whether synthetic."""
    read: Counter[tuple[str, bool]] = Counter()
    for (_, month, synthetic), count in counts.items():
        read[month, synthetic] += count.read
    return read


def _refused_share(refused: int, read: int) -> Estimate:
    return proportion(refused, refused + read)
