from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from dashboard.build import build_dashboard
from data.records import Role
from tests.dashboard.clinic import PASSWORD, Clinic
from tests.dashboard.contract import Contract
from tests.evidently_pictures import leave_out_pictures

SignIn = Callable[..., FlaskClient]


@pytest.fixture(autouse=True)
def numbers_of_drift_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    leave_out_pictures(monkeypatch)


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    clinic = Clinic(tmp_path)
    yield clinic
    clinic.close()


@pytest.fixture
def server(clinic: Clinic) -> Iterator[Flask]:
    """The server; whatever a test asks of the API must be answered as the document says."""
    server = build_dashboard(clinic.services, secret_key="k" * 32).server
    contract = server.extensions["contract"] = Contract(server)
    yield server
    assert contract.broken == []


@pytest.fixture
def sign_in(server: Flask, clinic: Clinic) -> SignIn:
    """A client signed in as a role (made on first use), with its CSRF token in `client.csrf`."""

    def signed_in(role: Role = Role.CLINICIAN, *, name: str | None = None) -> FlaskClient:
        known = {user.name for user in clinic.accounts.all()}
        if (name or role.value) not in known:
            clinic.person(role, name)
        client = server.test_client()
        log_in(client, name or role.value)
        page = client.get("/account")
        client.csrf = {"X-CSRFToken": form_token(page.text)}
        return client

    return signed_in


def form_token(page: str) -> str:
    match = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert match is not None
    return match.group(1)


def log_in(client: FlaskClient, name: str, password: str = PASSWORD, next: str = "/"):
    token = form_token(client.get("/login").text)
    form = {"csrf_token": token, "name": name, "password": password, "next": next}
    return client.post("/login", data=form)


def callback(
    client: FlaskClient, output: str, inputs: list[dict], *, changed: str = "", state: list | None = None
):
    """Send what Dash's renderer sends for a callback; `output` may name one of its outputs only.

    State that is not given is None, as of a component that nobody has touched.
    """
    known = _dependency(client, output, changed)
    output = known["output"] if known else output
    names = [name.rpartition(".") for name in output.strip(".").split("...")]
    outputs = [{"id": name, "property": part.split("@")[0]} for name, _, part in names]
    given = {(str(place["id"]), place["property"]): place for place in state or [] if isinstance(place, dict)}
    if known and len(given) == len(state or []):
        places = [(place["id"], place["property"]) for place in known["state"]]
        if set(given) <= set(places):
            state = [
                given.get((name, part), {"id": name, "property": part, "value": None})
                for name, part in places
            ]
    body = {
        "output": output,
        "outputs": outputs if output.startswith("..") else outputs[0],
        "inputs": inputs,
        "changedPropIds": [changed] if changed else [],
        "state": state or [],
    }
    return client.post("/_dash-update-component", json=body, headers=getattr(client, "csrf", {}))


def _dependency(client: FlaskClient, output: str, changed: str) -> dict[str, Any] | None:
    """The callback that has this output, or all of these, and listens to what changed."""
    known = client.get("/_dash-dependencies")
    for dependency in known.json if known.status_code == 200 else ():
        outputs = [name.partition("@")[0] for name in dependency["output"].strip(".").split("...")]
        inputs = [f"{place['id']}.{place['property']}" for place in dependency["inputs"]]
        if dependency["output"] == output:
            return dict(dependency)
        if output in outputs and (not changed or changed in inputs):
            return dict(dependency)
    return None
