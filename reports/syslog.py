"""Messages as syslog has them: RFC 5424, framed for TLS by RFC 5425."""

from __future__ import annotations

import re
from datetime import datetime

_AUTHPRIV, _NOTICE = 10, 5
PRIORITY = _AUTHPRIV * 8 + _NOTICE
MOST_SEQUENCE = 2_147_483_647  # of `meta sequenceId`; it begins anew at 1
_MARK = b"\xef\xbb\xbf"  # RFC 5424 6.4: the message is UTF-8


def framed(message: bytes) -> bytes:
    """RFC 5425 4.3: the length in bytes, a blank, the message."""
    return b"%d %b" % (len(message), message)


def message(at: datetime, host: str, message_id: str, number: int, content: bytes) -> bytes:
    """One message of Lightbox; `number` is its sequenceId, by which one that comes twice is known."""
    sequence = (number - 1) % MOST_SEQUENCE + 1
    head = " ".join(
        [
            f"<{PRIORITY}>1",
            at.isoformat(timespec="microseconds"),
            _name(host, 255),
            "lightbox",
            "-",
            _name(message_id, 32),
            f'[meta sequenceId="{sequence}"]',
        ]
    )
    return head.encode("ascii") + b" " + _MARK + content


def _name(text: str, most: int) -> str:
    """Printable ASCII without blanks; "-" for nothing."""
    return re.sub(r"[^!-~]", "_", text)[:most] or "-"
