"""Pictures leave without the patient's name after a look, and held ones after a person's decision."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset
from sqlalchemy import Engine

from data.errors import HeldPicture, InvalidInput, NotAllowed, NotFound
from data.files import FileStore
from data.records import BurnedInDecision, Role, Scan, SourceGrid, User
from data.stores.audit import AuditLog
from data.stores.results import ResultStore
from data.stores.reviews import ReviewStore
from data.stores.scans import ScanStore
from models.text_detection.rule import DetectedText
from services import keys
from services.exporting.forms import Ask
from services.reviewing.pictures import Pictures
from tests.dashboard.clinic import Clinic
from tests.data.builders import a_kept_scan
from tests.text_detectors import BrightText, NoDetector, NoText, screening_by

RELEASED, BLACKED_OUT, HELD = (
    BurnedInDecision.RELEASED, BurnedInDecision.BLACKED_OUT, BurnedInDecision.NONE,
)  # fmt: skip
SLICES = 5
ANN = User("ann", "ann", "Ann Reader", Role.CLINICIAN)
TEXT = (slice(2, 6), slice(3, 17))  # rows and columns


class Written:
    """A scan on whose slices something is written, or nothing, and the screening over it."""

    def __init__(
        self, engine: Engine, folder: Path, detector: NoText, written_on: Sequence[int] = range(SLICES)
    ) -> None:
        self.engine, self.files, self.detector = engine, FileStore(folder / "files"), detector
        grid = SourceGrid("nifti", (48, 40, SLICES), (2, 1, 0))
        self.scan = a_kept_scan(engine, slices=SLICES, height=40, width=48, grid=grid)
        array = np.full(self.scan.shape, 90, np.uint8)
        for index in written_on:
            array[index][TEXT] = 255
        self.put(array)
        self.screening = screening_by(detector, engine, self.files)
        results, reviews = ResultStore(engine), ReviewStore(engine)
        self.pictures = Pictures(ScanStore(engine), results, reviews, self.files, self.screening)

    def put(self, array: NDArray[Any]) -> None:
        self.files.put_array(keys.array(self.scan.id), array)

    def overlay(self, **more: Any) -> bytes:
        return self.pictures.overlay_file(self.scan.id, "P1", 1, **more)[0]


@pytest.fixture
def written(engine: Engine, tmp_path: Path) -> Written:
    return Written(engine, tmp_path, BrightText())


def test_every_door_is_closed_until_a_person_has_decided(tmp_path: Path) -> None:
    clinic = Clinic(tmp_path, networks=False, text_detector=BrightText)
    ann, scan = clinic.person(Role.CLINICIAN), clinic.add_volume("u")
    array = np.full(scan.shape, 90, np.uint8)
    array[(slice(None), *TEXT)] = 255
    clinic.files.put_array(keys.array(scan.id), array)
    clinic.read_volume(scan)
    services = clinic.services

    def export(form: str, **ask: Any) -> bytes:
        return services.exports.file(scan.id, form, ann, Ask(**ask)).content

    doors: dict[str, Callable[[], object]] = {
        "overlay": lambda: services.reviewing.pictures.overlay_file(scan.id, "P1"),
        "report": lambda: services.reading_reports.file(scan.id, "pdf", ann),
        "png": lambda: export("png"),
        "fhir with pdf": lambda: export("fhir-r4", pdf=True),
    }
    for door in doors.values():
        with pytest.raises(HeldPicture, match=f"{scan.id[:8]} are held.*slice 1, 3 to 17 px from the left"):
            door()
    assert services.reading_reports.file(scan.id, "pdf", ann, named=True).content.startswith(b"%PDF")
    archive = zipfile.ZipFile(io.BytesIO(export("all")))
    assert not [name for name in archive.namelist() if name.endswith(".png")]
    said = archive.read("README.txt").decode()
    assert "Left out, 1:" in said and "Pictures with outline, PNG: The pictures of scan" in said

    services.screening.decide(scan.id, BLACKED_OUT, "A name", ann)
    for name, door in doors.items():
        assert door(), name
    archive = zipfile.ZipFile(io.BytesIO(export("all")))
    assert [name for name in archive.namelist() if name.endswith(".png")]
    assert "Left out" not in archive.read("README.txt").decode()
    assert services.health.ready()["burned_in_text"] == "ok"


def test_blacked_out_text_is_black_in_the_copy_and_stays_in_the_kept_scan(written: Written) -> None:
    written.screening.look(written.scan.id, ANN)
    written.screening.decide(written.scan.id, BLACKED_OUT, "A name", ANN)
    drawn = np.asarray(Image.open(io.BytesIO(written.overlay())).convert("L"), dtype=float)
    height, width = written.scan.height, written.scan.width
    scale = drawn.shape[1] / width
    area = drawn[int(2 * scale) : int(6 * scale), int(3 * scale) : int(17 * scale)]
    assert area.mean() < 20  # letters of the sides may stand there
    kept = written.files.get_array(keys.array(written.scan.id))
    assert kept.shape[1:] == (height, width) and (kept[1][TEXT] == 255).all()


def test_a_look_is_kept_and_not_repeated(written: Written) -> None:
    for _ in range(3):
        with pytest.raises(HeldPicture):
            written.overlay()
    assert written.detector.looks == 3 + written.scan.slices  # three first, then all
    again = screening_by(NoText(), written.engine, written.files)
    assert again.of_scan(written.scan.id, ANN) is None  # another detector has not looked


def test_a_release_is_audited_with_name_and_reason_and_can_be_taken_back(written: Written) -> None:
    written.screening.look(written.scan.id, ANN)
    made = written.screening.decide(written.scan.id, RELEASED, " Only the maker's name ", ANN)
    assert (made.decided_name, made.why) == (ANN.display_name, "Only the maker's name")
    written.screening.decide(written.scan.id, HELD, "I was wrong", ANN)
    with pytest.raises(HeldPicture):
        written.overlay()
    events = [
        (event.action, event.user_id, event.subject, event.detail)
        for event in AuditLog(written.engine).recent(20)
        if event.action.startswith("picture.")
    ]
    assert (
        "picture.released",
        ANN.id,
        written.scan.id,
        f"{len(made.boxes)} places: Only the maker's name",
    ) in events
    assert (
        "picture.held",
        ANN.id,
        written.scan.id,
        f"{len(made.boxes)} places: I was wrong",
    ) in events


def test_who_may_not_see_names_decides_nothing(written: Written) -> None:
    written.screening.look(written.scan.id, ANN)
    for role in (Role.HEAD, Role.MLOPS, Role.ADMIN):
        with pytest.raises(NotAllowed):
            written.screening.decide(written.scan.id, RELEASED, "a", User("i", "n", "N", role))
        with pytest.raises(NotAllowed):
            written.screening.picture(written.scan.id, 0, User("i", "n", "N", role))


def test_a_decision_needs_a_reason_and_something_to_decide(written: Written) -> None:
    with pytest.raises(InvalidInput, match="nothing to decide"):
        written.screening.decide(written.scan.id, RELEASED, "why", ANN)  # nobody has looked
    written.screening.look(written.scan.id, ANN)
    with pytest.raises(InvalidInput, match="Say why"):
        written.screening.decide(written.scan.id, RELEASED, "  ", ANN)


def test_a_clean_scan_leaves_at_once_and_there_is_nothing_to_decide(engine: Engine, tmp_path: Path) -> None:
    clean = Written(engine, tmp_path, BrightText(), written_on=())
    assert clean.overlay()
    with pytest.raises(InvalidInput, match="nothing to decide"):
        clean.screening.decide(clean.scan.id, RELEASED, "why", ANN)


def test_the_person_sees_the_slice_with_frames(written: Written) -> None:
    with pytest.raises(NotFound):
        written.screening.picture(written.scan.id, 0, ANN)  # nobody has looked
    written.screening.look(written.scan.id, ANN)
    shown = np.asarray(Image.open(io.BytesIO(written.screening.picture(written.scan.id, 0, ANN))))
    assert ((shown == (255, 176, 0)).all(axis=-1)).any()
    with pytest.raises(NotFound):
        written.screening.picture(written.scan.id, written.scan.slices, ANN)


def test_where_the_detector_is_missing_nothing_leaves_and_health_says_so(
    engine: Engine, tmp_path: Path
) -> None:
    ward = Written(engine, tmp_path, NoDetector(), written_on=())
    with pytest.raises(HeldPicture, match="cannot be looked at"):
        ward.overlay()
    assert ward.screening.of_scan(ward.scan.id, ANN) is None
    assert "rapidocr" in str(ward.screening.trouble())


def dicom(sop_class: str, burned_in: str | None) -> bytes:
    dataset = Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = sop_class, "1.2.3"
    if burned_in is not None:
        dataset.BurnedInAnnotation = burned_in
    memory = io.BytesIO()
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    pydicom.dcmwrite(memory, dataset, enforce_file_format=False)
    return memory.getvalue()


def of_dicom(ward: Written, sop_class: str, burned_in: str | None = None) -> Scan:
    """The ward's scan as if it had come as DICOM."""
    scan = ward.scan
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        archive.writestr("00000.dcm", dicom(sop_class, burned_in))
    ward.files.put(keys.original(scan.id, ".zip"), memory.getvalue())
    return replace(scan, grid=replace(scan.grid, kind="dicom"))


