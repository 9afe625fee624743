"""The part of the OpenAPI document that is about the performance of model versions."""

from __future__ import annotations

from typing import Any

_ERROR = {"$ref": "#/components/responses/Error"}
_TEXT: dict[str, Any] = {"type": "string"}
_TEXT_OR_NULL: dict[str, Any] = {"type": ["string", "null"]}
_NUMBER: dict[str, Any] = {"type": ["number", "null"]}
_COUNT: dict[str, Any] = {"type": "integer"}
_YES: dict[str, Any] = {"type": "boolean"}
_PARAMETERS: dict[str, tuple[str, dict[str, Any]]] = {
    "task": ("brain-tumour or pneumonia; without it the first", _TEXT),
    "metric": ("One metric by its name; without it all of them", _TEXT),
    "by": ("Whether real use is told by version or by month", {"enum": ["version", "month"]}),
    "part": (
        "Real use of all that was reviewed, or of the random sample alone",
        {"enum": ["reviewed", "sample"]},
    ),
    "of": ("What `cases` are of", {"enum": ["real", "validation"]}),
    "version": ("Whose `cases`; without it those of the live version", _TEXT),
    "month": ("In which month of reading (UTC), 2026-11", _TEXT),
    "synthetic": ("Whether `cases` are those made for demonstration", {"enum": ["yes", "no"]}),
}


def paths() -> dict[str, Any]:
    """The addresses."""
    return {"/api/v1/performance": {"get": _performance()}}


def schemas() -> dict[str, Any]:
    """What they answer."""
    figure = {
        "n": _COUNT | {"description": "How many cases stand behind the value"},
        "value": _NUMBER | {"description": "A share from 0 to 1, a plain number, or milliseconds"},
        "low": _NUMBER | {"description": "The 95 % interval; null where none is known"},
        "high": _NUMBER,
    }
    return {
        "Performance": _object(
            task=_TEXT,
            by=_TEXT,
            part=_TEXT,
            metrics={"type": "array", "items": {"$ref": "#/components/schemas/Metric"}},
            live={"type": ["object", "null"], "description": "The version in force: since when, whose word"},
            challenger=_TEXT_OR_NULL,
            as_of=_TEXT_OR_NULL | {"description": "When MLflow was last read"},
            trouble=_TEXT_OR_NULL | {"description": "One sentence while MLflow is away"},
            numbers={"type": "array", "items": {"$ref": "#/components/schemas/PerformanceNumber"}},
            cases={"type": "object", "description": "Confusion, figures and coverage of one version's cases"},
            notice=_TEXT,
        ),
        "Metric": _object(
            name=_TEXT,
            label=_TEXT,
            meaning=_TEXT,
            unit=_TEXT,
            more_is_better=_YES,
            interval=_TEXT,
            goal=_NUMBER,
            alert_limit=_NUMBER,
        ),
        "PerformanceNumber": _object(
            metric=_TEXT,
            version=_TEXT,
            month=_TEXT_OR_NULL,
            source={"enum": ["validation", "reviewed", "sample"]},
            measured_on=_TEXT_OR_NULL | {"description": "Which part of the validation cases, where not all"},
            synthetic=_YES,
            **figure,
            beyond_limit=_YES,
            cases=_TEXT_OR_NULL | {"description": "The address that opens exactly these cases"},
        ),
    }  # fmt: skip


def _performance() -> dict[str, Any]:
    parameters = [
        {"name": name, "in": "query", "description": words, "schema": schema}
        for name, (words, schema) in _PARAMETERS.items()
    ]
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Performance"}}}
    return {
        "operationId": "performance",
        "summary": "Every number of the performance page: validation and real use, by version or month",
        "parameters": parameters,
        "responses": {
            "200": {"description": "The numbers", "content": content},
            "400": _ERROR,
            "401": _ERROR,
            "403": _ERROR,
        },
    }


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}
