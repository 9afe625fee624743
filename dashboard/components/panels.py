"""The panels beside the viewer: result, measurements, facts, history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components import kinds, unaided
from dashboard.components.attributes import aria, data
from dashboard.components.downloads import download_link
from dashboard.components.facts import fact_list, warning
from dashboard.components.icons import icon
from dashboard.components.measurements import measurements_table
from dashboard.components.patient import identity_line
from dashboard.components.results import (
    local_date,
    local_time,
    uncertain_sentence,
)
from data.records import (
    Outcome,
    Result,
    Scan,
    ScanStatus,
    User,
    Verdict,
)
from services import addresses
from services.permissions import Permission, may
from services.reading_words import (
    UNSURE_OUTLINE,
    age_words,
    queue_words,
    recognised_words,
    spacing_words,
    warns_of_outline,
)
from services.task_words import not_ruled_out, outcome_words, words_of

if TYPE_CHECKING:
    from services.reviewing.scan_views import ScanView

SUSPENDED_ICON = "bi-slash-circle-fill"
UNCERTAIN_ICON = "bi-exclamation-diamond-fill"
NO_HEAT_MAP = "No heat map: where the network looks was not shown to be where the disease is."


def title(view: ScanView, user: User) -> list[Component]:
    """Name the patient (as far as `user` may know) and the examination."""
    header = view.scan.header
    parts = [header.modality, header.sequence, local_date(header.acquired_at)]
    said = html.Span(" · ".join(part for part in parts if part), className="text-secondary")
    return [*identity_line(view.patient, user), *synthetic_badge(view.scan), said]


def synthetic_badge(scan: Scan) -> list[Component]:
    """Say that a scan is of nobody; nothing for the others."""
    if not scan.synthetic:
        return []
    return [kinds.synthetic_badge()]


def status_panel(view: ScanView) -> Component | None:
    """Say where a scan is that has not been read; None where it has."""
    status = view.scan.status
    if status.in_queue:
        heading = "Waiting to be read" if status is ScanStatus.WAITING else "Being read"
        where = [f"{queue_words(view.queue).capitalize()}."] if view.queue else []
        return _progress(heading, " ".join([*where, "The result appears here by itself."]))
    if status is ScanStatus.CANCELLED:
        return html.Div(
            [html.H2("Not read"), html.P(view.scan.failure)], className="lb-cancelled", role="status"
        )
    if status is ScanStatus.FAILED:
        sentence = view.scan.failure or "This scan could not be read."
        return html.Div([html.H2("Not read"), html.P(sentence)], className="lb-failure", role="alert")
    return None


def result_panel(view: ScanView) -> list[Component]:
    """Show the result in large, its probability, its sizes and everything that warns."""
    if view.result is None:
        return warnings_of(view.scan)
    if view.withheld is not None:
        return [*warnings_of(view.scan), withheld_result(view)]
    return [*answer_parts(view.result), *warnings_of(view.scan), *sizes(view)]


def withheld_result(view: ScanView) -> Component:
    """What a suspended version said, for who checks it: folded, and marked as no answer."""
    assert view.result is not None
    return html.Details(
        [
            html.Summary("What the suspended version said, to check it"),
            html.P("This is not for use with the patient.", className="lb-not-for-use"),
            *answer_parts(view.result),
            *sizes(view),
        ],
        className="lb-withheld",
    )


def answer_parts(result: Result) -> list[Component]:
    """The answer in large, and what the model says of it."""
    return [
        headline(result),
        *caution(result),
        probability_bar(result),
        *expected_overlap(result),
        *outside_distance(result),
        *without_heatmap(result),
        *read_elsewhere(result),
    ]


def read_elsewhere(result: Result) -> list[Component]:
    """Say that an edge has read it, and by which of its versions; nothing of what this house has read."""
    made = result.provenance
    if made.read_at is None:
        return []
    words = f"Read at {made.read_at} by its version {made.edge_version}, {local_time(result.created_at)}"
    return [html.Div([icon("bi-hdd-network", "me-2"), words], className="lb-bar-words")]


def sizes(view: ScanView) -> list[Component]:
    """The sizes of the AI's outline, and before them those of a reviewer's where there is one."""
    result, corrected, parts = view.result, view.corrected, list[Component]()
    assert result is not None
    if corrected is not None and corrected.measurements is not None:
        labelled = corrected.verdict is Verdict.LABELLED
        parts.append(html.H3("Labelled mask" if labelled else f"Corrected mask ({corrected.reviewer_name})"))
        parts += measurements_table(corrected.measurements, view)
        parts.append(html.H3("The AI's mask"))
    if result.measurements is not None:
        parts += measurements_table(result.measurements, view)
    return parts


def uncertain_banner(view: ScanView) -> Component | None:
    """Say before anything else that an answer is none, or uncertain, and why; None where it is neither."""
    result = view.result
    if view.withheld is not None:
        return html.Div(
            [icon(SUSPENDED_ICON, "me-2"), view.withheld], className="lb-uncertain-banner lb-suspended-banner"
        )
    if result is None or result.outcome is not Outcome.UNCERTAIN:
        return None
    return html.Div(
        [icon(UNCERTAIN_ICON, "me-2"), uncertain_sentence(result)], className="lb-uncertain-banner"
    )


def headline(result: Result) -> Component:
    """Say in large what a result is."""
    words = outcome_words(result.task, result.outcome)
    sign = [icon(UNCERTAIN_ICON, "me-2")] if result.outcome is Outcome.UNCERTAIN else []
    return html.Div([*sign, words], className=f"lb-headline lb-outcome-{result.outcome}")


def caution(result: Result) -> list[Component]:
    """Say what the answer leaves open; nothing where nothing is known of it."""
    sentence = not_ruled_out(result)
    return [] if sentence is None else [warning(sentence)]


def without_heatmap(result: Result) -> list[Component]:
    """Say why nothing is drawn on a picture that gets neither mask nor heat map."""
    if result.has_mask or words_of(result.task).heat_map:
        return []
    return [html.P(NO_HEAT_MAP, className="text-secondary")]


def probability_bar(result: Result) -> Component:
    """A small bar with the threshold marked on it."""
    share, mark = result.probability * 100, result.threshold * 100
    words = f"Probability {result.probability:.2f}, threshold {result.threshold:.2f}"
    return html.Div(
        [
            html.Div(
                [
                    html.Div(className="lb-bar-fill", style={"width": f"{share:.1f}%"}),
                    html.Div(className="lb-bar-mark", style={"left": f"{mark:.1f}%"}),
                ],
                className=f"lb-bar lb-outcome-{result.outcome}",
                role="img",
                **aria(label=words),
            ),
            html.Div(words, className="lb-bar-words"),
        ],
        className="lb-probability",
    )


def expected_overlap(result: Result) -> list[Component]:
    """What the model expects of its own mask, and a warning where that is little."""
    if result.estimated_dice is None:
        return []
    words = f"Expected overlap with a specialist's mask: Dice {result.estimated_dice:.2f}"
    parts: list[Component] = [html.Div(words, className="lb-bar-words")]
    if warns_of_outline(result):
        parts.append(warning(UNSURE_OUTLINE))
    return parts


def outside_distance(result: Result) -> list[Component]:
    """How far the picture lies from the training set, beside the limit; nothing where that is not known."""
    if result.outside_distance is None:
        return []
    words = f"Distance from the training pictures {result.outside_distance:.2f}, limit 1.00"
    return [html.Div(words, className="lb-bar-words")]


def warnings_of(scan: Scan) -> list[Component]:
    """One line for each warning of a scan."""
    return [warning(text) for text in scan.warnings]


def facts(view: ScanView, user: User) -> Component:
    """Patient and scan, as the file states them."""
    scan, header = view.scan, view.scan.header
    identity = view.patient.identity if may(user, Permission.SEE_IDENTITY) else None
    rows: list[tuple[str, Any]] = []
    if identity is not None:
        rows += [("Name", identity.name), ("Patient ID", identity.patient_id), ("Born", identity.birth_date)]
        rows += [("In conflict with", ", ".join(view.patient.in_conflict_with))]
    size = f"{scan.width} × {scan.height}" + (f" × {scan.slices}" if scan.slices > 1 else "")
    rows += [
        ("Pseudonym", view.patient.pseudonym),
        ("Sex", header.sex),
        ("Age", age_words(header.age_years)),
        ("Acquired", (local_date if header.acquired_day_only else local_time)(header.acquired_at)),
        ("Modality", header.modality),
        ("Sequence", header.sequence),
        ("Recognised as", recognised_words(scan.recognised)),
        ("Body part", header.body_part),
        ("Scanner", " ".join(part for part in (header.manufacturer, header.scanner) if part)),
        ("Site", header.site),
        ("Department", _department(view, user)),
        ("Size", f"{size} pixels"),
        ("Voxel size", spacing_words(scan.spacing)),
        _arrival(view),
        ("Scan", html.Code(scan.id[:12])),
    ]
    return fact_list([(name, value) for name, value in rows if value])


def _department(view: ScanView, user: User) -> Component | str:
    """Whose scan it is, for who may move it with the way to do so; nothing in a house without departments."""
    if not view.department or not may(user, Permission.MOVE_BETWEEN_DEPARTMENTS):
        return view.department
    move = dcc.Link("Move", href=addresses.department_of(view.scan.id), className="ms-2")
    return html.Span([view.department, move])


def _arrival(view: ScanView) -> tuple[str, str]:
    """When a scan came, and from whom."""
    scan, at = view.scan, local_time(view.scan.created_at)
    if view.prior_from is not None:
        return "Prior", f"fetched {at} from {view.prior_from or 'a PACS'}"
    if view.received_from:
        return "Received", f"{at} from AE {view.received_from}"
    sender = view.uploaded_by or ("the demonstration" if scan.synthetic else "an import")
    return "Uploaded", f"{at} by {sender}"


def provenance(result: Result | None) -> Component | None:
    """What made the result, and how long each stage took."""
    if result is None:
        return None
    made = result.provenance
    total = sum(made.timings_ms.values())
    stages = ", ".join(f"{stage} {took:.0f}" for stage, took in made.timings_ms.items())
    model = dcc.Link(f"{made.model_name} version {made.model_version}", href=addresses.MODELS)
    recognised = made.recognised
    told_by = None if recognised is None else recognised.model_version
    rows = [
        ("Model", model),
        ("Read at", f"{made.read_at}, as its version {made.edge_version}" if made.read_at else None),
        ("Weights", html.Code(made.weights_sha256[:12], title=made.weights_sha256)),
        ("Preprocessing", made.preprocessing),
        ("Sequence by", f"acquisition version {told_by}" if told_by else None),
        ("Device", f"{made.device}, {made.backend} {made.dtype}"),
        ("Software", made.software),
        ("Input", html.Code(made.input_sha256[:12], title=made.input_sha256)),
        ("Read", local_time(result.created_at)),
        ("Time", f"{total:.0f} ms ({stages})" if stages else ""),
    ]
    return fact_list([(name, value) for name, value in rows if value])


def downloads(view: ScanView) -> list[Component]:
    """Links to files; those of one slice follow the viewer (viewer.js sets their address)."""
    if view.reads_unaided is not None:
        return [html.P(unaided.HIDDEN, className="text-secondary mb-0")]
    if view.withheld is not None:
        return [html.P(view.withheld, className="text-secondary mb-0")]
    base = f"/scans/{view.scan.id}/download"
    links: list[Component] = []
    if view.result is not None and view.result.has_mask:
        links += [
            download_link("Mask, NIfTI", "bi-badge-3d", href=f"{base}/mask?form=nifti"),
            download_link(
                "Mask of this slice, PNG",
                "bi-image",
                href=f"{base}/mask?form=png&index=0",
                **data(follows="mask"),
            ),
        ]
        if view.corrected is not None:
            address = f"{base}/mask?form=nifti&layer=corrected"
            links.append(download_link("Corrected mask, NIfTI", "bi-badge-3d", href=address))
    overlay, address = "This slice with overlay, PNG", f"{base}/overlay/0.png"
    links.append(download_link(overlay, "bi-layers", href=address, **data(follows="overlay")))
    return links


def _progress(heading: str, text: str) -> Component:
    spinner = html.Div(className="spinner-border text-primary", **aria(hidden="true"))
    return html.Div(
        [spinner, html.Div([html.H2(heading), html.P(text)])], className="lb-progress", role="status"
    )
