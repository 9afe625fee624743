"""Other systems that Lightbox talks to: a PACS by DICOM or DICOMweb, and what else the hospital has."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class RemoteNodeKind(StrEnum):
    """How one talks to a remote node; `services/remote_nodes/kinds.py` says what each kind needs and can."""

    DICOM = "dicom"
    DICOMWEB = "dicomweb"
    FHIR_R4 = "fhir-r4"
    FHIR_R5 = "fhir-r5"
    HL7_V2 = "hl7-v2"
    LIGHTBOX = "lightbox"  # the central house that this one is an edge of


@dataclass(frozen=True)
class RemoteNode:
    """A remote node. Of the fields below `kind` those are filled that the kind has."""

    id: str
    name: str
    kind: RemoteNodeKind
    ae_title: str = ""  # the one that is called
    host: str = ""
    port: int = 0
    tls: bool = False
    url: str = ""
    application: str = ""  # that receives HL7 v2 messages
    facility: str = ""
    user_name: str = ""  # empty with a secret: the secret is a bearer token
    sealed_secret: str = field(default="", repr=False)  # password or token, encrypted
    made_by: str = ""
    created_at: datetime | None = None
    worked_at: datetime | None = None  # when it last answered as it should
    failed_at: datetime | None = None
    failure: str | None = None  # what was wrong then, in words
    deleted_at: datetime | None = None

    @property
    def trouble(self) -> str | None:
        """What was wrong the last time; None where it has worked since, or was never asked."""
        if self.failed_at is None or (self.worked_at is not None and self.worked_at >= self.failed_at):
            return None
        return self.failure
