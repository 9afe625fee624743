"""The one place where an error becomes something that a person or a program reads."""

from __future__ import annotations

import logging
import secrets
from typing import Any

from dash import ctx, set_props
from flask import Flask, Response, jsonify, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from dashboard import accesses
from data.errors import (
    Busy,
    HeldPicture,
    Hidden,
    InvalidInput,
    NotAllowed,
    NotFound,
    Outage,
    Outdated,
    RefusedScan,
    StorageFull,
    TooManyRequests,
    UnchangedMask,
    UserFacingError,
    WithdrawnScan,
)
from services.outages import outage_of

logger = logging.getLogger(__name__)

ALERT = "alert"

_STATUS: tuple[tuple[type[UserFacingError], int, str], ...] = (
    (NotFound, 404, "not_found"),
    (NotAllowed, 403, "not_allowed"),
    (StorageFull, 507, "storage_full"),
    (Outage, 503, "unavailable"),
    (Busy, 503, "busy"),
    (TooManyRequests, 429, "too_many_requests"),
    (RefusedScan, 422, "refused"),
    (UnchangedMask, 400, "unchanged_mask"),
    (InvalidInput, 400, "invalid"),
    (Outdated, 409, "outdated"),
    (HeldPicture, 409, "burned_in_text"),
    (UserFacingError, 400, "invalid"),
)

_HTTP_SENTENCES = {
    400: ("invalid", "This request could not be understood."),
    401: ("signed_out", "Please sign in."),
    403: ("not_allowed", "You may not do this."),
    404: ("not_found", "There is no such page."),
    405: ("not_allowed", "This address does not take that kind of request."),
    413: ("too_large", "This is larger than Lightbox accepts."),
    415: ("invalid", "This kind of content is not accepted here."),
}


def sentence_for(error: Exception) -> str:
    """Return the one sentence that may be shown for `error`; unknown errors are logged and masked."""
    error = told_apart(error)
    if isinstance(error, UserFacingError):
        return str(error)
    reference = secrets.token_hex(3)
    logger.error("unexpected error %s", reference, exc_info=error)
    return f"Something went wrong on our side (reference {reference})."


def told_apart(error: Exception) -> Exception:
    """Return what an outage of disk, database or memory is told as; any other error as it is."""
    outage = outage_of(error)
    if outage is None:
        return error
    logger.warning("an outage: %s (%s)", outage, type(error).__name__)
    return outage


def on_callback_error(error: Exception) -> None:
    """Show the error of any callback in the alert and leave the page as it was.

    Dash takes None for "no update", also of a callback that has no outputs. The page of a withdrawn scan
    says itself what it is. Where a list has no buttons, or some that just appeared, Dash calls what listens
    to them too: nobody asked for anything, so nothing was refused.
    """
    if isinstance(error, WithdrawnScan) or (isinstance(error, NotAllowed) and _nothing_pressed()):
        return
    _note_refusal(error)
    set_props(ALERT, {"children": sentence_for(error), "is_open": True})


def _nothing_pressed() -> bool:
    """Whether a callback listens to buttons alone, and none of them was ever pressed."""
    return all(place.endswith("n_clicks") and not value for place, value in ctx.inputs.items())


def json_error(status: int, code: str, message: str, **more: Any) -> Response:
    """Build the one shape in which errors leave as JSON; `more` stands beside the error."""
    response = jsonify({"error": {"code": code, "message": message}, **more})
    response.status_code = status
    return response


def message_page(status: int, sentence: str) -> Response:
    """Build a small HTML page around one sentence."""
    return make_response(render_template("message.html", sentence=sentence), status)


def register(server: Flask) -> None:
    """Turn every error of a plain route into JSON, or a page where a browser asked for one."""
    server.register_error_handler(CSRFError, _csrf_refused)
    server.register_error_handler(HTTPException, _http_error)
    server.register_error_handler(UserFacingError, _user_facing)
    server.register_error_handler(Exception, _unexpected)


def _answer(status: int, code: str, sentence: str) -> Response:
    wants_page = "text/html" in request.headers.get("Accept", "") and not request.path.startswith("/api/")
    return message_page(status, sentence) if wants_page else json_error(status, code, sentence)


def _csrf_refused(_: CSRFError) -> Response:
    accesses.refused("The form carried no valid token of this session.")
    return _answer(400, "csrf", "This form is too old; reload the page and try again.")


def _http_error(error: HTTPException) -> Response:
    if error.response is not None or (error.code or 500) < 400:
        return make_response(error.get_response())
    cause = getattr(error, "original_exception", None)
    if isinstance(cause, Exception):  # raised where no handler is asked, such as after the view
        return _unexpected(cause)
    status = error.code or 500
    code, sentence = _HTTP_SENTENCES.get(status, ("failed", "This request could not be answered."))
    answer = _answer(status, code, sentence)
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            answer.headers[name] = value
    if isinstance(error, RequestEntityTooLarge):
        answer.headers["Connection"] = "close"
    return answer


def user_facing_error(error: UserFacingError, **more: Any) -> Response:
    """Build the JSON of an error that a person may read; `more` stands beside it."""
    return json_error(*_status_and_code(error), str(error), **more)


def _note_refusal(error: Exception) -> None:
    if isinstance(error, NotAllowed | Hidden):
        accesses.refused(str(error))


def _user_facing(error: UserFacingError) -> Response:
    _note_refusal(error)
    answer = _answer(*_status_and_code(error), str(error))
    if isinstance(error, Busy | TooManyRequests):
        answer.headers["Retry-After"] = str(error.seconds)
    return answer


def _status_and_code(error: UserFacingError) -> tuple[int, str]:
    return next((status, code) for kind, status, code in _STATUS if isinstance(error, kind))


def _unexpected(error: Exception) -> Response:
    known = told_apart(error)
    if isinstance(known, UserFacingError):
        return _user_facing(known)
    return _answer(500, "failed", sentence_for(error))
