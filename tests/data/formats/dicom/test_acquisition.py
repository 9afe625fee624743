"""What a DICOM header says of how a picture was made."""

from __future__ import annotations

import pytest
from pydicom.dataset import Dataset

from data.formats.dicom.acquisition import acquisition_of


def _header(**elements: object) -> Dataset:
    header = Dataset()
    for keyword, value in elements.items():
        setattr(header, keyword, value)
    return header


def test_a_classic_header_is_taken_as_it_stands() -> None:
    acquisition = acquisition_of(
        _header(
            SeriesDescription="t1_mprage",
            ProtocolName="brain",
            SequenceName="*tfl3d1",
            ScanningSequence=["GR", "IR"],
            ImageType=["ORIGINAL", "PRIMARY", "M", "ND"],
            EchoTime="2.9",
            RepetitionTime="1900",
            InversionTime="900",
            ContrastBolusAgent="Gadovist",
            ViewPosition="LL",
            PatientOrientation=["A", "F"],
        )
    )
    assert acquisition.words == ("t1_mprage", "brain", "*tfl3d1")
    assert acquisition.scanning_sequence == ("GR", "IR")
    assert acquisition.image_type == ("ORIGINAL", "PRIMARY", "M", "ND")
    assert (acquisition.echo_time_ms, acquisition.repetition_time_ms, acquisition.inversion_time_ms) == (
        2.9,
        1900,
        900,
    )
    assert (acquisition.contrast_agent, acquisition.view, acquisition.row_towards) == ("Gadovist", "LL", "A")
    assert not acquisition.phantom and not acquisition.screen_capture and acquisition.grid_slices is None


def test_an_enhanced_header_keeps_it_in_functional_groups() -> None:
    frame_type = _header(
        FrameType=["ORIGINAL", "PRIMARY", "FLUID", "NONE"], AcquisitionContrast="FLUID_ATTENUATED"
    )
    timing, echo = _header(RepetitionTime=9000.0), _header(EffectiveEchoTime=120.0)
    modifier = _header(InversionRecovery="YES", InversionTimes=[2500.0])
    shared = _header(MRTimingAndRelatedParametersSequence=[timing], MRModifierSequence=[modifier])
    frame = _header(MRImageFrameTypeSequence=[frame_type], MREchoSequence=[echo])
    acquisition = acquisition_of(
        _header(
            SharedFunctionalGroupsSequence=[shared],
            PerFrameFunctionalGroupsSequence=[frame],
            EchoPulseSequence="SPIN",
        )
    )
    assert acquisition.contrast == "FLUID_ATTENUATED"
    assert acquisition.scanning_sequence == ("IR", "SE")
    assert (acquisition.echo_time_ms, acquisition.repetition_time_ms, acquisition.inversion_time_ms) == (
        120,
        9000,
        2500,
    )
    assert "FLUID" in acquisition.image_type


@pytest.mark.parametrize(
    ("agent", "kept"),
    [("NONE", ""), ("No", ""), ("n/a", ""), ("ohne", ""), ("Dotarem", "Dotarem"), ("10 ml GD", "10 ml GD")],
)
def test_an_agent_that_says_none_is_none(agent: str, kept: str) -> None:
    assert acquisition_of(_header(ContrastBolusAgent=agent)).contrast_agent == kept


def test_an_absent_agent_says_nothing() -> None:
    assert acquisition_of(_header()).contrast_agent is None
    assert (
        acquisition_of(_header(ContrastBolusAgentSequence=[_header(CodeMeaning="Gd")])).contrast_agent
        == "stated"
    )


@pytest.mark.parametrize(
    ("elements", "phantom"),
    [
        ({"PatientName": "PHANTOM^ACR"}, True),
        ({"StudyDescription": "Weekly QA"}, True),
        ({"SeriesDescription": "ACR T1"}, True),
        ({"BodyPartExamined": "PHANTOM"}, True),
        ({"PatientName": "Acr^Qa"}, False),
        ({"StudyDescription": "phantom limb pain"}, False),
        ({"SeriesDescription": "T1 squared"}, False),
    ],
)
def test_a_phantom_is_known_by_what_is_written_on_it(elements: dict[str, str], phantom: bool) -> None:
    assert acquisition_of(_header(**elements)).phantom is phantom


@pytest.mark.parametrize(
    ("creator", "group", "element", "vr", "value", "slices"),
    [
        ("UIH", 0x0065, 0x50, "DS", "36", 36),
        ("Image Private Header UIH", 0x0065, 0x50, "DS", "36", 36),
        ("SIEMENS MR HEADER", 0x0019, 0x0A, "US", 30, 30),
        ("SIEMENS MR HEADER", 0x0019, 0x0A, "US", 1, None),
        ("SOMEBODY ELSE", 0x0019, 0x0A, "US", 30, None),
    ],
)
def test_a_grid_of_slices_is_known_by_its_private_count(
    creator: str, group: int, element: int, vr: str, value: object, slices: int | None
) -> None:
    header = Dataset()
    block = header.private_block(group, creator, create=True)
    block.add_new(element, vr, value)
    assert acquisition_of(header).grid_slices == slices


@pytest.mark.parametrize("text", ["Screen Save", "SCREENSHOT", "Dose Report", "Patient Protocol"])
def test_a_screen_capture_is_known_by_its_words(text: str) -> None:
    assert acquisition_of(_header(SeriesDescription=text)).screen_capture
    assert not acquisition_of(_header(SeriesDescription="t1")).screen_capture
