"""Operations: what stands at an address of the API. Routes and the OpenAPI document are made of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from flask import Flask, Response, current_app
from pydantic import BaseModel

from dashboard.api.models_common import ApiAnswer, ApiBody, ApiQuery


@dataclass(frozen=True)
class Files:
    """An answer that is a file of one of these media types."""

    media_types: tuple[str, ...]


@dataclass(frozen=True)
class Operation:
    """One request that the API takes. `path` is as Flask writes it, `name` for generated clients.

    `errors` are the statuses, beside 401, 429, 503 and 507, that come with the one shape of errors;
    `refusals` those with a shape of their own. `content` stands for a body that is no JSON: its schemas by
    media type.
    """

    method: str
    path: str
    name: str
    summary: str
    answer: type[ApiAnswer] | Files | None
    says: str
    status: int = 200
    query: type[ApiQuery] | None = None
    body: type[ApiBody] | None = None
    content: Mapping[str, Any] | None = None
    errors: tuple[int, ...] = ()
    refusals: Mapping[int, tuple[str, type[ApiAnswer]]] = field(default_factory=dict)
    deprecated: bool = False


def add(server: Flask, operation: Operation, endpoint: str, view: Callable[..., Any]) -> None:
    """Let `view` answer an operation."""
    server.add_url_rule(operation.path, endpoint, view, methods=[operation.method])


def answered(answer: BaseModel, status: int = 200) -> Response:
    """Put an answer as JSON; times as ISO 8601 with their zone."""
    text = current_app.json.dumps(answer.model_dump(), default=_plain)
    return Response(text + "\n", status, mimetype="application/json")


def _plain(value: Any) -> Any:
    if isinstance(value, date):  # datetimes are dates too
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} does not go into JSON")
