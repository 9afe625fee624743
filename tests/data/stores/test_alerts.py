from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import Engine

from data.records import Alert, AlertState
from data.stores.alerts import AlertStore
from tests.data.builders import MORNING, an_alert


def kept(store: AlertStore, alert: Alert) -> Alert:
    store.change_of(alert.cause, lambda _: alert)
    return alert


def test_an_alert_comes_back_as_it_was_kept(engine: Engine) -> None:
    store = AlertStore(engine)
    alert = kept(
        store,
        an_alert(
            muted_until=MORNING,
            decided_by="id",
            decided_name="Zoë",
            decided_at=MORNING,
            why="Known",
            tell_at=MORNING,
            tellings=2,
            told_to=("aa", "bb"),
            told_at=MORNING,
            telling_failed="Deaf.",
            synthetic=True,
        ),
    )
    assert store.get(alert.id) == alert
    assert store.get("none") is None


def test_causes_are_told_apart_by_all_their_letters(engine: Engine) -> None:
    store = AlertStore(engine)
    long = "x" * 300
    first, second = kept(store, an_alert(long + "a")), kept(store, an_alert(long + "b"))
    assert {alert.id for alert in store.unfinished()} == {first.id, second.id}


def test_a_closed_alert_makes_room_for_the_next_of_its_cause(engine: Engine) -> None:
    store = AlertStore(engine)
    first = kept(store, an_alert())
    store.change(first.id, lambda known: replace(known, state=AlertState.CLOSED, closed_at=MORNING))
    seen: list[Alert | None] = []
    second = an_alert(last_at=MORNING + timedelta(hours=1))
    store.change_of("drift:brain", lambda known: seen.append(known) or second)
    assert seen == [None]
    assert store.unfinished() == [second]
    assert [alert.id for alert in store.closed(5)] == [first.id]


def test_a_change_that_makes_nothing_leaves_things_alone(engine: Engine) -> None:
    store = AlertStore(engine)
    assert store.change_of("drift:brain", lambda known: known) is None
    assert store.unfinished() == []


def test_owed_is_what_was_to_be_delivered_by_now(engine: Engine) -> None:
    store = AlertStore(engine)
    due = kept(store, an_alert("due", tell_at=MORNING))
    kept(store, an_alert("later", tell_at=MORNING + timedelta(seconds=1)))
    kept(store, an_alert("never"))
    assert store.owed(MORNING) == [due]


def test_only_so_many_past_alerts_are_fetched(engine: Engine) -> None:
    store = AlertStore(engine)
    for number in range(4):
        at = MORNING + timedelta(minutes=number)
        alert = kept(store, an_alert(str(number), last_at=at))
        store.change(alert.id, lambda known: replace(known, state=AlertState.CLOSED))
    assert [alert.cause for alert in store.closed(2)] == ["3", "2"]
