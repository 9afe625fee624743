"""Debian's Prometheus scrapes a running house: every query of dashboards and rules is about what is there."""

from __future__ import annotations

import json
import logging
import re
import shutil
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from dashboard.build import build_dashboard
from data.database import new_id, now
from data.records import (
    BRAIN_TUMOUR,
    Arrivals,
    DriftAsk,
    DriftRun,
    JobState,
    Refusal,
    RemoteNodeKind,
    Role,
    RunState,
    Severity,
)
from data.stores.drift import DriftRunStore
from data.stores.refusals import RefusalStore
from data.stores.suspensions import SuspensionStore
from data.stores.watched_senders import WatchedSenderStore, quarter_of
from deploy.monitoring import dashboards
from services.backups.last import LastBackup, note
from tests.browser.conftest import serving
from tests.dashboard.clinic import Clinic
from tests.deploy.promql import MONITORING, dashboard_queries, metric, rules, selectors
from tests.deploy.running_house import running
from tests.integration.servers import LEFT_SOCKETS, free_port
from tests.services.exporting.test_exports import strict_series
from tests.stopping import a_suspension

NOT_SET_UP = {"lightbox_sign_in_up", "lightbox_audit_waiting", "lightbox_dicom_instances"}
"""What is told only of a provider, a syslog server, a DICOM node that was set up; the clinic has none."""
ADDRESSES = MONITORING.parents[1] / "docs" / "addresses.md"
SILENT_S = 6 * 3600


class Prometheus:
    """A running Prometheus."""

    def __init__(self, url: str) -> None:
        self._url = url

    def query(self, expression: str) -> list[dict[str, Any]]:
        """What an expression gives now. Raises HTTPError where it is none."""
        asked = urllib.parse.urlencode({"query": expression})
        with urllib.request.urlopen(f"{self._url}/api/v1/query?{asked}", timeout=30) as answer:
            data = json.load(answer)["data"]
        return list(data["result"])


def _fill(clinic: Clinic) -> None:
    """Something of everything that /metrics tells of."""
    moment, admin = now(), clinic.person(Role.ADMIN)
    runs = DriftRunStore(clinic.database)
    for task, severity in ((BRAIN_TUMOUR, Severity.CRITICAL), ("pneumonia", Severity.CALM)):
        run = DriftRun(new_id(), DriftAsk(task), RunState.WAITING, moment)
        runs.add(run)
        runs.finish(DriftRun(run.id, run.ask, RunState.DONE, moment, severity=severity), moment)
    clinic.alerts.raise_alert("a", Severity.CRITICAL, "A", "a", "/drift")
    clinic.services.performance.goals.set_typed(BRAIN_TUMOUR, "recall", "95", "90", clinic.person(Role.HEAD))
    SuspensionStore(clinic.database).add(a_suspension("1"))
    RefusalStore(clinic.database).add([Refusal("a", "colour", "x")])
    hours = [moment - timedelta(seconds=SILENT_S, hours=hour) for hour in range(5 * 7 * 24)]
    senders = WatchedSenderStore(clinic.database)
    senders.arrived([Arrivals("MR1", quarter_of(at), 1, at) for at in hours])
    senders.listened(hours[-1], moment)
    scan = clinic.add_series(strict_series(), uploaded_by="dicom:MR1")
    clinic.read_volume(scan)
    where = {"ae_title": "PACS", "host": "127.0.0.1", "port": free_port()}
    node = clinic.services.remote_nodes.add("The PACS", RemoteNodeKind.DICOM, where, admin)
    clinic.services.sending.outbox.send(scan.id, node.id, ["sr"], clinic.person(Role.CLINICIAN))
    clinic.services.auditing.watch.check()
    clinic.services.versions.registered_files.look()
    note(clinic.folder, LastBackup(moment - timedelta(hours=2), "x", 1, 1))
    clinic.jobs.register("read", lambda _: None)
    clinic.jobs.submit("read", scan.id)


