"""Debian's nginx in front of a house that runs as people run it."""

from __future__ import annotations

import hashlib
import http.client
import re
import socket
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from data.records import Role
from tests.dashboard.clinic import PASSWORD, Clinic
from tests.deploy.nginx import Front, nginx
from tests.deploy.running_house import House, running_house

pytestmark = [pytest.mark.integration, pytest.mark.deploy]
MIB = 1 << 20
LIMIT_MIB = 320
TUS = {"Tus-Resumable": "1.0.0"}
PIECE = {**TUS, "Content-Type": "application/offset+octet-stream"}


@dataclass(frozen=True)
class Setting:
    """A house behind nginx, with somebody who may send scans."""

    front: Front
    house: House
    token: str


@pytest.fixture(scope="module")
def setting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setting]:
    folder = tmp_path_factory.mktemp("nginx")
    folder.chmod(0o755)
    clinic = Clinic(folder / "home")
    token = clinic.token(clinic.person(Role.CLINICIAN))
    clinic.close()
    said = {
        "DATABASE_URL": f"sqlite:///{folder / 'home' / 'clinic.db'}",
        "LIGHTBOX_HTTPS": "1",
        "LIGHTBOX_DEVICE": "cpu",
        "LIGHTBOX_BACKEND": "exact",
        "LIGHTBOX_MAX_SCAN_MIB": LIMIT_MIB,
    }
    with running_house(folder / "home", ready="/healthz", **said) as house, \
            nginx(folder, f"127.0.0.1:{house.port}", LIMIT_MIB) as front:  # fmt: skip
        yield Setting(front, house, token)


@pytest.fixture
def signed_in(setting: Setting) -> requests.Session:
    """A browser in which the clinician has signed in, through nginx."""
    session, url = setting.front.session(), setting.front.url
    page = session.get(f"{url}/login", timeout=30)
    form = {"csrf_token": _token(page.text), "name": "clinician", "password": PASSWORD}
    answer = session.post(f"{url}/login", form, headers={"Referer": f"{url}/login"}, timeout=30)
    assert answer.status_code == 200, answer.text
    account = session.get(f"{url}/account", timeout=30)
    session.headers.update({"X-CSRFToken": _token(account.text), "Referer": f"{url}/worklist"})
    return session


def _token(page: str) -> str:
    match = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert match is not None, page
    return match.group(1)


def test_plain_requests_are_led_to_tls_and_old_tls_is_refused(setting: Setting) -> None:
    plain = requests.get(f"{setting.front.plain_url}/scans/a?x=1", allow_redirects=False, timeout=30)
    assert (plain.status_code, plain.headers["Location"]) == (301, "https://localhost/scans/a?x=1")
    old = setting.front.tls()
    old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2
    old.set_ciphers("AES128-SHA")  # no forward secrecy
    with socket.create_connection(("localhost", setting.front.port), 30) as sock, pytest.raises(ssl.SSLError):
        old.wrap_socket(sock, server_hostname="localhost")


def test_the_sign_in_works_with_cookies_that_only_tls_carries(
    signed_in: requests.Session, setting: Setting
) -> None:
    cookies = {cookie.name: cookie for cookie in signed_in.cookies}
    session = next(
        cookie for name, cookie in cookies.items() if name.startswith("__Host-") and "session" in name
    )
    assert session.secure and session.path == "/"
    assert signed_in.get(f"{setting.front.url}/session", timeout=30).status_code == 200


def test_the_server_knows_where_people_are_and_believes_nobody_else(setting: Setting) -> None:
    session, url = setting.front.session(), setting.front.url
    session.headers["X-Forwarded-For"] = "203.0.113.7"
    session.headers["X-Forwarded-Host"] = "evil.example"
    page = session.get(f"{url}/login", timeout=30)
    form = {"csrf_token": _token(page.text), "name": "clinician", "password": PASSWORD}
    answer = session.post(
        f"{url}/login", form, headers={"Referer": f"{url}/login"}, timeout=30, allow_redirects=False
    )
    assert answer.status_code == 302 and "evil" not in answer.headers["Location"]
    page = session.get(f"{url}/account", timeout=30).text
    assert "203.0.113.7" not in page
    # a form from elsewhere is refused: the host that the browser shows is the one that is checked
    form["csrf_token"] = _token(page)
    elsewhere = session.post(f"{url}/logout", form, headers={"Referer": "https://evil.example/"}, timeout=30)
    assert elsewhere.status_code == 400


def test_headers_are_the_servers_and_come_once(setting: Setting) -> None:
    with setting.front.session().get(f"{setting.front.url}/login", timeout=30) as answer:
        raw = answer.raw.headers
        for name in ("Content-Security-Policy", "X-Frame-Options", "X-Content-Type-Options",
                     "Strict-Transport-Security", "Referrer-Policy", "Cache-Control"):  # fmt: skip
            assert len(raw.getlist(name)) == 1, name
        assert answer.headers["Server"] == "nginx"
        assert "Content-Encoding" not in answer.headers  # pages hold a token
    script = setting.front.session().get(f"{setting.front.url}/assets/lightbox.css", timeout=30)
    assert script.headers["Content-Encoding"] == "gzip"


def test_probes_are_open_and_metrics_are_not_for_the_clinics_network(setting: Setting) -> None:
    session, url = setting.front.session(), setting.front.url
    assert session.get(f"{url}/healthz", timeout=30).json() == {"alive": True}
    assert session.get(f"{url}/readyz", timeout=30).status_code in (200, 503)
    assert session.get(f"{url}/metrics", timeout=30).status_code == 404
    assert b"lightbox_ready" in requests.get(f"{setting.house.url}/metrics", timeout=30).content


