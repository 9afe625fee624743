"""OHIF shows Lightbox's objects where they belong: the mask on the right voxels, diameters at their ends."""

from __future__ import annotations

import io
import urllib.request
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, Playwright
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from data.formats import display_affine
from data.records import Lesion, Role, Scan, User
from reports.colours import AI_COLOUR
from services.exporting.forms import Ask, Form
from tests.dashboard.clinic import Clinic, head
from tests.data.formats.making import DX, affine_of, picture, slices_of
from tests.dicom_files import SAID
from tests.integration.ohif import Viewer, chromium_with_webgl, ohif
from tests.integration.servers import LEFT_SOCKETS, orthanc
from tests.integration.test_dicom_results import written

# Chromium may be too slow once, as in the tests of the pages.
pytestmark = [pytest.mark.integration, pytest.mark.browser, pytest.mark.timeout(600), LEFT_SOCKETS]

SETTLES_MS = 1500
RED = 30  # more than green, of 255: where a mask lies over grey
CERTAINTY = {"brain-tumour": "97.00 %", "pneumonia": "93.00 %"}
SIZES = (1.0, 1.5, 3.0)
AXIAL = affine_of(((0, 1, 2), (-1, -1, 1)), SIZES)
PLANES = {
    "axial": AXIAL,
    "axial from the feet, mirrored rows": affine_of(((0, 1, 2), (1, -1, -1)), SIZES),
    "sagittal": affine_of(((1, 2, 0), (-1, -1, 1)), SIZES),
    "coronal": affine_of(((0, 2, 1), (-1, -1, 1)), SIZES),
    "oblique": affine_of(((0, 1, 2), (-1, -1, 1)), SIZES, (12, -7, 21)),
}
# Of each labelled voxel: its segment, and where OHIF itself says that its centre lies (LPS mm).
LABELLED = """
() => {
  const [{ representationData }] = services.segmentationService.getSegmentations();
  const labelled = [];
  for (const imageId of representationData.Labelmap.imageIds) {
    const image = cornerstone.cache.getImage(imageId);
    const plane = cornerstone.metaData.get("imagePlaneModule", image.referencedImageId);
    const at = plane.imagePositionPatient, along = plane.rowCosines, down = plane.columnCosines;
    image.voxelManager.getScalarData().forEach((segment, index) => {
      if (!segment) return;
      const column = index % image.width, row = Math.floor(index / image.width);
      const right = column * plane.columnPixelSpacing, below = row * plane.rowPixelSpacing;
      labelled.push([segment, ...[0, 1, 2].map(axis => at[axis] + along[axis] * right + down[axis] * below)]);
    });
  }
  return labelled;
}
"""
# Shows a point of the patient (LPS mm), and says where on the page it and the picture's edges are drawn.
DRAWN_AT = """
point => {
  const [{ viewport }] = cornerstone.getEnabledElements();
  viewport.jumpToWorld(point);
  viewport.render();
  const { left, right, top, bottom } = viewport.canvas.getBoundingClientRect();
  const [x, y] = viewport.worldToCanvas(point);
  return { x: left + x, y: top + y, across: left + right, down: top + bottom };
}
"""
REPORTED = """
() => {
  const report = services.displaySetService.getActiveDisplaySets().find(set => set.Modality === "SR");
  return report.measurements.map(({ TrackingIdentifier, loaded, labels }) =>
    ({ tracked: TrackingIdentifier, loaded, labels: labels.map(({ label, value }) => [label, value]) }));
}
"""
# The lines that OHIF draws of the report: their points in the patient (LPS mm).
LINES = """
() => cornerstoneTools.annotation.state.getAllAnnotations()
  .filter(({ data }) => data.TrackingUniqueIdentifier)
  .flatMap(({ data }) => Object.values(data.renderableData).flat())
"""


