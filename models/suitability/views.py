"""From which side a chest X-ray was taken, as far as its header says."""

from __future__ import annotations

import re

from data.records import Acquisition
from models.suitability.sequences import plain_words

_LATERAL_CODES = {"LL", "RL", "LAT", "LATERAL", "LLAT", "RLAT", "L LAT", "R LAT", "LATERO-LATERAL", "LATLAT"}
_DECUBITUS = {"LLD", "RLD"}  # lying on a side, but taken from the front
_OBLIQUE = re.compile(r"^(LPO|RPO|LAO|RAO|LLO|RLO|OBL.*)$")
_LATERAL_WORDS = re.compile(
    r"(?<![a-z])(?:lat|lateral|laterale?s?|llat|rlat|ll|rl|seitlich|seitl|seite|profil|profile|perfil|laterolateral|latero.lateral"
    r"|sidobild|zijdelings|boczn[ey])(?![a-z])"
)
_FRONTAL_WORDS = re.compile(
    r"(?<![a-z])(?:pa|ap|frontal|face|dv|p\.a|a\.p|antero\w*|postero\w*|supine|decub\w*)(?![a-z])"
)


def stated_view(acquisition: Acquisition) -> str | None:
    """ "lateral", "oblique" or "frontal"; None where a header says nothing, or several at once.

    The code of the view comes first, then how the patient lies in the picture, then words.
    """
    code = (acquisition.view or "").upper().replace("_", " ").strip()
    if code in _DECUBITUS:
        return "frontal"
    if code in _LATERAL_CODES or (
        _LATERAL_WORDS.search(code.lower()) and not _FRONTAL_WORDS.search(code.lower())
    ):
        return "lateral"
    if _OBLIQUE.match(code):
        return "oblique"
    said = plain_words(acquisition.words)
    lateral, frontal = bool(_LATERAL_WORDS.search(said)), bool(_FRONTAL_WORDS.search(said))
    if lateral != frontal:
        return "lateral" if lateral else "frontal"
    if code in {"AP", "PA"}:
        return "frontal"
    if (acquisition.row_towards or "")[:1] in {"A", "P"} and not frontal:
        return "lateral"
    return None
