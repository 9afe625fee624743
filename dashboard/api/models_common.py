"""What all models of the API are made of: inputs that read the request at hand, and the shape of errors."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any, Literal, Self

from flask import request
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
    model_validator,
)

from data.errors import InvalidInput

_SENTENCES = {
    "missing": "Give {name}.",
    "extra_forbidden": "There is nothing called {name} here.",
    "string_type": "{name} is a text.",
    "int_type": "{name} is a whole number.",
    "int_parsing": "{name} is a whole number.",
    "int_from_float": "{name} is a whole number.",
    "bool_parsing": "{name} is true or false.",
    "greater_than_equal": "{name} is at least {ge}.",
    "literal_error": "{name} is {expected}.",
    "enum": "{name} is {expected}.",
    "value_error": "{error}.",
    "model_type": "Send a JSON object.",
    "json_invalid": "Send a JSON object.",
}
"""What a person is told for each kind of error that pydantic tells apart."""


class ApiAnswer(BaseModel):
    """Something that the API answers. Its schema is named as the class, without "Answer" at the end."""

    model_config = ConfigDict(
        populate_by_name=True, serialize_by_alias=True, json_schema_serialization_defaults_required=True
    )


class ErrorWordsAnswer(ApiAnswer):
    """A word for programs and a sentence for people."""

    code: str
    message: str


class ErrorAnswer(ApiAnswer):
    """What went wrong."""

    error: ErrorWordsAnswer


class OpenApiAnswer(ApiAnswer):
    """An OpenAPI document."""

    model_config = ConfigDict(extra="allow")

    openapi: str
    paths: dict[str, Any]


class ApiQuery(BaseModel):
    """The query of an address. Parameters that a model does not name are left to the service."""

    @classmethod
    def given(cls) -> Self:
        """The query of the request at hand; raises InvalidInput."""
        values: dict[str, Any] = {}
        for name, field in cls.model_fields.items():
            name = field.alias or name
            texts = request.args.getlist(name)
            if _is_list(field.annotation):
                values[name] = texts
            elif texts and (texts[0] or field.is_required()):  # without a value: as if it were not there
                values[name] = texts[0]
        _refuse_nul(request.args.values())
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise InvalidInput(_sentence(error)) from error


AudienceWord = Annotated[
    Literal["inside", "outside"] | None,
    Field(
        description="For whom the numbers are: `inside` the house (small numbers are told; for who may see "
        "scans, and what holds for them where nothing is said) or `outside` of it"
    ),
]
SmallNumbersHidden = Annotated[
    bool,
    Field(
        description="Whether numbers that stand for 1 to 4 cases, and others that would give them away, are "
        "withheld: null, with the reason in `note`. They are where `audience` is `outside`, and for who may "
        "not see scans."
    ),
]


class ApiBody(BaseModel):
    """A JSON object that is sent. Types are not guessed: "5" is no number."""

    model_config = ConfigDict(strict=True, extra="forbid")

    @classmethod
    def given(cls) -> Self:
        """The body of the request at hand; raises InvalidInput."""
        if not request.is_json:
            raise InvalidInput("Send a JSON object.")
        try:
            return cls.model_validate_json(request.get_data())
        except ValidationError as error:
            raise InvalidInput(_sentence(error)) from error

    @model_validator(mode="after")
    def _without_nul(self) -> Self:
        _refuse_nul(f"{value}" for value in dict(self).values())
        return self


def _is_list(annotation: Any) -> bool:
    return getattr(annotation, "__origin__", None) is list


def _refuse_nul(texts: Iterable[str]) -> None:
    """Some databases have no room for this one character."""
    if any("\0" in text for text in texts):
        raise InvalidInput("A text cannot hold the character NUL.")


def _sentence(error: ValidationError) -> str:
    """The first thing that is wrong, in plain words."""
    first = error.errors(include_url=False, include_input=False)[0]
    name = str(first["loc"][0]) if first["loc"] else "This"
    words = _SENTENCES.get(first["type"], "{name} cannot be understood.")
    return words.format(name=name, **first.get("ctx", {}))


def _day(text: str) -> str:
    try:
        date.fromisoformat(text or "1970-01-01")  # an empty text: no day
    except ValueError:
        raise ValueError(f"“{text}” is not a day like 2026-11-20") from None
    return text


BYTES = {"type": "string", "format": "binary", "contentMediaType": "application/octet-stream"}
"""The schema of a file. OpenAPI 3.1 needs no format; programs that know 3.0 see by it that it is no text."""

Day = Annotated[str, AfterValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
"""A day as a text, such as 2026-11-20."""
