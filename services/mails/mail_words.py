"""What every mail to a person ends with."""

from __future__ import annotations

from data.records import SYNTHETIC
from services import addresses

OF_NOBODY = f"{SYNTHETIC} scans were made for a demonstration and are of nobody.\n"


def ended(text: str, url: str) -> str:
    """The text, and below it why the person gets it; `url` is this server's address."""
    why = f"You chose this mail on your account page, where you can end it: {url}{addresses.ACCOUNT}"
    return f"{text}\n\n{why}\n"
