"""Messages that something is wrong with a result: the form on a scan's page, cards, and how many wait."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.attributes import aria
from dashboard.components.icons import icon
from dashboard.components.kinds import in_frame
from dashboard.components.results import local_time, task_name
from data.records import Feedback, FeedbackCategory, FeedbackState, KindCount, User
from services import addresses
from services.permissions import Permission, may
from services.reviewing.feedback import LONGEST_WORDS

PANEL = "scan-feedback"
RESULT = "scan-feedback-result"  # the result that the page shows, which the message is about
CATEGORY = "scan-feedback-category"
WORDS = "scan-feedback-words"
SEND = "scan-feedback-send"
SENT = "scan-feedback-sent"
LIST = "scan-feedback-list"

WAITING = "feedback-waiting"  # in the frame: how many wait for this person
CHANGED = "feedback-changed"  # set by whoever sends, answers or closes
STATES = "feedback-states"
CARDS = "feedback-cards"
ANSWER = "feedback-answer"  # types of the parts of a card: {"type", "message", ...}
ACT = "feedback-act"
REPLY, CLOSE = "answer", "close"

STATE_NAMES = {
    FeedbackState.OPEN: "Open",
    FeedbackState.ANSWERED: "Answered",
    FeedbackState.CLOSED: "Closed",
}


def panel() -> Component:
    """Build the form of a scan's page and the place of what was said before."""
    options = [{"label": category.words, "value": category.value} for category in FeedbackCategory]
    form = html.Details(
        [
            html.Summary([icon("bi-flag"), "Something is wrong with this result"]),
            html.Label("What", htmlFor=CATEGORY),
            dbc.Select(id=CATEGORY, options=options, placeholder="Choose", size="sm"),
            html.Label("In words", htmlFor=WORDS),
            dbc.Textarea(id=WORDS, rows=3, maxlength=LONGEST_WORDS),
            html.Div(
                [
                    dbc.Button("Send to MLOps", id=SEND, color="primary", outline=True, size="sm"),
                    html.Span(id=SENT, className="text-secondary", role="status"),
                ],
                className="lb-review-row",
            ),
        ]
    )
    return html.Section(
        [dcc.Store(id=RESULT), form, html.Div(id=LIST, className="lb-feedback-list")],
        id=PANEL,
        className="lb-panel",
        hidden=True,
    )


def on_scan(messages: Sequence[Feedback], user: User) -> list[Component]:
    """What was said of a scan's results, with the answers."""
    return [_entry(message, user) for message in messages]


def cards(messages: Sequence[Feedback], user: User, none: str) -> list[Component]:
    """The messages with the scan that each is about; with the form of an answer for who may give one."""
    if not messages:
        return [html.P(none, className="text-secondary")]
    return [_card(message, user) for message in messages]


def states(counts: Mapping[FeedbackState, KindCount], chosen: FeedbackState) -> Component:
    """The queue's filters, as links with how many there are."""
    links = [
        _state_link(f"{name} ({counts[state].words})", state, chosen=state is chosen)
        for state, name in STATE_NAMES.items()
    ]
    return html.Nav(links, className="lb-feedback-states", **aria(label="Messages by state"))


def waiting(count: KindCount, user: User) -> list[Component]:
    """How many messages wait for a person, as a way to them; nothing where none does."""
    if not count.any:
        return []
    answering = may(user, Permission.ANSWER_FEEDBACK)
    words = f"{count.of('message', 'messages')} {'to look at' if answering else 'answered'}"
    return [
        dcc.Link(
            [
                icon("bi-chat-left-text-fill", ""),
                *in_frame(count),
                html.Span(words, className="visually-hidden"),
            ],
            href=addresses.FEEDBACK,
            title=words,
            className="lb-feedback-waiting",
        )
    ]


def waiting_place() -> Component:
    """The place in the frame that `waiting` fills."""
    return html.Div([dcc.Store(id=CHANGED), html.Div(id=WAITING)], className="lb-feedback-place")


def _state_link(words: str, state: FeedbackState, *, chosen: bool) -> Component:
    if chosen:
        return html.Span(words, className="lb-feedback-state lb-feedback-chosen", **aria(current="page"))
    return dcc.Link(words, href=addresses.feedback(state.value), className="lb-feedback-state")


def _card(message: Feedback, user: User) -> Component:
    scan = addresses.scan(message.scan_id)
    thumbnail = html.Img(
        src=f"{scan}/thumbnail.png",
        alt="",
        className="lb-thumbnail lb-feedback-thumbnail",
        width=64,
        height=64,
    )
    about = html.Div(
        [
            dcc.Link("Open the scan", href=scan),
            f" · {task_name(message.task)}, version {message.model_version}",
        ],
        className="lb-feedback-about",
    )
    answering = may(user, Permission.ANSWER_FEEDBACK) and message.state is not FeedbackState.CLOSED
    body = html.Div([_entry(message, user), about, _answer_form(message) if answering else None])
    look = "lb-card lb-feedback" + (" lb-feedback-critical" if message.category.critical else "")
    return html.Article([thumbnail, body], className=look)


def _entry(message: Feedback, user: User) -> Component:
    """One message: what, by whom, its words, and what was answered."""
    badges: list[Component] = [html.Strong(message.category.words)]
    if message.category.critical:
        badges.append(html.Span("Critical", className="lb-badge lb-severity-critical"))
    badges.append(html.Span(STATE_NAMES[message.state], className="lb-badge"))
    if message.unseen and message.sender_id == user.id:
        badges.append(html.Span("New answer", className="lb-badge lb-live"))
    who = f"{message.sender_name} ({message.sender_role}), {local_time(message.created_at)}"
    return html.Div(
        [
            html.Div(badges, className="lb-alert-head"),
            html.Div(who, className="lb-alert-times"),
            html.P(message.words, className="lb-feedback-words") if message.words else None,
            *(
                html.Blockquote(
                    [
                        html.Div(f"{answer.by_name}, {local_time(answer.at)}", className="lb-alert-times"),
                        answer.words,
                    ],
                    className="lb-feedback-words lb-feedback-answer",
                )
                for answer in message.answers
            ),
        ],
        className="lb-feedback-entry",
    )


def _answer_form(message: Feedback) -> Component:
    field = {"type": ANSWER, "message": message.id}
    buttons = [(REPLY, "Answer"), (CLOSE, "Close" if message.answers else "Answer and close")]
    return html.Div(
        [
            html.Label(
                ["Your answer", html.Span(f" on: {message.category.words}", className="visually-hidden")],
                htmlFor=_id_of(field),
            ),
            dbc.Textarea(id=field, rows=2, maxlength=LONGEST_WORDS),
            html.Div(
                [
                    html.Button(
                        words,
                        id={"type": ACT, "message": message.id, "verb": verb},
                        className="btn btn-sm btn-outline-primary",
                        type="button",
                    )
                    for verb, words in buttons
                ],
                className="lb-review-row",
            ),
        ],
        className="lb-feedback-form",
    )


def _id_of(parts: Mapping[str, str]) -> str:
    """The id in the page of a component whose id has parts, as Dash writes it."""
    inside = ",".join(f'"{name}":"{parts[name]}"' for name in sorted(parts))
    return "{" + inside + "}"
