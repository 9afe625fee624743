"""Grafana's dashboards, made from code: run it after a change, the JSON beside it is committed.

`make dashboards` writes `grafana/dashboards/*.json`; a test holds these against the code, and every query
against what Prometheus scrapes from a running house.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import BigValueColorMode, StackingMode
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DataSourceRef,
    Threshold,
    ThresholdsMode,
    VariableRefresh,
)

FOLDER = Path(__file__).with_name("grafana") / "dashboards"
HOUSE = 'instance=~"$instance"'
"""Every query is about the servers that are chosen on top of the page."""
ONCE = "max without (instance)"
"""What each server of a house tells of the whole house counts once; `job` tells houses apart."""
_PROMETHEUS = DataSourceRef(type_val="prometheus", uid="${datasource}")
_HALF, _QUARTER = 12, 6
Query = tuple[str, str]  # expression, legend


def _of_house(expression: str) -> str:
    return expression.replace("HOUSE", HOUSE).replace("ONCE", ONCE)


def _target(number: int, query: Query, *, instant: bool) -> prometheus.Dataquery:
    expression, legend = query
    target = prometheus.Dataquery().expr(_of_house(expression)).legend_format(legend)
    target = target.ref_id(chr(ord("A") + number)).datasource(_PROMETHEUS)
    return target.instant() if instant else target.range()


def chart(
    title: str, said: str, queries: Sequence[Query], unit: str = "short", *, stacked: bool = False
) -> timeseries.Panel:
    """Lines over time; `said` is what the reader sees behind the (i)."""
    panel = timeseries.Panel().title(title).description(said).datasource(_PROMETHEUS).unit(unit).min(0)
    panel = panel.span(_HALF).height(8).line_width(2)
    if stacked:
        panel = panel.fill_opacity(40).stacking(common.StackingConfig().mode(StackingMode.NORMAL))
    for number, query in enumerate(queries):
        panel = panel.with_target(_target(number, query, instant=False))
    return panel


def number(
    title: str,
    said: str,
    query: Query,
    steps: Sequence[tuple[float | None, str]],
    unit: str = "short",
    none: str = "none",
) -> stat.Panel:
    """A number of now with its colour; `none` is what is shown where nothing is told."""
    limits = dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE)
    limits = limits.steps([Threshold(value=value, color=colour) for value, colour in steps])
    panel = stat.Panel().title(title).description(said).datasource(_PROMETHEUS).unit(unit).no_value(none)
    panel = panel.thresholds(limits).color_mode(BigValueColorMode.BACKGROUND).span(_QUARTER).height(4)
    return panel.with_target(_target(0, query, instant=True))


def _page(uid: str, title: str, said: str, panels: Sequence[Any]) -> dashboard.Dashboard:
    page = dashboard.Dashboard(title).uid(uid).description(said).tags(["lightbox"]).readonly()
    page = (
        page.refresh("1m").time("now-24h", "now").timezone("browser").tooltip(DashboardCursorSync.CROSSHAIR)
    )
    page = page.with_variable(
        dashboard.DatasourceVariable("datasource").label("Prometheus").type("prometheus")
    )
    houses = dashboard.QueryVariable("instance").label("House").datasource(_PROMETHEUS)
    houses = houses.query("label_values(lightbox_ready, instance)").refresh(
        VariableRefresh.ON_TIME_RANGE_CHANGED
    )
    page = page.with_variable(houses.include_all(True).multi(True).all_value(".*"))
    for panel in panels:
        page = page.with_panel(panel)
    return page


GOOD_IF_ONE: tuple[tuple[float | None, str], ...] = ((None, "red"), (1, "green"))
BAD_FROM_ONE: tuple[tuple[float | None, str], ...] = ((None, "green"), (1, "red"))
_JOB, _HTTP = "lightbox_job_duration_seconds", "lightbox_http_request_duration_seconds"
_PAGES = 'route!~"/readyz|/metrics|"'
_TIMED = 'method="GET",route!~"/readyz|/metrics|/api/v1/scans/<scan_id>|"'  # where nobody waits for a reading


def _quantile(share: float, metric: str, matchers: str, by: str = "le") -> str:
    inner = f"sum by ({by}) (rate({metric}_bucket{{HOUSE,{matchers}}}[$__rate_interval]))"
    return f"histogram_quantile({share}, {inner})"


def clinical_service() -> dashboard.Dashboard:
    """What clinicians notice: whether scans are read, how soon, and what is refused."""
    waiting = ((None, "green"), (300, "orange"), (900, "red"))
    ended = f'sum by (outcome) (rate({_JOB}_count{{HOUSE,kind="read"}}[$__rate_interval])) * 3600'
    panels = [
        number(
            "Reads scans",
            "1: the database answers and every network is loaded.",
            ("min(lightbox_ready{HOUSE})", ""),
            GOOD_IF_ONE,
        ),
        number(
            "A scan has waited",
            "Since the reading was queued that has waited longest.",
            ('max(lightbox_job_waiting_seconds{HOUSE,kind=~"read|open"})', ""),
            waiting,
            "s",
            "nothing waits",
        ),
        number(
            "Silent senders",
            "Scanners that pause twice as long as they use to, or longer.",
            ("count(ONCE (lightbox_dicom_sender_pause{HOUSE}) >= 2)", ""),
            BAD_FROM_ONE,
        ),
        number(
            "Results that wait for the PACS",
            "Deliveries that remote nodes have not taken yet.",
            ('sum(ONCE (lightbox_deliveries{HOUSE,state="waiting"}))', ""),
            ((None, "green"), (20, "red")),
        ),
        chart("Readings an hour", "Done and failed.", [(ended, "{{outcome}}")], stacked=True),
        chart(
            "How long a reading takes",
            "Without its waiting. Median, and what 95 of 100 stay below.",
            [(_quantile(0.5, _JOB, 'kind="read"'), "median"), (_quantile(0.95, _JOB, 'kind="read"'), "p95")],
            "s",
        ),
        chart(
            "What waits",
            "Jobs that are queued, and inputs that wait for the device.",
            [
                ('sum(ONCE (lightbox_jobs{HOUSE,state="queued"}))', "jobs"),
                ("sum(lightbox_inference_waiting{HOUSE})", "inputs"),
            ],
        ),
        chart(
            "Scans by status",
            "In the house now, of real patients.",
            [('sum by (status) (ONCE (lightbox_scans{HOUSE,synthetic="no"}))', "{{status}}")],
        ),
        chart(
            "Refused, by reason",
            "Files and series an hour that were not read.",
            [
                (
                    "sum by (reason) (ONCE (rate(lightbox_refusals_total{HOUSE}[$__rate_interval]))) * 3600",
                    "{{reason}}",
                )
            ],
            stacked=True,
        ),
        chart(
            "Received studies",
            "What the DICOM node received, by how far it is.",
            [("sum by (state) (lightbox_dicom_studies{HOUSE})", "{{state}}")],
        ),
        chart(
            "Instances by sender",
            "A minute, as handed over to the reading.",
            [
                (
                    "sum by (ae_title) (rate(lightbox_dicom_instances{HOUSE}[$__rate_interval])) * 60",
                    "{{ae_title}}",
                )
            ],
        ),
        chart(
            "Messages about results",
            "Told by readers, by state.",
            [('sum by (state) (lightbox_feedback{HOUSE,synthetic="no"})', "{{state}}")],
        ),
    ]
    said = "Whether scans are read, how soon, and what is refused."
    return _page("lightbox-clinical", "Lightbox: clinicians' service", said, panels)


def models() -> dashboard.Dashboard:
    """What is in force, drift, limits and suspensions; the figures themselves are on Lightbox's own pages."""
    panels = [
        number(
            "Suspensions",
            "Versions that are not for use, on a scanner or on all.",
            ("sum(ONCE (lightbox_suspensions{HOUSE}))", ""),
            BAD_FROM_ONE,
        ),
        number(
            "Figures past their limit",
            "Recall and others of real use; the Performance page has the numbers.",
            ("sum(ONCE (lightbox_performance_past_limit{HOUSE}))", ""),
            BAD_FROM_ONE,
            none="no limits set",
        ),
        number(
            "Drift: tasks that warn",
            "By each task's latest run.",
            ('count(ONCE (lightbox_drift_state{HOUSE,severity=~"warning|critical",synthetic!="yes"}))', ""),
            BAD_FROM_ONE,
        ),
        number(
            "MLflow answers",
            "1: the registry answered when it was last asked.",
            ("min(lightbox_registry_up{HOUSE})", ""),
            GOOD_IF_ONE,
        ),
        chart(
            "Version in force",
            "A line each version, while it serves.",
            [
                (
                    "max by (task, version, library, precision) (lightbox_model_info{HOUSE})",
                    "{{task}} {{version}} ({{library}}, {{precision}})",
                )
            ],
        ),
        chart(
            "Drift verdicts",
            "1 for the verdict of each task's latest run.",
            [
                (
                    'max by (task, severity) (lightbox_drift_state{HOUSE,synthetic!="yes"})',
                    "{{task}}: {{severity}}",
                )
            ],
        ),
        chart(
            "Since the last drift run",
            "It runs weekly, unless its schedule was changed.",
            [("time() - max by (task) (lightbox_drift_run_timestamp_seconds{HOUSE})", "{{task}}")],
            "s",
        ),
        chart(
            "Figures past their limit, by task",
            "1 while the alert stands.",
            [("max by (task, figure) (lightbox_performance_past_limit{HOUSE})", "{{task}} {{figure}}")],
        ),
        chart(
            "Inputs a second",
            "Slices and films that the networks ran.",
            [("sum(rate(lightbox_inference_items_total{HOUSE}[$__rate_interval]))", "inputs")],
        ),
        chart(
            "Inputs a batch",
            "Near 1 with few scans; near LIGHTBOX_MAX_BATCH when much is read at once.",
            [
                (
                    "sum(rate(lightbox_inference_items_total{HOUSE}[$__rate_interval]))"
                    " / sum(rate(lightbox_inference_batches_total{HOUSE}[$__rate_interval]))",
                    "inputs",
                )
            ],
        ),
        chart(
            "Registered versions without weights",
            "Nobody can roll back to these.",
            [("sum by (task, version) (lightbox_model_weights_missing{HOUSE})", "{{task}} {{version}}")],
        ),
    ]
    said = "What is in force, drift, limits, suspensions. Figures with n stand on the Performance page."
    return _page("lightbox-models", "Lightbox: models", said, panels)


