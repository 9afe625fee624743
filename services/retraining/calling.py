"""Calling those who decide: that a retraining is proposed, and that a version came of it."""

from __future__ import annotations

from collections.abc import Callable

from data.records import Retraining, RetrainingState, Severity
from services import addresses
from services.alerts.alerts import Alerts, Asked
from services.permissions import Permission
from services.task_words import words_of

Call = Callable[[Retraining], None]
"""Told of each retraining whose state has changed."""


def calls_deciders(alerts: Alerts) -> Call:
    """An alert for each that waits for a person or has failed, settled once it does so no more."""

    def call(retraining: Retraining) -> None:
        cause, label = f"retraining:{retraining.id}", words_of(retraining.task).label
        failed = f"retraining-failed:{retraining.task}"
        alerts.settle(cause)
        if retraining.state is RetrainingState.PROPOSED:
            asked = Asked(retraining.opened_by or "", Permission.RETRAIN)
            title, sentence = f"A retraining is proposed: {label}", retraining.why
        elif retraining.state is RetrainingState.READY:
            alerts.settle(failed)
            asked = Asked("", Permission.PROMOTE)
            title = f"Version {retraining.version} of {label} was retrained and rehearsed"
            sentence = "Look at what it says otherwise, and let it go live or decline it."
        elif retraining.state is RetrainingState.FAILED:
            alerts.raise_alert(
                failed,
                Severity.WARNING,
                f"The retraining failed: {label}",
                retraining.failure,
                addresses.RETRAININGS,
                synthetic=retraining.synthetic,
            )
            return
        else:
            return
        alerts.raise_alert(
            cause,
            Severity.WARNING,
            title,
            sentence,
            addresses.RETRAININGS,
            asked=asked,
            synthetic=retraining.synthetic,
        )

    return call
