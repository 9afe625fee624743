"""What the house itself knows of a version, as texts for its card, each with its date and where it stands."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from data.database import now
from data.records import (
    NOTICE,
    Alert,
    DriftRun,
    Goal,
    Judgements,
    ModelVersion,
    Promotion,
    PromotionState,
)
from models.statistics.estimate import Estimate
from models.task import Task, TaskKind
from reports.time_words import day
from services import addresses
from services.cohort.small_numbers import LEAST
from services.drift.small_counts import run_outside
from services.performance.history_records import figures_of
from services.performance.metrics import METRICS, Metric, figure_metric, figure_words
from services.performance.number_words import interval_words, value_words
from services.performance.small_figures import ALL, in_group, withheld_figures
from services.statistics.scoring import scored
from services.statistics.subgroups import SUBGROUPS, subgroups

if TYPE_CHECKING:
    import pandas as pd

_TOLD = ("recall", "specificity", "precision", "auc", "calibration_error", "dice")
_OF_GROUPS = ("recall", "specificity")
_MOST_FIGURES = 12


@dataclass(frozen=True)
class Filled:
    """What a card says of an attribute: the text, as of when, and the address of the evidence."""

    text: str
    as_of: datetime
    evidence: str
    evidence_words: str


@dataclass(frozen=True)
class CardFacts:
    """Everything of this house that a version's card is filled from."""

    task: Task
    version: ModelVersion
    threshold: float | None  # None: the version's files cannot be had
    card: str  # the version's own, in markdown
    reference: pd.DataFrame | None  # a sample of what it was trained on
    judgements: Judgements  # of its real readings, reviewed
    goals: Mapping[str, Goal]
    drift: DriftRun | None  # the latest finished run of it
    alerts: Sequence[Alert]  # of the task, open and past
    promotions: Sequence[Promotion]
    feedback: int  # messages about results that nobody has answered


def filled(facts: CardFacts) -> dict[str, Filled]:
    """What can be said by itself, by the key of the attribute; the rest is missing."""
    made = {key: fill(facts) for key, fill in _FILLING.items()}
    return {key: text for key, text in made.items() if text is not None}


def section(card: str, heading: str) -> str | None:
    """What stands in a card under a heading, without sub-headings' own marks; None where there is none."""
    level = r"#{2,3}"
    found_at = re.search(rf"^({level}) {re.escape(heading)}\s*$", card, re.MULTILINE)
    if found_at is None:
        return None
    rest = card[found_at.end() :]
    following = re.search(r"^#{2,3} ", rest, re.MULTILINE)
    text = rest[: following.start()] if following else rest
    return text.strip() or None


def _of_card(*headings: str) -> Callable[[CardFacts], Filled | None]:
    def fill(facts: CardFacts) -> Filled | None:
        parts = [text for heading in headings if (text := section(facts.card, heading))]
        words = f"Model card of version {facts.version.version}, “{headings[0]}”"
        return _of_version(facts, "\n\n".join(parts), words) if parts else None

    return fill


def _of_version(facts: CardFacts, text: str, words: str = "Models") -> Filled:
    return Filled(text, facts.version.created_at, addresses.MODELS, words)


def _output(facts: CardFacts) -> Filled:
    words = facts.task.words
    mask = "a mask of it with sizes and the Dice to be expected, " if words.draws_mask else ""
    limit = "" if facts.threshold is None else f" It is called from a probability of {facts.threshold:g} on."
    text = (
        f"The probability that a scan shows {words.finding}, {mask}and whether the answer is found, not "
        f"found or uncertain, with the reason.{limit}"
    )
    return _of_version(facts, text)


def _output_type(facts: CardFacts) -> Filled:
    kinds = {
        TaskKind.SEGMENTATION: "Classification of a scan, and segmentation (a mask) as its evidence.",
        TaskKind.CLASSIFICATION: "Classification of a picture.",
        TaskKind.ROUTING: "Classification of what a picture is.",
    }
    return _of_version(facts, kinds[facts.task.kind])


