"""What is wrong with a house of several servers, and with what follows the queue."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.deploy.kubernetes.objects import House, Object, Workload, called, ports

NEEDED = ("REDIS_URL_FILE", "DATABASE_URL_FILE", "LIGHTBOX_SECRET_KEY_FILE")
_CLOSES_S = 60
"""What a server takes to answer, hand over and end."""
_FLAPS_S = 600
_HASH = "nginx.ingress.kubernetes.io/upstream-hash-by"


def faults(house: House) -> Iterator[str]:
    """A sentence for each fault; of one server about its scaling and its DICOM node alone."""
    yield from _dicom(house)
    for each in house.of("HorizontalPodAutoscaler"):
        yield from (f"{called(each)} {fault}" for fault in _scaler(house, each))
    if house.several:
        yield from _shared(house)
        for workload in house.workloads:
            if workload.serves:
                yield from (f"{workload.name} {fault}" for fault in _server(house, workload))
        for ingress in house.of("Ingress"):
            if not ingress["metadata"].get("annotations", {}).get(_HASH, "").startswith("$"):
                yield f"{called(ingress)} keeps nobody at one server"


def _dicom(house: House) -> Iterator[str]:
    nodes = [each for each in house.workloads if "dicom" in ports(each)]
    if len(nodes) > 1 or any(house.scaled(each) for each in nodes):
        yield "Several pods have a DICOM node"


def _scaler(house: House, scaler: Object) -> Iterator[str]:
    said, target = scaler["spec"], scaler["spec"]["scaleTargetRef"]
    deployment = house.named(target["kind"], target["name"])
    if deployment is None:
        yield f"scales {target['name']}, which is not there"
    elif "replicas" in deployment["spec"]:
        yield f"scales {target['name']}, which says itself how many there are"
    if said["maxReplicas"] < said.get("minReplicas", 1):
        yield "has its ends the wrong way round"
    for metric in said.get("metrics", []):
        # The queue is the house's: an average over pods, or a ratio to them, would never come to rest.
        if metric["type"] != "External" or metric["external"]["target"]["type"] != "AverageValue":
            yield "does not divide the house's queue by its readers"
        elif not metric["external"]["metric"].get("selector", {}).get("matchLabels"):
            yield "follows the queues of all houses"
    if not said.get("metrics"):
        yield "follows nothing"
    down = said.get("behavior", {}).get("scaleDown", {})
    if down.get("stabilizationWindowSeconds", 300) < _FLAPS_S:
        yield "ends readers as soon as the queue is short"


def _shared(house: House) -> Iterator[str]:
    files = house.settings.get("LIGHTBOX_FILES", "")
    if not re.match(r"(s3|gs|az)://", files) and not _is_shared(house, files):
        yield f"Several servers have no files that all reach: {files}"
    if not house.settings.get("MLFLOW_TRACKING_URI", "").startswith("http"):
        yield "Several servers have no MLflow server"


def _is_shared(house: House, folder: str) -> bool:
    """Whether each server and the backup have the folder on a claim that many nodes mount."""
    return bool(folder) and all(_is_on_shared_claim(house, each, folder) for each in house.workloads)


def _is_on_shared_claim(house: House, workload: Workload, folder: str) -> bool:
    for mount in workload.containers[0].get("volumeMounts", []):
        volume = workload.volume(mount["name"]) or {}
        name = volume.get("persistentVolumeClaim", {}).get("claimName", "")
        claim = house.named("PersistentVolumeClaim", name)
        if folder.startswith(f"{mount['mountPath']}/") and claim is not None:
            return bool(claim["spec"]["accessModes"] == ["ReadWriteMany"])
    return False


def _server(house: House, workload: Workload) -> Iterator[str]:
    container = next(each for each in workload.containers if each["name"] == "server")
    variables = {each["name"] for each in container.get("env", [])}
    yield from (f"lacks {name}" for name in NEEDED if name not in variables)
    home = workload.volume("home") or {}
    if "ephemeral" not in home and "persistentVolumeClaim" not in home:
        yield "has no disk of its own for its home folder"
    spread = workload.pod.get("topologySpreadConstraints", [])
    if not any(house.selected(each["labelSelector"]["matchLabels"]) == _servers(house) for each in spread):
        yield "may stand on one node with all others"
    stop = container.get("lifecycle", {}).get("preStop", {}).get("exec", {}).get("command", [])
    waits = int(stop[-1]) if stop[:1] == ["sleep"] else 0
    if not waits:
        yield "ends before the ingress knows"
    if workload.pod.get("terminationGracePeriodSeconds", 30) < waits + _CLOSES_S:
        yield "is killed before it has handed over"
    strategy = workload.object["spec"].get("strategy", {})
    if house.scaled(workload) and strategy.get("rollingUpdate", {}).get("maxUnavailable") != 0:
        yield "is restarted before the next one is ready"


def _servers(house: House) -> list[Workload]:
    return [each for each in house.workloads if each.serves]
