"""Nothing is open that need not be."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.routing import Rule

import dashboard
from dashboard.build import build_dashboard
from data.records import Role
from tests.dashboard.clinic import PASSWORD, Clinic
from tests.dashboard.conftest import callback, form_token, log_in

OPEN = {
    "login", "sign_in", "second_step", "give_code", "ask_for_passkey", "give_passkey",
    "oidc_begin", "oidc_callback", "oidc_ended", "ldap_sign_in", "healthz", "readyz", "metrics",
}  # fmt: skip
VALUES = {"scan_id": "0" * 32, "index": 0, "upload_id": "0" * 32, "token_id": "0" * 32, "path": "x"}


def _address(rule: Rule) -> str:
    address = rule.rule
    for name in rule.arguments:
        value = str(VALUES.get(name, "x"))
        for converter in ("", "int:", "path:", "string:"):
            address = address.replace(f"<{converter}{name}>", value)
    return address


def test_anonymous_requests_are_refused_on_every_route(server: Flask) -> None:
    client = server.test_client()
    for rule in server.url_map.iter_rules():
        if rule.endpoint in OPEN:
            continue
        for method in rule.methods - {"OPTIONS", "HEAD"}:
            answer = client.open(_address(rule), method=method)
            refused = answer.status_code == 401 or (
                answer.status_code == 302 and answer.location.startswith("/login?next=")
            )
            assert refused, (method, rule.rule, answer.status_code)


def test_pages_lead_to_the_sign_in_and_everything_else_is_401(server: Flask) -> None:
    client = server.test_client()
    assert client.get("/scans/abc?x=1").location == "/login?next=/scans/abc%3Fx%3D1"
    for address in (
        "/_dash-layout",
        "/_dash-dependencies",
        "/changes",
        "/scans/abc/thumbnail.png",
        "/api/v1/scans/x",
    ):
        answer = client.get(address)
        assert answer.status_code == 401
        assert answer.json["error"]["code"] == "signed_out"
    answer = callback(client, "worklist-total.children", [])
    assert answer.status_code == 401


def test_the_sign_in_page_and_its_files_are_open(server: Flask) -> None:
    client = server.test_client()
    page = client.get("/login")
    assert page.status_code == 200
    assert "Not for diagnostic use" in page.text
    for address in ("/assets/lightbox.css", "/assets/logo.svg", "/healthz", "/metrics"):
        with client.get(address) as answer:
            assert answer.status_code == 200
    assert client.get("/assets/viewer_state.js").status_code == 401


def test_readiness_is_in_the_status_line(server: Flask, tmp_path: Path) -> None:
    client = server.test_client()
    assert client.get("/readyz").status_code == 200
    without_networks = Clinic(tmp_path / "other", networks=False)
    other = build_dashboard(without_networks.services, secret_key="k" * 32).server.test_client()
    assert other.get("/readyz").status_code == 503
    without_networks.close()


def test_a_wrong_password_is_one_sentence(server: Flask, clinic: Clinic) -> None:
    clinic.person(Role.CLINICIAN)
    answer = log_in(server.test_client(), "clinician", "wrong password!")
    assert answer.status_code == 401
    assert "The name or the password is wrong." in answer.text


@pytest.mark.parametrize(
    "target",
    ["https://evil.example/", "//evil.example/x", "/\\evil.example", "javascript:alert(1)", "/\t/evil", ""],
)
def test_the_sign_in_leads_only_to_this_server(server: Flask, clinic: Clinic, target: str) -> None:
    clinic.person(Role.CLINICIAN)
    assert log_in(server.test_client(), "clinician", next=target).location == "/"


def test_the_sign_in_leads_back_to_the_page(server: Flask, clinic: Clinic) -> None:
    clinic.person(Role.CLINICIAN)
    assert log_in(server.test_client(), "clinician", next="/scans/ab?x=1").location == "/scans/ab?x=1"


def test_the_first_sign_in_is_for_a_new_password(server: Flask, clinic: Clinic) -> None:
    _, first = clinic.accounts.create("new", "Dr New", Role.CLINICIAN)
    client = server.test_client()
    assert log_in(client, "new", first).location == "/account/password"
    assert client.get("/worklist").location == "/account/password"
    token = form_token(client.get("/account/password").text)
    refused = client.get("/changes")
    assert (refused.status_code, refused.json["error"]["code"]) == (403, "password")
    form = {"csrf_token": token, "old": first, "new": PASSWORD, "again": "another one, not it"}
    assert "not the same" in client.post("/account/password", data=form).text
    assert client.post("/account/password", data=form | {"again": PASSWORD}).location == "/"
    assert client.get("/changes").status_code == 200


@pytest.mark.parametrize(
    ("method", "address"),
    [
        ("POST", "/_dash-update-component"),
        ("POST", "/uploads"),
        ("PATCH", "/uploads/x"),
        ("DELETE", "/uploads/x"),
        ("POST", "/scans/x/correction"),
        ("POST", "/account/tokens"),
        ("POST", "/account/password"),
        ("POST", "/logout"),
        ("POST", "/api/v1/scans"),
    ],
)
def test_changes_need_the_csrf_token(sign_in, method: str, address: str) -> None:
    answer = sign_in().open(address, method=method, headers={"Tus-Resumable": "1.0.0"})
    assert answer.status_code == 400
    assert answer.json["error"]["code"] == "csrf"


def test_the_sign_in_needs_the_csrf_token(server: Flask, clinic: Clinic) -> None:
    clinic.person(Role.CLINICIAN)
    form = {"name": "clinician", "password": PASSWORD}
    assert server.test_client().post("/login", data=form).status_code == 400


def test_signing_out_ends_every_copy_of_the_cookie(server: Flask, sign_in) -> None:
    client = sign_in()
    copy = server.test_client()
    copy.set_cookie("lightbox_session", client.get_cookie("lightbox_session").value)
    assert copy.get("/changes").status_code == 200
    assert client.post("/logout", headers=client.csrf).location == "/login"
    assert client.get("/changes").status_code == 401
    assert copy.get("/changes").status_code == 401


def test_signing_out_everywhere(sign_in) -> None:
    here, there = sign_in(), sign_in()
    assert there.get("/changes").status_code == 200
    here.post("/account/sign-out-everywhere", headers=here.csrf)
    assert here.get("/changes").status_code == 401
    assert there.get("/changes").status_code == 401


def test_a_deactivated_account_is_out_at_once(clinic: Clinic, sign_in) -> None:
    client = sign_in()
    user = next(user for user in clinic.accounts.all() if user.name == "clinician")
    clinic.accounts.set_active(user.id, False)
    assert client.get("/changes").status_code == 401


def test_cookies_are_closed_to_scripts_except_the_csrf_token(sign_in) -> None:
    client = sign_in()
    session = client.get_cookie("lightbox_session")
    assert (session.http_only, session.same_site) == (True, "Lax")
    assert not client.get_cookie("lightbox_csrf").http_only


def test_behind_tls_cookies_are_this_hosts_alone_and_browsers_come_back_over_tls_only(
    clinic: Clinic,
) -> None:
    clinic.replace(settings=replace(clinic.services.settings, https=True))
    server = build_dashboard(clinic.services, secret_key="k" * 32).server
    clinic.person(Role.CLINICIAN)
    client = server.test_client()
    tls = {"base_url": "https://localhost"}
    token = form_token(client.get("/login", **tls).text)
    form = {"csrf_token": token, "name": "clinician", "password": PASSWORD}
    headers = {"Referer": "https://localhost/login"}
    assert client.post("/login", data=form, headers=headers, **tls).status_code == 302
    answer = client.get("/account", **tls)
    assert answer.status_code == 200
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    names = ["__Host-lightbox_browser", "__Host-lightbox_csrf", "__Host-lightbox_session"]
    cookies = [client.get_cookie(name) for name in names]
    assert all(cookie.secure and cookie.path == "/" and cookie.origin_only for cookie in cookies)
    assert client.get_cookie("lightbox_session") is None
    refused = client.post("/account/notices", headers=headers, **tls)  # by the cookie alone
    assert refused.status_code == 400
    given = headers | {"X-CSRFToken": cookies[1].value}
    assert client.post("/account/notices", headers=given, **tls).status_code == 302


def test_headers(sign_in) -> None:
    answer = sign_in().get("/worklist")
    policy = answer.headers["Content-Security-Policy"]
    scripts = next(part for part in policy.split("; ") if part.startswith("script-src"))
    assert "'self'" in scripts
    assert "unsafe" not in scripts
    assert "http" not in policy
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert (
        "frame-ancestors 'self'" in policy and "object-src 'none'" in policy and "base-uri 'none'" in policy
    )
    assert "Strict-Transport-Security" not in answer.headers  # without TLS it would mean nothing
    assert answer.headers["Cache-Control"] == "no-store"


def test_no_other_origin_may_read_an_answer(sign_in) -> None:
    client = sign_in()
    for address in ("/worklist", "/api/v1/scans", "/api/v1/openapi.json", "/login", "/healthz"):
        answer = client.get(address, headers={"Origin": "https://evil.example"})
        assert not [name for name, _ in answer.headers.items() if name.startswith("Access-Control")], address


@pytest.mark.parametrize(
    "script", sorted(Path(dashboard.__file__).parent.glob("assets/*.js")), ids=lambda path: path.name
)
def test_no_script_of_ours_makes_code_or_markup_of_text(script: Path) -> None:
    maker = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function")
    assert not maker.search(script.read_text())


def test_a_script_is_asked_for_once_as_long_as_its_file_is_the_same(sign_in) -> None:
    client = sign_in()
    page = client.get("/account").text + client.get("/worklist").text
    scripts = re.findall(r'src="(/assets/[^"]+\?m=[^"]+)"', page)
    assert len(scripts) > 10
    kept = client.get(scripts[0], buffered=True)
    assert (kept.status_code, kept.headers["Cache-Control"]) == (200, "private, max-age=31536000, immutable")
    assert "immutable" not in client.get(scripts[0].split("?")[0], buffered=True).headers["Cache-Control"]
    assert client.get("/assets/nothing.js?m=1").headers["Cache-Control"] == "no-store"