def _users(facts: CardFacts) -> Filled:
    text = (
        "Clinicians, who review each result; department heads and MLOps staff see results and their figures. "
        "Nobody else sees a scan."
    )
    return _of_version(facts, text, "Who may do what")


def _role(facts: CardFacts) -> Filled:
    text = f"It informs: a second look beside a clinician's own reading, and replaces nothing. {NOTICE}"
    return _of_version(facts, text)


def _inputs(facts: CardFacts) -> Filled:
    text = (
        f"None. The network is given pixels only ({facts.task.preprocessing}); age, sex, site and scanner of "
        "the header are used for figures, never for an answer."
    )
    return _of_version(facts, text)


def _trained_on(facts: CardFacts) -> Filled | None:
    sample = facts.reference
    if sample is None or not {"sex", "age_years"} <= set(sample.columns):
        return None
    sexes = sample["sex"].fillna("not stated").value_counts()
    ages = sample["age_years"].dropna()
    parts = [f"A sample of {len(sample)} scans of the labelled data."]
    parts.append("Sex: " + ", ".join(f"{name} {count}" for name, count in sexes.items()) + ".")
    if len(ages):
        spread = f"{ages.min():.0f} to {ages.max():.0f} years"
        parts.append(f"Age (known of {len(ages)}): median {ages.median():.0f}, {spread}.")
    parts.append("Race, ethnicity and language are not in the data.")
    return _of_version(facts, " ".join(parts), "reference.parquet of the version")


def _relevance(facts: CardFacts) -> Filled | None:
    run = facts.drift
    if run is None or run.finished_at is None or run.watched is None:
        return None
    if run_outside(run) != run:  # a side of few is not told, and nothing could be judged
        return None
    text = (
        f"{run.drifted} of {run.watched} watched features differ between {run.current_n} readings here and "
        f"{run.reference_n} of the reference “{run.reference_name}”."
    )
    address = str(addresses.DriftAddress(task=facts.task.name, run=run.id))
    return Filled(text, run.finished_at, address, "Drift run")


def _tested(facts: CardFacts) -> Filled | None:
    figures = {name: figure for name, figure in figures_of(facts.version.metrics).items() if figure.n}
    figures = {name: figure for name, figure in figures.items() if not name.startswith("outside")}
    if not figures:
        return None
    told = [
        f"{figure_words(name)}: {_told(figure_metric(name), figure)}"
        for name, figure in list(figures.items())[:_MOST_FIGURES]
    ]
    address = addresses.performance(f"task={facts.task.name}&version={facts.version.version}&of=validation")
    return Filled("; ".join(told) + ".", facts.version.created_at, address, "Performance, validation")


def _monitored(facts: CardFacts) -> Filled:
    goals = [_goal(METRICS[name], goal) for name, goal in facts.goals.items() if name in METRICS]
    set_ = f" Goals and limits: {'; '.join(goals)}." if goals else " No goal is set."
    text = (
        "Each review has its month scored within seconds; a random sample is proposed for review whatever "
        f"the model says; figures past their limit raise an alarm once a minute.{set_}"
    )
    at = max((goal.set_at for goal in facts.goals.values()), default=now())
    return Filled(text, at, _performance(facts), "Performance")


def _local(facts: CardFacts) -> Filled | None:
    judged, hidden = facts.judgements, withheld_figures(facts.judgements)
    figures = scored(judged) if len(judged) >= LEAST else {}
    told = [
        f"{METRICS[name].label}: {_told(METRICS[name], figures[name])}"
        for name in _TOLD
        if name in figures and figures[name].n and not hidden.why(ALL, name, figures[name].n)
    ]
    if not told:
        return None
    n = "how many is withheld" if hidden.why(ALL, "cases", len(judged)) else f"n = {len(judged)}"
    text = f"Of real readings here whose truth is known ({n}): {'; '.join(told)}."
    return Filled(text, now(), _performance(facts), "Performance, real use")


