"""Columns that are encrypted at rest where the house has a key for them, and read as if they were not.

The keys stand with the engine (`encrypt_with`), so that stores know nothing of them. What is kept is the
text itself, or a mark, the key's id and AES-SIV (RFC 5297) of the text. The column's name is authenticated
with it, so that a value put into another column cannot be read. Values under earlier keys, and plain ones,
are read as well: `data.stores.identifier_encryption` brings them under the key in force.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence
from datetime import date
from weakref import WeakKeyDictionary

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import Dialect, Engine
from sqlalchemy.types import TypeDecorator

from data.columns import Words, storable
from data.errors import InvalidInput

MARK = "\x01"
"""Begins what is encrypted; a plain text never keeps it."""
OTHER_KEY = "Names of patients are encrypted with another key than those that are set here."
CHANGED = "An encrypted name of a patient was changed in the database: it cannot be read."
_PURPOSE = b"lightbox identifiers at rest"
_KEY_BYTES, _ID_BYTES, _NONCE_BYTES = 64, 4, 16
_ID_DIGITS = 2 * _ID_BYTES
PREFIX_LENGTH = len(MARK) + _ID_DIGITS
"""So many characters tell with which key something is encrypted."""


class ColumnKey:
    """A key of columns, derived (HKDF-SHA256) from a secret of the house: AES-256 in SIV mode."""

    def __init__(self, secret: str) -> None:
        derived = HKDF(SHA256(), _KEY_BYTES + _ID_BYTES, salt=None, info=_PURPOSE).derive(secret.encode())
        self._cipher = AESSIV(derived[:_KEY_BYTES])
        self.id = derived[_KEY_BYTES:].hex()

    @property
    def prefix(self) -> str:
        """What everything begins with that is encrypted with this key."""
        return MARK + self.id

    def encrypted(self, text: str, column: str, *, lookup: bool) -> str:
        """A text as it is kept; with `lookup` the same for the same text of a column."""
        nonce = b"" if lookup else secrets.token_bytes(_NONCE_BYTES)
        sealed = self._cipher.encrypt(text.encode(), _authenticated(column, nonce))
        return self.prefix + base64.urlsafe_b64encode(nonce + sealed).decode()

    def decrypted(self, kept: str, column: str, *, lookup: bool) -> str:
        """The text of `encrypted`. Raises InvalidInput where it was changed, or moved from another column."""
        try:
            content = base64.urlsafe_b64decode(kept[len(self.prefix) :])
            size = 0 if lookup else _NONCE_BYTES
            nonce, sealed = content[:size], content[size:]
            return self._cipher.decrypt(sealed, _authenticated(column, nonce)).decode()
        except (ValueError, InvalidTag) as error:
            raise InvalidInput(CHANGED) from error


class Keyring:
    """The key in force (None: texts are kept plain), and earlier ones that still read."""

    def __init__(self, current: ColumnKey | None = None, earlier: Sequence[ColumnKey] = ()) -> None:
        self.current = current
        self._keys = {key.id: key for key in (*([current] if current else []), *earlier)}

    @property
    def prefix(self) -> str:
        """What everything begins with that is kept as it should be; "" where it should be plain."""
        return self.current.prefix if self.current else ""

    @property
    def known(self) -> frozenset[str]:
        """The ids of all keys."""
        return frozenset(self._keys)

    def kept(self, text: str, column: str, *, lookup: bool) -> str:
        """A text as it is kept now."""
        plain = storable(text).lstrip(MARK)
        return plain if self.current is None else self.current.encrypted(plain, column, lookup=lookup)

    def text(self, kept: str, column: str, *, lookup: bool) -> str:
        """The text, whatever it is kept under. Raises InvalidInput for a key that is not known here."""
        if not kept.startswith(MARK):
            return kept
        key = self._keys.get(key_id(kept))
        if key is None:
            raise InvalidInput(OTHER_KEY)
        return key.decrypted(kept, column, lookup=lookup)

    def forms(self, text: str, column: str) -> list[str]:
        """All ways in which a text may be kept in a column that is looked up by equality."""
        plain = storable(text).lstrip(MARK)
        return [plain, *(key.encrypted(plain, column, lookup=True) for key in self._keys.values())]


_PLAIN = Keyring()
_keyrings: WeakKeyDictionary[Dialect, Keyring] = WeakKeyDictionary()


def encrypt_with(engine: Engine, keyring: Keyring) -> None:
    """Let this process keep and read the encrypted columns of a database with these keys."""
    _keyrings[engine.dialect] = keyring


def keyring_of(engine: Engine) -> Keyring:
    """The keys of a database's columns; without any, texts are kept plain."""
    return _of(engine.dialect)


def key_id(kept: str) -> str:
    """The id of the key that something is encrypted with; "" of a plain text."""
    return kept[len(MARK) : PREFIX_LENGTH] if kept.startswith(MARK) else ""


class Encrypted(TypeDecorator[str]):
    """A text of any length that is encrypted at rest where the house has a key.

    `column` is "table.column". Comparing in SQL means nothing but with `lookup`: then equal texts are kept
    equal, and `Keyring.forms` says as what; whoever reads the database sees that two rows are equal. A text
    is cut to `length` characters where one is given.
    """

    impl = Words
    cache_ok = True

    def __init__(self, column: str, length: int | None = None, *, lookup: bool = False) -> None:
        super().__init__()
        self.column, self.length, self.lookup = column, length, lookup

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """The text as it is kept."""
        if value is None:
            return None
        return _of(dialect).kept(storable(value)[: self.length], self.column, lookup=self.lookup)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """The text as it was given. Raises InvalidInput where no key here reads it."""
        return None if value is None else _of(dialect).text(value, self.column, lookup=self.lookup)


class EncryptedDate(TypeDecorator[date]):
    """A day, kept as an ISO text that is encrypted as in `Encrypted`."""

    impl = Words
    cache_ok = True

    def __init__(self, column: str) -> None:
        super().__init__()
        self.column, self.lookup = column, False

    def process_bind_param(self, value: date | None, dialect: Dialect) -> str | None:
        """The day as it is kept."""
        return None if value is None else _of(dialect).kept(value.isoformat(), self.column, lookup=False)

    def process_result_value(self, value: str | None, dialect: Dialect) -> date | None:
        """The day as it was given. Raises InvalidInput where no key here reads it."""
        return (
            None if value is None else date.fromisoformat(_of(dialect).text(value, self.column, lookup=False))
        )


def _authenticated(column: str, nonce: bytes) -> list[bytes]:
    return [column.encode(), nonce] if nonce else [column.encode()]


def _of(dialect: Dialect) -> Keyring:
    return _keyrings.get(dialect, _PLAIN)
