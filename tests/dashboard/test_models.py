"""The models page and a rehearsal's page, over a real small department, called without a browser."""

from __future__ import annotations

import io
import re
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from dash import html, no_update

from dashboard.components import metrics, model_versions
from dashboard.pages import models, rehearsal
from data.database import now
from data.errors import NotAllowed, TrackingAway
from data.records import BRAIN_TUMOUR, Role, User
from data.stores.suspensions import SuspensionStore
from data.tracking import Tracking
from tests.dashboard.clinic import Clinic
from tests.services.small_models import Department, department, weights_in, zipped
from tests.stopping import a_suspension


@pytest.fixture
def small(clinic: Clinic, tmp_path: Path) -> Iterator[Department]:
    """The clinic with a department whose second version was rehearsed on six scans."""
    with department(tmp_path / "department") as made:
        clinic.show_versions_of(made)
        made.add(6, bright=800)
        made.version(above=700, name="second")
        made.rehearse("2")
        yield made


def _press(
    clinic: Clinic, user: User, verb: str, version: str, why: str = "Because.", live: str = "1"
) -> str:
    pressed = {"task": BRAIN_TUMOUR, "version": version, "verb": verb, "live": live}
    return models.act(clinic.services.versions, user, pressed, why, "100")


def test_the_page_says_what_is_live_what_the_gate_says_and_who_decided(
    clinic: Clinic, small: Department
) -> None:
    operator, head = clinic.person(Role.MLOPS), clinic.person(Role.HEAD)
    said = str(models.show(clinic.services.versions, operator))
    assert "Version 1 is live." in said
    assert "The promotion gate cannot tell. " in said
    made = small.rehearsals.latest(BRAIN_TUMOUR, "2")
    assert made is not None
    assert f"/rehearsals/{made.id}" in said
    assert "Ask for an override" in said
    before = models.word(clinic.services.versions)

    assert "confirm" in _press(clinic, operator, "override", "2", "We need it.")
    asked = small.promotions.recent(BRAIN_TUMOUR)[0]
    assert "Withdraw" in str(models.show(clinic.services.versions, operator))
    assert "Confirm: let it go live" in str(models.show(clinic.services.versions, head))
    assert _press(clinic, head, "confirm", asked.id, "Agreed.") == "Version 2 is live."
    said = str(models.show(clinic.services.versions, operator))
    for words in ("Version 2 is live.", "approved by Dr Mlops, Dr Head: We need it.", "Go back to version 1"):
        assert words in said
    assert models.word(clinic.services.versions) != before
    assert _press(clinic, operator, "rollback", "back", "Worse.", "2") == "Version 1 is live again."
    assert "back to version 1 in the place of 2" in str(models.show(clinic.services.versions, head))


def test_a_suspended_version_is_told_and_whoever_looks_on_sees_it_come_and_go(
    clinic: Clinic, small: Department
) -> None:
    versions, head = clinic.services.versions, clinic.person(Role.HEAD)
    before, store = models.word(versions), SuspensionStore(small.database)
    stopped = a_suspension("1")
    store.add(stopped)
    said = str(models.show(versions, head))
    assert "Version 1 is suspended since" in said and "9 of the last 40 reviewed scans" in said
    assert "See the stop rules" in said and "Span(children='suspended'" in said
    assert models.word(versions) != before
    assert "See the stop rules" not in str(models.show(versions, clinic.person(Role.ADMIN)))
    store.change(stopped.id, lambda _: replace(stopped, lifted_at=now()))
    assert "suspended" not in str(models.show(versions, head))
    store.add(a_suspension("2", scanner="Siemens Skyra"))  # not the one that serves
    said = str(models.show(versions, head))
    assert "suspended on Siemens Skyra" in said and "See the stop rules" not in said


def test_the_chief_figures_of_what_serves_stand_open_and_all_of_them_are_folded(
    clinic: Clinic, small: Department
) -> None:
    figures = {"dice_flair": 0.82, "presence_far": 0.12, "presence_recall": 0.97, "hd95_flair_median": 3.0}
    assert [row.name for row in metrics.chief(figures)] == ["presence_recall", "dice_flair"]
    of_all = metrics.chief({"adult_recall": 0.84, "recall": 0.96, "specificity": 0.98})
    assert [row.name for row in of_all] == ["recall", "adult_recall", "specificity"]
    known = replace(small.registry.version(BRAIN_TUMOUR, "1"), metrics=figures)
    (live,) = model_versions.cards(clinic.person(Role.HEAD), [known], "1", {}, set())
    folded = [part for part in live.children if isinstance(part, html.Details)]
    assert ["All 4 validation figures" in str(part) for part in folded] == [True]
    assert not any(getattr(part, "open", False) for part in folded)
    seen = str([part for part in live.children if part not in folded])
    assert "97.0 %" in seen and "0.820" in seen and "False alarm" not in seen


