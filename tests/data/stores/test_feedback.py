from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from data.database import new_id
from data.records import Feedback, FeedbackAnswer, FeedbackCategory, FeedbackState, KindCount
from data.stores.feedback import FeedbackStore
from data.stores.results import ResultStore
from tests.data.builders import MORNING, a_kept_scan, a_result


@pytest.fixture
def store(engine: Engine) -> FeedbackStore:
    return FeedbackStore(engine)


def a_message(engine: Engine, **changes) -> Feedback:
    scan = a_kept_scan(engine)
    result = ResultStore(engine).add(a_result(scan.id))
    message = Feedback(
        new_id(), scan.id, result.id, "brain-tumour", "2", FeedbackCategory.WRONG_SIZE, "Zu groß.",
        "sender", "Dr Zoë", "clinician", MORNING,
    )  # fmt: skip
    return replace(message, **changes)


def test_a_message_comes_back_as_it_was_kept(engine: Engine, store: FeedbackStore) -> None:
    answers = (FeedbackAnswer("Danke.", "m", "Ms M", MORNING), FeedbackAnswer("Done", "m", "Ms M", MORNING))
    message = store.add(
        a_message(engine, state=FeedbackState.CLOSED, answers=answers, closed_at=MORNING, unseen=True)
    )
    assert store.get(message.id) == message
    assert store.of_scan(message.scan_id) == [message]
    assert store.get(new_id()) is None


def test_critical_ones_come_first_then_the_newest(engine: Engine, store: FeedbackStore) -> None:
    kinds = [FeedbackCategory.WRONG_SIDE, FeedbackCategory.OTHER, FeedbackCategory.WRONG_PATIENT]
    kinds.append(FeedbackCategory.WRONG_SIZE)
    for hours, category in enumerate(kinds):
        store.add(a_message(engine, category=category, created_at=MORNING + timedelta(hours=hours)))
    listed = [message.category for message in store.in_state(FeedbackState.OPEN, 10)]
    assert listed == [kinds[2], kinds[0], kinds[3], kinds[1]]
    assert len(store.in_state(FeedbackState.OPEN, 2)) == 2
    assert store.in_state(FeedbackState.CLOSED, 10) == []
    nothing = KindCount()
    assert store.counts() == {
        FeedbackState.OPEN: KindCount(4),
        FeedbackState.ANSWERED: nothing,
        FeedbackState.CLOSED: nothing,
    }


def test_only_the_sender_sees_an_answer_for_good(engine: Engine, store: FeedbackStore) -> None:
    message = store.add(a_message(engine, unseen=True))
    store.add(a_message(engine, unseen=True, sender_id="other"))
    store.see("other", [message.id])
    assert (store.unseen("sender"), store.unseen("other")) == (KindCount(1), KindCount(1))
    store.see("sender", [message.id])
    assert (store.unseen("sender"), store.unseen("other")) == (KindCount(), KindCount(1))


def test_a_change_of_what_is_not_there_is_none(store: FeedbackStore) -> None:
    assert store.change(new_id(), lambda known: known) is None
