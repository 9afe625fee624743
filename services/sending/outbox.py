"""The outbox as people see it: what went, what waits and why; sent by hand, again, at once, or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from data.database import now
from data.errors import NO_SCAN, InvalidInput, NotFound
from data.records import AuditEvent, Delivery, DeliveryState, KindCount, RemoteNode, User
from data.stores.audit import AuditLog
from data.stores.deliveries import DeliveryStore
from data.stores.remote_nodes import RemoteNodeStore
from services.exporting.exports import NOT_READ
from services.exporting.forms import LABELS, MEDIA, Form, why_not
from services.exporting.versions import ResultVersion
from services.permissions import Permission, may, require
from services.remote_nodes.kinds import KINDS
from services.reviewing.scan_views import ScanView, ScanViews
from services.sending.planning import delivery_of
from services.sending.routing import sendable

_SHOWN = 50
_BUSY = "This is being sent just now: look again in a moment."
_NO_SUCH = "There is no such delivery."
_STOPPED = "{name} said not to send it."


@dataclass(frozen=True)
class DeliveryView:
    """A delivery, with its node's name and its form in words."""

    delivery: Delivery
    node: str
    form: str


@dataclass(frozen=True)
class OutboxView:
    """What waits and what went last, the latest first, and how many there are of each."""

    waiting: tuple[DeliveryView, ...]
    settled: tuple[DeliveryView, ...]
    counts: Mapping[DeliveryState, KindCount]


@dataclass(frozen=True)
class Destination:
    """A node that a scan's result can be sent to, in these forms."""

    node: RemoteNode
    forms: tuple[Form, ...]


