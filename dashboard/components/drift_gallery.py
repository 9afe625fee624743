"""The scans that pull a feature: pictures with masks, to be chosen from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.drift_panels import figure
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


def heading(found: Influence) -> list[Component]:
    """What is shown, and what is usual in the reference."""
    words = HEADINGS.get(found.feature, f"Scans that pull “{found.title}” the most")
    usual = ""
    unit = f" {found.unit}" if found.unit else ""
    if found.median is not None and found.q25 is not None and found.q75 is not None:
        half = f"{figure(found.q25)} to {figure(found.q75)}"
        usual = f"Reference: {figure(found.median)}{unit} (middle half {half})"
    elif found.usual is not None:
        usual = f"Reference: most often {found.usual}"
    return [html.H2(words), html.P(usual, className="text-secondary")]


def options(found: Influence) -> list[dict[str, Any]]:
    """The scans as choices with pictures, the strongest first."""
    return [
        {"label": _picture(place, one, found.unit), "value": one.scan_id}
        for place, one in enumerate(found.scans, 1)
    ]


def requests(found: Sequence[ReviewRequest], may_withdraw: bool) -> Component:
    """What waits for a review."""
    if not found:
        return html.P("No scan waits for a review that somebody asked for.", className="text-secondary")
    rows = [
        html.Tr(
            [
                html.Td(dcc.Link(one.scan_id[:8], href=addresses.scan(one.scan_id))),
                html.Td(one.why),
                html.Td(one.asked_name),
                html.Td(local_time(one.created_at)),
                html.Td(_withdraw(one) if may_withdraw else None),
            ]
        )
        for one in found
    ]
    head = html.Thead(html.Tr([html.Th(one, scope="col") for one in ("Scan", "Why", "Asked by", "When", "")]))
    return html.Div(html.Table([head, html.Tbody(rows)], className="table table-sm"), className="lb-scroll")


def packs(found: Sequence[Pack], may_fetch: bool) -> Component:
    """Retraining packs, newest first."""
    if not found:
        return html.P("None yet.", className="text-secondary")
    rows = [
        html.Tr(
            [
                html.Td(local_time(one.job.created_at)),
                html.Td(one.ask.task),
                html.Td(f"{len(one.ask.scan_ids):,} scans"),
                html.Td(one.ask.why),
                html.Td(_pack_state(one, may_fetch)),
            ]
        )
        for one in found
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


def _picture(place: int, one: InfluentialScan, unit: str) -> Component:
    return html.Span(
        [
            html.Img(src=f"/drift/thumbnail/{one.scan_id}.png", alt=f"Scan {place}"),
            html.Span([html.Strong(f"{place}. "), _value(one, unit)], className="lb-culprit-value"),
            dcc.Link("open", href=addresses.scan(one.scan_id), target="_blank"),
        ]
    )


def _value(one: InfluentialScan, unit: str) -> str:
    if one.value is None:
        return ""
    return one.value if isinstance(one.value, str) else f"{figure(one.value)} {unit}".strip()


def _pack_state(one: Pack, may_fetch: bool) -> Any:
    if one.ready and may_fetch:
        return html.A("Download", href=f"/retraining/{one.id}.zip", download="")
    return one.job.failure or JOBS[one.job.state]


def _withdraw(one: ReviewRequest) -> Component:
    return html.Button(
        "Take back", id={"type": WITHDRAW, "request": one.id}, className="btn btn-sm btn-outline-secondary"
    )
