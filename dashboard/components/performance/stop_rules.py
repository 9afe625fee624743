"""Stop rules on the performance page: the tests against their limits, what is suspended, and who lifts it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.attributes import aria
from dashboard.components.results import local_time
from data.records import StopReason, Suspension, User
from services import addresses
from services.permissions import Permission, may

if TYPE_CHECKING:
    from services.performance.stop_rules import StopView
    from services.performance.stop_statistics import Watched

SHOWN = "performance-stop-shown"
WHY, SWITCH, SAID = "performance-stop-why", "performance-stop-switch", "performance-stop-said"
REFUSED_GOAL, REFUSED_LIMIT, REFUSED_SET = (
    "performance-refused-goal",
    "performance-refused-limit",
    "performance-refused-set",
)
ACT, ACT_WHY = "performance-stop-act", "performance-stop-act-why"
NAMES = {
    StopReason.MISSES: "Misses",
    StopReason.FALSE_ALARMS: "False alarms",
    StopReason.REFUSALS: "Refused scans",
}
MAY_BE_USED = "Why it may be used again"
SWITCH_ON, SWITCH_OFF = "Switch on stop rules", "Switch off stop rules"
NO_TEST = (
    "No test runs: each needs a goal and an alert limit (recall or miss rate; specificity or false alarm "
    "rate; refused scans, below), and cases of this version."
)


def forms(user: User) -> Component:
    """The forms of those who set goals and switch the rules; the place of everything else."""
    goals = html.Div(
        [
            _field("Refused scans: goal (%)", REFUSED_GOAL),
            _field("Refused scans: alert limit (%)", REFUSED_LIMIT),
            html.Button("Set", id=REFUSED_SET, className="btn btn-sm btn-outline-primary"),
        ],
        className="lb-goals" if may(user, Permission.SET_GOALS) else "lb-hidden",
    )
    switch = html.Div(
        [
            html.Div(
                [html.Label("Why", htmlFor=WHY, className="form-label"), dbc.Input(id=WHY, size="sm")],
                className="lb-stop-why",
            ),
            html.Button(SWITCH_ON, id=SWITCH, className="btn btn-sm btn-outline-danger"),
        ],
        className="lb-goals" if may(user, Permission.SET_STOP_RULES) else "lb-hidden",
    )
    said = html.P(id=SAID, role="status", className="text-secondary mb-0")
    return html.Div([html.Div(id=SHOWN), goals, switch, said])


def panel(view: StopView, charts: dict[StopReason, Any], user: User) -> list[Component]:
    """What the rules do, the tests of a version, and every suspension of the task."""
    parts: list[Component] = [html.P(state_words(view))]
    if not view.watched:
        parts.append(html.P(NO_TEST, className="text-secondary"))
    whole = [watched for watched in view.watched if not watched.scanner]
    drawn = [_chart(watched, charts[watched.reason]) for watched in whole]
    parts.append(html.Div(drawn, className="lb-charts"))
    if view.watched:
        parts.append(html.Div(_table(view.watched), className="lb-scroll"))
    parts += [suspension_card(stopped, view, user) for stopped in view.suspensions]
    return parts


def switch_words(view: StopView) -> str:
    """What the button of the switch will do."""
    return SWITCH_OFF if view.switch is not None and view.switch.acting else SWITCH_ON


def state_words(view: StopView) -> str:
    """Whether the rules act, since when and by whose word."""
    switch = view.switch
    if switch is None:
        return (
            "The stop rules do not act: nobody has switched them on. What follows is what they would do. "
            "Real scans only."
        )
    when = f"{local_time(switch.set_at)} ({switch.set_name}: {switch.why})"
    if not switch.acting:
        return f"The stop rules do not act since {when}. What follows is what they would do. Real scans only."
    return f"The stop rules act on what was read since {when}. Real scans only."


def rule_words(watched: Watched) -> str:
    """What a test does, in whole points and cases."""
    test = watched.test
    return (
        f"A bad case adds {_points(test.added)}, a good one takes {_points(test.taken)} away; at "
        f"{test.limit} the version is suspended. With {_share(test.accepted)} bad cases (the goal) that is "
        f"once in {watched.between:,} cases, with {_share(test.rejected)} (the alert limit) half the time "
        f"within {watched.half_by:,}."
    )


def suspension_card(stopped: Suspension, view: StopView, user: User) -> Component:
    """A suspension: why, the cases, who asked to lift it and who did."""
    where = f" on {stopped.scanner}" if stopped.scanner else ""
    parts: list[Component] = [
        html.H3(f"Version {stopped.version}{where}: {'suspended' if stopped.is_active else 'was suspended'}"),
        html.P(f"Since {local_time(stopped.since)}, because {stopped.because}."),
        *_evidence(stopped, view),
    ]
    if stopped.asked_name:
        asked = local_time(stopped.asked_at)
        parts.append(html.P(f"{stopped.asked_name} asks for its end ({asked}): “{stopped.why}”"))
    if stopped.lifted_name:
        parts.append(html.P(f"Lifted by {stopped.lifted_name}, {local_time(stopped.lifted_at)}."))
    else:
        parts += _acts(stopped, user)
    return html.Div(parts, className="lb-card lb-request" if stopped.is_active else "lb-card")


def _evidence(stopped: Suspension, view: StopView) -> list[Component]:
    """The bad cases by id, without those that who looks reads blind."""
    ids = [scan_id for scan_id in stopped.evidence.scan_ids if scan_id in view.shown_ids]
    if not ids:
        return []
    links: list[Component | str] = []
    for scan_id in ids:
        links += [dcc.Link(html.Code(scan_id[:12]), href=addresses.scan(scan_id)), " "]
    return [html.Details([html.Summary(f"The bad cases ({len(ids)})"), html.P(links)])]


def _acts(stopped: Suspension, user: User) -> list[Component]:
    if stopped.asked_by is None:
        if not may(user, Permission.LIFT_SUSPENSIONS):
            return []
        why = dcc.Textarea(
            id={"type": ACT_WHY, "id": stopped.id}, placeholder=MAY_BE_USED, title=MAY_BE_USED,
            className="form-control lb-stop-why",
        )  # fmt: skip
        return [html.Div([why, _button(stopped, "ask", "Ask to lift it")], className="lb-goals")]
    own = user.id == stopped.asked_by
    if own or not may(user, Permission.CONFIRM_LIFTING):
        who = "A department head, who is not the one who asked, decides."
        waits: list[Component] = [html.P(who, className="text-secondary")]
        return [*waits, html.Div([_button(stopped, "take back", "Take it back")])] if own else waits
    buttons = [_button(stopped, "lift", "Lift it"), _button(stopped, "keep", "Do not lift it")]
    return [html.Div(buttons, className="lb-goals")]


def _button(stopped: Suspension, verb: str, words: str) -> Component:
    look = "btn btn-sm btn-outline-danger" if verb == "lift" else "btn btn-sm btn-outline-primary"
    return html.Button(words, id={"type": ACT, "id": stopped.id, "verb": verb}, className=look)


def _chart(watched: Watched, figure: Any) -> Component:
    name = NAMES[watched.reason]
    graph = dcc.Graph(figure=figure, config={"displayModeBar": False}, className="lb-graph")
    words = html.P(rule_words(watched), className="text-secondary lb-stop-words")
    label = f"{name}: points {int(watched.points[-1])} of {watched.test.limit}"
    return html.Figure(
        [html.Figcaption(label), graph, words], className="lb-chart lb-stop", **aria(label=label)
    )


def _table(watched: tuple[Watched, ...]) -> Component:
    names = ("Test", "Scanner", "Cases", "Bad", "Points now", "Highest", "Limit")
    head = html.Thead(html.Tr([html.Th(name, scope="col") for name in names]))
    return html.Table([head, html.Tbody([_row(each) for each in watched])], className="lb-numbers")


def _row(watched: Watched) -> Component:
    now, highest = int(watched.points[-1]), int(watched.points.max())
    reached = "stop" if highest >= watched.test.limit else ""
    cells = [
        watched.scanner or "all", f"{len(watched.points):,}", f"{int(watched.trials.bad.sum()):,}", str(now),
        f"{highest} {reached}".strip(), str(watched.test.limit),
    ]  # fmt: skip
    return html.Tr([html.Th(NAMES[watched.reason], scope="row"), *(html.Td(cell) for cell in cells)])


def _field(words: str, name: str) -> Component:
    return html.Div([html.Label(words, htmlFor=name, className="form-label"), dbc.Input(id=name, size="sm")])


def _points(number: int) -> str:
    return "1 point" if number == 1 else f"{number} points"


def _share(share: float) -> str:
    return f"{100 * share:.3g} %"
