"""What a header alone refuses, each with its own reason."""

from __future__ import annotations

import pytest

from data.errors import RefusedScan
from data.records import BRAIN_TUMOUR, PNEUMONIA, Acquisition, ScanHeader
from models.suitability.rules import allowed_routes, body_part_stated
from models.suitability.views import stated_view

REFUSED_MRI = [
    ({"words": ("localizer",)}, "localizer"),
    ({"words": ("3-PLANE LOC",)}, "localizer"),
    ({"words": ("AAHScout",)}, "localizer"),
    ({"words": ("SURVEY",)}, "localizer"),
    ({"image_type": ("ORIGINAL", "PRIMARY", "LOCALIZER")}, "localizer"),
    ({"words": ("Calibration Scan",)}, "calibration"),
    ({"words": ("gre_field_mapping",)}, "map"),
    ({"words": ("B0 NS",)}, "map"),
    ({"words": ("ep2d_diff_ADC",)}, "map"),
    ({"words": ("Apparent Diffusion Coefficient (mm2/s)",)}, "map"),
    ({"words": ("FA",)}, "map"),
    ({"words": ("relCBV",)}, "map"),
    ({"words": ("T1 map",)}, "map"),
    ({"image_type": ("DERIVED", "PRIMARY", "DIFFUSION", "ADC")}, "map"),
    ({"image_type": ("DERIVED", "PRIMARY", "T2 MAP")}, "map"),
    ({"image_type": ("ORIGINAL", "PRIMARY", "P", "ND")}, "phase"),
    ({"image_type": ("ORIGINAL", "PRIMARY", "PHASE MAP")}, "phase"),
    ({"image_type": ("DERIVED", "SECONDARY", "MIP")}, "projection"),
    ({"words": ("t1_sub",)}, "subtraction"),
    ({"image_type": ("ORIGINAL", "PRIMARY", "M", "MOSAIC")}, "mosaic"),
    ({"grid_slices": 36}, "mosaic"),
    ({"phantom": True}, "phantom"),
    ({"screen_capture": True}, "screen_capture"),
    ({"own_result": True}, "own_result"),
]
READ_MRI = [
    {"words": ("AX T1 +C",)},
    {"words": ("FLAIR FA_15deg",)},  # a flip angle
    {"words": ("sub-01_FLAIR",)},  # a subject
    {"image_type": ("ORIGINAL", "PRIMARY", "M", "SE")},
    {"image_type": ("DERIVED", "SECONDARY", "MPR")},
]


@pytest.mark.parametrize(("said", "code"), REFUSED_MRI)
def test_what_is_no_anatomical_mri_is_refused_by_its_name(said: dict[str, object], code: str) -> None:
    with pytest.raises(RefusedScan) as refused:
        allowed_routes(ScanHeader(modality="MR", body_part="BRAIN"), Acquisition(**said))  # type: ignore[arg-type]
    assert refused.value.code == code
    assert str(refused.value).startswith("This is ")


@pytest.mark.parametrize("said", READ_MRI)
def test_ordinary_series_pass(said: dict[str, object]) -> None:
    assert allowed_routes(ScanHeader(modality="MR"), Acquisition(**said)) == (BRAIN_TUMOUR,)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("modality", "part", "route"),
    [
        ("MR", "GEHIRN", BRAIN_TUMOUR),
        ("MR", "nobody knows", BRAIN_TUMOUR),
        ("MR", "KNEE", None),
        ("MR", "THORAX", None),
        ("CR", "TÓRAX", PNEUMONIA),
        ("DX", "", PNEUMONIA),
        ("CR", "SCHÄDEL", None),
        ("CR", "LSPINE", None),
        ("CT", "BRAIN", None),
    ],
)
def test_modality_and_body_part_name_the_route(modality: str, part: str, route: str | None) -> None:
    header = ScanHeader(modality=modality, body_part=part)
    if route is None:
        with pytest.raises(RefusedScan):
            allowed_routes(header, Acquisition())
    else:
        assert allowed_routes(header, Acquisition()) == (route,)


def test_only_an_understood_part_counts_as_stated() -> None:
    assert body_part_stated(ScanHeader(body_part="CRANEO"))
    assert not body_part_stated(ScanHeader(body_part="nobody knows"))
    assert not body_part_stated(ScanHeader(body_part="KNEE"))


VIEWS = [
    ({"view": "LL"}, "lateral"),
    ({"view": "RL"}, "lateral"),
    ({"view": "LATERAL"}, "lateral"),
    ({"view": "LAT"}, "lateral"),
    ({"view": "left lateral"}, "lateral"),
    ({"view": "LLD"}, "frontal"),  # lying on a side, taken from the front
    ({"view": "RAO"}, "oblique"),
    ({"view": "PA"}, "frontal"),
    ({"view": "AP"}, "frontal"),
    ({"words": ("Chest Lat",)}, "lateral"),
    ({"words": ("Thorax seitlich",)}, "lateral"),
    ({"words": ("Thorax profil",)}, "lateral"),
    ({"words": ("TORAX LL",)}, "lateral"),
    ({"words": ("Chest PA",)}, "frontal"),
    ({"words": ("Chest PA and LAT",)}, None),
    ({"words": ("Bilateral infiltrates",)}, None),
    ({"words": ("Chest lateral decubitus",)}, None),
    ({"view": "PA", "words": ("Thorax seitlich",)}, "lateral"),
    ({"row_towards": "A"}, "lateral"),
    ({"row_towards": "L"}, None),
    ({}, None),
]


@pytest.mark.parametrize(("said", "view"), VIEWS)
def test_the_view_is_told_by_code_words_and_position(said: dict[str, object], view: str | None) -> None:
    acquisition = Acquisition(**said)  # type: ignore[arg-type]
    assert stated_view(acquisition) == view
    header = ScanHeader(modality="CR", body_part="CHEST")
    if view in ("lateral", "oblique"):
        with pytest.raises(RefusedScan, match=f"{view} chest X-ray") as refused:
            allowed_routes(header, acquisition)
        assert refused.value.code == "view"
    else:
        assert allowed_routes(header, acquisition) == (PNEUMONIA,)
