"""Who a patient is, above every page that shows one, and the patient's page: charts, studies, scans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.attributes import aria
from dashboard.components.facts import warning
from dashboard.components.results import STATUS_NAMES, SUSPENDED, local_date, task_name
from dashboard.components.verdicts import verdict_badge
from data.records import SEXES, Patient, Result, ScanStatus, User
from services import addresses
from services.addresses import AuditAddress
from services.measurement_words import millilitres
from services.permissions import Permission, may
from services.standing.acceptances import NOT_ACCEPTED
from services.task_words import outcome_words

if TYPE_CHECKING:
    from services.reviewing.patients import PatientScan, PatientView, Series, Study

PATIENT_ID = "patient-id"
IDENTITY = "patient-identity"
CONTENT = "patient-content"
MARKED = (
    "The AI version behind some of these results is not yet accepted on their scanner: the list says which, "
    "and the charts above show them like all others."
)


def tab_title(patient: Patient) -> str:
    """What the tab of a patient's or scan's page is called: whoever passes by sees it, so it has no name."""
    return f"{patient.pseudonym} – Lightbox"


def identity_words(patient: Patient) -> str:
    """Who a patient is, in one line, for who may see it."""
    identity = patient.identity
    if identity is None:
        return patient.pseudonym
    born = f"born {identity.birth_date}" if identity.birth_date else ""
    sex = SEXES.get(identity.sex or "", "")
    known = [identity.name, identity.patient_id, born, sex, patient.pseudonym]
    return " · ".join(word for word in known if word)


def identity_line(patient: Patient, user: User, *, linked: bool = True) -> list[Component]:
    """Name, id, birth date and sex for who may see them, with the pseudonym; for others the pseudonym alone.

    With `linked` the name leads to the patient's page.
    """
    identity = patient.identity if may(user, Permission.SEE_IDENTITY) else None
    name = (identity.name if identity else None) or patient.pseudonym
    shown = dcc.Link(name, href=addresses.patient(patient.pseudonym)) if linked else name
    heading = html.H1(shown)
    if identity is None:
        return [heading]
    facts = [
        ("Patient ID", identity.patient_id or "no patient ID"),
        ("Born", f"born {identity.birth_date}" if identity.birth_date else "birth date not stated"),
        ("Sex", SEXES.get(identity.sex or "", "sex not stated")),
        ("Pseudonym", patient.pseudonym),
    ]
    return [heading, *(html.Span(words, title=name, className="lb-identity-fact") for name, words in facts)]


def who_looked(patient: Patient, user: User) -> list[Component]:
    """The way to whatever was done with a patient, for who may see the audit trail."""
    if not may(user, Permission.SEE_AUDIT):
        return []
    address = str(AuditAddress.of_patient(patient.pseudonym))
    return [dcc.Link("Who looked at this patient", href=address, className="lb-identity-fact")]


def frame(patient_id: str, below: Sequence[Component] = ()) -> Component:
    """The page's frame for one patient: the identity stays at the top while the page scrolls.

    `below` stands under the studies.
    """
    return html.Div(
        [
            dcc.Store(id=PATIENT_ID, data=patient_id),
            html.Div(id=IDENTITY, className="lb-page-head lb-identity"),
            html.Div(id=CONTENT),
            *below,
        ],
        className="lb-patient",
        id="patient-page",
    )


def content(view: PatientView, charts: Mapping[str, Any]) -> list[Component]:
    """Charts, then the studies; `charts` are Plotly figures by their heading."""
    count = len(view.scans)
    words = f"{count} scan{'' if count == 1 else 's'}, the newest examination first"
    drawn = [scan for scan in view.scans if scan.result is not None and scan.result.has_mask]
    compare = dcc.Link(
        "Compare prior and current",
        href=addresses.comparison(view.patient.pseudonym),
        className="btn btn-sm btn-outline-primary",
    )
    return [
        *([_charts(charts)] if charts else []),
        *([warning(MARKED)] if any(scan.not_accepted for scan in view.scans) else []),
        html.Div(
            [html.Span(words, className="text-secondary"), *([compare] if len(drawn) > 1 else [])],
            className="lb-patient-head",
        ),
        *(_study(study) for study in view.studies),
    ]


def _charts(charts: Mapping[str, Any]) -> Component:
    shown = [
        html.Figure(
            [
                html.Figcaption(name),
                dcc.Graph(figure=figure, config={"displayModeBar": False}, className="lb-graph"),
            ],
            className="lb-card lb-chart",
        )
        for name, figure in charts.items()
    ]
    return html.Section(
        shown, className="lb-charts lb-patient-charts", **aria(label="Measurements over time")
    )


def _study(study: Study) -> Component:
    day = local_date(study.examined_at)
    if all(scan.scan.header.acquired_at is None for series in study.series for scan in series.scans):
        day = f"arrived {day}"
    known = {scan.scan.header.modality for series in study.series for scan in series.scans}
    heading = html.H2(" · ".join([day, *sorted(modality for modality in known if modality)]))
    return html.Section([heading, _table(study.series)], className="lb-card lb-study")


def _table(series: Sequence[Series]) -> Component:
    names = ("Series", "Result", "Volume", "Review", "Version", "Task")
    head = html.Thead(html.Tr([html.Th(name, scope="col") for name in names]))
    rows = [_row(own, scan) for own in series for scan in own.scans]
    table = html.Table([head, html.Tbody(rows)], className="table table-sm lb-patient-scans")
    return html.Div(
        table, className="lb-scroll", tabIndex=0, role="group", **aria(label="Scans of the study")
    )


def _row(series: Series, scan: PatientScan) -> Component:
    measured = scan.measurements
    cells: list[Any] = [
        dcc.Link(series.description or "Scan", href=addresses.scan(scan.scan.id)),
        _outcome(scan),
        "" if measured is None else millilitres(measured.volume_ml),
        "" if scan.review is None else verdict_badge(scan.review.verdict),
        "" if scan.result is None else scan.result.provenance.model_version,
        task_name(scan.scan.task),
    ]
    return html.Tr([html.Td(cell) for cell in cells])


def _outcome(scan: PatientScan) -> Component | str:
    result: Result | None = scan.result
    if scan.unaided:
        return "To be read without the AI"
    if scan.suspended:
        return SUSPENDED
    if result is None or scan.scan.status is not ScanStatus.READ:
        return STATUS_NAMES[scan.scan.status]
    said = html.Span(outcome_words(result.task, result.outcome), className=f"lb-result-{result.outcome}")
    if scan.not_accepted is None:
        return said
    return html.Span([said, html.Div(NOT_ACCEPTED, className="text-secondary", title=scan.not_accepted)])
