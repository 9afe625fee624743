"""Alert rules: each fires on one side of its limit and is silent on the other, by Prometheus' own tool."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.deploy.promql import MONITORING, RULES, rules
from tests.deploy.promtool import promtool

ROOT = MONITORING.parents[1]
HOUSE = 'instance="house"'
Series = dict[str, str]  # a series and its samples, a minute each
DAY = 86400
SHORT = "lightbox_http_request_duration_seconds"
JOB = "lightbox_job_duration_seconds"


def series(name: str, samples: str, labels: str = "") -> Series:
    return {f"{name}{{{HOUSE}{',' if labels else ''}{labels}}}": samples}


def shares(good: int, bad: int) -> Series:
    """Requests a minute that work and that fail."""
    counted = f"{SHORT}_count"
    page = 'method="GET",route="/scans"'
    return series(counted, f"0+{good}x60", f'{page},status="200"') | series(
        counted, f"0+{bad}x60", f'{page},status="500"'
    )


def slow(metric: str, labels: str, limit: str, above: str) -> Series:
    """Nine of ten below a limit, one of ten above it, up to the next bucket."""
    buckets = {limit: 9, above: 10, "+Inf": 10}
    return {
        key: samples
        for le, number in buckets.items()
        for key, samples in series(f"{metric}_bucket", f"0+{number}x60", f'{labels},le="{le}"').items()
    }


def refused(read: int, not_read: int) -> Series:
    done = series(f"{JOB}_count", f"0+{read}x90", 'kind="read",outcome="done"')
    return done | series("lightbox_refusals_total", f"0+{not_read}x90", 'reason="colour"')


def disk(free: str) -> Series:
    """Per cent of a disk that are free."""
    return series("lightbox_disk_free_bytes", free, 'folder="home"') | series(
        "lightbox_disk_size_bytes", "100x70", 'folder="home"'
    )


def always(name: str, fires: int | float, silent: int | float, labels: str = "") -> tuple[Series, Series]:
    return series(name, f"{fires}x70", labels), series(name, f"{silent}x70", labels)


READY = series("lightbox_ready", "1x70")
WAITED = 'method="GET",route="/api/v1/scans/<scan_id>",status="200"'
PAGE, READ = 'method="GET",route="/scans",status="200"', 'kind="read",outcome="done"'
CASES: dict[str, tuple[Series, Series]] = {
    "LightboxDown": always("up", 0, 1, 'job="lightbox"'),
    "LightboxNotReady": always("lightbox_ready", 0, 1),
    "LightboxNobodyLeads": always("lightbox_led", 0, 1),
    "LightboxRequestsFail": (shares(94, 6), shares(96, 4)),
    "LightboxPagesSlow": (slow(SHORT, PAGE, "5", "10"), slow(SHORT, PAGE, "2.5", "5")),
    "LightboxFaults": (series("lightbox_errors_total", "_x60 1x20", 'logger="a"'),
                       series("lightbox_errors_total", "3x70", 'logger="a"')),
    "LightboxAlertUnread": always("lightbox_alerts", 1, 0, 'severity="critical",state="open"'),
    "LightboxReadingsWait": always("lightbox_job_waiting_seconds", 901, 900, 'kind="read"'),
    "LightboxReadingsSlow": (slow(JOB, READ, "120", "300"), slow(JOB, READ, "60", "120")),
    "LightboxInferenceFull": always("lightbox_inference_waiting", 1639, 1638),
    "LightboxJobsFail": (series(f"{JOB}_count", "_x60 3x20", 'kind="open",outcome="failed"'),
                         series(f"{JOB}_count", "_x60 2x20", 'kind="open",outcome="failed"')),
    "LightboxManyRefusals": (refused(3, 1), refused(4, 1)),
    "LightboxSenderSilent": always("lightbox_dicom_sender_pause", 2, 1.9, 'ae_title="MR1"'),
    "LightboxDeliveriesWait": always("lightbox_deliveries", 21, 20, 'node="PACS",state="waiting"'),
    "LightboxVersionSuspended": always("lightbox_suspensions", 1, 0, 'task="pneumonia"'),
    "LightboxFigurePastLimit": always("lightbox_performance_past_limit", 1, 0, 'task="t",figure="recall"'),
    "LightboxDrift": (series("lightbox_drift_state", "1x70", 'task="t",severity="critical"'),
                      series("lightbox_drift_state", "1x70", 'task="t",severity="calm"')),
    "LightboxDriftNotRun": always("lightbox_drift_run_timestamp_seconds", -15 * DAY, -14 * DAY, 'task="t"'),
    "LightboxRegistryAway": always("lightbox_registry_up", 0, 1),
    "LightboxWeightsMissing": (series("lightbox_model_weights_missing", "1x70", 'task="t",version="2"'),
                               READY),
    "LightboxFilesAway": always("lightbox_files_up", 0, 1),
    "LightboxDiskLow": (disk("14x70"), disk("16x70")),
    "LightboxDiskFull": (disk("4x70"), disk("6x70")),
    "LightboxDiskFills": (disk("39-0.1x70"), disk("39-0.001x70")),
    "LightboxBackupOld": (READY | series("lightbox_backup_age_seconds", "129601x70"),
                          READY | series("lightbox_backup_age_seconds", "129600x70")),
    "LightboxAuditBroken": always("lightbox_audit_intact", 0, 1),
    "LightboxAuditWaits": always("lightbox_audit_waiting", 1001, 1000),
    "LightboxSignInAway": always("lightbox_sign_in_up", 0, 1, 'way="oidc"'),
}  # fmt: skip
ALSO_FIRES: dict[str, Series] = {
    "LightboxBackupOld": READY,  # none was ever made
    "LightboxFaults": series("lightbox_errors_total", "1x60 2x20", 'logger="a"'),
    "LightboxDrift": series("lightbox_drift_state", "1x70", 'task="t",severity="warning"'),
}
ALSO_SILENT: dict[str, Series] = {
    "LightboxPagesSlow": slow(SHORT, WAITED, "10", "30"),  # somebody waits for a reading
    "LightboxBackupOld": series("up", "0x70", 'job="lightbox"'),  # a house that is away is another alert's
    "LightboxRequestsFail": series(f"{SHORT}_count", "0+9x70", 'method="GET",route="/readyz",status="503"'),
    "LightboxManyRefusals": series("lightbox_refusals_total", "0+1x15 15x70", 'reason="colour"'),
    "LightboxDrift": series("lightbox_drift_state", "1x70", 'task="t",severity="critical",synthetic="yes"'),
    "LightboxAlertUnread": series(
        "lightbox_alerts", "1x70", 'severity="critical",state="open",synthetic="yes"'
    ),
}
AT = {
    "LightboxPagesSlow": 50,
    "LightboxReadingsSlow": 50,
    "LightboxRequestsFail": 50,
    "LightboxManyRefusals": 80,
}
"""Minutes; the others: 65, when whatever has to stand for an hour has stood."""


def _houses() -> Iterator[tuple[str, str, Series, bool]]:
    """(alert, name of the house, its series, whether the alert fires): a house for each case."""
    for alert, (fires, silent) in CASES.items():
        yield alert, f"{alert} fires", fires, True
        yield alert, f"{alert} silent", silent, False
    for alert, series in ALSO_FIRES.items():
        yield alert, f"{alert} fires too", series, True
    for alert, series in ALSO_SILENT.items():
        yield alert, f"{alert} silent too", series, False


def _expected(alert: str, house: str, *, fires: bool) -> dict[str, object]:
    matchers = f'alertname="{alert}",instance="{house}",alertstate="firing"'
    said = [{"labels": f'{{instance="{house}"}}', "value": 1}] if fires else []
    expr = f"count by (instance) (ALERTS{{{matchers}}})"
    return {"expr": expr, "eval_time": f"{AT.get(alert, 65)}m", "exp_samples": said}


@pytest.mark.integration
def test_each_rule_fires_beyond_its_limit_and_not_before(tmp_path: Path) -> None:
    assert {str(rule["alert"]) for rule in rules()} == set(CASES)
    houses = list(_houses())
    series = {
        key.replace(HOUSE, f'instance="{house}"'): samples
        for _, house, given, _ in houses
        for key, samples in given.items()
    }
    test = {
        "interval": "1m",
        "input_series": [{"series": key, "values": samples} for key, samples in series.items()],
        "promql_expr_test": [_expected(alert, house, fires=fires) for alert, house, _, fires in houses],
    }
    file = tmp_path / "rules_test.yaml"
    file.write_text(
        yaml.safe_dump({"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": [test]})
    )
    promtool("check", "rules", RULES)
    promtool("test", "rules", file)


def test_each_rule_says_who_does_what_and_leads_to_the_runbook() -> None:
    headings = set(re.findall(r"^### (\w+)$", (ROOT / "docs" / "runbook.md").read_text(), re.MULTILINE))
    assert headings == set(CASES)
    teams = {"operations": "Operations ", "mlops": "MLOps ", "heads": "The department head"}
    for rule in rules():
        annotations, labels = dict(rule["annotations"]), dict(rule["labels"])  # type: ignore[call-overload]
        assert annotations["action"].startswith(teams[labels["team"]]), rule["alert"]
        assert annotations["summary"].endswith("."), rule["alert"]
        assert annotations["runbook"] == f"docs/runbook.md#{str(rule['alert']).lower()}"
        assert labels.get("severity", "critical") in ("warning", "critical")


@pytest.mark.integration
@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        (["team=operations", "severity=critical"], "operations-on-call"),
        (["team=operations", "severity=warning"], "operations"),
        (["team=heads", "severity=critical"], "heads"),
        (["team=mlops", "severity=warning"], "mlops"),
    ],
)
def test_alertmanager_sends_each_teams_alerts_to_it(labels: list[str], receiver: str) -> None:
    amtool = shutil.which("amtool")
    if amtool is None:
        pytest.skip("amtool is not installed")
    file = str(MONITORING / "alertmanager.yaml")
    checked = subprocess.run([amtool, "check-config", file], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    command = [amtool, "config", "routes", "test", "--config.file", file, *labels]
    routed = subprocess.run(command, capture_output=True, text=True, check=True)
    assert routed.stdout.strip() == receiver
