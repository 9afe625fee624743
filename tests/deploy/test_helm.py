"""The Helm chart: what it makes is what Kubernetes takes and one house needs; wrong values are refused."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from tests.deploy.running_house import DEPLOY, ROOT

CHART = DEPLOY / "kubernetes" / "lightbox"
KUBERNETES = "1.34"
KINDS = ["ConfigMap", "CronJob", "Deployment", "Ingress", "NetworkPolicy", "PersistentVolumeClaim",
         "PodDisruptionBudget", "Service"]  # fmt: skip
SAID = ("secret.name=house", "image.tag=1.2.3")
pytestmark = pytest.mark.integration
Made = dict[str, Any]


def helm() -> str:
    """Helm; skips the test where it is missing."""
    fetched = ROOT / ".helm" / "helm"
    program = str(fetched) if fetched.exists() else shutil.which("helm")
    if program is None:
        pytest.skip("helm is not installed: make helm")
    return program


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([helm(), *arguments], capture_output=True, text=True, check=False)


def made(*values: str, chart: Path = CHART) -> list[Made]:
    """What the chart makes of these values."""
    done = run("template", "lightbox", str(chart), *(f"--set={value}" for value in (*SAID, *values)))
    assert done.returncode == 0, done.stderr
    return [each for each in yaml.safe_load_all(done.stdout) if each]


def of_kind(kind: str, *values: str) -> Made:
    """The first of a kind."""
    return next(each for each in made(*values) if each["kind"] == kind)


def checked(objects: list[Made]) -> None:
    """Raises ValidationError for what Kubernetes would not take."""
    for each in objects:
        kubernetes_validate.validate(each, KUBERNETES, strict=True)


def pods(*values: str) -> list[Made]:
    """The pods' specifications: of the server and of the backup."""
    backup = of_kind("CronJob", *values)["spec"]["jobTemplate"]["spec"]["template"]
    return [each["spec"] for each in (of_kind("Deployment", *values)["spec"]["template"], backup)]


def containers(pod: Made) -> list[Made]:
    return [*pod.get("initContainers", []), *pod["containers"]]


@pytest.mark.parametrize(
    "values",
    [
        (),
        ("gpu.enabled=true", "gpu.runtimeClassName=nvidia", "dicom.type=LoadBalancer"),
        (
            "dicom.enabled=false",
            "ingress.enabled=false",
            "backup.enabled=false",
            "networkPolicy.enabled=false",
        ),
        (
            "persistence.home.existingClaim=here",
            "persistence.backups.storageClass=slow",
            "backup.timeZone=UTC",
        ),
    ],
)
def test_what_the_chart_makes_is_what_kubernetes_takes(values: tuple[str, ...]) -> None:
    objects = made(*values)
    checked(objects)
    assert values or sorted({each["kind"] for each in objects}) == KINDS
    assert run("lint", "--strict", str(CHART), f"--set={','.join(SAID)}").returncode == 0


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("containerPort: 8050", "containerPrt: 8050"),
        ("replicas: 1", "replicas: one"),
        ("strategy: {type: Recreate}", "strategy: Recreate"),
        ("runAsNonRoot: true", "runAsNonRoot: sure"),
    ],
)
def test_planted_errors_are_found(right: str, wrong: str, tmp_path: Path) -> None:
    chart = tmp_path / "chart"
    shutil.copytree(CHART, chart)
    files = [file for file in (chart / "templates").iterdir() if right in file.read_text()]
    assert files
    for file in files:
        file.write_text(file.read_text().replace(right, wrong))
    with pytest.raises(kubernetes_validate.ValidationError):
        checked(made(chart=chart))


@pytest.mark.parametrize(
    "value",
    ["secret.name=", "image.tag=", "settings.DATABASE_URL=postgresql://a:b@c/d",
     "settings.LIGHTBOX_SECRET_KEY=x", "replicas=2", "image.tag=latest",
     "persistence.home.size=much", "gpu.count=0"],
)  # fmt: skip
def test_values_that_would_do_harm_are_refused(value: str) -> None:
    done = run("template", "lightbox", str(CHART), f"--set={','.join(SAID)}", f"--set={value}")
    assert done.returncode != 0 and "schema" in done.stderr


