"""The Helm chart: what it makes is what Kubernetes takes and one house needs; wrong values are refused."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from tests.deploy.kubernetes.faults import faults
from tests.deploy.kubernetes.objects import House
from tests.deploy.kubernetes.rendering import (
    AUTOSCALED,
    BUCKET,
    CHART,
    FOLDER,
    SAID,
    SEVERAL,
    Made,
    made,
    refusal,
    run,
)
from tests.deploy.running_house import DEPLOY, ROOT

KINDS = ["ConfigMap", "CronJob", "Deployment", "Ingress", "NetworkPolicy", "PersistentVolumeClaim",
         "PodDisruptionBudget", "Service"]  # fmt: skip
GPU = ("gpu.enabled=true", "gpu.runtimeClassName=nvidia", "dicom.type=LoadBalancer")
BARE = ("dicom.enabled=false", "ingress.enabled=false", "backup.enabled=false", "networkPolicy.enabled=false",
        "podDisruptionBudget.enabled=false")  # fmt: skip
OF_OTHERS = ("persistence.home.existingClaim=here", "persistence.backups.storageClass=slow",
             "backup.timeZone=UTC", "serviceAccountName=lightbox",
             f"image.digest=sha256:{'a' * 64}")  # fmt: skip
KEYS = ("secret.environment.AWS_ACCESS_KEY_ID=id", "secret.environment.AWS_SECRET_ACCESS_KEY=key",
        "settings.AWS_REGION=eu-central-1",
        "networkPolicy.backends[0].port=6379", "networkPolicy.backends[0].pods.app=redis",
        "networkPolicy.backends[1].port=5432", "networkPolicy.backends[1].cidr=10.1.0.5/32")  # fmt: skip
_ONE = {"one": (), "others' claims": OF_OTHERS, "stopped": ("replicas=0",)}
_HOUSES = _ONE | {
    "bucket": (*SEVERAL, *KEYS),
    "folder": FOLDER,
    "claim of others'": (*FOLDER, "persistence.shared.existingClaim=there"),
    "autoscaled": AUTOSCALED,
    "autoscaled folder": (*FOLDER, "replicas=1", "autoscaling.enabled=true", "autoscaling.max=9"),
    "stopped again": (*AUTOSCALED, "replicas=0"),
}
_WITH = {"": (), "GPU": GPU, "bare": BARE}
pytestmark = pytest.mark.integration


def of_kind(kind: str, *values: str, name: str | None = None) -> Made:
    """The first of a kind, or the one of this name."""
    made_of_kind = [each for each in made(*values) if each["kind"] == kind]
    return next(each for each in made_of_kind if name in (None, each["metadata"]["name"]))


def pods(*values: str) -> list[Made]:
    """The pods' specifications: of the servers, then of the backup."""
    return [each.pod for each in House(made(*values)).workloads]


def containers(pod: Made) -> list[Made]:
    return [*pod.get("initContainers", []), *pod["containers"]]


def readers(*values: str) -> Made:
    """The specification of the servers beside the first."""
    spec: Made = of_kind("Deployment", *values, name="lightbox-readers")["spec"]
    return spec


@pytest.mark.parametrize("others", _WITH, ids=lambda name: name or "plain")
@pytest.mark.parametrize("house", _HOUSES)
def test_what_the_chart_makes_is_what_kubernetes_takes(house: str, others: str) -> None:
    values = (*_HOUSES[house], *_WITH[others])
    outside = frozenset({"here"} if house == "others' claims" else {"there"} if "others'" in house else ())
    told = faults(made(*values), outside)
    if house.startswith("claim of"):  # nobody here knows how many nodes a claim of others' may be mounted on
        assert told.pop() == "Several servers have no files that all reach: /var/lib/lightbox-shared/files"
    if others == "bare":  # a claim for backups is kept though none are made
        assert told == ["PersistentVolumeClaim lightbox-backups is mounted nowhere"]
    else:
        assert not told
    assert values or sorted({each["kind"] for each in made()}) == KINDS


