"""Which MRI sequence a header says it is: by the scanner's codes, by words, and by timings.

Words decide before timings, because timings differ between field strengths and get lost on the way;
where the two contradict each other, nothing is taken for sure. A FLAIR is T2-weighted and often says
so. A T1 counts as plain only by what the header says of contrast: an absent agent is no proof.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from data.records import Acquisition, MrSequence


class Contrast(StrEnum):
    """Whether a contrast agent was given, as far as the header tells."""

    GIVEN = "given"
    NOT_GIVEN = "not given"
    UNSTATED = "unstated"


@dataclass(frozen=True)
class StatedSequence:
    """What a header says; `sure` is False where it contradicts itself or leaves something open."""

    sequence: MrSequence
    sure: bool
    because: str  # "its description", "its timings": whose word it is, for a sentence


_B, _E = r"(?<![a-z])(?:", r")(?![a-z])"  # words may touch digits and underscores, as in t1_fl2d_sag


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(_B + pattern + _E)


_FLAIR = _words(r"\w*flair\w*|dark.?fluid|fluid.?att\w*|(?:tirm|spc?ir|tir).{0,12}(?:dark|fluid)|ir.?fse")
_STIR = _words(r"stir\w*|short.?tau\w*")
_DOUBLE_INVERSION = _words(r"dir|spc?dir\d*|double.?inv\w*")
_DIFFUSION = _words(
    r"dwi?s?|dti|dsi|noddi|hardi|resolve|diff\w*|difus\w*|tracew?|ep2d.?diff\w*|ep.?b\d{3,4}t?|b.?(?:500|800|1000|1500|2000)"
    r"|isotropic.?dw\w*|dwibs|difuz\w*|ivim|dki"
)
_SUSCEPTIBILITY = _words(
    r"swip?|(?:mag|pha) images|swan|venbold|ven.?bold|t2.?\*|t2.?stars?\w*|t2star\w*|hemo\w*|haemo\w*"
    r"|medic|mpgr|merge|gre.?t2|t2.?gre|t2.?ffe|ffe.?t2|t2.?fl2d\w*|qsm"
)
_ANGIOGRAPHY = _words(
    r"tof|mra|mrv|angio\w*|ce.?mra|venog\w*|\dd.?pc|pc.?\dd|pca|inhance|tricks|twist|phase.?contrast|fl3d.?tof|carotids?"
    r"|native.?(?:space|tofs?)"
)
_PERFUSION = _words(r"perf\w*|pwi|dsc|dce|asl|pc?asl|pasl|rcbv|dsc.?perf\w*|tdce|ktrans")
_FUNCTIONAL = _words(
    r"bold|[rt]?fmri|resting|rest.?(?:state|bold)|ep2d.?(?:bold|pace)\w*|epi|finger.?tap\w*|rs.?fmri|rest\d"
)
_T2 = _words(r"t2|t2w\w*|t2wi|fiesta\w*|ciss\w*|drive|haste\w*|ssfse|blade.?t2|trufi\w*|b?ssfp|cube.?t2|spc")
_T1 = _words(
    r"t1|t1w\w*|t1wi|t1ce?|t1gd|mprage\w*|mp.?rage\w*|mp2rage\w*|bravo|f?spgr|fspgr\w*|ir.?fspgr|vibe\w*|thrive|lava|tfl\dd\w*|tfl"
    r"|turbo.?flash|\dd.?tfe|t1.?tfe|t1.?ffe|mdeft"
)
_PROTON_DENSITY = _words(
    r"pd|pdw\w*|pd.?t2|proton.?dens\w*|dens\w*.?prot\w*|dp|rho.?(?:tse|fse|se)|spindens\w*"
)
_MAGNETISATION = _words(r"mtr|magneti[sz]ation.?transfer.?ratio|neuromelanin|cest|apt\w*")
_SPECTROSCOPY = _words(r"mrs|csi|spectro\w*|svs")

_AGENT = (
    r"gd|gad|gado\w*|gdtpa|dotarem|magnevist|prohance|clariscan|multihance|omniscan|vueway|elucirem|ce|km|kontr(?!oll)\w*"
    r"|contr(?!ol)\w*|inj\w*|iv|mdc|enhanced?|enhancement"
)
_GIVEN = re.compile(
    rf"(?<![a-z])(?:{_AGENT}|t1c|t1ce|t1gd|c\+|\+c"
    r"|post(?! ?(?:fossa|op|surg|rt|treat|rad))"
    r"|postcon\w*|postgd|postgad\w*|pc(?=$|\W*t1)|t1\+)(?![a-z])"
    r"|\+ ?(?:c|gd|km|ce|k|contr\w*)(?![a-z])|t1 ?\+"
)
_NOT_GIVEN = re.compile(
    r"(?<![a-z])(?:pre(?! ?(?:op|surg|sat|scan))|precon\w*|pregd|pregad\w*|nativ\w*|non?|un.?enhanced|without"
    rf"|w ?/ ?o|wo|wout|ohne|sans|senza|sin|sem|zonder|uden|utan|bez|vor|avant|s ?/ ?c|- ?gd)"
    rf"(?:\W{{0,3}}(?:{_AGENT}))?(?![a-z])"
)
_CODED = {
    "FLUID_ATTENUATED": MrSequence.FLAIR,
    "T1": MrSequence.T1,
    "T2": MrSequence.T2,
    "T2_STAR": MrSequence.SUSCEPTIBILITY,
    "PROTON_DENSITY": MrSequence.PROTON_DENSITY,
    "DIFFUSION": MrSequence.DIFFUSION,
    "PERFUSION": MrSequence.PERFUSION,
    "FLOW_ENCODED": MrSequence.ANGIOGRAPHY,
    "TOF": MrSequence.ANGIOGRAPHY,
    "STIR": MrSequence.STIR,
    "MAGNETIZATION_TRANSFER": MrSequence.OTHER,
    "TAGGING": MrSequence.OTHER,
    "TEMPERATURE": MrSequence.OTHER,
}
_SPECIAL = (
    (_DIFFUSION, MrSequence.DIFFUSION),
    (_PERFUSION, MrSequence.PERFUSION),
    (_SUSCEPTIBILITY, MrSequence.SUSCEPTIBILITY),
    (_ANGIOGRAPHY, MrSequence.ANGIOGRAPHY),
    (_FUNCTIONAL, MrSequence.FUNCTIONAL),
    (_DOUBLE_INVERSION, MrSequence.DOUBLE_INVERSION),
    (_SPECTROSCOPY, MrSequence.OTHER),
    (_MAGNETISATION, MrSequence.OTHER),
    (_STIR, MrSequence.STIR),
)
"""Kinds by a word of their own, each before the plain weightings that its name may hold as well."""

LONG_INVERSION_MS, SHORT_INVERSION_MS = 1500.0, 350.0
"""Fluid is dark from about 1.6 s of inversion on (1.5 T and 3 T), fat at 0.1 to 0.25 s."""


def stated_sequence(acquisition: Acquisition) -> StatedSequence | None:
    """The sequence that a header names or implies; None where it says nothing that is understood."""
    said = plain_words(acquisition.words)
    return (
        _by_code(acquisition, said)
        or _by_words(acquisition, said)
        or _by_timings(acquisition, contrast_of(acquisition))
    )


def plain_words(words: tuple[str, ...]) -> str:
    """Descriptions in small letters, without accents, underscores as blanks, apart from each other."""
    text = " ; ".join(words).lower().replace("_", " ")
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def contrast_of(acquisition: Acquisition) -> Contrast:
    """Whether an agent was given: by its own element, else by words; both may contradict each other."""
    said = plain_words(acquisition.words)
    denied = bool(_NOT_GIVEN.search(said))
    given = bool(_GIVEN.search(_NOT_GIVEN.sub(" ", said)))
    agent = acquisition.contrast_agent
    if agent:
        return Contrast.UNSTATED if denied and not given else Contrast.GIVEN
    if given and not denied:
        return Contrast.GIVEN
    if denied and not given:
        return Contrast.NOT_GIVEN
    return Contrast.NOT_GIVEN if agent == "" and not given else Contrast.UNSTATED


def _by_code(acquisition: Acquisition, said: str) -> StatedSequence | None:
    """Enhanced MR's own code, unless words say FLAIR: some scanners code it as T2."""
    sequence = _CODED.get((acquisition.contrast or "").upper())
    if sequence is None or (sequence in (MrSequence.T2, MrSequence.T1) and _FLAIR.search(said)):
        return None
    because = "its code for the contrast"
    if sequence is MrSequence.T1:
        return _t1(acquisition, because)
    if sequence is MrSequence.T2:
        return _t2(acquisition, because)
    return StatedSequence(sequence, sure=True, because=because)


