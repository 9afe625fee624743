"""What the gate lets in, by header and picture together."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from data.errors import RefusedScan
from data.records import (
    BRAIN_TUMOUR,
    PNEUMONIA,
    Acquisition,
    DecodedScan,
    Identity,
    MrSequence,
    RecognisedBy,
    ScanHeader,
    SourceGrid,
    Spacing,
)
from models.acquisition.task import TASK as ACQUISITION
from models.acquisition.task import Shown
from models.task import Answer, Decision
from services.reading.suitability_gate import SuitabilityGate

DECISION = Decision(threshold=0.1, volume_shift=1.35)


@dataclass
class Seen:
    """A reader whose networks see what they are told to see."""

    route: str
    shown: dict[Shown, float]
    asked: list[str] = field(default_factory=list)
    share: float = 0.99  # how likely the first network finds the route

    def answer(self, task: str, *_: Any) -> tuple[Answer, Any]:
        if task == ACQUISITION.name:
            self.asked.append(task)
            routes = {shown.name: self.shown.get(shown, 0.0) for shown in Shown}
            return Answer(0.9, True, routes=routes), _network(DECISION)
        routes = {name: self.share if name == self.route else 0.0 for name in (BRAIN_TUMOUR, PNEUMONIA)}
        return Answer(self.share, self.share >= 0.44, routes=routes), _network(Decision(threshold=0.44))


def _network(decision: Decision) -> Any:
    """What the gate asks of a loaded network."""
    return SimpleNamespace(trained=SimpleNamespace(decision=decision), version="7", weights_sha256="abc")


def _scan(acquisition: Acquisition, modality: str | None = "MR", slices: int = 1) -> DecodedScan:
    pixels = np.random.default_rng(0).integers(0, 255, (slices, 64, 64)).astype(np.uint8)
    grid = SourceGrid("image", pixels.shape)
    return DecodedScan(
        "scan", pixels, None, Spacing(), grid, ScanHeader(modality=modality), Identity(), "0" * 64,
        acquisition=acquisition,
    )  # fmt: skip


def _routed(
    words: str, modality: str | None = "MR", slices: int = 1, agent: str | None = None, **shown: float
) -> Any:
    route = PNEUMONIA if modality == "CR" else BRAIN_TUMOUR
    reader = Seen(route, {Shown[name]: share for name, share in shown.items()})
    acquisition = Acquisition(words=(words,) if words else (), contrast_agent=agent)
    return SuitabilityGate(reader).route(_scan(acquisition, modality, slices))  # type: ignore[arg-type]


def test_a_header_that_says_flair_is_read_whatever_the_picture_is_taken_for() -> None:
    routed = _routed("AX T2 FLAIR", T2=0.99)
    assert (routed.task, routed.recognised.sequence, routed.recognised.by) == (
        BRAIN_TUMOUR, MrSequence.FLAIR, RecognisedBy.HEADER,
    )  # fmt: skip
    assert "looks like T2" in routed.warnings[0]
    assert _routed("AX T2 FLAIR", T2=0.94, FLAIR=0.06).warnings == ()


@pytest.mark.parametrize(
    "words", ["t2_tse_tra", "AX PD", "DWI", "SWI", "3D TOF MRA", "T1 nativ", "STIR", "pcasl"]
)
def test_a_header_that_says_another_sequence_is_refused_with_it(words: str) -> None:
    with pytest.raises(
        RefusedScan, match=r"^By its description this is .*FLAIR and contrast-enhanced T1 only"
    ) as refused:
        _routed(words, FLAIR=1.0)
    assert refused.value.code == "sequence"
    assert "_" not in str(refused.value) and "nativ" not in str(refused.value)  # descriptions may hold names


@pytest.mark.parametrize(("enhanced", "read"), [(0.73, True), (0.71, False)])
def test_a_t1_without_a_word_on_contrast_needs_a_picture_that_shows_it(enhanced: float, read: bool) -> None:
    if read:
        routed = _routed("AX T1", T1_CONTRAST=enhanced, T1=0.9 - enhanced, FLAIR=0.1)
        assert routed.recognised.sequence is MrSequence.T1_CONTRAST
        assert (routed.recognised.certainty, routed.recognised.model_version) == (
            pytest.approx(enhanced),
            "7",
        )
    else:
        with pytest.raises(RefusedScan, match="neither header nor picture shows a contrast agent"):
            _routed("AX T1", T1_CONTRAST=enhanced, T1=0.9 - enhanced, FLAIR=0.1)


def test_a_t1_with_an_agent_is_read() -> None:
    assert _routed("AX T1", agent="Gadovist", T1=1.0).recognised.sequence is MrSequence.T1_CONTRAST
    with pytest.raises(RefusedScan):
        _routed("AX T1", agent="", T1_CONTRAST=1.0)


@pytest.mark.parametrize(
    ("slices", "share", "read"), [(1, 0.11, True), (1, 0.09, False), (20, 0.31, True), (20, 0.29, False)]
)
def test_without_a_header_the_picture_is_asked_and_more_of_a_volume(
    slices: int, share: float, read: bool
) -> None:
    shown = {"FLAIR": share, "T2": 1 - share}
    if not read:
        with pytest.raises(RefusedScan, match=r"^The picture looks like T2; ") as refused:
            _routed("", None, slices, **shown)
        assert refused.value.code == "sequence"
        return
    routed = _routed("", None, slices, **shown)
    assert routed.task == BRAIN_TUMOUR
    if share < 0.3:
        assert routed.recognised.sequence is MrSequence.T2
    else:
        assert routed.recognised.sequence is None
        assert routed.warnings == ()  # the answer says it: it is uncertain


def test_chest_and_neither_say_nothing_of_a_sequence() -> None:
    routed = _routed("", None, FLAIR=0.08, T2=0.02, NEITHER=0.9)
    assert routed.recognised.sequence is MrSequence.FLAIR
    assert routed.recognised.certainty == pytest.approx(0.8)


def test_what_is_neither_is_not_refused_for_a_sequence() -> None:
    with pytest.raises(RefusedScan, match="does not look like a brain MRI") as refused:
        _routed("", None, T2=0.4, NEITHER=0.6)
    assert refused.value.code == "unsuitable"


@pytest.mark.parametrize(("frontal", "read"), [(0.31, True), (0.29, False)])
def test_a_lateral_film_is_refused_by_its_picture(frontal: float, read: bool) -> None:
    shown = {"FRONTAL_CHEST": frontal, "LATERAL_CHEST": 1 - frontal}
    if read:
        routed = _routed("", "CR", **shown)
        assert (routed.task, routed.recognised) == (PNEUMONIA, None)
    else:
        with pytest.raises(RefusedScan, match="lateral chest X-ray") as refused:
            _routed("", "CR", **shown)
        assert refused.value.code == "view"


def test_a_film_of_something_else_is_not_called_lateral() -> None:
    with pytest.raises(RefusedScan, match="frontal chest X-ray, so it is not read") as refused:
        _routed("", "CR", NEITHER=0.9, LATERAL_CHEST=0.1)
    assert refused.value.code == "unsuitable"


def test_a_scan_that_a_header_refuses_is_never_shown_to_a_network() -> None:
    reader = Seen(PNEUMONIA, {Shown.FRONTAL_CHEST: 1.0})
    scan = _scan(Acquisition(view="LL"), "CR")
    with pytest.raises(RefusedScan, match="lateral"):
        SuitabilityGate(reader).route(scan)  # type: ignore[arg-type]
    assert reader.asked == []
    knee = replace(scan, header=ScanHeader(modality="MR", body_part="KNEE"))
    with pytest.raises(RefusedScan, match="of the knee"):
        SuitabilityGate(reader).route(knee)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("share", "frontal", "read"),
    [(0.45, 0.4, True), (0.07, 0.96, True), (0.07, 0.94, False), (0.06, 0.99, False), (0.43, 0.9, False)],
)
def test_a_film_that_the_first_network_doubts_is_read_where_the_second_is_sure(
    share: float, frontal: float, read: bool
) -> None:
    shown = {Shown.FRONTAL_CHEST: frontal, Shown.NEITHER: 1 - frontal}
    gate = SuitabilityGate(Seen(PNEUMONIA, shown, share=share))  # type: ignore[arg-type]
    scan = _scan(Acquisition(), None)
    if read:
        assert gate.route(scan).task == PNEUMONIA
    else:
        with pytest.raises(RefusedScan, match="does not look like") as refused:
            gate.route(scan)
        assert refused.value.code == "unsuitable"


def test_no_certainty_of_a_film_makes_a_doubted_head_a_scan() -> None:
    reader = Seen(BRAIN_TUMOUR, {Shown.FRONTAL_CHEST: 1.0}, share=0.3)
    with pytest.raises(RefusedScan, match="does not look like"):
        SuitabilityGate(reader).route(_scan(Acquisition(), None))  # type: ignore[arg-type]
    assert reader.asked == []