@pytest.mark.parametrize("values", [(), GPU, SEVERAL, FOLDER, AUTOSCALED], ids=str)
def test_helm_has_nothing_to_say_against_it(values: tuple[str, ...]) -> None:
    done = run("helm", "lint", "--strict", str(CHART), *(f"--set={value}" for value in (*SAID, *values)))
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    "value",
    ["secret.name=", "image.tag=", "settings.DATABASE_URL=postgresql://a:b@c/d", "settings.REDIS_URL=redis://r",
     "settings.LIGHTBOX_SECRET_KEY=x", "replicas=-1", "replicas=many", "image.tag=latest", "image.digest=abc",
     "persistence.home.size=much", "gpu.count=0", "autoscaling.min=1", "spread=Never",
     "secret.environment.DATABASE_URL=x", "networkPolicy.backends[0].port=6379", "ingress.keepBy=session"],
)  # fmt: skip
def test_values_that_would_do_harm_are_refused(value: str) -> None:
    assert "schema" in refusal(value)


_WITHOUT = {
    "Redis (secret.files.REDIS_URL_FILE)": "secret.files.REDIS_URL_FILE",
    "a PostgreSQL or MariaDB that all share (secret.files.DATABASE_URL_FILE)":
        "secret.files.DATABASE_URL_FILE",
    "one secret key for all (secret.files.LIGHTBOX_SECRET_KEY_FILE)": "secret.files.LIGHTBOX_SECRET_KEY_FILE",
    "files that all reach (a bucket in settings.LIGHTBOX_FILES, or persistence.shared)":
        "settings.LIGHTBOX_FILES",
    "an MLflow server (settings.MLFLOW_TRACKING_URI)": "settings.MLFLOW_TRACKING_URI",
}  # fmt: skip


@pytest.mark.parametrize("many", ["replicas=2", "autoscaling.enabled=true"])
@pytest.mark.parametrize("said", _WITHOUT)
def test_several_servers_are_refused_without_what_they_share(said: str, many: str) -> None:
    sentence = f"Several servers also need {said}. Leave replicas at 1 and autoscaling off without them."
    without = [value for value in BUCKET if not value.startswith(f"{_WITHOUT[said]}=")]
    taken = [f"{_WITHOUT[said]}=null"] if len(without) == len(BUCKET) else []  # the chart's own is taken away
    assert sentence in refusal(*without, *taken, many)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ((*SEVERAL, "settings.LIGHTBOX_FILES=/srv/files"), "files that all reach"),
        ((*SEVERAL, "settings.MLFLOW_TRACKING_URI=sqlite:///mlflow.db"), "an MLflow server"),
        (("replicas=2",), "Redis (secret.files.REDIS_URL_FILE); files that all reach"),
        ((*SEVERAL, "gpu.enabled=true", "gpu.count=2"), "gpu.count: a server reads with one GPU"),
        ((*AUTOSCALED, "replicas=2"), "leave replicas at 1"),
        ((*AUTOSCALED, "autoscaling.min=5"), "autoscaling.max must not be less"),
        ((*FOLDER, "settings.LIGHTBOX_FILES=s3://a/b"), "both say where files are kept"),
        ((*BUCKET, "replicas=2", "rollingUpdate.maxUnavailable=1"), "one reader at least has to stay"),
        ((*SEVERAL, "rollingUpdate.maxSurge=0"), "no reader could ever be restarted"),
    ],
)
def test_what_cannot_work_together_is_refused_in_a_sentence(values: tuple[str, ...], said: str) -> None:
    assert said in refusal(*values)


def test_one_server_is_ended_by_an_update_before_the_next_begins() -> None:
    (said,) = (each["spec"] for each in made() if each["kind"] == "Deployment")
    assert (said["replicas"], said["strategy"]) == (1, {"type": "Recreate"})
    assert of_kind("PodDisruptionBudget")["spec"]["minAvailable"] == 1
    assert "upstream-hash-by" not in str(of_kind("Ingress"))
    assert "topologySpreadConstraints" not in pods()[0]


def test_several_are_one_first_and_readers_that_keep_each_other_ready() -> None:
    first = of_kind("Deployment", *SEVERAL, name="lightbox")["spec"]
    assert (first["replicas"], first["strategy"]) == (1, {"type": "Recreate"})
    assert readers(*SEVERAL)["replicas"] == 2
    assert readers(*SEVERAL)["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    assert [len(pod["containers"]) for pod in pods(*SEVERAL)[:2]] == [
        2,
        1,
    ]  # the DICOM node is beside the first
    assert of_kind("PodDisruptionBudget", *SEVERAL)["spec"]["maxUnavailable"] == 1
    (hashed,) = re.findall(r"upstream-hash-by': '(\S+)'", str(of_kind("Ingress", *SEVERAL)))
    assert hashed == "$remote_addr$http_authorization"


