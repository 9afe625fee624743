"""A board as a person sees it: each panel asked of the service that counts its numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Protocol

from data.records import Board, BoardChoice, BoardPanel, User
from services.boards.choices import checked_choice
from services.boards.drift_points import DriftPoints
from services.boards.measures import Source, may_see, measure_of
from services.boards.points import PanelView, months_back, panel_title
from services.cohort.small_numbers import Audience
from services.permissions import TABLE, Permission, require, role_names


class Points(Protocol):
    """Gives the points of a panel."""

    def of(
        self, panel: BoardPanel, choice: BoardChoice, since: str, viewer: User, audience: Audience, /
    ) -> PanelView:
        """From the month `since` on, "" for all."""


class BoardViews:
    """Composes; counts nothing."""

    def __init__(
        self, points: Mapping[Source, Points], drift: DriftPoints, today: Callable[[], date]
    ) -> None:
        self._points = dict(points)
        self._drift = drift
        self._today = today

    def of(self, board: Board, choice: BoardChoice, viewer: User, audience: Audience) -> list[PanelView]:
        """Every panel in its order; raises InvalidInput for a period that there is not.

        Instead of numbers that the role may not see stands a sentence.
        """
        require(viewer, Permission.SEE_BOARDS)
        since = months_back(checked_choice(choice).months, self._today())
        return [self._view(panel, choice, since, viewer, audience) for panel in board.panels]

    def references(self, task: str, viewer: User) -> dict[str, str]:
        """What drift of a task was measured against, for a panel to choose from."""
        require(viewer, Permission.SEE_DRIFT)
        return self._drift.references(task)

    def _view(
        self, panel: BoardPanel, choice: BoardChoice, since: str, viewer: User, audience: Audience
    ) -> PanelView:
        if not may_see(viewer, panel):
            who = role_names(TABLE[measure_of(panel).permission].roles)
            return PanelView(panel, panel_title(panel), refused=f"These numbers are for {who}.")
        return self._points[measure_of(panel).source].of(panel, choice, since, viewer, audience)
