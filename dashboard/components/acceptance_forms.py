"""The forms of local acceptance: fix and end a protocol, begin a test, sign one."""

from __future__ import annotations

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.acceptance import hidden_unless, select
from dashboard.components.fields import labelled
from data.records import AcceptanceLimits, User
from services.permissions import Permission

WITH, WITHOUT, RECALL, SPECIFICITY, DICE, MASKS, REFUSED = (
    f"acceptance-fix-{part}"
    for part in ("with", "without", "recall", "specificity", "dice", "masks", "refused")
)
MASK_FIELDS, FIX_WHY, FIX, END = (
    f"acceptance-fix-{part}" for part in ("mask-fields", "why", "button", "end")
)
VERSION, SCANNER, BEGIN, BEGIN_NOT = (
    f"acceptance-begin-{part}" for part in ("version", "scanner", "button", "not")
)
SIGN_FORM, SIGN_WORDS, SIGN_WHY, SIGN, NUMBERS = (
    f"acceptance-sign-{part}" for part in ("form", "words", "why", "button", "numbers")
)
LIMIT_FIELDS = (WITH, WITHOUT, RECALL, SPECIFICITY, DICE, MASKS, REFUSED)


def fix_form(user: User) -> Component:
    """What a version must reach from the next test on; for who fixes protocols."""
    return html.Details(
        [
            html.Summary("Fix new limits, or end the protocol"),
            html.P(
                "They hold for tests that begin from now on; a test that has begun is held against its own. "
                "Shares are in per cent, Dice is a fraction of 1; a field left empty asks nothing.",
                className="text-secondary",
            ),
            html.Div(
                [
                    _field("Recall, lower end at least (%)", RECALL),
                    _field("Cases with the finding, at least", WITH),
                    _field("Specificity, lower end at least (%)", SPECIFICITY),
                    _field("Cases without it, at least", WITHOUT),
                    _field("Refused scans, upper end at most (%)", REFUSED),
                ],
                className="lb-acceptance-form",
            ),
            html.Div(
                [
                    _field("Mean Dice, lower end at least (0 to 1)", DICE),
                    _field("Cases with a drawn mask, at least", MASKS),
                ],
                id=MASK_FIELDS,
                className="lb-acceptance-form",
            ),
            labelled("Why", dcc.Textarea(id=FIX_WHY, className="form-control")),
            html.Div(
                [
                    html.Button("Fix these limits", id=FIX, className="btn btn-sm btn-primary"),
                    html.Button("End the protocol", id=END, className="btn btn-sm btn-outline-danger"),
                ],
                className="lb-exports mt-2",
            ),
        ],
        className=hidden_unless(user, Permission.FIX_ACCEPTANCE_PROTOCOLS),
    )


def begin_form(user: User) -> Component:
    """Which version reads the reviewed scans of which scanner; for who runs tests."""
    return html.Section(
        [
            html.H2("Test a version on a scanner"),
            html.P(
                "The version reads every real scan of this scanner that somebody has reviewed, in the "
                "background and apart from all results. A version can be tested before it goes live.",
                className="text-secondary",
            ),
            html.Div(
                [
                    labelled("Version", select(VERSION)),
                    labelled("Scanner", select(SCANNER)),
                    html.Button("Begin the test", id=BEGIN, className="btn btn-primary", disabled=True),
                ],
                className="lb-acceptance-form",
            ),
            html.Div(id=BEGIN_NOT),
        ],
        className=hidden_unless(user, Permission.RUN_ACCEPTANCE_TESTS, "lb-card"),
    )


def sign_form() -> Component:
    """Sign the test that is shown; hidden until one can be signed by who looks."""
    return html.Section(
        [
            html.H2("Sign this test"),
            html.Div(id=SIGN_WORDS),
            dcc.Store(id=NUMBERS),
            labelled("Why", dcc.Textarea(id=SIGN_WHY, className="form-control")),
            html.Button("Sign", id=SIGN, className="btn btn-primary mt-2"),
        ],
        id=SIGN_FORM,
        className="lb-card lb-hidden",
    )


def typed(limits: AcceptanceLimits | None) -> dict[str, str]:
    """Limits as they are typed, by the id of their field; empty where there are none yet."""
    if limits is None:
        return dict.fromkeys(LIMIT_FIELDS, "")
    return {
        WITH: str(limits.least_with),
        WITHOUT: str(limits.least_without),
        RECALL: f"{100 * limits.recall:g} %",
        SPECIFICITY: f"{100 * limits.specificity:g} %",
        DICE: "" if limits.dice is None else f"{limits.dice:g}",
        MASKS: "" if limits.dice is None else str(limits.least_masks),
        REFUSED: "" if limits.most_refused is None else f"{100 * limits.most_refused:g} %",
    }


def _field(words: str, name: str) -> Component:
    return labelled(words, dbc.Input(id=name, size="sm"))