def test_the_first_server_stays_as_it_was_installed() -> None:
    # Kubernetes lets nobody change what a Deployment selects, nor give its claim another name.
    for values in ((), SEVERAL):
        first = of_kind("Deployment", *values, name="lightbox")
        assert set(first["spec"]["selector"]["matchLabels"]) == {
            "app.kubernetes.io/name", "app.kubernetes.io/instance", "app.kubernetes.io/component"
        }  # fmt: skip
        assert "lightbox-home" in str(first["spec"]["template"]["spec"]["volumes"])


def test_all_servers_stop_for_a_new_version() -> None:
    for values in ((), SEVERAL, AUTOSCALED):
        house = House(made(*values, "replicas=0"))
        assert [each["spec"]["replicas"] for each in house.of("Deployment")] == [0]
        assert not house.of("HorizontalPodAutoscaler")


def test_readers_follow_the_queue_between_two_ends() -> None:
    values = (*AUTOSCALED, "autoscaling.min=3", "autoscaling.max=8", "autoscaling.readingsPerServer=5")
    scaler = of_kind("HorizontalPodAutoscaler", *values)["spec"]
    assert (scaler["minReplicas"], scaler["maxReplicas"]) == (2, 7)  # beside the first
    assert scaler["scaleTargetRef"]["name"] == "lightbox-readers" and "replicas" not in readers(*values)
    (metric,) = scaler["metrics"]
    assert metric["external"]["target"] == {"type": "AverageValue", "averageValue": "5"}
    assert metric["external"]["metric"]["selector"]["matchLabels"] == {"service": "lightbox"}
    down, up = scaler["behavior"]["scaleDown"], scaler["behavior"]["scaleUp"]
    assert down["stabilizationWindowSeconds"] > up["stabilizationWindowSeconds"] > 0
    assert down["policies"] == [{"type": "Pods", "value": 1, "periodSeconds": 300}]


def test_a_reader_has_a_home_folder_of_its_own() -> None:
    pod = readers(*SEVERAL, "persistence.reader.size=70Gi", "persistence.reader.storageClass=fast")[
        "template"
    ]
    (home,) = (each for each in pod["spec"]["volumes"] if each["name"] == "home")
    claim = home["ephemeral"]["volumeClaimTemplate"]["spec"]
    assert (claim["storageClassName"], claim["resources"]["requests"]["storage"]) == ("fast", "70Gi")


def test_a_shared_folder_is_mounted_by_servers_and_backup() -> None:
    settings = of_kind("ConfigMap", *FOLDER)["data"]
    folders = {settings[f"LIGHTBOX_{name}"] for name in ("FILES", "IMPORT_FOLDER", "OUTSIDE_FOLDER")}
    assert folders == {f"/var/lib/lightbox-shared/{name}" for name in ("files", "import", "outside")}
    for pod in pods(*FOLDER):
        for container in containers(pod):
            assert "/var/lib/lightbox-shared" in {mount["mountPath"] for mount in container["volumeMounts"]}
    assert of_kind("PersistentVolumeClaim", *FOLDER, name="lightbox-shared")["spec"]["accessModes"] == [
        "ReadWriteMany"
    ]


def test_probes_ask_what_there_is() -> None:
    for server in (pods()[0]["containers"][0], readers(*SEVERAL)["template"]["spec"]["containers"][0]):
        names = ("startup", "liveness", "readiness")
        paths = {name: server[f"{name}Probe"]["httpGet"]["path"] for name in names}
        assert paths == {"startup": "/healthz", "liveness": "/healthz", "readiness": "/readyz"}


@pytest.mark.parametrize("values", [(), SEVERAL])
def test_pods_are_confined_and_read_secrets_from_files(values: tuple[str, ...]) -> None:
    for pod in pods(*values):
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


