"""Boards as lists, forms and panels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.attributes import aria
from dashboard.components.icons import icon
from dashboard.components.results import local_time, task_name
from data.records import SEXES, SYNTHETIC, WATCHED, Board, BoardChoice, BoardPanel, User
from services import addresses
from services.boards.charts import chart
from services.boards.measures import MEASURES, may_see
from services.boards.points import BoardPoint, PanelView
from services.boards.starting import Start

ACT = "board-act"
START = "boards-start"
EARLIER, LATER, REMOVE = "earlier", "later", "remove"
_ACTS = {
    EARLIER: ("bi-arrow-up", "Earlier"),
    LATER: ("bi-arrow-down", "Later"),
    REMOVE: ("bi-x-lg", "Remove"),
}
PERIODS = {3: "The last 3 months", 6: "The last 6 months", 12: "The last 12 months", 0: "All"}
_BUTTON = "btn btn-sm btn-outline-secondary"


def listed(boards: Sequence[Board], user: User, may_make: bool) -> Component:
    """The boards that a person sees, or what boards are where there is none."""
    if not boards:
        return nothing(may_make)
    head = ["Board", "Panels", "Of", "Seen by", "Changed"]
    rows = [
        html.Tr(
            [
                html.Td(dcc.Link(board.title, href=addresses.board(board.id))),
                html.Td(str(len(board.panels))),
                html.Td("you" if board.owner_id == user.id else board.owner_name),
                html.Td("everybody who may" if board.shared else "you alone"),
                html.Td(local_time(board.changed_at)),
            ]
        )
        for board in boards
    ]
    table = html.Table(
        [html.Thead(html.Tr([html.Th(name, scope="col") for name in head])), html.Tbody(rows)],
        className="table table-sm",
    )
    return html.Div(
        [html.H2("Yours, and those shared with you"), html.Div(table, className="lb-scroll")],
        className="lb-card",
    )


def nothing(may_make: bool) -> Component:
    """What a board is, where there is none."""
    words = (
        "A board shows several numbers over time on one page: how many of the ill a version calls ill, how "
        "much comes, what drifts. It is kept under a title, and you may share it."
    )
    how = (
        "Choose one to start with below, or give a title and put your own together."
        if may_make
        else "Department heads, MLOps staff and administrators make them; what they share stands here."
    )
    return html.Div(
        [icon("bi-columns-gap", "lb-empty-icon"), html.H2("No board yet."), html.P(words), html.P(how)],
        className="lb-empty",
    )


def starts(offered: Sequence[Start]) -> Component:
    """Boards that can be made at once."""
    buttons = [
        html.Button(start.title, id={"type": START, "name": start.name}, className="btn btn-outline-primary")
        for start in offered
    ]
    return html.Div(
        [html.H2("Start with"), html.Div(buttons, className="lb-board-starts")], className="lb-card"
    )


def choice_options(name: str, known: Mapping[str, Sequence[str]]) -> list[dict[str, str]]:
    """What a board can be of, for a menu; a sex is told in words."""
    words = SEXES if name == "sex" else {}
    return [{"label": words.get(each, each), "value": each} for each in known.get(name, ())]


def panels(views: Sequence[PanelView], may_change: bool) -> Component:
    """Every panel: title, chart, numbers, the way to its page, and for the owner its place."""
    if not views:
        words = "This board has no panel yet."
        how = " Add the first one under “Change this board”." if may_change else ""
        return html.Div([icon("bi-columns-gap", "lb-empty-icon"), html.P(words + how)], className="lb-empty")
    shown = [_panel(view, place, len(views), may_change) for place, view in enumerate(views)]
    return html.Div(shown, className="lb-board-panels")


def _panel(view: PanelView, place: int, of: int, may_change: bool) -> Component:
    acts = _acts(view, place, of) if may_change else []
    head = html.Div([html.H2(view.title), *acts], className="lb-board-panel-head")
    if view.refused:
        return html.Section([head, html.P(view.refused, className="text-secondary")], className="lb-card")
    graph = dcc.Graph(
        figure=chart(view), config={"displayModeBar": False, "staticPlot": False}, className="lb-graph"
    )
    said = html.P(" ".join(view.says), className="text-secondary lb-board-says")
    opened = dcc.Link("Open this question on its page", href=view.link)
    body = (
        [graph, said, _numbers(view), html.P(opened)] if view.points else [_no_points(), said, html.P(opened)]
    )
    return html.Section([head, *body], className="lb-card lb-chart")


def _no_points() -> Component:
    return html.P("No number in this period.", className="lb-board-none")


def _acts(view: PanelView, place: int, of: int) -> list[Component]:
    usable = {EARLIER: place > 0, LATER: place < of - 1, REMOVE: True}
    buttons = [
        html.Button(
            icon(sign),
            id={"type": ACT, "act": act, "panel": view.panel.id},
            className=_BUTTON,
            disabled=not usable[act],
            title=words,
            **aria(label=f"{words}: {view.title}"),
        )
        for act, (sign, words) in _ACTS.items()
    ]
    return [html.Span(buttons, className="lb-board-acts")]


def _numbers(view: PanelView) -> Component:
    head = ["When", "Of", view.measure.label, "95 % interval", "n"]
    rows = [
        html.Tr(
            [
                html.Td(html.A(point.at, href=point.link) if point.link else point.at),
                html.Td(f"{point.series} ({SYNTHETIC})" if point.synthetic else point.series),
                html.Td(_value(view, point)),
                html.Td(_interval(view, point)),
                html.Td("–" if point.n is None else f"{point.n:,}"),
            ],
            className="lb-beyond" if point.beyond else "",
        )
        for point in reversed(view.points)
    ]
    table = html.Table(
        [html.Thead(html.Tr([html.Th(name, scope="col") for name in head])), html.Tbody(rows)],
        className="table table-sm",
    )
    return html.Details([html.Summary(f"Numbers ({len(rows)})"), html.Div(table, className="lb-scroll")])


def _value(view: PanelView, point: BoardPoint) -> str:
    return point.note or "–" if point.value is None else _shown(view, point.value)


def _interval(view: PanelView, point: BoardPoint) -> str:
    if point.low is None or point.high is None:
        return "–"
    return f"{_shown(view, point.low)} to {_shown(view, point.high)}"


def _shown(view: PanelView, value: float) -> str:
    if view.measure.percent:
        return f"{100 * value:.1f} %"
    digits = f"{value:,.0f}" if float(value).is_integer() or abs(value) >= 1000 else f"{value:.3g}"
    return f"{digits} {view.measure.unit}".strip()


def downloads(board: Board, choice: BoardChoice, may_see_few: bool) -> Component:
    """The board's numbers as files: for handing on, and for the house."""
    query = choice_query(choice)
    title = "To hand on: numbers that stand for fewer than 5 patients are withheld"
    look = "btn btn-sm btn-outline-primary"
    files = {kind.upper(): f"{addresses.board(board.id)}.{kind}?{query}" for kind in ("csv", "json")}
    links: list[Component] = [
        html.A(name, href=address, download="", className=look, title=title)
        for name, address in files.items()
    ]
    if may_see_few:
        house = [
            html.A(name, href=f"{address}&audience=inside", download="", className=_BUTTON)
            for name, address in files.items()
        ]
        words = html.P("Every number as it stands here, also of fewer than 5 patients. Not to be handed on.")
        links.append(html.Details([html.Summary("For the house"), words, *house], className="lb-house-files"))
    return html.Div(links, className="lb-exports")


def choice_query(choice: BoardChoice) -> str:
    """How an address says which part of all numbers is shown."""
    return addresses.BoardAddress(str(choice.months), **choice.of).query


def measure_options(user: User) -> list[dict[str, str]]:
    """What a panel can show, as far as the person may see it."""
    return [
        {"label": measure.label, "value": measure.name}
        for measure in MEASURES.values()
        if may_see(user, BoardPanel("", measure.name))
    ]


def task_options(tasks: Sequence[str]) -> list[dict[str, str]]:
    """The tasks to choose from."""
    return [{"label": task_name(name), "value": name} for name in tasks]


def feature_options() -> list[dict[str, str]]:
    """The features whose drift is watched."""
    return [{"label": watched.title, "value": name} for name, watched in WATCHED.items()]


def reference_options(known: Mapping[str, str]) -> list[dict[str, str]]:
    """What runs were measured against."""
    return [{"label": words, "value": name} for name, words in known.items()]
