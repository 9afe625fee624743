"""What is kept of patients, legal holds, rules of expiry and erasures, as a privacy officer sees them."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.attributes import aria, data
from dashboard.components.dialog import form_dialog
from dashboard.components.facts import fact_list, warning
from dashboard.components.icons import icon
from dashboard.components.results import local_date, local_time
from data.records import (
    CountedFrom,
    Erasure,
    ErasureState,
    ExpiringSubject,
    LegalHold,
    Origin,
    Patient,
    ScheduleRun,
)
from services.retention.erasing import Holdings
from services.retention.expiry import COUNTED_WORDS, ORIGIN_WORDS, SUBJECT_WORDS, Preview
from services.retention.kept import KEPT, Kept
from services.task_words import words_of

WORDS, SEARCH, FOUND = "retention-words", "retention-search", "retention-found"
HOLDINGS = "retention-holdings"
SHOW = "retention-show"  # type of the buttons: {"type", "patient"}
CHOSEN = "retention-chosen"  # the pseudonym that a dialog is about
ACT = "retention-act"  # type of the buttons: {"type", "verb", "about"}
ERASE, ERASE_HEADING, ERASE_SAVE = "erase-form", "erase-heading", "erase-save"
ERASE_BY_PASSWORD, ERASE_BY_PROVIDER = "erase-by-password", "erase-by-provider"
ERASE_WHY, ERASE_NAME, ERASE_PASSWORD = "erase-why", "erase-name", "erase-password"  # noqa: S105  # pragma: allowlist secret
ERASE_CODE, ERASE_BY_CODE = "erase-code", "erase-by-code"
ERASE_BY_PASSKEY, ERASE_ANSWER = "erase-by-passkey", "erase-answer"
_ANSWERED = "erase-answered"  # where it says so
REASON, REASON_HEADING, REASON_SAVE, REASON_WHY = "hold-form", "hold-heading", "hold-save", "hold-why"
HOLDS, ERASED, RULES, RUNS = "retention-holds", "retention-erased", "retention-rules", "retention-runs"
SUBJECT, DAYS, COUNTED, TASK = "rule-subject", "rule-days", "rule-counted", "rule-task"
ORIGIN, SYNTHETIC, PREVIEW, TRY, ADD = "rule-origin", "rule-synthetic", "rule-preview", "rule-try", "rule-add"
RULE = "retention-rule"  # type of the buttons: {"type", "rule", "verb"}
EVERY_TASK, EVERY_WAY = "every", "every"
_ERASES = (
    "All of this patient goes for good, everywhere in Lightbox: pictures, results, reviews, rows of drift, "
    "retraining packs, kept reports that show it. Backups and other systems keep what they have."
)
_NOBODY = "Nobody is called so here. Part of the name, the patient number or the pseudonym will do."
_NO_HOLDS = "No patient is under legal hold."
_NO_RULES = "No rule yet: nothing is erased by itself."
_NO_RUNS = "Expiry has not run yet. It runs every night where a rule is on."
_NOTHING = "Nothing was erased yet."


def search() -> Component:
    """Ask for a patient."""
    return html.Div(
        [
            html.Label("Name, patient number or pseudonym", htmlFor=WORDS),
            html.Div(
                [
                    dbc.Input(
                        id=WORDS,
                        autocomplete="off",
                        maxlength=200,
                        style={"flex": "1 1 12rem", "width": "auto"},
                    ),
                    html.Button("Find", id=SEARCH, className="btn btn-primary"),
                ],
                className="d-flex gap-2 flex-wrap",
            ),
        ],
        className="lb-form",
    )


def matches(patients: Sequence[Patient]) -> list[Component]:
    """Show who fits."""
    return [_person(patient) for patient in patients] or [html.P(_NOBODY, className="text-secondary")]


def _person(patient: Patient) -> Component:
    identity = patient.identity
    told = [] if identity is None else [identity.name, identity.patient_id, _born(patient)]
    button = html.Button(
        "What is kept",
        id={"type": SHOW, "patient": patient.pseudonym},
        className="btn btn-sm btn-outline-primary",
        **aria(label=f"What is kept of {patient.pseudonym}"),
    )
    return html.Article(
        [
            html.Div([html.Strong(patient.pseudonym)], className="lb-alert-head"),
            html.Div(" · ".join(each for each in told if each), className="lb-breaks"),
            html.Div([button], className="lb-alert-acts"),
        ],
        className="lb-card lb-schedule",
    )


def _born(patient: Patient) -> str:
    born = patient.identity.birth_date if patient.identity else None
    return f"born {born:%Y-%m-%d}" if born else ""


def holdings(known: Holdings) -> list[Component]:
    """Show what is kept of a patient, and what can be done."""
    pseudonym = known.patient.pseudonym
    notes = [
        warning(f"Under legal hold since {local_date(hold.placed_at)}: {hold.reason}") for hold in known.holds
    ]
    if known.sent_to:
        notes.append(warning(f"Results were sent to {', '.join(known.sent_to)}, which keep them."))
    if known.words_in_audit:
        notes.append(
            warning(
                f"{known.words_in_audit:,} events of the audit trail name the patient in words; they stay."
            )
        )
    return [
        html.H3(f"What is kept of {pseudonym}"),
        *notes,
        *(_kept(kept, counted) for kept in KEPT if (counted := kept.counted(known.counts))),
        html.Details(
            [
                html.Summary("For technicians: rows by table"),
                fact_list([(name, f"{n:,}") for name, n in sorted(known.counts.items())]),
            ]
        ),
        html.Div(
            [
                _button("Place a legal hold", "hold", pseudonym, disabled=bool(known.holds)),
                _button("Erase…", "erase", pseudonym, danger=True, disabled=bool(known.holds)),
            ],
            className="lb-alert-acts",
        ),
    ]


def _kept(kept: Kept, counted: str) -> Component:
    """One purpose: how much there is, and what a privacy officer asks of it."""
    told = [
        ("Here", counted),
        ("What it is", kept.holds),
        ("Why", kept.why),
        ("How long", kept.how_long),
        ("Erasing", kept.erased),
    ]
    return html.Section([html.H4(kept.title), fact_list(told)], className="lb-card lb-kept")


def _button(words: str, verb: str, about: str, *, danger: bool = False, disabled: bool = False) -> Component:
    return html.Button(
        words,
        id={"type": ACT, "verb": verb, "about": about},
        className=f"btn btn-sm btn-outline-{'danger' if danger else 'secondary'}",
        disabled=disabled,
        **aria(label=f"{words.rstrip('…')}: {about}"),
    )


def erase_form() -> Component:
    """Ask for a reason, the pseudonym and the password before anything is erased."""
    fields = [
        html.P(_ERASES),
        html.Label("Why (it stays in the audit trail; name nobody)", htmlFor=ERASE_WHY),
        dbc.Input(id=ERASE_WHY, maxlength=500, autocomplete="off"),
        html.Label("Type the pseudonym", htmlFor=ERASE_NAME),
        dbc.Input(id=ERASE_NAME, maxlength=16, autocomplete="off"),
        html.Div(
            [
                html.Label("Your password", htmlFor=ERASE_PASSWORD),
                dbc.Input(id=ERASE_PASSWORD, type="password", autocomplete="current-password"),
            ],
            id=ERASE_BY_PASSWORD,
        ),
        html.Div(
            [
                html.Label("The code that your app shows now, or a recovery code", htmlFor=ERASE_CODE),
                dbc.Input(id=ERASE_CODE, maxlength=32, autocomplete="one-time-code"),
            ],
            id=ERASE_BY_CODE,
        ),
        html.Div(id=ERASE_BY_PASSKEY),
        html.Div(id=ERASE_BY_PROVIDER),
        dcc.Store(id=ERASE_ANSWER),
    ]
    return form_dialog(ERASE, ERASE_HEADING, fields, ERASE_SAVE, says="Erase for good", colour="danger")


def by_passkey(act: str) -> Component:
    """The button with which a passkey answers in the place of the password (assets/confirming.js)."""
    return html.Div(
        [
            html.Button(
                [icon("fingerprint"), "Use a passkey instead"],
                id="erase-use-passkey",
                type="button",
                className="btn btn-sm btn-outline-primary",
                **data(confirms=act, answer=ERASE_ANSWER, says=_ANSWERED, instead_of=ERASE_PASSWORD),
            ),
            html.P(id=_ANSWERED, className="mb-0", role="status"),
        ]
    )


def once_more(act: str) -> Component:
    """The way to the provider for who has no password here; it opens a tab, so that this dialog stays."""
    return html.P(
        [
            html.A(
                "Sign in at the hospital once more",
                href=f"/sign-in/oidc/once-more?{urlencode({'act': act})}",
                target="_blank",
                className="btn btn-sm btn-outline-primary",
            ),
            html.Span(" in a tab of its own, then come back here: it counts for five minutes."),
        ]
    )


def reason_form() -> Component:
    """Ask why a hold is placed or lifted."""
    fields = [
        html.Label("Why (it stays in the audit trail; name nobody)", htmlFor=REASON_WHY),
        dbc.Input(id=REASON_WHY, maxlength=500, autocomplete="off"),
    ]
    return form_dialog(REASON, REASON_HEADING, fields, REASON_SAVE)


def holds(known: Sequence[LegalHold], *, managed: bool) -> list[Component]:
    """Show every hold; with a button for who may lift it."""
    return [_hold(hold, managed) for hold in known] or [html.P(_NO_HOLDS, className="text-secondary")]


def _hold(hold: LegalHold, managed: bool) -> Component:
    lines = [html.Div(hold.reason, className="lb-breaks")]
    placed = f"since {local_time(hold.placed_at)}, by {hold.placed_name}"
    if hold.lifted_at is not None:
        placed += f"; lifted {local_time(hold.lifted_at)}, by {hold.lifted_name}: {hold.lift_reason}"
    badge = html.Span("holds" if hold.holds else "lifted", className="lb-badge")
    acts = [_lift(hold)] if managed and hold.holds else []
    return html.Article(
        [
            html.Div([html.Strong(hold.pseudonym), badge], className="lb-alert-head"),
            html.Div([*lines, html.Div(placed, className="lb-alert-times lb-breaks")]),
            html.Div(acts, className="lb-alert-acts"),
        ],
        className="lb-card lb-schedule",
    )


def _lift(hold: LegalHold) -> Component:
    return html.Button(
        "Lift",
        id={"type": ACT, "verb": "lift", "about": hold.id},
        className="btn btn-sm btn-outline-secondary",
        **aria(label=f"Lift the hold on {hold.pseudonym}"),
    )


def task_options(tasks: Sequence[str]) -> list[dict[str, str]]:
    """The tasks for the menu."""
    named = [{"value": task, "label": words_of(task).label} for task in tasks]
    return [{"value": EVERY_TASK, "label": "Every task"}, *named]


def rule_form() -> Component:
    """Ask for a rule, which is kept switched off; the tasks come when the page is opened."""
    subjects = [{"value": each.value, "label": words} for each, words in SUBJECT_WORDS.items()]
    counted = [{"value": each.value, "label": words} for each, words in COUNTED_WORDS.items()]
    ways = [{"value": each.value or EVERY_WAY, "label": words} for each, words in ORIGIN_WORDS.items()]
    return html.Details(
        [
            html.Summary("A new rule"),
            html.Div(
                [
                    html.Label("What is erased", htmlFor=SUBJECT),
                    dbc.Select(id=SUBJECT, options=subjects, value=ExpiringSubject.SCANS.value),
                    html.Label("After how many days", htmlFor=DAYS),
                    dbc.Input(id=DAYS, type="number", min=1, max=36_500, step=1, value=3650),
                    html.Label("Scans: counted since they were", htmlFor=COUNTED),
                    dbc.Select(id=COUNTED, options=counted, value=CountedFrom.ACQUIRED.value),
                    html.Label("Scans: of which task", htmlFor=TASK),
                    dbc.Select(id=TASK, options=task_options([]), value=EVERY_TASK),
                    html.Label("Scans: that came", htmlFor=ORIGIN),
                    dbc.Select(id=ORIGIN, options=ways, value=EVERY_WAY),
                    dbc.Checkbox(
                        id=SYNTHETIC, label="Those of the demonstration, not real ones", value=False
                    ),
                    html.Div(id=PREVIEW, **aria(live="polite")),
                    html.Div(
                        [
                            html.Button("What would it erase?", id=TRY, className="btn btn-outline-primary"),
                            html.Button("Keep it, switched off", id=ADD, className="btn btn-primary"),
                        ],
                        className="d-flex gap-2 flex-wrap",
                    ),
                ],
                className="lb-form",
            ),
        ],
    )


def rules(previews: Sequence[Preview]) -> list[Component]:
    """Show every rule with what it would come to now."""
    return [_rule(preview) for preview in previews] or [html.P(_NO_RULES, className="text-secondary")]


def _rule(preview: Preview) -> Component:
    rule, words = preview.rule, preview.words[:1].upper() + preview.words[1:]
    verbs = (("off", "Switch off") if rule.active else ("on", "Switch on"), ("delete", "Delete"))
    buttons = [
        html.Button(
            label,
            id={"type": RULE, "rule": rule.id, "verb": verb},
            className="btn btn-sm btn-outline-secondary",
            **aria(label=f"{label}: {words}"),
        )
        for verb, label in verbs
    ]
    by = f"made by {rule.made_name}, {local_date(rule.made_at)}"
    if rule.switched_at is not None:
        state = "on" if rule.active else "off"
        by += f"; switched {state} by {rule.switched_name}, {local_date(rule.switched_at)}"
    badge = html.Span("on" if rule.active else "off", className="lb-badge")
    return html.Article(
        [
            html.Div([html.Strong(words), badge], className="lb-alert-head"),
            html.Div([html.Div(preview.sentence), html.Div(by, className="lb-alert-times lb-breaks")]),
            html.Div(buttons, className="lb-alert-acts"),
        ],
        className="lb-card lb-schedule",
    )


def runs(known: Sequence[ScheduleRun]) -> list[Component]:
    """Show the last runs of expiry."""
    if not known:
        return [html.P(_NO_RUNS, className="text-secondary")]
    return [html.Ul([html.Li(f"{local_time(run.started_at)}: {run.sentence}") for run in known])]


def erased(known: Sequence[Erasure]) -> list[Component]:
    """Show the last erasures."""
    return [_erasure(each) for each in known] or [html.P(_NOTHING, className="text-secondary")]


def _erasure(erasure: Erasure) -> Component:
    done = erasure.state is ErasureState.DONE
    n = len(erasure.scan_ids)
    head = erasure.pseudonym or "by a rule"
    how = f"{n:,} {'scan' if n == 1 else 'scans'}; {local_time(erasure.asked_at)}, by {erasure.asked_name}"
    ended = (
        f"nothing is left since {local_time(erasure.finished_at)}" if done else erasure.note or "files follow"
    )
    return html.Article(
        [
            html.Div(
                [html.Strong(head), html.Span("done" if done else "under way", className="lb-badge")],
                className="lb-alert-head",
            ),
            html.Div(
                [
                    html.Div(erasure.reason, className="lb-breaks"),
                    html.Div(f"{how}; {ended}", className="lb-alert-times lb-breaks"),
                ]
            ),
        ],
        className="lb-card lb-schedule",
    )


def origin_of(value: str | None) -> Origin:
    """The way that was chosen."""
    return Origin.ANY if value in (None, EVERY_WAY) else Origin(value)
