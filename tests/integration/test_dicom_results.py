"""Results go into a real PACS and come back as they were."""

from __future__ import annotations

import io
import json
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset

from data.records import Role
from services.exporting.forms import Form
from tests.dashboard.clinic import Clinic
from tests.dicom_files import SAID, opened
from tests.integration.servers import orthanc
from tests.services.exporting.test_exports import read_series

pytestmark = pytest.mark.integration


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    clinic = Clinic(tmp_path, networks=False)
    yield clinic
    clinic.close()


def asked(url: str, body: bytes | None = None) -> bytes:
    with urllib.request.urlopen(urllib.request.Request(url, body), timeout=60) as answer:
        return bytes(answer.read())


def test_every_object_comes_back_from_the_pacs_as_it_went(clinic: Clinic) -> None:
    scan, clinician = read_series(clinic), clinic.person(Role.CLINICIAN)
    everything = clinic.services.exports.file(scan.id, Form.ALL, clinician).content
    with zipfile.ZipFile(io.BytesIO(everything)) as archive:
        sent = [opened(archive.read(name)) for name in archive.namelist() if name.endswith(".dcm")]
    with orthanc() as url:
        for dataset in sent:
            kept = json.loads(asked(f"{url}/instances", written(dataset)))
            assert kept["Status"] == "Success"
            back = opened(asked(f"{url}/instances/{kept['ID']}/file"))
            assert back == dataset
        listed = json.loads(asked(f"{url}/dicom-web/studies/{SAID['StudyInstanceUID']}/series"))
    modalities = sorted(series["00080060"]["Value"][0] for series in listed)
    assert modalities == ["DOC", "OT", "PR", "SEG", "SR"]


def written(dataset: Dataset) -> bytes:
    memory = io.BytesIO()
    dataset.save_as(memory, enforce_file_format=True)
    return memory.getvalue()


def test_what_the_pacs_gives_back_has_the_same_pixels_beside_the_study(clinic: Clinic) -> None:
    scan, clinician = read_series(clinic), clinic.person(Role.CLINICIAN)
    sent = clinic.services.exports.file(scan.id, Form.SEG, clinician).content
    with orthanc() as url:
        for _ in range(2):  # the same result twice is one instance
            kept = json.loads(asked(f"{url}/instances", sent))
        assert kept["Status"] == "AlreadyStored"
        back = opened(asked(f"{url}/instances/{kept['ID']}/file"))
        listed = json.loads(asked(f"{url}/dicom-web/studies/{SAID['StudyInstanceUID']}/series"))
    assert back.PixelData == opened(sent).PixelData
    assert np.array_equal(back.pixel_array, opened(sent).pixel_array)
    assert [series["00080060"]["Value"] for series in listed] == [["SEG"]]
