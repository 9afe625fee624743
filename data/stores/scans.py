"""Accepted scans and the worklist over them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Engine, Row, bindparam, delete, false, func, insert, select, true, update
from sqlalchemy.exc import IntegrityError

from data.codec import from_json, to_json
from data.columns import folded
from data.database import one_moment, reading, statement_parts, writing
from data.errors import NO_PATIENT, NO_SCAN, NotFound
from data.ledger.rows import not_withdrawn, note_gone, note_patient, note_scan, note_status
from data.lookups import once_in_moment
from data.records import (
    RecognisedSequence,
    Scan,
    ScanHeader,
    ScanStatus,
    SourceGrid,
    Spacing,
    UploadedScan,
)
from data.revisions import bump, revision
from data.stores.departments import decided_department
from data.stores.features import forget_features
from data.stores.legal_holds import held_patients, keep_held
from data.stores.patient_conflicts import forget_patients
from data.stores.study_identifiers import keep_identifiers
from data.tables import (
    REVISION_OF_PATIENTS,
    REVISION_OF_SCANS,
    ai_results_seen,
    evaluation_readings,
    evaluations,
    feedback,
    patients,
    reruns,
    results,
    review_requests,
    reviews,
    scan_annotations,
    scans,
    second_readings,
    study_identifiers,
    triage,
    unaided_readings,
    withdrawn_scans,
)


class ScanStore:
    """Accepted scans."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def one_moment(self) -> AbstractContextManager[None]:
        """What this thread's stores read meanwhile is of one moment (`data.database.one_moment`)."""
        return one_moment(self._engine)

    def add(self, scan: Scan, identifiers: Mapping[str, str] | None = None) -> tuple[Scan, bool]:
        """Keeps a scan; where one with the same content is here, that one and False come back.

        `identifiers`: what a PACS matches its study by (`StudyIdentifierStore`).

        A scan of a patient who was merged into another one meanwhile is kept as the other one's.
        """
        try:
            with writing(self._engine) as connection:
                known = _by_content(connection, scan.content_sha256)
                if known is not None:
                    return known, False
                # The lock comes before the look: whoever merges patients takes it too.
                bump(connection, REVISION_OF_SCANS)
                merged_into = connection.execute(_MERGED_INTO, {"wanted": scan.patient_id}).scalar()
                scan = replace(
                    scan,
                    patient_id=merged_into or scan.patient_id,
                    department_id=decided_department(connection, scan),
                )
                connection.execute(insert(scans), _values(scan))
                note_scan(connection, scan)
                keep_identifiers(connection, scan.id, identifiers or {})
        except IntegrityError:
            # Two servers, or two threads on PostgreSQL or MySQL, were given the same file at once.
            known = self.by_content(scan.content_sha256)
            if known is None:
                raise
            return known, False
        return scan, True

    def note_identifiers(self, scan_id: str, identifiers: Mapping[str, str]) -> None:
        """What a PACS matches the scan's study by, where nothing is known of it: the file came once more."""
        with writing(self._engine) as connection:
            keep_identifiers(connection, scan_id, identifiers)

    def get(self, scan_id: str) -> Scan | None:
        """The scan, or None; one that was withdrawn is not here (`WithdrawalStore`)."""
        return once_in_moment(self._engine, self._get, scan_id)

    def _get(self, scan_id: str) -> Scan | None:
        with reading(self._engine) as connection:
            row = connection.execute(_ONE, {"wanted": scan_id}).one_or_none()
        return None if row is None else _scan(row)

    def existing(self, scan_id: str) -> Scan:
        """The scan; raises NotFound where it is not here."""
        scan = self.get(scan_id)
        if scan is None:
            raise NotFound(NO_SCAN)
        return scan

    def by_content(self, content_sha256: str) -> Scan | None:
        """The scan with this content, withdrawn or not, or None."""
        with reading(self._engine) as connection:
            return _by_content(connection, content_sha256)

    def known_contents(self, contents: Collection[str]) -> set[str]:
        """Those of these `content_sha256` of which there is a scan."""
        query = select(scans.c.content_sha256).where(scans.c.content_sha256.in_(contents))
        with reading(self._engine) as connection:
            return set(connection.execute(query).scalars())

    def of_patient(self, patient_id: str) -> list[Scan]:
        """A patient's scans that were not withdrawn, newest first; `patient_id` is our own id."""
        query = select(scans).where(scans.c.patient_id == patient_id, not_withdrawn(scans.c.id))
        with reading(self._engine) as connection:
            return [_scan(row) for row in connection.execute(query.order_by(scans.c.created_at.desc()))]

    def of_ids(self, scan_ids: Sequence[str]) -> list[Scan]:
        """Those of these scans that are here and were not withdrawn, in the order of the ids."""
        known: dict[str, Scan] = {}
        with reading(self._engine) as connection:
            for part in statement_parts(scan_ids):
                query = select(scans).where(scans.c.id.in_(part), not_withdrawn(scans.c.id))
                known.update((row.id, _scan(row)) for row in connection.execute(query))
        return [known[scan_id] for scan_id in scan_ids if scan_id in known]

    def here(self, scan_ids: Sequence[str]) -> set[str]:
        """Those of these scans that are here and were not withdrawn."""
        known: set[str] = set()
        with reading(self._engine) as connection:
            for part in statement_parts(scan_ids):
                query = select(scans.c.id).where(scans.c.id.in_(part), not_withdrawn(scans.c.id))
                known.update(connection.execute(query).scalars())
        return known

    def in_short(self, scan_ids: Collection[str]) -> dict[str, UploadedScan]:
        """Of each of these scans that is here what an upload's list says of it, by its id."""
        columns = [scans.c[name] for name in ("id", "sequence", "modality", "status", "failure")]
        query = select(*columns).where(scans.c.id.in_(scan_ids), not_withdrawn(scans.c.id))
        with reading(self._engine) as connection:
            return {
                row.id: UploadedScan(
                    row.id, row.sequence or row.modality or "Scan", ScanStatus(row.status), row.failure
                )
                for row in connection.execute(query)
            }

    def set_status(self, scan_id: str, status: ScanStatus, failure: str | None = None) -> None:
        """Where the scan is on its way; NotFound for an unknown one."""
        statement = update(scans).where(scans.c.id == scan_id).values(status=status.value, failure=failure)
        with writing(self._engine) as connection:
            bump(connection, REVISION_OF_SCANS)
            if connection.execute(select(scans.c.id).where(scans.c.id == scan_id)).first() is None:
                raise NotFound(NO_SCAN)
            connection.execute(statement)
            note_status(connection, scan_id, status.value)

    def delete(self, scan_ids: Collection[str]) -> None:
        """Takes scans out of the house with their results, reviews and patients who have no other."""
        wanted = list(scan_ids)
        with writing(self._engine) as connection:
            bump(connection, REVISION_OF_SCANS)
            of_these = select(scans.c.patient_id).where(scans.c.id.in_(wanted)).distinct()
            owners = list(connection.execute(of_these).scalars())
            note_gone(connection, wanted)
            forget_features(connection, wanted)
            for table in _OF_SCANS:
                connection.execute(delete(table).where(table.c.scan_id.in_(wanted)))
            connection.execute(delete(scans).where(scans.c.id.in_(wanted)))
            _forget_empty_evaluations(connection)
            _forget_without_scans(connection, owners)

    def give(self, scan_id: str, patient_id: str) -> None:
        """Let a scan be another patient's; a patient who had no other scan is forgotten. NotFound for none.

        Ids are our own. Whoever is merged into another one meanwhile is the other.
        """
        with writing(self._engine) as connection:
            bump(connection, REVISION_OF_PATIENTS)
            bump(connection, REVISION_OF_SCANS)
            owner = connection.execute(select(scans.c.patient_id).where(scans.c.id == scan_id)).scalar()
            row = connection.execute(_KNOWN, {"wanted": patient_id}).first()
            if owner is None or row is None:
                raise NotFound(NO_SCAN if owner is None else NO_PATIENT)
            new_owner = row.merged_into or row.id
            keep_held(connection, [scan_id], owner)
            connection.execute(update(scans).where(scans.c.id == scan_id).values(patient_id=new_owner))
            note_patient(connection, scan_id, new_owner)
            if owner != new_owner:
                _forget_without_scans(connection, [owner])

    def ids_with_status(self, statuses: Collection[ScanStatus]) -> list[str]:
        """The ids of scans in any of these states that were not withdrawn, oldest first."""
        wanted = [status.value for status in statuses]
        query = select(scans.c.id).where(scans.c.status.in_(wanted), not_withdrawn(scans.c.id))
        with reading(self._engine) as connection:
            return list(connection.execute(query.order_by(scans.c.created_at, scans.c.id)).scalars())

    def synthetic_ids(self) -> list[str]:
        """The ids of scans that were made for a demonstration."""
        query = select(scans.c.id).where(scans.c.synthetic.is_(true()))
        with reading(self._engine) as connection:
            return list(connection.execute(query.order_by(scans.c.id)).scalars())

    def counts(self, *, synthetic: bool | None = None) -> dict[ScanStatus, int]:
        """How many scans that were not withdrawn are in each state: real ones, made ones, or (None) both."""
        query = select(scans.c.status, func.count()).where(not_withdrawn(scans.c.id))
        if synthetic is not None:
            query = query.where(scans.c.synthetic.is_(true() if synthetic else false()))
        query = query.group_by(scans.c.status)
        with reading(self._engine) as connection:
            counts = {row[0]: row[1] for row in connection.execute(query)}
        return {status: counts.get(status.value, 0) for status in ScanStatus}

    def changes_token(self) -> str:
        """A text that is another one after any change of a scan, result or review."""
        return str(revision(self._engine, REVISION_OF_SCANS))


