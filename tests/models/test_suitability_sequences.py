"""Which sequence a header says: real words of many vendors, and timings."""

from __future__ import annotations

import pytest

from data.records import Acquisition, MrSequence
from models.suitability.sequences import Contrast, contrast_of, stated_sequence

S = MrSequence
SURE = {
    S.FLAIR: (
        "t2_tirm_tra_dark-fluid|T2 FLAIR|AX T2 FLAIR|FLAIR|Ax FLAIR T2 FS|3D FLAIR Brainview|"
        "sag CUBE FLAIR|T2W_FLAIR_SPIR|t2_spc_da-fl_irprep FLAIR|OAx T2 FLAIR +C|"
        "Sag T2 SPACE Dark Fluid|FLAIR_LongTR|t2_FLAIR_tra_p2 KM"
    ),
    S.T1_CONTRAST: (
        "AX T1 +C|T1 POST GAD|t1_se_tra_km|t1_fl2d_tra_KM|T1W_3D_TFE +C|AX FSPGR 3D +C|+C Ax T1|"
        "T1 3D GADO|T1 con contraste|T1 dopo mdc|T1 apres injection|T1 mit KM|"
        "t1_vibe_tra_fs_dixon_KM_post|T1 MPRAGE Gd|T1 C+|T1ce|T1c|SAG T1 POST|T1W POST CONTRAST|"
        "Ax BRAVO +Gd|3D T1 TFE Contrast|t1_mprage_sag_post|Gd T1 tse cor|T1+C"
    ),
    S.T1: (
        "AX T1 PRE|T1 nativ|T1 ohne KM|AX T1 W/O|T1 sin contraste|T1 senza mdc|t1 vor KM|"
        "T1 sans contraste|T1 non contrast|T1 WITHOUT CONTRAST|t1_se_tra nativ|Sag T1 precontrast|"
        "T1 no contrast"
    ),
    S.T2: (
        "t2_tse_tra|AX T2 FSE|T2W_TSE|AX T2 PROPELLER|CISS|FIESTA|t2_tse_cor_KM|T2W|Ax T2 frFSE|t2_blade_tra"
    ),
    S.PROTON_DENSITY: ("AX PD|FSE PD AXIAL OBL|PDW_TSE|DP axial|Proton Density"),
    S.DIFFUSION: (
        "ep2d_diff_3scan_trace_p2|DWI|DTI AX 30d|DTI_30dir|ax dwi b1000|RESOLVE_4scan_trace|"
        "DWI_SSh|AX DWI ASSET|diffusion|difusion"
    ),
    S.SUSCEPTIBILITY: ("SWI_Images|Mag_Images|SWAN|t2_fl2d_tra_hemo|AX T2* GRE|VEN_BOLD|SWIp|AX MPGR"),
    S.ANGIOGRAPHY: ("TOF_3D_multi-slab|3D TOF MRA|MRV|3DI_MC_HR TOF|Phase Contrast|angio|INHANCE 3D"),
    S.PERFUSION: ("perf_dsc|ep2d_perf|pcasl|3D ASL|DSC Perfusion|AX PWI"),
    S.FUNCTIONAL: ("bold_resting|Axial EPI-FMRI (Interleaved I to S)|REST1 w SMS PF7-8|fMRI motor"),
    S.STIR: ("STIR cor|T2 STIR|COR STIR"),
}
UNSURE_T1 = (
    "t1_mprage_sag_p2_iso|MPRAGE|Ax T1|ADNI_Sag3D MPRAGE|3D BRAVO|SAG T1 POST OP|T1 post fossa|"
    "T1 controle|sub-01_T1w"
)
NOTHING = "BRAIN|HEAD ROUTINE|Axial|AX GRE|marked lesion<MPR Collection>|Contrast|S1|"


def _rows() -> list[tuple[str, MrSequence]]:
    return [(text.strip(), sequence) for sequence, texts in SURE.items() for text in texts.split("|")]


@pytest.mark.parametrize(("text", "sequence"), _rows())
def test_words_of_many_consoles_are_understood(text: str, sequence: MrSequence) -> None:
    for written in (text, text.upper(), text.lower()):
        stated = stated_sequence(Acquisition(words=(written,)))
        assert stated is not None
        assert (stated.sequence, stated.sure) == (sequence, True)


@pytest.mark.parametrize("text", UNSURE_T1.split("|"))
def test_a_t1_that_says_nothing_of_contrast_is_left_open(text: str) -> None:
    stated = stated_sequence(Acquisition(words=(text,)))
    assert stated is not None
    assert (stated.sequence, stated.sure) == (S.T1, False)


@pytest.mark.parametrize("text", NOTHING.split("|"))
def test_words_without_a_sequence_say_nothing(text: str) -> None:
    assert stated_sequence(Acquisition(words=(text,))) is None


