"""One's own second factors: an app that shows codes, passkeys, recovery codes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from flask import Flask, render_template, request
from flask import redirect as to
from werkzeug.wrappers import Response

from dashboard.auth import SessionGuard, person
from dashboard.confirming import given_in_form
from data.errors import UserFacingError
from services.second_factors.passkeys import LONGEST_NAME
from services.second_factors.second_factors import CHANGE_FACTORS

if TYPE_CHECKING:
    from services.assembly.container import Services

Page = str | tuple[str, int] | Response
_PAGE = "/account/second-factor"


def register(server: Flask, services: Services, guard: SessionGuard) -> None:
    """Add the routes of `/account/second-factor`."""
    pages = SecondFactorPages(services, guard)
    rule = server.add_url_rule
    rule(_PAGE, "second_factor", pages.show)
    rule(f"{_PAGE}/app", "set_up_app", pages.set_up_app, methods=["POST"])
    rule(f"{_PAGE}/app/remove", "remove_app", pages.remove_app, methods=["POST"])
    rule(f"{_PAGE}/recovery-codes", "renew_codes", pages.renew_codes, methods=["POST"])
    rule(f"{_PAGE}/passkeys/options", "begin_passkey", pages.begin_passkey, methods=["POST"])
    rule(f"{_PAGE}/passkeys", "add_passkey", pages.add_passkey, methods=["POST"])
    rule(f"{_PAGE}/passkeys/<passkey_id>/remove", "remove_passkey", pages.remove_passkey, methods=["POST"])


class SecondFactorPages:
    """The views; each answers one form, and a change rotates the session's secret."""

    def __init__(self, services: Services, guard: SessionGuard) -> None:
        self.accounts = services.accounts
        self.factors = services.second_factors
        self.guard = guard

    def show(self) -> Page:
        """Show what there is, and how to set up what there is not."""
        return self._page()

    def set_up_app(self) -> Page:
        """Make an app a second factor, by a code that it shows."""
        form = request.form
        return self._changed(
            lambda: self.factors.confirm_app(person().id, given_in_form(), form.get("code", ""))
        )

    def add_passkey(self) -> Page:
        """Keep the passkey that the browser has made."""
        form = request.form
        return self._changed(
            lambda: self.factors.add_passkey(
                person().id, form.get("name", ""), form.get("answer", ""), request.host_url
            )
        )

    def begin_passkey(self) -> Response:
        """Say what the browser is to make a passkey by, to who has given the password, or a passkey."""
        options = self.factors.begin_passkey(person().id, given_in_form(), request.host_url)
        return Response(options, mimetype="application/json")

    def remove_app(self) -> Page:
        """No app any more."""
        return self._changed(lambda: self.factors.remove_app(person().id, given_in_form()))

    def remove_passkey(self, passkey_id: str) -> Page:
        """One passkey less."""
        return self._changed(lambda: self.factors.remove_passkey(person().id, given_in_form(), passkey_id))

    def renew_codes(self) -> Page:
        """Show new recovery codes, this once."""
        try:
            codes = self.factors.renew_recovery_codes(person().id, given_in_form())
        except UserFacingError as error:
            return self._page(error=str(error)), 400
        return self._page(codes=codes)

    def _changed(self, change: Callable[[], Sequence[str] | None]) -> Page:
        """Make a change, which ends all sessions; the person who made it stays signed in."""
        try:
            codes = change()
        except UserFacingError as error:
            return self._page(error=str(error)), 400
        self.guard.begin(self.accounts.user(person().id) or person())
        return self._page(codes=codes) if codes else to(f"{_PAGE}?changed=1")

    def _page(self, error: str = "", codes: Sequence[str] = ()) -> str:
        user = person()
        factors = self.factors.of(user.id)
        set_up = None if factors.app_since else self.factors.begin_app(user.id, user.name)
        return render_template(
            "second_factor.html",
            user=user,
            factors=factors,
            set_up=set_up,
            codes=codes,
            error=error,
            changed="changed" in request.args,
            must=self.factors.missing(user),
            no_passkeys=self.factors.passkeys.why_not(request.host_url),
            confirms=CHANGE_FACTORS if self.factors.takes_passkey(user.id, request.host_url) else "",
            longest_name=LONGEST_NAME,
        )
