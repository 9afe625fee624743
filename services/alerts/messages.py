"""What is sent about an alert: a subject and a plain text, read outside this house."""

from __future__ import annotations

from data.records import Alert, Severity
from services.addresses import AlertsAddress

_NAMES = {
    Severity.CALM: "Notice",
    Severity.TOO_FEW: "Too few",
    Severity.NOT_JUDGED: "Not judged",
    Severity.WARNING: "Warning",
    Severity.CRITICAL: "Critical",
}


def message(alert: Alert, url: str) -> tuple[str, str]:
    """The subject and the plain text of the message about an alert; `url` is this server's address."""
    since = alert.first_at.astimezone().strftime("%Y-%m-%d %H:%M")
    times = "" if alert.times == 1 else f"{alert.times} times since {since}.\n"
    link = f"{url}{alert.link}"
    own = f"{url}{AlertsAddress(alert.id)}"
    text = f"{alert.sentence}\n\n{times}{link}\nAcknowledge or mute: {own}\n"
    return f"Lightbox, {_NAMES[alert.severity].lower()}: {alert.title}", text
