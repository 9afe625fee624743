"""What a mail about alerts says: what the bell shows the person, as it may be read outside this house."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from data.records import Alert, KindCount, MailChoice, MailedAlerts, MailTopic, Severity
from services import addresses
from services.addresses import AlertsAddress
from services.alerts.alerts import Alerts
from services.alerts.messages import message
from services.mails.mail_words import OF_NOBODY, ended
from services.mails.personal_mails import Mail

MOST_TOLD = 20
"""Of more alerts at once the gravest are told, and how many more there are."""


class AlertMails:
    """Mails about alerts that call the person: nobody has muted or taken them on meanwhile."""

    topic = MailTopic.ALERTS

    def __init__(self, alerts: Alerts, url: str) -> None:
        """`url` is this server's public address."""
        self._alerts = alerts
        self._url = url.rstrip("/")

    def write(self, choice: MailChoice, since: datetime, until: datetime) -> Mail | None:
        """The mail about alerts that came, or became graver, after one moment and up to another."""
        called = [
            alert
            for alert in self._alerts.calling(choice.user)
            if since < alert.calls_since <= until and _is_wanted(alert, choice.alerts)
        ]
        return mail_about(called, self._url) if called else None


def mail_about(alerts: Sequence[Alert], url: str) -> Mail:
    """A mail about these alerts, the gravest first; `url` is this server's address."""
    severity = max((alert.severity for alert in alerts), key=lambda each: each.rank)
    count = KindCount.counted(alert.synthetic for alert in alerts)
    made = f"\n\n{OF_NOBODY}" if count.synthetic else ""
    told = [message(_as_told(alert), url) for alert in alerts[:MOST_TOLD]]
    if len(told) == 1:
        ((title, text),) = told
        return Mail(title, ended(f"{text.rstrip()}{made}", url), severity)
    title = f"Lightbox, {severity.words}: {count.of('open alert', 'open alerts')}"
    texts = [f"{subject.removeprefix('Lightbox, ')}\n{text}" for subject, text in told]
    if len(alerts) > MOST_TOLD:
        texts.append(f"… and {len(alerts) - MOST_TOLD} more: {url}{addresses.ALERTS}\n")
    return Mail(title, ended("\n".join(texts).rstrip() + made, url), severity)


def _is_wanted(alert: Alert, chosen: MailedAlerts | None) -> bool:
    """Whether somebody who has chosen this is told of an alert; decisions wait for a person."""
    if chosen is None or not alert.severity.is_told:
        return False
    if alert.awaits is not None or chosen is MailedAlerts.ALL:
        return True
    return chosen is MailedAlerts.CRITICAL and alert.severity is Severity.CRITICAL


def _as_told(alert: Alert) -> Alert:
    """The alert as it may be read outside: of what only some may see, that there is something."""
    if alert.permission is None:
        return alert
    link = str(AlertsAddress(alert.id))
    return replace(alert, title="An alert that only some may see", sentence="Sign in to read it.", link=link)