def test_keys_of_a_bucket_come_from_the_secret() -> None:
    (variable,) = (
        each
        for each in pods(*SEVERAL, *KEYS)[1]["containers"][0]["env"]
        if each["name"] == "AWS_ACCESS_KEY_ID"
    )
    assert variable["valueFrom"] == {"secretKeyRef": {"name": "house", "key": "id"}}


@pytest.mark.parametrize("several", [(), BUCKET])
def test_a_gpu_is_asked_for_with_the_nodes_that_have_one(several: tuple[str, ...]) -> None:
    values = (*several, *(["replicas=2"] if several else []), "gpu.enabled=true", "nodeSelector.zone=a")
    *servers, backup = pods(*values)
    assert len(servers) == (2 if several else 1)
    for server in servers:
        assert server["nodeSelector"] == {"nvidia.com/gpu.present": "true", "zone": "a"}
        assert server["containers"][0]["resources"]["limits"]["nvidia.com/gpu"] == "1"
        assert backup["tolerations"] == server["tolerations"]  # it runs on the first server's node
    assert all("nvidia.com/gpu" not in each["resources"]["limits"] for each in containers(backup))
    assert "nodeSelector" not in pods()[0]


@pytest.mark.parametrize("values", [(), SEVERAL, AUTOSCALED])
def test_backups_run_once_on_the_first_servers_node_and_are_verified(values: tuple[str, ...]) -> None:
    backup = pods(*values, "backup.keep=7")[-1]
    (rule,) = backup["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    labels = of_kind("Deployment", *values, name="lightbox")["spec"]["selector"]["matchLabels"]
    assert rule["labelSelector"]["matchLabels"] == labels
    assert [container["args"] for container in containers(backup)] == [
        ["backup", "/var/lib/lightbox-backups", "--keep", "7"],
        ["backup", "/var/lib/lightbox-backups", "--verify"],
    ]
    kept = [each for each in made(*values) if each["kind"] == "PersistentVolumeClaim"]
    assert all(each["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep" for each in kept)


def test_only_who_is_named_reaches_the_pod() -> None:
    said = of_kind("NetworkPolicy", "networkPolicy.senders={10.1.0.5/32}")["spec"]
    pages, scanners = said["ingress"]
    assert [port["port"] for port in (*pages["ports"], *scanners["ports"])] == ["http", "dicom"]
    assert scanners["from"] == [{"ipBlock": {"cidr": "10.1.0.5/32"}}]
    assert len(pages["from"]) == 2 and said["policyTypes"] == ["Ingress", "Egress"]
    assert len(of_kind("NetworkPolicy", "dicom.enabled=false")["spec"]["ingress"]) == 1


def test_pods_go_only_to_what_is_named_by_port() -> None:
    _, redis, database = of_kind("NetworkPolicy", *KEYS, "networkPolicy.destinations=null")["spec"]["egress"]
    assert redis["ports"] == [{"protocol": "TCP", "port": 6379}]
    assert redis["to"][0]["podSelector"] == {"matchLabels": {"app": "redis"}}
    assert database["to"] == [{"ipBlock": {"cidr": "10.1.0.5/32"}}]


def test_settings_are_those_of_the_manual() -> None:
    manual = (ROOT / "docs" / "settings.md").read_text()
    named = set(re.findall(r"`([A-Z_]+)`", manual))
    values: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text())
    schema = yaml.safe_load((CHART / "values.schema.json").read_text())["properties"]["secret"]["properties"]
    environment = {
        variable["name"]
        for pod in (*pods(*FOLDER), *pods(*SEVERAL, *KEYS))
        for each in containers(pod)
        for variable in each["env"]
    }
    told = {*of_kind("ConfigMap", *FOLDER)["data"], *values["settings"], *environment}
    assert told | set(schema["environment"]["propertyNames"]["enum"]) <= named


def test_the_ingress_controller_keeps_people_as_nginx_does() -> None:
    values = yaml.safe_load((DEPLOY / "kubernetes" / "ingress-nginx.yaml").read_text())
    told = re.findall(r"map [^}]+}", values["controller"]["config"]["http-snippet"])
    template = (DEPLOY / "nginx" / "lightbox.conf.template").read_text()
    nginx = re.findall(r"map \S+ \$lightbox_(?:session|client) {[^}]+}", template)
    assert len(nginx) == 2 and [each.split() for each in told] == [each.split() for each in nginx]