def test_a_refused_override_stands_on_its_version_until_something_comes_of_it(
    clinic: Clinic, small: Department
) -> None:
    operator, head = clinic.person(Role.MLOPS), clinic.person(Role.HEAD)
    refusal = "refused that it goes live without the promotion gate"

    def said() -> str:
        return str(models.show(clinic.services.versions, operator))

    _press(clinic, operator, "override", "2", "We need it.")
    _press(clinic, operator, "refuse", small.promotions.recent(BRAIN_TUMOUR)[0].id, "A slip.")
    assert refusal not in said()  # withdrawn by who asked
    _press(clinic, operator, "override", "2", "We need it.")
    _press(clinic, head, "refuse", small.promotions.recent(BRAIN_TUMOUR)[0].id, "More healthy heads first.")
    assert f"Dr Head {refusal}" in said() and said().count("“More healthy heads first.”") == 1
    _press(clinic, operator, "override", "2", "Now there are.")
    assert refusal not in said()


def test_others_only_look(clinic: Clinic, small: Department) -> None:
    clinician, head = clinic.person(Role.CLINICIAN), clinic.person(Role.HEAD)
    _press(clinic, clinic.person(Role.MLOPS), "override", "2")
    said = str(models.show(clinic.services.versions, clinician))
    assert "asks that version 2 goes live" in said
    for control in ("models-act", "models-why", "lb-choose-zip"):
        assert control not in said
    assert "'rehearse'" not in str(models.show(clinic.services.versions, head))
    for verb in ("promote", "override", "rollback", "rehearse", "challenge"):
        with pytest.raises(NotAllowed):
            _press(clinic, head, verb, "2")
    with pytest.raises(NotAllowed):
        _press(clinic, clinician, "confirm", small.promotions.recent(BRAIN_TUMOUR)[0].id)


def test_the_challenger_is_marked_and_unmarked(clinic: Clinic, small: Department) -> None:
    operator = clinic.person(Role.MLOPS)
    _press(clinic, operator, "challenge", "2")
    assert small.registry.version(BRAIN_TUMOUR, "2").aliases == ("challenger",)
    assert "No challenger any more" in str(models.show(clinic.services.versions, operator))
    _press(clinic, operator, "unchallenge", "2")
    assert small.registry.version(BRAIN_TUMOUR, "2").aliases == ()


def test_an_open_page_follows_what_others_do_and_is_not_drawn_twice_for_what_one_did(
    clinic: Clinic, small: Department
) -> None:
    versions, operator = clinic.services.versions, clinic.person(Role.MLOPS)
    seen = models.changed(versions, operator, "brain-tumour 2", None)[models.SEEN]
    assert models.changed(versions, operator, "brain-tumour 2", seen)[models.CONTENT] is no_update
    button = {"task": BRAIN_TUMOUR, "version": "2", "verb": "challenge", "live": "1"}
    did = models.acted(versions, operator, button, None, None, "brain-tumour 2")
    assert models.changed(versions, operator, "brain-tumour 2", did[models.SEEN])[models.CONTENT] is no_update
    # Another window shows the challenger, and then a version that somebody registers elsewhere.
    others = models.changed(versions, operator, "brain-tumour 2", seen)
    assert others[models.SAID] is None  # what that window was told before is over
    again = models.changed(versions, operator, "brain-tumour 2", did[models.SEEN])
    assert again[models.SAID] is no_update
    assert "No challenger any more" in str(others[models.CONTENT])
    small.version(above=650, name="third")
    assert "Version 3" in str(models.changed(versions, operator, None, others[models.SEEN])[models.CONTENT])


