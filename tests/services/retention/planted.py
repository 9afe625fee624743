"""A patient whose name and number nothing else has, sent and worked on through the public doors."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from data.house_clock import day_of, today
from data.records import (
    BRAIN_TUMOUR,
    DriftAsk,
    FeedbackCategory,
    RejectReason,
    ReportKind,
    Role,
    User,
)
from services.assembly.container import Services
from services.reviewing.review import MaskFile, Remarks
from tests import phantoms
from tests.data.formats.making import save, slices_of
from tests.services.real import PATIENCE_S, person, send

FAMILY, NUMBER, BORN = "Quxzvölkner", "QX-77341-B", "19310217"
IDEOGRAPHS = "山本"


@dataclass
class Planted:
    """What was sent, and what of it must not be found afterwards."""

    scan_ids: list[str] = field(default_factory=list)
    pixels: list[bytes] = field(default_factory=list)
    pack_id: str = ""
    run_id: str = ""
    report_id: str = ""


def plant(services: Services, folder: Path, seed: int, name: str, number: str, born: str) -> Planted:
    """Two series of DICOM in two character sets and a picture under the patient's name, worked on by all."""
    ada = person(services, Role.CLINICIAN, "ada")
    planted = Planted()
    sets = (("ISO_IR 192", f"{name}^Gerda={IDEOGRAPHS}^翠"), ("ISO_IR 100", f"{name}^Gerda"))
    for turn, (charset, called) in enumerate(sets):
        content = _series(folder / f"{number}{turn}", seed + turn, called, number, born, charset)
        upload = send(services, ada, f"{name}_Gerda_{turn}.zip", content)
        assert len(upload.scan_ids) == 1, upload
        planted.scan_ids += upload.scan_ids
    send(services, ada, f"{name} Gerda notes.txt", b"Dear colleague, this is no picture at all")
    _work_on(services, ada, planted, folder, f"Frau {name} kam wieder")
    planted.pixels = [_middle(services, scan_id) for scan_id in planted.scan_ids]
    return planted


def _series(folder: Path, seed: int, called: str, number: str, born: str, charset: str) -> bytes:
    random = np.random.default_rng(seed)
    voxels = phantoms.brain(15.0)[:, :, 36:40] + random.normal(0, 8, (*phantoms.brain().shape[:2], 4))
    uid = f"1.2.840.99.700.{seed}"
    said = {
        "SpecificCharacterSet": charset, "PatientName": called, "PatientID": number, "PatientBirthDate": born,
        "StudyInstanceUID": uid, "SeriesInstanceUID": f"{uid}.1", "BodyPartExamined": "BRAIN",
        "SeriesDescription": "T2 FLAIR", "StudyDescription": f"Kopf {called.split('^')[0]}",
        "ReferringPhysicianName": "Arzt^Anna", "AccessionNumber": f"A{number}",
    }  # fmt: skip
    folder.mkdir(parents=True)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for picture in slices_of(voxels.clip(0).astype(np.int16), phantoms.mni()[1], **said):
            file = save(picture, folder / f"{picture.SOPInstanceUID}.dcm")
            archive.write(file, file.name)
            file.unlink()
    return content.getvalue()


def _work_on(services: Services, ada: User, planted: Planted, folder: Path, said: str) -> None:
    first, second = planted.scan_ids
    nora = person(services, Role.MLOPS, "nora")
    services.reviewing.reviews.correct(first, ada, _as_file(services, first, folder), Remarks(comment=said))
    services.reviewing.reviews.reject(second, ada, RejectReason.OTHER, said, truth_positive=True)
    services.feedback.send(second, ada, FeedbackCategory.OTHER.value, said)
    services.reviewing.requests.ask([second], "a second look", nora)
    pack = services.training.packs.request(BRAIN_TUMOUR, planted.scan_ids, "a pack", nora)
    planted.pack_id = pack.id
    planted.run_id = services.drift.runs.run_now(DriftAsk(BRAIN_TUMOUR), nora).id
    sent = services.reviewing.scan_views.scan(first, ada).scan.created_at
    period = {"from": day_of(sent).isoformat(), "to": today().isoformat()}  # midnight may lie between
    report = services.reporting.request(ReportKind.GOVERNANCE, period, nora)
    planted.report_id = report.id
    assert services.jobs.wait_idle(PATIENCE_S)
    services.reviewing.withdrawals.withdraw(second, "sent twice", ada)
    assert services.jobs.wait_idle(PATIENCE_S)


def _as_file(services: Services, scan_id: str, folder: Path) -> MaskFile:
    """The AI's mask with a corner more, as a file in the scan's own grid."""
    import nibabel as nib

    content, name, _ = services.reviewing.pictures.mask_file(scan_id, "nifti")
    file = folder / f"{scan_id}{name[-7:]}"
    file.write_bytes(content)
    image = nib.load(file)
    drawn = np.asarray(image.dataobj).copy()
    drawn[:6, :6, :2] = 1
    nib.save(nib.Nifti1Image(drawn, image.affine, image.header), file)
    return MaskFile(file, file.name)


def _middle(services: Services, scan_id: str) -> bytes:
    """Bytes of a scan's pixels that no other has: noise is in every voxel of the head."""
    array = services.reviewing.pictures._files.get_array(f"scans/{scan_id}/array.npy")
    rows = np.ascontiguousarray(array[1, array.shape[1] // 2])
    return rows.tobytes()
