"""Signing in with the hospital's accounts: to the provider and back, or by the directory's password.

An attempt stands in the signed cookie until the provider answers: once, in the browser that began it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from flask import Flask, jsonify, request, session
from flask import redirect as to
from flask_login import current_user
from werkzeug.wrappers import Response as BaseResponse

from dashboard.auth import SessionGuard, SignedIn, local_path
from dashboard.confirming import UNKNOWN_ACT, is_act, keep_confirmation
from dashboard.errors import message_page, user_facing_error
from dashboard.login_page import login_page
from data.errors import UserFacingError
from data.records import SignInWay
from services.identity_providers.faults import ProviderAway, SignInRefused
from services.identity_providers.federated_accounts import WAY_WORDS
from services.identity_providers.oidc import Attempt, OidcProvider

if TYPE_CHECKING:
    from services.assembly.container import Services

ATTEMPTS = "oidc_attempts"  # where the cookie keeps them
_MOST = 4  # tabs that may be on their way at once: a cookie holds 4 KB
_LASTS_S = 600
_LONGEST_TARGET = 400
OVER = (
    "This address belongs to a sign-in that is over, or that another browser began. Please sign in once more."
)
CONFIRMED = "You are confirmed. Go back to the other tab and go on there within five minutes."
NOT_SET_UP = "This way of signing in is not set up here."

Page = str | tuple[str, int] | BaseResponse


def register(server: Flask, services: Services, guard: SessionGuard) -> None:
    """Add the routes below /sign-in."""
    pages = SignInPages(services, guard)
    rule = server.add_url_rule
    rule("/sign-in/oidc", "oidc_begin", pages.begin)
    rule("/sign-in/oidc/once-more", "oidc_once_more", pages.once_more)
    rule("/sign-in/oidc/callback", "oidc_callback", pages.callback)
    rule("/sign-in/oidc/backchannel-logout", "oidc_ended", pages.ended, methods=["POST"])
    rule("/sign-in/ldap", "ldap_sign_in", pages.directory, methods=["POST"])


class SignInPages:
    """The views; whatever goes wrong is a sentence on the page of signing in."""

    def __init__(self, services: Services, guard: SessionGuard) -> None:
        self.ways, self.guard = services.sign_in_ways, guard
        self.passkeys = services.second_factors.passkeys
        self.confirmation = services.retention.confirmation

    def begin(self) -> Page:
        """Lead to the provider; for somebody who is signed in already, to the page that was asked for."""
        target = local_path(request.args.get("next"))
        if self.ways.oidc is None:
            return message_page(404, NOT_SET_UP)
        if self.guard.signed_in():
            return to(target)
        try:
            url, attempt = self.ways.oidc.begin()
        except ProviderAway as error:
            return self._away(error, target)
        _keep(attempt, target)
        return to(url)

    def once_more(self) -> Page:
        """Lead somebody who is signed in to the provider, to confirm an act that they then go on with."""
        act = request.args.get("act", "")
        if not is_act(act):
            return message_page(400, UNKNOWN_ACT)
        try:
            url, attempt = self.confirmation.begin()
        except UserFacingError as error:
            return message_page(503, str(error))
        _keep(attempt, "/", act)
        return to(url)

    def callback(self) -> Page:
        """Take the provider's answer; the person is signed in, or told why not."""
        if self.ways.oidc is None:
            return message_page(404, NOT_SET_UP)
        taken = _taken(request.args.get("state", ""))
        if taken is not None and taken["act"]:
            return self._confirmed(self.ways.oidc, taken)
        if taken is not None:
            return self._arrived(self.ways.oidc, _attempt(taken), taken["next"])
        if self.guard.signed_in():  # the back button, or a second click
            return to("/")
        return self._login_page("/", error=OVER, by="oidc"), 400

    def ended(self) -> Page:
        """End the sessions that the provider names: it asks by itself, without a browser."""
        try:
            self.ways.ended_at_provider(request.form.get("logout_token", ""))
        except UserFacingError as error:
            answer = user_facing_error(error)
            answer.status_code = 400
            return answer
        return jsonify({})

    def directory(self) -> Page:
        """Check name and password at the hospital's directory and begin a session."""
        target, name = local_path(request.form.get("next")), request.form.get("name", "").strip()
        if self.ways.directory is None:
            return message_page(404, NOT_SET_UP)
        try:
            password = request.form.get("password", "")
            user = self.ways.sign_in_at_directory(name, password, self.guard.origin())
        except ProviderAway as error:
            return self._login_page(target, error=str(error), name=name, by="away"), 503
        except UserFacingError as error:
            return self._login_page(target, error=str(error), name=name, by="ldap"), 401
        return self.guard.arrive(user, WAY_WORDS[SignInWay.LDAP], target)

    def _arrived(self, oidc: OidcProvider, attempt: Attempt, target: str) -> Page:
        try:
            arrival = oidc.finish(request.args.to_dict(), attempt)
            user = self.ways.federated.enter(arrival.person)
        except ProviderAway as error:
            return self._away(error, target)
        except SignInRefused as error:
            return self._login_page(target, error=str(error), by="oidc"), 403
        answer = self.guard.arrive(user, WAY_WORDS[SignInWay.OIDC], target)
        self.ways.finish_oidc(user, arrival, self.guard.secret())
        return answer

    def _confirmed(self, oidc: OidcProvider, taken: Mapping[str, Any]) -> Page:
        """Keep for this session that its person has signed in once more."""
        if not self.guard.signed_in():
            return message_page(401, OVER)
        try:
            arrival = oidc.finish(request.args.to_dict(), _attempt(taken))
            user = cast(SignedIn, current_user).record
            keep_confirmation(self.confirmation.came_back(user, arrival, taken["at"], taken["act"]))
        except UserFacingError as error:
            return message_page(403, str(error))
        return message_page(200, CONFIRMED)

    def _login_page(self, target: str, *, error: str, by: str, name: str = "") -> str:
        return login_page(self.ways, self.passkeys, target, error=error, by=by, name=name)

    def _away(self, error: ProviderAway, target: str) -> Page:
        self.ways.note_away(error)
        return self._login_page(target, error=str(error), by="away"), 503


def _keep(attempt: Attempt, target: str, act: str = "") -> None:
    moment = int(time.time())
    kept: list[dict[str, Any]] = [
        each for each in session.get(ATTEMPTS, []) if moment - each["at"] < _LASTS_S
    ]
    new: dict[str, Any] = {"state": attempt.state, "nonce": attempt.nonce, "verifier": attempt.verifier}
    new |= {"next": target if len(target) <= _LONGEST_TARGET else "/", "at": moment, "act": act}
    session[ATTEMPTS] = [*kept[1 - _MOST :], new]


def _taken(state: str) -> Mapping[str, Any] | None:
    """The attempt with this state, as `_keep` kept it; it counts once."""
    kept, moment = session.get(ATTEMPTS, []), time.time()
    mine: Mapping[str, Any] | None = next((each for each in kept if state and each["state"] == state), None)
    if mine is None:
        return None
    session[ATTEMPTS] = [each for each in kept if each is not mine]
    if moment - mine["at"] >= _LASTS_S:
        return None
    return {"act": "", **mine}


def _attempt(kept: Mapping[str, Any]) -> Attempt:
    return Attempt(kept["state"], kept["nonce"], kept["verifier"])
