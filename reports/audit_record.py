"""An event of the audit trail as other systems are told of it: in words and codes, no name of a patient."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

DCM = "DCM"
OWN = "99LIGHTBOX"


class AuditAct(StrEnum):
    """What was done with what it is about, by DICOM's letters, which FHIR has too."""

    CREATE = "C"
    READ = "R"
    UPDATE = "U"
    DELETE = "D"
    EXECUTE = "E"


@dataclass(frozen=True)
class AuditCode:
    """A code of DICOM's, or of Lightbox's own."""

    value: str
    meaning: str
    scheme: str = DCM


@dataclass(frozen=True)
class AuditRecord:
    """An event; `number` and `hash` are those of the chain, `server` is who tells of it."""

    number: int
    hash: str
    at: datetime
    kind: AuditCode  # PS3.16 CID 400
    types: tuple[AuditCode, ...]  # PS3.16 CID 401, and what Lightbox calls it
    act: AuditAct
    outcome: str  # success, refused, failed
    words: str
    detail: str
    user_id: str  # "" where Lightbox itself did it
    user_name: str
    role: str
    via: str
    address: str
    subject: str
    patient: str  # a pseudonym, "" where it is about none
    server: str

    @property
    def key(self) -> str:
        """What tells the event apart from every other, also where it is told twice."""
        return f"{self.number}-{self.hash[:16]}"
