"""What the page tells the scripts that correct a mask, and whom."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

from dashboard.components import editing
from dashboard.pages import scan_editing
from data.records import Role, Scan
from services.reviewing.review import DrawnMask
from tests.dashboard.clinic import Clinic


def _shown(clinic: Clinic, scan: Scan, role: Role = Role.CLINICIAN) -> tuple[bool, Any]:
    user = clinic.person(role, f"{role.value}2")
    values = scan_editing.show(clinic.services.reviewing, user, scan.id)
    return values[editing.PANEL], values[editing.ABOUT]


def test_a_clinician_is_told_what_there_is_to_correct(clinic: Clinic) -> None:
    scan = clinic.add_volume("u")
    result = clinic.read_volume(scan)
    hidden, about = _shown(clinic, scan)
    assert not hidden
    assert (about["scan"], about["result"], about["finding"]) == (scan.id, result.id, "tumour")
    assert (about["parent"], about["corrected"]) == ("", "")
    assert "Ada" not in str(about)
    assert "Dr" not in str(about)


def test_what_counts_now_is_what_one_stands_on(clinic: Clinic) -> None:
    scan, user = clinic.add_volume("u"), clinic.person(Role.CLINICIAN)
    clinic.read_volume(scan)
    reviews = clinic.services.reviewing.reviews
    corrected = reviews.correct(scan.id, user, _one_voxel(scan))
    _, about = _shown(clinic, scan)
    assert (about["parent"], about["corrected"]) == (corrected.id, corrected.id)
    accepted = reviews.accept(scan.id, user)
    values = scan_editing.show(clinic.services.reviewing, user, scan.id)
    assert (values[editing.ABOUT]["parent"], values[editing.ABOUT]["corrected"]) == (accepted.id, "")


@pytest.mark.parametrize("role", [Role.HEAD, Role.MLOPS])
def test_nobody_else_is_offered_anything(clinic: Clinic, role: Role) -> None:
    scan = clinic.add_volume("u")
    clinic.read_volume(scan)
    assert _shown(clinic, scan, role) == (True, None)


def test_there_is_nothing_to_correct_without_a_mask(clinic: Clinic) -> None:
    film, waiting = clinic.add_film("u"), clinic.add_volume("u")
    clinic.read_film(film)
    user = clinic.person(Role.CLINICIAN)
    for scan in (film, waiting):
        assert scan_editing.show(clinic.services.reviewing, user, scan.id)[editing.ABOUT] is None


def _one_voxel(scan: Scan) -> DrawnMask:
    voxels = bytearray(scan.slices * scan.height * scan.width)
    voxels[7] = 1
    return DrawnMask(gzip.compress(bytes(voxels)))
