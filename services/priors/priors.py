"""Priors: asked for by people, or by themselves for each study that arrives; searched for, fetched, told.

A request is a row and its work a job, so that it survives kills: what came over is not asked for again, and
the rest is. What comes takes the way of everything that the DICOM node receives; by the row of its series
it is known there as a prior. A prior asks for no priors itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from data import formats
from data.database import id_from, new_id, now
from data.errors import InvalidInput, NotFound
from data.records import (
    AuditEvent,
    Patient,
    PriorRequest,
    PriorRule,
    PriorSeries,
    PriorState,
    RemoteNode,
    RemoteNodeKind,
    RetrieveMethod,
    Scan,
    User,
    prior_node,
)
from data.stores.audit import AuditLog
from data.stores.patients import PatientStore
from data.stores.priors import PriorStore
from data.stores.received import ReceivedStore
from data.stores.scans import ScanStore
from data.stores.study_identifiers import StudyIdentifierStore
from services.jobs import JobContext, Jobs
from services.permissions import Permission, require
from services.priors import query_retrieve
from services.priors.found import FoundStudy, Wanted, chosen_studies, worth_reading
from services.priors.query_retrieve import SubOperations
from services.receiving.node_state import read_state
from services.receiving.spool import Spool
from services.remote_nodes.nodes import RemoteNodes
from services.remote_nodes.peer import Peer, RemoteFault
from services.settings import Settings

JOB = "fetch-priors"
ACTION = "priors.fetch"
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (5, 30, 120, 720))
"""Before a request that failed is tried again by itself; after the last of them it is not."""
MOST_STUDIES, MOST_YEARS = 20, 30
NO_PATIENT = "There is no such patient."
_NO_RULE = "No priors are fetched from this remote node any more."
_NO_NODE = "Our DICOM node is not running, so that C-MOVE has nowhere to send to."
_NO_STUDY = "Nothing to look for: no scan of this patient came as DICOM with a study date."
_NO_NODES = "An administrator has not said yet which remote node priors are fetched from."
_CONFLICT = (
    "First settle who this patient is: the same number and name are known with another birth date or sex."
)
_UNSURE = (
    "Without a patient ID and a birth date it is not certain whose studies are found: nothing is fetched."
)


@dataclass(frozen=True)
class PriorsView:
    """A request as people see it: from which node, and what came of each series."""

    request: PriorRequest
    node: str
    series: tuple[PriorSeries, ...]


@dataclass(frozen=True)
class RuledNode:
    """A DICOM node, and which priors are fetched from it; None: none."""

    node: RemoteNode
    rule: PriorRule | None


@dataclass(frozen=True)
class PriorStores:
    """What priors are known from."""

    priors: PriorStore
    scans: ScanStore
    patients: PatientStore
    received: ReceivedStore
    identifiers: StudyIdentifierStore
    audit: AuditLog


class Priors:
    """Asks remote nodes for what was examined before."""

    def __init__(self, stores: PriorStores, nodes: RemoteNodes, jobs: Jobs, settings: Settings) -> None:
        self._stores = stores
        self._nodes = nodes
        self._jobs = jobs
        self._settings = settings
        self._spool = Spool(settings.dicom_folder, settings.dicom_folder_bytes)
        jobs.register(JOB, self._work, on_give_up=self._give_up, limit=1)

    def fetch(self, reference: str, user: User) -> int:
        """Ask for the priors of a patient from every node that has a rule; how many requests that made.

        Raises NotAllowed, NotFound, InvalidInput where it is not certain whose studies would come.
        """
        require(user, Permission.FETCH_PRIORS)
        patient = self._patient(reference)
        if patient.in_conflict_with:
            raise InvalidInput(_CONFLICT)
        rules, current = self._stores.priors.rules(), self._current(patient)
        if not rules:
            raise InvalidInput(_NO_NODES)
        if not current:
            raise InvalidInput(_NO_STUDY)
        asked = [
            self._ask(scan, node_id, new_id(), user.id)
            for scan in current
            for node_id in rules
            if not self._waits(scan, node_id)
        ]
        self._stores.audit.record(AuditEvent(now(), user.id, ACTION, patient.id, "asked for"))
        return len(asked)

    def of_patient(self, reference: str, user: User) -> list[PriorsView]:
        """What was asked for of a patient, the latest first. Raises NotAllowed, NotFound."""
        require(user, Permission.FETCH_PRIORS)
        return [
            PriorsView(
                request,
                self._nodes.name(request.node_id),
                tuple(self._stores.priors.series_of(request.id)),
            )
            for request in self._stores.priors.of_patient(self._patient(reference).id)
        ]

    def rules(self, user: User) -> list[RuledNode]:
        """Every DICOM node with its rule. Raises NotAllowed."""
        require(user, Permission.SEE_REMOTE_NODES)
        rules = self._stores.priors.rules()
        nodes = [node for node in self._nodes.all(user) if node.kind is RemoteNodeKind.DICOM]
        return [RuledNode(node, rules.get(node.id)) for node in nodes]

    def set_rule(self, rule: PriorRule, user: User) -> None:
        """Fetch priors from a node by this rule. Raises NotAllowed, NotFound, InvalidInput."""
        require(user, Permission.MANAGE_REMOTE_NODES)
        node = self._nodes.get(rule.node_id, user)
        if node.kind is not RemoteNodeKind.DICOM:
            raise InvalidInput("Priors are fetched from DICOM nodes only.")
        if not 1 <= rule.studies <= MOST_STUDIES or not 1 <= rule.years <= MOST_YEARS:
            words = f"Choose 1 to {MOST_STUDIES} studies, and 1 to {MOST_YEARS} years back."
            raise InvalidInput(words)
        self._stores.priors.set_rule(rule)
        how = "for each study" if rule.automatic else "on request"
        detail = f"{node.name}: {how}, {rule.method}, {rule.studies} studies, {rule.years} years"
        self._stores.audit.record(AuditEvent(now(), user.id, "priors rule", node.id, detail))

    def remove_rule(self, node_id: str, user: User) -> None:
        """Fetch no priors from a node. Raises NotAllowed."""
        require(user, Permission.MANAGE_REMOTE_NODES)
        self._stores.priors.remove_rule(node_id)
        self._stores.audit.record(AuditEvent(now(), user.id, "priors rule", node_id, "none"))

    def arrived(self, scan: Scan) -> None:
        """A new scan is here: ask for its priors, once a study, where a rule says so."""
        study_uid = scan.header.study_uid
        if prior_node(scan.uploaded_by) is not None or study_uid is None or not _comparable(scan):
            return
        for node_id, rule in self._stores.priors.rules().items():
            if rule.automatic:
                self._ask(scan, node_id, id_from("priors", study_uid, node_id), None)

    def tick(self, at: datetime | None = None) -> None:
        """Try again what failed and is due."""
        for request in self._stores.priors.due(at or now()):
            self._stores.priors.put(replace(request, state=PriorState.WAITING, next_at=None))
            self._jobs.submit(JOB, request.id, request.asked_by)

    def resume(self) -> None:
        """Have done what a stop of the server came before."""
        for request in self._stores.priors.waiting():
            self._jobs.submit(JOB, request.id, request.asked_by)

    def _patient(self, reference: str) -> Patient:
        patient = self._stores.patients.find(reference, with_identity=True)
        if patient is None:
            raise NotFound(NO_PATIENT)
        return patient

    def _current(self, patient: Patient) -> list[Scan]:
        """The newest scan of each kind that can be compared, of those that were not fetched themselves."""
        scans = [scan for scan in self._stores.scans.of_patient(patient.id) if _comparable(scan)]
        own = [scan for scan in scans if prior_node(scan.uploaded_by) is None]
        newest: dict[frozenset[str], Scan] = {}
        for scan in sorted(own or scans, key=_examined_at):
            newest[self._wanted(scan).modalities] = scan
        return list(newest.values())

    def _ask(self, scan: Scan, node_id: str, request_id: str, user_id: str | None) -> PriorRequest:
        request = PriorRequest(
            request_id, scan.id, scan.patient_id, node_id, PriorState.WAITING, user_id, now()
        )
        if self._stores.priors.add(request):
            self._jobs.submit(JOB, request.id, user_id)
        return request

    def _waits(self, scan: Scan, node_id: str) -> bool:
        return any(
            (request.scan_id, request.node_id, request.state) == (scan.id, node_id, PriorState.WAITING)
            for request in self._stores.priors.of_patient(scan.patient_id)
        )

    def _wanted(self, scan: Scan) -> Wanted:
        """Whose studies are looked for: as the scan's own header said it, letter by letter."""
        said = self._stores.identifiers.get(scan.id)
        patient = self._stores.patients.get(scan.patient_id, with_identity=True)
        known = patient.identity if patient is not None and patient.identity is not None else None
        identity = formats.identity_in(said) if said or known is None else known
        day = _examined_at(scan).astimezone().date()
        issuer = said.get("IssuerOfPatientID", "").strip()
        return Wanted(identity, issuer, scan.header.study_uid or "", day, scan.header.modality or "")

    def _work(self, context: JobContext) -> None:
        """The job: search, then fetch series by series."""
        request = self._stores.priors.get(context.subject)
        if request is None or request.state is PriorState.DONE:
            return
        rule, scan = self._stores.priors.rules().get(request.node_id), self._stores.scans.get(request.scan_id)
        if rule is None or scan is None:
            raise InvalidInput(_NO_RULE if rule is None else "The scan was withdrawn meanwhile.")
        try:
            passed_over = self._fetch(context, request, rule, self._wanted(scan))
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
        found = query_retrieve.find_studies(peer, wanted.identity.patient_id, first, wanted.day)
        studies, passed_over = chosen_studies(wanted, found, rule.studies)
        for study in studies:
            for series in self._missing(peer, request, wanted, study):
                if context.cancelled():
                    return passed_over
                self._transfer(peer, rule, series)
        return passed_over

    def _missing(
        self, peer: Peer, request: PriorRequest, wanted: Wanted, study: FoundStudy
    ) -> list[PriorSeries]:
        """The series of a study that are worth it and not here, kept as waiting."""
        here = {scan.header.series_uid for scan in self._stores.scans.of_patient(request.patient_id)}
        missing = []
        for series in query_retrieve.find_series(peer, study.study_uid):
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
            else:
                came = query_retrieve.get(peer, *uids, noted, self._spool)
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

    def _give_up(self, request_id: str, sentence: str) -> None:
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


def _comparable(scan: Scan) -> bool:
    """Whether priors could be looked for: it came as DICOM, of a known study, day and kind."""
    header = scan.header
    known = header.study_uid and header.acquired_at is not None and not scan.synthetic
    return bool(known) and header.modality in ("MR", "CR", "DX")


def _examined_at(scan: Scan) -> datetime:
    assert scan.header.acquired_at is not None
    return scan.header.acquired_at
