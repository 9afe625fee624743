"""The numbers of a board as a file, CSV or JSON."""

from __future__ import annotations

from data.database import now
from data.errors import NotFound
from data.records import NOTICE, VERSION, AuditEvent, Board, BoardChoice, ExportRow, User
from data.stores.audit import AuditLog
from reports.tables import csv_table, json_table
from reports.time_words import clock
from services.boards.points import PanelView
from services.boards.views import BoardViews
from services.cohort.exports import MIME, Export, file_name
from services.cohort.small_numbers import audience_asked
from services.permissions import Permission, require

_WRITERS = {"csv": csv_table, "json": json_table}


class BoardExports:
    """Writes; each file that leaves is noted in the audit trail."""

    def __init__(self, views: BoardViews, audit: AuditLog) -> None:
        self._views = views
        self._audit = audit

    def written(
        self, board: Board, choice: BoardChoice, kind: str, user: User, audience: str | None = None
    ) -> Export:
        """Every point that the person may see, as `csv` or `json`; for `outside` unless it is said.

        Raises as `audience_asked` does, and NotFound for another kind of file.
        """
        require(user, Permission.SEE_BOARDS)
        if kind not in _WRITERS:
            raise NotFound("There is no such kind of file.")
        readers, at = audience_asked(audience, user), now()
        views = self._views.of(board, choice, user, readers)
        facts = {
            "Board": board.title,
            "Period": f"the last {choice.months} months" if choice.months else "all",
            "Site": choice.site or "all",
            "Scanner": choice.scanner or "all",
            "Sex": choice.sex or "all",
            "Age": choice.age or "all",
            "Counted": clock(at),
            "By": user.display_name,
            "Lightbox": VERSION,
            "Notice": NOTICE,
            "Small numbers": readers.words,
        }
        rows = [row for view in views for row in _rows(view)]
        subject = kind if readers.withholds else f"{kind}, for the house"
        self._audit.record(AuditEvent(at, user.id, "board.export", board.id, f"{board.title}: {subject}"))
        return Export(file_name("board", at, kind, readers), _WRITERS[kind](rows, facts), MIME[kind])


def _rows(view: PanelView) -> list[ExportRow]:
    if view.refused:
        return [ExportRow(view.title, "", "", None, None, note=view.refused)]
    quantity = view.measure.unit or ("share" if view.measure.percent else "value")
    return [
        ExportRow(
            view.title,
            point.at,
            quantity,
            point.n,
            point.value,
            point.low,
            point.high,
            point.series,
            ", ".join(filter(None, ("synthetic" if point.synthetic else "", point.note))),
        )
        for point in view.points
    ]