def test_without_mlflow_the_page_says_so(
    clinic: Clinic, small: Department, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise TrackingAway("no route to host")

    monkeypatch.setattr(type(small.tracking), "registered", away)
    monkeypatch.setattr(type(small.tracking), "runs", away)
    said = str(models.show(clinic.services.versions, clinic.person(Role.HEAD)))
    assert "The model registry cannot be reached" in said
    assert "Live: version 1, from this machine" in said


def test_a_version_without_its_weights_is_named(clinic: Clinic, small: Department) -> None:
    versions, head = clinic.services.versions, clinic.person(Role.HEAD)
    assert "not in MLflow any more" not in str(models.show(versions, head))
    first = versions.registry.version(BRAIN_TUMOUR, "1")
    (kept,) = (small.folder / "mlflow").rglob(f"{first.run_id}/artifacts/model/weights.safetensors")
    kept.unlink()
    versions.registered_files.look()
    said = str(models.show(versions, head))
    assert "Brain tumour version 1 are not in MLflow any more; this machine still has a copy" in said
    assert "version 2 are not" not in said


def test_at_a_closed_port_the_page_lives(
    clinic: Clinic, small: Department, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nobody = Tracking(f"http://127.0.0.1:{taken.getsockname()[1]}", small.folder)
    monkeypatch.setattr(small.tracking, "_client_made", nobody._client)
    said = str(models.show(clinic.services.versions, clinic.person(Role.HEAD)))
    assert "The model registry cannot be reached" in said
    assert "Live: version 1, from this machine" in said


def test_a_mistake_of_ours_is_not_told_as_an_outage(
    clinic: Clinic, small: Department, monkeypatch: pytest.MonkeyPatch
) -> None:
    def mistaken(*_: object) -> None:
        raise KeyError("ours")

    monkeypatch.setattr(type(small.tracking), "registered", mistaken)
    with pytest.raises(KeyError, match="ours"):  # which the one error handler logs with an id
        models.show(clinic.services.versions, clinic.person(Role.HEAD))


def test_a_rehearsal_shows_differences_with_pictures_and_links(
    clinic: Clinic, small: Department, sign_in
) -> None:
    made = small.rehearsals.latest(BRAIN_TUMOUR, "2")
    assert made is not None
    head = clinic.person(Role.HEAD)
    said = str(rehearsal.show(clinic.services.versions, clinic.services.reviewing.blinding, head, made.id))
    for words in ("6 scans read by version 2 beside version 1", "Recall", "Time a picture (ms)", "Dice 0.92"):
        assert words in said
    source = f"/rehearsals/{made.id}/{made.differences[0].scan_id}.png"
    assert source in said
    assert f"/scans/{made.differences[0].scan_id}" in said
    answer = sign_in(Role.HEAD).get(source)
    assert answer.data.startswith(b"\x89PNG")
    # Administrators see numbers, but no scans.
    admin = sign_in(Role.ADMIN)
    assert admin.get(f"/rehearsals/{made.id}").status_code == 200
    assert admin.get(source).status_code == 404
    (administrator,) = (user for user in clinic.accounts.all() if user.role is Role.ADMIN)
    said = str(
        rehearsal.show(clinic.services.versions, clinic.services.reviewing.blinding, administrator, made.id)
    )
    assert re.search(r"/scans/|\.png", said) is None


def test_a_version_is_uploaded_by_those_who_may(clinic: Clinic, small: Department, sign_in) -> None:
    archive = zipped(weights_in(small.folder / "third", above=650)).read_bytes()

    def sent(client, content: bytes):
        form = {"version": (io.BytesIO(content), "third.zip")}
        return client.post(f"/models/{BRAIN_TUMOUR}/versions", data=form, headers=client.csrf)

    assert sent(sign_in(Role.HEAD), archive).status_code == 403
    operator = sign_in(Role.MLOPS)
    assert sent(operator, archive).json == {"task": BRAIN_TUMOUR, "version": "3"}
    again = sent(operator, archive)
    assert (again.status_code, "registered already" in again.text) == (400, True)
    assert "not a zip" in sent(operator, b"Dear colleague").text
    assert small.registry.version(BRAIN_TUMOUR, "3").tags["lightbox.uploaded_by"] == "Dr Mlops"


def test_what_ships_on_another_network_is_registered_by_a_button(clinic: Clinic, small: Department) -> None:
    versions, operator, head = clinic.services.versions, clinic.person(Role.MLOPS), clinic.person(Role.HEAD)
    assert "ships with Lightbox" not in str(models.show(versions, operator))
    small.alternative(650, "resnet50")
    said = str(models.show(versions, operator))
    for words in ("Register resnet50", "made for a test.", "Brighter than 650"):
        assert words in said
    assert "Register resnet50" not in str(models.show(versions, head))
    before = models.word(versions)
    assert _press(clinic, operator, "register", "resnet50") == (
        "Registered as version 3; it serves nobody before it is promoted."
    )
    assert models.word(versions) != before
    said = str(models.show(versions, operator))
    assert "Version 3" in said and "Register resnet50" not in said
    with pytest.raises(NotAllowed):
        _press(clinic, head, "register", "resnet50")
