"""QIDO-RS and WADO-RS: what a DICOMweb node has, and how it comes over."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from data import formats
from data.errors import RefusedScan
from services.priors.answers import Noted, SubOperations, series_in, studies_in
from services.priors.matching import SeriesMatch, StudyMatch
from services.receiving.contexts import STORAGE, TRANSFER_SYNTAXES
from services.receiving.spool import Spool
from services.remote_nodes.dicomweb import retrieve, search
from services.remote_nodes.peer import Peer, RemoteFault

SENDER = "WADO-RS"
"""What stands in place of an AE title where an instance came by it."""


def find_studies(peer: Peer, patient_id: str, first: date, last: date) -> list[StudyMatch]:
    """The studies of a patient's number between two days. Raises RemoteFault."""
    days = f"{first:%Y%m%d}-{last:%Y%m%d}"
    query = {"PatientID": patient_id, "StudyDate": days, "includefield": "IssuerOfPatientID"}
    return studies_in(_found(peer, "studies", query))


def find_series(peer: Peer, study_uid: str) -> list[SeriesMatch]:
    """The series of a study. Raises RemoteFault."""
    return series_in(_found(peer, f"studies/{study_uid}/series", {"includefield": "BodyPartExamined"}))


def fetch(peer: Peer, study_uid: str, series_uid: str, noted: Noted, spool: Spool) -> SubOperations:
    """Fetch a series by WADO-RS, instance by instance, into the DICOM node's folder. Raises RemoteFault."""
    series = f"studies/{study_uid}/series/{series_uid}"
    came, failed, failure = 0, 0, None
    for answer in _found(peer, f"{series}/instances", {}):
        (sop_uid,) = formats.answered_texts(answer, "SOPInstanceUID") or ("",)
        try:
            _keep(peer, retrieve(peer, f"{series}/instances/{sop_uid}"), (study_uid, series_uid), spool)
            came += 1
        except RefusedScan as refused:
            failed, failure = failed + 1, f"{peer.node.name}: {refused}"
        noted(SubOperations(came, failed))
    return SubOperations(came, failed, failure)


def _keep(peer: Peer, content: bytes, series: tuple[str, str], spool: Spool) -> None:
    """Keep an instance as it came. Raises RefusedScan for one that is another one, or not taken."""
    dataset, syntax = formats.file_parts(content)
    uids = formats.uids_of(dataset, syntax)
    if (uids.study, uids.series) != series:
        raise RefusedScan("unreadable", "An instance is not of the series that was asked for.")
    if uids.sop_class not in STORAGE or syntax not in TRANSFER_SYNTAXES:
        raise RefusedScan("unreadable", f"SOP class {uids.sop_class} in {syntax} is not taken.")
    head = formats.file_head(uids, syntax, SENDER, urlsplit(peer.node.url).hostname or "")
    try:
        spool.keep(uids, (head, dataset))
    except OSError as error:
        raise RemoteFault(f"Our DICOM node's folder cannot take it: {error}.") from error


def _found(peer: Peer, path: str, query: Mapping[str, str]) -> list[Any]:
    try:
        return [formats.answer_in_json(match) for match in search(peer, path, query)]
    except RefusedScan as error:
        raise RemoteFault(f"{peer.node.name} answered QIDO-RS with what is no DICOM JSON.") from error
