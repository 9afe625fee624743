from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from dashboard.build import build_dashboard
from data.records import Role
from tests.dashboard.contract import Contract
from tests.dashboard.house import PASSWORD, House

SignIn = Callable[..., FlaskClient]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.close()


@pytest.fixture
def server(house: House) -> Iterator[Flask]:
    """The server; whatever a test asks of the API must be answered as the document says."""
    server = build_dashboard(house.services, secret_key="k" * 32).server
    contract = server.extensions["contract"] = Contract(server)
    yield server
    assert contract.broken == []


@pytest.fixture
def sign_in(server: Flask, house: House) -> SignIn:
    """A client signed in as a role (made on first use), with its CSRF token in `client.csrf`."""

    def signed_in(role: Role = Role.CLINICIAN, *, name: str | None = None) -> FlaskClient:
        known = {user.name for user in house.accounts.all()}
        if (name or role.value) not in known:
            house.person(role, name)
        client = server.test_client()
        log_in(client, name or role.value)
        page = client.get("/account")
        client.csrf = {"X-CSRFToken": form_token(page.text)}
        return client

    return signed_in


def form_token(page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found is not None
    return found.group(1)


def log_in(client: FlaskClient, name: str, password: str = PASSWORD, next: str = "/"):
    token = form_token(client.get("/login").text)
    form = {"csrf_token": token, "name": name, "password": password, "next": next}
    return client.post("/login", data=form)


def callback(
    client: FlaskClient, output: str, inputs: list[dict], *, changed: str = "", state: list | None = None
):
    """Send what Dash's renderer sends for a callback."""
    ids = output.strip(".").split("...")
    outputs = [
        {"id": one.rpartition(".")[0], "property": one.rpartition(".")[2].split("@")[0]} for one in ids
    ]
    body = {
        "output": output,
        "outputs": outputs if output.startswith("..") else outputs[0],
        "inputs": inputs,
        "changedPropIds": [changed] if changed else [],
        "state": state or [],
    }
    return client.post("/_dash-update-component", json=body, headers=getattr(client, "csrf", {}))
