"""Signing in by more than a password: the second step, and passkeys in the password's place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, render_template, request
from flask import redirect as to
from werkzeug.wrappers import Response

from dashboard.auth import SessionGuard, local_path
from dashboard.login_page import login_page
from data.errors import UserFacingError
from data.records import NOTICE, User

if TYPE_CHECKING:
    from services.assembly.container import Services

Page = str | tuple[str, int] | Response
_AGAIN = "/login?expired=1"


def register(server: Flask, services: Services, guard: SessionGuard) -> None:
    """Add the routes below `/login`."""
    pages = SecondStep(services, guard)
    rule = server.add_url_rule
    rule("/login/second-factor", "second_step", pages.form)
    rule("/login/second-factor", "give_code", pages.give_code, methods=["POST"])
    rule("/login/passkey/options", "ask_for_passkey", pages.ask_for_passkey, methods=["POST"])
    rule("/login/passkey", "give_passkey", pages.give_passkey, methods=["POST"])


class SecondStep:
    """The views; somebody is signed in by the last of them."""

    def __init__(self, services: Services, guard: SessionGuard) -> None:
        self.accounts = services.accounts
        self.factors = services.second_factors
        self.ways = services.sign_in_ways
        self.guard = guard

    def form(self) -> Page:
        """Ask for the second factor; without the password before it there is nothing to ask."""
        waiting = self.guard.waiting()
        return to(_AGAIN) if waiting is None else self._form(waiting[0])

    def give_code(self) -> Page:
        """Check a code of an app or a recovery code."""
        waiting = self.guard.waiting()
        if waiting is None:
            return to(_AGAIN)
        user, target = waiting
        try:
            how = self.factors.check_code(user.id, request.form.get("code", ""))
            return self.guard.arrive(user, f"password and {how}", target)
        except UserFacingError as error:
            return self._form(user, str(error)), 401

    def ask_for_passkey(self) -> Response:
        """Say what the browser is to sign: for who has given a password, or for whoever holds a passkey."""
        waiting = self.guard.waiting() if "second" in request.form else None
        options = self.factors.passkeys.begin_asking(waiting[0].id if waiting else None, request.host_url)
        return Response(options, mimetype="application/json")

    def give_passkey(self) -> Page:
        """Check what the browser has signed: in the second step, or in the place of name and password."""
        waiting = self.guard.waiting() if "second" in request.form else None
        try:
            user_id = self.factors.check_passkey(
                waiting[0].id if waiting else None, request.form.get("answer", ""), request.host_url
            )
            user = self.accounts.user(user_id)
            assert user is not None  # a passkey's row refers to an account
            self.accounts.check_local(user)
            target = waiting[1] if waiting else local_path(request.form.get("next"))
            return self.guard.arrive(user, "password and passkey" if waiting else "passkey", target)
        except UserFacingError as error:
            if waiting is not None:
                return self._form(waiting[0], str(error)), 401
            target = local_path(request.form.get("next"))
            return login_page(self.ways, self.factors.passkeys, target, error=str(error), by="passkey"), 401

    def _form(self, user: User, error: str = "") -> str:
        factors = self.factors.of(user.id)
        passkeys = bool(factors.passkeys) and not self.factors.passkeys.why_not(request.host_url)
        given = {"user": user, "factors": factors, "passkeys": passkeys, "error": error}
        return render_template("second_step.html", notice=NOTICE, **given)
