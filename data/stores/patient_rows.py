"""Every row of a patient: which there are, and taking them out in one transaction.

What each table holds and what becomes of it stands in `services/retention/places.py`.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Row,
    Table,
    delete,
    func,
    or_,
    select,
    update,
)

from data.codec import from_json, to_json
from data.columns import folded
from data.database import reading, statement_parts, writing
from data.records import ErasurePlan, Identity, ItemState, Refusal
from data.stores.legal_holds import lock
from data.stores.patient_conflicts import forget_patients
from data.stores.scans import ScanStore
from data.tables import (
    ai_results_seen,
    alerts,
    audit_events,
    deliveries,
    embeddings,
    evaluation_readings,
    features,
    feedback,
    held_scans,
    import_items,
    jobs,
    ledger,
    legal_holds,
    patients,
    pixel_screenings,
    prior_requests,
    prior_series,
    received_series,
    refusals,
    remote_nodes,
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
    uploads,
    withdrawn_scans,
)

ERASED = "erased"
"""Stands where the name of a file was that named the patient."""
_SHORTEST_NUMBER = 4
_LOOKED_FOR_AT_ONCE = 40  # a condition each: databases bound how many a statement has
_BY_SCAN: Sequence[Table] = (
    results, reviews, triage, second_readings, unaided_readings, ai_results_seen, scan_annotations, feedback,
    review_requests, withdrawn_scans, study_identifiers, evaluation_readings, reruns, features, deliveries,
    ledger,
)  # fmt: skip


@dataclass(frozen=True)
class PatientRows:
    """Whose rows, and what they lead to."""

    patient_ids: tuple[str, ...]
    """The patient and whoever was merged into them; nobody where other scans of theirs stay."""
    owner_ids: tuple[str, ...]
    """Whose the scans are, whether they go or stay."""
    pseudonyms: tuple[str, ...]
    identities: tuple[Identity, ...]
    scan_ids: tuple[str, ...]
    contents: tuple[str, ...]
    plan: ErasurePlan
    shared_uploads: tuple[str, ...]
    """Uploads that brought other patients' scans as well: they stay, without this one's."""


class PatientRowStore:
    """The rows of a patient, over all tables."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def of_patient(self, patient_id: str) -> PatientRows:
        """All that is a patient's, withdrawn scans too; `patient_id` is our own id."""
        with reading(self._engine) as connection:
            same = or_(patients.c.id == patient_id, patients.c.merged_into == patient_id)
            people = list(connection.execute(select(patients).where(same)))
            mine = scans.c.patient_id.in_([row.id for row in people])
            scan_ids = list(connection.execute(select(scans.c.id).where(mine)).scalars())
            return _rows(connection, people, scan_ids)

    def of_scans(self, scan_ids: Sequence[str]) -> PatientRows:
        """All that is of these scans, and their patients where no other scan of theirs is here."""
        with reading(self._engine) as connection:
            here: list[str] = []
            owners: Counter[str] = Counter()
            for part in statement_parts(scan_ids):
                for row in connection.execute(
                    select(scans.c.id, scans.c.patient_id).where(scans.c.id.in_(part))
                ):
                    here.append(row.id)
                    owners[row.patient_id] += 1
            gone = list(_without_others(connection, owners))
            people: list[Row[Any]] = []
            for part in statement_parts(gone):
                same = or_(patients.c.id.in_(part), patients.c.merged_into.in_(part))
                people += connection.execute(select(patients).where(same))
            return _rows(connection, people, here)

    def counts(self, rows: PatientRows) -> dict[str, int]:
        """How many rows there are by table; tables without any are left out."""
        with reading(self._engine) as connection:
            return _counts(connection, rows)

    def words_in_audit(self, rows: PatientRows) -> int:
        """How many events of the audit trail name the patient in words: they cannot be changed."""
        wanted = [_names(identity) for identity in rows.identities]
        with reading(self._engine) as connection:
            texts = connection.execute(select(audit_events.c.subject, audit_events.c.detail))
            return sum(any(named(f"{row.subject} {row.detail}", names) for names in wanted) for row in texts)

    def delivered_to(self, rows: PatientRows) -> list[str]:
        """The names of the remote nodes that anything of these scans was sent to."""
        names: set[str] = set()
        with reading(self._engine) as connection:
            for part in statement_parts(rows.scan_ids):
                query = select(remote_nodes.c.name).join(
                    deliveries, deliveries.c.node_id == remote_nodes.c.id
                )
                sent = deliveries.c.delivered_at.is_not(None)
                names |= set(connection.execute(query.where(deliveries.c.scan_id.in_(part), sent)).scalars())
        return sorted(names)

    def lock(self) -> None:
        """Let nobody move, merge, hold or erase patients, or bring scans, until this transaction ends."""
        with writing(self._engine) as connection:
            lock(connection)

    def take_out(self, rows: PatientRows) -> dict[str, int]:
        """Delete every row, and take the patient out of those that stay; how many there were, by table."""
        with writing(self._engine) as connection:
            counts = _counts(connection, rows)
            _take_out_around(connection, rows)
            ScanStore(self._engine).delete(rows.scan_ids)
            for part in statement_parts(rows.scan_ids):
                connection.execute(delete(ledger).where(ledger.c.scan_id.in_(part), ledger.c.gone.is_(False)))
            if rows.patient_ids:
                forget_patients(connection, rows.patient_ids)
            return counts


