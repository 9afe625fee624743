"""BodyPartExamined as hospitals write it: DICOM's own terms, other languages, or anything at all.

The names are those of DICOM's context group 4031 (PS3.16), of which pydicom carries the codes; the
abbreviations are the standard's Annex L, as scanners write them; the stems are what consoles in
other languages say. A word that none of these know says nothing: then the picture decides.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from pydicom.sr.codedict import codes


class Region(StrEnum):
    """Where in the body, as far as it matters here."""

    HEAD = "head"
    CHEST = "chest"
    OTHER = "other"
    UNKNOWN = "unknown"  # nothing is said, or nothing that is understood, or several parts


@dataclass(frozen=True)
class BodyPart:
    """What a header's words for a body part mean; `name` is English, in small letters."""

    region: Region
    name: str = ""


NOWHERE = BodyPart(Region.UNKNOWN)
# Beginnings of words, without accents; in English, German, Dutch, Scandinavian languages, French,
# Spanish, Portuguese, Italian, Romanian, Polish, Czech, Hungarian, Finnish, Turkish, Russian and Greek.
_HEAD = (
    r"brain|head|skull|neuro|cereb|cerv(?:eau|ell)|cran|kran|encephal|encef|enzephal|enkefal|kopf|"
    r"schadel|schaedel|gehirn|hirn|testa(?!t)|cabe[cz]|tete|hypophys|hipof|ipof|pituit|sella|hoofd|"
    r"hersen|hjern|hjarn|huvud|hode|hoved|skall|glow|mozg|mozek|mozk|hlav|agy|koponya|fej|aivo|paa\b|"
    r"beyin|kafa|bas\b|creier|capo\b|cap\b|golov|kefal|egkefal|intracran|calvari"
)
_CHEST = (
    r"chest|thora|thx\b|torax|torac|lung|longen|lunge|brust(?!wirb|bein|krebs)|pecho|peito|petto|poumon|"
    r"pulmo|polmon|borst(?!b)|bryst|brost|klatk|hrud|pluc|mellkas|tudo\b|rintak|keuhko|gogus|akciger|"
    r"grud|legk|piept|plaman|thorx"
)
_OTHER = {
    "spine": (
        r"wirbel|lenden|spine|spinal|column|colon+ne|rachis|raquis|hws\b|bws\b|lws\b|lwk\b|lumb|"
        r"lomb|cervic|sacr|sakr|coccy|vertebr|kregos|pater|selkaran|omurga"
    ),
    "knee": r"knee|knie|genou|rodilla|ginocch|joelho|kolan|kolen|polvi\b|diz\b",
    "abdomen": (
        r"abdom|bauch|ventre|buik|leber|liver|hepat|foie|higado|fegato|figado|nier|kidney|rene?\b|"
        r"rein\b"
    ),
    "pelvis": r"pelvi|becken|bassin|bekken|miednic|panev|prostat|uter",
    "neck": r"neck|hals\b|halsw|cou\b|cuello|collo|pescoco",
    "shoulder": r"should|schulter|epaule|hombro|spalla|ombro|schouder|bark\b|ramen",
    "hip": r"hip\b|huft|huefte|hanche|cadera|anca\b|quadril|heup",
    "hand or arm": (
        r"hand|wrist|main\b|mano\b|mao\b|poignet|muneca|polso|arm\b|elbow|ellenbog|ellbog|coude|"
        r"codo|finger|humer|forearm|unterarm|oberarm|radius|ulna"
    ),
    "leg or foot": (
        r"foot\b|feet|fuss|pied\b|pie\b|piede|pe\b|ankle|sprung|cheville|tobillo|caviglia|leg\b|"
        r"femur|femor|tibia|fibula|thigh|oberschenkel|unterschenkel|calcane|patella|toe\b|extrem"
    ),
    "breast": r"breast|mamm|brustkrebs|seno\b|sein\b",
    "face": (
        r"orbit|orbita|eye\b|auge|sinus|nasen|nasal|jaw|kiefer|mandib|maxill|face\b|facial|gesicht|"
        r"ear\b|ohr|iac\b|innenohr|tmj\b|parot|larynx|pharynx"
    ),
    "heart": r"heart|herz\b|cardi|kard|coeur|corazon|cuore",
}
_ABBREVIATIONS = {
    "CSPINE": "cervical spine",
    "TSPINE": "thoracic spine",
    "LSPINE": "lumbar spine",
    "SSPINE": "sacral spine",
    "CTSPINE": "cervico-thoracic spine",
    "TLSPINE": "thoraco-lumbar spine",
    "LSSPINE": "lumbo-sacral spine",
    "SCJOINT": "sternoclavicular joint",
    "SIJOINT": "sacroiliac joint",
    "TMJ": "temporomandibular joint",
    "IAC": "internal auditory canal",
    "AAC": "aorta",
    "ARM": "arm",
    "LEG": "leg",
    "ANKLE": "ankle",
    "ELBOW": "elbow",
    "WRIST": "wrist",
    "CORONARYARTERY": "coronary artery",
    "CAROTID": "carotid artery",
    "AORTA": "aorta",
    "KIDNEY": "kidney",
    "LIVER": "liver",
    "SPLEEN": "spleen",
    "RIBS": "ribs",
    "TIBIAFIBULA": "tibia and fibula",
}
# Whole texts in scripts that have no such beginnings.
_SCRIPTS = {
    Region.HEAD: (
        "头",
        "頭",
        "脑",
        "脳",
        "腦",
        "颅",
        "顱",
        "뇌",
        "머리",
        "두부",
        "голов",
        "мозг",
        "череп",
        "κεφαλ",
    ),
    Region.CHEST: ("胸", "肺", "흉부", "가슴", "груд", "легк", "лёгк", "θωρακ", "θώρακ"),
    Region.OTHER: ("腰", "腹", "膝", "颈椎", "頸椎", "脊", "乳", "позвон", "колен", "живот", "таз"),
}
# Letters that Unicode does not take apart into a plain one and an accent.
_SPELT_OUT: dict[str, int | str | None] = {"ß": "ss", "ø": "o", "ł": "l", "æ": "ae", "œ": "oe", "ı": "i"}
_NOTHING = re.compile(
    r"\W*(unknown|none|other|any|unspecified|undefined|n/?a|whole ?body|entire ?body|body|)\W*", re.I
)


