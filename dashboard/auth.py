"""Who is asking: sessions, bearer tokens, and the guard before every request.

Everything is closed unless it stands in `OPEN`. A session ends when nobody was active for
`session_minutes`; active means: opened a page, sent a form or bytes, or moved a hand (the page
reports that to /session). Polling never counts.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast
from urllib.parse import quote, urlsplit

from flask import Flask, Response, g, redirect, request, session
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from flask_wtf.csrf import CSRFProtect, generate_csrf
from werkzeug.wrappers import Response as BaseResponse

from dashboard.errors import json_error
from data.errors import NotAllowed, NotFound
from data.records import Role, User

if TYPE_CHECKING:
    from services.assembly.container import Services

CSRF_COOKIE = "lightbox_csrf"
SESSION_COOKIE = "lightbox_session"

READERS = (Role.CLINICIAN, Role.HEAD, Role.MLOPS)  # who may see scans
SENDERS = (Role.CLINICIAN, Role.MLOPS)  # who may add scans

OPEN_ENDPOINTS = {"login", "sign_in", "healthz", "readyz", "metrics"}
OPEN_ASSETS = {
    "/assets/lightbox.css",
    "/assets/logo.svg",
    "/assets/favicon.svg",
    "/assets/vendor/bootstrap.min.css",
    "/assets/vendor/bootstrap-icons.min.css",
    "/assets/vendor/fonts/bootstrap-icons.woff2",
    "/assets/vendor/fonts/bootstrap-icons.woff",
}
_PAGE_ENDPOINTS = {"/", "/<path:path>", "account", "password"}
_PASSWORD_ENDPOINTS = {"password", "change_password", "logout"}

Answer = BaseResponse | None


class SignedIn(UserMixin):  # type: ignore[misc]
    """The person behind a session, as flask-login wants it; the id carries the session epoch."""

    def __init__(self, record: User) -> None:
        self.record = record

    def get_id(self) -> str:
        """Return what the session keeps: id and epoch."""
        return f"{self.record.id}|{self.record.session_epoch}"


@dataclass
class EndedSessions:
    """Sessions that were signed out, kept until they would have ended anyhow.

    The session is a signed cookie; without this list a copy of it would outlive the sign-out.
    """

    seconds: float
    _ended: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def end(self, session_id: str) -> None:
        """Remember that this session is over."""
        now = time.time()
        with self._lock:
            self._ended = {key: at for key, at in self._ended.items() if now - at < self.seconds}
            self._ended[session_id] = now

    def __contains__(self, session_id: str) -> bool:
        return session_id in self._ended


class Sessions:
    """Signing in and out, and the guard, for one app."""

    def __init__(self, services: Services, clock: Callable[[], float] = time.time) -> None:
        self.accounts = services.accounts
        self.seconds = services.settings.session_minutes * 60.0
        self.clock = clock
        self.csrf = CSRFProtect()
        self._ended = EndedSessions(self.seconds)
        self._https = services.settings.https

    def install(self, server: Flask) -> None:
        """Set the cookies' rules and put the guard before every request."""
        server.config.update(
            SESSION_COOKIE_NAME=SESSION_COOKIE,
            SESSION_COOKIE_HTTPONLY=True,
            SESSION_COOKIE_SAMESITE="Lax",
            SESSION_COOKIE_SECURE=self._https,
            SESSION_REFRESH_EACH_REQUEST=False,
            WTF_CSRF_CHECK_DEFAULT=False,  # the guard calls protect(), because tokens are exempt
            WTF_CSRF_TIME_LIMIT=None,  # as long as the session
        )
        login = LoginManager(server)
        login.user_loader(self._load)
        self.csrf.init_app(server)
        server.before_request(self.guard)
        server.after_request(self._csrf_cookie)

    def begin(self, user: User) -> None:
        """Start a fresh session for `user`."""
        session.clear()
        session["sid"] = secrets.token_urlsafe(16)
        session["seen"] = self.clock()
        login_user(SignedIn(user))
        g.person = user

    def end(self) -> None:
        """Sign this session out, for every copy of its cookie."""
        if "sid" in session:
            self._ended.end(session["sid"])
        logout_user()
        session.clear()

    def active(self) -> None:
        """Note that a person did something."""
        session["seen"] = self.clock()

    def guard(self) -> Answer:
        """Refuse what this request may not have; runs before every view."""
        if request.path.startswith("/api/") and "Authorization" in request.headers:
            return self._by_token()
        if request.endpoint in OPEN_ENDPOINTS or request.path in OPEN_ASSETS:
            return self._check_csrf()
        if not self.signed_in():
            return refused(expired="seen" in session)
        g.person = cast(SignedIn, current_user).record
        if g.person.must_change_password and request.endpoint not in _PASSWORD_ENDPOINTS | {None}:
            return _password_first()
        if request.endpoint in _PAGE_ENDPOINTS or request.method == "PATCH":
            self.active()
        return self._check_csrf()

    def signed_in(self) -> bool:
        """Say whether this request's session is good and was active lately."""
        if not current_user.is_authenticated:
            return False
        idle = self.clock() - float(session.get("seen", 0))
        return idle < self.seconds and session.get("sid", "") not in self._ended

    def _load(self, session_user_id: str) -> SignedIn | None:
        user_id, _, epoch = session_user_id.rpartition("|")
        user = self.accounts.user(user_id)
        if user is None or not user.active or str(user.session_epoch) != epoch:
            return None
        return SignedIn(user)

    def _by_token(self) -> Answer:
        kind, _, secret = request.headers.get("Authorization", "").partition(" ")
        user = self.accounts.user_by_token(secret.strip()) if kind.lower() == "bearer" and secret else None
        if user is None or not user.active:
            answer = json_error(401, "signed_out", "This token is not known or was revoked.")
            answer.headers["WWW-Authenticate"] = "Bearer"
            return answer
        g.person = user
        return None

    def _check_csrf(self) -> Answer:
        if request.method in ("POST", "PUT", "PATCH", "DELETE"):
            self.csrf.protect()
        return None

    def _csrf_cookie(self, response: Response) -> Response:
        if "person" in g and response.mimetype == "text/html" and "sid" in session:
            response.set_cookie(CSRF_COOKIE, generate_csrf(), samesite="Lax", secure=self._https)
        return response