def named(text: str, names: tuple[str, tuple[str, ...]]) -> bool:
    """Whether a text holds the patient's number, or every part of the name."""
    number, parts = names
    known = folded(text)
    alone = rf"(?<![^\W_]){re.escape(number)}(?![^\W_])"
    return bool(number and re.search(alone, known)) or bool(parts) and all(part in known for part in parts)


def _names(identity: Identity) -> tuple[str, tuple[str, ...]]:
    number = folded(identity.patient_id or "")
    parts = tuple(part for part in re.split(r"[\s,^=]+", folded(identity.name or "")) if part)
    # One short word is a name that others have as well.
    told = parts if len(parts) > 1 else ()
    return (number if len(number) >= _SHORTEST_NUMBER else ""), told


def _without_others(connection: Connection, owners: Mapping[str, int]) -> Iterator[str]:
    for part in statement_parts(list(owners)):
        query = select(scans.c.patient_id, func.count().label("n")).where(scans.c.patient_id.in_(part))
        for row in connection.execute(query.group_by(scans.c.patient_id)):
            if row.n == owners[row.patient_id]:
                yield row.patient_id


def _rows(connection: Connection, people: Sequence[Row[Any]], scan_ids: Sequence[str]) -> PatientRows:
    contents: list[str] = []
    owners = {row.id for row in people}
    series: set[tuple[str, str]] = set()
    for part in statement_parts(scan_ids):
        columns = (scans.c.content_sha256, scans.c.study_uid, scans.c.series_uid, scans.c.patient_id)
        for row in connection.execute(select(*columns).where(scans.c.id.in_(part))):
            contents.append(row.content_sha256)
            owners.add(row.patient_id)
            if row.study_uid and row.series_uid:
                series.add((row.study_uid, row.series_uid))
    whole, shared = _uploads(connection, scan_ids)
    series |= set(_received(connection, whole))
    plan = ErasurePlan(
        result_ids=_ids(connection, results, scan_ids),
        review_ids=_ids(connection, reviews, scan_ids),
        unaided_ids=_ids(connection, unaided_readings, scan_ids),
        upload_ids=tuple(whole),
        series=tuple(sorted(series)),
        words=tuple(row.pseudonym for row in people),
    )
    return PatientRows(
        tuple(row.id for row in people),
        tuple(sorted(owners)),
        plan.words,
        tuple(Identity(row.name, row.patient_id, row.birth_date) for row in people),
        tuple(scan_ids),
        tuple(contents),
        plan,
        tuple(shared),
    )


def _ids(connection: Connection, table: Table, scan_ids: Sequence[str]) -> tuple[str, ...]:
    ids: list[str] = []
    for part in statement_parts(scan_ids):
        ids += connection.execute(select(table.c.id).where(table.c.scan_id.in_(part))).scalars()
    return tuple(ids)


