"""From services to a Dash app. Nothing is built at import; two apps may live in one process."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from dash import Dash
from flask import Flask, Response, g, redirect, request
from werkzeug.wrappers import Response as WerkzeugResponse

from dashboard import accesses, account, bell, confirming, departments, errors, health, security, shell
from dashboard.api import routes as api
from dashboard.auth import CSRF_COOKIE, SessionGuard, cookie_name
from dashboard.files import acceptance as acceptance_files
from dashboard.files import annotations as annotation_files
from dashboard.files import audit as audit_files
from dashboard.files import boards as board_files
from dashboard.files import drift as drift_files
from dashboard.files import exports, imports, reading_reports, withdrawn
from dashboard.files import model_cards as model_card_files
from dashboard.files import models as model_files
from dashboard.files import performance as performance_files
from dashboard.files import reports as report_files
from dashboard.files import reviews as review_files
from dashboard.files import scans as scan_files
from dashboard.files import unaided as unaided_files
from dashboard.files import uploads as tus
from dashboard.files import volumes as volume_files
from dashboard.kept_answers import KeptAnswers
from dashboard.manuals import routes as manuals
from dashboard.pages import (
    acceptance,
    admin,
    alerts,
    audit,
    board,
    boards,
    cohort,
    dicom,
    dicom_priors,
    dicom_watch,
    drift,
    evaluations,
    feedback,
    growth,
    model_card,
    models,
    patient,
    patient_priors,
    performance,
    performance_readers,
    performance_stop_rules,
    performance_threshold,
    rehearsal,
    reports,
    retention,
    retrainings,
    scan,
    schedules,
    worklist,
)
from dashboard.pages import departments as departments_page
from dashboard.pages.links import Links
from dashboard.signing_in import federated, second_factor, second_step
from dashboard.vendor import missing_vendor_files

if TYPE_CHECKING:
    from services.assembly.container import Services

HERE = Path(__file__).resolve().parent
logger = logging.getLogger(__name__)

_INDEX = """<!DOCTYPE html>
<html lang="en">
  <head>
    {%metas%}
    <title>{%title%}</title>
    <link rel="icon" href="/assets/favicon.svg" type="image/svg+xml">
    {%css%}
  </head>
  <body>
    {%app_entry%}
    <footer>{%config%}{%scripts%}{%renderer%}</footer>
  </body>
