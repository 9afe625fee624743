"""The page of signing in, for whoever has to show it: with the ways that there are, and what went wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import render_template, request

from data.records import NOTICE, SignInWay

if TYPE_CHECKING:
    from services.identity_providers.ways import SignInWays
    from services.second_factors.passkeys import Passkeys


def login_page(
    ways: SignInWays,
    passkeys: Passkeys,
    target: str,
    *,
    name: str = "",
    error: str = "",
    note: str = "",
    by: str = "password",
) -> str:
    """Build it; `target` is where to go on, `by` the way whose form the name and the error belong to."""
    away = [sentence for sentence in (ways.away(way) for way in SignInWay) if sentence]
    return render_template(
        "login.html",
        next=target,
        name=name,
        error=error,
        note=note,
        by=by,
        notice=NOTICE,
        oidc=ways.settings.oidc.button if ways.oidc is not None else "",
        ldap=ways.settings.ldap.button if ways.directory is not None else "",
        away=away[0] if away and error != away[0] else "",
        passkeys=not passkeys.why_not(request.host_url),
        passwords_for_all=ways.settings.passwords_for_all,
    )


def leaving_page(url: str) -> str:
    """Build the page that leads on to the provider's sign-out.

    A page and not a redirect: browsers hold redirects after a form against the page's own `form-action`.
    """
    return render_template("leaving.html", url=url)
