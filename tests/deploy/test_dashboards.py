"""Dashboards of a house with several servers, each of which tells of the whole house."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.deploy.promql import dashboard_queries, metric, selectors
from tests.deploy.promtool import check_answer

OF_THE_HOUSE = {
    "lightbox_alerts",
    "lightbox_audit_waiting",
    "lightbox_deliveries",
    "lightbox_dicom_sender_pause",
    "lightbox_drift_state",
    "lightbox_jobs",
    "lightbox_performance_past_limit",
    "lightbox_scans",
    "lightbox_suspensions",
}
"""What is counted in the database: every server says the same of it."""
_LABEL = re.compile(r'(\w+)(=~?)"([^"]*)"')
pytestmark = pytest.mark.integration


def counting() -> dict[str, str]:
    """The queries that add up or count what every server tells, by the metric."""
    return {
        selector: query
        for _, query in dashboard_queries()
        for selector in selectors(query)
        if metric(selector) in OF_THE_HOUSE and query.startswith(("sum", "count"))
    }


def told_by(server: str, selector: str) -> dict[str, str]:
    """Three of what the selector asks for, told by one server."""
    labels = {name: value.split("|")[0] for name, _, value in _LABEL.findall(selector)} | {"instance": server}
    text = ",".join(f'{name}="{value}"' for name, value in labels.items())
    return {"series": f'{metric(selector)}{{job="lightbox",{text}}}', "values": "3x5"}


def test_each_metric_of_the_house_is_counted_somewhere() -> None:
    assert {metric(selector) for selector in counting()} == OF_THE_HOUSE


@pytest.mark.parametrize(("selector", "query"), counting().items())
def test_what_every_server_tells_counts_once(selector: str, query: str, tmp_path: Path) -> None:
    by = re.match(r"sum by \(([^)]*)\)", query)
    labels = dict(match[::2] for match in _LABEL.findall(selector))
    kept = [f'{name}="{labels[name]}"' for name in (by[1].split(", ") if by else ()) if name in labels]
    sample = {"labels": "{" + ",".join(kept) + "}", "value": 3 if query.startswith("sum") else 1}
    series = [told_by(server, selector) for server in ("a:8050", "b:8050")]
    check_answer(tmp_path, series, query, [sample])