@dataclass(frozen=True)
class Department:
    """Lightbox, a PACS and a viewer on it."""

    clinic: Clinic
    clinician: User
    pacs: str
    viewer: str
    browser: Browser

    def store(self, instances: list[Dataset], scan: Scan) -> None:
        """Put a study and all objects of its result into the PACS."""
        for dataset in instances:
            dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
            self._put(written(dataset))
        ask = Ask(named=True)  # another patient would be another study to Orthanc
        everything = self.clinic.services.exports.file(scan.id, Form.ALL, self.clinician, ask).content
        with zipfile.ZipFile(io.BytesIO(everything)) as archive:
            for name in archive.namelist():
                if name.endswith(".dcm"):
                    self._put(archive.read(name))

    def _put(self, content: bytes) -> None:
        with urllib.request.urlopen(f"{self.pacs}/instances", content, timeout=60) as answer:
            assert answer.status == 200

    def opened(self, study_uid: str) -> Viewer:
        viewer = Viewer(self.browser.new_page(viewport={"width": 1280, "height": 900}))
        viewer.open(self.viewer, study_uid)
        return viewer

    def closed(self, viewer: Viewer) -> None:
        """Leave; nothing went wrong on the page."""
        viewer.page.close()
        assert viewer.faults == []


@pytest.fixture(scope="module")
def department(tmp_path_factory: pytest.TempPathFactory, playwright: Playwright) -> Iterator[Department]:
    clinic = Clinic(tmp_path_factory.mktemp("clinic"), networks=False)
    with orthanc() as pacs, ohif(pacs) as viewer, chromium_with_webgl(playwright) as browser:
        yield Department(clinic, clinic.person(Role.CLINICIAN), pacs, viewer, browser)
    clinic.close()


