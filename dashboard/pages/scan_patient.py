"""A scan's page: giving the scan to another patient, withdrawing it, and restoring it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from dash import ALL, Dash, Input, Output, State, ctx
from dash.development.base_component import Component

from dashboard import accesses
from dashboard.auth import require
from dashboard.components import scan_patient as parts
from dashboard.components.outputs import Values, clicked, outputs, pressed
from dashboard.components.scan import REFRESH, SCAN_ID
from dashboard.components.scan_patient import (
    BORN,
    CHOICE,
    FIXED,
    FORM,
    GIVE,
    GIVE_NEW,
    NAME,
    NOBODY,
    NUMBER,
    REASON,
    RESTORE,
    SAID,
    SEARCH,
    SEX,
    WITHDRAW,
)
from data.errors import InvalidInput
from data.records import Identity, User
from services.permissions import Permission
from services.reviewing.scan_patients import why_fixed

if TYPE_CHECKING:
    from services.assembly.reviewing import ReviewingServices
    from services.reviewing.scan_patients import ScanPatients

MOVED = {REFRESH: "data", SAID: "children"}
FORM_SHOWN = {FIXED: "children", FORM: "hidden"}
"""Of who may move scans; others have no form."""


def withdrawn(reviewing: ReviewingServices, user: User, scan_id: str) -> Component | None:
    """Return what stands in the place of a withdrawn scan's page; None where it was not withdrawn."""
    view = reviewing.withdrawals.of_scan(scan_id, user)
    return None if view is None else parts.withdrawn(view, user)


def fixed(reviewing: ReviewingServices, user: User, scan_id: str) -> Values:
    """Return why a scan can be given to nobody else, and whether the form is hidden."""
    why = why_fixed(reviewing.scan_views.scan(scan_id, user).scan)
    return {FIXED: why, FORM: bool(why)}


def search(scan_patients: ScanPatients, user: User, words: str | None) -> Values:
    """Return the patients that fit what was typed, to choose from, and a word where there is none."""
    patients = scan_patients.search(words or "", user)
    if (words or "").strip():
        accesses.searched("patients", len(patients), [patient.pseudonym for patient in patients])
    nobody = "Nobody fits." if (words or "").strip() and not patients else ""
    return {CHOICE: {"options": parts.options(patients), "value": None}, NOBODY: nobody}


def give(scan_patients: ScanPatients, user: User, scan_id: str, pseudonym: str | None) -> Values:
    """Give a scan to a known patient."""
    if not pseudonym:
        raise InvalidInput("Choose a patient first.")
    patient = scan_patients.give(scan_id, pseudonym, user)
    return {REFRESH: f"given to {patient.id}", SAID: f"This scan is of {patient.pseudonym} now."}


def give_to_new(
    scan_patients: ScanPatients,
    user: User,
    scan_id: str,
    name: str | None,
    number: str | None,
    born: str | None,
    sex: str | None,
) -> Values:
    """Give a scan to a patient who is entered."""
    birth_date = date.fromisoformat(born) if born else None
    identity = Identity(name or None, number or None, birth_date, sex or None)
    patient = scan_patients.give_to_new(scan_id, identity, user)
    return {REFRESH: f"given to {patient.id}", SAID: f"This scan is of {patient.pseudonym} now."}


def register(app: Dash, reviewing: ReviewingServices) -> None:
    """Bind the forms; `dashboard.pages.scan` fills them."""
    _register_moving(app, reviewing.scan_patients)
    _register_withdrawing(app, reviewing)


def _register_moving(app: Dash, scan_patients: ScanPatients) -> None:
    @app.callback(
        output=outputs({CHOICE: ("options", "value"), NOBODY: "children"}),
        inputs=[Input(SEARCH, "value")],
        prevent_initial_call=True,
    )
    def _search(words: str | None) -> Values:
        return search(scan_patients, require(Permission.MOVE_SCANS), words)

    @app.callback(
        output=outputs(MOVED, again=True),
        inputs=[Input(GIVE, "n_clicks"), State(SCAN_ID, "data"), State(CHOICE, "value")],
        prevent_initial_call=True,
    )
    def _give(clicks: int | None, scan_id: str, pseudonym: str | None) -> Values:
        user = require(Permission.MOVE_SCANS)
        clicked(clicks)
        return give(scan_patients, user, scan_id, pseudonym)

    @app.callback(
        output=outputs(MOVED, again=True),
        inputs=[
            Input(GIVE_NEW, "n_clicks"),
            State(SCAN_ID, "data"),
            *(State(field, "value") for field in (NAME, NUMBER, BORN, SEX)),
        ],
        prevent_initial_call=True,
    )
    def _give_to_new(clicks: int | None, scan_id: str, *entered: str | None) -> Values:
        user = require(Permission.MOVE_SCANS)
        clicked(clicks)
        return give_to_new(scan_patients, user, scan_id, *entered)


def _register_withdrawing(app: Dash, reviewing: ReviewingServices) -> None:
    @app.callback(
        Output(REFRESH, "data", allow_duplicate=True),
        Input(WITHDRAW, "n_clicks"),
        State(SCAN_ID, "data"),
        State(REASON, "value"),
        prevent_initial_call=True,
    )
    def _withdraw(clicks: int | None, scan_id: str, reason: str | None) -> str:
        user = require(Permission.WITHDRAW_SCANS)
        clicked(clicks)
        reviewing.withdrawals.withdraw(scan_id, reason or "", user)
        return f"withdrawn {clicks}"

    @app.callback(
        Output(REFRESH, "data", allow_duplicate=True),
        Input({"type": RESTORE, "scan": ALL}, "n_clicks"),
        prevent_initial_call=True,
    )
    def _restore(clicks: list[int | None]) -> str:
        user = require(Permission.WITHDRAW_SCANS)
        scan_id = pressed(ctx.triggered_id, clicks)["scan"]
        reviewing.withdrawals.restore(scan_id, user)
        return f"restored {scan_id}"
