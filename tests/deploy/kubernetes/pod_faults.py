"""What is wrong with the pods of a workload: how they are confined, probed, and where they find things."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from tests.deploy.kubernetes.objects import House, Object, Workload

PROBES = {"startup": "/healthz", "liveness": "/healthz", "readiness": "/readyz"}
_CONFINED = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True}
_HOSTS = ("hostNetwork", "hostPID", "hostIPC")
_GPU = "nvidia.com/gpu"


def faults(house: House, workload: Workload) -> Iterator[str]:
    """A sentence for each fault."""
    pod = workload.pod
    if not pod.get("securityContext", {}).get("runAsNonRoot"):
        yield f"{workload.name} may run as root"
    if pod.get("securityContext", {}).get("runAsUser", 0) == 0:
        yield f"{workload.name} runs as user 0"
    if pod.get("automountServiceAccountToken") is not False:
        yield f"{workload.name} is given a token of the cluster"
    if pod.get("enableServiceLinks") is not False:
        yield f"{workload.name} is given LIGHTBOX_PORT by the Service"
    yield from (f"{workload.name} is on the node's {name}" for name in _HOSTS if pod.get(name))
    yield from _volumes(house, workload)
    yield from _gpu(workload)
    for container in workload.containers:
        where = f"{workload.name}, {container['name']}"
        for rule in (_confined, _image, _resources, _probes, _mounts):
            yield from (f"{where}: {fault}" for fault in rule(workload, container))
        yield from (f"{where}: {fault}" for fault in _environment(house, workload, container))


def _confined(_: Workload, container: Object) -> Iterator[str]:
    context = container.get("securityContext", {})
    yield from (
        f"{name} is not {wanted}" for name, wanted in _CONFINED.items() if context.get(name) != wanted
    )
    if context.get("privileged"):
        yield "it is privileged"
    if context.get("capabilities", {}).get("drop") != ["ALL"] or context["capabilities"].get("add"):
        yield "it has capabilities"
    if context.get("runAsUser") == 0 or context.get("runAsNonRoot") is False:
        yield "it runs as root"


def _image(_: Workload, container: Object) -> Iterator[str]:
    _, colon, tag = container["image"].rpartition("/")[2].partition(":")
    if not colon or tag == "latest":
        yield f"its image {container['image']} is no version"


def _resources(_: Workload, container: Object) -> Iterator[str]:
    resources = container.get("resources", {})
    if "memory" not in resources.get("limits", {}):
        yield "it has no limit of memory"
    yield from (
        f"it asks for no {name}" for name in ("cpu", "memory") if name not in resources.get("requests", {})
    )


def _probes(_: Workload, container: Object) -> Iterator[str]:
    named = {port["name"] for port in container.get("ports", [])}
    if "http" in named:
        for name, path in PROBES.items():
            asked = container.get(f"{name}Probe", {}).get("httpGet", {})
            if (asked.get("path"), asked.get("port")) != (path, "http"):
                yield f"its {name} probe does not ask {path}"
    elif named and "livenessProbe" not in container:
        yield "nothing looks whether it lives"
    for name in PROBES:
        probe = container.get(f"{name}Probe", {})
        asked = probe.get("tcpSocket", probe.get("httpGet", {}))
        if asked and asked["port"] not in named:
            yield f"its {name} probe asks the port {asked['port']}, which it does not have"


def _mounts(workload: Workload, container: Object) -> Iterator[str]:
    for mount in container.get("volumeMounts", []):
        if workload.volume(mount["name"]) is None:
            yield f"it mounts {mount['name']}, which is no volume"


def _environment(house: House, workload: Workload, container: Object) -> Iterator[str]:
    for source in container.get("envFrom", []):
        name = source.get("configMapRef", {}).get("name", "")
        if house.named("ConfigMap", name) is None:
            yield f"its settings {name} are not there"
    files = set(_secret_files(workload, container))
    for variable in container.get("env", []):
        if variable["name"].endswith("_FILE") and variable.get("value") not in files:
            yield f"{variable['name']} is no file that it has"
        if not variable["name"].endswith("_FILE") and "value" in variable and "://" in variable["value"]:
            yield f"{variable['name']} is written down"


def _secret_files(workload: Workload, container: Object) -> Iterator[str]:
    for mount in container.get("volumeMounts", []):
        volume = workload.volume(mount["name"]) or {}
        for item in volume.get("secret", {}).get("items", []):
            yield str(PurePosixPath(mount["mountPath"], item["path"]))


def _volumes(house: House, workload: Workload) -> Iterator[str]:
    if any("hostPath" in each for each in workload.pod.get("volumes", [])):
        yield f"{workload.name} mounts a folder of the node"
    for name in workload.claims() - house.outside:
        if house.named("PersistentVolumeClaim", name) is None:
            yield f"{workload.name} mounts the claim {name}, which is not there"


def _gpu(workload: Workload) -> Iterator[str]:
    wanted = [each.get("resources", {}).get("limits", {}).get(_GPU) for each in workload.containers]
    asked = [each for each in wanted if each is not None]
    if asked and asked != ["1"]:
        yield f"{workload.name} asks for another number of GPUs than one a pod"
    if asked and not (workload.pod.get("nodeSelector") and workload.pod.get("tolerations")):
        yield f"{workload.name} asks for a GPU on any node"
