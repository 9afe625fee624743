"""Priors: asked for by people, or by themselves for each study that arrives; searched for, fetched, told.

A request is a row and its work a job, so that it survives kills: what came over is not asked for again, and
the rest is. What comes takes the way of everything that the DICOM node receives; by the row of its series
it is known there as a prior. A prior asks for no priors itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from data.database import id_from, new_id, now
from data.errors import NO_PATIENT, InvalidInput, NotFound
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
from services.jobs import Jobs
from services.permissions import Permission, require
from services.priors.fetching import ACTION, PriorFetching, PriorStores, examined_at
from services.remote_nodes.nodes import RemoteNodes
from services.settings import Settings

JOB = "fetch-priors"
MOST_STUDIES, MOST_YEARS = 20, 30
METHODS: Mapping[RemoteNodeKind, tuple[RetrieveMethod, ...]] = {
    RemoteNodeKind.DICOM: (RetrieveMethod.MOVE, RetrieveMethod.GET),
    RemoteNodeKind.DICOMWEB: (RetrieveMethod.WADO,),
}
"""How priors come from the kinds of nodes that have any."""
_NO_STUDY = "Nothing to look for: no scan of this patient came as DICOM with a study date."
_NO_NODES = "An administrator has not said yet which remote node priors are fetched from."
_CONFLICT = (
    "First settle who this patient is: the same number and name are known with another birth date or sex."
)


@dataclass(frozen=True)
class PriorsView:
    """A request as people see it: from which node, and what came of each series."""

    request: PriorRequest
    node: str
    series: tuple[PriorSeries, ...]


@dataclass(frozen=True)
class RuledNode:
    """A remote node, and which priors are fetched from it; None: none."""

    node: RemoteNode
    rule: PriorRule | None


class Priors:
    """Asks remote nodes for what was examined before."""

    def __init__(self, stores: PriorStores, nodes: RemoteNodes, jobs: Jobs, settings: Settings) -> None:
        self._stores = stores
        self._nodes = nodes
        self._jobs = jobs
        self._fetching = PriorFetching(stores, nodes, settings)
        jobs.register(JOB, self._fetching.work, on_give_up=self._fetching.give_up, limit=1)

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
        # First: each request is a job, which begins at once.
        self._stores.audit.record(AuditEvent(now(), user.id, ACTION, patient.id, "asked for"))
        asked = [
            self._ask(scan, node_id, new_id(), user.id)
            for scan in current
            for node_id in rules
            if not self._waits(scan, node_id)
        ]
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
        """Every DICOM or DICOMweb node with its rule. Raises NotAllowed."""
        require(user, Permission.SEE_REMOTE_NODES)
        rules = self._stores.priors.rules()
        nodes = [node for node in self._nodes.all(user) if node.kind in METHODS]
        return [RuledNode(node, rules.get(node.id)) for node in nodes]

    def set_rule(self, rule: PriorRule, user: User) -> None:
        """Fetch priors from a node by this rule. Raises NotAllowed, NotFound, InvalidInput."""
        require(user, Permission.MANAGE_REMOTE_NODES)
        node = self._nodes.get(rule.node_id, user)
        if rule.method not in METHODS.get(node.kind, ()):
            raise InvalidInput(f"Priors cannot be fetched from {node.name} by {rule.method}.")
        if not 1 <= rule.studies <= MOST_STUDIES or not 1 <= rule.years <= MOST_YEARS:
            words = f"Choose 1 to {MOST_STUDIES} studies, and 1 to {MOST_YEARS} years back."
            raise InvalidInput(words)
        how = "for each study" if rule.automatic else "on request"
        detail = f"{node.name}: {how}, {rule.method}, {rule.studies} studies, {rule.years} years"
        with self._stores.audit.together():
            self._stores.priors.set_rule(rule)
            self._stores.audit.record(AuditEvent(now(), user.id, "priors rule", node.id, detail))

    def remove_rule(self, node_id: str, user: User) -> None:
        """Fetch no priors from a node. Raises NotAllowed."""
        require(user, Permission.MANAGE_REMOTE_NODES)
        with self._stores.audit.together():
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
        for scan in sorted(own or scans, key=examined_at):
            newest[self._fetching.wanted(scan).modalities] = scan
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


def _comparable(scan: Scan) -> bool:
    """Whether priors could be looked for: it came as DICOM, of a known study, day and kind."""
    header = scan.header
    known = header.study_uid and header.acquired_at is not None and not scan.synthetic
    return bool(known) and header.modality in ("MR", "CR", "DX")
