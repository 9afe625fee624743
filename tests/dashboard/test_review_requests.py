"""Reviews that were asked for reach those whose turn it is."""

from __future__ import annotations

import pytest

from dashboard.components.review_requests import NOTICE
from dashboard.pages.worklist import requested
from data.records import Role
from tests.dashboard.clinic import Clinic


def test_clinicians_see_how_many_wait_and_who_asked_but_not_why(clinic: Clinic) -> None:
    requests, head = clinic.services.reviewing.requests, clinic.person(Role.HEAD)
    clinician = clinic.person(Role.CLINICIAN)
    assert requested(requests, clinician)[NOTICE] is True
    scan = clinic.add_volume("u")
    clinic.read_volume(scan)
    requests.ask([scan.id], "The outline misses half.", head)
    said = requested(requests, clinician)
    assert (said[NOTICE], said[f"{NOTICE}-summary"]) == (False, "1 review was asked for")
    listed = str(said[f"{NOTICE}-list"])
    assert f"/scans/{scan.id}" in listed and "Brain tumour, asked for by Dr Head" in listed
    assert "misses" not in listed
    clinic.services.reviewing.reviews.accept(scan.id, clinician)
    assert requested(requests, clinician)[NOTICE] is True


@pytest.mark.parametrize("role", [Role.HEAD, Role.MLOPS])
def test_it_is_nobody_else_s_turn(clinic: Clinic, role: Role) -> None:
    scan = clinic.add_volume("u")
    clinic.services.reviewing.requests.ask([scan.id], "Look.", clinic.person(Role.MLOPS, "asker"))
    assert requested(clinic.services.reviewing.requests, clinic.person(role))[NOTICE] is True
