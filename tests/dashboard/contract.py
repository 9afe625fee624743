"""Watches a server: what it answers below /api/v1 is what its OpenAPI document says, and nothing else."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import jsonschema_rs
from flask import Flask, Response, request

from dashboard.api.document import document
from dashboard.api.routes import OPERATIONS


@cache
def _documented() -> tuple[dict[str, Any], dict[str, Any]]:
    """The document, and its components with no key that they do not name: the same for every server."""
    described = document(OPERATIONS)
    return described, _closed(described["components"])


@cache
def _validator(schema: str) -> jsonschema_rs.Draft202012Validator:
    """What validates by a schema, as JSON."""
    return jsonschema_rs.Draft202012Validator(json.loads(schema) | {"components": _documented()[1]})


class Contract:
    """Notes every answer that breaks the document's word, and which answers it has seen."""

    def __init__(self, server: Flask) -> None:
        self.document, _ = _documented()
        self.broken: list[str] = []
        self.seen: set[tuple[str, int]] = set()  # operation and status
        self._operations = {(operation.path, operation.method): operation.name for operation in OPERATIONS}
        server.after_request(self._look)

    def documented(self) -> set[tuple[str, int]]:
        """Every operation and status that the document names."""
        return {
            (operation["operationId"], int(status))
            for methods in self.document["paths"].values()
            for operation in methods.values()
            for status in operation["responses"]
        }

    def _look(self, response: Response) -> Response:
        rule = str(request.url_rule)
        name = self._operations.get((rule, request.method))
        if name is not None:
            self.seen.add((name, response.status_code))
            path = rule.replace("<", "{").replace(">", "}")
            described = self.document["paths"][path][request.method.lower()]["responses"]
            self.broken += [
                f"{request.method} {rule}: {fault}" for fault in self._faults(response, described)
            ]
        return response

    def _faults(self, response: Response, described: dict[str, Any]) -> list[str]:
        known = described.get(str(response.status_code))
        if known is None:
            return [
                f"status {response.status_code} is not documented: {response.get_data(as_text=True)[:200]}"
            ]
        if "$ref" in known:
            known = self.document["components"]["responses"][known["$ref"].rsplit("/", 1)[1]]
        content = known.get("content", {})
        if not content:
            return ["bytes where none are documented"] if response.get_data() else []
        if response.mimetype not in content:
            return [f"media type {response.mimetype} is not documented"]
        schema = content[response.mimetype]["schema"]
        if "$ref" not in schema:  # a file
            return []
        faults = _validator(json.dumps(schema)).iter_errors(response.json)
        return [f"{fault.message} at {fault.instance_path}" for fault in faults]


def _closed(part: Any) -> Any:
    """The same schemas, but a key that they do not name is a fault."""
    if isinstance(part, list):
        return [_closed(item) for item in part]
    if not isinstance(part, dict):
        return part
    closed = {key: _closed(item) for key, item in part.items()}
    if isinstance(part.get("properties"), dict) and part.get("type") == "object":
        closed.setdefault("additionalProperties", False)
    return closed
