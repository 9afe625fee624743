"""The part of the OpenAPI document that is about drift."""

from __future__ import annotations

from typing import Any

_ERROR = {"$ref": "#/components/responses/Error"}
_TEXT = {"type": "string"}
_TEXT_OR_NULL = {"type": ["string", "null"]}
_NUMBER = {"type": ["number", "null"]}
_COUNT = {"type": ["integer", "null"]}
_ID = {"name": "run_id", "in": "path", "required": True, "schema": _TEXT}
_TASK = {"name": "task", "in": "query", "required": True, "schema": _TEXT, "description": "Which task"}
_RUN = {"$ref": "#/components/schemas/DriftRun"}


def paths() -> dict[str, Any]:
    """The addresses below /api/v1/drift."""
    return {
        "/api/v1/drift": {"get": _recent(), "post": _ask()},
        "/api/v1/drift/references": {"get": _references()},
        "/api/v1/drift/{run_id}": {"get": _one()},
        "/api/v1/drift/{run_id}/culprits": {"get": _influential_scans()},
    }


def schemas() -> dict[str, Any]:
    """The shapes of a run and of a reference."""
    reference = _object(id=_TEXT_OR_NULL, name=_TEXT, n=_COUNT)
    window = _object(
        **{"last": _COUNT, "from": _TEXT_OR_NULL, "to": _TEXT_OR_NULL, "filters": _TEXT, "n": _COUNT}
    )
    run = _object(
        id=_TEXT,
        task=_TEXT,
        state={"enum": ["waiting", "done", "failed"]},
        failure=_TEXT_OR_NULL,
        severity={"enum": ["calm", "too-few", "warning", "critical", None]},
        version=_TEXT_OR_NULL | {"description": "null where readings of several are in the window"},
        reference=reference,
        window=window,
        drifted=_COUNT | {"description": "Features that drifted"},
        watched=_COUNT | {"description": "Features that could be judged"},
        snapshot_sha256=_TEXT_OR_NULL,
        asked_at=_TEXT,
        finished_at=_TEXT_OR_NULL,
        snapshot={"type": ["object", "null"], "description": "Of one finished run: every number of it"},
    )
    frozen = _object(
        id=_TEXT,
        name=_TEXT,
        kind={"enum": ["training", "period"]},
        version=_TEXT_OR_NULL,
        n={"type": "integer"},
        sha256=_TEXT | {"description": "Of the file with its rows"},
        made_at=_TEXT,
    )
    return {"DriftRun": run, "DriftReference": frozen}


def _recent() -> dict[str, Any]:
    listed = _object(runs={"type": "array", "items": _RUN})
    return {
        "operationId": "driftRuns",
        "summary": "The latest drift runs of a task, newest first",
        "parameters": [_TASK],
        "responses": {"200": _json("The runs", listed), "400": _ERROR, "401": _ERROR, "403": _ERROR},
    }


def _ask() -> dict[str, Any]:
    day = _TEXT | {"format": "date"}
    fields = {
        "task": _TEXT,
        "reference": _TEXT | {"description": "Name or id; without it, the training data of the live version"},
        "last": {"type": "integer", "minimum": 1, "description": "The newest so many readings"},
        "from": day | {"description": "First day of reading, UTC"},
        "to": day | {"description": "Last day, included"},
        "filters": _TEXT | {"description": "Filters as in the cohort page's address, site=North"},
    }
    body = {"type": "object", "required": ["task"], "properties": fields, "additionalProperties": False}
    return {
        "operationId": "askDriftRun",
        "summary": "Compare a window of readings with a reference; ask for the run until it is done",
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": {"202": _json("It is queued", _RUN), "400": _ERROR, "401": _ERROR, "403": _ERROR},
    }


def _references() -> dict[str, Any]:
    item = {"$ref": "#/components/schemas/DriftReference"}
    return {
        "operationId": "driftReferences",
        "summary": "The frozen sets that drift of a task is measured against",
        "parameters": [_TASK],
        "responses": {
            "200": _json("The references", _object(references={"type": "array", "items": item})),
            "401": _ERROR,
            "403": _ERROR,
        },
    }


def _one() -> dict[str, Any]:
    return {
        "operationId": "driftRun",
        "summary": "One drift run with every number of its snapshot",
        "parameters": [_ID],
        "responses": {"200": _json("The run", _RUN), "401": _ERROR, "403": _ERROR, "404": _ERROR},
    }


def _influential_scans() -> dict[str, Any]:
    feature = {"name": "feature", "in": "query", "schema": _TEXT | {"default": "overall"}}
    scan = _object(
        scan_id=_TEXT, result_id=_TEXT, score={"type": "number"}, value={"type": ["number", "string", "null"]}
    )
    usual = _object(median=_NUMBER, q25=_NUMBER, q75=_NUMBER, usual=_TEXT_OR_NULL)
    found = _object(feature=_TEXT, unit=_TEXT, reference=usual, scans={"type": "array", "items": scan})
    return {
        "operationId": "driftCulprits",
        "summary": "The scans that pull a feature (or overall, or embedding), the strongest first",
        "parameters": [_ID, feature],
        "responses": {"200": _json("The scans", found), "400": _ERROR, "403": _ERROR, "404": _ERROR},
    }


def _json(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}
