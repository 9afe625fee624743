"""Identifiers of DICOM queries (PS3.4 C.4), and what is read of their answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from data.errors import RefusedScan
from data.formats.dicom.identity import identity_of
from data.formats.dicom.values import PARSE_ERRORS, value_of
from data.records import Identity


def query_identifier(level: str, asked: Mapping[str, str], wanted: Sequence[str] = ()) -> Dataset:
    """An identifier that asks by some attributes, and for the `wanted` ones beside them, by keyword."""
    identifier = Dataset()
    identifier.SpecificCharacterSet = "ISO_IR 192"
    identifier.QueryRetrieveLevel = level
    for keyword in dict.fromkeys((*asked, *wanted)):
        setattr(identifier, keyword, asked.get(keyword, ""))
    return identifier


def answer_in_json(match: Mapping[str, Any]) -> Dataset:
    """A match of QIDO-RS as an answer; raises RefusedScan `unreadable` for what is no DICOM JSON."""
    try:
        return Dataset.from_json(dict(match))
    except PARSE_ERRORS as error:
        raise RefusedScan("unreadable", "This is no DICOM JSON.") from error


def answered_texts(answer: Any, keyword: str) -> tuple[str, ...]:
    """The values of an attribute of an answer, without empty ones; nothing where it is missing."""
    value = value_of(answer, keyword)
    values = value if isinstance(value, (list, tuple, MultiValue)) else [value]
    return tuple(text for known in values if known is not None and (text := str(known).strip()))


def answered_identity(answer: Any) -> Identity:
    """Who the patient of an answer is."""
    return identity_of(answer)


def identity_in(identifiers: Mapping[str, str]) -> Identity:
    """Who the patient of a study is, of which these texts are known by their keyword."""
    header = Dataset()
    for keyword, text in identifiers.items():
        setattr(header, keyword, text)
    return identity_of(header)
