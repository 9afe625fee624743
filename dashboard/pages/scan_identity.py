"""What a clinician says, on a scan's page, of two patients with the same name and number."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING

from dash import ALL, Dash, Input, Output, State, ctx

from dashboard.auth import require
from dashboard.components import identities as parts
from dashboard.components.outputs import beside, pressed
from dashboard.components.scan import REFRESH
from data.records import User
from services.permissions import Permission

if TYPE_CHECKING:
    from services.reviewing.identity_conflicts import IdentityConflicts


def settle(
    identities: IdentityConflicts,
    user: User,
    button: Mapping[str, str],
    birth_date: str | None,
    sex: str | None,
) -> str:
    """Do what a button says; returns a word that has the page show what holds now."""
    conflict_id = button["conflict"]
    if button["verb"] == parts.SAME:
        born = date.fromisoformat(birth_date) if birth_date else None
        identities.same_person(conflict_id, user, born, sex)
    else:
        identities.two_people(conflict_id, user)
    return f"settled {conflict_id}"


def register(app: Dash, identities: IdentityConflicts) -> None:
    """Bind the buttons."""

    @app.callback(
        Output(REFRESH, "data", allow_duplicate=True),
        Input({"type": parts.ACT, "conflict": ALL, "verb": ALL}, "n_clicks"),
        State({"type": parts.BIRTH_DATE, "conflict": ALL}, "value"),
        State({"type": parts.SEX, "conflict": ALL}, "value"),
        prevent_initial_call=True,
    )
    def _settle(clicks: list[int | None], _: list[str | None], __: list[str | None]) -> str:
        user = require(Permission.SETTLE_IDENTITIES)
        button = pressed(ctx.triggered_id, clicks)
        born, sexes = ctx.states_list
        birth_date, sex = (beside(button, each, "conflict") for each in (born, sexes))
        return settle(identities, user, button, birth_date, sex)
