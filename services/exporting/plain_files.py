"""A version of a result as files that any program reads: pictures, a table, and what is what."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence

from data.records import NOTICE, SYNTHETIC, Lesion
from reports.key_pictures import captioned_png
from reports.masks import mask_nifti
from reports.pictures import SHORT_NOTICE
from services.exporting.versions import ResultVersion
from services.reading_words import OF_NOBODY
from services.reporting.key_pictures import KeyPictures, KeySlice
from services.reporting.reports import File
from services.reviewing.pictures import Pictures
from services.standing.acceptances import NOT_ACCEPTED
from services.task_words import left_open, not_ruled_out, outcome_words

ZIP, PNG, CSV, NIFTI, TEXT = "application/zip", "image/png", "text/csv", "application/gzip", "text/plain"
_HEAD = (
    *("reading", "scan", "patient", "task", "model", "version", "weights_sha256", "outcome", "probability"),
    *("threshold", "outline", "verdict", "lesion", "voxels", "volume_ml", "area_mm2", "longest_diameter_mm"),
    *("perpendicular_diameter_mm", "maximum_3d_diameter_mm", "craniocaudal_mm", "longest_diameter_px"),
    *("perpendicular_diameter_px", "largest_slice", "right_mm", "anterior_mm", "superior_mm"),
    *("not_accepted", "synthetic"),
)
_SIZES = (
    *("voxels", "volume_ml", "area_mm2", "longest_diameter_mm", "perpendicular_diameter_mm"),
    *("maximum_3d_diameter_mm", "craniocaudal_mm", "longest_diameter_px", "perpendicular_diameter_px"),
    "largest_slice",
)
_WHAT = {
    "-seg.dcm": "the outline as a DICOM segmentation, one segment a lesion",
    "-sr.dcm": "the answer and the sizes as a DICOM structured report (TID 1500)",
    "-gsps.dcm": "the outline as a DICOM presentation state, drawn over the source's own pictures",
    "-pdf.dcm": "the report of the reading as PDF in DICOM",
    "-kos.dcm": "the note that withdraws the rejected result's DICOM objects",
    "-mask.nii.gz": "the outline as a NIfTI mask (0 and 1) in the scan's own grid",
    "-fhir-r4.json": "the answer and the sizes as HL7 FHIR R4 resources, a transaction bundle",
    "-fhir-r5.json": "the same as HL7 FHIR R5",
    ".hl7": "the answer and the sizes as an HL7 v2.5.1 message, ORU^R01",
    ".txt": "the findings as text for a report",
    ".csv": "the answer and the sizes of every lesion, unrounded; slices count from 0",
    ".png": "a picture of the slice that shows the most of a lesion, with the outline",
}
_CAPTURE = "a picture with the outline drawn in, as a DICOM secondary capture"


class PlainFiles:
    """Makes them; each by pseudonym."""

    def __init__(self, pictures: Pictures, key_pictures: KeyPictures) -> None:
        self._pictures = pictures
        self._key_pictures = key_pictures

    def pictures(self, version: ResultVersion) -> list[File]:
        """The key pictures, with words below them. Raises HeldPicture."""
        return [
            File(
                f"{version.file_name}-{chosen.index + 1}.png",
                captioned(self._key_pictures.drawn(version.view, chosen, named=False), version, chosen),
                PNG,
            )
            for chosen in self._key_pictures.chosen(version.view)
        ]

    def masks(self, version: ResultVersion) -> list[File]:
        """The mask as NIfTI, where there is one."""
        if not version.result.has_mask:
            return []
        mask = self._pictures.unpacked(version.mask_key)
        content = mask_nifti(mask, version.view.scan.grid)
        return [File(f"{version.file_name}-mask.nii.gz", content, NIFTI)]

    def table(self, version: ResultVersion) -> File:
        """The answer and the whole outline in the first row, then a row a lesion, the largest first."""
        memory = io.StringIO()
        write = csv.writer(memory, lineterminator="\r\n")
        write.writerow(_HEAD)
        write.writerows(_rows(version))
        return File(f"{version.file_name}.csv", memory.getvalue().encode(), CSV)


def packed(name: str, files: Sequence[File]) -> File:
    """Files in a zip, the same bytes for the same files."""
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.writestr(zipfile.ZipInfo(file.name), file.content, zipfile.ZIP_DEFLATED)
    return File(name, memory.getvalue(), ZIP)


def read_me(version: ResultVersion, files: Sequence[File], held: Mapping[str, str] | None = None) -> File:
    """What is what; `held` says of forms that are left out why their pictures do not leave."""
    result = version.result
    lines = [
        f"Lightbox, reading {result.id} of scan {version.view.scan.id}",
        f"{outcome_words(result.task, result.outcome)}; outline {version.outline}",
        *filter(None, [not_ruled_out(result)]),
        f"{result.provenance.model_name} version {result.provenance.model_version}",
        *([f"Rejected by {version.rejected_by}."] if version.rejected_by else []),
        *([version.view.not_accepted] if version.view.not_accepted else []),
        *([OF_NOBODY] if version.view.scan.synthetic else []),
        NOTICE,
        "",
        *(f"{file.name}: {_what(file.name)}" for file in files),
        *(["", f"Left out, {len(held)}:"] if held else []),
        *(f"{label}: {why}" for label, why in (held or {}).items()),
    ]
    return File("README.txt", "\r\n".join([*lines, ""]).encode(), TEXT)


def _what(name: str) -> str:
    return next((words for end, words in _WHAT.items() if name.endswith(end)), _CAPTURE)


def picture_words(version: ResultVersion, chosen: KeySlice | None = None) -> tuple[str, ...]:
    """What stands on a picture that leaves the house: the answer, by what, and what it is not for."""
    scan, result = version.view.scan, version.result
    place = (f"Slice {chosen.index + 1} of {scan.slices}",) if chosen and scan.slices > 1 else ()
    made = f"{result.provenance.model_name} version {result.provenance.model_version}"
    drawn = (f"Outline {version.outline}",) if result.has_mask else ()
    said = f"AI: {outcome_words(result.task, result.outcome)}"
    left = left_open(result)
    not_excluded = (f"Does not rule out {left}",) if left else ()
    marked = (f"{NOT_ACCEPTED} on this scanner",) if version.view.not_accepted else ()
    of_nobody = (OF_NOBODY,) if scan.synthetic else ()
    answer = ("; ".join((*place, said)), *not_excluded, "; ".join((*drawn, made)))
    return *answer, *of_nobody, *marked, SHORT_NOTICE


def captioned(png: bytes, version: ResultVersion, chosen: KeySlice) -> bytes:
    """A key picture with its words below."""
    return captioned_png(png, picture_words(version, chosen))


def _rows(version: ResultVersion) -> Iterator[list[object]]:
    view, result, made = version.view, version.result, version.result.provenance
    current = view.current
    told: list[object] = [
        *(result.id, view.scan.id, view.patient.pseudonym, result.task, made.model_name, made.model_version),
        *(made.weights_sha256, result.outcome.value, result.probability, result.threshold),
        *(version.layer if result.has_mask else "", "" if current is None else current.verdict.value),
    ]
    whole = version.measurements
    sizes: list[object] = ["", ""] if whole is None else [whole.voxels, whole.volume_ml]
    marks: list[object] = [view.not_accepted or "", SYNTHETIC if view.scan.synthetic else ""]
    yield [*told, "", *sizes, *[""] * (len(_HEAD) - len(told) - 5), *marks]
    for number, lesion in enumerate(() if whole is None else whole.lesions, start=1):
        yield [*told, number, *_lesion(lesion), *marks]


def _lesion(lesion: Lesion) -> list[object]:
    position = lesion.position_mm or ("", "", "")
    return [*(getattr(lesion, name) for name in _SIZES), *position]
