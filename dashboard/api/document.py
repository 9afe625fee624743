"""The OpenAPI 3.1 document of /api/v1."""

from __future__ import annotations

from typing import Any

from dashboard.api import document_cohort as api_cohort
from dashboard.api import document_drift as api_drift
from dashboard.api import document_performance as api_performance
from dashboard.api import document_reports as api_reports

_ERROR = {"$ref": "#/components/responses/Error"}
_SCAN_ID = {"name": "scan_id", "in": "path", "required": True, "schema": {"type": "string"}}
_NUMBER_OR_NULL = {"type": ["number", "null"]}
_TEXT_OR_NULL = {"type": ["string", "null"]}


def document() -> dict[str, Any]:
    """Return the whole document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Lightbox",
            "version": "1",
            "description": "Send scans and fetch what was read. Not for diagnostic use. "
            "Indices are (slice, row, column) from 0, lengths mm, volumes mL, times UTC.",
        },
        "security": [{"token": []}],
        "paths": {
            "/api/v1/scans": {"post": _add_scan()},
            "/api/v1/scans/{scan_id}": {"get": _scan()},
            "/api/v1/scans/{scan_id}/mask": {"get": _mask()},
            "/api/v1/cohort": {"get": api_cohort.cohort()},
            "/api/v1/cohort/compare": {"get": api_cohort.compared()},
            **api_performance.paths(),
            **api_reports.paths(),
            **api_drift.paths(),
            "/api/v1/openapi.json": {
                "get": {
                    "operationId": "document",
                    "summary": "This document",
                    "responses": {"200": _json("The document", {"type": "object"}), "401": _ERROR},
                }
            },
        },
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "responses": {"Error": _json("What went wrong", {"$ref": "#/components/schemas/Error"})},
            "schemas": _schemas(),
        },
    }


def _add_scan() -> dict[str, Any]:
    raw = {"type": "string", "contentMediaType": "application/octet-stream"}
    form = {"type": "object", "required": ["file"], "properties": {"file": raw}}
    received = {"$ref": "#/components/schemas/Received"}
    return {
        "operationId": "addScan",
        "summary": "Send one file (DICOM, zip, NIfTI, PNG, JPEG or TIFF); it is opened at once and read soon",
        "parameters": [
            {
                "name": "name",
                "in": "query",
                "description": "The file's name, needed with a raw body",
                "schema": {"type": "string"},
            }
        ],
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {"schema": form},
                "application/octet-stream": {"schema": raw},
            },
        },
        "responses": {
            "201": _json("The scans in it, and what was refused", received),
            "400": _ERROR,
            "401": _ERROR,
            "403": _ERROR,
            "413": _ERROR,
            "422": _json("Everything in it was refused; `refusals` says why", received),
            "503": _ERROR,
        },
    }


def _scan() -> dict[str, Any]:
    return {
        "operationId": "scan",
        "summary": "One scan with its latest result and its reviews",
        "parameters": [_SCAN_ID],
        "responses": {
            "200": _json("The scan", {"$ref": "#/components/schemas/Scan"}),
            "401": _ERROR,
            "404": _ERROR,
        },
    }


def _mask() -> dict[str, Any]:
    binary = {"schema": {"type": "string", "contentMediaType": "application/octet-stream"}}
    return {
        "operationId": "mask",
        "summary": "The mask in the file's own grid",
        "parameters": [
            _SCAN_ID,
            {"name": "form", "in": "query", "schema": {"enum": ["nifti", "png"], "default": "nifti"}},
            {"name": "layer", "in": "query", "schema": {"enum": ["ai", "corrected"], "default": "ai"}},
            {
                "name": "index",
                "in": "query",
                "description": "The slice, with form=png",
                "schema": {"type": "integer", "minimum": 0},
            },
        ],
        "responses": {
            "200": {"description": "The file", "content": {"application/gzip": binary, "image/png": binary}},
            "400": _ERROR,
            "401": _ERROR,
            "404": _ERROR,
        },
    }


def _schemas() -> dict[str, Any]:
    scan = {"$ref": "#/components/schemas/Scan"}
    refusal = {"$ref": "#/components/schemas/Refusal"}
    return {
        "Error": _object(error=_object(code={"type": "string"}, message={"type": "string"})),
        "Refusal": _object(name={"type": "string"}, code={"type": "string"}, sentence={"type": "string"}),
        "Received": _object(
            upload={"type": "string"},
            scans={"type": "array", "items": scan},
            refusals={"type": "array", "items": refusal},
            notice={"type": "string"},
        ),
        "Scan": _object(
            id={"type": "string"},
            status={"enum": ["waiting", "reading", "read", "failed"]},
            failure=_TEXT_OR_NULL,
            task={"type": "string"},
            patient={
                "type": "object",
                "description": "A pseudonym; the identity for clinicians' tokens only",
            },
            header={"type": "object"},
            shape={"type": "array", "items": {"type": "integer"}, "description": "slices, height, width"},
            spacing_mm={"type": "array", "items": _NUMBER_OR_NULL},
            sequence={
                "type": ["object", "null"],
                "description": "MRI sequence that the scan was recognised as",
            },
            warnings={"type": "array", "items": {"type": "string"}},
            uploaded_at={"type": "string", "format": "date-time"},
            result={"type": ["object", "null"]},
            reviews={"type": "array", "items": {"type": "object"}},
            notice={"type": "string"},
        ),
        **api_cohort.schemas(),
        **api_performance.schemas(),
        **api_reports.schemas(),
        **api_drift.schemas(),
    }


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def _json(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}
