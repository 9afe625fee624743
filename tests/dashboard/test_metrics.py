"""/metrics, as Prometheus reads it."""

from __future__ import annotations

import logging
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from data.database import now
from data.errors import InvalidInput
from data.records import (
    BRAIN_TUMOUR,
    SYNTHETIC_REFUSALS,
    DriftAsk,
    DriftRun,
    JobState,
    KeptRefusal,
    Refusal,
    Role,
    RunState,
    Severity,
)
from data.stores.drift import DriftRunStore
from data.stores.jobs import JobStore
from data.stores.refusals import RefusalStore
from data.stores.suspensions import SuspensionStore
from tests.dashboard.clinic import Clinic
from tests.stopping import a_suspension


def _text(server: Flask) -> str:
    return server.test_client().get("/metrics").text


def _metrics(server: Flask) -> dict[str, Metric]:
    return {metric.name: metric for metric in text_string_to_metric_families(_text(server))}


def _values(server: Flask, name: str, sample: str | None = None) -> dict[tuple[str, ...], float]:
    """The values of a metric by those of its labels, in the order of their names."""
    metric = _metrics(server).get(name)
    if metric is None:
        return {}
    return {
        tuple(value for _, value in sorted(line.labels.items())): line.value
        for line in metric.samples
        if sample is None or line.name == sample
    }