class Outbox:
    """Asked by people; `Sender` does what it says."""

    def __init__(
        self, store: DeliveryStore, nodes: RemoteNodeStore, scan_views: ScanViews, audit: AuditLog
    ) -> None:
        self._store = store
        self._nodes = nodes
        self._scan_views = scan_views
        self._audit = audit

    def overview(self, user: User) -> OutboxView:
        """All deliveries of all scans, without patients. Raises NotAllowed."""
        require(user, Permission.SEE_REMOTE_NODES)
        counts = dict.fromkeys(DeliveryState, KindCount())
        for (_, state), number in self._store.counts().items():
            counts[state] = counts[state].plus(number)
        settled = [
            *self._store.latest(DeliveryState.DELIVERED, _SHOWN),
            *self._store.latest(DeliveryState.SKIPPED, _SHOWN),
        ]
        settled.sort(key=lambda delivery: delivery.changed_at, reverse=True)
        waiting = self._store.latest(DeliveryState.WAITING, _SHOWN)
        return OutboxView(self._views(waiting), self._views(settled[:_SHOWN]), counts)

    def of_scan(self, scan_id: str, user: User) -> tuple[DeliveryView, ...]:
        """Where a scan's results went, the latest first; nothing for who is not to know them yet."""
        require(user, Permission.SEE_SCANS, hidden=NO_SCAN)
        if self._scan_views.scan(scan_id, user).result is None:
            return ()
        return self._views(self._store.of_scan(scan_id))

    def destinations(self, scan_id: str, user: User) -> tuple[Destination, ...]:
        """Where a scan's result can be sent by this person; nowhere for who may not, or has not seen it."""
        require(user, Permission.SEE_SCANS, hidden=NO_SCAN)
        if not may(user, Permission.SEND_RESULTS):
            return ()
        view = self._scan_views.scan(scan_id, user)
        if view.answer is None:
            return ()
        possible = [Destination(node, _possible(view, node)) for node in self._nodes.all()]
        return tuple(destination for destination in possible if destination.forms)

    def send(self, scan_id: str, node_id: str, forms: Sequence[str], user: User) -> int:
        """Send what counts of a scan's result now, with the patient's identity; how many deliveries that is.

        What was delivered before is sent again. Raises NotAllowed, NotFound, InvalidInput.
        """
        require(user, Permission.SEND_RESULTS)
        view = self._scan_views.scan(scan_id, user)
        result = view.answered(NOT_READ)
        chosen = self._chosen(scan_id, node_id, forms, user)
        everything = self._scan_views.unblinded(scan_id, result.id)
        assert everything.result is not None
        version, moment = ResultVersion(everything, everything.result), now()
        words = f"{', '.join(chosen)} to {self._name(node_id)}, named"
        with self._audit.together():
            for form in chosen:
                delivery = delivery_of(version, form, node_id, user.id, moment, by_hand=True)
                if not self._store.add([delivery]) and not self._store.ask_again(delivery.id, moment):
                    continue  # it is on its way
            self._audit.record(AuditEvent(moment, user.id, "scan.send", scan_id, words))
        return len(chosen)

    def again(self, delivery_id: str, user: User) -> None:
        """Send a delivery at once, also one that was delivered or skipped. Raises NotFound, InvalidInput."""
        require(user, Permission.MANAGE_REMOTE_NODES)
        known = self._known(delivery_id)
        with self._audit.together():
            if not self._store.ask_again(delivery_id, now()):
                raise InvalidInput(_BUSY)
            self._note(user, "delivery sent again", known)

    def skip(self, delivery_id: str, user: User) -> None:
        """Do not send a delivery that waits. Raises NotFound, InvalidInput."""
        require(user, Permission.MANAGE_REMOTE_NODES)
        known = self._known(delivery_id)
        with self._audit.together():
            if not self._store.skip(delivery_id, now(), _STOPPED.format(name=user.display_name)):
                raise InvalidInput(_BUSY)
            self._note(user, "delivery stopped", known)

    def hurry(self, user: User) -> None:
        """Try everything that waits at once."""
        require(user, Permission.MANAGE_REMOTE_NODES)
        self._store.hurry(now())

    def counts(self) -> dict[tuple[str, DeliveryState], KindCount]:
        """How many deliveries are in each state, by the node's name."""
        counted: dict[tuple[str, DeliveryState], KindCount] = {}
        counts = self._store.counts()
        names = self._names(node_id for node_id, _ in counts)
        for (node_id, state), number in counts.items():
            known = names[node_id], state
            counted[known] = counted.get(known, KindCount()).plus(number)
        return counted

    def _chosen(self, scan_id: str, node_id: str, forms: Sequence[str], user: User) -> tuple[Form, ...]:
        for destination in self.destinations(scan_id, user):
            if destination.node.id == node_id:
                chosen = tuple(form for form in destination.forms if form.value in forms)
                if chosen and len(chosen) == len(set(forms)):
                    return chosen
        raise InvalidInput("Choose a remote node and what of this result is sent to it.")

    def _known(self, delivery_id: str) -> Delivery:
        known = self._store.get(delivery_id)
        if known is None:
            raise NotFound(_NO_SUCH)
        return known

    def _views(self, deliveries: Sequence[Delivery]) -> tuple[DeliveryView, ...]:
        names = self._names(delivery.node_id for delivery in deliveries)
        return tuple(
            DeliveryView(delivery, names[delivery.node_id], LABELS[Form(delivery.form)])
            for delivery in deliveries
        )

    def _names(self, node_ids: Iterable[str]) -> dict[str, str]:
        """The name of each node, asked for once however many deliveries it has."""
        return {node_id: self._name(node_id) for node_id in set(node_ids)}

    def _name(self, node_id: str) -> str:
        node = self._nodes.get(node_id)
        return "" if node is None else node.name

    def _note(self, user: User, action: str, delivery: Delivery) -> None:
        words = f"{delivery.form} to {self._name(delivery.node_id)}"
        self._audit.record(AuditEvent(now(), user.id, action, delivery.scan_id, words))


def _possible(view: ScanView, node: RemoteNode) -> tuple[Form, ...]:
    """The forms of a scan's result that a node takes; the rejection note of a rejected one."""
    assert view.result is not None
    version = ResultVersion(view, view.result)
    forms = sendable(node.kind)
    if version.rejected_by is not None and MEDIA[Form.KOS] in KINDS[node.kind].takes:
        forms = (*forms, Form.KOS)
    return tuple(form for form in forms if why_not(version, form) is None)
