"""What stands on radiographs and says nobody's name: markers of side, view and position, rulers, exposures.

A list in one place, kept short: a word that is not here holds a picture, which costs a person a look; a
word that is here and names somebody costs that somebody's secret (no WARD, no LI, no ED).
"""

from __future__ import annotations

import re
import unicodedata

_SIDES = "L R LT RT LEFT RIGHT LINKS RECHTS G D GAUCHE DROITE"
_VIEWS = "A P AP PA LAT LATERAL LL RL OBL OBLIQUE APICAL LORDOTIC"
_POSITIONS = "ERECT UPRIGHT STANDING SITTING SEATED SEMI SEMIERECT SUPINE PRONE DECUB DECUBITUS LYING"
_CIRCUMSTANCES = "PORTABLE MOBILE BED BEDSIDE ICU ITU XR XRAY CR DX CHEST THORAX"
_POSITIONS_ELSEWHERE = (
    "SENTADO SENTADA SEDUTO SEDUTA SUPINO SUPINA DECUBITO ORTOSTATICO BIPEDESTACION ASSIS COUCHE DEBOUT "
    "LIEGEND SITZEND STEHEND"
)
_BREATHS = "INSP INSPIRATION EXP EXPIRATION"
MARKERS = frozenset(
    f"{_SIDES} {_VIEWS} {_POSITIONS} {_POSITIONS_ELSEWHERE} {_CIRCUMSTANCES} {_BREATHS} CM MM".split()
)

_EXPOSURE = re.compile(
    r"(?:KVP?|MAS|SID|FFD)[ :=]*\d{1,3}(?:[.,]\d{1,2})?|\d{1,3}(?:[.,]\d{1,2})? ?(?:KVP?|MAS|CM|MM)"
)
_WINDOW = re.compile(r"W[: ]*\d{1,5}[:;, ]+[LC][: ]*-?\d{1,5}")
_NUMBER_OF_A_RULER = re.compile(r"0|[1-9]\d{0,2}")


def is_harmless(text: str) -> bool:
    """Whether all that a box says is markers, an exposure, a window, or the numbers of a ruler.

    A ruler's numbers stand alone or, with blanks between, in equal steps: three numbers in a row may be a
    date of birth.
    """
    apart = unicodedata.normalize("NFKD", text)
    plain = "".join(char for char in apart if not unicodedata.combining(char)).upper().strip()
    if _EXPOSURE.fullmatch(plain) or _WINDOW.fullmatch(plain):
        return True
    words = [word for word in re.split(r"[^\w]+", plain) if word]
    numbers = [word for word in words if word[0].isdigit()]
    if any(word not in MARKERS for word in words if word not in numbers):
        return False
    return not numbers or _are_of_a_ruler(numbers, plain)


def _are_of_a_ruler(numbers: list[str], text: str) -> bool:
    if not all(_NUMBER_OF_A_RULER.fullmatch(number) for number in numbers):
        return False
    if len(numbers) == 1:
        return True
    steps = {int(after) - int(before) for before, after in zip(numbers, numbers[1:], strict=False)}
    return steps != {0} and len(steps) == 1 and not re.search(r"\d\s*[^\d\s]+\s*\d", text)
