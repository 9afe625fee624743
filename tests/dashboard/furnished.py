"""A clinic in which each address of the API has something to show."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from threadpoolctl import threadpool_limits

from data.database import new_id, now
from data.records import (
    BRAIN_TUMOUR,
    DriftAsk,
    DriftRun,
    Evaluation,
    EvaluationState,
    ReportKind,
    ReportState,
    Role,
    RunState,
    Scan,
    Severity,
)
from data.stores.drift import DriftRunStore
from data.stores.evaluations import EvaluationStore
from services import keys
from services.drift.runs import SNAPSHOT
from tests.dashboard.clinic import ADA, Clinic


def furnish(clinic: Clinic, drift: Callable[[Clinic, Scan], str] | None = None) -> dict[str, str]:
    """Read scans, a drift run and a made report; answers the ids as the API's paths call them.

    `drift` makes the run and answers its id: `compared`, if nothing is said, or `noted`, which takes no time.
    """
    clinician = clinic.person(Role.CLINICIAN, "sender")
    scan, film = clinic.add_volume(clinician.id), clinic.add_film(clinician.id)
    clinic.add_volume(clinician.id, replace(ADA, sex="F"))
    clinic.add_volume(clinician.id, replace(ADA, sex="M"))
    clinic.read_volume(scan)
    clinic.read_film(film)
    clinic.services.reviewing.reviews.accept(scan.id, clinician)
    run_id = (drift or compared)(clinic, scan)
    report = clinic.services.reporting.request(ReportKind.COHORT, {"filters": ""}, clinician)
    clinic.jobs.start()
    deadline = time.monotonic() + 200  # on a busy machine the first chart takes a minute
    while clinic.services.reporting.get(report.id).state is not ReportState.MADE:
        assert time.monotonic() < deadline, "the report was never made"
        time.sleep(0.05)
    clinic.jobs.stop()
    conflict = clinic.services.reviewing.identities.open(clinician)[0]
    return {
        "conflict_id": conflict.id,
        "scan_id": scan.id,
        "result_id": clinic.results.of_scan(scan.id)[0].id,
        "patient_id": scan.patient_id,
        "film_id": film.id,
        "run_id": run_id,
        "evaluation_id": evaluated(clinic).id,
        "report_id": report.id,
    }


def compared(clinic: Clinic, scan: Scan) -> str:
    """A run whose numbers were computed, and the scans that pull it."""
    clinic.add_readings(80, 1)
    clinic.add_readings(60, 2, day=30, scan_ids=[scan.id], noise=0.2)
    run = clinic.services.drift.runs.run_now(DriftAsk(BRAIN_TUMOUR, last=60))
    with threadpool_limits(1):  # more threads than cores make the trees wait for each other
        clinic.services.drift.influential_scans.of(run.id, "overall", None)
    return run.id


def noted(clinic: Clinic, _: Scan) -> str:
    """A run that nobody computed, with a snapshot of one number."""
    run, store = (
        DriftRun(new_id(), DriftAsk(BRAIN_TUMOUR), RunState.WAITING, now()),
        DriftRunStore(clinic.database),
    )
    store.add(run)
    clinic.files.put(f"{keys.drift_run(run.id)}/{SNAPSHOT}", b'{"counts": {"drifted": 1, "watched": 23}}')
    done = replace(run, state=RunState.DONE, severity=Severity.WARNING, reference_name="First month")
    store.finish(replace(done, drifted=1, watched=23), now())
    return run.id


def evaluated(clinic: Clinic, version: str = "2") -> Evaluation:
    """A finished evaluation of every brain scan of the clinic, all of which it called positive."""
    chosen, readings = clinic.services.evaluations.evaluations.sets.chosen(BRAIN_TUMOUR, "cohort", "")
    made = Evaluation(
        new_id(), BRAIN_TUMOUR, version, "a" * 64, chosen, EvaluationState.QUEUED, "u", "Dr U", now(),
        len(readings),
    )  # fmt: skip
    said = {"read_at": now(), "positive": True, "probability": 0.9, "threshold": 0.5, "volume_ml": 1.2}
    store = EvaluationStore(clinic.database)
    store.add(made, [replace(each, **said) for each in readings])  # type: ignore[arg-type]
    store.end(made.id, EvaluationState.DONE, now())
    return made
