"""Drift for programs: /api/v1/drift."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Flask, Response, jsonify, request

from dashboard.auth import require
from data.errors import InvalidInput, NotFound
from data.records import DriftAsk, DriftReference, DriftRun
from services.permissions import Permission

if TYPE_CHECKING:
    from services.assembly.container import Services

LISTED = 50
_TEXTS = {"task", "reference", "from", "to", "filters"}


def register(server: Flask, services: Services) -> None:
    """Add the routes."""
    views = ApiDrift(services)
    rule = server.add_url_rule
    rule("/api/v1/drift", "api_drift_runs", views.recent)
    rule("/api/v1/drift", "api_drift_ask", views.ask, methods=["POST"])
    rule("/api/v1/drift/references", "api_drift_references", views.references)
    rule("/api/v1/drift/<run_id>", "api_drift_run", views.one)
    rule("/api/v1/drift/<run_id>/culprits", "api_drift_culprits", views.influential_scans)


class ApiDrift:
    """The views."""

    def __init__(self, services: Services) -> None:
        self.services = services

    def recent(self) -> Response:
        """The latest runs of a task, newest first."""
        require(Permission.SEE_DRIFT)
        return jsonify(
            {"runs": [described(run) for run in self.services.drift.runs.runs(self._task(), LISTED)]}
        )

    def references(self) -> Response:
        """The references of a task."""
        require(Permission.SEE_DRIFT)
        found = self.services.drift.runs.references.all(self._task())
        return jsonify({"references": [of_reference(one) for one in found]})

    def ask(self) -> tuple[Response, int]:
        """Have a run made: `{"task": "brain-tumour", "last": 500}`."""
        user = require(Permission.RUN_DRIFT)
        run = self.services.drift.runs.request(ask_of(self.services, request.get_json(silent=True)), user)
        return jsonify(described(run)), 202

    def one(self, run_id: str) -> Response:
        """One run with, when it is done, every number of its snapshot."""
        require(Permission.SEE_DRIFT)
        run = self.services.drift.runs.run(run_id)
        snapshot = self.services.drift.runs.snapshot(run_id) if run.snapshot_sha256 else None
        return jsonify(described(run) | {"snapshot": snapshot})

    def influential_scans(self, run_id: str) -> Response:
        """The scans that pull a feature, the strongest first."""
        require(Permission.SEE_SCANS)
        found = self.services.drift.influential_scans.of(run_id, request.args.get("feature", "overall"))
        scans = [vars(scan) for scan in found.scans]
        usual = {"median": found.median, "q25": found.q25, "q75": found.q75, "usual": found.usual}
        return jsonify({"feature": found.feature, "unit": found.unit, "reference": usual, "scans": scans})

    def _task(self) -> str:
        task = request.args.get("task", "")
        if task not in self.services.versions.registry.clinical:
            raise InvalidInput(
                "Give the task: " + " or ".join(self.services.versions.registry.clinical) + "."
            )
        return task


def ask_of(services: Services, sent: Any) -> DriftAsk:
    """What a program asks for; raises InvalidInput."""
    if not isinstance(sent, dict) or sent.get("task") not in services.versions.registry.clinical:
        raise InvalidInput("Send a JSON object with the task.")
    unknown = sorted(set(sent) - _TEXTS - {"last"})
    if unknown:
        raise InvalidInput(f"A drift run has nothing called {', '.join(unknown)}.")
    last = sent.get("last")
    if last is not None and (isinstance(last, bool) or not isinstance(last, int)):
        raise InvalidInput("last is a whole number of readings.")
    given = {name: sent.get(name) for name in _TEXTS}
    if not all(value is None or isinstance(value, str) for value in given.values()):
        raise InvalidInput("All but last are texts.")
    reference_id = None
    if given["reference"]:
        try:
            reference_id = services.drift.runs.references.named(sent["task"], given["reference"]).id
        except NotFound as error:
            raise InvalidInput(str(error)) from error
    return DriftAsk(
        sent["task"], reference_id, last, given["from"] or None, given["to"] or None, given["filters"] or ""
    )


def described(run: DriftRun) -> dict[str, Any]:
    """Put a run as JSON."""
    return {
        "id": run.id,
        "task": run.task,
        "state": run.state.value,
        "failure": run.failure,
        "severity": run.severity.value if run.severity else None,
        "version": run.version,
        "reference": {"id": run.reference_id, "name": run.reference_name, "n": run.reference_n},
        "window": {
            "last": run.ask.last,
            "from": run.ask.first,
            "to": run.ask.to,
            "filters": run.ask.query,
            "n": run.current_n,
        },
        "drifted": run.drifted,
        "watched": run.watched,
        "snapshot_sha256": run.snapshot_sha256,
        "asked_at": run.created_at.isoformat(),
        "finished_at": run.finished_at.isoformat() if run.finished_at else None,
    }


def of_reference(one: DriftReference) -> dict[str, Any]:
    """Put a reference as JSON."""
    return {
        "id": one.id,
        "name": one.name,
        "kind": one.kind.value,
        "version": one.version,
        "n": one.n,
        "sha256": one.sha256,
        "made_at": one.created_at.isoformat(),
    }