def _uploads(connection: Connection, scan_ids: Sequence[str]) -> tuple[list[str], list[str]]:
    """Uploads that brought these scans: those that brought nothing else, and the others."""
    mine = set(scan_ids)
    whole: list[str] = []
    shared: list[str] = []
    for row in _mentioning(connection, uploads, (uploads.c.scan_ids, uploads.c.known_scan_ids), scan_ids):
        brought = _listed(row.scan_ids) | _listed(row.known_scan_ids)
        (whole if brought <= mine else shared).append(row.id)
    return whole, shared


def _listed(text: str) -> set[str]:
    return set(from_json(tuple[str, ...], text))


def _mentioning(
    connection: Connection, table: Table, columns: Sequence[ColumnElement[str]], words: Sequence[str]
) -> list[Row[Any]]:
    """The rows in one of whose texts one of these ids stands."""
    rows: dict[Any, Row[Any]] = {}
    for start in range(0, len(words), _LOOKED_FOR_AT_ONCE):
        part = words[start : start + _LOOKED_FOR_AT_ONCE]
        wanted = or_(*(column.contains(word) for column in columns for word in part))
        rows |= {row.id: row for row in connection.execute(select(table).where(wanted))}
    return list(rows.values())


def _received(connection: Connection, upload_ids: Sequence[str]) -> Iterator[tuple[str, str]]:
    for part in statement_parts(upload_ids):
        columns = (received_series.c.study_uid, received_series.c.series_uid)
        for row in connection.execute(select(*columns).where(received_series.c.upload_id.in_(part))):
            yield row.study_uid, row.series_uid


def _counts(connection: Connection, rows: PatientRows) -> dict[str, int]:
    counts: Counter[str] = Counter({"patients": len(rows.patient_ids), "scans": len(rows.scan_ids)})
    for table in _BY_SCAN:
        counts[table.name] += _count(connection, table.c.scan_id, rows.scan_ids)
    counts[embeddings.name] = _count(connection, embeddings.c.result_id, rows.plan.result_ids)
    counts[pixel_screenings.name] = _count(connection, pixel_screenings.c.content_sha256, rows.contents)
    counts[uploads.name] = len(rows.plan.upload_ids) + len(rows.shared_uploads)
    counts[received_series.name] = _count(connection, received_series.c.upload_id, rows.plan.upload_ids)
    counts[prior_requests.name] = len(_priors(connection, rows))
    counts[import_items.name] = len(
        _mentioning(connection, import_items, (import_items.c.scan_ids,), rows.scan_ids)
    )
    return {name: n for name, n in counts.items() if n}


def _count(connection: Connection, column: ColumnElement[str], values: Sequence[str]) -> int:
    return sum(
        int(connection.execute(select(func.count()).where(column.in_(part))).scalar_one())
        for part in statement_parts(values)
    )


def _priors(connection: Connection, rows: PatientRows) -> list[str]:
    ids: set[str] = set()
    by = ((prior_requests.c.scan_id, rows.scan_ids), (prior_requests.c.patient_id, rows.patient_ids))
    for column, values in by:
        for part in statement_parts(values):
            ids |= set(connection.execute(select(prior_requests.c.id).where(column.in_(part))).scalars())
    return sorted(ids)


