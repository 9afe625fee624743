"""What people say of results: who takes it, and whom it calls."""

from __future__ import annotations

from data.records import Feedback, FeedbackState, Severity
from data.stores.feedback import FeedbackStore
from services import addresses
from services.alerts.alerts import Alerts
from services.assembly.stores import Stores
from services.reviewing.blinding import Blinding
from services.reviewing.feedback import FeedbackMessages
from services.task_words import words_of


def build_feedback(stores: Stores, alerts: Alerts, blinding: Blinding) -> FeedbackMessages:
    """The messages; a message of a wrong patient or side is an alert until it is closed."""

    def call(message: Feedback) -> None:
        if not message.category.critical:
            return
        cause = f"feedback:{message.id}"
        if message.state is FeedbackState.CLOSED:
            alerts.settle(cause)
        elif message.state is FeedbackState.OPEN:
            # Read outside this house: what the person wrote may name a patient.
            version = f"version {message.model_version} of {words_of(message.task).label.lower()}"
            sentence = f"Somebody ({message.sender_role}) says this of a reading by {version}."
            scan = stores.scans.get(message.scan_id)
            alerts.raise_alert(
                cause,
                Severity.CRITICAL,
                message.category.words,
                sentence,
                addresses.scan(message.scan_id),
                synthetic=scan is not None and scan.synthetic,
            )

    store = FeedbackStore(stores.database)
    return FeedbackMessages(
        store, stores.scans, stores.results, stores.patients, stores.audit, blinding, call
    )