def lesions(shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Two boxes as displayed, each at one side of every middle."""
    mask = np.zeros(shape, bool)
    for first, size in ((0.12, 0.22), (0.62, 0.12)):
        mask[tuple(slice(int(first * n), int(first * n) + max(3, int(size * n))) for n in shape)] = True
    return mask


def said_of(uid: str) -> dict[str, str]:
    own = {"StudyInstanceUID": uid, "SeriesInstanceUID": f"{uid}.1", "FrameOfReferenceUID": f"{uid}.2"}
    return SAID | own | {"PatientName": "Doe^Jane"}


def head_series(uid: str, affine: NDArray[np.float64]) -> list[Dataset]:
    """A head of 20 slices of 48 rows and 40 columns."""
    return slices_of(head((20, 48, 40)).transpose(2, 1, 0), affine, **said_of(uid))


def film(uid: str) -> Dataset:
    said = {"BodyPartExamined": "CHEST", "SOPClassUID": DX, "Modality": "DX"}
    return picture(head((1, 64, 80))[0].astype(np.uint16), **said_of(uid) | said)


def read_study(
    department: Department, uid: str, affine: NDArray[np.float64]
) -> tuple[Scan, NDArray[np.bool_]]:
    """A study in the PACS with its result."""
    said = SAID | {
        "StudyInstanceUID": uid,
        "SeriesInstanceUID": f"{uid}.1",
        "FrameOfReferenceUID": f"{uid}.2",
    }
    instances = slices_of(head((20, 48, 40)).transpose(2, 1, 0), affine, **said)
    scan = department.clinic.add_series(instances)
    mask = lesions(scan.shape)
    department.clinic.read_volume(scan, mask=mask)
    department.store(instances, scan)
    return scan, mask


def in_patient(scan: Scan, points: Any) -> NDArray[np.float64]:
    """Displayed (slice, row, column) in the patient, LPS mm."""
    affine = display_affine(scan.grid)
    assert affine is not None
    ras = np.asarray(points, float) @ affine[:3, :3].T + affine[:3, 3]
    return np.array(ras * (-1.0, -1.0, 1.0))


def in_order(points: NDArray[np.float64]) -> NDArray[np.float64]:
    rounded = np.round(points, 2) + 0.0
    return rounded[np.lexsort(rounded.T)]


@pytest.mark.parametrize("plane", PLANES)
def test_the_mask_lies_on_the_right_voxels(department: Department, plane: str) -> None:
    uid = f"1.2.840.99.40.{list(PLANES).index(plane)}"
    scan, mask = read_study(department, uid, PLANES[plane])
    viewer = department.opened(uid)
    viewer.choose("SEG")
    viewer.until("services.segmentationService.getSegmentations().length > 0")
    labelled = np.array(viewer.page.evaluate(LABELLED))
    here, there = in_order(labelled[:, 1:]), in_order(in_patient(scan, np.argwhere(mask)))
    assert here.shape == there.shape and np.abs(here - there).max() < 0.02
    assert sorted(set(labelled[:, 0])) == [1, 2]

    red = reddish(viewer, in_patient(scan, [largest_lesion(department, scan).centroid])[0])
    assert red == [True, False, False, False]
    department.closed(viewer)


def largest_lesion(department: Department, scan: Scan) -> Lesion:
    result = department.clinic.results.latest(scan.id)
    assert result is not None and result.measurements is not None
    return result.measurements.lesions[0]


def reddish(viewer: Viewer, point: NDArray[np.float64]) -> list[bool]:
    """Whether something red is drawn at a point of the patient, and where mirrors would put it."""
    place = viewer.page.evaluate(DRAWN_AT, list(point))
    viewer.page.wait_for_timeout(SETTLES_MS)
    drawn = viewer.drawn().astype(int)
    x, y, across, down = (round(place[name]) for name in ("x", "y", "across", "down"))
    at = [(x, y), (across - x, y), (x, down - y), (across - x, down - y)]
    return [bool(drawn[y, x, 0] - drawn[y, x, 1] > RED) for x, y in at]


@pytest.mark.parametrize(("columns_mm", "uid"), [(1.2, "1.2.840.99.41"), (0.8, "1.2.840.99.45")])
def test_the_report_has_its_diameters_at_their_ends(
    department: Department, columns_mm: float, uid: str
) -> None:
    oblique = affine_of(((0, 1, 2), (-1, -1, 1)), (columns_mm, 1.2, 3.0), (12, -7, 21))
    scan, _ = read_study(department, uid, oblique)
    viewer = department.opened(uid)
    viewer.choose("SR")
    viewer.until(
        "services.displaySetService.getActiveDisplaySets().find(set => set.Modality === 'SR').isLoaded"
    )
    reported = viewer.page.evaluate(REPORTED)
    assert [measured["loaded"] for measured in reported] == [True, True, True]
    lesion = largest_lesion(department, scan)
    answer, first = (dict(measured["labels"]) for measured in reported[:2])
    assert answer["Certainty of Finding"] == "97.00 %"
    assert first["Long Axis"] == f"{lesion.longest_diameter_mm:.2f} mm"
    assert first["Volume"] == f"{lesion.volume_ml:.2f} mL"
    ends = in_patient(scan, [(lesion.largest_slice, *end) for end in lesion.longest_ends])
    drawn = [np.array(line, float) for line in viewer.page.evaluate(LINES)]
    assert any(line.shape == ends.shape and np.abs(line - ends).max() < 0.02 for line in drawn), drawn
    department.closed(viewer)


@pytest.mark.parametrize(("task", "uid"), [("brain-tumour", "1.2.840.99.42"), ("pneumonia", "1.2.840.99.44")])
def test_a_report_without_an_outline_opens_too(department: Department, task: str, uid: str) -> None:
    clinic = department.clinic
    instances = head_series(uid, AXIAL) if task == "brain-tumour" else [film(uid)]
    scan = clinic.add_series(instances, task=task)
    if task == "brain-tumour":
        clinic.read_volume(scan, 0)
    else:
        clinic.read_film(scan)
    department.store(instances, scan)
    viewer = department.opened(uid)
    viewer.choose("SR")
    viewer.until(
        "services.displaySetService.getActiveDisplaySets().some(set => set.measurements && set.isLoaded)"
    )
    (answer,) = viewer.page.evaluate(REPORTED)
    assert answer["loaded"] and answer["labels"][0] == ["Certainty of Finding", CERTAINTY[task]]
    department.closed(viewer)


def test_pictures_and_the_pdf_open_and_the_presentation_state_harms_nothing(department: Department) -> None:
    read_study(department, "1.2.840.99.43", AXIAL)
    viewer = department.opened("1.2.840.99.43")
    assert viewer.series("PR")["unsupported"]
    viewer.choose("OT")
    viewer.page.wait_for_timeout(SETTLES_MS)
    drawn = viewer.drawn().astype(int)
    outline = (np.abs(drawn - AI_COLOUR) < 40).all(axis=-1)
    assert outline.sum() > 50
    viewer.choose("DOC")
    embedded = viewer.page.locator("object[type='application/pdf']")
    embedded.wait_for()
    source = embedded.get_attribute("data")
    assert source is not None
    read = "async url => (await (await fetch(url)).text()).slice(0, 5)"
    assert viewer.page.evaluate(read, source) == "%PDF-"
    department.closed(viewer)
