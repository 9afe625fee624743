"""Boards: built here on the services whose numbers they show."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from data import house_clock
from data.database import Database
from data.stores.audit import AuditLog
from data.stores.boards import BoardStore
from services.alerts.alerts import Alerts
from services.assembly.cohort import CohortServices
from services.assembly.drift import DriftServices
from services.assembly.performance import PerformanceServices
from services.assembly.stores import Stores
from services.boards.alert_points import AlertPoints
from services.boards.boards import Boards
from services.boards.drift_points import DriftPoints
from services.boards.exports import BoardExports
from services.boards.measures import Source
from services.boards.performance_points import PerformancePoints
from services.boards.views import BoardViews, Points
from services.boards.volume_points import VolumePoints
from services.cohort.cohort import Cohorts
from services.drift.runs import DriftRuns


@dataclass(frozen=True)
class BoardServices:
    """The services behind the boards and their files."""

    boards: Boards
    views: BoardViews
    exports: BoardExports


def build_boards(
    stores: Stores,
    cohort: CohortServices,
    performance: PerformanceServices,
    drift: DriftServices,
    alerts: Alerts,
) -> BoardServices:
    """Put it together on the services whose numbers boards show."""
    return boards_on(
        stores.database,
        cohort.numbers,
        performance,
        drift.runs,
        alerts,
        stores.clinical,
        house_clock.today,
    )


def boards_on(
    database: Database,
    cohorts: Cohorts,
    performance: PerformanceServices,
    runs: DriftRuns,
    alerts: Alerts,
    tasks: Sequence[str],
    today: Callable[[], date],
) -> BoardServices:
    """Put it together on its parts; `today` says where a period ends."""
    audit, of_drift = AuditLog(database), DriftPoints(runs)
    points: dict[Source, Points] = {
        Source.PERFORMANCE: PerformancePoints(performance.numbers, performance.exports),
        Source.VOLUMES: VolumePoints(cohorts, today),
        Source.DRIFT: of_drift,
        Source.ALERTS: AlertPoints(alerts, today),
    }
    views = BoardViews(points, of_drift, today)
    boards = Boards(BoardStore(database), audit, tasks)
    return BoardServices(boards, views, BoardExports(views, audit))
