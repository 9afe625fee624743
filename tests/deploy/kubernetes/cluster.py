"""As much of a cluster's API as Helm's `lookup` asks for: which Deployments run, and in how many pods.

Nothing is made in it; a chart that looks before it renders is tried against it.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import yaml


class Running(NamedTuple):
    """A Deployment of the cluster."""

    name: str
    version: str
    pods: int


_KINDS = {
    "v1": ["ConfigMap", "Service", "PersistentVolumeClaim"],
    "apps/v1": ["Deployment"],
    "batch/v1": ["CronJob"],
    "networking.k8s.io/v1": ["NetworkPolicy", "Ingress"],
    "policy/v1": ["PodDisruptionBudget"],
    "autoscaling/v2": ["HorizontalPodAutoscaler"],
}
_NOT_FOUND = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404}


def _resources(version: str, kinds: list[str]) -> dict[str, Any]:
    resources = [
        {
            "name": f"{kind.lower()}s",
            "singularName": kind.lower(),
            "namespaced": True,
            "kind": kind,
            "verbs": ["get"],
        }
        for kind in kinds
    ]
    return {"kind": "APIResourceList", "groupVersion": version, "resources": resources}


def _discovery() -> dict[str, dict[str, Any]]:
    """What the cluster knows, as clients ask for it first."""
    groups = [
        {"name": group, "versions": [said], "preferredVersion": said}
        for group, said in (
            (version.partition("/")[0], {"groupVersion": version, "version": version.partition("/")[2]})
            for version in _KINDS
            if "/" in version
        )
    ]
    lists = {
        f"/apis/{version}" if "/" in version else f"/api/{version}": _resources(version, kinds)
        for version, kinds in _KINDS.items()
    }
    return lists | {
        "/version": {"major": "1", "minor": "34", "gitVersion": "v1.34.0"},
        "/api": {"kind": "APIVersions", "versions": ["v1"]},
        "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups},
    }


def _answers(deployments: tuple[Running, ...]) -> dict[str, dict[str, Any]]:
    return _discovery() | {
        f"/apis/apps/v1/namespaces/default/deployments/{each.name}": {
            "kind": "Deployment",
            "apiVersion": "apps/v1",
            "metadata": {
                "name": each.name,
                "namespace": "default",
                "labels": {
                    "app.kubernetes.io/version": each.version,
                    "app.kubernetes.io/managed-by": "Helm",
                },
                "annotations": {
                    "meta.helm.sh/release-name": "lightbox",
                    "meta.helm.sh/release-namespace": "default",
                },
            },
            "status": {"replicas": each.pods} if each.pods else {},
        }
        for each in deployments
    }


@contextmanager
def cluster(folder: Path, *deployments: Running) -> Iterator[Path]:
    """Answers while it is open; gives the file by which kubectl and Helm reach it."""
    answers = _answers(deployments)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = answers.get(self.path.partition("?")[0])
            body = json.dumps(answer or _NOT_FOUND).encode()
            self.send_response(200 if answer else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield _configuration(folder, server.server_port)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _configuration(folder: Path, port: int) -> Path:
    here = {"name": "here", "cluster": {"server": f"http://127.0.0.1:{port}"}}
    context = {"name": "here", "context": {"cluster": "here", "user": "me", "namespace": "default"}}
    file = folder / "kubeconfig"
    users = [{"name": "me", "user": {}}]
    said = {"clusters": [here], "contexts": [context], "users": users, "current-context": "here"}
    file.write_text(yaml.safe_dump({"apiVersion": "v1", "kind": "Config", **said}))
    return file