MR, CAPTURE = "1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.1.1.7"


@pytest.mark.parametrize(("sop_class", "looked_at"), [(MR, 3), (CAPTURE, SLICES)])
def test_of_a_scanners_own_slices_three_are_looked_at_and_of_captures_all(
    engine: Engine, tmp_path: Path, sop_class: str, looked_at: int
) -> None:
    ward = Written(engine, tmp_path, BrightText(), written_on=())
    scan = of_dicom(ward, sop_class)
    assert ward.screening.boxes_to_blacken(scan) == ()
    assert ward.detector.looks == looked_at


def test_text_on_one_of_three_slices_has_all_looked_at(engine: Engine, tmp_path: Path) -> None:
    ward = Written(engine, tmp_path, BrightText(), written_on=(0, 1))
    scan = of_dicom(ward, MR)
    with pytest.raises(HeldPicture):
        ward.screening.boxes_to_blacken(scan)
    detected = ward.screening.of_scan(scan.id, ANN)
    assert (
        detected is not None
        and detected.slices == scan.slices
        and [box.slice for box in detected.boxes] == [0, 1]
    )


def test_a_file_that_says_itself_that_text_is_burned_in_is_held(engine: Engine, tmp_path: Path) -> None:
    ward = Written(engine, tmp_path, BrightText(), written_on=())
    scan = of_dicom(ward, MR, "YES")
    with pytest.raises(HeldPicture, match="the file itself says"):
        ward.screening.boxes_to_blacken(scan)
    with pytest.raises(InvalidInput, match="No place was found"):
        ward.screening.decide(scan.id, BLACKED_OUT, "a", ANN)
    ward.screening.decide(scan.id, RELEASED, "I looked: there is none", ANN)
    assert ward.screening.boxes_to_blacken(scan) == ()


class ContrastText(NoText):
    """Finds text where a corner stands out from what is below it."""

    name = "contrast"

    def find(self, picture: NDArray[np.uint8]) -> list[DetectedText]:
        stands_out = float(picture[2:4, 3:9].mean()) - float(picture[6:8, 3:9].mean()) > 50
        return [DetectedText(2, 3, 4, 9, 0.9, "LOVELACE", 0.99)] if stands_out else []


def test_a_window_that_brings_hidden_text_out_is_refused(engine: Engine, tmp_path: Path) -> None:
    ward = Written(engine, tmp_path, ContrastText(), written_on=())
    array = np.full(ward.scan.shape, 1000, np.int16)
    array[:, 10:] = 3000
    array[:, 2:4, 3:9] = 1004  # nothing to see in the usual window
    ward.files.put_array(keys.array(ward.scan.id), array)
    usual = ward.pictures.window(ward.scan.id)[:2]
    assert ward.overlay() == ward.overlay(window=usual)
    assert ward.overlay(window=(0.0, 4000.0))
    with pytest.raises(HeldPicture, match="In this window"):
        ward.overlay(window=(1000.0, 1004.0))
