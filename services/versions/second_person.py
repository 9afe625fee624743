"""Calling the second person whom an override of the promotion gate needs."""

from __future__ import annotations

from collections.abc import Callable

from data.records import Promotion, PromotionState, Severity
from services import addresses
from services.alerts.alerts import Alerts, Asked
from services.permissions import Permission
from services.task_words import words_of


def calls_second_person(alerts: Alerts) -> Callable[[Promotion], None]:
    """An alert for each override that is asked for, settled once somebody has decided."""

    def call(promotion: Promotion) -> None:
        cause = f"override:{promotion.id}"
        if promotion.state is not PromotionState.ASKED:
            alerts.settle(cause)
            return
        version = f"version {promotion.version} of {words_of(promotion.task).label}"
        title = f"{promotion.asked_name} asks for an override: {version}"
        # Read outside this house: without the reason that somebody wrote.
        sentence = "The promotion gate does not let it pass; somebody else has to confirm or refuse."
        asked = Asked(promotion.asked_by, Permission.CONFIRM_OVERRIDES)
        alerts.raise_alert(cause, Severity.WARNING, title, sentence, addresses.MODELS, asked=asked)

    return call
