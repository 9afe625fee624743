"""Retention: what is kept of a patient, erasing, legal holds, and rules of expiry."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dash import ALL, Dash, Input, Output, State, ctx, dcc, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import confirming
from dashboard.auth import require
from dashboard.components import retention as parts
from dashboard.components.attributes import aria
from dashboard.components.outputs import Values, clicked, outputs, pressed
from data.errors import InvalidInput
from data.records import CountedFrom, ExpiringSubject, User
from services.identity_providers.confirmation import Given
from services.permissions import Permission, may
from services.retention.erasing import act_of
from services.retention.expiry import Asked

if TYPE_CHECKING:
    from services.assembly.retention import RetentionServices
    from services.schedules.schedules import Schedules

EVERY_MS = 10_000
ANEW_TICKS = 30  # what rules would come to is counted anew so often, where nothing else has changed
TICK, SEEN = "retention-tick", "retention-seen"
KIND = "expiry"
_OTHER_PSEUDONYM = "The pseudonym that you typed is another one. Nothing was erased."
LISTS = {parts.HOLDS: "children", parts.RULES: "children", parts.RUNS: "children", parts.ERASED: "children"}
OPENED = {
    parts.ERASE: "is_open",
    parts.ERASE_HEADING: "children",
    parts.ERASE_WHY: "value",
    parts.ERASE_NAME: "value",
    parts.ERASE_PASSWORD: "value",  # pragma: allowlist secret
    parts.ERASE_CODE: "value",
    parts.ERASE_BY_CODE: "hidden",
    parts.ERASE_BY_PASSWORD: "hidden",  # pragma: allowlist secret
    parts.ERASE_BY_PASSKEY: "children",
    parts.ERASE_BY_PROVIDER: "children",
    parts.ERASE_ANSWER: "data",
    parts.REASON: "is_open",
    parts.REASON_HEADING: "children",
    parts.REASON_WHY: "value",
    parts.CHOSEN: "data",
}
RULE_FIELDS = {
    "subject": State(parts.SUBJECT, "value"),
    "days": State(parts.DAYS, "value"),
    "counted": State(parts.COUNTED, "value"),
    "task": State(parts.TASK, "value"),
    "origin": State(parts.ORIGIN, "value"),
    "synthetic": State(parts.SYNTHETIC, "value"),
}
_HEADINGS = {"hold": "Place a legal hold on {about}", "lift": "Lift this legal hold"}


def layout(user: User, _argument: str = "") -> Component:
    """Build the page; its content comes from callbacks."""
    erases = may(user, Permission.ERASE_PATIENTS)
    return html.Div(
        [
            html.Div(html.H1("Retention"), className="lb-page-head"),
            html.Section(
                [
                    html.H2("A patient"),
                    parts.search(),
                    html.Div(id=parts.FOUND, className="lb-alerts"),
                    html.Div(id=parts.HOLDINGS),
                ],
                hidden=not erases,
                **aria(live="polite"),
            ),
            html.H2("Legal holds", className="lb-section"),
            html.Div(id=parts.HOLDS, className="lb-alerts"),
            html.H2("Expiry", className="lb-section"),
            html.Div(id=parts.RULES, className="lb-alerts"),
            parts.rule_form(),
            html.H3("Last runs"),
            html.Div(id=parts.RUNS),
            html.H2("Erased", className="lb-section"),
            html.Div(id=parts.ERASED, className="lb-alerts"),
            parts.erase_form(),
            parts.reason_form(),
            dcc.Store(id=parts.CHOSEN),
            dcc.Store(id=SEEN),
            dcc.Interval(id=TICK, interval=EVERY_MS),
        ]
    )


def lists(retention: RetentionServices, schedules: Schedules, user: User) -> Values:
    """Return what stands in the lists of the page."""
    known = [view for view in schedules.views() if view.schedule.kind == KIND]
    return {
        parts.HOLDS: parts.holds(retention.holds.all(user), managed=may(user, Permission.HOLD_PATIENTS)),
        parts.RULES: parts.rules(retention.expiry.rules(user)),
        parts.RUNS: parts.runs([run for view in known for run in view.runs]),
        parts.ERASED: parts.erased(retention.erasing.recent(user)),
    }


def state_word(retention: RetentionServices, schedules: Schedules, user: User) -> str:
    """A word that is another one once a hold, a rule, a run or an erasure is; nothing is counted for it."""
    runs = [view.runs for view in schedules.views() if view.schedule.kind == KIND]
    known = (
        retention.holds.all(user),
        retention.expiry.made(user),
        runs,
        retention.erasing.recent(user),
    )
    return hashlib.sha256(repr(known).encode()).hexdigest()


def opened(
    verb: str,
    about: str,
    *,
    at_provider: bool = False,
    asks_code: bool = False,
    takes_passkey: bool = False,
) -> Values:
    """The dialog for a button: nothing stands in it yet. `at_provider`: who asks has no password here."""
    erases = verb == "erase"
    return {
        parts.ERASE: erases,
        parts.ERASE_HEADING: f"Erase {about} everywhere",
        parts.ERASE_WHY: "",
        parts.ERASE_NAME: "",
        parts.ERASE_PASSWORD: "",
        parts.ERASE_CODE: "",
        parts.ERASE_BY_PASSWORD: at_provider,
        parts.ERASE_BY_CODE: not asks_code,
        parts.ERASE_BY_PASSKEY: [parts.by_passkey(act_of(about))] if erases and takes_passkey else [],
        parts.ERASE_ANSWER: "",
        parts.ERASE_BY_PROVIDER: [parts.once_more(act_of(about))] if erases and at_provider else [],
        parts.REASON: not erases,
        parts.REASON_HEADING: _HEADINGS.get(verb, "").format(about=about),
        parts.REASON_WHY: "",
        parts.CHOSEN: {"verb": verb, "about": about},
    }


def asked_of(entered: dict[str, Any]) -> Asked:
    """What somebody has entered as a rule; raises InvalidInput without a number of days."""
    days = entered["days"]
    if not isinstance(days, int):
        raise InvalidInput("Give a whole number of days.")
    return Asked(
        ExpiringSubject(entered["subject"]),
        days,
        CountedFrom(entered["counted"]),
        "" if entered["task"] in (None, parts.EVERY_TASK) else entered["task"],
        parts.origin_of(entered["origin"]),
        bool(entered["synthetic"]),
    )


def erase(
    retention: RetentionServices, user: User, about: str, typed: str, why: str, given: Given, code: str = ""
) -> None:
    """Erase whom the dialog is about; raises InvalidInput where another pseudonym was typed."""
    if typed.strip().upper() != about:
        raise InvalidInput(_OTHER_PSEUDONYM)
    retention.erasing.erase(about, why, given, user, code)


def register(app: Dash, retention: RetentionServices, schedules: Schedules, tasks: Sequence[str]) -> None:
    """Bind the page."""
    _register_lists(app, retention, schedules, tasks)
    _register_patient(app, retention)
    _register_dialogs(app, retention, schedules)
    _register_rules(app, retention, schedules)


def _register_lists(
    app: Dash, retention: RetentionServices, schedules: Schedules, tasks: Sequence[str]
) -> None:
    @app.callback(
        output=outputs({**LISTS, SEEN: "data"}), inputs=[Input(TICK, "n_intervals"), State(SEEN, "data")]
    )
    def _show(ticks: int | None, seen: str | None) -> Values:
        user = require(Permission.SET_RETENTION)
        word = state_word(retention, schedules, user)
        if word == seen and (ticks or 0) % ANEW_TICKS:
            raise PreventUpdate
        return {**lists(retention, schedules, user), SEEN: word}

    @app.callback(Output(parts.TASK, "options"), Input(parts.TASK, "id"))
    def _tasks(_: str) -> list[dict[str, str]]:
        require(Permission.SET_RETENTION)
        return parts.task_options(tasks)


def _register_patient(app: Dash, retention: RetentionServices) -> None:
    @app.callback(
        output=outputs({parts.FOUND: "children", parts.HOLDINGS: "children"}),
        inputs=[
            Input(parts.SEARCH, "n_clicks"),
            Input(parts.WORDS, "n_submit"),
            State(parts.WORDS, "value"),
        ],
        prevent_initial_call=True,
    )
    def _search(clicks: int | None, submits: int | None, words: str | None) -> Values:
        user = require(Permission.ERASE_PATIENTS)
        clicked(clicks, submits)
        patients = retention.erasing.search(words or "", user)
        return {parts.FOUND: parts.matches(patients), parts.HOLDINGS: []}

    @app.callback(
        Output(parts.HOLDINGS, "children", allow_duplicate=True),
        Input({"type": parts.SHOW, "patient": ALL}, "n_clicks"),
        prevent_initial_call=True,
    )
    def _holdings(clicks: list[int | None]) -> list[Component]:
        user = require(Permission.ERASE_PATIENTS)
        chosen = pressed(ctx.triggered_id, clicks)["patient"]
        return parts.holdings(retention.erasing.holdings(chosen, user))


def _register_dialogs(app: Dash, retention: RetentionServices, schedules: Schedules) -> None:
    @app.callback(
        output=outputs(OPENED),
        inputs=[Input({"type": parts.ACT, "verb": ALL, "about": ALL}, "n_clicks")],
        prevent_initial_call=True,
    )
    def _open(clicks: list[int | None]) -> Values:
        user = require(Permission.HOLD_PATIENTS)
        button = pressed(ctx.triggered_id, clicks)
        return opened(
            button["verb"],
            button["about"],
            at_provider=retention.confirmation.at_provider(user.id),
            asks_code=retention.confirmation.asks_code(user.id),
            takes_passkey=confirming.takes_passkey(retention.confirmation, user),
        )

    @app.callback(
        output=outputs(
            {
                parts.ERASE: "is_open",
                parts.WORDS: "value",
                parts.FOUND: "children",
                parts.HOLDINGS: "children",
                **LISTS,
            },
            again=True,
        ),
        inputs=[
            Input(parts.ERASE_SAVE, "n_clicks"),
            State(parts.CHOSEN, "data"),
            State(parts.ERASE_NAME, "value"),
            State(parts.ERASE_WHY, "value"),
            State(parts.ERASE_PASSWORD, "value"),
            State(parts.ERASE_CODE, "value"),
            State(parts.ERASE_ANSWER, "data"),
        ],
        prevent_initial_call=True,
    )
    def _erase(
        clicks: int | None,
        chosen: dict[str, str],
        typed: str | None,
        why: str | None,
        password: str | None,
        code: str | None,
        answer: str | None,
    ) -> Values:
        user = require(Permission.ERASE_PATIENTS)
        clicked(clicks)
        given = confirming.given_by(retention.confirmation, user, password or "", answer or "")
        erase(retention, user, chosen["about"], typed or "", why or "", given, code or "")
        gone: Values = {parts.ERASE: False, parts.WORDS: "", parts.FOUND: [], parts.HOLDINGS: []}
        return gone | lists(retention, schedules, user)

    @app.callback(
        output=outputs({parts.REASON: "is_open", parts.HOLDINGS: "children", **LISTS}, again=True),
        inputs=[
            Input(parts.REASON_SAVE, "n_clicks"),
            State(parts.CHOSEN, "data"),
            State(parts.REASON_WHY, "value"),
        ],
        prevent_initial_call=True,
    )
    def _hold(clicks: int | None, chosen: dict[str, str], why: str | None) -> Values:
        user = require(Permission.HOLD_PATIENTS)
        clicked(clicks)
        if chosen["verb"] == "lift":
            retention.holds.lift(chosen["about"], why or "", user)
        else:
            retention.holds.place(chosen["about"], why or "", user)
        return {parts.REASON: False, parts.HOLDINGS: []} | lists(retention, schedules, user)


def _register_rules(app: Dash, retention: RetentionServices, schedules: Schedules) -> None:
    @app.callback(
        Output(parts.PREVIEW, "children"),
        inputs={"clicks": Input(parts.TRY, "n_clicks"), "entered": RULE_FIELDS},
        prevent_initial_call=True,
    )
    def _try(clicks: int | None, entered: dict[str, Any]) -> str:
        user = require(Permission.SET_RETENTION)
        clicked(clicks)
        return retention.expiry.preview(asked_of(entered), user).sentence

    @app.callback(
        output=outputs(LISTS, again=True),
        inputs={"clicks": Input(parts.ADD, "n_clicks"), "entered": RULE_FIELDS},
        prevent_initial_call=True,
    )
    def _add(clicks: int | None, entered: dict[str, Any]) -> Values:
        user = require(Permission.SET_RETENTION)
        clicked(clicks)
        retention.expiry.add(asked_of(entered), user)
        return lists(retention, schedules, user)

    @app.callback(
        output=outputs(LISTS, again=True),
        inputs=[Input({"type": parts.RULE, "rule": ALL, "verb": ALL}, "n_clicks")],
        prevent_initial_call=True,
    )
    def _change(clicks: list[int | None]) -> Values:
        user = require(Permission.SET_RETENTION)
        button = pressed(ctx.triggered_id, clicks)
        if button["verb"] == "delete":
            retention.expiry.delete(button["rule"], user)
        else:
            retention.expiry.switch(button["rule"], user, on=button["verb"] == "on")
        return lists(retention, schedules, user)
