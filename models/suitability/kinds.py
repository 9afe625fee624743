"""What a header says is no anatomical picture at all: each kind with its own reason."""

from __future__ import annotations

import re
from collections.abc import Iterator

from data.records import Acquisition
from models.suitability.sequences import plain_words

_ADC = "a map of the apparent diffusion coefficient (ADC)"
_TENSOR = "a map of the diffusion tensor (FA or the like)"
_PERFUSION = "a perfusion map"
_RELAXATION = "a map of relaxation times or the like"
_PHASE = "a phase picture, not an anatomical one"
_PROJECTED = "a projection of many slices onto one"
_PLANNING = "a localizer (a quick scan for planning)"
_B, _E = r"(?<![a-z])(?:", r")(?![a-z])"


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(_B + pattern + _E)


_LOCALIZER = _words(
    r"loc|locs|lo[ck]ali[sz]\w*|scouts?|survey\w*|aa.?head.?scout\w*|aahscout|3.?pla?ne?s?|3.?plane.?loc\w*|plan.?scan|smartbrain"
    r"|topogram\w*|scano(?:gram)?|pilots?|reperage|orientier\w*|localizador|reperes"
)
_CALIBRATION = _words(
    r"calibration\w*|asset.?cal\w*|cal.?(?:head|brain|body)|ref.?scans?|sense.?ref\w*|coil.?(?:survey|ref\w*)|shim\w*|prescan\w*"
    r"|b1.?(?:map\w*|cal\w*)"
)
_FIELD_MAP = _words(
    r"field.?map\w*|fieldmap\w*|gre.?field\w*|b0.?(?:map\w*|ns|field\w*)|fmap\w*|spin.?echo.?field\w*"
)
_MAPS: tuple[tuple[re.Pattern[str], str], ...] = (
    (_words(r"e?adc|avg.?adc|dadc|apparent.?diff\w*|exp.?app\w*"), _ADC),
    (
        _words(r"fa(?!.?\d)|fa.?map|colou?r.?fa|fracc?t?i?onal.?aniso\w*|dti.?fa|tensor\w*|tractogra\w*"),
        _TENSOR,
    ),
    (_words(r"(?:r|rel)?cb[fv]|(?:rel)?mtt|ttp|tmax|pei|mitt|pbp|gbp|perf\w*.?maps?"), _PERFUSION),
    (
        _words(
            r"t1.?map\w*|t2.?\*?.?map\w*|r2.?\*?|qt1|r1|pd.?map\w*|quantitative|syntac\w*|myelin.?map\w*|qsm"
        ),
        _RELAXATION,
    ),
)
_PROJECTION = _words(r"mip|minip|max.?ip|min.?ip")
_SUBTRACTION = _words(r"sub(?![ -]?\d)|subtr\w*|subtrakt\w*|soustract\w*|sustr\w*")
_TYPES: tuple[tuple[frozenset[str], str, str], ...] = (
    (frozenset({"LOCALIZER"}), "localizer", _PLANNING),
    (frozenset({"ADC", "EADC", "ADC MAP", "ADC_UNSPECIFIED"}), "map", _ADC),
    (
        frozenset(
            {
                "FA",
                "FRACTIONAL_ANISOTROPY",
                "TENSOR",
                "DIFFUSION_ANISO",
                "RELATIVE_ANISOTROPY",
                "VOLUME_RATIO",
            }
        ),
        "map",
        _TENSOR,
    ),
    (
        frozenset(
            {"CBF", "CBV", "RCBF", "RCBV", "MTT", "TTP", "TMAX", "RELCBF", "RELCBV", "RELMTT", "GBP", "PBP"}
        ),
        "map",
        _PERFUSION,
    ),
    (
        frozenset(
            {"T1 MAP", "T2 MAP", "T1_MAP", "T2_MAP", "T2_STAR MAP", "R2 MAP", "R2_STAR MAP", "MAP", "T2*_MAP"}
        ),
        "map",
        _RELAXATION,
    ),
    (frozenset({"FIELD MAP", "FIELD_MAP", "B0 MAP", "B0", "B1", "B1 MAP"}), "map", "a field map"),
    (frozenset({"MOSAIC"}), "mosaic", "a mosaic of many small slices side by side"),
    (frozenset({"PHASE MAP", "VELOCITY MAP", "VELOCITY", "PHASE"}), "phase", _PHASE),
    (frozenset({"MIP", "MAX_IP", "MIN_IP", "MNIP", "PROJECTION IMAGE", "MAXIMUM"}), "projection", _PROJECTED),
    (frozenset({"SUBTRACTION", "SUBTRACT", "SUB"}), "subtraction", "a subtraction of two series"),
    (frozenset({"SCREEN SAVE", "SCREENSAVE", "SCREEN_SAVE"}), "screen_capture", "a screen capture"),
)


def not_a_picture(acquisition: Acquisition) -> tuple[str, str] | None:
    """(code, what it is) for what a header says is no anatomical picture; None for everything else."""
    return next(_reasons(acquisition), None)


def not_an_mri_picture(acquisition: Acquisition) -> tuple[str, str] | None:
    """The same for what only MRI makes: localizers, maps, subtractions, by words and codes."""
    return next(_mri_reasons(acquisition), None)


def _reasons(acquisition: Acquisition) -> Iterator[tuple[str, str]]:
    if acquisition.phantom:
        yield "phantom", "a picture of a phantom, not of a patient"
    if acquisition.own_result:
        yield "own_result", "a result that Lightbox itself made of a scan, sent back to it"
    if acquisition.screen_capture:
        yield "screen_capture", "a screen capture or a report page"
    if acquisition.grid_slices:
        yield "mosaic", f"a grid of {acquisition.grid_slices} slices in one picture"


def _mri_reasons(acquisition: Acquisition) -> Iterator[tuple[str, str]]:
    types = frozenset(acquisition.image_type)
    for names, code, what in _TYPES:
        if types & names:
            yield code, what
    if "P" in acquisition.image_type[2:]:  # Siemens' letter for phase
        yield "phase", _PHASE
    said = plain_words(acquisition.words)
    if _LOCALIZER.search(said):
        yield "localizer", _PLANNING
    if _CALIBRATION.search(said):
        yield "calibration", "a calibration or reference scan"
    if _FIELD_MAP.search(said):
        yield "map", "a field map"
    for pattern, what in _MAPS:
        if pattern.search(said):
            yield "map", what
    if _PROJECTION.search(said):
        yield "projection", _PROJECTED
    if _SUBTRACTION.search(said):
        yield "subtraction", "a subtraction of two series"
