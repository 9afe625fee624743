"""The kustomization: made from the chart, and what kustomize makes of it is what Helm would have made."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts import kustomize
from tests.deploy.kubernetes.faults import faults
from tests.deploy.kubernetes.objects import House
from tests.deploy.kubernetes.rendering import KUSTOMIZE, Made, kustomized, program, run
from tests.deploy.terraform.checkov import findings
from tests.deploy.test_kubernetes_planted import LEFT_OUT

BASE = KUSTOMIZE / "base"
OVERLAYS = sorted(values.parent for values in (KUSTOMIZE / "overlays").glob("*/values.yaml"))
EXAMPLE = KUSTOMIZE / "example"
FOLDERS = [BASE, *OVERLAYS, EXAMPLE]
_HASHED = re.compile(r"^(lightbox-settings)-[0-9a-z]{10}$")
pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def _programs() -> None:
    program("helm")
    program("kubectl")


def unhashed(value: Any) -> Any:
    """With the settings called as the chart calls them."""
    if isinstance(value, dict):
        return {key: unhashed(each) for key, each in value.items()}
    if isinstance(value, list):
        return [unhashed(each) for each in value]
    return _HASHED.sub(r"\1", value) if isinstance(value, str) else value


def by_name(objects: list[Made]) -> dict[tuple[str, str], Made]:
    return {(each["kind"], each["metadata"]["name"]): each for each in map(unhashed, objects)}


def test_there_is_a_base_and_an_overlay_for_each_kind_of_house() -> None:
    assert [folder.name for folder in OVERLAYS] == ["autoscaled", "gpu", "several"]


def test_made_files_are_as_the_chart_would_have_them() -> None:
    made = kustomize.all_files()
    stale = [str(file) for file, text in made.items() if not file.exists() or file.read_text() != text]
    assert not stale, "make kustomize"
    there = {
        file for file in KUSTOMIZE.rglob("*.yaml") if file.name != "values.yaml" and file.parent != EXAMPLE
    }
    assert there == made.keys()


@pytest.mark.parametrize("folder", [BASE, *OVERLAYS], ids=lambda folder: folder.name)
def test_kustomize_makes_what_helm_makes(folder: Path) -> None:
    values = [BASE / "values.yaml", *([folder / "values.yaml"] if folder != BASE else [])]
    assert by_name(kustomized(folder)) == kustomize.rendered(*values)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_kubernetes_takes_it_and_a_house_is_whole(folder: Path) -> None:
    objects = kustomized(folder)
    assert not faults(objects)
    assert "helm" not in yaml.safe_dump(objects).lower()


def test_checkov_finds_no_more_than_in_the_chart(tmp_path: Path) -> None:
    for folder in FOLDERS:
        (tmp_path / f"{folder.name}.yaml").write_text(yaml.safe_dump_all(kustomized(folder)))
    told = findings(tmp_path, "kubernetes")
    assert not told.unread and told.passed > 500
    assert {each.rule for each in told.failed} <= LEFT_OUT.keys()


def test_overlays_are_of_one_gpu_of_several_and_of_as_many_as_the_queue_needs() -> None:
    gpu, several, autoscaled = (
        House(kustomized(KUSTOMIZE / "overlays" / name)) for name in ("gpu", "several", "autoscaled")
    )
    assert "nvidia.com/gpu" in str(gpu.workloads[0].pod) and not gpu.several
    assert several.several and not several.of("HorizontalPodAutoscaler")
    assert autoscaled.of("HorizontalPodAutoscaler") and autoscaled.several


def test_a_house_says_its_own_over_an_overlay() -> None:
    house = House(kustomized(EXAMPLE))
    assert {each["metadata"].get("namespace") for each in house.objects} == {"lightbox"}
    images = {container["image"] for each in house.workloads for container in each.containers}
    (image,) = images
    assert image.startswith("registry.clinic.example/radiology/lightbox:")
    assert house.settings["LIGHTBOX_URL"] == "https://reading.clinic.example"
    assert house.settings["LIGHTBOX_HTTPS"] == "1" and house.settings["MLFLOW_TRACKING_URI"]
    assert "reading.clinic.example" in str(house.of("Ingress")) and "hospital.example" not in str(
        house.of("Ingress")
    )


def test_pods_begin_anew_with_other_settings(tmp_path: Path) -> None:
    shutil.copytree(KUSTOMIZE, tmp_path / "kustomize")
    example = tmp_path / "kustomize" / "example"
    before = settings_of(example)
    file = example / "kustomization.yaml"
    file.write_text(file.read_text().replace("MR1@10.1.0.5", "MR2@10.1.0.5"))
    assert settings_of(example) != before


def settings_of(folder: Path) -> str:
    """How the settings are called that each pod names."""
    house = House(kustomized(folder))
    (name,) = {
        source["configMapRef"]["name"]
        for each in house.workloads
        for container in each.containers
        for source in container["envFrom"]
    }
    return str(name)


PLANTED = {
    "a patch of nothing": ("overlays/gpu", "kustomization.yaml", "name: lightbox\n",
                           "name: lightbox-server\n", "differs"),
    "a patch of a place that is not there": ("overlays/gpu", "kustomization.yaml", "containers/0/",
                                             "containers/7/", "add operation does not apply"),
    "settings that replace the base's": ("overlays/several", "kustomization.yaml", "behavior: merge",
                                         "behavior: replace", "differs"),
    "a forgotten resource": ("overlays/several", "kustomization.yaml", "- resources.yaml\n", "", "differs"),
    "a patched number": ("overlays/several", "kustomization.yaml", "value: 90", "value: 10", "differs"),
    "a base that somebody changed": ("overlays/gpu", "../../base/resources.yaml", "path: /readyz",
                                     "path: /ready", "differs"),
    "a field that Kubernetes has not": ("base", "resources.yaml", "terminationGracePeriodSeconds",
                                        "terminationGraceSeconds",
                                        "'terminationGraceSeconds' was unexpected"),
    "no such file": ("base", "kustomization.yaml", "- resources.yaml", "- resource.yaml", "resource.yaml"),
}  # fmt: skip


@pytest.mark.parametrize("name", PLANTED)
def test_planted_errors_are_found(name: str, tmp_path: Path) -> None:
    folder, file, right, wrong, said = PLANTED[name]
    shutil.copytree(KUSTOMIZE, tmp_path / "kustomize")
    here = tmp_path / "kustomize" / folder
    text = (here / file).read_text()
    assert right in text
    (here / file).write_text(text.replace(right, wrong))
    assert any(said in each for each in told_of(here, KUSTOMIZE / folder))


def told_of(copy: Path, folder: Path) -> list[str]:
    """What is said of a changed copy of a folder: by kustomize, by our checks, or that it differs."""
    done = run("kubectl", "kustomize", str(copy))
    if done.returncode != 0:
        return [done.stderr]
    changed = list(yaml.safe_load_all(done.stdout))
    differs = ["it differs"] if by_name(changed) != by_name(kustomized(folder)) else []
    return [*faults(changed), *differs]


def test_an_overlay_takes_nothing_away(tmp_path: Path) -> None:
    values = tmp_path / "values.yaml"
    values.write_text("backup: {enabled: false}\n")
    with pytest.raises(SystemExit, match="cannot take away"):
        kustomize.overlay_files(BASE / "values.yaml", values)


def test_a_change_is_named_where_it_is() -> None:
    old = {"a": {"b/c": 1, "gone": 2}, "list": [{"x": 1}, {"x": 2}], "other": [1]}
    new = {"a": {"b/c": 3}, "list": [{"x": 1}, {"x": 5}], "other": [1, 2], "new": {"y": 1}}
    assert list(kustomize.changes(old, new)) == [
        {"op": "replace", "path": "/a/b~1c", "value": 3},
        {"op": "remove", "path": "/a/gone"},
        {"op": "replace", "path": "/list/1/x", "value": 5},
        {"op": "replace", "path": "/other", "value": [1, 2]},
        {"op": "add", "path": "/new", "value": {"y": 1}},
    ]