def operations() -> dashboard.Dashboard:
    """The machine's side: answers, faults, disk, backup, audit trail, sign-in."""
    share = "min(lightbox_disk_free_bytes{HOUSE} / lightbox_disk_size_bytes{HOUSE})"
    room = ((None, "red"), (0.05, "orange"), (0.15, "green"))
    age = ((None, "green"), (30 * 3600, "orange"), (36 * 3600, "red"))
    failing = f'sum(rate({_HTTP}_count{{HOUSE,status=~"5..",{_PAGES}}}[$__rate_interval]))'
    panels = [
        number("Answers", "1: Prometheus reaches it.", ('min(up{job="lightbox",HOUSE})', ""), GOOD_IF_ONE),
        number(
            "Last backup",
            "Since it was begun.",
            ("max(lightbox_backup_age_seconds{HOUSE})", ""),
            age,
            "s",
            "no backup",
        ),
        number("Room left", "Of the fullest disk.", (share, ""), room, "percentunit"),
        number(
            "Audit trail as written",
            "1, by the last check.",
            ("min(lightbox_audit_intact{HOUSE})", ""),
            GOOD_IF_ONE,
            none="not checked yet",
        ),
        chart(
            "Requests a second, by status",
            "Without probes.",
            [(f"sum by (status) (rate({_HTTP}_count{{HOUSE,{_PAGES}}}[$__rate_interval]))", "{{status}}")],
            "reqps",
            stacked=True,
        ),
        chart("Requests that fail", "Answers of 500 and above, a second.", [(failing, "failing")], "reqps"),
        chart(
            "How long pages take",
            "Of GET; median and what 95 of 100 stay below.",
            [
                (_quantile(0.5, _HTTP, _TIMED), "median"),
                (_quantile(0.95, _HTTP, _TIMED), "p95"),
            ],
            "s",
        ),
        chart(
            "Slowest addresses",
            "What 95 of 100 requests stay below, the five slowest.",
            [(f"topk(5, {_quantile(0.95, _HTTP, _TIMED, 'le, route')})", "{{route}}")],
            "s",
        ),
        chart(
            "Faults",
            "Logged in an hour, by where.",
            [("sum by (logger) (increase(lightbox_errors_total{HOUSE}[1h]))", "{{logger}}")],
        ),
        chart(
            "Failed jobs",
            "In an hour, by kind.",
            [(f'sum by (kind) (increase({_JOB}_count{{HOUSE,outcome="failed"}}[1h]))', "{{kind}}")],
        ),
        chart(
            "Room left below each folder",
            "home: database, uploads, models; files: scans and masks.",
            [("min by (folder) (lightbox_disk_free_bytes{HOUSE})", "{{folder}}")],
            "bytes",
        ),
        chart(
            "Jobs by state",
            "In the house now.",
            [("sum by (state) (ONCE (lightbox_jobs{HOUSE}))", "{{state}}")],
        ),
        chart(
            "Alerts that are not closed",
            "Of Lightbox's own Alerts page.",
            [
                (
                    'sum by (severity, state) (ONCE (lightbox_alerts{HOUSE,synthetic="no"}))',
                    "{{severity}}, {{state}}",
                )
            ],
        ),
        chart(
            "The hospital's sign-in",
            "1 when it answered last.",
            [("min by (way) (lightbox_sign_in_up{HOUSE})", "{{way}}")],
        ),
        chart(
            "Events that wait for the syslog server",
            "Nothing is lost while they wait.",
            [("sum(ONCE (lightbox_audit_waiting{HOUSE}))", "events")],
        ),
    ]
    return _page("lightbox-operations", "Lightbox: operations", "Answers, faults, disk, backup.", panels)


def made() -> dict[str, str]:
    """The name of each dashboard's file and its JSON."""
    pages = {"clinical-service": clinical_service(), "models": models(), "operations": operations()}
    encoder = JSONEncoder(sort_keys=True, indent=2)
    return {f"{name}.json": encoder.encode(page.build()) + "\n" for name, page in pages.items()}


def main() -> None:
    """Write them."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in made().items():
        (FOLDER / name).write_text(text)


if __name__ == "__main__":
    main()
