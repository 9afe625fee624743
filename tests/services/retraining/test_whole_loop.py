"""From new truths to a version that a person lets go live, with nobody at the keyboard in between."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from data.errors import InvalidInput, NotAllowed
from data.records import (
    PNEUMONIA,
    Promotion,
    PromotionState,
    Retraining,
    RetrainingCause,
    RetrainingState,
    Role,
    RunOutcome,
    User,
)
from services.assembly.container import Services
from services.assembly.scheduling import RETRAINING, UNATTENDED
from services.retraining.selection import kept_for_testing
from services.retraining.work import FOLDER, TAG
from services.versions.registry import SPLIT
from tests.services.real import person, running
from tests.services.retraining.judged import SCANS, judged_xrays

CHOICES = ("start=shipped", "kept=0.5", "epochs=1", "adults=no")
PATIENCE_S = 300


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def house(home: Path) -> Iterator[Services]:
    with running(home, retraining_choices=CHOICES) as services:
        judged_xrays(services.database, home)
        yield services


def _reached(services: Services, user: User, wanted: Callable[[Retraining], bool]) -> Retraining:
    """The latest retraining, once it is as wanted."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        for latest in services.retrainings.recent(user, 1):
            if wanted(latest):
                return latest
            assert latest.state is not RetrainingState.FAILED, latest.failure
        time.sleep(0.2)
    raise AssertionError(services.retrainings.recent(user)[0])


def _state(*states: RetrainingState) -> Callable[[Retraining], bool]:
    return lambda retraining: retraining.state in states


def test_new_truths_become_a_challenger_unattended_and_a_person_promotes_it(
    house: Services, home: Path
) -> None:
    ada, bob = person(house, Role.MLOPS, "ada"), person(house, Role.HEAD, "bob")
    live = house.versions.serving.live(PNEUMONIA)
    ask = house.schedules.ask_of(RETRAINING, UNATTENDED, {"task": PNEUMONIA, "n": str(SCANS)})
    with pytest.raises(NotAllowed):  # heads plan what they may begin by hand
        house.schedules.add(RETRAINING, ask, "0 3 * * *", "Nightly", bob)
    schedule = house.schedules.add(RETRAINING, ask, "0 3 * * *", "Nightly", ada)
    house.schedules.run_now(schedule.id, ada)

    made = _reached(house, ada, _state(RetrainingState.READY))
    assert (made.cause, made.truths, made.synthetic) == (RetrainingCause.TRUTHS, SCANS, True)
    assert (made.from_version, made.opened_by) == (live, None)
    assert house.schedules.runs(schedule.id)[0].outcome is RunOutcome.DONE
    assert not (home / FOLDER / made.id).exists()  # pictures of patients lie there

    # It has learnt from everybody but the fifth that is kept apart, and names nobody else.
    version = house.versions.registry.challenger(PNEUMONIA)
    assert version is not None and version.version == made.version
    assert version.run_id is not None
    split = house.versions.registry.tracking.artifact(version.run_id, SPLIT).decode()
    learnt = {row["patient"].removeprefix("normal:") for row in csv.DictReader(io.StringIO(split))}
    assert (len(learnt), made.packed) == (SCANS - (made.kept_apart or 0), len(learnt))
    assert not any(map(kept_for_testing, learnt))
    pack = house.training.packs.content(made.pack_id or "", ada)
    with zipfile.ZipFile(io.BytesIO(pack)) as opened:
        assert sum(name.endswith(".png") for name in opened.namelist()) == made.packed

    # It was rehearsed on that fifth alone, beside what is live; nothing serves that nobody has let.
    rehearsal = house.versions.rehearsals.latest(PNEUMONIA, version.version, live)
    assert rehearsal is not None
    assert len(rehearsal.differences) == made.kept_apart
    assert rehearsal.trained_on == made.packed
    assert house.versions.serving.live(PNEUMONIA) == live
    called = [alert for alert in house.alerts.calling(ada) if "retrained and rehearsed" in alert.title]
    assert len(called) == 1 and called[0].title.startswith("SYNTHETIC")

    # Open, it stands in the way of another one; promoted by people, it does not.
    assert house.retrainings.look(_rule(1))[1] == "A retraining is open already."
    override = _promoted(house, ada, bob, version.version, live)
    assert override.state is PromotionState.DONE
    house.retrainings.tick()
    assert house.retrainings.get(made.id, ada).state is RetrainingState.PROMOTED
    assert not [alert for alert in house.alerts.calling(ada) if "retrained" in alert.title]
    opened_again, said = house.retrainings.look(_rule(1))
    assert opened_again is None and said.startswith("0 of 1 truths are new")


def _rule(truths: int):  # type: ignore[no-untyped-def]
    from services.retraining.triggers import RetrainingRule

    return RetrainingRule(PNEUMONIA, truths)


def _promoted(house: Services, ada: User, bob: User, version: str, live: str | None) -> Promotion:
    """By an override: so few truths are no pass."""
    promotions = house.versions.promotions
    promotions.override(PNEUMONIA, version, "For a test.", ada, live)
    asked = promotions.recent(PNEUMONIA)[0]
    return promotions.confirm(asked.id, "So be it.", bob)


