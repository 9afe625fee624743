"""The audit trail, its chain and the watch over it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from data.records import AuditHead
from data.stores.audit_sent import AuditSentStore
from services.accounts import Accounts
from services.alerts.alerts import Alerts
from services.assembly.stores import Stores
from services.auditing.accesses import Accesses
from services.auditing.checkpoints import Checkpoints
from services.auditing.signing import keys_of
from services.auditing.syslog import SyslogSender, server_of
from services.auditing.trail import AuditTrail
from services.auditing.verification import Verification
from services.auditing.watch import AuditWatch


@dataclass(frozen=True)
class AuditServices:
    """What is known of who did what."""

    trail: AuditTrail
    watch: AuditWatch
    verification: Verification
    checkpoints: Checkpoints
    head: Callable[[], AuditHead]
    accesses: Accesses
    syslog: SyslogSender


def build_auditing(stores: Stores, accounts: Accounts, alerts: Alerts) -> AuditServices:
    """The trail on the house's stores; nothing is started."""
    keys, home = keys_of(stores.settings), stores.settings.home
    checkpoints = Checkpoints(home, keys)
    verification = Verification(stores.audit, keys, checkpoints)
    watch = AuditWatch(stores.audit, verification, checkpoints, alerts, home)
    trail = AuditTrail(stores.audit, accounts, stores.patients)
    sent, server = AuditSentStore(stores.database), server_of(stores.settings)
    return AuditServices(
        trail,
        watch,
        verification,
        checkpoints,
        stores.audit.head,
        Accesses(stores.audit),
        SyslogSender(stores.audit, sent, trail.told, server, alerts),
    )