def _happen(clinic: Clinic) -> None:
    """What goes on while Prometheus looks."""
    told = clinic.services.health.durations
    for outcome in (JobState.DONE, JobState.FAILED):
        told.job("read", outcome, 3.0)
    for status in (200, 500):
        told.request("GET", "/scans/<scan_id>", status, 0.2)
    logging.getLogger("lightbox.some").error("broken")


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("prometheus is not installed")
    folder = tmp_path_factory.mktemp("prometheus")
    clinic = Clinic(folder / "clinic")
    _fill(clinic)
    clinic.services.health.durations.start()
    port = free_port()
    command = [program, f"--config.file={folder / 'prometheus.yaml'}", "--log.level=warn"]
    command += [f"--storage.tsdb.path={folder / 'data'}", f"--web.listen-address=127.0.0.1:{port}"]
    try:
        with serving(build_dashboard(clinic.services, secret_key="k" * 32).server) as house:
            _configure(folder, house.removeprefix("http://"))
            with running(command, folder / "log", f"http://127.0.0.1:{port}/-/ready"):
                scraping = Prometheus(f"http://127.0.0.1:{port}")
                _watch(scraping, clinic)
                yield scraping
    finally:
        clinic.close()


def _configure(folder: Path, house: str) -> None:
    """The committed configuration, asking often, and asking this house."""
    shutil.copytree(MONITORING / "rules", folder / "rules")
    configured = yaml.safe_load((MONITORING / "prometheus.yaml").read_text())
    configured["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    del configured["alerting"]
    (scraping,) = configured["scrape_configs"]
    scraping["static_configs"][0]["targets"] = [house]
    scraping["scrape_timeout"] = "1s"
    (folder / "prometheus.yaml").write_text(yaml.safe_dump(configured))


def _watch(prometheus: Prometheus, clinic: Clinic) -> None:
    """Until a second sample of what happens was scraped."""
    until = time.monotonic() + 60
    while not prometheus.query("increase(lightbox_errors_total[20s]) > 0"):
        assert time.monotonic() < until, prometheus.query("up")
        _happen(clinic)
        time.sleep(0.5)


def _documented() -> set[str]:
    """Every metric of the manual, which a test of the manuals holds against the code."""
    return set(re.findall(r"^\| `(lightbox_\w+)`", ADDRESSES.read_text(), re.MULTILINE)) | {"up"}


def _queries() -> list[tuple[str, str]]:
    asked = [*dashboard_queries(), *((str(rule["alert"]), str(rule["expr"])) for rule in rules())]
    assert len(asked) > 60
    return asked


@LEFT_SOCKETS
@pytest.mark.integration
def test_every_query_asks_for_what_a_running_house_tells(prometheus: Prometheus) -> None:
    for where, query in _queries():
        prometheus.query(query)  # it can be computed
        assert selectors(query), where
        for selector in selectors(query):
            if metric(selector) not in NOT_SET_UP:
                assert prometheus.query(selector), f"{where}: {selector} gives nothing"


@pytest.mark.integration
def test_every_panel_shows_something(prometheus: Prometheus) -> None:
    for where, query in dashboard_queries():
        if not {metric(selector) for selector in selectors(query)} & NOT_SET_UP:
            assert prometheus.query(query), f"{where}: {query}"


@pytest.mark.integration
def test_rules_are_loaded_and_what_is_wrong_in_this_house_calls(prometheus: Prometheus) -> None:
    calling = prometheus.query('ALERTS{alertstate=~"pending|firing"}')
    names = {each["metric"]["alertname"] for each in calling}
    wrong = {"LightboxVersionSuspended", "LightboxDrift", "LightboxFaults", "LightboxSenderSilent"}
    assert wrong <= names
    assert not names & {"LightboxDown", "LightboxBackupOld", "LightboxAuditBroken", "LightboxReadingsWait"}


def test_every_query_names_metrics_that_there_are() -> None:
    known = _documented()
    for where, query in _queries():
        for selector in selectors(query):
            assert metric(selector) in known, f"{where}: {selector}"


def test_committed_dashboards_are_what_their_code_makes() -> None:
    committed = {file.name: file.read_text() for file in dashboards.FOLDER.glob("*.json")}
    assert committed == dashboards.made(), "run `make dashboards`"
    assert len({json.loads(text)["uid"] for text in committed.values()}) == 3
