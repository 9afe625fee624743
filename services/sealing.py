"""Secrets kept encrypted (Fernet: AES-128-CBC with HMAC) by keys that follow from the house's."""

from __future__ import annotations

import base64
from datetime import timedelta

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from data.errors import InvalidInput

_KEY_BYTES = 32


class Sealer:
    """Encrypts and decrypts secrets of one purpose; those of another cannot be read with its key."""

    def __init__(self, secret_key: str, purpose: bytes, other_key: str) -> None:
        """`other_key` is the sentence for a secret that was kept under another key of the house."""
        derived = HKDF(SHA256(), _KEY_BYTES, salt=None, info=purpose).derive(secret_key.encode())
        self._fernet = Fernet(base64.urlsafe_b64encode(derived))
        self._other_key = other_key

    def seal(self, secret: str) -> str:
        """What may be kept of a secret; nothing of nothing."""
        return self._fernet.encrypt(secret.encode()).decode() if secret else ""

    def opened(self, sealed: str) -> str:
        """The secret. Raises InvalidInput where the house's key has changed since."""
        try:
            return self._fernet.decrypt(sealed.encode()).decode() if sealed else ""
        except InvalidToken as error:
            raise InvalidInput(self._other_key) from error

    def opened_within(self, sealed: str, age: timedelta) -> str:
        """The secret, if it was sealed no longer ago than `age`. Raises InvalidToken where it was not."""
        return self._fernet.decrypt(sealed.encode(), ttl=int(age.total_seconds())).decode()
