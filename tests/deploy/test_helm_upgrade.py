"""What the chart looks for before it changes what runs: servers that would not work beside each other."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.deploy.kubernetes.cluster import Running, cluster
from tests.deploy.kubernetes.rendering import AUTOSCALED, CHART, SAID, SEVERAL, run

ONE = (Running("lightbox", "1.2.3", 1),)
TWO_SORTS = (*ONE, Running("lightbox-readers", "1.2.3", 2))
OLDER = (Running("lightbox", "1.2.2", 1), Running("lightbox-readers", "1.2.2", 2))
STOPPED = (Running("lightbox", "1.2.2", 0),)
TWO_VERSIONS = "Servers of two versions do not work together, and 1.2.2 run: stop all with replicas=0 first."
BESIDE = "One server and several do not work beside each other: stop what runs with replicas=0 first."
pytestmark = pytest.mark.integration


def said(folder: Path, running: tuple[Running, ...], *values: str) -> str:
    """What Helm says of an upgrade to version 1.2.3 where these run; nothing where it would begin."""
    with cluster(folder, *running) as configuration:
        asked = ("--dry-run=server", "--disable-openapi-validation", f"--kubeconfig={configuration}")
        done = run(
            "helm",
            "template",
            "lightbox",
            str(CHART),
            *asked,
            *(f"--set={value}" for value in (*SAID, *values)),
        )
    assert done.returncode == 0 or done.stderr
    return done.stderr if done.returncode else ""


@pytest.mark.parametrize(
    ("running", "values"),
    [
        ((), ()),
        ((), SEVERAL),
        (ONE, ()),
        ((Running("lightbox", "1.2.2", 1),), ()),  # one server is ended before the next one begins
        (TWO_SORTS, SEVERAL),
        (TWO_SORTS, AUTOSCALED),
        (OLDER, (*SEVERAL, "replicas=0")),
        (STOPPED, SEVERAL),
        (STOPPED, ()),
    ],
)
def test_what_goes_well_is_let_through(
    running: tuple[Running, ...], values: tuple[str, ...], tmp_path: Path
) -> None:
    assert said(tmp_path, running, *values) == ""


@pytest.mark.parametrize(
    ("running", "values", "sentence"),
    [
        (OLDER, SEVERAL, TWO_VERSIONS),
        (OLDER, AUTOSCALED, TWO_VERSIONS),
        (OLDER, (), TWO_VERSIONS),
        (ONE, SEVERAL, BESIDE),
        (ONE, AUTOSCALED, BESIDE),
        (TWO_SORTS, (), BESIDE),
    ],
)
def test_servers_that_would_not_work_beside_each_other_are_stopped_first(
    running: tuple[Running, ...], values: tuple[str, ...], sentence: str, tmp_path: Path
) -> None:
    assert sentence in said(tmp_path, running, *values)