def _pieces(length: int, seed: bytes = b"scan") -> bytes:
    """Bytes that no proxy could take for others."""
    block = b"".join(hashlib.sha256(seed + bytes([number])).digest() for number in range(256)) * 128
    return (block * (length // len(block) + 1))[:length]


def test_an_upload_of_300_mib_goes_on_after_a_cut(signed_in: requests.Session, setting: Setting) -> None:
    content, url = _pieces(300 * MIB), setting.front.url
    began = signed_in.post(
        f"{url}/uploads",
        headers={**TUS, "Upload-Length": str(len(content)), "Upload-Metadata": "filename YS5uaWk="},
        timeout=30,
    )
    assert began.status_code == 201, began.text
    address = began.headers["Location"]
    cut_at = 120 * MIB
    _send_and_cut(setting, signed_in, address, content[:cut_at], len(content))
    offset = _offset(signed_in, f"{url}{address}")
    # What had come before the cut is kept, but for what was on its way: nothing waits in the proxy.
    assert cut_at - 8 * MIB <= offset <= cut_at
    rest = signed_in.patch(
        f"{url}{address}", content[offset:], headers={**PIECE, "Upload-Offset": str(offset)}, timeout=120
    )
    assert rest.status_code == 204, rest.text
    assert int(rest.headers["Upload-Offset"]) == len(content)


def _offset(session: requests.Session, address: str) -> int:
    """How far an upload has come, once the server has noticed that the connection is gone."""
    until = time.monotonic() + 60
    while True:
        offset = int(session.head(address, headers=TUS, timeout=60).headers["Upload-Offset"])
        if offset or time.monotonic() > until:
            return offset
        time.sleep(0.2)


def _send_and_cut(
    setting: Setting, session: requests.Session, address: str, content: bytes, announced: int
) -> None:
    """Begin to send as much as is announced, and fall silent after `content`."""
    connection = http.client.HTTPSConnection("localhost", setting.front.port, context=setting.front.tls())
    connection.putrequest("PATCH", address)
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in session.cookies)
    csrf = {name: str(session.headers[name]) for name in ("X-CSRFToken", "Referer")}
    headers = {**PIECE, **csrf, "Upload-Offset": "0", "Content-Length": str(announced), "Cookie": cookies}
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    connection.send(content)
    connection.sock.shutdown(socket.SHUT_RDWR)
    connection.close()


def test_what_changes_is_told_while_somebody_waits(signed_in: requests.Session, setting: Setting) -> None:
    url = setting.front.url
    before = signed_in.get(f"{url}/changes", timeout=30).json()["token"]
    sent = signed_in.post(
        f"{url}/uploads",
        headers={**TUS, "Upload-Length": "4", "Upload-Metadata": "filename YS5uaWk="},
        timeout=30,
    )
    assert sent.status_code == 201
    assert signed_in.get(f"{url}/changes", timeout=30).headers["Cache-Control"] == "no-store"
    assert isinstance(before, str)


def test_too_large_is_said_in_words_by_whoever_notices(signed_in: requests.Session, setting: Setting) -> None:
    url = setting.front.url
    said = "This is larger than Lightbox accepts."
    form = signed_in.post(f"{url}/logout", b"x" * (9 * MIB), timeout=60)
    assert (form.status_code, form.json()["error"]["message"]) == (413, said)
    headers = {**TUS, "Upload-Length": str((LIMIT_MIB + 1) * MIB)}
    upload = signed_in.post(f"{url}/uploads", headers=headers, timeout=30)
    assert upload.status_code == 413 and "320 MiB" in upload.json()["error"]["message"]
    token = {"Authorization": f"Bearer {setting.token}"}
    files = {"file": ("a.nii", b"x" * ((LIMIT_MIB + 2) * MIB))}
    sent = setting.front.session().post(f"{url}/api/v1/scans", files=files, headers=token, timeout=120)
    assert (sent.status_code, sent.json()["error"]["code"]) == (413, "too_large")


def test_the_log_of_addresses_holds_no_words_that_people_searched_by(
    signed_in: requests.Session, setting: Setting
) -> None:
    signed_in.get(f"{setting.front.url}/worklist?q=Lovelace", timeout=30)
    log = setting.front.log.read_text()
    assert '"GET /worklist" 200' in log and "Lovelace" not in log


def test_programs_that_guess_are_told_to_wait(setting: Setting) -> None:
    session, url = setting.front.session(), setting.front.url
    answers = [session.post(f"{url}/login", {}, timeout=30) for _ in range(80)]
    late = [answer for answer in answers if answer.status_code == 429]
    assert late and "Wait ten seconds" in late[0].json()["error"]["message"]
    assert late[0].headers["Retry-After"] == "10"
    assert session.get(f"{url}/login", timeout=30).status_code == 200  # the page itself opens


def test_a_house_that_is_away_is_said_in_words(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # nobody listens
        with nginx(tmp_path, f"127.0.0.1:{closed.getsockname()[1]}") as front:
            program = front.session().get(f"{front.url}/api/v1/cohort", timeout=30)
            person = front.session().get(front.url, headers={"Accept": "text/html"}, timeout=30)
    assert program.status_code == person.status_code == 503
    assert "Read without it" in program.json()["error"]["message"]
    assert person.headers["Content-Type"] == "text/plain"
    assert person.text.startswith("Lightbox does not answer") and person.headers["Retry-After"] == "30"
