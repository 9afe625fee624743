"""What the API takes about the audit trail."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from dashboard.api.models_common import ApiQuery


class AuditTrailQuery(ApiQuery):
    """Which events, and as what."""

    form: Literal["csv", "fhir-r4.json", "fhir-r5.json", "fhir-r4.ndjson", "fhir-r5.ndjson"] = Field(
        "fhir-r4.ndjson",
        description="What it is written as: FHIR AuditEvents as NDJSON or a Bundle, or CSV",
    )
    person: str = Field("", description="The id of an account")
    kind: str = Field("", description="A kind of action, as on the page")
    outcome: str = Field("", description="`success`, `refused` or `failed`")
    patient: str = Field("", description="A patient's pseudonym")
    views: bool = Field(True, description="With what people only looked at")
    subject: str = Field("", description="What it is about, such as the id of a scan")
    since: str = Field("", description="From this day on, as 2026-11-27")
    until: str = Field("", description="Up to this day, which is included")
