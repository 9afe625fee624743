"""Passwords and tokens of remote nodes, kept encrypted with the house's secret key."""

from __future__ import annotations

from services import sealing

_PURPOSE = b"lightbox secrets of remote nodes"
_OTHER_KEY = (
    "The password or token of this node was kept under another secret key of this server: enter it again."
)


class Sealer(sealing.Sealer):
    """Encrypts and decrypts by a key that follows from the house's."""

    def __init__(self, secret_key: str) -> None:
        super().__init__(secret_key, _PURPOSE, _OTHER_KEY)
