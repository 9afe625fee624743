"""The DICOM node for administrators: where it listens, who sends, what came and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dash import html
from dash.development.base_component import Component

from dashboard.components.results import local_time
from data.records import Sender, SenderCount

if TYPE_CHECKING:
    from services.receiving.node_state import NodeState
    from services.receiving.received import ReceivedStudy

OVERVIEW = "dicom-overview"
TICK = "dicom-tick"

_START = "Nothing runs that scanners could send to. Start the node with "
_NOBODY = "Nobody has sent anything yet."
_NOTHING_WAITS = "Nothing waits: every study that came was handed to the reading."
_NO_STUDIES = "No study was handed to the reading yet."


def node(state: NodeState | None) -> Component:
    """Say whether the node runs, and where."""
    if state is None or not state.running():
        since = "" if state is None else f" It was last seen {local_time(state.beat_at)}."
        words: list[Any] = [_START, html.Code("python app.py dicom"), f".{since}"]
        return html.P([_badge("Not running", "lb-status-failed"), " ", *words])
    secured = "with TLS" if state.tls else "without TLS"
    return html.P(
        [
            _badge("Running", "lb-status-read"),
            " AE title ",
            html.Code(state.ae_title),
            f", {state.host} port {state.port}, {secured}, since {local_time(state.started_at)}.",
        ]
    )


def senders(counts: Sequence[SenderCount]) -> Component:
    """Show who has sent how much, and when last."""
    rows = [[*_who(count.sender), f"{count.instances:,}", local_time(count.last_at)] for count in counts]
    names = ["AE title", "Address", "Instances", "Last instance"]
    return _section("Senders", _table(names, rows) if rows else _quiet(_NOBODY))


def refused(state: NodeState | None) -> list[Component]:
    """Show who was not let in; nothing where nobody was refused."""
    if state is None or not state.refused:
        return []
    rows = [
        [*_who(Sender(who.ae_title, who.address)), who.sentence, f"{who.times:,}", local_time(who.last_at)]
        for who in state.refused
    ]
    return [_section("Refused senders", _table(["AE title", "Address", "Why", "Times", "Last"], rows))]


def waiting(studies: Sequence[tuple[str, int]], silence_seconds: int) -> Component:
    """Show the studies of which more may come."""
    rule = f"A study is read once nothing has come of it for {silence_seconds} seconds."
    rows = [[html.Code(uid), f"{instances:,}"] for uid, instances in studies]
    table = _table(["Study Instance UID", "Instances so far"], rows) if rows else _quiet(_NOTHING_WAITS)
    return _section("Arriving", _quiet(rule), table)


def studies(handed: Sequence[ReceivedStudy]) -> Component:
    """Show the latest studies that were handed to the reading, and why parts of them are not read."""
    names = ["Handed over", "From", "Study Instance UID", "Series", "Instances", "Outcome"]
    rows = [
        [
            local_time(study.handed_at),
            ", ".join(dict.fromkeys(sender.ae_title for sender in study.senders)),
            html.Code(study.study_uid),
            f"{study.series:,}",
            f"{study.instances:,}",
            _outcome(study),
        ]
        for study in handed
    ]
    return _section("Studies", _table(names, rows) if rows else _quiet(_NO_STUDIES))


def _outcome(study: ReceivedStudy) -> list[Component]:
    parts: list[Component] = []
    if study.under_way:
        parts.append(_badge("Being opened", "lb-status-reading"))
    if study.scans:
        parts.append(_badge("1 scan" if study.scans == 1 else f"{study.scans} scans", "lb-status-read"))
    elif not study.under_way:
        parts.append(_badge("Nothing read", "lb-status-failed"))
    return [*parts, *(html.Div(sentence, className="small") for sentence in study.sentences)]


def _who(sender: Sender) -> list[Any]:
    return [html.Code(sender.ae_title), sender.address]


def _section(heading: str, *content: Component) -> Component:
    parts = (html.Div(part, className="lb-scroll") for part in content)
    return html.Section([html.H2(heading), *parts], className="mt-4")


def _quiet(words: str) -> Component:
    return html.P(words, className="text-secondary")


def _badge(words: str, look: str) -> Component:
    return html.Span(words, className=f"lb-badge {look}")


def _table(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> Component:
    head = html.Thead(html.Tr([html.Th(name, scope="col") for name in names]))
    body = html.Tbody([html.Tr([html.Td(cell) for cell in row]) for row in rows])
    return html.Table([head, body], className="table align-middle lb-people")
