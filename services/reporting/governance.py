"""The governance report of a period: what was live, how much it did, how well, what went wrong, who decided.

It goes to a committee: no name, no patient's number, no figure that stands for few.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from data import house_clock
from data.database import now
from data.errors import InvalidInput
from data.ledger.judgements import JudgementStore
from data.records import (
    NOTICE,
    SYNTHETIC,
    VERSION,
    Alert,
    DriftRun,
    Goal,
    Judgements,
    Promotion,
    PromotionKind,
    PromotionState,
    Review,
    marked,
)
from data.stores.patients import PatientStore
from data.stores.reviews import ReviewStore
from data.stores.scans import ScanStore
from reports.cohort_document import cohort_chapter
from reports.document import Block, Cell, Chapter, Document, Paragraph, PictureGrid, Table
from reports.markdown import blocks_of
from reports.time_words import clock, day, minute
from services.cohort.cohort import Cohorts
from services.cohort.exports import marks_of, sections, told
from services.cohort.small_numbers import Audience
from services.deidentification import without_identity
from services.drift.small_counts import run_outside
from services.performance.card_words import card_words
from services.performance.history import Histories, History
from services.performance.number_words import KINDS_OF_NUMBERS
from services.performance.small_figures import withheld_figures
from services.reading_words import VERDICT_NAMES, reason_words
from services.reporting import worst_cases
from services.reporting.governance_summary import PeriodOfTask, summary
from services.reporting.performance_chapters import answers_chapter, real_use_chapter, subgroups_chapter
from services.reporting.performance_report import (
    OF_NOBODY,
    SMALL_NUMBERS,
    cases,
    live_words,
    made_known,
)
from services.reporting.reports import Ask, Progress, Written
from services.reviewing.pictures import Pictures
from services.task_words import words_of
from services.versions.promotion_words import outcome_words

_VOLUME = (
    "summary",
    "time",
    "task",
    "site",
    "scanner",
    "version",
    "review",
    "refusals",
    "refusals_by_scanner",
)
_MOST = 200  # lines of a table that people wrote
_PICTURED = (
    "Of a poor mask the model's and the true one stand beside each other; of others the true one is drawn "
    "where there is one, else the model's."
)
_MOST_WORDS = 400
_UNKNOWN = "version unknown"
_DAYS = "days and times by the clock of this house, both days included"
_WORDS = "Texts are as they were written, without the names and numbers of the patients they are about."


@dataclass(frozen=True)
class Period:
    """Days by the clock of the house, both included."""

    first: date
    last: date

    @classmethod
    def of(cls, ask: Ask) -> Period:
        """Raises InvalidInput for what is no period."""
        try:
            first, last = date.fromisoformat(ask["from"]), date.fromisoformat(ask["to"])
        except (KeyError, ValueError):
            raise InvalidInput("Give the period's first and last day, such as 2026-10-01.") from None
        if last < first:
            raise InvalidInput("The period's last day is before its first.")
        return cls(first, last)

    @property
    def start(self) -> datetime:
        """Its first moment."""
        return house_clock.start_of_day(self.first)

    @property
    def end(self) -> datetime:
        """The first moment after it."""
        return house_clock.start_of_day(self.last + timedelta(days=1))

    @property
    def months(self) -> tuple[str, str]:
        """The first and last month that it has a part of, as 2026-10."""
        return f"{self.first:%Y-%m}", f"{self.last:%Y-%m}"

    def holds(self, moment: datetime | None) -> bool:
        """Whether a moment lies in it."""
        return moment is not None and self.start <= moment < self.end


@dataclass(frozen=True)
class Sources:
    """Where a governance report takes what it says from."""

    histories: Histories
    judgements: JudgementStore
    cohorts: Cohorts
    reviews: ReviewStore
    scans: ScanStore
    patients: PatientStore
    pictures: Pictures
    promotions: Callable[[], Sequence[Promotion]]
    drift_runs: Callable[[str], Sequence[DriftRun]]
    of_made_scans: Callable[[DriftRun], bool]
    alerts: Callable[[], Sequence[Alert]]
    card: Callable[[str], str]
    goals: Callable[[str], Mapping[str, Goal]]
    tasks: Sequence[str]


def _of_whom(real: Sequence[str], made_up: Sequence[str]) -> str:
    """Of whom the judged cases are: of each task by name, where it differs."""
    if not real:
        return OF_NOBODY
    return f"{', '.join(made_up)}: {OF_NOBODY}. {', '.join(real)}: real patients."


def _mark(real: Sequence[str], made_up: Sequence[str]) -> str:
    """What follows the moment on every page: nothing, or of which tasks the cases were made up."""
    if not made_up:
        return ""
    which = f"{' and '.join(made_up)} " if real else ""
    return f", {which}{SYNTHETIC}"


class GovernanceReport:
    """Writes reports of a period, `from` and `to` being its days."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    def title(self, ask: Ask) -> str:
        """Raises InvalidInput for what is no period."""
        period = Period.of(ask)
        return f"Governance report, {period.first} to {period.last}"

    def write(self, ask: Ask, by: str, progress: Progress) -> Written:
        """The period's document."""
        period = Period.of(ask)
        histories = {task: self._sources.histories.of(task) for task in self._sources.tasks}
        chapters = [self._live(period, histories), *self._volume(period)]
        progress(0.2)
        real: list[str] = []
        made_up: list[str] = []
        for task in self._sources.tasks:
            judgements, synthetic = self._cases(task, period)
            if len(judgements):
                (made_up if synthetic else real).append(words_of(task).label)
            chapters += self._performance(task, period, judgements, synthetic)
        progress(0.5)
        chapters += [self._drift(period), self._incidents(period), self._feedback(period)]
        chapters += [self._approvals(period), *self._cards()]
        progress(0.7)
        made = clock(now())
        facts = {
            "Period": f"{period.first} to {period.last}, {_DAYS}",
            "Live when made": "; ".join(
                f"{words_of(task).label} {live_words(history, _UNKNOWN)}"
                for task, history in histories.items()
            ),
            "Made": made,
            "By": by,
            "Lightbox": VERSION,
            "Small numbers": SMALL_NUMBERS,
            "Kinds of numbers": KINDS_OF_NUMBERS,
        }
        if made_up:
            facts["Real use"] = _of_whom(real, made_up)
        front = summary(
            [self._summarised(task, period, history) for task, history in histories.items()],
            self._sources.alerts(),
            self._sources.promotions(),
        )
        mark = _mark(real, made_up)
        stamp, by_whom = f"{made}{mark}", f"Made {made} by {by}{mark}"
        front = [Paragraph(f"{by_whom}. {_DAYS.capitalize()}.", "small"), *front]
        return Written(Document(self.title(ask), facts, chapters, stamp, NOTICE, front=front))

    def _summarised(self, task: str, period: Period, history: History) -> PeriodOfTask:
        """A task's judged cases in the period, and in as many days before it."""
        days = period.last - period.first + timedelta(days=1)
        earlier = Period(period.first - days, period.first - timedelta(days=1))
        judgements, synthetic = self._cases(task, period)
        before, made = self._cases(task, earlier)
        return PeriodOfTask(
            task,
            made_known(live_words(history, _UNKNOWN), synthetic),
            judgements,
            before if made == synthetic else before.where(np.zeros(len(before), dtype=bool)),
            [self._sources.judgements.of(task, synthetic=synthetic)],
            self._sources.goals(task),
        )

    def _live(self, period: Period, histories: dict[str, History]) -> Chapter:
        """Each version that was in force, from when, by whom."""
        decided = [
            promotion for promotion in self._sources.promotions() if promotion.state is PromotionState.DONE
        ]
        rows: list[list[Cell]] = []
        for task, history in histories.items():
            rows += _in_force(task, period, decided, history)
        head = ["task", "version", "live from", "until", "approved by", "why"]
        return Chapter("What was live", [Table(head, rows, texts=6)])

    def _volume(self, period: Period) -> Iterator[Chapter]:
        filters = {"from": (str(period.first),), "to": (str(period.last),)}
        cohort = self._sources.cohorts.cohort(filters, None)
        rows = told(self._sources.cohorts, cohort, Audience.OUTSIDE, None)
        figures = self._sources.cohorts.charts(cohort, marks_of(rows))
        for section in sections(rows, figures):
            if section.rows and section.rows[0].section in _VOLUME:
                yield cohort_chapter(section)

    def _cases(self, task: str, period: Period) -> tuple[Judgements, bool]:
        judgements, synthetic = cases(self._sources.judgements, task, *period.months)
        start, end = (int(moment.timestamp() * 1_000_000) for moment in (period.start, period.end))
        inside = (judgements.created_us >= start) & (judgements.created_us < end)
        return judgements.where(np.asarray(inside)), synthetic

    def _performance(
        self, task: str, period: Period, judgements: Judgements, synthetic: bool
    ) -> Iterator[Chapter]:
        read = self._sources.judgements.read_between(task, period.start, period.end, synthetic)
        named = made_known(words_of(task).label, synthetic)
        hidden = withheld_figures(judgements, [self._sources.judgements.of(task, synthetic=synthetic)])
        yield real_use_chapter(judgements, named, read, hidden)
        if len(judgements):
            yield answers_chapter(judgements, named, hidden)
            yield subgroups_chapter(judgements, named, hidden)
            yield self._worst(named, judgements)

    def _worst(self, named: str, judgements: Judgements) -> Chapter:
        chosen = worst_cases.worst(judgements)
        pictures, held = worst_cases.pictured(chosen, self._sources.pictures)
        head = ["", "version", "what", "probability", "Dice", "scan"]
        nothing = "No judged case of this period was wrong, and no outline poor."
        blocks: list[Block] = [Table(head, worst_cases.rows(chosen), texts=3, nothing=nothing)]
        if pictures:
            blocks.append(Paragraph(_PICTURED, "small"))
            blocks.append(PictureGrid(pictures))
        if held:
            blocks.append(Paragraph(f"Pictures left out: {len(held)} of {len(chosen)}.", "small"))
            blocks += [Paragraph(f"Case {number}. {why}", "small") for number, why in held]
        return Chapter(f"{named}: worst cases", blocks)

    def _drift(self, period: Period) -> Chapter:
        rows: list[list[Cell]] = [
            [
                minute(run.created_at),
                made_known(words_of(task).label, self._sources.of_made_scans(run)),
                run.version or "several",
                run.reference_name,
                run.severity.words if run.severity else "failed",
                run.drifted,
                run.watched,
                "withheld" if run_outside(run).current_n != run.current_n else run.current_n,
            ]
            for task in self._sources.tasks
            for run in self._sources.drift_runs(task)
            if period.holds(run.created_at)
        ]
        head = ["run", "task", "version", "reference", "verdict", "drifted", "watched", "n"]
        nothing = "No drift run in this period."
        return Chapter("Drift", [Table(head, rows[:_MOST], texts=5, nothing=nothing)])

    def _incidents(self, period: Period) -> Chapter:
        rows: list[list[Cell]] = [
            [
                minute(alert.first_at),
                alert.severity.words,
                f"{alert.title}. {alert.sentence}",
                ", ".join(filter(None, (alert.state.value, alert.decided_name, alert.why))),
                alert.times,
            ]
            for alert in sorted(self._sources.alerts(), key=lambda alert: alert.first_at)
            if alert.first_at < period.end and alert.last_at >= period.start
        ]
        head = ["since", "severity", "what", "what became of it, by whom, why", "times"]
        nothing = "No alert in this period."
        return Chapter("Incidents", [Table(head, rows[:_MOST], texts=4, nothing=nothing)])

    def _feedback(self, period: Period) -> Chapter:
        """What reviewers wrote in the reviews that count."""
        reviews = self._sources.reviews.reasoned(period.start, period.end, _MOST)
        rows: list[list[Cell]] = [
            [
                day(review.created_at),
                review.scan_id[:8],
                VERDICT_NAMES[review.verdict].lower(),
                self._reason(review),
            ]
            for review in reviews
        ]
        head = ["day", "scan", "verdict", "reason"]
        table = Table(head, rows, texts=4, nothing="No review of this period has a reason or a comment.")
        return Chapter("Feedback of reviewers", [Paragraph(_WORDS, "small"), table])

    def _reason(self, review: Review) -> str:
        scan = self._sources.scans.get(review.scan_id)
        patient = self._sources.patients.get(scan.patient_id, with_identity=True) if scan else None
        words = " ".join(filter(None, (reason_words(review), review.comment)))
        said = without_identity(words[:_MOST_WORDS], patient.identity if patient else None)
        return marked(said, scan is not None and scan.synthetic)

    def _approvals(self, period: Period) -> Chapter:
        rows: list[list[Cell]] = [
            [
                minute(promotion.asked_at),
                _asked_words(promotion),
                outcome_words(promotion),
                f"{promotion.asked_name}: {promotion.reason}",
                f"{promotion.decided_name}: {promotion.decision or ''}" if promotion.decided_name else "",
                promotion.gate.sentence if promotion.gate else "",
            ]
            for promotion in reversed(self._sources.promotions())
            if period.holds(promotion.asked_at) or period.holds(promotion.decided_at)
        ]
        head = ["when", "what", "state", "asked by", "decided by", "gate"]
        nothing = "Nobody asked for a version or decided on one in this period."
        return Chapter("Who approved what", [Table(head, rows[:_MOST], texts=6, nothing=nothing)])

    def _cards(self) -> Iterator[Chapter]:
        for task in self._sources.tasks:
            card = self._sources.card(task)
            if card:
                yield Chapter(f"Model card: {words_of(task).label}", blocks_of(card_words(card)))


def _asked_words(promotion: Promotion) -> str:
    version = f"{words_of(promotion.task).label.lower()}, version {promotion.version}"
    return f"back to {version}" if promotion.kind is PromotionKind.ROLLBACK else version


def _in_force(task: str, period: Period, decided: Sequence[Promotion], history: History) -> list[list[Cell]]:
    """The versions of a task that were live in the period, oldest first."""
    named = words_of(task).label
    changes = sorted(
        (
            promotion
            for promotion in decided
            if promotion.task == task and promotion.decided_at and promotion.decided_at < period.end
        ),
        key=lambda promotion: promotion.decided_at or period.start,
    )
    if not changes:
        return [[named, live_words(history, _UNKNOWN), "", "", "", "as it was set up"]]
    rows: list[list[Cell]] = []
    first = changes[0]
    if period.holds(first.decided_at) and first.from_version:
        rows.append([named, first.from_version, "", minute(first.decided_at), "", "as it was set up"])
    for change, following in zip(changes, [*changes[1:], None], strict=True):
        until = following.decided_at if following else None
        if until is not None and until < period.start:
            continue
        who = change.decided_name or change.asked_name
        rows.append([named, change.version, minute(change.decided_at), minute(until), who, change.reason])
    return rows
