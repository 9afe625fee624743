"""Retraining packs: what is reviewed comes out as data that training reads, without a name."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import Engine

from data.database import new_id
from data.errors import HeldPicture, InvalidInput, NotFound
from data.files import FileStore
from data.labelled.datasets import brain_slices, chest_xrays, grey_image
from data.packing import packed
from data.records import BRAIN_TUMOUR, PNEUMONIA, BurnedInDecision, Role, Scan, User, Verdict
from data.stores.audit import AuditLog
from data.stores.jobs import JobStore
from data.stores.patients import PatientStore
from data.stores.results import ResultStore
from data.stores.reviews import ReviewStore
from data.stores.scans import ScanStore
from models.brain_tumour.training import BrainTumourTraining
from models.text_detection.detector import TextDetector
from services import keys
from services.jobs import Jobs
from services.training.retraining_pack import PackAsk, RetrainingPacks, grey
from tests.data.builders import a_header, a_kept_scan, a_result, a_review, measured
from tests.text_detectors import BrightText, NoText, screening_by

NORA = User("nora", "nora", "Nora Field", Role.MLOPS)
NAME = "Lovelace^Ada"


class Ward:
    """Scans with results, reviews and pixels."""

    def __init__(
        self, engine: Engine, folder: Path, jobs: Jobs | None = None, detector: TextDetector | None = None
    ) -> None:
        self.engine, self.files = engine, FileStore(folder / "files")
        self.results, self.reviews = ResultStore(engine), ReviewStore(engine)
        self.packs = RetrainingPacks(
            ScanStore(engine), self.results, self.reviews, PatientStore(engine), self.files,
            AuditLog(engine), screening_by(detector or NoText(), engine, self.files), jobs,
        )  # fmt: skip

    def scan(
        self,
        number: int,
        verdict: Verdict | None = Verdict.ACCEPTED,
        *,
        task: str = BRAIN_TUMOUR,
        truth: bool | None = True,
        sequence: str = "T2 FLAIR ax",
        shape: tuple[int, int, int] = (3, 40, 32),
        patient: str | None = None,
    ) -> Scan:
        header = a_header(sequence=sequence, age_years=96.0)
        scan = a_kept_scan(
            self.engine, number, patient or f"{NAME} {number}", task=task, header=header,
            slices=shape[0], height=shape[1], width=shape[2],
        )  # fmt: skip
        pixels = np.random.default_rng(number).integers(0, 4000, shape).astype(np.int16)
        self.files.put_array(keys.array(scan.id), pixels)
        result = self.results.add(a_result(scan.id, number, task=task, has_mask=task == BRAIN_TUMOUR))
        self.files.put(keys.mask(result.id), packed(box(shape, 4)))
        if verdict is not None:
            corrected = verdict is Verdict.CORRECTED
            review = a_review(
                scan.id, result.id, number, verdict=verdict, truth_positive=truth,
                measurements=measured() if corrected else None,
            )  # fmt: skip
            self.reviews.add(review)
            if corrected:
                self.files.put(keys.corrected_mask(review.id), packed(box(shape, 9)))
        return scan


def box(shape: tuple[int, int, int], side: int) -> Any:
    mask = np.zeros(shape, dtype=bool)
    mask[min(1, shape[0] - 1), 10 : 10 + side, 8 : 8 + side] = True
    return mask


def unpack(ward: Ward, task: str, scans: list[Scan], folder: Path) -> dict[str, Any]:
    file = folder / "pack.zip"
    manifest = ward.packs.write(PackAsk(task, tuple(scan.id for scan in scans), "noise", "nora"), file)
    with zipfile.ZipFile(file) as pack:
        assert pack.testzip() is None
        pack.extractall(folder / "data")
        assert json.loads(pack.read("manifest.json")) == manifest
    return manifest


@pytest.fixture
def ward(engine: Engine, tmp_path: Path) -> Ward:
    return Ward(engine, tmp_path)


def test_the_trainer_reads_the_pack(ward: Ward, tmp_path: Path) -> None:
    scans = [ward.scan(number) for number in range(8)]
    scans += [ward.scan(number, sequence="T1 post contrast", shape=(1, 40, 40)) for number in range(8, 12)]
    manifest = unpack(ward, BRAIN_TUMOUR, scans, tmp_path)
    slices = brain_slices(tmp_path / "data")
    assert len(slices) == manifest["counts"]["pictures"] == 8 * 3 + 4
    assert {picture.dataset for picture in slices} == {"tcga_lgg", "cheng_t1ce"}
    recipe = replace(BrainTumourTraining.__init__.__defaults__[0], size=32)
    fold = next(picture.fold for picture in slices if picture.dataset == "tcga_lgg")
    trainable = BrainTumourTraining(tmp_path / "data", recipe, fold)
    import torch

    inputs, masks = trainable.batch(torch.arange(2), torch.Generator().manual_seed(0))
    assert inputs.shape == (2, 3, 32, 32) and masks.shape == (2, 1, 32, 32)


def test_corrected_masks_take_the_place_of_the_models(ward: Ward, tmp_path: Path) -> None:
    accepted, corrected = ward.scan(1), ward.scan(2, Verdict.CORRECTED)
    healthy = ward.scan(3, Verdict.REJECTED, truth=False)
    unpack(ward, BRAIN_TUMOUR, [accepted, corrected, healthy], tmp_path)
    for scan, side in ((accepted, 4), (corrected, 9), (healthy, 0)):
        own = [picture for picture in brain_slices(tmp_path / "data") if scan.id[:8] in picture.mask.name]
        drawn = np.stack([grey_image(picture.mask) > 127 for picture in own])
        assert np.array_equal(drawn, box((3, 40, 32), side))
        assert [picture.has_tumour for picture in own] == [False, side > 0, False]
        pictures = np.stack([grey_image(picture.image) for picture in own])
        assert np.array_equal(pictures, grey(np.asarray(ward.files.get_array(keys.array(scan.id)))))


def test_only_what_somebody_reviewed_enters_and_the_rest_is_named(ward: Ward, tmp_path: Path) -> None:
    good = ward.scan(1)
    left = [
        (ward.scan(2, None), "Nobody has reviewed it."),
        (ward.scan(3, Verdict.REJECTED, truth=None), "The review does not say what is true."),
        (ward.scan(4, Verdict.REJECTED, truth=True), "It was rejected, and no mask says what is right."),
        (ward.scan(5, task=PNEUMONIA), "It is of another task."),
    ]
    stale = ward.scan(6)
    ward.results.add(a_result(stale.id, 60))  # read again since the review
    left.append((stale, "Nobody has reviewed it."))
    gone = replace(good, id=new_id())
    left.append((gone, "It is no longer here."))
    manifest = unpack(ward, BRAIN_TUMOUR, [good, *(scan for scan, _ in left)], tmp_path)
    assert manifest["unlabelled"] == [{"scan": scan.id, "why": why} for scan, why in left]
    counts = {"scans": 1, "patients": 1, "pictures": 3, "positive": 1, "unlabelled": 6}
    assert manifest["counts"] == counts | {"held": 0, "blacked_out": 0}
    assert len(brain_slices(tmp_path / "data")) == 3


def test_a_patient_stands_on_one_side_of_every_split(ward: Ward, tmp_path: Path) -> None:
    scans = [ward.scan(number, patient=f"Same {number % 6}") for number in range(12)]
    scans += [
        ward.scan(20 + number, patient=f"Same {number}", sequence="T1 CE", shape=(1, 30, 30))
        for number in range(6)
    ]
    scans.append(ward.scan(30, patient="Same 0", shape=(2, 50, 44)))  # another matrix of the same patient
    manifest = unpack(ward, BRAIN_TUMOUR, scans, tmp_path)
    folds: dict[str, set[int]] = {}
    for picture in brain_slices(tmp_path / "data"):
        folds.setdefault(picture.image.name.split("_")[0], set()).add(picture.fold)
    assert folds == {patient: {fold} for patient, fold in manifest["split"].items()}
    assert len(folds) == 6 and len({fold for own in folds.values() for fold in own}) > 1
    shapes = {
        grey_image(picture.image).shape
        for picture in brain_slices(tmp_path / "data")
        if picture.dataset == "tcga_lgg"
    }
    assert shapes == {(40, 32), (50, 44)}
    positions = [
        picture.position for picture in brain_slices(tmp_path / "data") if picture.dataset == "tcga_lgg"
    ]
    assert max(positions) > 12  # scans of one patient do not share positions


def test_no_name_leaves_with_it(ward: Ward, tmp_path: Path) -> None:
    scans = [ward.scan(number) for number in range(3)]
    unpack(ward, BRAIN_TUMOUR, scans, tmp_path)
    with zipfile.ZipFile(tmp_path / "pack.zip") as pack:
        names = " ".join(pack.namelist())
        content = b" ".join(pack.read(name) for name in pack.namelist() if not name.endswith(".png"))
    for secret in ("Lovelace", "id of", "Ward 3", "Skyra", "1.2", "2026-11-20T08:00:00.123456"):
        assert secret not in names
        if secret != "1.2":
            assert secret.encode() not in content
    rows = list(csv.DictReader((tmp_path / "data/brain_mri/tcga_lgg/index.csv").read_text().splitlines()))
    assert {row["age"] for row in rows} == {"90"}  # who is older is only told to be
    patient = PatientStore(ward.engine).get(scans[0].patient_id, with_identity=False)
    assert patient is not None and patient.pseudonym in names


def test_x_rays_lie_by_label(ward: Ward, tmp_path: Path) -> None:
    scans = [
        ward.scan(number, task=PNEUMONIA, truth=number % 2 == 0, shape=(1, 48, 40)) for number in range(6)
    ]
    manifest = unpack(ward, PNEUMONIA, scans, tmp_path)
    films = chest_xrays(tmp_path / "data")
    assert len(films) == 6 and sum(film.pneumonia for film in films) == 3
    assert {film.patient.split(":")[1]: film.fold for film in films} == manifest["split"]
    assert all(film.image.exists() for film in films)


def test_a_pack_is_a_job_and_is_kept(engine: Engine, tmp_path: Path) -> None:
    jobs = Jobs(JobStore(engine))
    ward = Ward(engine, tmp_path, jobs)
    scan = ward.scan(1)
    jobs.start()
    try:
        pack = ward.packs.request(BRAIN_TUMOUR, [scan.id, scan.id], " noise ", NORA)
        assert jobs.wait_idle(30)
    finally:
        jobs.stop()
    (listed,) = ward.packs.recent()
    assert listed.ready and listed.ask.scan_ids == (scan.id,) and listed.ask.why == "noise"
    content = ward.packs.content(pack.id, NORA)
    assert "manifest.json" in zipfile.ZipFile(io.BytesIO(content)).namelist()
    assert [event.action for event in AuditLog(engine).recent(2)] == ["retraining.fetch", "retraining.pack"]
    for task, ids in ((BRAIN_TUMOUR, []), ("suitability", [scan.id])):
        with pytest.raises(InvalidInput):
            ward.packs.request(task, ids, "", NORA)
    for wrong in ("../secret", "0" * 32):
        with pytest.raises(NotFound):
            ward.packs.content(wrong, NORA)


def test_held_scans_are_left_out_and_listed_and_blacked_out_ones_are_black(
    engine: Engine, tmp_path: Path
) -> None:
    ward = Ward(engine, tmp_path, detector=BrightText())
    scans = [ward.scan(number) for number in range(3)]
    for number, scan in enumerate(scans):
        pixels = np.full(scan.shape, 90, np.uint8)
        pixels[:, 2:6, 3:17] = 255 if number else 90
        ward.files.put_array(keys.array(scan.id), pixels)
    screening = screening_by(BrightText(), engine, ward.files)
    ann = User("ann", "ann", "Ann Reader", Role.CLINICIAN)
    screening.look(scans[2].id, ann)
    screening.decide(scans[2].id, BurnedInDecision.BLACKED_OUT, "A name", ann)
    file = tmp_path / "pack.zip"
    ask = PackAsk(BRAIN_TUMOUR, tuple(scan.id for scan in scans), "why", "nora")
    manifest = ward.packs.write(ask, file)
    (held,) = manifest["held"]
    assert held["scan"] == scans[1].id and "text may be burned into them" in held["why"]
    counts = manifest["counts"]
    assert (counts["held"], counts["blacked_out"], counts["scans"]) == (1, 1, 2)
    packed = {entry["scan"]: entry for entry in manifest["scans"]}
    assert packed.keys() == {scans[0].id, scans[2].id} and packed[scans[2].id]["blacked_out"] == 3
    with zipfile.ZipFile(file) as pack:
        for scan_id, brightest in ((scans[0].id, 90), (scans[2].id, 90)):
            for name in packed[scan_id]["files"]:
                if not name.startswith("mask") and "mask" not in name:
                    picture = np.asarray(Image.open(io.BytesIO(pack.read(name))).convert("L"))
                    assert picture.max() <= brightest


def test_a_pack_from_before_the_look_is_not_given_out(engine: Engine, tmp_path: Path) -> None:
    ward = Ward(engine, tmp_path)
    older = json.dumps({"task": BRAIN_TUMOUR, "scan_ids": [], "why": "", "asked_by": "nora"}).encode()
    pack_id = "ab" * 16
    ward.files.put(keys.retraining_pack(pack_id, "ask.json"), older)
    ward.files.put(keys.retraining_pack(pack_id, "pack.zip"), b"PK")
    with pytest.raises(HeldPicture, match="Have it made anew"):
        ward.packs.content(pack_id, NORA)
