"""Plain Flask pages: signing in and out, one's own password, sessions and API tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, jsonify, render_template, request
from flask import redirect as to
from werkzeug.wrappers import Response

from dashboard.auth import SessionGuard, local_path, person
from data.errors import UserFacingError
from data.records import NOTICE

if TYPE_CHECKING:
    from services.assembly.container import Services

EXPIRED = "You were signed out, perhaps because nobody was active for a while. Please sign in again."

Page = str | tuple[str, int] | Response


def register(server: Flask, services: Services, guard: SessionGuard) -> None:
    """Add the routes of `/login`, `/logout`, `/account` and `/session`."""
    pages = AccountPages(services, guard)
    rule = server.add_url_rule
    rule("/login", "login", pages.login)
    rule("/login", "sign_in", pages.sign_in, methods=["POST"])
    rule("/logout", "logout", pages.logout, methods=["POST"])
    rule("/session", "session_alive", pages.alive, methods=["POST"])
    rule("/session", "session_left", pages.left)
    rule("/account", "account", pages.account)
    rule("/account/password", "password", pages.password)
    rule("/account/password", "change_password", pages.change_password, methods=["POST"])
    rule("/account/sign-out-everywhere", "everywhere", pages.everywhere, methods=["POST"])
    rule("/account/tokens", "create_token", pages.create_token, methods=["POST"])
    rule("/account/tokens/<token_id>/revoke", "revoke_token", pages.revoke_token, methods=["POST"])


class AccountPages:
    """The views; each answers one form."""

    def __init__(self, services: Services, guard: SessionGuard) -> None:
        self.accounts = services.accounts
        self.guard = guard

    def login(self) -> Page:
        """Show the sign-in form, or go on for somebody who is signed in already."""
        target = local_path(request.args.get("next"))
        if self.guard.signed_in():
            return to(target)
        note = EXPIRED if "expired" in request.args else ""
        return self._login_form(target, note=note)

    def sign_in(self) -> Page:
        """Check name and password and begin a session."""
        target = local_path(request.form.get("next"))
        name = request.form.get("name", "").strip()
        try:
            user = self.accounts.sign_in(name, request.form.get("password", ""))
        except UserFacingError as error:
            return self._login_form(target, name=name, error=str(error)), 401
        self.guard.begin(user)
        return to("/account/password" if user.must_change_password else target)

    def logout(self) -> Page:
        """End this session."""
        self.guard.end()
        return to("/login")

    def alive(self) -> Page:
        """Take the page's word that a person did something: the guard notes whatever is sent."""
        return Response(status=204)

    def left(self) -> Page:
        """Say in seconds how long the session lasts if nobody is active; to ask is no activity."""
        left, idle = self.guard.left()
        return jsonify(left_s=left.total_seconds(), idle_s=idle.total_seconds())

    def account(self) -> Page:
        """Show the account page."""
        return self._account()

    def password(self) -> Page:
        """Show the form for a new password."""
        return render_template("password.html", user=person())

    def change_password(self) -> Page:
        """Set a new password; a first one leads on to the work."""
        user, form = person(), request.form
        if form.get("new", "") != form.get("again", ""):
            return self._password_error("The two new passwords are not the same.")
        try:
            self.accounts.change_password(user.id, form.get("old", ""), form.get("new", ""))
        except UserFacingError as error:
            return self._password_error(str(error))
        # The change may have ended all sessions; the person who made it stays signed in.
        self.guard.begin(self.accounts.user(user.id) or user)
        return to("/" if user.must_change_password else "/account?changed=1")

    def everywhere(self) -> Page:
        """End every session of this person."""
        self.accounts.sign_out_everywhere(person().id)
        self.guard.end()
        return to("/login")

    def create_token(self) -> Page:
        """Make a token and show its secret, this once."""
        label = request.form.get("label", "").strip()
        try:
            token, secret = self.accounts.create_token(person().id, label)
        except UserFacingError as error:
            return self._account(error=str(error)), 400
        return self._account(secret=secret, new_label=token.label)

    def revoke_token(self, token_id: str) -> Page:
        """Make a token useless from now on."""
        self.accounts.revoke_token(person().id, token_id)
        return to("/account#tokens")

    def _login_form(self, target: str, name: str = "", error: str = "", note: str = "") -> str:
        return render_template("login.html", next=target, name=name, error=error, note=note, notice=NOTICE)

    def _password_error(self, sentence: str) -> Page:
        return render_template("password.html", user=person(), error=sentence), 400

    def _account(self, error: str = "", secret: str = "", new_label: str = "") -> str:
        user = person()
        tokens = [token for token in self.accounts.tokens(user.id) if token.revoked_at is None]
        return render_template(
            "account.html",
            user=user,
            tokens=tokens,
            error=error,
            secret=secret,
            new_label=new_label,
            changed="changed" in request.args,
        )
