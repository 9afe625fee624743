"""Reviews that somebody asked for, above the worklist of those who review."""

from __future__ import annotations

from collections.abc import Sequence

from dash import dcc
from dash.development.base_component import Component

from dashboard.components.notices import noticed
from dashboard.components.outputs import Values
from dashboard.components.results import local_time, task_name
from data.records import KindCount, ReviewRequest, marked
from services import addresses

NOTICE = "worklist-requests"


def requested(requests: Sequence[ReviewRequest]) -> Values:
    """What the notice says: how many wait, and of each who asked, when, and the way to the scan.

    Why somebody asks stands on the scan's page: who reads there without the AI is not to know it before.
    """
    count = KindCount.counted(request.synthetic for request in requests)
    words = f"{count.of('review', 'reviews')} {'was' if len(requests) == 1 else 'were'} asked for"
    return noticed(NOTICE, words, [_link(request) for request in requests])


def _link(request: ReviewRequest) -> Component:
    what = marked(task_name(request.task), request.synthetic)
    words = f"{what}, asked for by {request.asked_name}, {local_time(request.created_at)}"
    return dcc.Link(words, href=addresses.scan(request.scan_id))