_OF_SCANS = (
    triage, second_readings, unaided_readings, ai_results_seen, scan_annotations, feedback, review_requests,
    reviews, results, withdrawn_scans, study_identifiers, evaluation_readings, reruns,
)  # fmt: skip
# Made once: making a statement takes longer than carrying it out.
_MERGED_INTO = select(patients.c.merged_into).where(patients.c.id == bindparam("wanted"))
_KNOWN = select(patients.c.id, patients.c.merged_into).where(patients.c.id == bindparam("wanted"))
_ONE = select(scans).where(scans.c.id == bindparam("wanted"), not_withdrawn(scans.c.id))
_OF_CONTENT = select(scans).where(scans.c.content_sha256 == bindparam("wanted"))


def _forget_without_scans(connection: Connection, patient_ids: Collection[str]) -> None:
    """Delete those of these patients who have no scan; a withdrawn one is one.

    One who is held stays: what comes of them later must be held too.
    """
    others = select(scans.c.patient_id).where(scans.c.patient_id.in_(patient_ids))
    unused = select(patients.c.id).where(patients.c.id.in_(patient_ids), patients.c.id.not_in(others))
    held = select(patients.c.merged_into).where(
        patients.c.id.in_(held_patients()), patients.c.merged_into.is_not(None)
    )
    unused = unused.where(patients.c.id.not_in(held_patients()), patients.c.id.not_in(held))
    forget_patients(connection, list(connection.execute(unused).scalars()))


