"""Passwords and tokens of remote nodes, kept encrypted with the house's secret key."""

from __future__ import annotations

import base64

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from data.errors import InvalidInput

_PURPOSE = b"lightbox secrets of remote nodes"
_KEY_BYTES = 32
_OTHER_KEY = (
    "The password or token of this node was kept under another secret key of this server: enter it again."
)


class Sealer:
    """Encrypts and decrypts by a key that follows from the house's."""

    def __init__(self, secret_key: str) -> None:
        derived = HKDF(SHA256(), _KEY_BYTES, salt=None, info=_PURPOSE).derive(secret_key.encode())
        self._fernet = Fernet(base64.urlsafe_b64encode(derived))

    def seal(self, secret: str) -> str:
        """What may be kept of a secret; nothing of nothing."""
        return self._fernet.encrypt(secret.encode()).decode() if secret else ""

    def opened(self, sealed: str) -> str:
        """The secret. Raises InvalidInput where the house's key has changed since."""
        try:
            return self._fernet.decrypt(sealed.encode()).decode() if sealed else ""
        except InvalidToken as error:
            raise InvalidInput(_OTHER_KEY) from error