def _fairness_monitored(facts: CardFacts) -> Filled:
    groups = ", ".join(name.lower() for name in SUBGROUPS.values())
    text = f"Figures and their gap to all others by {groups}, recomputed with each review, on every look."
    return Filled(text, now(), _performance(facts), "Performance, groups of patients")


def _fair_here(facts: CardFacts) -> Filled | None:
    told, hidden = [], withheld_figures(facts.judgements)
    for dimension, label in SUBGROUPS.items():
        for group in subgroups(facts.judgements, dimension) if len(facts.judgements) else ():
            cell = in_group(dimension, group.name)
            figures = [
                f"{METRICS[name].label.lower()} {_told(METRICS[name], group.figures[name])}"
                for name in _OF_GROUPS
                if name in group.figures
                and group.figures[name].n
                and not hidden.why(cell, name, group.figures[name].n)
            ]
            if figures:
                told.append(f"{label} {group.name}: {', '.join(figures)}")
    if not told:
        return None
    return Filled("; ".join(told) + ".", now(), _performance(facts), "Performance, groups of patients")


def _updated(facts: CardFacts) -> Filled:
    done = [promotion for promotion in facts.promotions if promotion.state is PromotionState.DONE]
    history = "; ".join(
        f"version {each.version} went live {day(each.decided_at or each.asked_at)}" for each in done[:5]
    )
    text = (
        "A version is registered, rehearsed on the last real scans, and promoted by the promotion gate or by "
        "two people; there is no fixed interval, and nothing learns while it serves. "
        + (f"Last: {history}." if history else "None was promoted here yet.")
    )
    at = max((each.decided_at or each.asked_at for each in done), default=facts.version.created_at)
    return Filled(text, at, addresses.MODELS, "Models, promotions")


def _corrected(facts: CardFacts) -> Filled:
    still = sum(alert.closed_at is None for alert in facts.alerts)
    text = (
        f"Alarms of this task: {still} open, {len(facts.alerts) - still} closed. Messages about results that "
        f"wait for an answer: {facts.feedback}. A version is rolled back at once, without the gate."
    )
    at = max((alert.last_at for alert in facts.alerts), default=now())
    return Filled(text, at, addresses.ALERTS, "Alerts")


def _performance(facts: CardFacts) -> str:
    return addresses.performance(f"task={facts.task.name}&version={facts.version.version}&synthetic=no")


def _told(metric: Metric, figure: Estimate) -> str:
    said = value_words(metric, figure.value)
    if math.isfinite(figure.low) and math.isfinite(figure.high):
        said += f" ({interval_words(metric, figure.low, figure.high)})"
    return f"{said}, n = {figure.n}"


def _goal(metric: Metric, goal: Goal) -> str:
    parts = []
    for name, value in (("goal", goal.goal), ("limit", goal.alert_limit)):
        if value is not None:
            parts.append(f"{name} {value_words(metric, value)}")
    return f"{metric.label}: {', '.join(parts)}"


_OUTSIDE = "Figures outside the training sources"
_FILLING: Mapping[str, Callable[[CardFacts], Filled | None]] = {
    "output": _output,
    "output_type": _output_type,
    "intended_use": _of_card("Intended use"),
    "intended_population": _of_card("Intended use"),
    "intended_users": _users,
    "decision_role": _role,
    "out_of_scope": _of_card("Not intended"),
    "known_risks": _of_card("Known limits"),
    "training_criteria": _of_card("Data"),
    "demographic_inputs": _inputs,
    "training_representativeness": _trained_on,
    "relevance": _relevance,
    "external_source": _of_card("By source and age"),
    "external_representativeness": _of_card("By source and age"),
    "external_process": _of_card(_OUTSIDE),
    "validity_test": _tested,
    "fairness_test": _of_card("By group"),
    "validity_external": _of_card(_OUTSIDE),
    "fairness_external": _of_card("Answers by group"),
    "validity_monitoring": _monitored,
    "validity_local": _local,
    "fairness_monitoring": _fairness_monitored,
    "fairness_local": _fair_here,
    "update_process": _updated,
    "correction": _corrected,
}
