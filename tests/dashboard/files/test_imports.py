"""Imports on the administrators' page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from dashboard.components import imports
from data.database import new_id
from data.records import ImportItem, ImportState, ItemState, Refusal, Role
from data.stores.imports import ImportStore
from tests.dashboard.clinic import Clinic
from tests.dashboard.conftest import callback

LIST = "import-list.children"
TICK = [{"id": "import-tick", "property": "n_intervals", "value": 1}]
SEEN = [{"id": "import-seen", "property": "data", "value": None}]


def _list(client):
    return callback(client, LIST, TICK, changed="import-tick.n_intervals", state=SEEN)


def _start(client, clinic: Clinic, folder: str, labels: str = ""):
    state = [
        {"id": "import-folder", "property": "value", "value": folder},
        {"id": "import-labels", "property": "value", "value": labels},
    ]
    inputs = [{"id": "import-start", "property": "n_clicks", "value": 1}]
    return callback(client, "import-folder.value", inputs, changed="import-start.n_clicks", state=state)


def _folder(clinic: Clinic, name: str) -> Path:
    folder = clinic.services.settings.imports_from / name
    folder.mkdir(parents=True)
    return folder


def test_an_administrator_starts_an_import_and_sees_it(clinic: Clinic, sign_in) -> None:
    client = sign_in(Role.ADMIN)
    assert "Nothing was imported yet." in _list(client).text
    folder = _folder(clinic, "november")
    assert str(folder) in str(_start(client, clinic, "november").json)
    shown = str(_list(client).json)
    assert str(folder) in shown
    assert "Looking through the folder" in shown
    assert "Pause" in shown
    refused = _start(client, clinic, "../..")
    assert "Only what lies in" in refused.text


def test_what_was_not_read_can_be_had_as_a_table(clinic: Clinic, sign_in) -> None:
    client = sign_in(Role.ADMIN)
    bulk = clinic.services.importing.start(_folder(clinic, "a"))
    store = ImportStore(clinic.database)
    refusal = Refusal("=cmd.png", "blank", "The picture is blank, or nearly so.")
    item = ImportItem(new_id(), bulk.id, 0, "=cmd.png", ())
    store.replace_items(bulk.id, [item])
    store.settle(replace(item, state=ItemState.DONE, refusals=(refusal,)))
    store.move(bulk.id, ImportState.DONE)
    shown = str(_list(client).json)
    assert "1 not read" in shown
    assert f"/imports/{bulk.id}/refusals.csv" in shown
    report = client.get(f"/imports/{bulk.id}/refusals.csv")
    assert report.mimetype == "text/csv"
    assert report.text.splitlines() == [
        "file,code,reason", "'=cmd.png,blank,\"The picture is blank, or nearly so.\""
    ]  # fmt: skip
    assert client.get(f"/imports/{new_id()}/refusals.csv").status_code == 404


@pytest.mark.parametrize("role", [Role.CLINICIAN, Role.HEAD, Role.MLOPS])
def test_only_administrators_import(clinic: Clinic, sign_in, role: Role) -> None:
    client = sign_in(role)
    bulk = clinic.services.importing.start(_folder(clinic, "a"))
    assert client.get(f"/imports/{bulk.id}/refusals.csv").status_code == 403
    for answer in (_list(client), _start(client, clinic, "a")):
        assert "does not permit" in answer.text
        assert "november" not in answer.text


def test_buttons_fit_the_state(clinic: Clinic) -> None:
    importing = clinic.services.importing
    bulk = importing.start(_folder(clinic, "a"))
    words = {}
    for state in ImportState:
        ImportStore(clinic.database).move(bulk.id, state, failure="The disk is full.")
        words[state] = str(imports.table(importing.recent(), "/top"))
    assert "Pause" in words[ImportState.RUNNING]
    assert "Go on" in words[ImportState.PAUSED]
    assert "Go on" in words[ImportState.FAILED]
    assert "The disk is full." in words[ImportState.FAILED]
    assert "Go on" not in words[ImportState.DONE]
