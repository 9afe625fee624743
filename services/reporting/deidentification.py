"""Free text without the patient's name and number, as far as we know them."""

from __future__ import annotations

import re

from data.records import Identity

REMOVED = "[removed]"
_SHORTEST = 3  # of a part of a name: shorter ones are parts of ordinary words


def without_identity(text: str, identity: Identity | None) -> str:
    """The text with every part of the patient's name, the id and the birth date taken out, whatever its case.

    What a person wrote of somebody else cannot be known and stays.
    """
    if identity is None:
        return text
    known = [part for part in re.split(r"[\s^,;=]+", identity.name or "") if len(part) >= _SHORTEST]
    known += [identity.patient_id] if identity.patient_id else []
    if identity.birth_date is not None:
        born = identity.birth_date
        known += [
            f"{born:%Y-%m-%d}",
            f"{born:%d.%m.%Y}",
            f"{born:%d/%m/%Y}",
            f"{born:%m/%d/%Y}",
            f"{born:%Y%m%d}",
        ]
    for part in sorted(known, key=len, reverse=True):
        text = re.sub(re.escape(part), REMOVED, text, flags=re.IGNORECASE)
    return text