def _take_out_around(connection: Connection, rows: PatientRows) -> None:
    """What is not the scans' own: it names them or the patient from elsewhere."""
    priors = _priors(connection, rows)
    _delete(connection, prior_series.c.request_id, priors)
    _delete(connection, prior_requests.c.id, priors)
    _delete(connection, deliveries.c.scan_id, rows.scan_ids)
    _delete(connection, pixel_screenings.c.content_sha256, rows.contents)
    _delete(connection, received_series.c.upload_id, rows.plan.upload_ids)
    for study, series in rows.plan.series:
        mine = (received_series.c.study_uid == study) & (received_series.c.series_uid == series)
        connection.execute(delete(received_series).where(mine))
    _delete(connection, refusals.c.upload_id, rows.plan.upload_ids)
    _delete(connection, uploads.c.id, rows.plan.upload_ids)
    _delete(connection, jobs.c.subject, [*rows.scan_ids, *rows.plan.upload_ids, *rows.plan.result_ids])
    told = [row.id for row in _mentioning(connection, jobs, (jobs.c.subject,), rows.scan_ids)]
    _delete(connection, jobs.c.id, told)
    about = _mentioning(connection, alerts, (alerts.c.link, alerts.c.cause, alerts.c.sentence),
                        [*rows.scan_ids, *rows.pseudonyms])  # fmt: skip
    _delete(connection, alerts.c.id, [row.id for row in about])
    _delete(connection, held_scans.c.scan_id, rows.scan_ids)
    _delete(connection, legal_holds.c.patient_id, rows.patient_ids)  # lifted ones: one that holds refuses
    for upload_id in rows.shared_uploads:
        _leave_shared(connection, upload_id, set(rows.scan_ids))
    for item in _mentioning(connection, import_items, (import_items.c.scan_ids,), rows.scan_ids):
        _leave_item(connection, item, set(rows.scan_ids))
    for identity in rows.identities:
        _take_out_names(connection, _names(identity))


def _delete(connection: Connection, column: Any, values: Collection[str]) -> None:
    for part in statement_parts(list(values)):
        connection.execute(delete(column.table).where(column.in_(part)))


def _leave_shared(connection: Connection, upload_id: str, gone: set[str]) -> None:
    row = connection.execute(select(uploads).where(uploads.c.id == upload_id)).one()
    values = {name: to_json(_left(getattr(row, name), gone)) for name in ("scan_ids", "known_scan_ids")}
    connection.execute(update(uploads).where(uploads.c.id == upload_id).values(**values))


def _left(text: str, gone: Collection[str]) -> list[str]:
    ids: list[str] = from_json(list[str], text)
    return [each for each in ids if each not in gone]


def _leave_item(connection: Connection, item: Row[Any], gone: set[str]) -> None:
    """An item of an import keeps its place and counts; of whom it was, nothing says any more."""
    left = _left(item.scan_ids, gone)
    values = {"scan_ids": to_json(left)}
    if not left:
        values |= {"name": ERASED, "files": to_json([]), "refusals": to_json([])}
    connection.execute(update(import_items).where(import_items.c.id == item.id).values(**values))


def _take_out_names(connection: Connection, names: tuple[str, tuple[str, ...]]) -> None:
    """Names of files that name the patient, where nothing else leads to them: what was not read."""
    if names == ("", ()):
        return
    for row in connection.execute(select(refusals.c.id, refusals.c.name, refusals.c.sentence)).all():
        if named(row.name, names) or named(row.sentence, names):
            values = {"name": ERASED, "sentence": ERASED if named(row.sentence, names) else row.sentence}
            connection.execute(update(refusals).where(refusals.c.id == row.id).values(**values))
    for row in connection.execute(select(uploads.c.id, uploads.c.name, uploads.c.refusals)).all():
        _forget_name_of_upload(connection, row, names)
    columns = (import_items.c.id, import_items.c.name, import_items.c.files, import_items.c.state)
    for item in connection.execute(select(*columns)).all():
        if named(f"{item.name} {_plain(item.files)}", names):
            values = {"name": ERASED, "files": to_json([]), "refusals": to_json([])}
            if item.state == ItemState.WAITING:  # it is not read any more
                values["state"] = ItemState.FAILED.value
            connection.execute(update(import_items).where(import_items.c.id == item.id).values(**values))


def _plain(text: str) -> str:
    """JSON as it reads: in the database letters beyond ASCII are escaped."""
    return json.dumps(json.loads(text), ensure_ascii=False)


def _forget_name_of_upload(connection: Connection, row: Any, names: tuple[str, tuple[str, ...]]) -> None:
    told: tuple[Refusal, ...] = from_json(tuple[Refusal, ...], row.refusals)
    kept = [
        Refusal(ERASED, each.code, ERASED) if named(f"{each.name} {each.sentence}", names) else each
        for each in told
    ]
    name = ERASED if named(row.name, names) else row.name
    if (name, kept) != (row.name, list(told)):
        values = {"name": name, "refusals": to_json(kept)}
        connection.execute(update(uploads).where(uploads.c.id == row.id).values(**values))
