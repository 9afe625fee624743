"""Which metrics the queries of dashboards and alert rules name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import yaml

MONITORING = Path(__file__).resolve().parents[2] / "deploy" / "monitoring"
RULES = MONITORING / "rules" / "lightbox.yaml"
_SELECTOR = re.compile(r"\b(lightbox_\w+|up)\b(\{[^}]*\})?")
_OF_HISTOGRAM = re.compile(r"_(bucket|count|sum)$")


def rules() -> list[dict[str, object]]:
    """Every alert rule."""
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def dashboard_queries() -> Iterator[tuple[str, str]]:
    """(dashboard and panel, query as Prometheus gets it from Grafana) of the committed files."""
    for file in sorted((MONITORING / "grafana" / "dashboards").glob("*.json")):
        for panel in json.loads(file.read_text())["panels"]:
            for target in panel["targets"]:
                query = target["expr"].replace("$instance", ".*").replace("$__rate_interval", "20s")
                yield f"{file.stem}: {panel['title']}", query


def selectors(query: str) -> list[str]:
    """What a query takes from Prometheus: names of metrics with what their labels must be."""
    return [name + matchers for name, matchers in _SELECTOR.findall(query)]


def metric(selector: str) -> str:
    """The metric of a selector as the manual calls it."""
    name = selector.partition("{")[0]
    return _OF_HISTOGRAM.sub("", name) if "_duration_seconds_" in name else name
