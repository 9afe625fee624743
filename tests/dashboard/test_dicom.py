"""The page of the DICOM node."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from dash.development.base_component import Component

from dashboard.components import dicom
from data.database import now
from data.records import Sender, SenderCount
from services.receiving.node_state import NodeState, RefusedSender
from services.receiving.received import ReceivedStudy

MOMENT = now()
STATE = NodeState("LIGHTBOX", "0.0.0.0", 11112, True, MOMENT, MOMENT)
STUDY = ReceivedStudy(
    "1.2.3", (Sender("MR1", "10.1.0.5"),), 3, 120, MOMENT, False, 1, ("This is a localizer.",)
)


def text(part: Component | list[Component]) -> str:
    parts = part if isinstance(part, list) else [part]
    return " ".join(
        word if isinstance(word, str) else "" for top in parts for word in (*_words(top),) if word
    )


def _words(part: Component) -> list[str]:
    children = getattr(part, "children", None)
    listed = children if isinstance(children, list) else [children]
    words: list[str] = []
    for child in listed:
        words += [child] if isinstance(child, str) else _words(child) if isinstance(child, Component) else []
    return words


def test_a_node_that_runs_says_where_and_one_that_does_not_how_to_start_it() -> None:
    said = text(dicom.node(replace(STATE, beat_at=now())))
    assert "Running" in said and "LIGHTBOX" in said and "11112" in said and "with TLS" in said
    for away in (None, replace(STATE, beat_at=MOMENT - timedelta(minutes=1))):
        assert "Not running" in text(dicom.node(away)) and "app.py dicom" in text(dicom.node(away))


def test_senders_refused_and_arriving_stand_in_tables() -> None:
    assert "MR1 10.1.0.5 1,234" in text(dicom.senders([SenderCount(Sender("MR1", "10.1.0.5"), 1234, MOMENT)]))
    assert "Nobody has sent" in text(dicom.senders([]))
    who = RefusedSender("NOSY", "10.9.9.9", "This AE title may not send from this address.", 7, MOMENT)
    assert "NOSY 10.9.9.9 This AE title" in text(dicom.refused(replace(STATE, refused=(who,))))
    assert dicom.refused(STATE) == [] == dicom.refused(None)
    assert "30 seconds" in text(dicom.waiting([("1.2.9", 4)], 30)) and "1.2.9 4" in text(
        dicom.waiting([("1.2.9", 4)], 30)
    )


def test_a_study_says_what_came_of_it_and_why_the_rest_is_not_read() -> None:
    said = text(dicom.studies([STUDY]))
    assert "MR1 1.2.3 3 120 1 scan This is a localizer." in said
    assert "Nothing read" in text(dicom.studies([replace(STUDY, scans=0)]))
    under_way = text(dicom.studies([replace(STUDY, scans=0, under_way=True, sentences=())]))
    assert "Being opened" in under_way and "Nothing read" not in under_way