def _by_words(acquisition: Acquisition, said: str) -> StatedSequence | None:
    because = "its description"
    if _FLAIR.search(said):
        return _flair(acquisition, said)
    for pattern, sequence in _SPECIAL:
        if pattern.search(said):
            return StatedSequence(sequence, sure=True, because=because)
    weightings = [
        sequence
        for pattern, sequence in (
            (_T1, MrSequence.T1), (_T2, MrSequence.T2), (_PROTON_DENSITY, MrSequence.PROTON_DENSITY),
        )
        if pattern.search(said)
    ]  # fmt: skip
    if weightings == [MrSequence.T1]:
        return _t1(acquisition, because)
    if weightings == [MrSequence.T2]:
        return _t2(acquisition, because)
    if weightings == [MrSequence.PROTON_DENSITY]:
        return StatedSequence(MrSequence.PROTON_DENSITY, sure=True, because=because)
    if weightings == [MrSequence.T2, MrSequence.PROTON_DENSITY]:
        early = acquisition.echo_time_ms is not None and acquisition.echo_time_ms < 45
        return StatedSequence(
            MrSequence.PROTON_DENSITY if early else MrSequence.T2, sure=True, because=because
        )
    return None


def _flair(acquisition: Acquisition, said: str) -> StatedSequence:
    """FLAIR is T2-weighted; "T1 FLAIR" is a T1 with a shorter inversion."""
    because = "its description"
    inversion = acquisition.inversion_time_ms
    if _T1.search(said) and not _T2.search(said):
        if inversion is not None and inversion < LONG_INVERSION_MS:
            return _t1(acquisition, because)
        return StatedSequence(MrSequence.FLAIR, sure=False, because=because)
    short = acquisition.repetition_time_ms is not None and acquisition.repetition_time_ms < 2500
    volumetric = acquisition.echo_time_ms is None or acquisition.echo_time_ms > 60
    return StatedSequence(MrSequence.FLAIR, sure=not (short and not volumetric), because=because)