def test_a_training_that_is_killed_goes_on_and_one_version_comes_of_it(home: Path) -> None:
    with running(home, retraining_choices=CHOICES) as services:
        judged_xrays(services.database, home)
        ada = person(services, Role.MLOPS, "ada")
        with pytest.raises(InvalidInput, match="why"):
            services.retrainings.request(PNEUMONIA, " ", ada)
        asked = services.retrainings.request(PNEUMONIA, "To see it.", ada)
        with pytest.raises(InvalidInput, match="is open"):
            services.retrainings.request(PNEUMONIA, "Twice.", ada)
        _reached(services, ada, _state(RetrainingState.TRAINING))
        folder = home / FOLDER / asked.id
        child = _child_of(folder)
    assert not _lives(child)  # it ended with the server
    with running(home, retraining_choices=CHOICES, tracking_uri=services.settings.tracking_uri) as again:
        made = _reached(again, ada, _state(RetrainingState.READY))
        assert made.id == asked.id
        runs = again.versions.registry.tracking.runs("lightbox-pneumonia", {TAG: made.id})
        assert [run.status for run in runs] == ["FINISHED"]
        numbers = [version.version for version in again.versions.registry.versions(PNEUMONIA)]
        assert len(numbers) == 2

        # Declined, it is nobody's challenger any more.
        again.retrainings.decline(made.id, "Not needed.", ada)
        assert again.versions.registry.challenger(PNEUMONIA) is None
        with pytest.raises(InvalidInput, match="meanwhile"):
            again.retrainings.decline(made.id, "Once more.", ada)


def test_a_patient_who_is_erased_meanwhile_is_learnt_from_no_more(house: Services, home: Path) -> None:
    ada = person(house, Role.MLOPS, "ada")
    asked = house.retrainings.request(PNEUMONIA, "To see it.", ada)
    first = _reached(house, ada, _state(RetrainingState.TRAINING))
    _child_of(home / FOLDER / asked.id)
    pack = house.training.packs.content(first.pack_id or "", ada)
    with zipfile.ZipFile(io.BytesIO(pack)) as opened:
        scan = json.loads(opened.read("manifest.json"))["scans"][0]
    house.retention.erasing.erase_by_command(scan["patient"], "Asked for.")
    again = _reached(house, ada, lambda latest: latest.pack_id not in (None, first.pack_id))
    assert again.packed == (first.packed or 0) - 1
    laid_out = (home / FOLDER / asked.id / "data" / "chest_xray" / "index.csv").read_text()
    assert scan["patient"] not in laid_out
    house.retrainings.cancel(asked.id, "Seen.", ada)
    assert house.jobs.wait_idle(PATIENCE_S)


def test_a_training_that_fails_says_why_and_calls(home: Path) -> None:
    with running(home, retraining_choices=("encoder=none-such",)) as services:
        judged_xrays(services.database, home)
        ada = person(services, Role.MLOPS, "ada")
        asked = services.retrainings.request(PNEUMONIA, "To see it.", ada)
        assert services.jobs.wait_idle(PATIENCE_S)
        failed = services.retrainings.get(asked.id, ada)
        assert (failed.state, failed.failure) == (
            RetrainingState.FAILED,
            "'none-such' is no value for encoder.",
        )
        assert not (home / FOLDER / asked.id).exists()
        (alert,) = [each for each in services.alerts.calling(ada) if "retraining failed" in each.title]
        assert alert.sentence == failed.failure
        assert services.retrainings.look(_rule(1))[0] is None  # nothing is new: it is not begun over and over


def test_what_is_cancelled_leaves_nothing(house: Services, home: Path) -> None:
    ada = person(house, Role.MLOPS, "ada")
    asked = house.retrainings.request(PNEUMONIA, "To see it.", ada)
    _reached(house, ada, _state(RetrainingState.TRAINING))
    child = _child_of(home / FOLDER / asked.id)
    house.retrainings.cancel(asked.id, "Changed my mind.", ada)
    assert house.jobs.wait_idle(PATIENCE_S)
    assert not _lives(child)
    assert not (home / FOLDER / asked.id).exists()
    assert house.retrainings.get(asked.id, ada).state is RetrainingState.CANCELLED
    assert house.versions.registry.challenger(PNEUMONIA) is None


def _child_of(folder: Path) -> int:
    """The process id of the training on a folder, once it has begun."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        for process in Path("/proc").glob("[0-9]*"):
            try:
                words = (process / "cmdline").read_bytes().split(b"\0")
            except OSError:  # it has ended meanwhile
                continue
            if str(folder / "data").encode() in words and b"app.py" in words:
                return int(process.name)
        time.sleep(0.1)
    raise AssertionError("no training has begun")


def _lives(process_id: int) -> bool:
    try:
        os.kill(process_id, signal.SIG_DFL)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{process_id}/stat").read_text().rsplit(")")[1].split()[0]
