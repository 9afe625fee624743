"""C-FIND, C-MOVE and C-GET SCU of the Study Root model: what a PACS has, and how it comes over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from pynetdicom import evt
from pynetdicom.presentation import PresentationContext, build_context, build_role
from pynetdicom.status import (
    QR_FIND_SERVICE_CLASS_STATUS,
    QR_GET_SERVICE_CLASS_STATUS,
    QR_MOVE_SERVICE_CLASS_STATUS,
)

from data import formats
from services.priors.answers import SERIES_KEYS, STUDY_KEYS, Noted, SubOperations, series_in, studies_in
from services.priors.matching import SeriesMatch, StudyMatch
from services.receiving.contexts import STORAGE, TRANSFER_SYNTAXES, UNCOMPRESSED
from services.receiving.spool import Spool
from services.receiving.storing import keep_instance
from services.remote_nodes.dicom import association
from services.remote_nodes.peer import Peer, RemoteFault

FIND = "1.2.840.10008.5.1.4.1.2.2.1"
MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
GET = "1.2.840.10008.5.1.4.1.2.2.3"
MODELS: Mapping[str, str] = {
    FIND: "Study Root Query/Retrieve Information Model - FIND",
    MOVE: "Study Root Query/Retrieve Information Model - MOVE",
    GET: "Study Root Query/Retrieve Information Model - GET",
}
_PENDING, _CANCEL, _SUCCESS = (0xFF00, 0xFF01), 0xFE00, 0x0000
_SOME_FAILED = 0xB000
_MOST_ANSWERS = 2000
_WORDS = {FIND: QR_FIND_SERVICE_CLASS_STATUS, MOVE: QR_MOVE_SERVICE_CLASS_STATUS}
_WORDS |= {GET: QR_GET_SERVICE_CLASS_STATUS}
_NAMES = {FIND: "C-FIND", MOVE: "C-MOVE", GET: "C-GET"}


def find_studies(peer: Peer, patient_id: str, first: date, last: date) -> list[StudyMatch]:
    """The studies of a patient's number between two days. Raises RemoteFault."""
    asked = {"PatientID": patient_id, "StudyDate": f"{first:%Y%m%d}-{last:%Y%m%d}"}
    answers = _find(peer, "STUDY", STUDY_KEYS, asked)
    return studies_in(answers)


def find_series(peer: Peer, study_uid: str) -> list[SeriesMatch]:
    """The series of a study. Raises RemoteFault."""
    answers = _find(peer, "SERIES", SERIES_KEYS, {"StudyInstanceUID": study_uid})
    return series_in(answers)


def move(peer: Peer, study_uid: str, series_uid: str, noted: Noted) -> SubOperations:
    """Have a series sent to our own AE title by C-MOVE. Raises RemoteFault."""
    with association(peer, [_context(MOVE)]) as associated:
        identifier = _identifier(study_uid, series_uid)
        answers = associated.send_c_move(identifier, peer.calling_ae_title, MOVE)
        return _transferred(peer, MOVE, answers, noted)


def get(peer: Peer, study_uid: str, series_uid: str, noted: Noted, spool: Spool) -> SubOperations:
    """Fetch a series by C-GET into the DICOM node's folder. Raises RemoteFault."""

    def store(event: Any) -> int:
        return keep_instance(event, spool, peer.node.ae_title, peer.node.host)

    roles = [build_role(sop_class, scp_role=True) for sop_class in STORAGE]
    contexts = [_context(GET), *_storage_contexts()]
    handlers = [(evt.EVT_C_STORE, store)]
    with association(peer, contexts, ext_neg=roles, evt_handlers=handlers) as associated:
        answers = associated.send_c_get(_identifier(study_uid, series_uid), GET)
        return _transferred(peer, GET, answers, noted)


def _find(peer: Peer, level: str, keys: tuple[str, ...], asked: Mapping[str, str]) -> list[Any]:
    identifier = formats.query_identifier(level, asked, keys)
    answers: list[Any] = []
    with association(peer, [_context(FIND)]) as associated:
        for status, answer in associated.send_c_find(identifier, FIND):
            if _checked(peer, FIND, status) in _PENDING and answer is not None:
                answers.append(answer)
            if len(answers) > _MOST_ANSWERS:
                associated.abort()
                raise RemoteFault(
                    f"{peer.node.name} answered C-FIND with more than {_MOST_ANSWERS:,} matches."
                )
    return answers


def _transferred(peer: Peer, model: str, answers: Iterator[tuple[Any, Any]], noted: Noted) -> SubOperations:
    """What the last answer says; the counts before it are noted as they come."""
    reached = SubOperations(0, 0)
    for status, _ in answers:
        code = _checked(peer, model, status)
        reached = SubOperations(
            int(status.get("NumberOfCompletedSuboperations", reached.completed) or 0)
            + int(status.get("NumberOfWarningSuboperations", 0) or 0),
            int(status.get("NumberOfFailedSuboperations", reached.failed) or 0),
        )
        if code in _PENDING:
            noted(reached)
        elif code == _SOME_FAILED or reached.failed:
            return SubOperations(reached.completed, reached.failed, _said(peer, model, status))
    return reached


def _checked(peer: Peer, model: str, status: Any) -> int:
    """The status of an answer; raises RemoteFault for one that ends it without success."""
    if "Status" not in status:
        raise RemoteFault(f"{peer.node.name} gave no answer to {_NAMES[model]}, or ended the association.")
    code = int(status.Status)
    if code in (_SUCCESS, _SOME_FAILED, *_PENDING):
        return code
    raise RemoteFault(_said(peer, model, status))


def _said(peer: Peer, model: str, status: Any) -> str:
    """A status in the protocol's own words."""
    code = int(status.Status)
    words = _WORDS[model].get(code, ("", ""))[1] or ("cancelled" if code == _CANCEL else "")
    comment = str(status.get("ErrorComment", "") or "").strip()
    told = ": ".join(part for part in (words, comment) if part)
    return f"{peer.node.name} answered {_NAMES[model]} with status 0x{code:04X}" + (
        f" ({told})." if told else "."
    )


def _identifier(study_uid: str, series_uid: str) -> Any:
    asked = {"StudyInstanceUID": study_uid, "SeriesInstanceUID": series_uid}
    return formats.query_identifier("SERIES", asked)


def _context(model: str) -> PresentationContext:
    return build_context(model, list(UNCOMPRESSED[:2]))


def _storage_contexts() -> list[PresentationContext]:
    """Of each SOP class one context as it is without compression, and one with: of each one is agreed on."""
    compressed = [syntax for syntax in TRANSFER_SYNTAXES if syntax not in UNCOMPRESSED]
    return [
        build_context(sop_class, syntaxes)
        for sop_class in STORAGE
        for syntaxes in (list(UNCOMPRESSED[:2]), compressed)
    ]