@lru_cache(maxsize=512)
def body_part_of(text: str | None) -> BodyPart:
    """The body part that `text` names; UNKNOWN where it names none, several, or is not understood."""
    if text is None or _NOTHING.fullmatch(text):
        return NOWHERE
    for region, marks in _SCRIPTS.items():
        if any(mark in text.lower() for mark in marks):
            return BodyPart(
                region, region.value if region is not Region.OTHER else "another part of the body"
            )
    plain = _plain(text)
    squashed = re.sub(r"[^a-z0-9]", "", plain)
    named = _dictionary().get(squashed)
    if named is not None:
        return named
    return _by_words(re.findall(r"[a-z]+", plain))


def _by_words(words: list[str]) -> BodyPart:
    """By the beginnings of words; long beginnings count inside a word too, as in WHOLEBRAIN."""
    matches: dict[Region, str] = {}
    for word in words:
        region, name = _word(word)
        if region is not None:
            matches.setdefault(region, name)
    if Region.OTHER in matches and matches[Region.OTHER] == "spine" and Region.HEAD not in matches:
        return BodyPart(Region.OTHER, "spine")  # the "Brust" of a Brustwirbelsaeule is none
    if len(matches) != 1:
        return NOWHERE
    ((region, name),) = matches.items()
    return BodyPart(region, name)


def _word(word: str) -> tuple[Region | None, str]:
    for name, pattern in _other_patterns().items():
        if pattern.match(word) or (name == "spine" and "wirbel" in word):
            return Region.OTHER, name
    for region, pattern in ((Region.HEAD, re.compile(_HEAD)), (Region.CHEST, re.compile(_CHEST))):
        if (
            pattern.match(word)
            or re.search(r"brain|head|gehirn|thorax|schadel|chest", word)
            and pattern.search(word)
        ):
            return region, region.value
    return None, ""


@lru_cache(maxsize=1)
def _dictionary() -> dict[str, BodyPart]:
    """Every name of context group 4031 and every abbreviation, squashed to letters and digits."""
    known: dict[str, BodyPart] = {}
    for code in codes.cid4031.concepts.values():
        name = code.meaning.lower()
        known[re.sub(r"[^a-z0-9]", "", _plain(name))] = _standard(name)
    for short, name in _ABBREVIATIONS.items():
        known[short.lower()] = BodyPart(Region.OTHER, name)
    return known


def _standard(name: str) -> BodyPart:
    """A standard name's region: those that hold the whole head or chest and more leave it open."""
    if name in {"head", "skull", "sella turcica"}:
        return BodyPart(Region.HEAD, name)
    if name in {"chest", "apex of lung", "mediastinum", "bronchus", "trachea"}:
        return BodyPart(Region.CHEST, name)
    if " and " in name and ("chest" in name or "head" in name or "cranium" in name):
        return NOWHERE
    return NOWHERE if name in {"entire body", "phantom"} else BodyPart(Region.OTHER, name)


@lru_cache(maxsize=1)
def _other_patterns() -> dict[str, re.Pattern[str]]:
    return {name: re.compile(beginnings) for name, beginnings in _OTHER.items()}


def _plain(text: str) -> str:
    """Small letters without accents; letters that are no letter with an accent are spelt out."""
    spelt = text.lower().translate(str.maketrans(_SPELT_OUT))
    return "".join(char for char in unicodedata.normalize("NFKD", spelt) if not unicodedata.combining(char))
