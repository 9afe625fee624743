"""How many readers there are follows the queue of the house: what Prometheus is asked, by its own tool."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import yaml

from tests.deploy.kubernetes.rendering import AUTOSCALED, made
from tests.deploy.promql import metric, selectors
from tests.deploy.promtool import check_answer
from tests.deploy.running_house import DEPLOY, ROOT

ADAPTER = DEPLOY / "kubernetes" / "prometheus-adapter.yaml"
HERE = 'namespace="clinic",service="lightbox"'
pytestmark = pytest.mark.integration


def rule() -> dict[str, str]:
    (only,) = yaml.safe_load(ADAPTER.read_text())["rules"]["external"]
    return dict(only)


def asked() -> str:
    """The query as the adapter fills it in for the house `lightbox` of the namespace `clinic`."""
    series = rule()["seriesQuery"].partition("{")[0]
    filled = rule()["metricsQuery"].replace("<<.Series>>", series).replace("<<.LabelMatchers>>", HERE)
    assert "<<" not in filled
    return filled


def waiting(instance: str, kind: str, number: int, where: str = HERE) -> dict[str, str]:
    labels = f'instance="{instance}",pod="{instance}",{where},kind="{kind}"'
    return {"series": f"lightbox_jobs_waiting{{{labels}}}", "values": f"{number}x5"}


def check(folder: Path, series: list[dict[str, str]], value: float | None) -> None:
    """Whether Prometheus answers this to the query; None: nothing."""
    samples: list[dict[str, object]] = [] if value is None else [{"labels": "{}", "value": value}]
    check_answer(folder, series, asked(), samples)


def test_the_queue_of_the_house_is_counted_once_however_many_servers_tell_it(tmp_path: Path) -> None:
    series = [
        waiting(server, kind, number + late)
        for server, late in (("a", 0), ("b", 1), ("c", 0))
        for kind, number in (("read", 40), ("open", 6))
    ]
    check(tmp_path, series, 48)


def test_what_another_server_would_not_end_sooner_does_not_count(tmp_path: Path) -> None:
    check(tmp_path, [waiting("a", "read", 3), waiting("a", "report", 9), waiting("a", "import", 9)], 3)


def test_another_house_does_not_count(tmp_path: Path) -> None:
    elsewhere = 'namespace="clinic",service="other"'
    check(tmp_path, [waiting("a", "read", 0), waiting("x", "read", 9, elsewhere)], 0)
    there = 'namespace="research",service="lightbox"'
    check(tmp_path, [waiting("a", "read", 2), waiting("x", "read", 9, there)], 2)


def test_without_a_server_that_tells_there_is_no_answer_and_not_none_that_waits(tmp_path: Path) -> None:
    check(tmp_path, [], None)


def test_the_autoscaler_asks_for_what_the_adapter_tells_and_the_house_counts() -> None:
    (scaler,) = (each for each in made(*AUTOSCALED) if each["kind"] == "HorizontalPodAutoscaler")
    external = scaler["spec"]["metrics"][0]["external"]
    assert (
        external["metric"]["name"]
        == yaml.safe_load(ADAPTER.read_text())["rules"]["external"][0]["name"]["as"]
    )
    assert external["metric"]["selector"]["matchLabels"] == {"service": "lightbox"}
    told = (ROOT / "docs" / "addresses.md").read_text()
    assert all(f"`{metric(selector)}`" in told for selector in selectors(asked()))
    # As Kubernetes reckons with AverageValue: the queue through the readings that a server is to have.
    least, most = scaler["spec"]["minReplicas"], scaler["spec"]["maxReplicas"]
    per = int(external["target"]["averageValue"])
    wanted = [min(max(math.ceil(queue / per), least), most) for queue in (0, 20, 21, 60, 500)]
    assert wanted == [1, 1, 2, 3, 3]
