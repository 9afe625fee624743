"""Before an act that cannot be undone: what somebody shows once more, and what a browser is asked for it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

from flask import Flask, Response, request, session
from flask_login import current_user

from dashboard.auth import SignedIn, person
from data.errors import InvalidInput
from data.records import PasskeyAnswer, User
from services.identity_providers.confirmation import Confirmation, Given
from services.second_factors.second_factors import CHANGE_FACTORS

if TYPE_CHECKING:
    from services.assembly.container import Services

UNKNOWN_ACT = "This is nothing that has to be confirmed."
END_SESSIONS = "end sessions"
_OF_ACCOUNT = frozenset({CHANGE_FACTORS, END_SESSIONS})  # acts on plain pages
_CONFIRMED = "confirmed"  # what the provider confirmed for one act, of this session alone
_ERASES = re.compile(r"erase P-[0-9A-Z]+")


def register(server: Flask, services: Services) -> None:
    """Add the route that asks for a passkey."""
    factors = services.second_factors

    def confirm_by_passkey() -> Response:
        act = request.form.get("act", "")
        if not is_act(act):
            raise InvalidInput(UNKNOWN_ACT)
        options = factors.begin_confirming(person().id, _secret(), request.host_url, act)
        return Response(options, mimetype="application/json")

    server.add_url_rule("/confirm/passkey", "confirm_by_passkey", confirm_by_passkey, methods=["POST"])


def is_act(act: str) -> bool:
    """Whether these words are an act that is confirmed."""
    return act in _OF_ACCOUNT or _ERASES.fullmatch(act) is not None


def takes_passkey(confirmation: Confirmation, user: User) -> bool:
    """Whether somebody may let a passkey answer, at the address that they have opened."""
    return confirmation.takes_passkey(user.id, request.host_url)


def given_by(confirmation: Confirmation, user: User, password: str, answer: str) -> Given:
    """What somebody shows: what the provider confirmed, a password, or a passkey's `answer`."""
    return kept_confirmation() if confirmation.at_provider(user.id) else _password_or(answer, password)


def given_in_form() -> Given:
    """What somebody with a password of Lightbox shows in a form of a plain page."""
    return _password_or(request.form.get("confirmed", ""), request.form.get("password", ""))


def _password_or(answer: str, password: str) -> Given:
    """Who has typed a password means that."""
    return PasskeyAnswer(answer, _secret(), request.host_url) if answer and not password else password


def keep_confirmation(proof: str) -> None:
    """Keep, in this browser's session, that its person has signed in at the provider once more."""
    session[_CONFIRMED] = {"proof": proof, "of": _secret()}


def kept_confirmation() -> str:
    """What `keep_confirmation` kept in this very session; "" for none."""
    kept = session.get(_CONFIRMED, {})
    return str(kept["proof"]) if kept and kept["of"] == _secret() else ""


def _secret() -> str:
    """The secret of this browser's session."""
    return cast(SignedIn, current_user).secret
