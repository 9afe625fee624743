"""What came and went by month on a board: the tiles of the cohort page, counted for each month."""

from __future__ import annotations

import calendar
from collections.abc import Callable
from dataclasses import replace
from datetime import date

from data import house_clock
from data.records import BoardChoice, BoardPanel, ExportRow, User
from models.statistics.estimate import Estimate
from services import addresses
from services.boards.measures import READINGS, REFUSALS
from services.boards.points import BoardPoint, PanelView, in_order, months_from, panel_title, too_few
from services.cohort.cohort import Cohorts
from services.cohort.counting import Cohort
from services.cohort.exports import told
from services.cohort.filters import Query, of_kind, of_made_scans, query_of, tidy
from services.cohort.small_numbers import Audience
from services.cohort.table import REFUSALS as REFUSED_FILES
from services.cohort.table import SHARE
from services.permissions import Permission, require

_SAYS = {
    READINGS: ("Scans that have a result, by the month in which they came.",),
    REFUSALS: ("Whatever the task, by the month in which they came. A refusal names no model version.",),
}
PLACES = ("site", "scanner")
_NO_PATIENT = "A refused file is counted by site and scanner, not by sex or age group."
_SAYS_UNCERTAIN = ("Of the scans that were read, the share whose answer is called uncertain.",)
_ROWS = {  # in which row of a cohort's file a measure's number stands
    READINGS: ("positive", SHARE),  # whose n are the scans that were read
    REFUSALS: ("refused", REFUSED_FILES),
}


class VolumePoints:
    """Asks the cohort page's service once a month; counts nothing itself."""

    def __init__(self, cohorts: Cohorts, today: Callable[[], date]) -> None:
        self._cohorts = cohorts
        self._today = today

    def of(
        self, panel: BoardPanel, choice: BoardChoice, since: str, viewer: User, audience: Audience
    ) -> PanelView:
        """A measure by month, from the month `since` on ("" for all); real and made scans apart."""
        require(viewer, Permission.SEE_STATISTICS)
        filters = _filters(panel, choice)
        points = [
            self._point(panel, tidy(filters | {"synthetic": (made,)}), month, viewer, audience)
            for made in self._kinds(panel, filters, viewer)
            for month in self._months(filters, since, viewer)
        ]
        says: tuple[str, ...] = _SAYS.get(panel.measure, _SAYS_UNCERTAIN)
        if panel.measure == REFUSALS and (choice.sex or choice.age):
            says = (*says, _NO_PATIENT)
        link = addresses.cohort(query_of(filters | ({"from": (f"{since}-01",)} if since else {})))
        kept = [point for point in points if point is not None]
        return PanelView(panel, panel_title(panel), in_order(kept), says, link)

    def _kinds(self, panel: BoardPanel, filters: Query, viewer: User) -> list[str]:
        """Real scans, and those made for a demonstration where there are any; of refusals nobody can tell."""
        if panel.measure == REFUSALS:
            return ["no"]
        made = self._cohorts.total(of_kind(filters, made=True), viewer)
        return ["no", "yes"] if made else ["no"]

    def _months(self, filters: Query, since: str, viewer: User) -> list[str]:
        """Every month from the first in which anything came."""
        places = {name: values for name, values in filters.items() if name in PLACES}
        days = [house_clock.month_of(kept.created_at) for kept in self._cohorts.refusals(places)]
        for made in ("no", "yes"):
            over_time = self._cohorts.cohort({**filters, "synthetic": (made,)}, viewer).over_time
            days += [over_time[0].name[:7]] if over_time else []
        first = max(since, min(days)) if days else ""
        return months_from(first, self._today()) if first else []

    def _point(
        self, panel: BoardPanel, filters: Query, month: str, viewer: User, audience: Audience
    ) -> BoardPoint | None:
        cohort = self._cohorts.cohort({**filters, **_days(month)}, viewer)
        made = of_made_scans(filters)
        note = self._withheld(panel, cohort, viewer, audience)
        link = addresses.cohort(query_of({**filters, **_days(month)}))
        name = "Real scans" if panel.measure != REFUSALS else "Refused"
        if note:
            return BoardPoint(month, name, None, None, None, None, made, note, link)
        return _told(panel, cohort, BoardPoint(month, name, None, 0, synthetic=made, link=link))

    def _withheld(self, panel: BoardPanel, cohort: Cohort, viewer: User, audience: Audience) -> str:
        """Why a month's number is not told to an audience; "" where it is."""
        if not audience.withholds:
            return ""
        name, quantity = _ROWS.get(panel.measure, ("uncertain", SHARE))
        rows = told(self._cohorts, cohort, audience, viewer)
        return next((row.note for row in rows if _is(row, name, quantity)), "")


def _is(row: ExportRow, name: str, quantity: str) -> bool:
    return (row.section, row.name, row.quantity) == ("summary", name, quantity)


def _told(panel: BoardPanel, cohort: Cohort, empty: BoardPoint) -> BoardPoint | None:
    if panel.measure == REFUSALS:
        return replace(empty, value=cohort.refused, n=cohort.refused)
    share: Estimate | None = cohort.positive.share if panel.measure == READINGS else cohort.uncertain.share
    read = 0 if share is None else share.n
    if panel.measure == READINGS:
        return replace(empty, value=read, n=read)
    if share is None or not read:
        return None
    return too_few(replace(empty, value=share.value, n=read, low=share.low, high=share.high))


def _filters(panel: BoardPanel, choice: BoardChoice) -> dict[str, tuple[str, ...]]:
    chosen = choice.of
    if panel.measure == REFUSALS:
        chosen = {name: value for name, value in chosen.items() if name in PLACES}
    else:
        chosen["task"] = panel.task
        chosen["version"] = f"{panel.task} {panel.version}" if panel.version else ""
    return {name: (value,) for name, value in chosen.items() if value}


def _days(month: str) -> dict[str, tuple[str, ...]]:
    year, number = (int(part) for part in month.split("-"))
    return {"from": (f"{month}-01",), "to": (f"{month}-{calendar.monthrange(year, number)[1]:02d}",)}
