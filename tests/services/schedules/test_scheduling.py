"""What a person chooses for a periodic run becomes an ask, and back; and what comes of it is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from data.database import now
from data.errors import InvalidInput
from data.records import (
    BRAIN_TUMOUR,
    Against,
    DriftAsk,
    DriftRun,
    ReportState,
    Role,
    RunOutcome,
    RunState,
    Severity,
)
from services.assembly.scheduling import DriftPlanning, ReportPlanning, told
from services.drift.runs import JOB
from tests.dashboard.clinic import Clinic

TASKS = (BRAIN_TUMOUR, "pneumonia")


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    clinic = Clinic(tmp_path_factory.mktemp("clinic"), networks=False)
    yield clinic
    clinic.close()


def chosen(**fields: str) -> dict[str, str]:
    return {"task": BRAIN_TUMOUR, "window": "days", "n": "30", "reference": "house", "filters": ""} | fields


def test_choices_of_a_drift_run_are_its_ask_and_back(clinic: Clinic) -> None:
    plans = DriftPlanning(clinic.services.drift, TASKS)
    for given, words in (
        (chosen(), "Drift of Brain tumour: the last 30 days against the first accepted month of this house"),
        (
            chosen(window="readings", n="500", reference="last-quarter", filters="site=North"),
            "the newest 500 readings of scans with site North against the quarter before",
        ),
        (chosen(reference="other-scanners", filters="scanner=Acme"), "against the other scanners"),
    ):
        ask = plans.ask_of("drift", given)
        assert plans.choices_of(ask) == ("drift", given)
        assert words in plans.described(ask)


@pytest.mark.parametrize(
    ("severity", "words"),
    [
        (Severity.CALM, "3 of 31 features drifted."),
        (
            Severity.NOT_JUDGED,
            "3 of 31 features drifted: no alarm, as this house has no reference of its own yet.",
        ),
        (Severity.WARNING, "3 of 31 features drifted: a warning."),
    ],
)
def test_a_schedule_is_told_in_words_what_a_drift_run_came_to(severity: Severity, words: str) -> None:
    run = DriftRun(
        "r", DriftAsk(BRAIN_TUMOUR), RunState.DONE, now(), severity=severity, drifted=3, watched=31
    )
    assert told(run) == words
    for each in Severity:
        assert each.value not in told(replace(run, severity=each)) or "-" not in each.value


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"task": "knees"}, "Choose a task"),
        ({"n": "0"}, "whole number"),
        ({"n": "many"}, "whole number"),
        ({"reference": "0" * 32}, "Choose a reference"),
        ({"reference": Against.OTHER_SCANNERS.value}, "Choose the scanner"),
        ({"filters": "colour=red"}, "nothing called colour"),
    ],
)
def test_what_cannot_be_run_is_refused(clinic: Clinic, fields: dict[str, str], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        DriftPlanning(clinic.services.drift, TASKS).ask_of("drift", chosen(**fields))


def test_each_kind_of_report_can_be_planned() -> None:
    plans = ReportPlanning(TASKS)
    assert plans.described(plans.ask_of("governance", {})) == "Governance report of the month before"
    assert "Pneumonia" in plans.described(plans.ask_of("performance", {"task": "pneumonia"}))
    assert "latest drift run" in plans.described(plans.ask_of("drift", {"task": "pneumonia"}))
    ask = plans.ask_of("cohort", {"n": "7", "filters": "site=North"})
    assert plans.described(ask) == "Cohort report of the last 7 days, site North"
    assert plans.choices_of(ask) == ("cohort", {"n": "7", "filters": "site=North", "window": "days"})
    with pytest.raises(InvalidInput, match="task"):
        plans.ask_of("performance", {"task": "knees"})


def test_what_came_of_a_run_stands_in_its_history(clinic: Clinic) -> None:
    schedules, nora = clinic.services.schedules, clinic.person(Role.MLOPS)
    drift = schedules.add(JOB, schedules.ask_of(JOB, "drift", chosen()), "0 7 * * 1", "", nora)
    cohort = schedules.add("report", schedules.ask_of("report", "cohort", {}), "0 7 * * 1", "", nora)
    of_drift = schedules.ask_of("report", "drift", {"task": BRAIN_TUMOUR})
    report = schedules.add("report", of_drift, "0 7 * * 1", "", nora)
    for schedule in (drift, cohort, report):
        schedules.run_now(schedule.id, nora)
    clinic.jobs.start()
    assert clinic.jobs.wait_idle(120)
    clinic.jobs.stop()
    (run,) = schedules.runs(drift.id)
    assert (run.outcome, run.sentence) == (
        RunOutcome.SKIPPED,
        "Fewer than 60 readings are here: nothing was compared.",
    )
    (run,) = schedules.runs(cohort.id)
    assert (run.outcome, run.link) == (RunOutcome.DONE, "/reports")
    (made,) = clinic.services.reporting.recent()
    assert made.state is ReportState.MADE and "from " in made.title
    (run,) = schedules.runs(report.id)
    assert run.outcome is RunOutcome.FAILED and "no finished drift run" in run.sentence
    assert json.loads(report.ask) == {"kind": "drift", "task": BRAIN_TUMOUR}
