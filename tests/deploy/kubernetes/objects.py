"""Objects of Kubernetes as they refer to each other: workloads with their pods, and what selects them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

Object = dict[str, Any]
SERVER = "lightbox/server"


class Workload(NamedTuple):
    """A Deployment or CronJob with the pods that it makes."""

    object: Object
    labels: dict[str, str]
    pod: Object

    @property
    def name(self) -> str:
        """Kind and name, as faults call it."""
        return called(self.object)

    @property
    def containers(self) -> list[Object]:
        return [*self.pod.get("initContainers", []), *self.pod["containers"]]

    @property
    def serves(self) -> bool:
        """Whether it is one of the house's servers."""
        return self.labels.get(SERVER) == "true"

    def volume(self, name: str) -> Object | None:
        return next((each for each in self.pod.get("volumes", []) if each["name"] == name), None)

    def claims(self) -> set[str]:
        """Names of the claims that its pods share."""
        volumes = self.pod.get("volumes", [])
        return {
            each["persistentVolumeClaim"]["claimName"] for each in volumes if "persistentVolumeClaim" in each
        }


class House(NamedTuple):
    """Everything that was made, by kind; `outside` names claims that were there before."""

    objects: list[Object]
    outside: frozenset[str] = frozenset()

    def of(self, kind: str) -> list[Object]:
        return [each for each in self.objects if each["kind"] == kind]

    def named(self, kind: str, name: str) -> Object | None:
        return next((each for each in self.of(kind) if each["metadata"]["name"] == name), None)

    @property
    def workloads(self) -> list[Workload]:
        jobs = [(each, each["spec"]["jobTemplate"]["spec"]["template"]) for each in self.of("CronJob")]
        servers = [(each, each["spec"]["template"]) for each in self.of("Deployment")]
        return [
            Workload(each, template["metadata"]["labels"], template["spec"])
            for each, template in [*servers, *jobs]
        ]

    def selected(self, selector: dict[str, str]) -> list[Workload]:
        """Whose pods have all of these labels."""
        return [each for each in self.workloads if selector.items() <= each.labels.items()]

    def scaled(self, workload: Workload) -> bool:
        """Whether it may have several pods."""
        return workload.object["spec"].get("replicas", 1) > 1 or bool(self.scalers(workload))

    def scalers(self, workload: Workload) -> list[Object]:
        return [
            each
            for each in self.of("HorizontalPodAutoscaler")
            if each["spec"]["scaleTargetRef"]["name"] == workload.object["metadata"]["name"]
        ]

    @property
    def several(self) -> bool:
        """Whether the house has several servers."""
        servers = [each for each in self.workloads if each.serves]
        return len(servers) > 1 or any(self.scaled(each) for each in servers)

    @property
    def settings(self) -> dict[str, str]:
        return {name: value for each in self.of("ConfigMap") for name, value in each["data"].items()}


def called(each: Object) -> str:
    return f"{each['kind']} {each['metadata']['name']}"


def ports(workload: Workload) -> dict[str, int]:
    """The named ports of its containers."""
    return {
        port["name"]: port["containerPort"]
        for container in workload.containers
        for port in container.get("ports", [])
    }


def backends(ingress: Object) -> Iterator[Object]:
    """The services that an Ingress leads to."""
    for rule in ingress["spec"]["rules"]:
        for path in rule["http"]["paths"]:
            yield path["backend"]["service"]
