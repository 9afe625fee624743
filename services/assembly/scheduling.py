"""What is run periodically: drift runs and reports, each with what a person chooses of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta

from data.codec import from_json, to_json
from data.database import now
from data.errors import InvalidInput, NotFound
from data.records import (
    Against,
    DriftAsk,
    DriftRun,
    Report,
    ReportKind,
    ReportState,
    RunState,
    Schedule,
    Severity,
)
from reports.drift_columns import FEWEST
from services import addresses
from services.addresses import DriftAddress, ReportsAddress
from services.assembly.drift import DriftServices
from services.cohort.filters import filters_of, in_words, query_of
from services.drift.reference_rules import NAMES
from services.drift.runs import JOB, DriftRuns
from services.drift.windows import LAST, MOST_DAYS
from services.permissions import Permission
from services.reporting.reports import Reporting
from services.retraining.retrainings import Retrainings
from services.retraining.triggers import RetrainingRule
from services.schedules.kinds import Choices, Default, Offer, Planning
from services.schedules.schedules import Schedules
from services.task_words import words_of

_JUDGED = {
    Severity.CALM: "",
    Severity.TOO_FEW: ": too few readings to judge",
    Severity.NOT_JUDGED: ": no alarm, as this house has no reference of its own yet",
    Severity.WARNING: ": a warning",
    Severity.CRITICAL: ": critical",
}
REPORT = "report"
MONTHLY, WEEKLY = "0 7 1 * *", "0 5 * * 1"
READINGS, DAYS = "readings", "days"
"""Of what a window's number is."""
_COHORT_DAYS = 30
_MOST = 1_000_000
DRIFT_OFFER = Offer("drift", "Drift run", ("task", "window", "n", "reference", "filters"), LAST, "How many")
PROPOSED, UNATTENDED = "proposed", "unattended"
RETRAINING = "retraining"
_NEW_TRUTHS = 100
RETRAINING_OFFERS = tuple(
    Offer(name, words, ("task", "n"), _NEW_TRUTHS, "New scans with a known truth")
    for name, words in (
        (PROPOSED, "Retraining, proposed where truths or drift are new"),
        (UNATTENDED, "Retraining, begun by itself; a person promotes"),
    )
)
REPORT_OFFERS = (
    Offer(ReportKind.GOVERNANCE.value, "Governance report of the month before", ()),
    Offer(ReportKind.PERFORMANCE.value, "Performance report of a task", ("task",)),
    Offer(ReportKind.DRIFT.value, "Report of a task's latest drift run", ("task",)),
    Offer(ReportKind.COHORT.value, "Cohort report of the last days", ("n", "filters"), _COHORT_DAYS),
)


def schedule_drift(schedules: Schedules, drift: DriftServices, tasks: Sequence[str]) -> None:
    """Let drift be run periodically, by default once a week for each task."""

    def run(schedule: Schedule) -> None:
        ask: DriftAsk = from_json(DriftAsk, schedule.ask)
        if drift.windows.count(ask.task) < 2 * FEWEST:  # a house that is new has nothing to compare yet
            schedules.skipped(
                schedule.id, f"Fewer than {2 * FEWEST} readings are here: nothing was compared."
            )
        else:
            drift.runs.request(ask, schedule_id=schedule.id)

    def settled(finished: DriftRun) -> None:
        if finished.schedule_id is None:
            return
        link = str(DriftAddress(finished.task, finished.id))
        if finished.state is RunState.DONE:
            schedules.succeeded(finished.schedule_id, told(finished), link)
        else:
            schedules.failed(finished.schedule_id, finished.failure or "The run failed.", link)

    asks = [to_json(DriftAsk(task, last=LAST)) for task in tasks]
    defaults = [
        Default(f"Weekly drift: {words_of(task).label}", ask, WEEKLY, key=f"Weekly drift of {task}")
        for task, ask in zip(tasks, asks, strict=True)
    ]
    plans = DriftPlanning(drift, tasks)
    planning = Planning((DRIFT_OFFER,), plans.ask_of, plans.choices_of)
    schedules.register(JOB, run, plans.described, defaults=defaults, planning=planning, later=True)
    drift.runs.when_settled(settled)


