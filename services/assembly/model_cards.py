"""Living model cards: built here for the server."""

from __future__ import annotations

from data.records import FeedbackState
from data.stores.card_statements import CardStatementStore
from models import tasks
from services.alerts.alerts import Alerts
from services.assembly.drift import DriftServices
from services.assembly.performance import PerformanceServices
from services.assembly.stores import Stores
from services.assembly.versions import VersionServices
from services.cohort.cohort import HiddenFrom
from services.reporting.model_card.cards import CardSources, ModelCards
from services.reviewing.feedback import FeedbackMessages

_MOST = 1000  # alerts, promotions and runs that a card looks back on


def build_model_cards(
    stores: Stores,
    performance: PerformanceServices,
    drift: DriftServices,
    versions: VersionServices,
    alerts: Alerts,
    feedback: FeedbackMessages,
    hidden: HiddenFrom,
) -> ModelCards:
    """Put it together; `hidden` says what a person, or anybody, is not to know yet."""
    sources = CardSources(
        judgements=stores.judgements,
        goals=performance.goals.of,
        drift_runs=lambda task: drift.runs.runs(task, _MOST),
        of_made_scans=drift.runs.of_made_scans,
        alerts=lambda: [*alerts.unfinished(), *alerts.past(_MOST)],
        promotions=lambda task: versions.promotions.recent(task, _MOST),
        feedback=lambda: feedback.counts()[FeedbackState.OPEN].real,
        hidden=hidden,
    )
    statements = CardStatementStore(stores.database)
    return ModelCards(stores.registry, tasks.CLINICAL, sources, statements, stores.audit)
