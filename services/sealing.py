"""Secrets kept encrypted (Fernet: AES-128-CBC with HMAC) by keys that follow from the house's."""

from __future__ import annotations

import base64
from collections.abc import Callable
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

    def opened_within(self, sealed: str, age: timedelta) -> str | None:
        """The secret, if it was sealed with this key no longer ago than `age`; else None."""
        try:
            return self._fernet.decrypt(sealed.encode(), ttl=int(age.total_seconds())).decode()
        except InvalidToken:
            return None


class AccountSealer:
    """Seals texts of one purpose for one account each: whoever else opens them, or later, has nothing."""

    def __init__(self, secret_key: Callable[[], str], purpose: bytes) -> None:
        """`secret_key` gives the house's key."""
        self._secret_key, self._purpose = secret_key, purpose

    def seal(self, text: str, user_id: str) -> str:
        """What may leave the house of a text; nothing of nothing."""
        return self._of(user_id).seal(text)

    def opened_within(self, sealed: str, user_id: str, age: timedelta) -> str | None:
        """The text, if it was sealed for this account no longer ago than `age`; else None."""
        return self._of(user_id).opened_within(sealed, age)

    def _of(self, user_id: str) -> Sealer:
        return Sealer(self._secret_key(), self._purpose + user_id.encode(), "")