</html>"""

_STYLES = ["/assets/vendor/bootstrap.min.css", "/assets/vendor/bootstrap-icons.min.css"]
_SCRIPTS = ["/assets/vendor/fflate.js", "/assets/vendor/tus.js"]


def build_dashboard(services: Services, *, secret_key: str) -> Dash:
    """Build the Dash app over `services`; its `.server` is the Flask app.

    `secret_key` signs the session cookies.
    """
    if missing := missing_vendor_files():
        logger.warning("run `npm ci && python -m dashboard.vendor`: missing %s", ", ".join(missing))
    if not manuals.is_built():
        logger.warning("run `make setup`, or `python -m dashboard.manuals.build`: the manuals are missing")
    server = Flask("dashboard", root_path=str(HERE), static_folder=None)
    server.secret_key = secret_key
    security.allow_large_bodies(server, services)
    accesses.install(server, services)
    departments.install(server, services)
    guard = SessionGuard(services)
    guard.install(server)
    withdrawn.register(server, services)
    board_files.register(server, services)
    _add_routes(server, services, guard)
    app = _dash(server, cookie_name(CSRF_COOKIE, https=services.settings.https))
    _register_pages(app, services)
    cast(Any, app).validation_layout = shell.validation_layout()
    app.layout = partial(shell.layout, services.health.storage_words)
    server.before_request(_to_landing_page)
    server.after_request(_not_found_status)
    security.install(app, services)
    return app


def _register_pages(app: Dash, services: Services) -> None:
    """Bind every page to what it asks of the services."""
    tasks, requests = services.versions.registry.clinical, services.reviewing.requests
    reviewing = services.reviewing
    worklist.register(app, reviewing, tasks)
    scan.register(app, services)
    patient.register(app, reviewing.patients)
    patient_priors.register(app, services.priors)
    growth.register(app, reviewing.growth)
    feedback.register(app, services.feedback)
    cohort.register(app, services.cohort)
    performance.register(app, services.performance)
    performance_readers.register(app, services.performance, reviewing, services.readers.figures)
    performance_stop_rules.register(app, services.performance)
    performance_threshold.register(app, services.performance.numbers, services.versions.thresholds)
    drift.register(app, services.drift, requests, services.training.packs, services.cohort.numbers, tasks)
    boards.register(app, services.boards)
    board.register(app, services.boards, services.cohort.numbers, services.performance.numbers)
    models.register(app, services.versions)
    rehearsal.register(app, services.versions, reviewing.blinding)
    model_card.register(app, services.model_cards)
    evaluations.register(app, services.evaluations, services.versions.serving, tasks)
    retrainings.register(app, services.retrainings, services.versions)
    acceptance.register(app, services.acceptance, services.evaluations, services.versions.serving, tasks)
    reports.register(app, services.reporting, services.versions.registry, services.drift.runs)
    departments_page.register(app, services.departments.departments, services.accounts)
    admin.register(
        app,
        services.accounts,
        services.second_factors,
        services.sign_in_ways,
        services.importing,
        services.settings.imports_from,
    )
    alerts.register(app, services.alerts)
    audit.register(app, services.auditing)
    schedules.register(
        app,
        services.schedules,
        services.accounts,
        services.alerts,
        services.drift.runs.references,
        services.cohort.numbers,
        tasks,
    )
    dicom.register(app, services.receiving.received, services.remote_nodes, services.sending)
    dicom_priors.register(app, services.priors)
    retention.register(app, services.retention, services.schedules, tasks)
    dicom_watch.register(app, services.receiving.senders, services.alerts)
    shell.register(app, Links(services), services.feedback)
    bell.register(app, services.alerts)


def _add_routes(server: Flask, services: Services, guard: SessionGuard) -> None:
    errors.register(server)
    account.register(server, services, guard)
    second_step.register(server, services, guard)
    second_factor.register(server, services, guard)
    federated.register(server, services, guard)
    confirming.register(server, services)
    scan_files.register(server, services)
    review_files.register(server, services)
    reading_reports.register(server, services)
    exports.register(server, services)
    annotation_files.register(server, services)
    volume_files.register(server, services)
    unaided_files.register(server, services)
    model_files.register(server, services)
    model_card_files.register(server, services)
    acceptance_files.register(server, services)
    imports.register(server, services)
    tus.register(server, services)
    performance_files.register(server, services)
    report_files.register(server, services)
    drift_files.register(server, services)
    audit_files.register(server, services)
    manuals.register(server)
    api.register(server, services)
    health.register(server, services)
    bell.add_routes(server, services.alerts)


def _dash(server: Flask, csrf_cookie: str) -> Dash:
    return KeptAnswers(
        "dashboard",
        server=cast(Any, server),  # Dash takes any Flask app, and says only bool or a function
        assets_folder=str(HERE / "assets"),
        assets_path_ignore=["vendor"],  # listed by name below, in the right order
        external_stylesheets=_STYLES,
        external_scripts=_SCRIPTS,
        use_pages=False,  # Dash's own pages live in a registry that two apps would share
        pages_folder="",
        title="Lightbox",
        update_title="",
        index_string=_INDEX,
        serve_locally=True,
        csrf_token_name=csrf_cookie,
        on_error=errors.on_callback_error,
    )


def _to_landing_page() -> WerkzeugResponse | None:
    """Lead "/" to the first page of the role, so that its address says where one is."""
    place = shell.find_page("/", g.person) if request.path == "/" and "person" in g else None
    return redirect(place[0].path) if place else None


def _not_found_status(response: Response) -> Response:
    """A page that the role may not see does not exist, in the status line too."""
    is_page = request.endpoint in ("/", "/<path:path>") and response.status_code == 200
    if is_page and "person" in g and shell.find_page(request.path, g.person) is None:
        response.status_code = 403 if shell.of_the_house(request.path, g.person) else 404
    return response