def test_there_is_one_server_and_an_update_ends_it_before_the_next_begins() -> None:
    said = of_kind("Deployment")["spec"]
    assert (said["replicas"], said["strategy"]) == (1, {"type": "Recreate"})
    budget = of_kind("PodDisruptionBudget")["spec"]
    assert budget["minAvailable"] == 1
    assert budget["selector"] == said["selector"]


def test_probes_ask_what_there_is() -> None:
    server = pods()[0]["containers"][0]
    paths = {name: server[f"{name}Probe"]["httpGet"]["path"] for name in ("startup", "liveness", "readiness")}
    assert paths == {"startup": "/healthz", "liveness": "/healthz", "readiness": "/readyz"}


def test_pods_are_confined_and_read_secrets_from_files() -> None:
    for pod in pods():
        assert pod["securityContext"]["runAsNonRoot"] and not pod["automountServiceAccountToken"]
        assert pod["enableServiceLinks"] is False  # or LIGHTBOX_PORT is tcp://…
        for container in containers(pod):
            confined = container["securityContext"]
            assert confined["readOnlyRootFilesystem"] and not confined["allowPrivilegeEscalation"]
            assert confined["capabilities"] == {"drop": ["ALL"]}
            assert "memory" in container["resources"]["limits"]
            mounted = {mount["mountPath"] for mount in container["volumeMounts"]}
            assert {"/var/lib/lightbox", "/tmp", "/run/secrets/lightbox"} <= mounted
            for variable in container["env"]:
                assert variable["name"].endswith("_FILE")
                assert variable["value"].startswith("/run/secrets/lightbox/")


def test_a_gpu_is_asked_for_with_the_nodes_that_have_one() -> None:
    values = ("gpu.enabled=true", "gpu.count=2", "nodeSelector.zone=a")
    server, backup = pods(*values)
    assert server["nodeSelector"] == {"nvidia.com/gpu.present": "true", "zone": "a"}
    assert server["containers"][0]["resources"]["limits"]["nvidia.com/gpu"] == "2"
    assert all("nvidia.com/gpu" not in each["resources"]["limits"] for each in containers(backup))
    assert backup["tolerations"] == server["tolerations"]  # it runs on the server's node
    assert "nodeSelector" not in pods()[0]


def test_backups_run_on_the_servers_node_and_are_verified() -> None:
    backup = pods("backup.keep=7")[1]
    (rule,) = backup["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    labels = of_kind("Deployment")["spec"]["selector"]["matchLabels"]
    assert rule["labelSelector"]["matchLabels"] == labels
    assert [container["args"] for container in containers(backup)] == [
        ["backup", "/var/lib/lightbox-backups", "--keep", "7"],
        ["backup", "/var/lib/lightbox-backups", "--verify"],
    ]
    kept = [each for each in made() if each["kind"] == "PersistentVolumeClaim"]
    assert all(each["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep" for each in kept)


def test_only_who_is_named_reaches_the_pod() -> None:
    said = of_kind("NetworkPolicy", "networkPolicy.senders={10.1.0.5/32}")["spec"]
    pages, scanners = said["ingress"]
    assert [port["port"] for port in (*pages["ports"], *scanners["ports"])] == ["http", "dicom"]
    assert scanners["from"] == [{"ipBlock": {"cidr": "10.1.0.5/32"}}]
    assert len(pages["from"]) == 2 and said["policyTypes"] == ["Ingress", "Egress"]
    assert len(of_kind("NetworkPolicy", "dicom.enabled=false")["spec"]["ingress"]) == 1


def test_settings_are_those_of_the_manual() -> None:
    manual = (ROOT / "docs" / "settings.md").read_text()
    named = set(re.findall(r"^\| `([A-Z_]+)` \|", manual, re.MULTILINE))
    environment = {variable["name"] for pod in pods() for each in containers(pod) for variable in each["env"]}
    assert set(of_kind("ConfigMap")["data"]) | environment <= named
