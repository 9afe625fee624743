"""The part of the OpenAPI document that is about statistics."""

from __future__ import annotations

from typing import Any

_ERROR = {"$ref": "#/components/responses/Error"}
_TEXT = {"type": "string"}
_NUMBER = {"type": ["number", "null"]}
_COUNT = {"type": ["integer", "null"]}
_PAIR = {"type": "array", "minItems": 2, "maxItems": 2}
_FILTERS = {
    "type": "object",
    "description": "The filters, each with the values that fit",
    "additionalProperties": {"type": "array", "items": _TEXT},
}
_HIDDEN = {
    "type": "boolean",
    "description": "Whether numbers that stand for 1 to 4 cases, and others that would give them away, are "
    "withheld: null, with a word in `note`. They are for everybody but clinicians.",
}
_NAMES = {
    "task": "brain-tumour or pneumonia", "site": "", "scanner": "Manufacturer and model",
    "modality": "DICOM's code", "sex": "F, M or O",
    "age": "40-49", "result": "positive, negative or none", "version": "Task and version of the model",
    "review": "accepted, rejected, corrected, labelled or none", "status": "waiting, reading, read or failed",
    "size": "1 to 10 mL", "chance": "0.9 to 1.0", "truth": "right, false alarm, miss or unknown",
    "place": "Row and column of the largest lesion, 3-7", "synthetic": "yes or no",
    "sample": "yes or no: whether it belongs to the random sample that is to be reviewed",
}  # fmt: skip
_DAYS = {"from": "First day of arrival", "to": "Last day of arrival"}


def cohort() -> dict[str, Any]:
    """GET /api/v1/cohort."""
    return {
        "operationId": "cohort",
        "summary": "Every number of the cohort page, for any choice of filters",
        "parameters": _parameters(),
        "responses": {"200": _answer("The numbers", "Cohort"), "400": _ERROR, "401": _ERROR, "403": _ERROR},
    }


def compared() -> dict[str, Any]:
    """GET /api/v1/cohort/compare."""
    other = {
        "name": "vs",
        "in": "query",
        "required": True,
        "description": "The second cohort's filters as a query, encoded for an address; empty for every scan",
        "schema": _TEXT,
    }
    return {
        "operationId": "compareCohorts",
        "summary": "Two cohorts side by side: differences with intervals, tests and corrected p values",
        "parameters": [*_parameters(), other],
        "responses": {
            "200": _answer("The differences", "Comparison"),
            "400": _ERROR,
            "401": _ERROR,
            "403": _ERROR,
        },
    }


def schemas() -> dict[str, Any]:
    """What the two answer."""
    number = {"$ref": "#/components/schemas/Number"}
    difference = {"$ref": "#/components/schemas/Difference"}
    return {
        "Cohort": _object(
            filters=_FILTERS,
            refusals_filtered_by={"type": "array", "items": _TEXT},
            small_numbers_hidden=_HIDDEN,
            numbers={"type": "array", "items": number},
            notice=_TEXT,
        ),
        "Number": _object(
            section=_TEXT,
            name=_TEXT | {"description": "The class that is counted"},
            quantity=_TEXT | {"description": "scans, patients, refusals, share, median or p90 with its unit"},
            n=_COUNT | {"description": "How many cases stand behind the value"},
            value=_NUMBER,
            low=_NUMBER | {"description": "The 95 % interval of a share"},
            high=_NUMBER,
            group=_TEXT | {"description": "The site or scanner, where each has its own classes"},
            note=_TEXT | {"description": "Why a number is not told: <5 or withheld"},
        ),
        "Comparison": _object(
            first=_FILTERS,
            second=_FILTERS,
            small_numbers_hidden=_HIDDEN,
            differences={"type": "array", "items": difference},
            notice=_TEXT,
        ),
        "Difference": _object(
            name=_TEXT,
            words=_TEXT,
            kind={"enum": ["share", "number"]},
            n=_PAIR | {"items": _COUNT},
            values=_PAIR | {"items": _NUMBER, "description": "Shares or medians"},
            effect=_NUMBER
            | {"description": "Shares: first minus second; numbers: the chance that the first's is larger"},
            low=_NUMBER,
            high=_NUMBER,
            test=_TEXT,
            p=_NUMBER,
            p_corrected=_NUMBER | {"description": "Corrected for the number of tests (Holm)"},
            note=_TEXT,
        ),
    }  # fmt: skip


def _parameters() -> list[dict[str, Any]]:
    day = _TEXT | {"format": "date"}
    days = [
        {"name": name, "in": "query", "description": words, "schema": day} for name, words in _DAYS.items()
    ]
    values = {"type": "array", "items": _TEXT}
    return days + [
        {"name": name, "in": "query", "description": words, "schema": values, "explode": True}
        for name, words in _NAMES.items()
    ]


def _answer(description: str, schema: str) -> dict[str, Any]:
    content = {"schema": {"$ref": f"#/components/schemas/{schema}"}}
    return {"description": description, "content": {"application/json": content}}


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}