class DriftPlanning:
    """Plain choices as the ask of a drift run, and back; and either in words."""

    def __init__(self, drift: DriftServices, tasks: Sequence[str]) -> None:
        self._drift = drift
        self._tasks = tuple(tasks)

    def ask_of(self, _: str, chosen: Choices) -> str:
        """Raises InvalidInput for what cannot be run."""
        task, (rule, named) = task_of(chosen, self._tasks), Against.parsed(chosen.get("reference"))
        n = number_of(chosen, LAST)
        last, days = (None, n) if chosen.get("window") == DAYS else (n, None)
        query = query_of(filters_of(chosen.get("filters", "")))
        ask = DriftAsk(task, named, last, query=query, days=days, against=rule)
        if named is not None and named not in {known.id for known in self._drift.runs.references.all(task)}:
            raise InvalidInput("Choose a reference of this task.")
        self._drift.windows.check(ask)
        return to_json(ask)

    def choices_of(self, text: str) -> tuple[str, Choices]:
        """What was chosen for an ask."""
        ask: DriftAsk = from_json(DriftAsk, text)
        return DRIFT_OFFER.name, {
            "task": ask.task,
            "window": READINGS if ask.days is None else DAYS,
            "n": str(ask.days or ask.last or LAST),
            "reference": ask.reference_id or ask.against.value,
            "filters": ask.query,
        }

    def described(self, text: str) -> str:
        """A drift run as a sentence without its full stop."""
        ask: DriftAsk = from_json(DriftAsk, text)
        window = f"the last {ask.days:,} days" if ask.days else f"the newest {ask.last or LAST:,} readings"
        if ask.query:
            window += f" of scans with {in_words(filters_of(ask.query))}"
        against = NAMES[ask.against]
        if ask.reference_id is not None:
            known = {known.id: known.name for known in self._drift.runs.references.all(ask.task)}
            against = f"“{known.get(ask.reference_id, 'a reference that is gone')}”"
        return f"Drift of {words_of(ask.task).label}: {window} against {against}"


def schedule_reports(
    schedules: Schedules, reporting: Reporting, runs: DriftRuns, tasks: Sequence[str]
) -> None:
    """Let reports be made periodically: by default the governance report of a month, when it is over."""
    plans = ReportPlanning(tasks)

    def run(schedule: Schedule) -> None:
        kind, asked = plans.read(schedule.ask)
        asked = _dated(kind, asked, runs)
        reporting.request(kind, asked | {"schedule": schedule.id}, None)
        reporting.prune()

    def settled(report: Report) -> None:
        schedule_id = report.ask.get("schedule")
        if schedule_id and report.state is ReportState.MADE:
            schedules.succeeded(schedule_id, report.title, str(ReportsAddress()))
        elif schedule_id:
            schedules.failed(schedule_id, report.failure or "It was not made.", str(ReportsAddress()))

    ask = json.dumps({"kind": ReportKind.GOVERNANCE.value})
    default = Default("Governance report of the month", ask, MONTHLY)
    planning = Planning(REPORT_OFFERS, plans.ask_of, plans.choices_of)
    schedules.register(REPORT, run, plans.described, defaults=[default], planning=planning, later=True)
    reporting.when_settled(settled)


class ReportPlanning:
    """Plain choices as the ask of a report, and back; and either in words."""

    def __init__(self, tasks: Sequence[str]) -> None:
        self._tasks = tuple(tasks)

    def ask_of(self, offer: str, chosen: Choices) -> str:
        """Raises InvalidInput for what cannot be made."""
        asked = {"kind": ReportKind(offer).value}
        fields = next(each.fields for each in REPORT_OFFERS if each.name == offer)
        if "task" in fields:
            asked["task"] = task_of(chosen, self._tasks)
        if "n" in fields:
            asked["days"] = str(number_of(chosen, _COHORT_DAYS, MOST_DAYS))
            asked["filters"] = query_of(filters_of(chosen.get("filters", "")))
        return json.dumps(asked)

    def choices_of(self, text: str) -> tuple[str, Choices]:
        """What was chosen for an ask."""
        kind, asked = self.read(text)
        days = asked.pop("days", str(_COHORT_DAYS))
        return kind.value, asked | {"n": days, "window": DAYS}

    def read(self, text: str) -> tuple[ReportKind, dict[str, str]]:
        """An ask in its parts."""
        asked = {name: str(value) for name, value in json.loads(text).items()}
        return ReportKind(asked.pop("kind")), asked

    def described(self, text: str) -> str:
        """A report as a sentence without its full stop."""
        kind, asked = self.read(text)
        if kind is ReportKind.PERFORMANCE:
            return f"Performance report of {words_of(asked['task']).label}"
        if kind is ReportKind.DRIFT:
            return f"Report of the latest drift run of {words_of(asked['task']).label}"
        if kind is ReportKind.COHORT:
            scans = in_words(filters_of(asked.get("filters", "")))
            return f"Cohort report of the last {asked['days']} days, {scans}"
        return "Governance report of the month before"


