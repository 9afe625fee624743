"""The work of fetching priors: a search in a PACS, then series by series, repeated from any point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from data import formats
from data.database import now
from data.errors import InvalidInput
from data.records import (
    AuditEvent,
    PriorRequest,
    PriorRule,
    PriorSeries,
    PriorState,
    RemoteNodeKind,
    RetrieveMethod,
    Scan,
)
from data.stores.audit import AuditLog
from data.stores.patients import PatientStore
from data.stores.priors import PriorStore
from data.stores.received import ReceivedStore
from data.stores.scans import ScanStore
from data.stores.study_identifiers import StudyIdentifierStore
from services.jobs import JobContext
from services.priors import query_retrieve, web
from services.priors.answers import SubOperations
from services.priors.matching import StudyMatch, Wanted, chosen_studies, worth_reading
from services.receiving.node_state import read_state
from services.receiving.spool import Spool
from services.remote_nodes.nodes import RemoteNodes
from services.remote_nodes.peer import Peer, RemoteFault
from services.settings import Settings

ACTION = "priors.fetch"
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (5, 30, 120, 720))
"""Before a request that failed is tried again by itself; after the last of them it is not."""
_NO_RULE = "No priors are fetched from this remote node any more."
_NO_NODE = "Our DICOM node is not running, so that C-MOVE has nowhere to send to."
_UNSURE = (
    "Without a patient ID and a birth date it is not certain whose studies are found: nothing is fetched."
)


@dataclass(frozen=True)
class PriorStores:
    """What priors are known from."""

    priors: PriorStore
    scans: ScanStore
    patients: PatientStore
    received: ReceivedStore
    identifiers: StudyIdentifierStore
    audit: AuditLog


class PriorFetching:
    """Does what a request asks for."""

    def __init__(self, stores: PriorStores, nodes: RemoteNodes, settings: Settings) -> None:
        self._stores = stores
        self._nodes = nodes
        self._settings = settings
        self._spool = Spool(settings.dicom_folder, settings.dicom_folder_bytes)

    def wanted(self, scan: Scan) -> Wanted:
        """Whose studies are looked for: as the scan's own header said it, letter by letter."""
        said = self._stores.identifiers.get(scan.id)
        patient = self._stores.patients.get(scan.patient_id, with_identity=True)
        known = patient.identity if patient is not None and patient.identity is not None else None
        identity = formats.identity_in(said) if said or known is None else known
        day = examined_at(scan).astimezone().date()
        issuer = said.get("IssuerOfPatientID", "").strip()
        return Wanted(identity, issuer, scan.header.study_uid or "", day, scan.header.modality or "")

    def work(self, context: JobContext) -> None:
        """The job: search, then fetch series by series."""
        request = self._stores.priors.get(context.subject)
        if request is None or request.state is PriorState.DONE:
            return
        rule, scan = self._stores.priors.rules().get(request.node_id), self._stores.scans.get(request.scan_id)
        if rule is None or scan is None:
            raise InvalidInput(_NO_RULE if rule is None else "The scan was withdrawn meanwhile.")
        try:
            passed_over = self._fetch(context, request, rule, self.wanted(scan))
        except RemoteFault as fault:
            self._nodes.note_failed(request.node_id, str(fault))
            raise
        if not context.gave_way:
            self._finish(request, passed_over)

    def _fetch(
        self, context: JobContext, request: PriorRequest, rule: PriorRule, wanted: Wanted
    ) -> tuple[str, ...]:
        """Fetch what is wanted and not here; sentences on what is not fetched. Raises RemoteFault."""
        if wanted.identity.patient_id is None or wanted.identity.birth_date is None:
            raise InvalidInput(_UNSURE)
        state = read_state(self._settings.dicom_folder)
        if rule.method is RetrieveMethod.MOVE and (state is None or not state.running()):
            raise RemoteFault(_NO_NODE)
        peer = self._nodes.peer(request.node_id)
        first = wanted.day - timedelta(days=round(365.25 * rule.years))
        find_studies = _searching(peer).find_studies
        matches = find_studies(peer, wanted.identity.patient_id, first, wanted.day)
        studies, passed_over = chosen_studies(wanted, matches, rule.studies)
        for study in studies:
            for series in self._missing(peer, request, wanted, study):
                if context.cancelled():
                    return passed_over
                self._transfer(peer, rule, series)
        return passed_over

    def _missing(
        self, peer: Peer, request: PriorRequest, wanted: Wanted, study: StudyMatch
    ) -> list[PriorSeries]:
        """The series of a study that are worth it and not here, kept as waiting."""
        here = {scan.header.series_uid for scan in self._stores.scans.of_patient(request.patient_id)}
        missing = []
        for series in _searching(peer).find_series(peer, study.study_uid):
            known = self._stores.priors.series(study.study_uid, series.series_uid)
            if known is None and (
                not worth_reading(wanted, series)
                or series.series_uid in here
                or self._stores.received.get(study.study_uid, series.series_uid) is not None
            ):
                continue
            if known is None or known.state is not PriorState.DONE:
                kept = PriorSeries(
                    request.id,
                    request.node_id,
                    study.study_uid,
                    series.series_uid,
                    study.day,
                    series.modality,
                    PriorState.WAITING,
                )
                self._stores.priors.put_series(kept)
                missing.append(kept)
        return missing

    def _transfer(self, peer: Peer, rule: PriorRule, series: PriorSeries) -> None:
        noted = partial(self._note, series, PriorState.WAITING)
        uids = series.study_uid, series.series_uid
        try:
            if rule.method is RetrieveMethod.MOVE:
                came = query_retrieve.move(peer, *uids, noted)
            elif rule.method is RetrieveMethod.GET:
                came = query_retrieve.get(peer, *uids, noted, self._spool)
            else:
                came = web.fetch(peer, *uids, noted, self._spool)
        except RemoteFault as fault:
            failed = replace(series, state=PriorState.FAILED, failure=str(fault))
            self._stores.priors.put_series(failed)
            raise
        self._note(series, PriorState.FAILED if came.failure else PriorState.DONE, came)

    def _note(self, series: PriorSeries, state: PriorState, came: SubOperations) -> None:
        self._stores.priors.put_series(
            replace(series, state=state, completed=came.completed, failed=came.failed, failure=came.failure)
        )

    def _finish(self, request: PriorRequest, passed_over: Sequence[str]) -> None:
        series = self._stores.priors.series_of(request.id)
        faults = [known.failure for known in series if known.failure]
        if faults:
            self._nodes.note_failed(request.node_id, faults[0])
            self._fail(replace(request, passed_over=tuple(passed_over)), faults[0])
            return
        self._nodes.note_worked(request.node_id)
        self._stores.priors.put(
            replace(
                request,
                state=PriorState.DONE,
                failure=None,
                next_at=None,
                passed_over=tuple(passed_over),
                finished_at=now(),
            )
        )
        instances = sum(known.completed for known in series)
        detail = f"{len(series)} series, {instances} instances from {self._nodes.name(request.node_id)}"
        event = AuditEvent(now(), request.asked_by, ACTION, request.patient_id, detail)
        self._stores.audit.record(event)

    def give_up(self, request_id: str, sentence: str) -> None:
        """What follows where the job fails for good."""
        request = self._stores.priors.get(request_id)
        if request is not None:
            self._fail(request, sentence)

    def _fail(self, request: PriorRequest, sentence: str) -> None:
        moment, attempts = now(), request.attempts
        again = moment + PAUSES[attempts] if attempts < len(PAUSES) else None
        failed = replace(
            request,
            state=PriorState.FAILED,
            attempts=attempts + 1,
            next_at=again,
            failure=sentence,
            finished_at=moment,
        )
        self._stores.priors.put(failed)


def _searching(peer: Peer) -> Any:
    """How a node of this kind is searched: by C-FIND or QIDO-RS."""
    return web if peer.node.kind is RemoteNodeKind.DICOMWEB else query_retrieve


def examined_at(scan: Scan) -> datetime:
    """When a scan was made, where its file says so."""
    assert scan.header.acquired_at is not None
    return scan.header.acquired_at
