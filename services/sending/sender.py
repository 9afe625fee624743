"""Sends what is due: one thread a node, so that a slow node holds up no other.

A delivery is claimed for a while that is renewed; after a kill it is due again. UIDs and bytes follow from
the result, so that sending twice what was not noted in time does no harm.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial, reduce

from data.database import new_id, now
from data.errors import NotFound, UserFacingError
from data.ledger.blinding import Hidden
from data.records import (
    AuditEvent,
    Delivery,
    DeliveryState,
    Identity,
    RemoteNode,
    RemoteNodeKind,
    Severity,
)
from data.stores.audit import AuditLog
from data.stores.deliveries import DeliveryStore
from services.addresses import DICOM
from services.alerts.alerts import Alerts
from services.containment import contained
from services.deidentification import without_identity
from services.exporting.exports import Exports
from services.exporting.forms import REPLACING, Form, key_of, version_of_key
from services.exporting.versions import ResultVersion
from services.remote_nodes.kinds import KINDS
from services.remote_nodes.nodes import RemoteNodes
from services.remote_nodes.peer import Peer, Receipt, RemoteFault
from services.sending.planning import Planner, is_suspended

LOOKS_EVERY_S = 1.0
LEASE = timedelta(seconds=20)  # renewed every second: so long nobody sends what a killed server had begun
HOLDS = timedelta(seconds=20)  # until it is looked again whether a result may be known
# Between attempts; the last one for as long as it takes.
PAUSES = tuple(timedelta(seconds=seconds) for seconds in (5, 15, 30, 60, 120, 300, 600, 1800, 3600))
ACTION = "scan.send"
_REMOVED = KINDS[RemoteNodeKind.DICOM]  # how patient we are with what is there no more
_HELD = "Held: the scan is still to be read without knowing this."
_SUPERSEDED = "Something newer was said of the result: that takes its place."
_REJECTED = "A reviewer rejected the result before it was sent."
_SUSPENDED = "The version that made the result was suspended before it was sent."
_GONE_NODE = "The remote node was removed."
_BROKEN = "Something went wrong inside Lightbox (error {error_id})."

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Prepared:
    """A delivery with the files that go, and whose they are."""

    delivery: Delivery
    files: Sequence[bytes]
    identity: Identity | None

    def nameless(self, words: str) -> str:
        """What a node said, which may quote the patient: people who read it are not to know who that is."""
        return without_identity(words, self.identity)


class Sender:
    """The server's: plans and sends from `start` to `stop`."""

    def __init__(
        self,
        planner: Planner,
        store: DeliveryStore,
        nodes: RemoteNodes,
        exports: Exports,
        hidden: Callable[[], Hidden],
        alerts: Alerts,
        audit: AuditLog,
        *,
        clock: Callable[[], datetime] = now,
    ) -> None:
        """`hidden` gives the scans of which some reviewer is not to know yet what was said."""
        self._planner = planner
        self._store = store
        self._nodes = nodes
        self._exports = exports
        self._hidden = hidden
        self._alerts = alerts
        self._audit = audit
        self._clock = clock
        self._busy: dict[str, threading.Thread] = {}
        self._claims: set[str] = set()  # that are sent just now
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Plan and send from now on, in threads."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name="sender", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Begin nothing more, and wait some seconds for what is on its way."""
        self._stopping.set()
        for thread in (self._thread, *self._busy.values()):
            if thread is not None:
                thread.join(5)
        self._thread = None

    def look(self) -> None:
        """Plan what follows from changes, and send whatever is due; waits until that is through."""
        self.plan()
        for node_id in self._store.due_nodes(self._clock()):
            self.send_to(node_id)

    def plan(self) -> None:
        """Put into the outbox what follows from changes."""
        self._planner.look()

    def send_to(self, node_id: str) -> None:
        """Send what is due to a node, once."""
        claim = new_id()
        self._claims.add(claim)
        try:
            self._send(node_id, claim)
        finally:
            self._claims.discard(claim)

    def _send(self, node_id: str, claim: str) -> None:
        moment = self._clock()
        kind = self._nodes.kind(node_id) or _REMOVED
        claimed = self._store.claim(node_id, claim, moment, moment + LEASE, kind.at_once)
        try:
            peer = self._nodes.peer(node_id)
        except NotFound:
            for delivery in claimed:
                self._skip(claim, delivery, _GONE_NODE)
            self._judge(node_id, None)
            return
        except UserFacingError as error:  # its secret cannot be opened
            self._failed(claim, claimed, str(error))
            self._judge(node_id, str(error))
            return
        prepared = [ready for ready in (self._prepared(claim, each) for each in claimed) if ready is not None]
        if prepared:
            self._deliver(claim, peer, prepared)

    def _run(self) -> None:
        while not self._stopping.wait(LOOKS_EVERY_S):
            contained(self._renew, "claims could not be renewed")
            contained(self._turn, "what is to be sent could not be looked through")

    def _renew(self) -> None:
        for claim in list(self._claims):
            self._store.renew(claim, self._clock() + LEASE)

    def _turn(self) -> None:
        self.plan()
        for node_id in self._store.due_nodes(self._clock()):
            busy = self._busy.get(node_id)
            if busy is None or not busy.is_alive():
                send = partial(self.send_to, node_id)
                thread = threading.Thread(
                    target=contained, args=(send, "sending to a remote node failed"), daemon=True
                )
                self._busy[node_id] = thread
                thread.start()

    def _prepared(self, claim: str, delivery: Delivery) -> _Prepared | None:
        """The files of a delivery; None where there are none to send now, which is noted."""
        ready: list[_Prepared] = []
        error_id = contained(
            lambda: ready.extend(self._made(claim, delivery)), "delivery %s could not be made", delivery.id
        )
        if error_id is not None:
            self._failed(claim, [delivery], _BROKEN.format(error_id=error_id))
        self._store.renew(claim, self._clock() + LEASE)
        return next(iter(ready), None)

    def _made(self, claim: str, delivery: Delivery) -> list[_Prepared]:
        form = Form(delivery.form)
        try:
            counting = self._exports.counting(delivery.scan_id, delivery.result_id)
            outdated = _outdated(counting, delivery, form) or self._not_for_use(counting, delivery, form)
            if outdated is not None:
                self._skip(claim, delivery, outdated)
                return []
            version = version_of_key(counting, form, delivery.version_key)
            hidden = self._hidden()
            knows_reviews = version.view.current is not None
            if delivery.scan_id in hidden.readings or (knows_reviews and delivery.scan_id in hidden.reviews):
                again = self._clock() + HOLDS
                self._store.settle(
                    claim, delivery.id, next_at=again, note=_HELD, attempts=delivery.attempts - 1
                )
                return []
            files = [file.content for file in self._exports.named_files(version, form)]
        except NotFound as why:
            self._skip(claim, delivery, str(why))
            return []
        return [_Prepared(delivery, files, version.view.patient.identity)]

    def _not_for_use(self, counting: ResultVersion, delivery: Delivery, form: Form) -> str | None:
        """Why a rule's delivery does not go: its version is suspended, and nothing is to be replaced.

        The central house says for itself which versions it uses.
        """
        if delivery.by_hand or form is Form.SYNC or not is_suspended(counting):
            return None
        others = self._store.of_result(delivery.result_id, delivery.scan_id)
        there = any(
            other.id != delivery.id
            and other.node_id == delivery.node_id
            and (other.state is DeliveryState.DELIVERED or other.attempts > 1)  # 1: claimed with this one
            for other in others
        )
        return None if there else _SUSPENDED

    def _deliver(self, claim: str, peer: Peer, prepared: Sequence[_Prepared]) -> None:
        node = peer.node
        contents = [content for ready in prepared for content in ready.files]
        left, faults = list(prepared), 0
        receipts: list[Receipt] = []
        try:
            for receipt in KINDS[node.kind].deliver(peer, contents):
                receipts.append(receipt)
                self._store.renew(claim, self._clock() + LEASE)
                if len(receipts) == len(left[0].files):
                    faults += not self._settle(claim, node, left.pop(0), receipts)
                    receipts = []
                if self._stopping.is_set():
                    break
        except UserFacingError as fault:  # the node's, or of the TLS files that are set
            words = reduce(lambda said, ready: ready.nameless(said), prepared, str(fault))
            self._failed(claim, [ready.delivery for ready in left], words)
            if isinstance(fault, RemoteFault):
                self._nodes.note_failed(node.id, words, self._clock())
            self._judge(node.id, words)
            return
        for ready in left:  # the server stops: not an attempt
            self._store.settle(claim, ready.delivery.id, attempts=ready.delivery.attempts - 1)
        self._nodes.note_worked(node.id, self._clock())
        if faults == 0:
            self._judge(node.id, None)

    def _settle(self, claim: str, node: RemoteNode, ready: _Prepared, receipts: Sequence[Receipt]) -> bool:
        """Note what became of a delivery; whether it is there."""
        refused = [ready.nameless(receipt.words or "not stored") for receipt in receipts if not receipt.taken]
        if refused:
            self._failed(claim, [ready.delivery], "; ".join(dict.fromkeys(refused)))
            self._judge(node.id, f"{node.name}: {refused[0]}")
            return False
        moment, delivery = self._clock(), ready.delivery
        words = "; ".join(dict.fromkeys(receipt.words for receipt in receipts if receipt.words))
        detail = f"{delivery.form} {delivery.version_key[:12]} to {node.name}, named, delivered"
        with self._audit.together():
            self._store.settle(
                claim,
                delivery.id,
                state=DeliveryState.DELIVERED,
                note=ready.nameless(words) or None,
                instances=len(receipts),
                changed_at=moment,
                delivered_at=moment,
            )
            self._audit.record(AuditEvent(moment, delivery.asked_by, ACTION, delivery.scan_id, detail))
        return True

    def _skip(self, claim: str, delivery: Delivery, note: str) -> None:
        moment = self._clock()
        self._store.settle(claim, delivery.id, state=DeliveryState.SKIPPED, note=note, changed_at=moment)

    def _failed(self, claim: str, deliveries: Sequence[Delivery], sentence: str) -> None:
        moment = self._clock()
        for delivery in deliveries:
            kind = self._nodes.kind(delivery.node_id) or _REMOVED
            pause = PAUSES[min(delivery.attempts, len(PAUSES)) - 1]
            pause = min(pause, timedelta(seconds=kind.longest_pause_s))
            self._store.settle(claim, delivery.id, note=sentence, next_at=moment + pause, changed_at=moment)

    def _judge(self, node_id: str, fault: str | None) -> None:
        """Call people where deliveries to a node keep failing; the call ends once none does."""
        attempts = (self._nodes.kind(node_id) or _REMOVED).alert_after
        cause, failing = f"sending:{node_id}", self._store.failing(node_id, attempts)
        if fault is not None and failing:
            title = "Results do not reach a remote node"
            sentence = f"{failing} deliveries were tried {attempts} times or more. {fault}"
            self._alerts.raise_alert(cause, Severity.WARNING, title, sentence, DICOM)
        elif not failing:
            self._alerts.settle(cause)


def _outdated(counting: ResultVersion, delivery: Delivery, form: Form) -> str | None:
    """Why a delivery is not to be sent any more, by what counts of its result now; None where it is."""
    if form in REPLACING:
        # Sent late, it would stand where the newer one does.
        return _SUPERSEDED if key_of(counting, form) != delivery.version_key else None
    return _REJECTED if form is not Form.KOS and counting.rejected_by is not None else None
