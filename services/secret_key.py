"""The key that signs sessions: a setting, or a file made at the first start."""

from __future__ import annotations

import secrets
from pathlib import Path

from data import atomic_files
from data.errors import InvalidInput
from services.settings import Settings

LEAST_CHARACTERS = 32  # a shorter one was cut off by a crash, and could be guessed
FILE = "secret.key"
_BYTES = 48

DAMAGED = (
    "The secret key in {file} is empty or cut off. Put the file back from a backup, or set "
    "LIGHTBOX_SECRET_KEY to the key that was in it. If it is lost, remove the file: a new key is made at "
    "the next start, everybody signs in again, second factors and the secrets of other systems are set up "
    "anew, and the audit trail's events of before can no longer be checked."
)


def secret_key(settings: Settings) -> str:
    """The setting, else what the file in the home folder holds.

    Raises InvalidInput for a file that is empty, cut off or no text: with another key the chain of the audit
    trail would look broken, and kept secrets could not be read, so that a person has to decide. Raises
    OSError where the home folder cannot be written.
    """
    return settings.secret_key or _kept(settings.home / FILE) or _made(settings.home / FILE)


def _kept(file: Path) -> str | None:
    try:
        key = file.read_text().strip()
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        key = ""
    if len(key) >= LEAST_CHARACTERS:
        return key
    raise InvalidInput(DAMAGED.format(file=file))


def _made(file: Path) -> str:
    key = secrets.token_urlsafe(_BYTES)
    atomic_files.write(file, key, mode=atomic_files.PRIVATE)
    return key