def test_prometheus_own_tool_finds_nothing_wrong(server: Flask, clinic: Clinic) -> None:
    clinic.services.health.durations.job("read", JobState.DONE, 1.0)
    text = _text(server)
    kinds = {metric.name: metric.type for metric in text_string_to_metric_families(text)}
    assert kinds["lightbox_inference_items"] == kinds["lightbox_refusals"] == "counter"
    assert kinds["lightbox_job_duration_seconds"] == "histogram"
    if (promtool := shutil.which("promtool")) is None:
        return
    checked = subprocess.run(
        [promtool, "check", "metrics"], input=text, capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


def test_requests_are_counted_by_the_pattern_of_their_address(server: Flask, clinic: Clinic) -> None:
    client, scan = server.test_client(), clinic.add_volume("u")
    client.get(f"/api/v1/scans/{scan.id}")
    client.get("/healthz")
    client.get("/healthz")
    name = "lightbox_http_request_duration_seconds"
    counts = _values(server, name, f"{name}_count")
    assert counts["GET", "/healthz", "200"] == 2
    assert counts["GET", "/api/v1/scans/<scan_id>", "401"] == 1
    assert scan.id not in _text(server)


def test_addresses_and_methods_that_somebody_makes_up_are_no_series(server: Flask) -> None:
    client = server.test_client()
    before = len(_metrics(server)["lightbox_http_request_duration_seconds"].samples)
    for number in range(5):
        client.open(f"/made-up/{number}", method=f"MADE{number}")
    text = _text(server)
    assert "made-up" not in text
    assert "MADE" not in text
    # one status, and the look before
    after = len(_metrics(server)["lightbox_http_request_duration_seconds"].samples)
    assert after - before <= 3 * 16


def test_jobs_are_counted_with_what_became_of_them(clinic: Clinic, server: Flask) -> None:
    clinic.jobs.tell_of_ends(clinic.services.health.durations.job)
    clinic.jobs.register("good", lambda _: None)
    clinic.jobs.register("bad", _refuse)
    clinic.jobs.start()
    try:
        clinic.jobs.submit("good", "a")
        clinic.jobs.submit("good", "b")
        clinic.jobs.submit("bad", "a")
        assert clinic.jobs.wait_idle(30)
    finally:
        clinic.jobs.stop()
    name = "lightbox_job_duration_seconds"
    counts = _values(server, name, f"{name}_count")
    counts = {labels: number for labels, number in counts.items() if labels[0] in ("good", "bad")}
    assert counts == {("good", "done"): 2, ("bad", "failed"): 1}


def _refuse(_: object) -> None:
    raise InvalidInput("No.")


def test_refusals_are_counted_by_reason_and_outlive_a_restart(clinic: Clinic, server: Flask) -> None:
    refusals = RefusalStore(clinic.database)
    refusals.add([Refusal("a", "colour", "x"), Refusal("b", "colour", "x"), Refusal("c", "phantom", "x")])
    made_up = Refusal("d", "colour", "x")
    refusals.put(KeptRefusal(f"{SYNTHETIC_REFUSALS}000001", made_up, now()))
    assert _values(server, "lightbox_refusals", "lightbox_refusals_total") == {
        ("colour",): 2,
        ("phantom",): 1,
    }


@pytest.fixture
def counting(clinic: Clinic) -> Iterator[None]:
    clinic.services.health.durations.start()
    yield
    clinic.services.health.durations.stop()


def test_faults_are_counted_and_words_are_not(counting: None, server: Flask) -> None:
    logging.getLogger("lightbox.some").error("broken")
    logging.getLogger("lightbox.some").warning("odd")
    assert _values(server, "lightbox_errors", "lightbox_errors_total") == {("lightbox.some",): 1}


def test_the_version_in_force_stands_there_with_what_runs_it(server: Flask) -> None:
    # in the order of the labels' names: library, precision, task, version
    assert ("torch", "float32", BRAIN_TUMOUR, "2") in _values(server, "lightbox_model_info")


def test_alerts_that_are_not_closed_are_counted(clinic: Clinic, server: Flask) -> None:
    assert _values(server, "lightbox_alerts") == {}
    clinic.alerts.raise_alert("a", Severity.WARNING, "A", "a", "/drift")
    clinic.alerts.raise_alert("b", Severity.WARNING, "B", "b", "/drift")
    assert _values(server, "lightbox_alerts") == {("warning", "open", "no"): 2}
    clinic.alerts.settle("a")
    assert _values(server, "lightbox_alerts") == {("warning", "open", "no"): 1}


def test_the_latest_drift_run_says_how_things_stand(clinic: Clinic, server: Flask) -> None:
    runs, at = DriftRunStore(clinic.database), now()
    for number, severity in enumerate((Severity.CRITICAL, Severity.CALM)):
        moment = at + timedelta(minutes=number)
        run = DriftRun(str(number), DriftAsk(BRAIN_TUMOUR), RunState.WAITING, moment)
        runs.add(run)
        runs.finish(DriftRun(str(number), run.ask, RunState.DONE, moment, severity=severity), moment)
    assert _values(server, "lightbox_drift_state") == {("calm", "unknown", BRAIN_TUMOUR): 1}
    (ended,) = _values(server, "lightbox_drift_run_timestamp_seconds").values()
    assert abs(ended - (at + timedelta(minutes=1)).timestamp()) < 1


def test_a_registry_that_does_not_answer_is_down(clinic: Clinic, server: Flask) -> None:
    assert _values(server, "lightbox_registry_up") == {(): 1.0}
    clinic.services.versions.registry.trouble = "MLflow cannot be reached."
    assert _values(server, "lightbox_registry_up") == {(): 0.0}


def test_versions_whose_weights_are_gone_are_named(clinic: Clinic, server: Flask) -> None:
    ready = server.test_client().get("/readyz")
    assert (ready.get_json()["registry"], _values(server, "lightbox_model_weights_missing")) == ("ok", {})
    clinic.services.versions.registered_files.look()  # its two versions never had any
    assert _values(server, "lightbox_model_weights_missing") == {
        (BRAIN_TUMOUR, "1"): 1,
        (BRAIN_TUMOUR, "2"): 1,
    }
    ready = server.test_client().get("/readyz")
    assert ready.status_code == 200  # what serves goes on
    assert "Brain tumour version 2 are not in MLflow" in ready.get_json()["registry"]


def test_a_figure_is_past_its_limit_as_long_as_its_alert_stands(clinic: Clinic, server: Flask) -> None:
    goals, task, head = clinic.services.performance.goals, BRAIN_TUMOUR, clinic.person(Role.HEAD)
    assert _values(server, "lightbox_performance_past_limit") == {}
    goals.set_typed(task, "recall", "95", "90", head)
    goals.set_typed(task, "dice", "0.8", "", head)  # a goal calls nobody
    assert _values(server, "lightbox_performance_past_limit") == {("recall", task): 0}
    cause = f"performance limit {task} recall"
    clinic.alerts.raise_alert(cause, Severity.WARNING, "Recall", "Beyond.", "/performance")
    assert _values(server, "lightbox_performance_past_limit") == {("recall", task): 1}


def test_suspensions_count_until_somebody_lifts_them(clinic: Clinic, server: Flask) -> None:
    store = SuspensionStore(clinic.database)
    assert _values(server, "lightbox_suspensions")[(BRAIN_TUMOUR,)] == 0
    store.add(a_suspension())
    lifted = a_suspension("1")
    store.add(lifted)
    store.change(lifted.id, lambda _: replace(lifted, lifted_at=now()))
    assert _values(server, "lightbox_suspensions")[(BRAIN_TUMOUR,)] == 1


def test_waiting_is_told_of_the_job_that_waits_longest(clinic: Clinic, server: Flask) -> None:
    assert _values(server, "lightbox_job_waiting_seconds") == {}
    clinic.jobs.register("slow", lambda _: None)
    first = clinic.jobs.submit("slow", "a")
    clinic.jobs.submit("slow", "b")
    (waited,) = _values(server, "lightbox_job_waiting_seconds").values()
    assert 0 <= waited <= (now() - first.created_at).total_seconds()
    assert JobStore(clinic.database).waiting() == {"slow": (2, first.created_at)}


def test_readings_that_wait_are_counted_and_none_is_a_number_too(clinic: Clinic, server: Flask) -> None:
    assert _values(server, "lightbox_jobs_waiting") == {("open",): 0, ("read",): 0}
    clinic.jobs.register("read", lambda _: None, any_server=True)
    clinic.jobs.register("report", lambda _: None)
    for kind, subject in (("read", "a"), ("read", "b"), ("report", "c")):
        clinic.jobs.submit(kind, subject)
    assert _values(server, "lightbox_jobs_waiting") == {("open",): 0, ("read",): 2, ("report",): 1}


def test_room_is_told_of_the_disks_below_the_house(server: Flask) -> None:
    free, size = (_values(server, f"lightbox_disk_{what}_bytes") for what in ("free", "size"))
    assert set(free) == set(size) == {("home",), ("files",)}
    assert all(0 < free[folder] <= size[folder] for folder in free)
