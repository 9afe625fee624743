"""Whatever leaves of a scan that was made for a demonstration says so: its name, and its words."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator

import pytest
from sqlalchemy import update

from data.records import SYNTHETIC, Scan, User
from data.tables import scans
from services.exporting.exports import Exports
from services.exporting.forms import PLAIN, TO_NODES_ALONE, Form
from services.exporting.plain_files import picture_words
from services.exporting.versions import ResultVersion
from tests.dashboard.clinic import Clinic

SAYING = (Form.FHIR_R4, Form.FHIR_R5, Form.HL7, Form.TEXT, Form.CSV)
"""Whose bytes are words."""


@pytest.fixture
def made(clinic: Clinic) -> Scan:
    scan = clinic.add_volume("u")
    clinic.read_volume(scan)
    with clinic.database.begin() as connection:
        connection.execute(update(scans).where(scans.c.id == scan.id).values(synthetic=True))
    return scan


def test_every_form_of_a_made_scan_says_so_and_none_is_dicom(
    clinic: Clinic, clinician: User, exports: Exports, made: Scan
) -> None:
    assert {offer.form for offer in exports.offers(made.id, clinician)} == set(PLAIN) - set(TO_NODES_ALONE)
    for form in set(PLAIN) - set(TO_NODES_ALONE):
        for name, content in _parts(exports.file(made.id, form, clinician)):
            assert SYNTHETIC in name or name == "README.txt", (form, name)
            if form in SAYING or name.endswith((".json", ".hl7", ".txt", ".csv")):
                assert SYNTHETIC.encode() in content, (form, name)
    table = exports.file(made.id, Form.CSV, clinician).content.decode()
    assert {row["synthetic"] for row in csv.DictReader(io.StringIO(table))} == {SYNTHETIC}


def test_pictures_say_it_below_and_masks_by_their_name(clinic: Clinic, clinician: User, made: Scan) -> None:
    view = clinic.services.reviewing.scan_views.scan(made.id, clinician)
    assert view.result is not None
    assert any(SYNTHETIC in line for line in picture_words(ResultVersion(view, view.result)))
    pictures = clinic.services.reviewing.pictures
    for _, name, _ in (pictures.mask_file(made.id, "nifti"), pictures.overlay_file(made.id, "P-1")):
        assert name.startswith(f"{SYNTHETIC}-")


def test_what_is_of_somebody_says_nothing_of_it(clinic: Clinic, clinician: User, exports: Exports) -> None:
    scan = clinic.add_volume("u")
    clinic.read_volume(scan)
    for name, content in _parts(exports.file(scan.id, Form.ALL, clinician)):
        assert SYNTHETIC not in name and SYNTHETIC.encode() not in content, name
    assert b"SYNTHETIC" not in clinic.services.reviewing.pictures.mask_file(scan.id, "nifti")[1].encode()


def _parts(file) -> Iterator[tuple[str, bytes]]:  # type: ignore[no-untyped-def]
    if not file.name.endswith(".zip"):
        yield file.name, file.content
        return
    with zipfile.ZipFile(io.BytesIO(file.content)) as archive:
        for name in archive.namelist():
            yield name, archive.read(name)
