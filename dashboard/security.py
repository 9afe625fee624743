"""Headers that narrow what a browser may do with our pages, and how much a request may carry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dash import Dash
from flask import Flask, Response, request
from werkzeug.middleware.proxy_fix import ProxyFix

if TYPE_CHECKING:
    from services.assembly.container import Services

MEBIBYTE = 1 << 20
SMALL_BODY = 4 * MEBIBYTE  # forms and callbacks
MASK_BODY = 512 * MEBIBYTE  # a corrected mask
VERSION_BODY = 4096 * MEBIBYTE  # a model version as a zip
FORM_OVERHEAD = MEBIBYTE  # what multipart adds around a file

HTTPS_ALONE = "max-age=31536000; includeSubDomains"
"""For a year browsers open this host, and hosts below its name, over TLS alone."""
KEPT_FOR_EVER = "private, max-age=31536000, immutable"

# Dash and its grid set styles from JavaScript, which only 'unsafe-inline' allows.
_POLICY = (
    "default-src 'self'; script-src 'self' {hashes}; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self'; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
)


def install(app: Dash, services: Services) -> None:
    """Set the headers of every answer; call it after all callbacks are registered."""
    policy = _POLICY.format(hashes=" ".join(app.csp_hashes()))
    server: Flask = app.server

    def headers(response: Response) -> Response:
        response.headers.setdefault("Content-Security-Policy", policy)
        response.headers["X-Frame-Options"] = "SAMEORIGIN"
        response.headers["X-Content-Type-Options"] = "nosniff"
        # Not no-referrer: the CSRF check over https compares the referrer.
        response.headers["Referrer-Policy"] = "same-origin"
        response.headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=()"
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        if services.settings.https:
            response.headers["Strict-Transport-Security"] = HTTPS_ALONE
        if not _may_be_cached(response):
            response.headers["Cache-Control"] = "no-store"
        elif _never_changes():
            response.headers["Cache-Control"] = KEPT_FOR_EVER
        return response

    server.after_request(headers)
    if services.settings.https:
        # One TLS proxy stands in front: its word on scheme, host and client is taken.
        server.wsgi_app = ProxyFix(server.wsgi_app, x_for=1, x_proto=1, x_host=1)  # type: ignore[method-assign]
    server.config["MAX_CONTENT_LENGTH"] = SMALL_BODY


def allow_large_bodies(server: Flask, services: Services) -> None:
    """Let the few routes that take files take large bodies; call it before the guard is installed."""

    def widen() -> None:
        if request.endpoint in ("tus_append", "api_add_scan"):
            request.max_content_length = services.reading.uploads.max_bytes + FORM_OVERHEAD
        elif request.endpoint == "add_version":
            request.max_content_length = VERSION_BODY
        elif request.endpoint in ("correct_mask", "draw_mask"):
            request.max_content_length = MASK_BODY

    server.before_request(widen)


def _never_changes() -> bool:
    """Whether an asset's address carries the time of its file, as Dash writes it: nobody need ask again."""
    return request.path.startswith("/assets/") and "m" in request.args


def _may_be_cached(response: Response) -> bool:
    if response.status_code >= 400:
        return False
    own_choice = response.headers.get("Cache-Control", "")
    return request.path.startswith(("/assets/", "/_dash-component-suites/")) or "max-age" in own_choice
