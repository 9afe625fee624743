"""What hospitals really send: one odd series a row, with the volumes and words that are right."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset

from tests.data.formats.making_series import (
    ML,
    VOLUME,
    compressed,
    each,
    left_aligned,
    moved,
    private,
    raw,
    read,
    stored,
    stored_twice,
    with_commas,
    with_overlay,
)


@dataclass(frozen=True)
class Case:
    """A kind: how it is made, by how much the values of each right scan differ, and what is said."""

    name: str
    series: Callable[[], Iterable[Dataset]]
    scans: Sequence[int] = (0,)
    words: str = ""  # in the warnings of the first scan; none at all where it is empty
    refused: str = ""  # in the sentence of the refusal
    voxel_ml: float | None = ML


CASES = [
    Case("plain", stored),
    # Who and which series
    Case(
        "two patients under one series number",
        lambda: stored() + moved(each(stored(90), PatientID="T-2", PatientName="Other^Man"), 2),
        (0, 90),
        "2 patients",
    ),
    Case(
        "two people with one number, told apart by their birth dates",
        lambda: each(stored(), PatientBirthDate="19500101") + each(stored(90), PatientBirthDate="19600101"),
        (0, 90),
        "2 patients",
    ),
    Case(
        "one number and one birth date in two spellings",
        lambda: each(
            stored(),
            PatientID=lambda i: ("ex-1", "EX-1 ")[i % 2],
            PatientBirthDate=lambda i: ("19500101", "1950.01.01")[i % 2],
        ),
    ),
    Case("one name in two spellings", lambda: each(stored(), PatientName=lambda i: ("A^B", "a  B")[i % 2])),
    Case(
        "a patient's number on some slices only",
        lambda: each(stored(), PatientID=lambda i: ("", "T-1")[i % 2]),
    ),
    Case(
        "two studies under one series number",
        lambda: stored() + each(moved(stored(90), 2), StudyInstanceUID="1.2.9"),
        (0, 90),
        "2 studies",
    ),
    Case(
        "two frames of reference",
        lambda: each(stored(), FrameOfReferenceUID="1.1") + each(stored(90), FrameOfReferenceUID="1.2"),
        (0, 90),
        "2 frames of reference",
    ),
    Case(
        "a frame of reference for each slice",
        lambda: each(stored(), FrameOfReferenceUID=lambda i: f"1.{i + 1}"),
    ),
    Case(
        "one instance number for all pictures",
        lambda: each(stored(), SOPInstanceUID="1.2.3.9"),
        (0,),
        "same SOPInstanceUID",
    ),
    Case("every file twice", lambda: stored_twice(), (0,), "6 of the files were there twice"),
    Case(
        "every picture twice under other instance numbers",
        lambda: stored() + each(stored(), InstanceNumber=lambda i: i + 7),
        (0,),
        "6 pictures were there twice",
    ),
    Case(
        "every picture twice as another acquisition",
        lambda: stored(AcquisitionNumber=1) + stored(AcquisitionNumber=2),
        (0,),
        "6 pictures were there twice",
    ),
    Case(
        "acquisitions a little apart",
        lambda: stored(AcquisitionNumber=1) + moved(stored(90, AcquisitionNumber=2), 0.1),
        (0, 90),
        "acquisition 1",
    ),
    Case(
        "echoes a little apart",
        lambda: stored(EchoTime=120) + moved(stored(90, EchoTime=20), 0.1),
        (0, 90),
        "echo time 120 ms",
    ),
    Case(
        "an acquisition number for each of two pictures of every place",
        lambda: (
            each(stored(), AcquisitionNumber=lambda i: i + 1)
            + each(stored(90), AcquisitionNumber=lambda i: i + 7)
        ),
        (0,),
        "nothing in their headers tells apart",
    ),
    Case(
        "acquisitions half a slice apart",
        lambda: stored(AcquisitionNumber=1) + moved(stored(90, AcquisitionNumber=2), 2.5),
        (0, 90),
        "acquisition 1",
    ),
    Case(
        "slices taken in two interleaved passes are one volume",
        lambda: each(stored(), AcquisitionNumber=lambda i: i % 2 + 1),
    ),
    Case("an acquisition number for each slice", lambda: each(stored(), AcquisitionNumber=lambda i: i + 1)),
    Case(
        "a series cut into one of each slice",
        lambda: each(stored(), SeriesInstanceUID=lambda i: f"1.7.{i + 1}"),
        (0,),
        "cut into 6",
    ),
    Case(
        "a series cut in the middle",
        lambda: each(stored(SeriesNumber=4), SeriesInstanceUID=lambda i: f"1.7.{i // 3 + 1}"),
        (0,),
        "cut into 2",
    ),
    # Where a slice lies
    Case(
        "all positions equal, slice locations right",
        lambda: each(stored(), ImagePositionPatient=[0, 0, 0]),
        (0,),
        "positions of these slices are all the same; they were put in order by their slice locations",
    ),
    Case(
        "all positions equal, numbers right",
        lambda: each(stored(), ImagePositionPatient=[0, 0, 0], SliceLocation=None, SpacingBetweenSlices=5),
        (0,),
        "in the order of their numbers",
    ),
    Case(
        "no position, slice locations right, no numbers",
        lambda: each(stored(), ImagePositionPatient=None, ImageOrientationPatient=None, InstanceNumber=None),
        (0,),
        "not stated; they were put in order by their slice locations",
    ),
    Case(
        "no position and no number",
        lambda: each(stored(), ImagePositionPatient=None, SliceLocation=None, InstanceNumber=None),
        (),
        refused="do not say where they lie",
    ),
    Case(
        "no position and one number for all",
        lambda: each(stored(), ImagePositionPatient=None, SliceLocation=None, InstanceNumber=1),
        (),
        refused="do not say where they lie",
    ),
    Case(
        "numbers and a thickness only",
        lambda: each(stored(), ImagePositionPatient=None, SliceLocation=None),
        (0,),
        "taken from the slice thickness (5 mm)",
    ),
    Case(
        "numbers only",
        lambda: each(stored(), ImagePositionPatient=None, SliceLocation=None, SliceThickness=None),
        (0,),
        "no sizes across the slices",
        voxel_ml=None,
    ),
    Case(
        "positions without a direction",
        lambda: each(stored(), ImageOrientationPatient=None),
        (0,),
        "how its slices are turned",
    ),
    Case(
        "a position that is no number",
        lambda: raw(stored(), "ImagePositionPatient", "LO", "nan\\nan\\nan"),
        (0,),
        "not stated",
    ),
    # Which picture of a place
    Case(
        "magnitude, real and imaginary part and phase",
        lambda: [
            dataset
            for part, change in zip("IRPM", (30, 60, 90, 0), strict=True)
            for dataset in stored(change, ImageType=["ORIGINAL", "PRIMARY", part, "FFE"])
        ],
        (0,),
        "real part, imaginary part and phase of the signal; the magnitude was read",
    ),
    Case(
        "phase and magnitude by component alone",
        lambda: stored(90, ComplexImageComponent="PHASE") + stored(ComplexImageComponent="MAGNITUDE"),
        (0,),
        "phase of the signal",
    ),
    Case(
        "phase and magnitude by GE's own element",
        lambda: (
            private(stored(90), 0x0043, "GEMS_PARM_01", 0x2F, "SS", 1)
            + private(stored(), 0x0043, "GEMS_PARM_01", 0x2F, "SS", 0)
        ),
        (0,),
        "phase of the signal",
    ),
    Case(
        "nothing but phase",
        lambda: stored(ImageType=["ORIGINAL", "PRIMARY", "P", "ND"]),
        (),
        refused="phase pictures",
    ),
    Case(
        "nothing but the real part",
        lambda: stored(ImageType=["ORIGINAL", "PRIMARY", "R", "ND"]),
        (0,),
        "real part of an MRI's signal",
    ),
    Case(
        "original and derived pictures",
        lambda: stored(90, ImageType=["DERIVED", "SECONDARY"]) + stored(ImageType=["ORIGINAL", "PRIMARY"]),
        (0,),
        "6 derived pictures",
    ),
    Case(
        "derived pictures only",
        lambda: stored(ImageType=["DERIVED", "SECONDARY"]),
        (0,),
        "derived from others",
    ),
    Case(
        "two echoes by their times alone",
        lambda: stored(90, EchoTime=20) + stored(EchoTime=120),
        (0, 90),
        "echo time 120 ms",
    ),
    Case(
        "echoes of a gradient echo, the first first",
        lambda: stored(90, EchoTime=20, ScanningSequence="GR") + stored(EchoTime=4, ScanningSequence="GR"),
        (0, 90),
        "echo time 4 ms",
    ),
    Case(
        "two echoes by their numbers",
        lambda: stored(EchoNumbers=2) + stored(90, EchoNumbers=1),
        (0, 90),
        "echo 2",
    ),
    Case(
        "an echo time that wavers from slice to slice", lambda: each(stored(), EchoTime=lambda i: 90 + i / 10)
    ),
    Case(
        "b-values",
        lambda: stored(90, DiffusionBValue=1000.0) + stored(DiffusionBValue=0.0),
        (0, 90),
        "b-value 0 s/mm²",
    ),
    Case(
        "b-values in Siemens' own element",
        lambda: (
            private(stored(90), 0x0019, "SIEMENS MR HEADER", 0x0C, "IS", "1000")
            + private(stored(), 0x0019, "SIEMENS MR HEADER", 0x0C, "IS", "0")
        ),
        (0, 90),
        "b-value 0 s/mm²",
    ),
    Case(
        "time points",
        lambda: stored(TemporalPositionIdentifier=1) + stored(90, TemporalPositionIdentifier=2),
        (0, 90),
        "time point 1",
    ),
    Case(
        "more time points than anybody would read one by one",
        lambda: [
            dataset for time in range(9) for dataset in stored(time * 10, TemporalPositionIdentifier=time + 1)
        ],
        (0,),
        "Read: time point 1. The others were left out.",
    ),
    Case(
        "water and fat",
        lambda: (
            stored(ImageType=["ORIGINAL", "PRIMARY", "DIXON", "F"])
            + stored(90, ImageType=["ORIGINAL", "PRIMARY", "DIXON", "W"])
        ),
        (0, 90),
        "DIXON F",
    ),
    Case(
        "pictures that nothing tells apart",
        lambda: stored() + each(stored(90), InstanceNumber=lambda i: i + 7),
        (0,),
        "nothing in their headers tells apart",
    ),
    # Numbers as people write them
    Case("decimal commas", lambda: raw(stored(), "PixelSpacing", "LO", "0,9\\0,9")),
    Case("decimal commas in places", lambda: [with_commas(dataset) for dataset in stored()]),
    Case("a unit behind the numbers", lambda: raw(stored(), "PixelSpacing", "LO", "0.9 mm\\0.9mm")),
    Case("commas between the numbers", lambda: raw(stored(), "PixelSpacing", "LO", "0.9,0.9")),
    Case("numbers in another value representation", lambda: raw(stored(), "PixelSpacing", "FD", [0.9, 0.9])),
    Case("one value of two", lambda: raw(stored(), "PixelSpacing", "DS", "0.9"), (0,), "one value only"),
    Case(
        "a spacing of zero",
        lambda: each(stored(), PixelSpacing=[0, 0]),
        (0,),
        "not understood",
        voxel_ml=None,
    ),
    Case(
        "a spacing that is no number",
        lambda: raw(stored(), "PixelSpacing", "LO", "narrow"),
        (0,),
        "not understood",
        voxel_ml=None,
    ),
    Case(
        "no spacing", lambda: each(stored(), PixelSpacing=None), (0,), "does not say how large", voxel_ml=None
    ),
    Case(
        "an empty spacing",
        lambda: each(stored(), PixelSpacing=""),
        (0,),
        "does not say how large",
        voxel_ml=None,
    ),
    Case("no frames", lambda: each(stored(), NumberOfFrames=0)),
    Case(
        "counts in another value representation",
        lambda: raw(raw(stored(), "Rows", "IS", "12"), "BitsStored", "DS", "16"),
    ),
    Case(
        "a slope of zero", lambda: each(stored(), RescaleSlope=0, RescaleIntercept=5), (0,), "rescale slope"
    ),
    # Pixel values
    Case("stored bits at the upper end", lambda: [left_aligned(dataset) for dataset in stored()]),
    Case("a high bit that is wrong", lambda: each(stored(), BitsStored=12, HighBit=15)),
    Case("an overlay in the unused bits", lambda: [with_overlay(dataset) for dataset in stored()]),
    Case("compressed but declared native", lambda: [compressed(dataset) for dataset in stored()]),
]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_kind_is_read_as_it_was_made_or_refused_with_the_reason(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded = read(case.series(), tmp_path)
    assert [scan.array.shape for scan in decoded.scans] == [(6, 12, 10)] * len(case.scans)
    for scan, change in zip(decoded.scans, case.scans, strict=True):
        assert np.array_equal(scan.array, VOLUME.transpose(2, 1, 0) + change)
        ml = scan.spacing.voxel_ml
        assert ml == (None if case.voxel_ml is None else pytest.approx(case.voxel_ml))
    assert len({scan.content_sha256 for scan in decoded.scans}) == len(decoded.scans)
    said = " ".join(decoded.scans[0].warnings) if decoded.scans else ""
    assert case.words in said
    assert bool(said) == bool(case.words)
    assert [case.refused in refusal.sentence for refusal in decoded.refusals] == [True] * bool(case.refused)
