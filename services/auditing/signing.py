"""With which key events are signed, and which earlier keys can check them."""

from __future__ import annotations

from collections.abc import Mapping

from data.audit_chain import ChainKey, sign_with
from data.database import Database, now
from data.records import AuditEvent
from data.stores.audit import AuditLog
from services.secret_key import secret_key
from services.settings import Settings


def sign_events(database: Database, settings: Settings) -> None:
    """Sign whatever this process adds; the first signed event says how many were there before."""
    sign_with(database, ChainKey(secret_key(settings)))
    audit = AuditLog(database)
    head = audit.head()
    newest = audit.link(head.number)
    if newest is not None and newest.key_id == "":
        audit.record(AuditEvent(now(), None, "audit.chain", "audit", f"{head.number} events from before"))


def keys_of(settings: Settings) -> Mapping[str, ChainKey]:
    """Every key that events may be signed with, by its id; the one in force is the first."""
    keys = [ChainKey(secret) for secret in (secret_key(settings), *settings.earlier_secret_keys)]
    return {key.id: key for key in keys}
