"""Addresses for those who look after the server: open, and without a word about patients."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, g, jsonify, request, request_finished, request_started

if TYPE_CHECKING:
    from services.assembly.container import Services


def register(server: Flask, services: Services) -> None:
    """Add /healthz, /readyz and /metrics, and count every request for the last one."""
    _count_requests(server, services)

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


def _count_requests(server: Flask, services: Services) -> None:
    """Signals and not hooks: these also come where an earlier hook answers, and after a fault."""

    def started(_: Flask, **_more: Any) -> None:
        g.started = perf_counter()

    def finished(_: Flask, response: Response, **_more: Any) -> None:
        rule, seconds = request.url_rule, perf_counter() - g.started
        # Addresses and methods that do not exist are made up by whoever asks: they must not become series.
        method, route = ("", "") if rule is None else (request.method, rule.rule)
        services.health.durations.request(method, route, response.status_code, seconds)

    request_started.connect(started, server, weak=False)
    request_finished.connect(finished, server, weak=False)
