"""BodyPartExamined as hospitals write it."""

from __future__ import annotations

import pytest

from data.formats.dicom.body_parts import Region, body_part_of

HEADS = (
    "BRAIN|HEAD|SKULL|Gehirn|CRANEO|CRÁNEO|CABEZA|ENCEPHALE|ENCÉPHALE|HYPOPHYSE|SCHÄDEL|"
    "SCHAEDEL|SCHADEL|Kopf|TESTA|CERVEAU|CRANE|TETE|TÊTE|CERVELLO|CABEÇA|HERSENEN|HOOFD|HJÄRNA|"
    "HJERNE|GŁOWA|MOZEK|BEYIN|頭部|头颅|ГОЛОВА|PITUITARY|SELLA|WHOLEBRAIN|HEADNECK|CRANIO|Encefalo|"
    "NEURO"
)
CHESTS = (
    "CHEST|THORAX|TORAX|TÓRAX|PECHO|POUMON|LUNGE|BRUST|LUNG|BRUSTKORB|Petto|TORACE|胸部|THX|"
    "Rintakehä|BORST|Lungs"
)
OTHERS = {
    "KNEE": "knee",
    "Knie": "knee",
    "GENOU": "knee",
    "L_KNEE": "knee",
    "LSPINE": "lumbar spine",
    "TSPINE": "thoracic spine",
    "C-SPINE": "cervical spine",
    "THORACIC SPINE": "thoracic spine",
    "HWS": "spine",
    "BRUSTWIRBELSÄULE": "spine",
    "ABDOMEN": "abdomen",
    "PELVIS": "pelvis",
    "Hals": "neck",
    "ORBIT": "face",
    "FEMORAL HEAD": None,
    "HAND": "hand",
    "BREAST": "breast",
    "SIJOINT": "sacroiliac joint",
}
OPEN = [
    "",
    " ",
    "-",
    "UNKNOWN",
    "WHOLEBODY",
    "Default",
    "XYZ",
    "TESTA COLLO",
    "CHEST_ABDOMEN",
    "BASAL",
    "RESEARCH",
]


@pytest.mark.parametrize("text", HEADS.split("|"))
def test_a_head_is_known_in_any_language_and_case(text: str) -> None:
    for written in (text, text.lower(), text.upper(), f"{text} W/O"):
        assert body_part_of(written).region is Region.HEAD, written


@pytest.mark.parametrize("text", CHESTS.split("|"))
def test_a_chest_is_known_in_any_language_and_case(text: str) -> None:
    for written in (text, text.lower(), f"{text} AP"):
        assert body_part_of(written).region is Region.CHEST, written


@pytest.mark.parametrize(("text", "name"), OTHERS.items())
def test_another_part_is_named_in_english(text: str, name: str | None) -> None:
    part = body_part_of(text)
    if name is None:  # two parts at once, as far as words go
        assert part.region is Region.UNKNOWN
    else:
        assert (part.region, part.name) == (Region.OTHER, name)


@pytest.mark.parametrize("text", [*OPEN, None])
def test_what_is_not_understood_leaves_it_to_the_picture(text: str | None) -> None:
    assert body_part_of(text).region is Region.UNKNOWN
