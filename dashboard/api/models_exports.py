"""What the API takes about results for other systems."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from dashboard.api.models_common import ApiQuery


class ExportQuery(ApiQuery):
    """In which form, whose outline, and whether it says who the patient is."""

    form: Literal[
        "seg", "sr", "sc", "gsps", "pdf", "kos", "fhir-r4", "fhir-r5", "hl7", "text", "png", "csv", "all"
    ] = Field(description="What it is written as")
    layer: Literal["counting", "ai"] = Field(
        "counting", description="What counts now (a reviewer's correction, if any), or the AI's own answer"
    )
    labelmap: bool = Field(False, description="A SEG as a labelmap, not as binary segments")
    pdf: bool = Field(False, description="With the report as PDF inside, of FHIR and HL7 v2")
    identity: bool = Field(False, description="With name, number and birth date; for clinicians only")
