"""Files that people and programs send: decoded, kept and handed over as the reading process does."""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from random import Random

import numpy as np
import pydicom

from data.formats import Limits, Member, decode_guarded
from data.formats.archives import unpacking
from data.formats.decoder_errors import DECODING_ERRORS
from data.formats.decoding import Kept, decode_each
from data.formats.kept_files import keep_scan
from data.formats.processes import sightings
from data.formats.processes.transport import get_outcome, put_refusal, put_scan
from data.records import DecodedScan, Refusal
from tests.fuzz import archive_mutations, seeds
from tests.fuzz.byte_mutations import mutated
from tests.fuzz.dicom_mutations import mutated_dicom
from tests.fuzz.door import PATIENT, BrokenPromiseError, Door, Knock, judge_sentence, judge_text

LIMITS = Limits(max_bytes=48 << 20, max_entries=500, max_unpacked_bytes=96 << 20)
_WORDS = ("modality", "body_part", "sequence", "manufacturer", "scanner", "site", "sex")


def _dicom(rng: Random) -> bytes:
    content = mutated_dicom(rng, rng.choice(seeds.dicom_files()))
    return mutated(rng, content) if rng.random() < 0.2 else content


def _dicom_bytes(rng: Random) -> bytes:
    return mutated(rng, rng.choice(seeds.dicom_files()), seeds.picture_files())


def _nifti(rng: Random) -> bytes:
    return mutated(rng, rng.choice(seeds.nifti_files()))


def _picture(rng: Random) -> bytes:
    return mutated(rng, rng.choice(seeds.picture_files()), seeds.picture_files())


def _every_file() -> tuple[bytes, ...]:
    return (*seeds.dicom_files(), *seeds.nifti_files(), *seeds.picture_files())


def _archive(rng: Random) -> bytes:
    damaged = (_dicom(rng), _picture(rng), _nifti(rng), rng.choice(_every_file()))
    content = rng.choice(archive_mutations.KINDS)(rng, damaged)
    return mutated(rng, content) if rng.random() < 0.3 else content


def _outside(rng: Random) -> bytes:
    files = seeds.outside_files() or _every_file()
    content = rng.choice(files)
    return mutated_dicom(rng, content) if rng.random() < 0.5 else mutated(rng, content, files)


def _opened(folder: Path) -> Knock:
    return lambda content: _read(content, folder)


def _read(content: bytes, folder: Path) -> str:
    with tempfile.TemporaryDirectory(dir=folder) as place:
        file, into = Path(place, "file"), Path(place, "into")
        file.write_bytes(content)
        into.mkdir()
        names = _names_told(content)
        outcomes = [
            _handed(each, into, number, names)
            for number, each in enumerate(decode_each(file, "upload", LIMITS))
        ]
    return judged(outcomes)


def _names_told(content: bytes) -> tuple[str, ...]:
    """What a DICOM file still calls its patient; what damage moved elsewhere nobody can know for a name."""
    try:
        header = pydicom.dcmread(io.BytesIO(content), force=True, stop_before_pixels=True)
        told = [str(header.get(keyword, "")) for keyword in ("PatientName", "PatientID")]
    except DECODING_ERRORS:
        return ()
    return tuple(name for name in told if name in (PATIENT, "QPONMLK-17"))


def _handed(
    outcome: Kept | Refusal, into: Path, number: int, names: tuple[str, ...]
) -> DecodedScan | Refusal:
    """What the server gets from the child, through the text between them."""
    if isinstance(outcome, Refusal):
        line = put_refusal(outcome)
    else:
        try:
            keep_scan(outcome.members, into, number)
        except DECODING_ERRORS:
            return Refusal(outcome.scan.name, "unreadable", "It could not be kept without names.")
        _free_of_names(into, number, names)
        line = put_scan(outcome.scan, into, number)
    return get_outcome(json.loads(line), into)


def _free_of_names(into: Path, number: int, names: tuple[str, ...]) -> None:
    """What is kept of a DICOM file holds nothing of its patient."""
    archive = into / f"{number}.zip"
    if not archive.exists():
        return
    with zipfile.ZipFile(archive) as kept:
        for name in kept.namelist():
            _look_for_names(pydicom.dcmread(io.BytesIO(kept.read(name)), force=True), names)