def schedule_retrainings(schedules: Schedules, retrainings: Retrainings, tasks: Sequence[str]) -> None:
    """Let it be looked, as often as somebody plans, whether a task is due to be retrained."""
    plans = RetrainingPlanning(tasks)

    def run(schedule: Schedule) -> None:
        opened, said = retrainings.look(from_json(RetrainingRule, schedule.ask))
        if opened is None:
            schedules.skipped(schedule.id, said)
        else:
            schedules.succeeded(schedule.id, said, addresses.RETRAININGS)

    planning = Planning(RETRAINING_OFFERS, plans.ask_of, plans.choices_of)
    schedules.register(
        RETRAINING, run, plans.described, planning=planning, later=True, permission=Permission.RETRAIN
    )


class RetrainingPlanning:
    """Plain choices as the rule of a retraining, and back; and either in words."""

    def __init__(self, tasks: Sequence[str]) -> None:
        self._tasks = tuple(tasks)

    def ask_of(self, offer: str, chosen: Choices) -> str:
        """Raises InvalidInput for what is no rule."""
        task = task_of(chosen, self._tasks)
        return to_json(RetrainingRule(task, number_of(chosen, _NEW_TRUTHS), offer == UNATTENDED))

    def choices_of(self, text: str) -> tuple[str, Choices]:
        """What was chosen for a rule."""
        rule: RetrainingRule = from_json(RetrainingRule, text)
        return UNATTENDED if rule.unattended else PROPOSED, {"task": rule.task, "n": str(rule.new_truths)}

    def described(self, text: str) -> str:
        """A rule as a sentence without its full stop."""
        rule: RetrainingRule = from_json(RetrainingRule, text)
        what = "Retraining, begun by itself," if rule.unattended else "A proposal to retrain"
        truths = f"from {rule.new_truths:,} new truths on, or where drift is new"
        return f"{what} of {words_of(rule.task).label}: {truths}"


def told(run: DriftRun) -> str:
    """What a finished drift run came to, in a sentence for its schedule."""
    return f"{run.drifted} of {run.watched} features drifted{_JUDGED[run.severity or Severity.CALM]}."


def task_of(chosen: Choices, tasks: Sequence[str]) -> str:
    """Which task was chosen; raises InvalidInput for none, or one that there is not."""
    task = chosen.get("task", "")
    if task not in tasks:
        raise InvalidInput("Choose a task first.")
    return task


def number_of(chosen: Choices, usual: int, most: int = _MOST) -> int:
    """How many readings or days were chosen, `usual` where the field is not among the choices.

    Raises InvalidInput for what is no number from 1 to `most`: an empty field is no choice of the usual one.
    """
    text = str(chosen.get("n", usual)).strip()
    if not (text.isascii() and text.isdecimal()) or not 1 <= int(text) <= most:
        raise InvalidInput(f"Give a whole number from 1 to {most:,} for how many.")
    return int(text)


def _dated(kind: ReportKind, asked: dict[str, str], runs: DriftRuns) -> dict[str, str]:
    """What a report is asked for today: the month before, the last days, the latest run."""
    if kind is ReportKind.GOVERNANCE:
        return last_month()
    if kind is ReportKind.DRIFT:
        latest = next(iter(runs.finished(asked["task"], 1)), None)
        if latest is None:
            raise NotFound(f"There is no finished drift run of {words_of(asked['task']).label} yet.")
        return {"run": latest.id}
    if kind is ReportKind.COHORT:
        first = now().astimezone() - timedelta(days=int(asked["days"]))
        filters = filters_of(asked.get("filters", "")) | {"from": (f"{first:%Y-%m-%d}",)}
        return {"filters": query_of(filters)}
    return asked


def last_month() -> dict[str, str]:
    """The first and last day of the month before this one, by the clock of the house."""
    last = now().astimezone().replace(day=1) - timedelta(days=1)
    return {"from": f"{last:%Y-%m}-01", "to": f"{last:%Y-%m-%d}"}
