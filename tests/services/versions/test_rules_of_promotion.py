"""Who may let what go live: the stack of rollbacks, the challenger, the second person, what is cut short."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from data.database import now
from data.errors import Busy, InvalidInput, NotAllowed, NotFound, TrackingAway
from data.records import (
    BRAIN_TUMOUR,
    PromotionKind,
    PromotionState,
    PromotionVerdict,
    Role,
)
from data.stores.promotions import PromotionStore
from data.tracking import CHALLENGER, CHAMPION, Tracking
from services.versions.promotion import LONGEST_REASON, Promotions
from services.versions.registry import PROMOTED_BY, REASON, SHIPPED
from tests.services.small_models import MARGINS, Department, somebody

WHY = "It finds smaller ones."


def _live(house: Department) -> str | None:
    return house.serving.live(BRAIN_TUMOUR)


def _previous(house: Department) -> str | None:
    return house.promotions.previous(BRAIN_TUMOUR)


def _version(house: Department, above: int = 700) -> str:
    return house.version(above, f"above {above}").version


def _to(house: Department, version: str) -> None:
    asked = house.promotions.override(BRAIN_TUMOUR, version, WHY, house.ada)
    house.promotions.confirm(asked.id, "Agreed.", house.bob)


def _back(house: Department) -> str | None:
    house.promotions.rollback(BRAIN_TUMOUR, "Back.", house.ada)
    return _live(house)


def test_going_back_twice_ends_at_the_first(house: Department) -> None:
    second, third = _version(house, 700), _version(house, 750)
    assert _previous(house) is None
    _to(house, second)
    assert _previous(house) == "1"
    _to(house, third)
    assert _previous(house) == second
    assert _back(house) == second
    assert _previous(house) == "1"
    assert _back(house) == "1"
    assert _previous(house) is None
    with pytest.raises(InvalidInput, match="no earlier version"):
        house.promotions.rollback(BRAIN_TUMOUR, "Once more.", house.ada)


def test_after_going_back_a_promotion_is_stacked_on_what_served_then(house: Department) -> None:
    second, third, fourth = _version(house, 700), _version(house, 750), _version(house, 650)
    _to(house, second)
    _to(house, third)
    assert _back(house) == second
    _to(house, fourth)
    assert _back(house) == second  # not the third, from which somebody went back
    assert _back(house) == "1"


def test_what_was_refused_or_waits_is_no_version_to_go_back_to(house: Department) -> None:
    second, third = _version(house, 700), _version(house, 750)
    _to(house, second)
    refused = house.promotions.override(BRAIN_TUMOUR, third, WHY, house.ada)
    assert _previous(house) == "1"
    house.promotions.refuse(refused.id, "No.", house.bob)
    assert _previous(house) == "1"


def test_what_ships_is_never_gone_back_to_and_another_tasks_history_is_not_this_ones(
    house: Department,
) -> None:
    second = _version(house)
    _to(house, second)
    (done,) = house.promotions.recent(BRAIN_TUMOUR)
    store = PromotionStore(house.database)
    store.add(replace(done, id="a" * 32, task="pneumonia", from_version="9", asked_at=now()))
    assert _previous(house) == "1"
    store.add(replace(done, id="b" * 32, from_version=SHIPPED, asked_at=now()))
    assert _previous(house) == "1"
    store.add(replace(done, id="c" * 32, from_version=None, asked_at=now()))
    assert _previous(house) == "1"


def test_where_the_alias_was_moved_unseen_one_goes_back_to_the_last_that_was_seen(house: Department) -> None:
    second, third = _version(house, 700), _version(house, 750)
    _to(house, second)
    loaded = house.serving.beside(house.registry.version(BRAIN_TUMOUR, third))
    house.engine.take_over(loaded)  # as at a start after another tool moved the alias
    assert _previous(house) == second
    assert _back(house) == second


def test_a_rollback_is_for_mlops_alone_and_looks_at_what_the_asker_saw(house: Department) -> None:
    second = _version(house)
    _to(house, second)
    for role in (Role.CLINICIAN, Role.HEAD, Role.ADMIN):
        with pytest.raises(NotAllowed):
            house.promotions.rollback(BRAIN_TUMOUR, WHY, somebody(role, "x"))
    with pytest.raises(InvalidInput, match=f"In the meantime version {second}"):
        house.promotions.rollback(BRAIN_TUMOUR, WHY, house.ada, expected="1")
    done = house.promotions.rollback(BRAIN_TUMOUR, WHY, house.ada, expected=second)
    assert (done.gate, done.overridden, done.kind) == (None, False, PromotionKind.ROLLBACK)
    assert house.events()[0] == "model.rollback"


def test_only_mlops_ask_and_whoever_they_are_the_live_one_is_not_asked_for(house: Department) -> None:
    other = _version(house)
    for role in (Role.CLINICIAN, Role.HEAD, Role.ADMIN):
        stranger = somebody(role, "x")
        for ask in (house.promotions.ask, house.promotions.override):
            with pytest.raises(NotAllowed):
                ask(BRAIN_TUMOUR, other, WHY, stranger)
        with pytest.raises(NotAllowed):
            house.promotions.challenge(BRAIN_TUMOUR, other, stranger)
    for ask in (house.promotions.ask, house.promotions.override):
        with pytest.raises(InvalidInput, match="Version 1 is live already"):
            ask(BRAIN_TUMOUR, "1", WHY, house.ada)
        with pytest.raises(NotFound):
            ask(BRAIN_TUMOUR, "99", WHY, house.ada)
        with pytest.raises(InvalidInput, match="In the meantime version 1 went live"):
            ask(BRAIN_TUMOUR, other, WHY, house.ada, expected="7")
    assert house.promotions.recent() == []


def test_the_live_version_is_nobodys_challenger(house: Department) -> None:
    second, third = _version(house, 700), _version(house, 750)
    with pytest.raises(InvalidInput, match="live already"):
        house.promotions.challenge(BRAIN_TUMOUR, "1", house.ada)
    with pytest.raises(NotFound):
        house.promotions.challenge(BRAIN_TUMOUR, "99", house.ada)

    def challenger() -> str | None:
        version = house.tracking.by_alias(BRAIN_TUMOUR, CHALLENGER)
        return None if version is None else version.version

    house.promotions.challenge(BRAIN_TUMOUR, third, house.ada)
    assert (challenger(), _live(house)) == (third, "1")
    _to(house, second)
    assert challenger() == third  # another one went live, so it is still to be tried
    _to(house, third)
    assert challenger() is None
    with pytest.raises(InvalidInput, match="live already"):
        house.rehearsals.request(BRAIN_TUMOUR, third, 10, house.ada)
    house.promotions.challenge(BRAIN_TUMOUR, second, house.ada)
    house.promotions.challenge(BRAIN_TUMOUR, None, house.ada)
    assert challenger() is None
    event = house.audit.recent(1)[0]
    assert (event.action, event.detail, event.user_id) == ("model.challenger", "version none", house.ada.id)


@pytest.mark.parametrize(
    ("role", "may"), [(Role.MLOPS, True), (Role.HEAD, True), (Role.ADMIN, True), (Role.CLINICIAN, False)]
)
def test_who_may_be_the_second_person(house: Department, role: Role, may: bool) -> None:
    second = somebody(role, "sue")
    asked = house.promotions.override(BRAIN_TUMOUR, _version(house), WHY, house.ada)
    decide: list[Callable[..., object]] = [house.promotions.refuse, house.promotions.confirm]
    if not may:
        for act in decide:
            with pytest.raises(NotAllowed):
                act(asked.id, "So be it.", second)
        return
    done = house.promotions.confirm(asked.id, "So be it.", second)
    assert house.overrides == [asked, done]
    assert (done.decided_by, done.decision, done.state) == (second.id, "So be it.", PromotionState.DONE)
    assert done.decided_at is not None
    event = house.audit.recent(1)[0]
    assert (event.user_id, event.detail) == (second.id, "version 2 in the place of 1: So be it.")


def test_whoever_asked_may_withdraw_and_never_confirm(house: Department) -> None:
    asked = house.promotions.override(BRAIN_TUMOUR, _version(house), WHY, house.ada)
    with pytest.raises(NotAllowed, match="second person"):
        house.promotions.confirm(asked.id, "I am sure.", house.ada)
    with pytest.raises(InvalidInput, match="reason"):
        house.promotions.refuse(asked.id, "", house.ada)
    withdrawn = house.promotions.refuse(asked.id, "A mistake.", house.ada)
    assert (withdrawn.state, _live(house)) == (PromotionState.REFUSED, "1")
    assert house.overrides == [asked, withdrawn]
    event = house.audit.recent(1)[0]
    assert (event.action, event.user_id) == ("model.override-refused", house.ada.id)
    assert event.detail.endswith(": A mistake.")
    for act in (house.promotions.refuse, house.promotions.confirm):
        with pytest.raises(InvalidInput, match="decided already, by Ada"):
            act(asked.id, "Again.", house.bob)
        with pytest.raises(NotFound):
            act("0" * 32, "What?", house.bob)


def test_an_override_is_confirmed_only_against_what_was_live_when_it_was_asked(house: Department) -> None:
    second, third = _version(house, 700), _version(house, 750)
    asked = house.promotions.override(BRAIN_TUMOUR, second, WHY, house.ada)
    house.tracking.set_alias(BRAIN_TUMOUR, CHAMPION, third)
    house.serving.look()
    with pytest.raises(InvalidInput, match=f"In the meantime version {third}"):
        house.promotions.confirm(asked.id, "Agreed.", house.bob)
    assert _live(house) == third


def test_one_override_at_a_time_for_each_task(house: Department) -> None:
    other = _version(house)
    asked = house.promotions.override(BRAIN_TUMOUR, other, WHY, house.ada)
    house.promotions.refuse(asked.id, "Not now.", house.bob)
    store = PromotionStore(house.database)
    store.add(replace(asked, id="d" * 32, task="pneumonia"))
    waiting = house.promotions.override(BRAIN_TUMOUR, other, WHY, house.ada)
    assert (waiting.state, waiting.overridden) == (PromotionState.ASKED, True)
    assert waiting.gate is not None
    assert waiting.gate.verdict is PromotionVerdict.CANNOT_TELL
    with pytest.raises(InvalidInput, match="decided first"):
        house.promotions.override(BRAIN_TUMOUR, other, WHY, house.ada)


def test_what_passes_needs_no_override_and_a_long_reason_is_cut(house: Department) -> None:
    house.add(20, bright=800)
    house.add(20, bright=0)
    better = _version(house)
    house.rehearse(better)
    with pytest.raises(InvalidInput, match="no override is needed"):
        house.promotions.override(BRAIN_TUMOUR, better, WHY, house.ada)
    results = house.promotions.gate_results(BRAIN_TUMOUR, [better, "99"])
    assert [result.verdict for result in results.values()] == [
        PromotionVerdict.PASS,
        PromotionVerdict.CANNOT_TELL,
    ]
    assert results["99"].sentence.startswith("It has not been rehearsed against version 1")
    done = house.promotions.ask(BRAIN_TUMOUR, better, f" {'x' * 3000} ", house.ada)
    assert done.reason == "x" * LONGEST_REASON
    assert (done.gate, done.overridden) == (results[better], False)
    # Of the champion of now nothing is known, whatever was known of the one before.
    assert house.promotions.gate_result(BRAIN_TUMOUR, "1").verdict is PromotionVerdict.CANNOT_TELL


def test_before_any_model_is_loaded_the_gate_cannot_tell(
    house: Department, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = _version(house)
    monkeypatch.setattr(house.serving, "live", lambda task: None)
    assert house.promotions.gate_result(BRAIN_TUMOUR, other).verdict is PromotionVerdict.CANNOT_TELL
    assert house.promotions.gate_results(BRAIN_TUMOUR, [other])[other].rehearsal_id is None


def test_a_promotion_that_an_outage_stopped_is_settled_and_an_override_waits(
    house: Department, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise TrackingAway("no route to host")

    second = _version(house)
    _to(house, second)
    third = _version(house, 750)
    override = house.promotions.override(BRAIN_TUMOUR, third, WHY, house.ada)
    monkeypatch.setattr(Tracking, "set_alias", away)
    with pytest.raises(Busy):
        house.promotions.rollback(BRAIN_TUMOUR, "Back.", house.ada)
    stopped = house.promotions.recent(BRAIN_TUMOUR)[0]
    assert (stopped.state, stopped.kind) == (PromotionState.REFUSED, PromotionKind.ROLLBACK)
    assert "nothing was changed" in str(stopped.decision)
    assert house.events()[0] == "model.rollback-failed"
    with pytest.raises(Busy):
        house.promotions.confirm(override.id, "Agreed.", house.bob)
    assert PromotionStore(house.database).get(override.id).state is PromotionState.ASKED  # type: ignore[union-attr]
    assert house.overrides[-1] == override  # its second person is still called for
    monkeypatch.undo()
    assert _live(house) == second


def test_a_mistake_of_ours_is_not_told_in_its_own_words(
    house: Department, monkeypatch: pytest.MonkeyPatch
) -> None:
    def mistaken(*_: object) -> None:
        raise KeyError("a path on this disk")

    other = _version(house)
    asked = house.promotions.override(BRAIN_TUMOUR, other, WHY, house.ada)
    monkeypatch.setattr(house.serving, "beside", mistaken)
    with pytest.raises(KeyError):
        house.promotions.confirm(asked.id, "Agreed.", house.bob)
    refused = house.promotions.recent(BRAIN_TUMOUR)[0]
    assert (refused.state, refused.decision) == (
        PromotionState.REFUSED,
        "Something went wrong inside Lightbox.",
    )
    assert _live(house) == "1"


def test_at_a_start_what_was_cut_short_is_settled_and_what_waits_waits_on(house: Department) -> None:
    second = _version(house)
    waits = house.promotions.override(BRAIN_TUMOUR, second, WHY, house.ada)
    store = PromotionStore(house.database)
    store.add(replace(waits, id="e" * 32, overridden=False))
    house.promotions.settle()
    assert store.get(waits.id).state is PromotionState.ASKED  # type: ignore[union-attr]
    cut = store.get("e" * 32)
    assert cut is not None
    assert (cut.state, cut.decision) == (
        PromotionState.REFUSED,
        "The server was stopped while this was under way.",
    )
    assert cut.decided_at is not None
    house.registry.point(house.registry.version(BRAIN_TUMOUR, second), {})  # killed just after this
    house.promotions.settle()
    assert store.get(waits.id).state is PromotionState.DONE  # type: ignore[union-attr]


def test_what_another_tool_let_go_live_is_told_by_its_tags(house: Department) -> None:
    second = _version(house)
    house.tracking.tag_version(BRAIN_TUMOUR, second, {PROMOTED_BY: "j" * 300, REASON: "Nightly."})
    house.tracking.set_alias(BRAIN_TUMOUR, CHAMPION, second)
    house.serving.look()
    (noted,) = house.promotions.recent(BRAIN_TUMOUR)
    assert (noted.asked_name, noted.reason, noted.state) == ("j" * 200, "Nightly.", PromotionState.DONE)
    assert (noted.from_version, noted.kind, noted.overridden) == ("1", PromotionKind.PROMOTION, False)
    assert noted.decided_at is not None
    assert _previous(house) == "1"


def test_a_version_under_rehearsal_or_scoring_waits_and_others_do_not(
    house: Department, monkeypatch: pytest.MonkeyPatch
) -> None:
    second, third = _version(house, 700), _version(house, 750)
    promotions = Promotions(
        PromotionStore(house.database),
        house.registry,
        house.serving,
        house.rehearsals,
        house.audit,
        MARGINS,
        lambda task, version: (task, version) == (BRAIN_TUMOUR, third),
    )
    with pytest.raises(Busy, match="scored on real use"):
        promotions.override(BRAIN_TUMOUR, third, WHY, house.ada)
    monkeypatch.setattr(house.rehearsals, "running", lambda task, version: version == third)
    assert promotions.override(BRAIN_TUMOUR, second, WHY, house.ada).version == second