def person() -> User:
    """Return who is asking in this request."""
    return cast(User, g.person)


def require(*roles: Role) -> User:
    """Return who is asking where the role is one of `roles`; NotAllowed otherwise."""
    user = person()
    if user.role not in roles:
        raise NotAllowed("Your role does not permit this.")
    return user


def reader() -> User:
    """Return who is asking where the role may see scans; for others there are none."""
    user = person()
    if user.role not in READERS:
        raise NotFound("There is no such scan.")
    return user


def local_path(target: str | None) -> str:
    """Return `target` where it is a path of this server, "/" otherwise."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")):
        return "/"
    if any(ord(letter) < 32 or letter == "\\" for letter in target):
        return "/"
    parts = urlsplit(target)
    return target if not parts.scheme and not parts.netloc else "/"


def refused(*, expired: bool) -> BaseResponse:
    """Answer somebody who is not signed in: pages lead to the sign-in, everything else is 401."""
    if request.method == "GET" and request.endpoint in _PAGE_ENDPOINTS:
        where = request.full_path.rstrip("?")
        note = "&expired=1" if expired else ""
        return redirect(f"/login?next={quote(where, safe='/')}{note}")
    return json_error(401, "signed_out", "You are signed out; please sign in again.")


def _password_first() -> BaseResponse:
    if request.method == "GET" and request.endpoint in _PAGE_ENDPOINTS:
        return redirect("/account/password")
    return json_error(403, "password", "Please choose your own password first.")
