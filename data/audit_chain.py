"""The arithmetic of the audit trail: what an event's hash is computed of, and with which key.

An event's hash is the HMAC-SHA256 of its content, which holds its number and the hash of the event
before, so that none can be changed, taken out or put in without the key. Events from before the chain
have no key: theirs is the plain SHA-256, and the first signed event covers them.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime
from weakref import WeakKeyDictionary

from sqlalchemy import Engine

from data.records import AuditLink

FORM = "lightbox-audit-1"  # another one where what is hashed ever changes
_PURPOSE = b"lightbox audit trail"


class ChainKey:
    """The key that events are signed with, derived from the house's secret."""

    def __init__(self, secret: str) -> None:
        self.key = hmac.new(secret.encode(), _PURPOSE, hashlib.sha256).digest()
        self.id = hashlib.sha256(self.key).hexdigest()[:16]

    def signed(self, content: bytes) -> str:
        """HMAC-SHA256 as 64 hexadecimal digits."""
        return hmac.new(self.key, content, hashlib.sha256).hexdigest()


_keys: WeakKeyDictionary[Engine, ChainKey] = WeakKeyDictionary()


def sign_with(engine: Engine, key: ChainKey) -> None:
    """Sign whatever events are added to this database by this process."""
    _keys[engine] = key


def key_of(engine: Engine) -> ChainKey | None:
    """The key of this database's events; None where this process has none."""
    return _keys.get(engine)


def content_of(link: AuditLink) -> bytes:
    """What the hash is computed of: JSON, a list in fixed order, UTF-8."""
    event = link.event
    values = [
        FORM,
        event.number,
        instant(event.at),
        event.user_id,
        event.action,
        event.subject,
        event.detail,
        "" if event.outcome is None else event.outcome.value,
        event.patient,
        event.role,
        event.origin.via.value,
        event.origin.address,
        link.key_id,
        link.previous,
    ]
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()


def hash_of(link: AuditLink, key: ChainKey | None) -> str:
    """An event's hash; without a key the plain SHA-256."""
    content = content_of(link)
    return hashlib.sha256(content).hexdigest() if key is None else key.signed(content)


def instant(moment: datetime) -> str:
    """A moment as it is hashed: UTC, to the microsecond."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