def _forget_empty_evaluations(connection: Connection) -> None:
    """Delete evaluations of which no scan is left."""
    left = select(evaluation_readings.c.evaluation_id)
    connection.execute(delete(evaluations).where(evaluations.c.id.not_in(left)))


def _by_content(connection: Connection, content_sha256: str) -> Scan | None:
    row = connection.execute(_OF_CONTENT, {"wanted": content_sha256}).one_or_none()
    return None if row is None else _scan(row)


def _values(scan: Scan) -> dict[str, Any]:
    header = vars(scan.header)
    return {
        **header,
        "id": scan.id,
        "patient_id": scan.patient_id,
        "content_sha256": scan.content_sha256,
        "status": scan.status.value,
        "failure": scan.failure,
        "task": scan.task,
        "sequence_key": folded(scan.header.sequence) if scan.header.sequence else None,
        "slice_mm": scan.spacing.slice_mm,
        "row_mm": scan.spacing.row_mm,
        "column_mm": scan.spacing.column_mm,
        "grid": to_json(scan.grid),
        "slices": scan.slices,
        "height": scan.height,
        "width": scan.width,
        "uploaded_by": scan.uploaded_by,
        "warnings": to_json(scan.warnings),
        "recognised": None if scan.recognised is None else to_json(scan.recognised),
        "department_id": scan.department_id,
        "synthetic": scan.synthetic,
        "created_at": scan.created_at,
    }


def _scan(row: Row[Any]) -> Scan:
    values = row._mapping
    return Scan(
        id=row.id,
        patient_id=row.patient_id,
        content_sha256=row.content_sha256,
        status=ScanStatus(row.status),
        task=row.task,
        header=ScanHeader(**{name: values[name] for name in ScanHeader.__dataclass_fields__}),
        spacing=Spacing(row.slice_mm, row.row_mm, row.column_mm),
        grid=from_json(SourceGrid, row.grid),
        slices=row.slices,
        height=row.height,
        width=row.width,
        uploaded_by=row.uploaded_by,
        created_at=row.created_at,
        warnings=from_json(tuple[str, ...], row.warnings),
        failure=row.failure,
        synthetic=row.synthetic,
        recognised=None if row.recognised is None else from_json(RecognisedSequence, row.recognised),
        department_id=row.department_id,
    )
