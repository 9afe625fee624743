"""How far readers agree: two who read the same results blind, and each alone, the AI and both."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import dash_bootstrap_components as dbc
from dash import html
from dash.development.base_component import Component

from dashboard.components.results import local_time
from data.records import UnaidedRule, User
from services.cohort.small_numbers import FEW, LEAST
from services.permissions import Permission, may

if TYPE_CHECKING:
    from services.reviewing.agreement import Agreement
    from services.reviewing.reader_study import Pairing, ReaderStudy

READERS = "performance-readers"
STUDY = "performance-unaided"
RULE = "performance-unaided-rule"  # what holds, in words
PERCENT = "performance-unaided-percent"
SET = "performance-unaided-set"
SAID = "performance-unaided-said"
NONE_GIVEN = "Nobody has read a scan of this task without the AI first yet."
NONE_ASKED = "Nobody has asked for a second reading yet; that is done on a scan's page."


def panel(agreement: Agreement) -> Component:
    """Kappa of verdict and truth and Dice of masks, each with its interval and n."""
    if not agreement.asked:
        return html.P(NONE_ASKED, className="text-secondary mb-0")
    head = html.Thead(html.Tr([html.Th(name) for name in ("", "Value", "95 % interval", "n")]))
    rows = [
        _row("Cohen's kappa of the verdict", *vars(agreement.verdict_kappa).values()),
        _row("Cohen's kappa of what is true", *vars(agreement.truth_kappa).values()),
        _row("Dice of both masks", *vars(agreement.dice).values()),
    ]
    table = html.Table([head, html.Tbody(rows)], className="lb-numbers")
    said = (
        f"Asked for {agreement.asked}; {agreement.waiting} still to be read, {agreement.undecided} to be "
        f"decided by a third, {agreement.decided} decided."
    )
    return html.Div([html.P(said, className="text-secondary"), html.Div(table, className="lb-scroll")])


def _row(name: str, value: float, low: float, high: float, n: int) -> Component:
    cells = ["not defined", ""] if math.isnan(value) else [f"{value:.2f}", f"{low:.2f} to {high:.2f}"]
    return html.Tr([html.Th(name), *(html.Td(cell) for cell in cells), html.Td(str(n))])


def study_panel(study: ReaderStudy) -> Component:
    """Reader alone, AI, and reader with AI: how far they agree, and how often a reader changed their mind."""
    if not study.given and not study.shown_before:
        return html.P(NONE_GIVEN, className="text-secondary mb-0")
    said = (
        f"Read without the AI: {study.given}. Result shown before that: {study.shown_before}, which nothing "
        f"here counts. Judged with the AI since: {study.judged}."
    )
    parts: list[Component] = [html.P(said, className="text-secondary")]
    if study.withheld:
        parts.append(html.P(f"Fewer than {LEAST} were judged since: their figures are withheld."))
    elif study.pairings:
        parts += [html.P(_changes(study)), html.Div(_pairings(study), className="lb-scroll")]
    return html.Div(parts)


def _changes(study: ReaderStudy) -> str:
    changed = FEW if study.changed is None else str(study.changed)
    to_ai = FEW if study.to_ai is None else str(study.to_ai)
    return (
        f"Another finding after the AI's result: {changed} of {study.judged}; of these towards what the AI "
        f"says: {to_ai}."
    )


def _pairings(study: ReaderStudy) -> Component:
    names = ("", "Agree", "Cohen's kappa", "95 % interval", "Dice of both masks", "95 % interval", "n drawn")
    head = html.Thead(html.Tr([html.Th(name) for name in names]))
    return html.Table(
        [head, html.Tbody([_pairing(pairing) for pairing in study.pairings])], className="lb-numbers"
    )


def _pairing(pairing: Pairing) -> Component:
    agree = FEW if pairing.agree is None else f"{pairing.agree} of {pairing.n}"
    cells = [agree]
    for figure in (pairing.kappa, pairing.dice):
        unknown = math.isnan(figure.value)
        cells += (
            ["not defined", ""]
            if unknown
            else [f"{figure.value:.2f}", f"{figure.low:.2f} to {figure.high:.2f}"]
        )
    return html.Tr([html.Th(pairing.name), *(html.Td(cell) for cell in cells), html.Td(str(pairing.dice.n))])


def rule_form(user: User) -> Component:
    """Build the form that sets the share of new scans which are read without the AI first."""
    return html.Div(
        [
            html.P(id=RULE, role="status"),
            html.Div(
                [
                    html.Label("Of new scans, read without the AI first (%)", htmlFor=PERCENT),
                    dbc.Input(id=PERCENT, type="number", min=0, max=100, step=1, size="sm"),
                    dbc.Button("Set", id=SET, color="primary", outline=True, size="sm"),
                    html.Span(id=SAID, role="status", className="text-secondary"),
                ],
                className="lb-goals",
                # Nobody is the person of the validation layout, in which every control must be.
                hidden=not may(user, Permission.SET_UNAIDED_RULES),
            ),
        ]
    )


def rule_words(rule: UnaidedRule | None) -> str:
    """Say which rule holds, since when and by whom."""
    if rule is None:
        return "No rule: scans are read without the AI first where a reader asks for it."
    share = {0: "No new scan is", 100: "Every new scan is"}.get(
        rule.percent, f"{rule.percent} % of the new scans are"
    )
    return (
        f"{share} read without the AI by the reviewer who opens it first, since "
        f"{local_time(rule.created_at)} (set by {rule.set_name})."
    )
