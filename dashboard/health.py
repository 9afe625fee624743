"""Addresses for those who look after the server: open, and without a word about patients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, Response, jsonify

if TYPE_CHECKING:
    from services.assembly.container import Services


def register(server: Flask, services: Services) -> None:
    """Add /healthz, /readyz and /metrics."""

    def healthz() -> Response:
        return jsonify({"alive": True})

    def readyz() -> Response:
        state = services.health.ready()
        response = jsonify(state)
        response.status_code = 200 if state.get("ready") else 503
        return response

    def metrics() -> Response:
        return Response(services.health.metrics(), content_type="text/plain; version=0.0.4; charset=utf-8")

    server.add_url_rule("/healthz", "healthz", healthz)
    server.add_url_rule("/readyz", "readyz", readyz)
    server.add_url_rule("/metrics", "metrics", metrics)
