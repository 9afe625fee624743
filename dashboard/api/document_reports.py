"""The part of the OpenAPI document that is about reports."""

from __future__ import annotations

from typing import Any

_ERROR = {"$ref": "#/components/responses/Error"}
_TEXT = {"type": "string"}
_TEXT_OR_NULL = {"type": ["string", "null"]}
_ID = {"name": "report_id", "in": "path", "required": True, "schema": _TEXT}
_REPORT = {"$ref": "#/components/schemas/Report"}
_KINDS = {"type": "string", "enum": ["drift", "performance", "cohort", "governance"]}
_MIME = ("application/pdf", "application/json", "text/html")


def paths() -> dict[str, Any]:
    """The addresses below /api/v1/reports."""
    return {
        "/api/v1/reports": {"get": _recent(), "post": _ask()},
        "/api/v1/reports/{report_id}": {"get": _one(), "delete": _delete()},
        "/api/v1/reports/{report_id}/{kind}": {"get": _file()},
    }


def schemas() -> dict[str, Any]:
    """The shape of a report."""
    files = {"type": "object", "description": "Kind of file to its SHA-256", "additionalProperties": _TEXT}
    fields = {
        "id": _TEXT,
        "kind": _KINDS,
        "title": _TEXT,
        "ask": {"type": "object", "additionalProperties": _TEXT},
        "state": {"type": "string", "enum": ["waiting", "made", "failed"]},
        "failure": _TEXT_OR_NULL,
        "files": files,
        "signed": {"type": "boolean"},
        "made_by": _TEXT,
        "asked_at": _TEXT,
        "made_at": _TEXT_OR_NULL,
    }
    return {"Report": {"type": "object", "required": list(fields), "properties": fields}}


def _recent() -> dict[str, Any]:
    listed = {"type": "object", "properties": {"reports": {"type": "array", "items": _REPORT}}}
    return {
        "operationId": "reports",
        "summary": "The kept reports, newest first",
        "responses": {"200": _json("The reports", listed), "401": _ERROR, "403": _ERROR},
    }


def _ask() -> dict[str, Any]:
    fields = {
        "kind": _KINDS,
        "task": _TEXT | {"description": "performance: brain-tumour or pneumonia"},
        "version": _TEXT | {"description": "performance: one version alone"},
        "month": _TEXT | {"description": "performance: one month alone, 2026-11"},
        "from": _TEXT | {"description": "governance: first day, 2026-10-01"},
        "to": _TEXT | {"description": "governance: last day, included"},
        "run": _TEXT | {"description": "drift: the id of a run"},
        "filters": _TEXT | {"description": "cohort: filters as in the page's address, site=North"},
    }
    body = {"type": "object", "required": ["kind"], "properties": fields}
    return {
        "operationId": "askReport",
        "summary": "Have a report made; ask for it again until its state is made",
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": {"202": _json("It is being made", _REPORT), "400": _ERROR, "401": _ERROR},
    }


def _one() -> dict[str, Any]:
    return {
        "operationId": "report",
        "summary": "One report: how far it is, and its files",
        "parameters": [_ID],
        "responses": {"200": _json("The report", _REPORT), "401": _ERROR, "404": _ERROR},
    }


def _delete() -> dict[str, Any]:
    return {
        "operationId": "deleteReport",
        "summary": "Delete a report for everybody (heads and MLOps)",
        "parameters": [_ID],
        "responses": {"204": {"description": "Deleted"}, "403": _ERROR, "404": _ERROR},
    }


def _file() -> dict[str, Any]:
    kind = {"name": "kind", "in": "path", "required": True, "schema": {"enum": ["pdf", "json", "html"]}}
    content = {mime: {"schema": {"type": "string", "contentMediaType": mime}} for mime in _MIME}
    return {
        "operationId": "reportFile",
        "summary": "A report's file, byte for byte as it was made",
        "parameters": [_ID, kind],
        "responses": {"200": {"description": "The file", "content": content}, "404": _ERROR},
    }


def _json(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}
