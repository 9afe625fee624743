"""Alerts over time on a board: how many were first raised in each month, by how grave they are now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date

from data import house_clock
from data.records import BoardChoice, BoardPanel, User
from services.addresses import AlertsAddress
from services.alerts.alerts import Alerts
from services.boards.points import BoardPoint, PanelView, in_order, moment_of, months_from, panel_title
from services.cohort.small_numbers import Audience
from services.permissions import Permission, require

_SAYS = "Alerts of the whole house by the month in which they were first raised."
_PLACES = "An alert knows no site, scanner, sex or age group."


class AlertPoints:
    """Counts the alerts that are kept."""

    def __init__(self, alerts: Alerts, today: Callable[[], date]) -> None:
        self._alerts = alerts
        self._today = today

    def of(self, panel: BoardPanel, choice: BoardChoice, since: str, viewer: User, _: Audience) -> PanelView:
        """Alerts by month, from the month `since` on ("" for all). No patient stands behind their number."""
        require(viewer, Permission.DECIDE_ALERTS)
        raised = self._alerts.raised_since(moment_of(since), viewer)
        counts = Counter((house_clock.month_of(alert.first_at), alert.severity.value) for alert in raised)
        first = min((month for month, _ in counts), default="")
        months = months_from(first, self._today()) if first else []
        points = [
            BoardPoint(month, severity.capitalize(), counts[month, severity], counts[month, severity])
            for month in months
            for severity in sorted({severity for _, severity in counts})
        ]
        says = (_SAYS, _PLACES) if choice.of else (_SAYS,)
        return PanelView(panel, panel_title(panel), in_order(points), says, str(AlertsAddress()))
