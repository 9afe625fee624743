"""Addresses that are told of a scan: of a withdrawn one all is kept, but not for everybody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, g, request

from dashboard.auth import person

if TYPE_CHECKING:
    from services.assembly.container import Services

SAYS_SO = ("scan_state",)
"""What pages ask to see that the scan is withdrawn: it says nothing else."""


def register(server: Flask, services: Services) -> None:
    """Refuse before every view that is told of a scan, so that no address can forget to ask."""

    def refuse_withdrawn() -> None:
        scan_id = (request.view_args or {}).get("scan_id")
        if scan_id is not None and "person" in g and request.endpoint not in SAYS_SO:
            services.reviewing.withdrawals.refuse_withdrawn(scan_id, person())

    server.before_request(refuse_withdrawn)
