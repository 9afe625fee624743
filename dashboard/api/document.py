"""The OpenAPI 3.1 document of /api/v1, made of the operations and their models."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from apispec import APISpec
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from dashboard.api.models_common import BYTES, ApiAnswer, ErrorAnswer
from dashboard.api.operations import Files, Operation

_SCHEMAS = "#/components/schemas/"
_ANSWER = "Answer"
_LATER = "Later"
_LATER_STATUSES = (429, 503, 507)
_RETRY_AFTER = {"Retry-After": {"description": "In how many seconds", "schema": {"type": "integer"}}}
_DESCRIPTION = (
    "Send scans and fetch what was read. Not for diagnostic use. "
    "Indices are (slice, row, column) from 0, lengths mm, volumes mL, times UTC."
)


def document(operations: Sequence[Operation]) -> dict[str, Any]:
    """Return the whole document."""
    spec = APISpec("Lightbox", "1", "3.1.0", info={"description": _DESCRIPTION}, security=[{"token": []}])
    spec.components.security_scheme("token", {"type": "http", "scheme": "bearer"})
    spec.components.response("Error", _json("What went wrong", ErrorAnswer))
    spec.components.response(
        _LATER, _json("Not now; send the same again", ErrorAnswer) | {"headers": _RETRY_AFTER}
    )
    for name, schema in _schemas(_models(operations)).items():
        spec.components.schema(name, schema)
    for operation in operations:
        path = re.sub(r"<(\w+)>", r"{\1}", operation.path)
        spec.path(path, operations={operation.method.lower(): _described(operation)})
    return spec.to_dict()


def _models(operations: Iterable[Operation]) -> list[tuple[type[BaseModel], JsonSchemaMode]]:
    answers: dict[type[BaseModel], JsonSchemaMode] = {ErrorAnswer: "serialization"}
    bodies: dict[type[BaseModel], JsonSchemaMode] = {}
    for operation in operations:
        if isinstance(operation.answer, type):
            answers[operation.answer] = "serialization"
        answers |= {model: "serialization" for _, model in operation.refusals.values()}
        if operation.body is not None:
            bodies[operation.body] = "validation"
    return [*answers.items(), *bodies.items()]


def _schemas(models: list[tuple[type[BaseModel], JsonSchemaMode]]) -> dict[str, Any]:
    """The schema of each model, and of each record in it, under its public name."""
    _, made = models_json_schema(models, ref_template=_SCHEMAS + "{model}")
    schemas: dict[str, Any] = _renamed(made["$defs"])
    return {name.removesuffix(_ANSWER): schema for name, schema in schemas.items()}


def _renamed(part: Any) -> Any:
    """The same with public names in references, and without the titles that pydantic makes of names."""
    if isinstance(part, list):
        return [_renamed(item) for item in part]
    if not isinstance(part, dict):
        return part.removesuffix(_ANSWER) if isinstance(part, str) and part.startswith(_SCHEMAS) else part
    return {key: _renamed(item) for key, item in part.items() if key != "title" or not isinstance(item, str)}


def _described(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "tags": [_subject(operation.path)],
    }
    if parameters := [*_path_parameters(operation.path), *_query_parameters(operation)]:
        described["parameters"] = parameters
    if operation.body is not None:
        reference = {"schema": {"$ref": _SCHEMAS + operation.body.__name__}}
        described["requestBody"] = {"required": True, "content": {"application/json": reference}}
    if operation.content is not None:
        described["requestBody"] = {"required": True, "content": dict(operation.content)}
    if operation.deprecated:
        described["deprecated"] = True
    return described | {"responses": _responses(operation)}


def _subject(path: str) -> str:
    """What an address is about, by which clients sort their functions: `drift` of /api/v1/drift/{run_id}."""
    return path.removeprefix("/api/v1/").split("/")[0].removesuffix(".json")


def _path_parameters(path: str) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"<(\w+)>", path)
    ]


def _query_parameters(operation: Operation) -> list[dict[str, Any]]:
    if operation.query is None:
        return []
    whole = _renamed(operation.query.model_json_schema())
    required = whole.get("required", [])
    return [_parameter(name, schema, name in required) for name, schema in whole["properties"].items()]


def _parameter(name: str, schema: dict[str, Any], required: bool) -> dict[str, Any]:
    """A parameter of an address; an address cannot say null, it leaves a parameter out."""
    schema = dict(schema)
    parameter = {"name": name, "in": "query", "description": schema.pop("description", "")}
    given = [choice for choice in schema.pop("anyOf", []) if choice.get("type") != "null"]
    if given:
        (schema,) = given
    if schema.get("type") == "array":
        parameter["explode"] = True
    return parameter | ({"required": True} if required else {}) | {"schema": schema}


def _responses(operation: Operation) -> dict[str, Any]:
    responses: dict[str, Any] = {str(operation.status): _success(operation)}
    responses |= {str(status): _json(says, model) for status, (says, model) in operation.refusals.items()}
    responses |= {str(status): "Error" for status in (401, *operation.errors)}
    responses |= {str(status): _LATER for status in _LATER_STATUSES}
    return dict(sorted(responses.items()))


def _success(operation: Operation) -> dict[str, Any]:
    if operation.answer is None:
        return {"description": operation.says}
    if isinstance(operation.answer, Files):
        # Clients that know one kind of answer take the first: bytes are right for all of them.
        kinds = sorted(operation.answer.media_types, key=_is_json)
        content = {kind: {"schema": _file_schema(kind)} for kind in kinds}
        return {"description": operation.says, "content": content}
    return _json(operation.says, operation.answer)


def _file_schema(media_type: str) -> dict[str, Any]:
    """What a file is to a program: an object where it is JSON, such as FHIR, else bytes."""
    return {"type": "object"} if _is_json(media_type) else dict(BYTES)


def _is_json(media_type: str) -> bool:
    return media_type.endswith(("/json", "+json"))


def _json(description: str, model: type[ApiAnswer]) -> dict[str, Any]:
    reference = {"schema": {"$ref": _SCHEMAS + model.__name__.removesuffix(_ANSWER)}}
    return {"description": description, "content": {"application/json": reference}}