def _look_for_names(dataset: pydicom.Dataset, names: tuple[str, ...]) -> None:
    """In all elements but pixels and tables, in which any letters may stand."""
    for tag in list(dataset.keys()):
        try:
            element = dataset[tag]
        except DECODING_ERRORS:
            continue
        if element.VR == "SQ":
            for item in element.value:
                _look_for_names(item, names)
        elif not element.VR.startswith("O") and any(name in str(element.value) for name in names):
            raise BrokenPromiseError(f"a patient's name or number stands in what is kept, in {element.tag}")


def judged(outcomes: list[DecodedScan | Refusal]) -> str:
    """A word for what came out; raises BrokenPromiseError for what must not come out."""
    if not outcomes:
        raise BrokenPromiseError("neither a scan nor a refusal")
    for outcome in outcomes:
        judge_text(outcome.name, "a name")
        if isinstance(outcome, Refusal):
            judge_sentence(outcome.sentence)
        else:
            _judge_scan(outcome)
    last = outcomes[-1]
    return f"refused: {last.code}" if isinstance(last, Refusal) else "taken"


def _judge_scan(scan: DecodedScan) -> None:
    if not np.isfinite(scan.array).all() or scan.array.ndim != 3 or 0 in scan.array.shape:
        raise BrokenPromiseError("pixels that are no numbers, or none")
    for word in _WORDS:
        text = getattr(scan.header, word)
        if text is not None:
            judge_text(text, word)
    for warning in scan.warnings:
        judge_sentence(warning)
    for text in (scan.identity.name, scan.identity.patient_id):
        if text is not None:
            judge_text(text, "an identity")
    spacing = [scan.spacing.slice_mm, scan.spacing.row_mm, scan.spacing.column_mm]
    if any(size is not None and not (np.isfinite(size) and size > 0) for size in spacing):
        raise BrokenPromiseError(f"a spacing of {spacing}")


def _guarded(folder: Path) -> Knock:
    def knock(content: bytes) -> str:
        file, kept = folder / "file", folder / "kept"
        file.write_bytes(content)
        kept.mkdir(exist_ok=True)
        decoded = decode_guarded(file, "upload", LIMITS, timeout_s=20, memory_bytes=3 << 30, keep_in=kept)
        for left in kept.iterdir():
            left.unlink()
        for refusal in decoded.refusals:
            if refusal.code == "too_hard":
                raise BrokenPromiseError("it took too long")
        return judged([*decoded.scans, *decoded.refusals])

    return knock


def _any(rng: Random) -> bytes:
    kinds: tuple[Callable[[Random], bytes], ...] = (_dicom, _nifti, _picture, _archive)
    return rng.choice(kinds)(rng)


def _bomb(rng: Random) -> bytes:
    return archive_mutations.bomb(rng, _every_file())


def _laid_out(folder: Path) -> Knock:
    """An archive of an import: laid out, and each file looked at."""

    def knock(content: bytes) -> str:
        with tempfile.TemporaryDirectory(dir=folder) as place:
            file, into = Path(place, "file"), Path(place, "into")
            file.write_bytes(content)
            into.mkdir()
            limits = {"max_entries": 500, "max_unpacked_bytes": 96 << 20}
            asked = {"path": str(file), "into": str(into), "limits": limits}
            lines = [json.loads(line) for line in unpacking.answers(asked)]
            members = [Member(line["name"], into / line["file"]) for line in lines if "name" in line]
            if any(not member.path.resolve().is_relative_to(into) for member in members):
                raise BrokenPromiseError("a file outside the folder")
            paths = [str(member.path) for member in members] or [str(file)]
            for line in sightings.answers(
                {"paths": paths, "timeout_s": 0}
            ):  # no alarm: the driver has its own
                json.loads(line)
        if lines and "sentence" in lines[-1]:
            judge_sentence(lines[-1]["sentence"])
            return f"refused: {lines[-1]['code']}"
        return "taken"

    return knock


DOORS = (
    Door("upload-dicom", _dicom, _opened, 30),
    Door("upload-dicom-bytes", _dicom_bytes, _opened, 10),
    Door("upload-nifti", _nifti, _opened, 8),
    Door("upload-picture", _picture, _opened, 8),
    Door("upload-archive", _archive, _opened, 8),
    Door("upload-outside", _outside, _opened, 4),
    Door("upload-bomb", _bomb, _opened, 0.5, quick=False),
    Door("upload-guarded", _any, _guarded, 0.3, quick=False),
    Door("import-archive", _archive, _laid_out, 4),
)
