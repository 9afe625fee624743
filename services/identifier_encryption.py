"""With which key what names patients is encrypted in the database."""

from __future__ import annotations

import logging

from data.database import Database
from data.encryption import ColumnKey, Keyring, encrypt_with
from data.errors import InvalidInput
from data.stores.identifier_encryption import bring_under_current_key, keys_in_use
from services.settings import Settings

log = logging.getLogger(__name__)


def encrypt_identifiers(database: Database, settings: Settings) -> None:
    """Encrypt as the settings say from now on, and bring what is there under the key in force.

    Without a key what is there is decrypted by earlier ones: so encryption is taken off. Raises InvalidInput
    where something is under a key that the settings do not name; then nothing was changed.
    """
    current = ColumnKey(settings.identifier_key) if settings.identifier_key else None
    keyring = Keyring(current, [ColumnKey(secret) for secret in settings.earlier_identifier_keys])
    encrypt_with(database, keyring)
    in_use = keys_in_use(database)
    unknown = sorted(in_use - keyring.known - {""})
    if unknown:
        raise InvalidInput(
            f"Names of patients are encrypted with the key {unknown[0]}, which is neither "
            "LIGHTBOX_IDENTIFIER_KEY nor one of LIGHTBOX_EARLIER_IDENTIFIER_KEYS: name it in one of them."
        )
    if in_use - {current.id if current else ""}:
        rows = bring_under_current_key(database)
        words = f"encrypted with the key {current.id}" if current else "kept without encryption"
        log.info("What names patients is now %s: %d rows were kept anew", words, rows)
