"""What a PACS matches a study by, as the source's headers have it: it names the patient."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, Engine, insert, select

from data.codec import from_json, to_json
from data.database import reading
from data.tables import study_identifiers


class StudyIdentifierStore:
    """Text by DICOM keyword, of scans; `ScanStore` keeps it, and what came first stays."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def get(self, scan_id: str) -> dict[str, str]:
        """What is known of a scan's study; nothing of what is no DICOM, or came before this was kept."""
        query = select(study_identifiers.c.identifiers).where(study_identifiers.c.scan_id == scan_id)
        with reading(self._engine) as connection:
            text = connection.execute(query).scalar()
        return {} if text is None else from_json(dict[str, str], text)


def keep_identifiers(connection: Connection, scan_id: str, identifiers: Mapping[str, str]) -> None:
    """Keeps what a PACS matches a scan's study by, where nothing was kept of it."""
    known = select(study_identifiers.c.scan_id).where(study_identifiers.c.scan_id == scan_id)
    if identifiers and connection.execute(known).first() is None:
        row = {"scan_id": scan_id, "identifiers": to_json(dict(identifiers))}
        connection.execute(insert(study_identifiers).values(row))
