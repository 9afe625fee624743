"""A board's numbers as a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, Response, request

from dashboard.auth import require
from dashboard.files.attachments import attachment
from dashboard.files.numbers import AUDIENCE, query_without_audience
from services.boards.choices import chosen
from services.permissions import Permission

if TYPE_CHECKING:
    from services.assembly.container import Services


def register(server: Flask, services: Services) -> None:
    """Add the route below /boards/."""
    boards = services.boards

    def file(board_id: str, kind: str) -> Response:
        user = require(Permission.SEE_BOARDS)
        board = boards.boards.get(board_id, user)
        choice = chosen(board, query_without_audience())
        made = boards.exports.written(board, choice, kind, user, request.args.get(AUDIENCE))
        return attachment(made.content, made.name, made.mime)

    server.add_url_rule("/boards/<board_id>.<any(csv, json):kind>", "board_file", file)