@pytest.mark.parametrize(
    ("agent", "words", "contrast"),
    [
        ("Gadovist", "T1", Contrast.GIVEN),
        ("Gadovist", "T1 nativ", Contrast.UNSTATED),  # the agent of the protocol, before it was given
        ("", "T1", Contrast.NOT_GIVEN),
        ("", "T1 KM", Contrast.GIVEN),
        (None, "T1", Contrast.UNSTATED),
        (None, "T1 ohne KM", Contrast.NOT_GIVEN),
        (None, "T1 post KM", Contrast.GIVEN),
    ],
)
def test_contrast_is_told_by_agent_and_words(agent: str | None, words: str, contrast: Contrast) -> None:
    assert contrast_of(Acquisition(words=(words,), contrast_agent=agent)) is contrast


def _timed(*codes: str, te: float, tr: float, ti: float | None = None, **more: object) -> Acquisition:
    return Acquisition(
        scanning_sequence=codes, echo_time_ms=te, repetition_time_ms=tr, inversion_time_ms=ti, **more
    )  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("acquisition", "expected"),
    [
        (_timed("SE", "IR", te=120, tr=9000, ti=2500), (S.FLAIR, True)),
        (_timed("SE", "IR", te=60, tr=9000, ti=1500), (S.FLAIR, True)),
        (_timed("SE", "IR", te=60, tr=9000, ti=1499), None),
        (_timed("SE", "IR", te=30, tr=4000, ti=160), (S.STIR, True)),
        (_timed("GR", "IR", te=3, tr=1900, ti=900), (S.T1, False)),
        (_timed("GR", "IR", te=3, tr=1900, ti=900, contrast_agent="Gd"), (S.T1_CONTRAST, True)),
        (_timed("GR", "IR", te=3, tr=1900, ti=900, contrast_agent=""), (S.T1, True)),
        (_timed("SE", te=12, tr=500), (S.T1, False)),
        (_timed("SE", te=12, tr=500, contrast_agent=""), (S.T1, True)),
        (_timed("SE", te=12, tr=900), None),
        (_timed("SE", te=100, tr=4000), (S.T2, True)),
        (_timed("SE", te=100, tr=6000), (S.T2, False)),  # a FLAIR that lost its inversion looks like this
        (_timed("SE", te=100, tr=9000), None),
        (_timed("SE", te=20, tr=2500), (S.PROTON_DENSITY, True)),
        (_timed("GR", te=3, tr=25), None),
        (_timed("EP", "SE", te=90, tr=5000, b_value=1000.0), (S.DIFFUSION, True)),
        (Acquisition(echo_time_ms=100, repetition_time_ms=4000), None),
        (Acquisition(contrast="DIFFUSION"), (S.DIFFUSION, True)),
        (Acquisition(contrast="FLUID_ATTENUATED"), (S.FLAIR, True)),
        (Acquisition(contrast="T2", words=("FLAIR",)), (S.FLAIR, True)),
        (Acquisition(contrast="T1", contrast_agent="Gd"), (S.T1_CONTRAST, True)),
    ],
)
def test_codes_and_timings_where_words_are_missing(
    acquisition: Acquisition, expected: tuple[MrSequence, bool] | None
) -> None:
    stated = stated_sequence(acquisition)
    assert (None if stated is None else (stated.sequence, stated.sure)) == expected


@pytest.mark.parametrize(
    ("words", "timings", "expected"),
    [
        ("t2_tirm_tra", {"inversion_time_ms": 2500.0, "echo_time_ms": 90.0}, (S.FLAIR, True)),
        ("AX T1 FLAIR", {"inversion_time_ms": 860.0}, (S.T1, False)),
        ("AX T1 FLAIR +C", {"inversion_time_ms": 860.0}, (S.T1_CONTRAST, True)),
        ("AX T1 FLAIR", {}, (S.FLAIR, False)),
        ("FLAIR", {"repetition_time_ms": 500.0, "echo_time_ms": 10.0}, (S.FLAIR, False)),
        ("T1 nativ", {"repetition_time_ms": 9000.0, "echo_time_ms": 120.0}, (S.T1, False)),
        ("T2", {"repetition_time_ms": 500.0, "echo_time_ms": 10.0}, (S.T2, False)),
        ("PD/T2", {"echo_time_ms": 15.0}, (S.PROTON_DENSITY, True)),
        ("PD/T2", {"echo_time_ms": 90.0}, (S.T2, True)),
    ],
)
def test_timings_that_contradict_words_leave_it_open(
    words: str, timings: dict[str, float], expected: tuple[MrSequence, bool]
) -> None:
    stated = stated_sequence(Acquisition(words=(words,), **timings))  # type: ignore[arg-type]
    assert stated is not None
    assert (stated.sequence, stated.sure) == expected
