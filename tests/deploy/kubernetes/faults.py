"""What is wrong with what was made: against Kubernetes' schemas, among its objects, and for a house."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import kubernetes_validate

from tests.deploy.kubernetes import pod_faults, several_faults
from tests.deploy.kubernetes.objects import House, Object, Workload, backends, called, ports

KUBERNETES = "1.34"


def faults(objects: list[Object], outside: frozenset[str] = frozenset()) -> list[str]:
    """A sentence for each fault; what no schema takes is looked at no further.

    `outside` names claims that are there already.
    """
    told = list(_of_schemas(objects))
    if told:
        return told
    house = House(objects, outside)
    rules = (_selectors, _services, _ingresses, _budgets, _network, _claims, _backups, _names)
    return [
        *(fault for rule in rules for fault in rule(house)),
        *(fault for each in house.workloads for fault in pod_faults.faults(house, each)),
        *several_faults.faults(house),
    ]


def _of_schemas(objects: Iterable[Object]) -> Iterator[str]:
    for each in objects:
        try:
            kubernetes_validate.validate(each, KUBERNETES, strict=True)
        except kubernetes_validate.ValidationError as error:
            yield f"{called(each)}: {error.message}"
        except kubernetes_validate.SchemaNotFoundError:
            yield f"{called(each)}: Kubernetes {KUBERNETES} has no such kind in {each['apiVersion']}"


def _names(house: House) -> Iterator[str]:
    names = [called(each) for each in house.objects]
    yield from (f"{name} is there twice" for name in sorted(set(names)) if names.count(name) > 1)


def _selectors(house: House) -> Iterator[str]:
    for each in house.of("Deployment"):
        selector = each["spec"]["selector"]["matchLabels"]
        if [workload.object for workload in house.selected(selector)] != [each]:
            yield f"{called(each)} does not select its own pods, and no others"


def _services(house: House) -> Iterator[str]:
    for service in house.of("Service"):
        pods = house.selected(service["spec"]["selector"])
        if not pods:
            yield f"{called(service)} selects no pods"
        for port in service["spec"]["ports"]:
            yield from (
                f"{called(service)} leads to {port['targetPort']}, which {each.name} does not have"
                for each in pods
                if port["targetPort"] not in ports(each)
            )


def _ingresses(house: House) -> Iterator[str]:
    for ingress in house.of("Ingress"):
        for backend in backends(ingress):
            service = house.named("Service", backend["name"])
            if service is None:
                yield f"{called(ingress)} leads to the Service {backend['name']}, which is not there"
            elif backend["port"].get("name") not in {port["name"] for port in service["spec"]["ports"]}:
                yield f"{called(ingress)} leads to a port that {called(service)} does not have"
        hosts = {host for tls in ingress["spec"].get("tls", []) for host in tls["hosts"]}
        for rule in ingress["spec"]["rules"]:
            if rule.get("host") not in hosts:
                yield f"{called(ingress)} is without TLS for {rule.get('host')}"


def _budgets(house: House) -> Iterator[str]:
    servers = [each for each in house.workloads if each.serves]
    for budget in house.of("PodDisruptionBudget"):
        if house.selected(budget["spec"]["selector"]["matchLabels"]) != servers:
            yield f"{called(budget)} is not about the servers"
        allowed = budget["spec"].get("maxUnavailable")
        if house.several and allowed != 1:
            yield f"{called(budget)} does not keep all servers but one"


def _network(house: House) -> Iterator[str]:
    for policy in house.of("NetworkPolicy"):
        pods = house.selected(policy["spec"]["podSelector"].get("matchLabels", {}))
        if pods != house.workloads:
            yield f"{called(policy)} does not confine every pod"
        if set(policy["spec"].get("policyTypes", [])) != {"Ingress", "Egress"}:
            yield f"{called(policy)} is not about both directions"
        known = {name for each in pods for name in ports(each)}
        for rule in policy["spec"].get("ingress", []):
            if not rule.get("from"):
                yield f"{called(policy)} lets everybody in"
            for port in rule.get("ports", []):
                if isinstance(port["port"], str) and port["port"] not in known:
                    yield f"{called(policy)} names the port {port['port']}, which no pod has"
        for rule in policy["spec"].get("egress", []):
            if not rule.get("to"):
                yield f"{called(policy)} lets pods go everywhere"


def _claims(house: House) -> Iterator[str]:
    for claim in house.of("PersistentVolumeClaim"):
        name, once = claim["metadata"]["name"], claim["spec"]["accessModes"] == ["ReadWriteOnce"]
        users = [each for each in house.workloads if name in each.claims()]
        if not users:
            yield f"{called(claim)} is mounted nowhere"
        servers = [each for each in users if each.serves]
        if once and (len(servers) > 1 or any(house.scaled(each) for each in servers)):
            yield f"{called(claim)} is for one node at a time, and several servers mount it"
        if once and servers and servers[0].object["spec"].get("strategy", {}).get("type") != "Recreate":
            yield f"{servers[0].name} is not ended before the next one mounts {called(claim)}"
        if once:
            yield from _beside(house, claim, users)


def _beside(house: House, claim: Object, users: list[Workload]) -> Iterator[str]:
    servers = [each for each in users if each.serves]
    for each in users:
        if servers and not each.serves:
            rules = each.pod.get("affinity", {}).get("podAffinity", {})
            required = rules.get("requiredDuringSchedulingIgnoredDuringExecution", [])
            on = [house.selected(rule["labelSelector"]["matchLabels"]) for rule in required]
            if servers not in on:
                yield f"{each.name} does not run on the node of {called(claim)}"


def _backups(house: House) -> Iterator[str]:
    jobs = house.of("CronJob")
    if len(jobs) > 1:
        yield "Backups are made by several CronJobs"
    for job in jobs:
        if job["spec"].get("concurrencyPolicy") != "Forbid":
            yield f"{called(job)} may run beside itself"
