"""Reviews that somebody asked for, above the worklist of those who review."""

from __future__ import annotations

from collections.abc import Sequence

from dash import dcc
from dash.development.base_component import Component

from dashboard.components.notices import noticed
from dashboard.components.outputs import Values
from dashboard.components.results import local_time, task_name
from data.records import ReviewRequest
from services import addresses

NOTICE = "worklist-requests"


def requested(requests: Sequence[ReviewRequest]) -> Values:
    """What the notice says: how many wait, and of each who asked, when, and the way to the scan.

    Why somebody asks stands on the scan's page: who reads there without the AI is not to know it before.
    """
    count = len(requests)
    words = "1 review was asked for" if count == 1 else f"{count} reviews were asked for"
    return noticed(NOTICE, words, [_link(request) for request in requests])


def _link(request: ReviewRequest) -> Component:
    words = f"{task_name(request.task)}, asked for by {request.asked_name}, {local_time(request.created_at)}"
    return dcc.Link(words, href=addresses.scan(request.scan_id))
