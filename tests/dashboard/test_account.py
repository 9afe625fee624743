"""One's own account."""

from __future__ import annotations

from data.records import Role
from tests.dashboard.clinic import PASSWORD
from tests.dashboard.conftest import log_in

NEW = "another long passphrase"


def test_a_token_is_shown_once_and_works(server, sign_in) -> None:
    client = sign_in()
    made = client.post(
        "/account/tokens", data={"label": "nightly <b>", "scope": "read"}, headers=client.csrf
    ).text
    secret = made.partition('id="token-secret">')[2].partition("<")[0]
    assert "<b>" not in made
    assert secret not in client.get("/account").text
    header = {"Authorization": f"Bearer {secret}"}
    assert server.test_client().get("/api/v1/openapi.json", headers=header).status_code == 200


def test_a_token_is_revoked_by_its_owner_only(clinic, sign_in) -> None:
    owner, other = sign_in(), sign_in(name="other")
    owner.post("/account/tokens", data={"label": "nightly", "scope": "read"}, headers=owner.csrf)
    user = next(user for user in clinic.accounts.all() if user.name == "clinician")
    (token,) = clinic.accounts.tokens(user.id)
    other.post(f"/account/tokens/{token.id}/revoke", headers=other.csrf)
    assert clinic.accounts.tokens(user.id)[0].revoked_at is None
    owner.post(f"/account/tokens/{token.id}/revoke", headers=owner.csrf)
    assert "You have no tokens." in owner.get("/account").text


def test_a_new_password_keeps_this_session_and_ends_the_others(server, sign_in) -> None:
    here, there = sign_in(), sign_in()
    form = {"old": PASSWORD, "new": NEW, "again": NEW}
    assert here.post("/account/password", data=form, headers=here.csrf).location == "/account?changed=1"
    assert here.get("/changes").status_code == 200
    assert there.get("/changes").status_code == 401
    assert log_in(server.test_client(), "clinician", NEW).status_code == 302


def test_a_password_that_does_not_fit_is_said(sign_in) -> None:
    client = sign_in(Role.HEAD)
    form = {"old": "wrong old password", "new": NEW, "again": NEW}
    assert client.post("/account/password", data=form, headers=client.csrf).status_code == 400
    short = {"old": PASSWORD, "new": "short", "again": "short"}
    assert "15" in client.post("/account/password", data=short, headers=client.csrf).text
