"""Routing rules as people manage them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from data.database import new_id, now
from data.errors import InvalidInput, NotFound
from data.records import AuditEvent, Outcome, RemoteNode, RemoteNodeKind, RoutingRule, User
from data.stores.audit import AuditLog
from data.stores.remote_nodes import RemoteNodeStore
from data.stores.routing import RoutingStore
from services.exporting.forms import MEDIA, Form
from services.permissions import Permission, require
from services.remote_nodes.kinds import KINDS
from services.remote_nodes.nodes import NO_SUCH_NODE
from services.settings import ae_title
from services.task_words import OUTCOME_NAMES, words_of

NO_SUCH_RULE = "There is no such rule any more."
NO_RULE_NEEDED = "Everything that is read here goes to the central Lightbox by itself: it needs no rule."


@dataclass(frozen=True)
class RuleWanted:
    """What somebody enters of a rule."""

    node_id: str
    task: str = ""
    outcomes: Sequence[str] = ()
    forms: Sequence[str] = ()
    reviewed_only: bool = False
    sender: str = ""
    synthetic: bool = False


@dataclass(frozen=True)
class RuleView:
    """A rule, and what it says."""

    rule: RoutingRule
    node: str
    words: str


class Routing:
    """The rules in force. None is ever changed: another rule takes its place, from then on."""

    def __init__(
        self, store: RoutingStore, nodes: RemoteNodeStore, audit: AuditLog, tasks: Sequence[str]
    ) -> None:
        self._store = store
        self._nodes = nodes
        self._audit = audit
        self.tasks = tuple(tasks)

    def rules(self, user: User) -> list[RuleView]:
        """The rules in force, the oldest first. Raises NotAllowed."""
        require(user, Permission.SEE_REMOTE_NODES)
        names = {node.id: node.name for node in self._nodes.all()}
        return [
            RuleView(rule, names[rule.node_id], rule_words(rule))
            for rule in self._store.all()
            if rule.node_id in names
        ]

    def add(self, wanted: RuleWanted, user: User) -> RoutingRule:
        """Put a rule into force, for what is said from now on. Raises InvalidInput, NotAllowed, NotFound."""
        require(user, Permission.MANAGE_REMOTE_NODES)
        node = self._node(wanted.node_id)
        if node.kind is RemoteNodeKind.LIGHTBOX:
            raise InvalidInput(NO_RULE_NEEDED)
        rule = RoutingRule(
            id=new_id(),
            node_id=node.id,
            task=self._task(wanted.task),
            outcomes=_outcomes(wanted.outcomes),
            forms=_forms(wanted.forms, node.kind),
            reviewed_only=wanted.reviewed_only,
            sender=ae_title(wanted.sender, "The sender") if wanted.sender.strip() else "",
            synthetic=wanted.synthetic,
            made_by=user.id,
            created_at=now(),
        )
        with self._audit.together():
            self._store.add(rule)
            self._note(user, "routing rule added", rule, node.name)
        return rule

    def delete(self, rule_id: str, user: User) -> None:
        """Take a rule out of force; what it has put into the outbox is still sent. Raises NotFound."""
        require(user, Permission.MANAGE_REMOTE_NODES)
        known = next((view for view in self.rules(user) if view.rule.id == rule_id), None)
        with self._audit.together():
            if known is None or not self._store.delete(rule_id, now()):
                raise NotFound(NO_SUCH_RULE)
            self._note(user, "routing rule deleted", known.rule, known.node)

    def _node(self, node_id: str) -> RemoteNode:
        node = self._nodes.get(node_id)
        if node is None or node.deleted_at is not None:
            raise NotFound(NO_SUCH_NODE)
        return node

    def _task(self, task: str) -> str:
        if task and task not in self.tasks:
            raise InvalidInput("There is no such task.")
        return task

    def _note(self, user: User, action: str, rule: RoutingRule, node: str) -> None:
        self._audit.record(AuditEvent(now(), user.id, action, rule.id, f"to {node}: {rule_words(rule)}"))


def sendable(kind: RemoteNodeKind) -> tuple[Form, ...]:
    """The forms that somebody may choose for nodes of a kind; a rejection note follows by itself."""
    return tuple(form for form, media in MEDIA.items() if media in KINDS[kind].takes and form is not Form.KOS)


def rule_words(rule: RoutingRule) -> str:
    """What a rule says, in one line."""
    task = words_of(rule.task).label if rule.task else "Every task"
    outcomes = ", ".join(OUTCOME_NAMES[outcome].lower() for outcome in rule.outcomes)
    forms = ", ".join(form.upper() for form in rule.forms)
    when = "once accepted or corrected" if rule.reviewed_only else "at once"
    sender = f"sent by {rule.sender}" if rule.sender else "from any sender"
    synthetic = "; synthetic scans, too" if rule.synthetic else ""
    return f"{task}: {outcomes}; as {forms}; {when}; {sender}{synthetic}"


def _outcomes(given: Sequence[str]) -> tuple[Outcome, ...]:
    outcomes = tuple(outcome for outcome in OUTCOME_NAMES if outcome.value in given)
    if not outcomes or len(outcomes) != len(set(given)):
        raise InvalidInput("Choose which answers are sent: found, uncertain, not found.")
    return outcomes


def _forms(given: Sequence[str], kind: RemoteNodeKind) -> tuple[str, ...]:
    known = sendable(kind)
    forms = tuple(form.value for form in known if form.value in given)
    if not forms or len(forms) != len(set(given)):
        raise InvalidInput("Choose the forms that are sent, of those that this remote node takes.")
    return forms
