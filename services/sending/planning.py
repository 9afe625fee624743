"""What the rules put into the outbox: each form of each version for each node, once.

The planner looks at scans that changed since it last looked. Ids of deliveries follow from node, form and
version, and how far it has looked is noted last: a kill in between only has it look again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from data.database import id_from, now
from data.errors import NotFound
from data.records import Delivery, DeliveryState, RemoteNode, RemoteNodeKind, RoutingRule, Verdict
from data.stores.deliveries import DeliveryStore
from data.stores.remote_nodes import RemoteNodeStore
from data.stores.routing import RoutingStore
from services.exporting.forms import REPLACING, Form, key_of, why_not
from services.exporting.versions import ResultVersion
from services.reviewing.scan_views import ScanView, ScanViews

_REVIEWED = (Verdict.ACCEPTED, Verdict.CORRECTED)


class Planner:
    """Looks at what changed, and fills the outbox."""

    def __init__(
        self,
        scan_views: ScanViews,
        routing: RoutingStore,
        nodes: RemoteNodeStore,
        deliveries: DeliveryStore,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._scan_views = scan_views
        self._routing = routing
        self._nodes = nodes
        self._deliveries = deliveries
        self._clock = clock
        self._caught_up: set[str] = set()  # central houses for which everything older was looked at

    def look(self) -> int:
        """Plan what follows from whatever changed; how many deliveries are new."""
        nodes = {node.id: node for node in self._nodes.all()}
        houses = [node.id for node in nodes.values() if node.kind is RemoteNodeKind.LIGHTBOX]
        changed, up_to = self._routing.changed_scans(every=bool(houses))
        planned = self._plan(changed, nodes) if changed else 0
        self._routing.routed(up_to)
        return planned + sum(self._catch_up(house, nodes) for house in houses)

    def _catch_up(self, house: str, nodes: dict[str, RemoteNode]) -> int:
        """Plan what was there before the house was known here; once in the life of this server.

        What was said of a scan later is a change like any other, as its first delivery is in the outbox.
        """
        if house in self._caught_up:
            return 0
        planned = self._plan(self._routing.never_sent(house, Form.SYNC.value), nodes)
        self._caught_up.add(house)
        return planned

    def _plan(self, changed: Sequence[str], nodes: dict[str, RemoteNode]) -> int:
        rules = [rule for rule in self._routing.all() if rule.node_id in nodes]
        planned = 0
        for scan_id in changed:
            try:
                view = self._scan_views.unblinded(scan_id)
            except NotFound:  # withdrawn, or deleted
                continue
            planned += self._deliveries.add(list(self._wanted(view, rules, nodes)))
        return planned

    def _wanted(
        self, view: ScanView, rules: Sequence[RoutingRule], nodes: dict[str, RemoteNode]
    ) -> Iterator[Delivery]:
        if view.result is None:
            return
        version = ResultVersion(view, view.result)
        yield from self._follow_ups(version, nodes)
        yield from self._to_houses(version, nodes)
        if version.rejected_by is not None or is_suspended(version):
            return
        for rule in rules:
            if sends(rule, version):
                for form in map(Form, rule.forms):
                    if why_not(version, form) is None:
                        yield delivery_of(version, form, rule.node_id, rule.id, self._clock())

    def _to_houses(self, version: ResultVersion, nodes: dict[str, RemoteNode]) -> Iterator[Delivery]:
        """To the central house by no rule: whatever is said here, also that a result was rejected."""
        if why_not(version, Form.SYNC) is None:
            for node in nodes.values():
                if node.kind is RemoteNodeKind.LIGHTBOX:
                    yield delivery_of(version, Form.SYNC, node.id, node.id, self._clock())

    def _follow_ups(self, version: ResultVersion, nodes: dict[str, RemoteNode]) -> Iterator[Delivery]:
        """To each node that has the result, or may have it: what takes its place, or a rejection note.

        By whatever rule it went there: what is there must not go on saying what nobody says any more.
        """
        for delivery in self._deliveries.of_result(version.result.id, version.view.scan.id):
            form = Form(delivery.form)
            if delivery.node_id not in nodes or not may_be_there(delivery):
                continue
            if form in REPLACING:
                yield delivery_of(version, form, delivery.node_id, delivery.asked_by, self._clock())
            elif version.rejected_by is not None:
                yield delivery_of(version, Form.KOS, delivery.node_id, delivery.asked_by, self._clock())


def sends(rule: RoutingRule, version: ResultVersion) -> bool:
    """Whether a rule is about this version of a result."""
    scan, current = version.view.scan, version.view.current
    return (
        version.view.received_from is not None  # what people uploaded goes by hand
        and version.reported[1] >= rule.created_at
        and rule.task in ("", version.result.task)
        and version.result.outcome in rule.outcomes
        and (not rule.reviewed_only or (current is not None and current.verdict in _REVIEWED))
        and rule.sender in ("", version.view.received_from)
        and (rule.synthetic or not scan.synthetic)
    )


def is_suspended(version: ResultVersion) -> bool:
    """Whether what made a result is out of use now: no rule sends what it says."""
    standing = version.view.standing
    return standing is not None and standing.suspension.is_active


def may_be_there(delivery: Delivery) -> bool:
    """Whether the node has a delivery, or may have it: somebody has tried."""
    return delivery.state is DeliveryState.DELIVERED or delivery.attempts > 0


def delivery_of(
    version: ResultVersion,
    form: Form,
    node_id: str,
    asked_by: str,
    moment: datetime,
    *,
    by_hand: bool = False,
) -> Delivery:
    """A delivery that waits, under the id that follows from what goes where."""
    key = key_of(version, form)
    return Delivery(
        id=id_from("delivery", node_id, form.value, key),
        node_id=node_id,
        scan_id=version.view.scan.id,
        result_id=version.result.id,
        form=form.value,
        version_key=key,
        asked_by=asked_by,
        by_hand=by_hand,
        state=DeliveryState.WAITING,
        created_at=moment,
        changed_at=moment,
        next_at=moment,
    )
