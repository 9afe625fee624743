"""A Dash app that makes once what is the same for everybody as long as the server runs.

Dash writes the HTML of a page and the list of callbacks anew for each person who opens a page, a third of
what the server does for them: the HTML holds every id of the app, so that a mistake in a callback is found.
"""

from __future__ import annotations

from typing import Any

from dash import Dash
from flask import Response, request

ASK_AGAIN = "private, max-age=0, must-revalidate"
"""A browser keeps the answer, and asks each time whether it is still the right one."""


class KeptAnswers(Dash):
    """Dash, with the page's HTML and the list of callbacks kept; all callbacks are registered before."""

    _html: str | None = None
    _callbacks: bytes | None = None

    def index(self, *args: Any, **kwargs: Any) -> str:
        """The HTML of every page."""
        if self._html is None:
            self._html = str(super().index(*args, **kwargs))  # type: ignore[no-untyped-call]
        return self._html

    def dependencies(self) -> Response:
        """The list of callbacks; 304 for a browser that has it."""
        if self._callbacks is None:
            self._callbacks = super().dependencies().get_data()
        response = Response(self._callbacks, content_type="application/json")
        response.headers["Cache-Control"] = ASK_AGAIN
        response.add_etag()
        response.make_conditional(request)
        return response
