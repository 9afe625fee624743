"""Every action that the services write has words."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from services.auditing.actions import ACTIONS, KIND_WORDS, ActionKind, action_words, detail_words

ROOT = Path(__file__).resolve().parents[3]
# Put together where they are written, from the values of an enumeration or a choice of two.
COMPOSED = {
    *(f"annotation.{verb}" for verb in ("added", "moved", "deleted")),
    *(
        f"review.{verdict}"
        for verdict in ("accepted", "rejected", "corrected", "unsure", "labelled", "taking-back")
    ),
    *(f"model.{kind}{end}" for kind in ("promotion", "rollback") for end in ("", "-failed")),
    "stop rules on",
    "stop rules off",
    "suspension: lifted",
    "suspension: not lifted",
    "suspension: asking taken back",
}


def literals(node: ast.expr) -> Iterator[str]:
    """The texts that an argument may be."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from literals(node.body)
        yield from literals(node.orelse)


def written() -> set[str]:
    """Every action that is named in a call that writes an event."""
    actions: set[str] = set()
    for file in (ROOT / "services").rglob("*.py"):
        source = file.read_text()
        if "AuditEvent(" not in source:
            continue
        tree = ast.parse(source)
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "ACTION":
                actions.update(literals(node.value))
            if not isinstance(node, ast.Call):
                continue
            if isinstance(node.func, ast.Name) and node.func.id == "AuditEvent":
                actions.update(literals(node.args[2]))
    return actions


def test_every_action_has_words_and_no_words_are_of_no_action() -> None:
    known = {action for actions in ACTIONS.values() for action in actions}
    assert written() - known == set()
    sources = "\n".join(
        file.read_text() for file in (ROOT / "services").rglob("*.py") if file.name != "actions.py"
    )
    assert {action for action in known - COMPOSED if f'"{action}"' not in sources} == set()
    assert known >= COMPOSED


def test_every_kind_has_a_name_and_no_action_two_kinds() -> None:
    assert set(ACTIONS) == set(KIND_WORDS) == set(ActionKind)
    every = [action for actions in ACTIONS.values() for action in actions]
    assert len(every) == len(set(every))
    assert action_words("scan.take") == "Scan taken"
    assert action_words("not.known") == "not.known"


def test_what_a_report_was_asked_for_is_read_as_names_and_values() -> None:
    assert detail_words('{"kind": "governance", "from": "2026-08-01"}') == "kind governance, from 2026-08-01"
    assert detail_words("{not json") == "{not json"
    assert detail_words("from SUBJ-1 to SUBJ-2") == "from SUBJ-1 to SUBJ-2"
