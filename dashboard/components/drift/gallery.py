"""The scans that pull a feature: pictures with masks, to be chosen from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.drift.panels import figure
from dashboard.components.results import local_time
from data.records import JobState, ReviewRequest
from services import addresses
from services.drift.influential_scans import EMBEDDING, OVERALL, Influence, InfluentialScan
from services.training.retraining_pack import Pack

CHOSEN = "drift-chosen"
ALL_OR_NONE = "drift-choose-all"
WHY = "drift-why"
ASK = "drift-ask-review"
PACK = "drift-make-pack"
SAID = "drift-gallery-said"
WITHDRAW = "drift-withdraw"
JOBS = {
    JobState.QUEUED: "waiting", JobState.RUNNING: "being made", JobState.DONE: "ready",
    JobState.FAILED: "failed", JobState.CANCELLED: "cancelled",
}  # fmt: skip
HEADINGS = {
    OVERALL: "Scans least like the reference, all features together",
    EMBEDDING: "Scans whose embedding is least like the reference",
}


def controls() -> Component:
    """What can be done with chosen scans; the gallery itself comes later."""
    return html.Div(
        [
            dcc.Checklist(
                id=CHOSEN, options=[], value=[], className="lb-gallery", labelClassName="lb-culprit"
            ),
            html.Div(
                [
                    html.Button("Choose all or none", id=ALL_OR_NONE, className="btn btn-outline-secondary"),
                    html.Label("Why", htmlFor=WHY, className="visually-hidden"),
                    dcc.Input(id=WHY, placeholder="Why these scans", maxLength=300, className="form-control"),
                    html.Button("Ask for review", id=ASK, className="btn btn-outline-primary"),
                    html.Button("Make a retraining pack", id=PACK, className="btn btn-outline-primary"),
                    html.Span(id=SAID, role="status", className="text-secondary"),
                ],
                className="lb-gallery-acts",
            ),
        ]
    )


def heading(influence: Influence) -> list[Component]:
    """What is shown, and what is usual in the reference."""
    words = HEADINGS.get(influence.feature, f"Scans that pull “{influence.title}” the most")
    usual = ""
    unit = f" {influence.unit}" if influence.unit else ""
    if influence.median is not None and influence.q25 is not None and influence.q75 is not None:
        half = f"{figure(influence.q25)} to {figure(influence.q75)}"
        usual = f"Reference: {figure(influence.median)}{unit} (middle half {half})"
    elif influence.usual is not None:
        usual = f"Reference: most often {influence.usual}"
    return [html.H2(words), html.P(usual, className="text-secondary")]


def options(influence: Influence) -> list[dict[str, Any]]:
    """The scans as choices with pictures, the strongest first."""
    return [
        {"label": _picture(place, scan, influence.unit), "value": scan.scan_id}
        for place, scan in enumerate(influence.scans, 1)
    ]


def requests(waiting: Sequence[ReviewRequest], may_withdraw: bool) -> Component:
    """What waits for a review."""
    if not waiting:
        return html.P("No scan waits for a review that somebody asked for.", className="text-secondary")
    rows = [
        html.Tr(
            [
                html.Td(dcc.Link(request.scan_id[:8], href=addresses.scan(request.scan_id))),
                html.Td(request.why),
                html.Td(request.asked_name),
                html.Td(local_time(request.created_at)),
                html.Td(_withdraw(request) if may_withdraw else None),
            ]
        )
        for request in waiting
    ]
    head = html.Thead(
        html.Tr([html.Th(request, scope="col") for request in ("Scan", "Why", "Asked by", "When", "")])
    )
    return html.Div(html.Table([head, html.Tbody(rows)], className="table table-sm"), className="lb-scroll")


def packs(known: Sequence[Pack], may_fetch: bool) -> Component:
    """Retraining packs, newest first."""
    if not known:
        return html.P("None yet.", className="text-secondary")
    rows = [
        html.Tr(
            [
                html.Td(local_time(pack.job.created_at)),
                html.Td(pack.ask.task),
                html.Td(f"{len(pack.ask.scan_ids):,} scans"),
                html.Td(pack.ask.why),
                html.Td(_pack_state(pack, may_fetch)),
            ]
        )
        for pack in known
    ]
    return html.Div(html.Table(html.Tbody(rows), className="table table-sm"), className="lb-scroll")


def hint(request: ReviewRequest | None) -> Component | None:
    """On the page of a scan: somebody asks for its review."""
    if request is None:
        return None
    return html.P(
        [
            html.Strong("Review asked for: "),
            request.why,
            f" ({request.asked_name}, {local_time(request.created_at)})",
        ],
        className="lb-card lb-hint",
    )


def _picture(place: int, scan: InfluentialScan, unit: str) -> Component:
    return html.Span(
        [
            html.Img(src=f"/drift/thumbnail/{scan.scan_id}.png", alt=f"Scan {place}"),
            html.Span([html.Strong(f"{place}. "), _value(scan, unit)], className="lb-influence-value"),
            dcc.Link("open", href=addresses.scan(scan.scan_id), target="_blank"),
        ]
    )


def _value(scan: InfluentialScan, unit: str) -> str:
    if scan.value is None:
        return ""
    return scan.value if isinstance(scan.value, str) else f"{figure(scan.value)} {unit}".strip()


def _pack_state(pack: Pack, may_fetch: bool) -> Any:
    if pack.ready and may_fetch:
        return html.A("Download", href=f"/retraining/{pack.id}.zip", download="")
    if pack.ask.erased:
        return "scans of it were erased: have it made anew"
    return pack.job.failure or JOBS[pack.job.state]


def _withdraw(request: ReviewRequest) -> Component:
    return html.Button(
        "Take back",
        id={"type": WITHDRAW, "request": request.id},
        className="btn btn-sm btn-outline-secondary",
    )
