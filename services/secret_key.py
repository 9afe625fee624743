"""The key that signs sessions: a setting, or a file made at the first start."""

from __future__ import annotations

import logging
import secrets
from pathlib import Path

from data import atomic_files
from services.settings import Settings

LEAST_CHARACTERS = 32  # a shorter one was cut off by a crash, and could be guessed
FILE = "secret.key"
_BYTES = 48

log = logging.getLogger(__name__)


def secret_key(settings: Settings) -> str:
    """The setting, else what the file in the home folder holds.

    A file that is empty, cut off or no text is replaced: whoever was signed in signs in once more.
    Raises OSError where the home folder cannot be written.
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
    log.error("%s was empty or cut off and is made anew; everybody has to sign in again", file)
    return None


def _made(file: Path) -> str:
    key = secrets.token_urlsafe(_BYTES)
    atomic_files.write(file, key, mode=atomic_files.PRIVATE)
    return key
