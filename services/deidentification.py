"""Free text without the patient's name and number, as far as we know them."""

from __future__ import annotations

from data.identifying_words import IdentifyingWords
from data.records import Identity

REMOVED = "[removed]"


def without_identity(text: str, identity: Identity | None) -> str:
    """The text with every part of the patient's name, the id and the birth date taken out, whatever its case.

    Whole words are, so that a short name does not cut into a plain one. What a person wrote of
    somebody else cannot be known and stays.
    """
    if identity is None:
        return text
    words = IdentifyingWords.of(
        [identity.name] if identity.name else [],
        [identity.patient_id] if identity.patient_id else [],
        [identity.birth_date] if identity.birth_date else [],
    )
    return words.taken_out(text, REMOVED) if words else text