def _t1(acquisition: Acquisition, because: str) -> StatedSequence:
    contrast = contrast_of(acquisition)
    echo, repetition = acquisition.echo_time_ms, acquisition.repetition_time_ms
    contradicted = echo is not None and echo > 60 and repetition is not None and repetition > 2000
    sequence = MrSequence.T1_CONTRAST if contrast is Contrast.GIVEN else MrSequence.T1
    return StatedSequence(
        sequence, sure=contrast is not Contrast.UNSTATED and not contradicted, because=because
    )


def _t2(acquisition: Acquisition, because: str) -> StatedSequence:
    """A T2 whose inversion is long is a FLAIR that does not say so (t2_tirm)."""
    echo, repetition = acquisition.echo_time_ms, acquisition.repetition_time_ms
    if _long_inversion(acquisition):
        return StatedSequence(MrSequence.FLAIR, sure=echo is None or echo >= 60, because=because)
    contradicted = echo is not None and echo < 20 and repetition is not None and repetition < 1000
    return StatedSequence(MrSequence.T2, sure=not contradicted, because=because)


def _long_inversion(acquisition: Acquisition) -> bool:
    inversion = acquisition.inversion_time_ms
    return inversion is not None and inversion >= LONG_INVERSION_MS


def _by_timings(acquisition: Acquisition, contrast: Contrast) -> StatedSequence | None:
    """Weighting by TE, TR and TI, where the kind of sequence is stated (Bernstein et al., Handbook of MRI
    Pulse Sequences, 2004): only what is far from every other weighting."""
    codes, because = acquisition.scanning_sequence, "its timings"
    echo, repetition = acquisition.echo_time_ms, acquisition.repetition_time_ms
    if acquisition.b_value:
        return StatedSequence(MrSequence.DIFFUSION, sure=True, because="its b-value")
    if not codes or echo is None or repetition is None:
        return None
    if "IR" in codes:
        return _by_inversion(acquisition, echo, contrast)
    if "EP" in codes or codes != ("SE",):
        return None
    if repetition < 900 and echo < 30:
        plain = contrast is Contrast.NOT_GIVEN
        given = contrast is Contrast.GIVEN
        sequence = MrSequence.T1_CONTRAST if given else MrSequence.T1
        return StatedSequence(sequence, sure=plain or given, because=because)
    if 2000 <= repetition < 7000 and 70 <= echo < 200 and acquisition.inversion_time_ms in (None, 0.0):
        return StatedSequence(MrSequence.T2, sure=repetition < 6000, because=because)
    if repetition >= 1800 and echo < 40:
        return StatedSequence(MrSequence.PROTON_DENSITY, sure=True, because=because)
    return None


def _by_inversion(acquisition: Acquisition, echo: float, contrast: Contrast) -> StatedSequence | None:
    inversion, because = acquisition.inversion_time_ms, "its timings"
    if inversion is None or inversion <= 0:
        return None
    if inversion >= LONG_INVERSION_MS and echo >= 60:
        return StatedSequence(MrSequence.FLAIR, sure=True, because=because)
    if inversion < SHORT_INVERSION_MS and echo >= 15:
        return StatedSequence(MrSequence.STIR, sure=True, because=because)
    if "GR" in acquisition.scanning_sequence and echo < 15:
        given = contrast is Contrast.GIVEN
        sequence = MrSequence.T1_CONTRAST if given else MrSequence.T1
        return StatedSequence(sequence, sure=contrast is not Contrast.UNSTATED, because=because)
    return None
