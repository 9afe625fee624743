"""The manuals under /help, for everybody who is signed in: they tell nothing of a patient."""

from __future__ import annotations

from flask import Flask, Response, redirect, send_from_directory
from werkzeug.exceptions import NotFound as NoFile
from werkzeug.wrappers import Response as BaseResponse

from dashboard.auth import person
from dashboard.kept_answers import ASK_AGAIN
from dashboard.manuals.build import SITE
from dashboard.manuals.chapters import chapter
from data.errors import NotFound

_NO_PAGE = "There is no such page in the manuals."
_NO_SITE = "The manuals are not built on this server. Whoever runs it can do so: make setup."


def register(server: Flask) -> None:
    """Add the routes."""
    rule = server.add_url_rule
    rule("/help", "help", start, strict_slashes=False)
    rule("/help/<name>.html", "help_page", page)
    rule("/help/<path:name>", "help_file", file)


def is_built() -> bool:
    """Return whether there is a site to serve."""
    return (SITE / "index.html").is_file()


def start() -> BaseResponse:
    """Lead to the manual of who is asking."""
    return redirect(chapter("", person()))


def page(name: str) -> Response:
    """One page of the site."""
    return file(f"{name}.html")


def file(name: str) -> Response:
    """A file of the site, and never one outside of it."""
    try:
        answer = send_from_directory(SITE, name)
    except NoFile as error:
        raise NotFound(_NO_PAGE if is_built() else _NO_SITE) from error
    answer.headers["Cache-Control"] = ASK_AGAIN
    return answer
