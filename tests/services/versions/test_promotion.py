"""Promotion: through the promotion gate, past it by two people, and back; the server serves all the while."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext

import pytest

from data.errors import Busy, InvalidInput, NotAllowed, TrackingAway, UnusableModel
from data.records import BRAIN_TUMOUR, Promotion, PromotionKind, PromotionState, PromotionVerdict, Role
from data.stores.promotions import PromotionStore
from data.tracking import CHALLENGER, CHAMPION, Tracking
from models import weights
from services.versions.registry import PROMOTED_AT, PROMOTED_BY, REASON
from tests.services.small_models import (
    PATIENCE_S,
    Department,
    somebody,
    weights_in,
    zipped,
)

WHY = "It finds smaller ones."


def _champion(house: Department) -> str:
    # As another tool sees it.
    champion = Tracking(f"sqlite:///{house.folder / 'mlflow.db'}", house.folder).by_alias(
        BRAIN_TUMOUR, CHAMPION
    )
    assert champion is not None
    return champion.version


def _override(house: Department, version: str) -> Promotion:
    return house.promotions.override(BRAIN_TUMOUR, version, "We need it now.", house.ada)


def test_a_version_that_passes_goes_live_and_says_who_when_and_why(house: Department) -> None:
    house.add(20, bright=800)
    house.add(20, bright=0)
    better = house.version(above=700, name="better")
    house.promotions.challenge(BRAIN_TUMOUR, better.version, house.ada)
    with pytest.raises(InvalidInput, match="has not been rehearsed"):
        house.promotions.ask(BRAIN_TUMOUR, better.version, WHY, house.ada)
    house.rehearse(better.version)
    gate = house.promotions.gate_result(BRAIN_TUMOUR, better.version)
    assert gate.verdict is PromotionVerdict.PASS
    assert "Dice changes by +0" in gate.sentence
    with pytest.raises(InvalidInput, match="reason"):
        house.promotions.ask(BRAIN_TUMOUR, better.version, "  ", house.ada)
    assert house.serving.live(BRAIN_TUMOUR) == "1"

    told: list[tuple[str, str | None]] = []
    house.promotions.tell(lambda task: told.append((task, house.serving.live(task))))
    done = house.promotions.ask(BRAIN_TUMOUR, better.version, WHY, house.ada, expected="1")
    assert told == [(BRAIN_TUMOUR, better.version)]  # pages are never behind the answer
    assert (done.state, done.overridden, done.from_version) == (PromotionState.DONE, False, "1")
    assert house.serving.live(BRAIN_TUMOUR) == "2"
    assert _champion(house) == "2"
    tags = house.registry.version(BRAIN_TUMOUR, "2").tags
    assert (tags[PROMOTED_BY], tags[REASON]) == ("Ada", WHY)
    assert tags[PROMOTED_AT].startswith("20")
    assert house.tracking.by_alias(BRAIN_TUMOUR, CHALLENGER) is None
    assert house.read(house.add(1, bright=800)[0]).provenance.model_version == "2"
    assert "model.promotion" in house.events()
    assert house.promotions.recent(BRAIN_TUMOUR)[0] == done


def test_going_back_needs_a_reason_but_no_gate_and_never_leads_forward(house: Department) -> None:
    second = house.version(above=900, name="second")
    asked = _override(house, second.version)
    house.promotions.confirm(asked.id, "Agreed.", house.bob)
    with pytest.raises(InvalidInput, match="reason"):
        house.promotions.rollback(BRAIN_TUMOUR, "", house.ada)
    with pytest.raises(NotAllowed):
        house.promotions.rollback(BRAIN_TUMOUR, WHY, house.bob)
    back = house.promotions.rollback(BRAIN_TUMOUR, "It misses small ones.", house.ada)
    assert (back.kind, back.version, back.from_version) == (PromotionKind.ROLLBACK, "1", "2")
    assert (house.serving.live(BRAIN_TUMOUR), _champion(house)) == ("1", "1")
    assert house.promotions.previous(BRAIN_TUMOUR) is None
    with pytest.raises(InvalidInput, match="no earlier version"):
        house.promotions.rollback(BRAIN_TUMOUR, "Forth again.", house.ada)


def test_going_back_passes_over_a_version_whose_files_are_gone(house: Department) -> None:
    for name in ("second", "third"):
        asked = _override(house, house.version(above=900 if name == "second" else 950, name=name).version)
        house.promotions.confirm(asked.id, "Agreed.", house.bob)
    second = house.registry.version(BRAIN_TUMOUR, "2")
    for kept in house.folder.rglob(weights.WEIGHTS):
        if second.run_id in kept.parts or kept.parent.parts[-2:] == (BRAIN_TUMOUR, "2"):
            kept.write_bytes(b"no weights at all")
    assert house.promotions.previous(BRAIN_TUMOUR) == "2"
    with pytest.raises(UnusableModel):
        house.promotions.rollback(BRAIN_TUMOUR, "It misses small ones.", house.ada)
    assert house.serving.live(BRAIN_TUMOUR) == "3"
    assert house.promotions.previous(BRAIN_TUMOUR) == "1"
    house.promotions.rollback(BRAIN_TUMOUR, "It misses small ones.", house.ada)
    assert (house.serving.live(BRAIN_TUMOUR), _champion(house)) == ("1", "1")


def test_a_version_that_finds_less_is_stopped_and_needs_a_second_person(house: Department) -> None:
    house.add(10, bright=800)
    worse = house.version(above=900, name="worse")
    house.rehearse(worse.version)
    assert house.promotions.gate_result(BRAIN_TUMOUR, worse.version).verdict is PromotionVerdict.FAIL
    with pytest.raises(InvalidInput, match="does not let it pass"):
        house.promotions.ask(BRAIN_TUMOUR, worse.version, WHY, house.ada)
    asked = _override(house, worse.version)
    assert house.serving.live(BRAIN_TUMOUR) == "1"
    with pytest.raises(NotAllowed, match="second person"):
        house.promotions.confirm(asked.id, "I am sure.", house.ada)
    with pytest.raises(NotAllowed):
        house.promotions.confirm(asked.id, "Yes.", somebody(Role.CLINICIAN, "carl"))
    with pytest.raises(InvalidInput, match="reason"):
        house.promotions.confirm(asked.id, " ", house.bob)
    done = house.promotions.confirm(asked.id, "The old one is broken.", house.bob)
    assert (done.state, done.overridden, done.decided_name) == (PromotionState.DONE, True, "Bob")
    assert house.serving.live(BRAIN_TUMOUR) == worse.version
    assert house.registry.version(BRAIN_TUMOUR, worse.version).tags[PROMOTED_BY] == "Ada, Bob"
    with pytest.raises(InvalidInput, match="decided already, by Bob"):
        house.promotions.refuse(asked.id, "No.", somebody(Role.ADMIN, "eve"))
    assert house.events()[:2] == ["model.promotion", "model.override-asked"]


def test_an_override_can_be_refused(house: Department) -> None:
    other = house.version(above=900, name="other")
    asked = _override(house, other.version)
    with pytest.raises(InvalidInput, match="decided first"):
        _override(house, other.version)
    refused = house.promotions.refuse(asked.id, "Rehearse it first.", house.bob)
    assert (refused.state, refused.decision) == (PromotionState.REFUSED, "Rehearse it first.")
    assert house.serving.live(BRAIN_TUMOUR) == "1"


def test_too_few_truths_are_no_pass(house: Department) -> None:
    house.add(10, bright=800, truth=False)
    same = house.version(above=510, name="same")
    house.rehearse(same.version)
    gate = house.promotions.gate_result(BRAIN_TUMOUR, same.version)
    assert gate.verdict is PromotionVerdict.CANNOT_TELL
    assert "cannot be told from 0 scans" in gate.sentence
    with pytest.raises(InvalidInput):
        house.promotions.ask(BRAIN_TUMOUR, same.version, WHY, house.ada)


def test_a_version_that_cannot_load_leaves_the_old_one_serving(house: Department) -> None:
    scan = house.add(1, bright=800)[0]
    folder = weights_in(house.folder / "broken", above=700)
    (folder / weights.WEIGHTS).write_bytes(b"\x08" + bytes(60))
    with pytest.raises(UnusableModel, match="damaged"):
        house.uploads.take(BRAIN_TUMOUR, zipped(folder), house.ada)
    broken = house.registry.add(BRAIN_TUMOUR, folder, "a script", "past the checks", {})
    asked = _override(house, broken.version)
    with pytest.raises(UnusableModel, match="damaged"):
        house.promotions.confirm(asked.id, "Agreed.", house.bob)
    assert (house.serving.live(BRAIN_TUMOUR), _champion(house)) == ("1", "1")
    assert house.read(scan).provenance.model_version == "1"
    failed = house.promotions.recent(BRAIN_TUMOUR)[0]
    assert failed.state is PromotionState.REFUSED
    assert "damaged" in str(failed.decision)


def test_files_that_are_not_what_was_registered_never_serve(house: Department) -> None:
    good = house.version(above=700, name="good")
    (kept,) = (house.folder / "mlflow").rglob(f"{good.run_id}/artifacts/model/{weights.WEIGHTS}")
    other = weights_in(house.folder / "swapped", above=100)
    kept.write_bytes((other / weights.WEIGHTS).read_bytes())
    asked = _override(house, good.version)
    with pytest.raises(UnusableModel, match="not those that were registered"):
        house.promotions.confirm(asked.id, "Agreed.", house.bob)
    assert house.serving.live(BRAIN_TUMOUR) == "1"


def test_of_two_at_once_one_wins(house: Department, monkeypatch: pytest.MonkeyPatch) -> None:
    second, third = house.version(above=700, name="second"), house.version(above=750, name="third")
    asked = _override(house, second.version)
    loading, go_on = threading.Event(), threading.Event()
    beside = house.serving.beside

    def slow(version: object) -> object:
        loading.set()
        assert go_on.wait(PATIENCE_S)
        return beside(version)  # type: ignore[arg-type]

    monkeypatch.setattr(house.serving, "beside", slow)
    first = threading.Thread(target=house.promotions.confirm, args=(asked.id, "Agreed.", house.bob))
    first.start()
    assert loading.wait(PATIENCE_S)
    with pytest.raises(Busy, match="Somebody else"):
        house.promotions.override(BRAIN_TUMOUR, third.version, WHY, house.ada)
    go_on.set()
    first.join()
    assert house.serving.live(BRAIN_TUMOUR) == second.version
    with pytest.raises(InvalidInput, match="In the meantime version 2 went live"):
        house.promotions.override(BRAIN_TUMOUR, third.version, WHY, house.ada, expected="1")


def test_while_another_server_changes_what_is_live_nobody_does_here(
    house: Department, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = _override(house, house.version(above=700, name="other").version)
    locks: list[str] = []

    def taken(name: str) -> AbstractContextManager[bool]:
        locks.append(name)
        return nullcontext(False)

    monkeypatch.setattr(house.promotions, "_no_other_server", taken)
    with pytest.raises(Busy, match="Somebody else"):
        house.promotions.confirm(asked.id, "Agreed.", house.bob)
    house.promotions.settle()  # what is under way there is no business of this server's
    assert house.serving.live(BRAIN_TUMOUR) == "1" and len(locks) == 2
    monkeypatch.undo()
    house.promotions.confirm(asked.id, "Agreed.", house.bob)
    store = PromotionStore(house.database)
    assert [store.led_to(BRAIN_TUMOUR, version) for version in ("1", asked.version)] == [False, True]
    house.promotions.rollback(BRAIN_TUMOUR, "Back.", house.ada)
    assert [store.led_to(BRAIN_TUMOUR, version) for version in ("1", asked.version)] == [True, False]


def test_nothing_goes_live_while_it_is_being_looked_at(
    house: Department, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.add(3, bright=800)
    other = house.version(above=700, name="other")
    monkeypatch.setattr(house.promotions, "_scoring", lambda task, version: version == other.version)
    with pytest.raises(Busy, match="scored on real use"):
        _override(house, other.version)
    monkeypatch.setattr(house.rehearsals, "running", lambda task, version: version == other.version)
    with pytest.raises(Busy, match="rehearsal of version 2 is under way"):
        _override(house, other.version)


def test_an_alias_that_another_tool_moved_is_followed(house: Department) -> None:
    other = house.version(above=700, name="other")
    elsewhere = Tracking(f"sqlite:///{house.folder / 'mlflow.db'}", house.folder / "elsewhere")
    elsewhere.set_alias(BRAIN_TUMOUR, CHAMPION, other.version)
    assert house.serving.live(BRAIN_TUMOUR) == "1"
    assert house.serving.look() == [BRAIN_TUMOUR]
    assert house.serving.live(BRAIN_TUMOUR) == other.version
    assert house.serving.look() == []
    (noted,) = house.promotions.recent(BRAIN_TUMOUR)
    assert (noted.version, noted.from_version, noted.asked_name) == ("2", "1", "another tool, in MLflow")
    house.promotions.rollback(BRAIN_TUMOUR, "Nobody asked us.", house.ada)
    assert _champion(house) == "1"


def test_an_alias_on_what_cannot_load_is_told_and_not_followed(house: Department) -> None:
    folder = weights_in(house.folder / "broken", above=700)
    (folder / weights.WEIGHTS).write_bytes(b"no weights at all")
    broken = house.registry.add(BRAIN_TUMOUR, folder, "a script", "", {})
    house.tracking.set_alias(BRAIN_TUMOUR, CHAMPION, broken.version)
    assert house.serving.look() == []
    assert house.serving.live(BRAIN_TUMOUR) == "1"
    assert "damaged" in str(house.serving.trouble(BRAIN_TUMOUR))
    house.tracking.set_alias(BRAIN_TUMOUR, CHAMPION, "1")
    house.serving.look()
    assert house.serving.trouble(BRAIN_TUMOUR) is None


def test_without_mlflow_nothing_changes(house: Department, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise TrackingAway("no route to host")

    other = house.version(above=700, name="other")
    asked = _override(house, other.version)
    monkeypatch.setattr(Tracking, "set_alias", away)
    with pytest.raises(Busy, match="cannot be reached, so nothing was changed"):
        house.promotions.confirm(asked.id, "Agreed.", house.bob)
    assert house.serving.live(BRAIN_TUMOUR) == "1"
    monkeypatch.undo()
    house.promotions.confirm(asked.id, "Agreed.", house.bob)  # it still waits for its second person
    assert house.serving.live(BRAIN_TUMOUR) == other.version


def test_what_a_kill_cut_short_is_settled_at_the_next_start(
    house: Department, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = house.version(above=700, name="other")
    waits = _override(house, other.version)
    house.promotions.confirm(waits.id, "Agreed.", house.bob)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(house.promotions, "_settle", killed)
    with pytest.raises(KeyboardInterrupt):
        house.promotions.rollback(BRAIN_TUMOUR, "Back.", house.ada)
    monkeypatch.undo()
    assert house.promotions.recent(BRAIN_TUMOUR)[0].state is PromotionState.ASKED
    house.promotions.settle()
    settled = house.promotions.recent(BRAIN_TUMOUR)[0]
    assert (settled.state, settled.version) == (PromotionState.DONE, "1")


def test_the_same_weights_are_not_registered_twice_and_a_letter_never(house: Department) -> None:
    house.version(above=700, name="other")
    with pytest.raises(InvalidInput, match="registered already, as version 2"):
        house.version(above=700, name="again")
    letter = house.folder / "letter.zip"
    letter.write_bytes(b"Dear colleague")
    with pytest.raises(InvalidInput, match="not a zip"):
        house.uploads.take(BRAIN_TUMOUR, letter, house.ada)
    half = weights_in(house.folder / "half", above=720)
    (half / weights.SETTINGS).unlink()
    with pytest.raises(InvalidInput, match=r"missing: settings\.json"):
        house.uploads.take(BRAIN_TUMOUR, zipped(half), house.ada)
    with pytest.raises(NotAllowed):
        house.uploads.take(BRAIN_TUMOUR, letter, house.bob)


def test_everybody_is_answered_while_versions_come_and_go(house: Department) -> None:
    scan = house.add(1, bright=600)[0]  # version 1 sees it, version 2 does not
    other = house.version(above=700, name="other")
    over = threading.Event()
    seen: list[tuple[str, bool]] = []

    def clinician() -> None:
        while not over.is_set():
            result = house.read(scan)
            seen.append((result.provenance.model_version, result.positive))

    with ThreadPoolExecutor(4) as pool:
        readers = [pool.submit(clinician) for _ in range(4)]
        try:
            for _ in range(3):
                house.promotions.confirm(_override(house, other.version).id, "Agreed.", house.bob)
                house.promotions.rollback(BRAIN_TUMOUR, "Back.", house.ada)
        finally:
            over.set()
        assert [reader.exception(PATIENCE_S) for reader in readers] == [None] * 4
    assert set(seen) == {("1", True), ("2", False)}
