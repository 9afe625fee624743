"""Who is asking: sessions, bearer tokens, and the guard before every request.

Everything is closed unless it stands in `OPEN_ENDPOINTS` or `OPEN_ASSETS`. A session ends when nobody was
active for `session_minutes`, and after `session_hours` at the latest; active means: opened a page, sent a
form or bytes, or moved a hand (the page reports that to /session). Polling never counts. What each person may
do says `services.permissions`.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from time import monotonic
from typing import TYPE_CHECKING, cast
from urllib.parse import quote, urlsplit

from flask import Flask, Response, g, redirect, request, session
from flask_login import LoginManager, UserMixin, current_user, login_user
from flask_wtf.csrf import CSRFProtect, generate_csrf
from werkzeug.wrappers import Response as BaseResponse

from dashboard import accesses, departments
from dashboard.browser_words import browser_words
from dashboard.errors import json_error
from dashboard.request_limits import RequestLimits
from data.errors import NO_SCAN, Outage
from data.records import User
from services import addresses, permissions
from services.outages import outages_told
from services.permissions import Permission, may
from services.sessions import TimeLeft
from services.throttling import BROWSER_KNOWN_FOR, Origin

if TYPE_CHECKING:
    from services.assembly.container import Services

logger = logging.getLogger(__name__)

CSRF_COOKIE = "lightbox_csrf"
SESSION_COOKIE = "lightbox_session"
_SECRET = "_user_id"  # noqa: S105 - the place where flask-login keeps it

PAGE_PERMISSIONS = {
    addresses.ADMIN: Permission.ADMINISTER,
    addresses.WORKLIST: Permission.SEE_SCANS,
    addresses.SCANS: Permission.SEE_SCANS,
    addresses.PATIENTS: Permission.SEE_SCANS,
    addresses.COHORT: Permission.SEE_COHORT,
    addresses.PERFORMANCE: Permission.SEE_PERFORMANCE,
    addresses.DRIFT: Permission.SEE_DRIFT,
    addresses.BOARDS: Permission.SEE_BOARDS,
    addresses.MODELS: Permission.SEE_MODELS,
    addresses.ACCEPTANCE: Permission.SEE_ACCEPTANCE,
    addresses.REHEARSALS: Permission.SEE_MODELS,
    addresses.EVALUATIONS: Permission.SEE_MODELS,
    addresses.RETRAININGS: Permission.SEE_MODELS,
    addresses.MODEL_CARD: Permission.SEE_STATISTICS,
    addresses.REPORTS: Permission.USE_REPORTS,
    addresses.RETENTION: Permission.SET_RETENTION,
    addresses.DEPARTMENTS: Permission.MOVE_BETWEEN_DEPARTMENTS,
    addresses.DICOM: Permission.SEE_RECEIVED,
    addresses.ALERTS: Permission.DECIDE_ALERTS,
    addresses.FEEDBACK: Permission.GIVE_FEEDBACK,
    addresses.AUDIT: Permission.SEE_AUDIT,
}
"""What each page is shown for; a page that a role may not see does not exist for it."""

OPEN_ENDPOINTS = {
    "login",
    "sign_in",
    "second_step",
    "give_code",
    "ask_for_passkey",
    "give_passkey",
    "oidc_begin",
    "oidc_callback",
    "ldap_sign_in",
    "healthz",
    "readyz",
    "metrics",
}
FROM_PROVIDER = {"oidc_ended"}  # sent by no browser: what it carries is signed by the provider
OPEN_ASSETS = {
    "/assets/passkeys.js",
    "/assets/sign_in_target.js",
    "/assets/lightbox.css",
    "/assets/logo.svg",
    "/assets/favicon.svg",
    "/assets/vendor/bootstrap.min.css",
    "/assets/vendor/bootstrap-icons.min.css",
    "/assets/vendor/fonts/bootstrap-icons.woff2",
    "/assets/vendor/fonts/bootstrap-icons.woff",
}
BROWSER_COOKIE = "lightbox_browser"
_WAITING, _NEXT = "waiting", "next"  # a session that waits for the second factor, and where it then leads
_PAGE_ENDPOINTS = {"/", "/<path:path>", "account", "password", "second_factor", "help", "help_page"}
_PASSWORD_ENDPOINTS = {"password", "change_password", "logout"}
_FACTOR_ENDPOINTS = {
    "second_factor",
    "set_up_app",
    "begin_passkey",
    "add_passkey",
    "logout",
    "session_alive",
    "session_left",
}
_UNNOTED_S = 20.0  # after an outage, activity of sessions is not noted for so long
_SENDING = ("POST", "PUT", "PATCH", "DELETE")
_CALLBACKS = "/_dash-update-component"  # pages poll by it too, so that it says nothing of the person

Answer = BaseResponse | None


class SignedIn(UserMixin):  # type: ignore[misc]
    """The person behind a session, as flask-login wants it; the id is the session's secret."""

    def __init__(self, record: User, secret: str) -> None:
        self.record = record
        self.secret = secret

    def get_id(self) -> str:
        """Return what the cookie keeps."""
        return self.secret


