"""Whatever stands in headers, names and comments, a bundle is a valid one."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from fhir.resources.bundle import Bundle as BundleR5
from fhir.resources.R4B.bundle import Bundle as BundleR4B
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.dicom.origin import Subject
from reports.fhir.bundle import bundle
from reports.fhir.elements import FhirVersion
from reports.plain_result import ResultStatus, SourceImages
from tests.dicom_files import MADE
from tests.reports.plain_results import plain

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
MODELS: dict[FhirVersion, Any] = {FhirVersion.R4: BundleR4B, FhirVersion.R5: BundleR5}


@settings(max_examples=25, deadline=None)
@pytest.mark.parametrize("release", list(FhirVersion))
@given(TEXT, TEXT, TEXT, st.lists(TEXT, max_size=3), TEXT, TEXT)
def test_any_text_makes_a_valid_bundle(
    release: FhirVersion, name: str, number: str, reviewer: str, lines: list[str], modality: str, said: str
) -> None:
    identifiers = (("PatientName", name), ("AccessionNumber", number))
    result = plain(
        subject=Subject("P-7K3QX", name, number, None, True, identifiers),
        status=ResultStatus.FINAL,
        reviewer=reviewer,
        text=lines,
        headline=said,
        images=SourceImages("1.2.3", "1.2.4", modality),
        provenance=replace(MADE, model_version=number, software=said),
    )
    made = json.loads(bundle(result, release))
    MODELS[release].model_validate(made)
    for text in strings(made):
        assert text.strip() and all(ord(letter) >= 32 or letter in "\t\r\n" for letter in text)


def strings(part: Any) -> list[str]:
    if isinstance(part, dict):
        return [text for value in part.values() for text in strings(value)]
    if isinstance(part, list):
        return [text for value in part for text in strings(value)]
    return [part] if isinstance(part, str) else []
