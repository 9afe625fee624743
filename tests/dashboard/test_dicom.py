"""The page of the DICOM node."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from math import nan
from typing import Any

import pytest
from dash.development.base_component import Component

from dashboard.components import dicom, sender_watch
from dashboard.pages import dicom_watch
from data.database import now
from data.errors import InvalidInput
from data.records import Arrivals, Role, Sender, SenderCount, SenderWatch
from data.stores.watched_senders import WatchedSenderStore, quarter_of
from services.receiving.node_state import NodeState, RefusedSender
from services.receiving.received import ReceivedStudy
from services.receiving.sender_watch import WatchedSender
from services.receiving.silence import Pause
from tests.dashboard.clinic import Clinic

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


def _sender(pause: Pause | None, **watch: Any) -> WatchedSender:
    return WatchedSender("MR1", MOMENT, pause, SenderWatch("MR1", **watch))


@pytest.mark.parametrize(
    ("sender", "words"),
    [
        (_sender(Pause(12.0, 400, 1.25, 3.5)), "1.2 h 3.5 h Sends"),
        (_sender(Pause(12.0, 400, 7.0, 3.5)), "7.0 h 3.5 h Silent"),
        (_sender(Pause(1.5, 400, nan, nan)), "Not learnt yet: 1.5 of 3 weeks, 10 of 10 times"),
        (_sender(None), "Not judged"),
        (_sender(Pause(12.0, 400, 7.0, 3.5), retired=True), "Retired"),
        (_sender(Pause(12.0, 400, 7.0, 3.5), muted_until=MOMENT + timedelta(days=1)), "Muted until"),
    ],
)
def test_the_state_of_each_sender_is_told(sender: WatchedSender, words: str) -> None:
    said = text(sender_watch.table([sender], MOMENT, changing=False))
    assert words in said and ("Silent" in words) is ("Silent" in said) and "Change" not in said


def test_only_administrators_are_shown_how_to_change_it(clinic: Clinic) -> None:
    watching = clinic.services.receiving.senders
    WatchedSenderStore(clinic.database).arrived([Arrivals("MR1", quarter_of(MOMENT), 9, MOMENT)])
    assert "Change" not in text(dicom_watch.show(watching, clinic.person(Role.MLOPS)))
    assert "Change" in text(dicom_watch.show(watching, clinic.person(Role.ADMIN)))


def test_a_decision_of_the_form_is_kept_and_shown(clinic: Clinic) -> None:
    watching, root = clinic.services.receiving.senders, clinic.person(Role.ADMIN)
    WatchedSenderStore(clinic.database).arrived([Arrivals("MR1", quarter_of(MOMENT), 9, MOMENT)])
    opened = dicom_watch.form(watching, root, "MR1")
    assert (opened[sender_watch.SENDER], opened[sender_watch.DECISION]) == ("MR1", "watched")
    with pytest.raises(InvalidInput, match="Choose until when"):
        dicom_watch.decide(watching, root, "MR1", "muted", "")
    dicom_watch.decide(watching, root, "MR1", "muted", opened[sender_watch.UNTIL])
    assert "Muted until" in text(dicom_watch.show(watching, root))
    dicom_watch.decide(watching, root, "MR1", "retired", None)
    assert f"Retired ({root.display_name}" in text(dicom_watch.show(watching, root))
    assert dicom_watch.form(watching, root, "MR1")[sender_watch.DECISION] == "retired"
    dicom_watch.decide(watching, root, "MR1", "watched", None)
    assert "Not learnt yet" in text(dicom_watch.show(watching, root))


def test_a_learnt_sender_stands_in_the_metrics(clinic: Clinic) -> None:
    store = WatchedSenderStore(clinic.database)
    hours = [MOMENT - timedelta(hours=hour) for hour in range(5 * 7 * 24)]
    store.arrived([Arrivals("MR1", quarter_of(at), 1, at) for at in hours])
    store.listened(hours[-1], MOMENT)
    assert b'lightbox_dicom_sender_pause{ae_title="MR1"} 0.' in clinic.services.health.metrics()