class SessionGuard:
    """Signing in and out, and the guard, for one app."""

    def __init__(self, services: Services) -> None:
        self.accounts = services.accounts
        self.sessions = services.sessions
        self.factors = services.second_factors
        self.csrf = CSRFProtect()
        self._limits = RequestLimits(services.settings.requests_per_minute, services.settings.redis_url)
        self._https = services.settings.https
        self._noted_again_at = 0.0

    def install(self, server: Flask) -> None:
        """Set the cookies' rules and put the guard before every request."""
        server.config.update(
            SESSION_COOKIE_NAME=self._named(SESSION_COOKIE),
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
        server.after_request(self._cookies)

    def begin(self, user: User) -> None:
        """Start a fresh session for `user`; what this browser had before has ended, for every copy of it."""
        self.end()
        login_user(SignedIn(user, self.sessions.begin(user, _place())))
        g.browser = self.accounts.throttle.remember(self._browser(), user.id)
        g.person = user

    def arrive(self, user: User, how: str, target: str) -> BaseResponse:
        """Sign somebody in who has shown all it takes, and lead them to `target` or what comes first."""
        self.begin(self.accounts.signed_in(user.id, how))
        if user.must_change_password:
            return redirect("/account/password")
        return redirect("/account" if self.factors.notices(user.id) else target)

    def begin_waiting(self, user: User, target: str) -> BaseResponse:
        """The password was right: ask for the second factor, and lead to `target` then."""
        self.end()
        session[_WAITING], session[_NEXT] = self.sessions.begin_waiting(user), target
        return redirect("/login/second-factor")

    def waiting(self) -> tuple[User, str] | None:
        """Who has given the right password and not the second factor yet, and where they want to go."""
        user = self.sessions.waiting(session.get(_WAITING, ""))
        return None if user is None else (user, session.get(_NEXT, "/"))

    def secret(self) -> str:
        """The secret of this browser's session."""
        return str(session.get(_SECRET, ""))

    def origin(self) -> Origin:
        """From where this request signs in."""
        return Origin(request.remote_addr or "", self._browser())

    def end(self) -> None:
        """Sign this browser's session out, for every copy of its cookie."""
        for name in (_SECRET, _WAITING):
            if name in session:
                self.sessions.end(session[name])
        session.clear()

    def left(self) -> tuple[TimeLeft, timedelta]:
        """How long this browser's session lasts if nobody is active, and how long idleness may last."""
        return self.sessions.left(session[_SECRET]), self.sessions.idle

    def active(self) -> None:
        """Note that a person did something."""
        self.sessions.active(session[_SECRET])

    def _note_activity(self) -> None:
        """Where it cannot be kept now, the session ends a little sooner: no reason to refuse a page."""
        if monotonic() < self._noted_again_at:
            return
        try:
            with outages_told():
                self.active()
        except Outage as outage:
            self._noted_again_at = monotonic() + _UNNOTED_S  # nobody else need wait for the database
            logger.warning("activity of a session is not noted: %s", outage)

    def guard(self) -> Answer:
        """Refuse what this request may not have; runs before every view."""
        if request.path.startswith("/api/") and "Authorization" in request.headers:
            return self._by_token()
        if request.endpoint in FROM_PROVIDER:
            return None
        if request.endpoint in OPEN_ENDPOINTS or request.path in OPEN_ASSETS:
            return self._check_csrf()
        if not self.signed_in():
            return refused(expired=_SECRET in session)
        g.person = cast(SignedIn, current_user).record
        departments.bind(g.person)
        if g.person.must_change_password and request.endpoint not in _PASSWORD_ENDPOINTS | {None}:
            return _first("/account/password", "password", "Please choose your own password first.")
        first = _FACTOR_ENDPOINTS | _PASSWORD_ENDPOINTS | {None}
        if request.endpoint not in first and self.factors.missing(g.person):
            return _first("/account/second-factor", "second_factor", "Please set up a second factor first.")
        self._check_csrf()
        self._limits.count(g.person)
        if _is_activity():
            self._note_activity()
        return None

    def signed_in(self) -> bool:
        """Say whether this request's session is good and was active lately."""
        return bool(current_user.is_authenticated)

    def _load(self, secret: str) -> SignedIn | None:
        user = self.sessions.user(secret)
        return None if user is None else SignedIn(user, secret)

    def _by_token(self) -> Answer:
        kind, _, secret = request.headers.get("Authorization", "").partition(" ")
        user = self.accounts.user_by_token(secret.strip()) if kind.lower() == "bearer" and secret else None
        if user is None or not user.active:
            accesses.refused("not known or revoked", accesses.TOKEN_REFUSED)
            answer = json_error(401, "signed_out", "This token is not known, was revoked, or is over.")
            answer.headers["WWW-Authenticate"] = "Bearer"
            return answer
        g.person = user
        departments.bind(user)
        self._limits.count(user)
        return None

    def _check_csrf(self) -> Answer:
        if request.method in _SENDING:
            self.csrf.protect()
        return None

    def _cookies(self, response: Response) -> Response:
        if "browser" in g:
            response.set_cookie(
                self._named(BROWSER_COOKIE),
                g.browser,
                max_age=BROWSER_KNOWN_FOR,
                httponly=True,
                samesite="Lax",
                secure=self._https,
            )
        if "person" in g and response.mimetype == "text/html" and _SECRET in session:
            name = self._named(CSRF_COOKIE)
            response.set_cookie(name, generate_csrf(), samesite="Lax", secure=self._https)
        return response

    def _named(self, cookie: str) -> str:
        return cookie_name(cookie, https=self._https)

    def _browser(self) -> str:
        return request.cookies.get(self._named(BROWSER_COOKIE), "")


def cookie_name(name: str, *, https: bool) -> str:
    """What a cookie is called: behind TLS so that browsers take it from this host alone (RFC 6265bis)."""
    return f"__Host-{name}" if https else name


def person() -> User:
    """Return who is asking in this request."""
    return cast(User, g.person)


def require(permission: Permission) -> User:
    """Return who is asking where the role has the permission; NotAllowed otherwise."""
    return permissions.require(person(), permission)


def reader() -> User:
    """Return who is asking where the role may see scans; for others there are none."""
    return permissions.require(person(), Permission.SEE_SCANS, hidden=NO_SCAN)


def is_page(address: str) -> bool:
    """Return whether a page stands at an address of this server, for whomever."""
    return "/" + urlsplit(address).path.strip("/").partition("/")[0] in PAGE_PERMISSIONS


def may_open(user: User, address: str) -> bool:
    """Return whether the page at an address of this server exists for a person."""
    permission = PAGE_PERMISSIONS.get("/" + urlsplit(address).path.strip("/").partition("/")[0])
    return permission is not None and may(user, permission)


def local_path(target: str | None) -> str:
    """Return `target` where it is a path of this server, "/" otherwise."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")):
        return "/"
    if any(ord(letter) < 32 or letter == "\\" for letter in target):
        return "/"
    parts = urlsplit(target)
    return target if not parts.scheme and not parts.netloc else "/"


def _is_activity() -> bool:
    """Whether this request is a person's doing: a page that was opened, a form or bytes that were sent."""
    if request.method in _SENDING:
        return request.path != _CALLBACKS
    return request.method == "GET" and request.endpoint in _PAGE_ENDPOINTS


def refused(*, expired: bool) -> BaseResponse:
    """Answer somebody who is not signed in: pages lead to the sign-in, everything else is 401."""
    if request.method == "GET" and request.endpoint in _PAGE_ENDPOINTS:
        where = request.full_path.rstrip("?")
        note = "&expired=1" if expired else ""
        return redirect(f"/login?next={quote(where, safe='/')}{note}")
    return json_error(401, "signed_out", "You are signed out; please sign in again.")


def _first(address: str, code: str, sentence: str) -> BaseResponse:
    """Answer somebody who has to do something before anything else: pages lead there."""
    if request.method == "GET" and request.endpoint in _PAGE_ENDPOINTS:
        return redirect(address)
    return json_error(403, code, sentence)


def _place() -> str:
    """From where this request comes, in words."""
    return f"{browser_words(request.user_agent.string)}, from {request.remote_addr or 'an unknown address'}"
