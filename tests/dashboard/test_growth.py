"""Prior and current on their page: what is compared, in words, by role."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask

from dashboard import shell
from dashboard.components import growth as parts
from dashboard.components.frame import TAB_TITLE
from dashboard.pages import growth
from data.database import now
from data.records import Provenance, Role, Scan, User
from tests.dashboard.clinic import Clinic


@pytest.fixture
def pair(clinic: Clinic) -> tuple[Scan, Scan]:
    """A prior with two lesions, half a year before the current scan with one, by today's version."""
    scans = [clinic.add_volume("u", acquired_at=now() - timedelta(days=days)) for days in (180, 0)]
    for scan, lesions in zip(scans, (2, 1), strict=True):
        clinic.read_volume(scan, lesions=lesions)
    return scans[0], scans[1]


def _shown(clinic: Clinic, user: User, pair: tuple[Scan, Scan], current: str | None = None):
    return growth.show(clinic.services.reviewing.growth, user, pair[0].patient_id, current, None)


def test_the_page_compares_lesions_and_says_the_class(clinic: Clinic, pair: tuple[Scan, Scan]) -> None:
    clinician = clinic.person(Role.CLINICIAN)
    page = _shown(clinic, clinician, pair)
    content = str(page[parts.CONTENT])
    assert "prior 2: gone" in content and "Sum of products" in content
    assert f"/scans/{pair[0].id}/slice" in content and f"/scans/{pair[1].id}/compared/" in content
    assert (
        "position in mm" in content and "not registered" in content and "the outline of version 2" in content
    )
    left, right = (content.index(f"Span(children='{letter}'") for letter in "RL")
    assert left < right  # as radiologists look at it: the patient's right on the left
    assert (page[parts.PRIOR]["value"], page[parts.CURRENT]["value"]) == (pair[0].id, pair[1].id)
    assert page[parts.TICK] is True and page[TAB_TITLE].startswith("P-")
    assert "Ada Lovelace" in str(page[parts.IDENTITY])
    assert "Ada" not in str(_shown(clinic, clinic.person(Role.HEAD), pair))


def test_a_scan_of_another_version_waits_and_is_asked_for(clinic: Clinic, pair: tuple[Scan, Scan]) -> None:
    later = clinic.add_volume("u", acquired_at=now() + timedelta(days=1))
    made_by = Provenance("brain-tumour", "1", "", "", "", "", "", "", {})
    clinic.read_volume(later, provenance=made_by)
    page = _shown(clinic, clinic.person(Role.CLINICIAN), pair)
    assert page[parts.TICK] is False and "today's version 2" in str(page[parts.CONTENT])
    assert [job.subject for job in clinic.jobs.recent(kind="read-beside")] == [later.id]


def test_the_outline_of_any_result_of_the_scan_is_drawn_and_of_no_other(
    clinic: Clinic, sign_in, pair: tuple[Scan, Scan]
) -> None:
    client = sign_in(Role.HEAD)
    prior, current = (clinic.results.latest(scan.id) for scan in pair)
    assert prior is not None and current is not None
    old = clinic.results.add_beside(replace(prior, id="0" * 31 + "1"))
    assert client.get(f"/scans/{pair[0].id}/compared/{prior.id}/9.png").data.startswith(b"\x89PNG")
    for scan, layer, index in ((pair[0], current.id, 9), (pair[0], "f" * 32, 9), (pair[0], prior.id, 99)):
        assert client.get(f"/scans/{scan.id}/compared/{layer}/{index}.png").status_code == 404
    latest = clinic.results.latest(pair[0].id)
    assert latest is not None and latest.id == prior.id != old.id


def test_the_page_has_its_address(server: Flask, clinic: Clinic) -> None:
    clinician = clinic.person(Role.CLINICIAN)
    place = shell.find_page("/patients/P-ABCDE/compare", clinician)
    assert place is not None and (place[0].title, place[1]) == ("Comparison", "P-ABCDE")
    assert shell.find_page("/patients/P-ABCDE/other", clinician) is None
    assert shell.find_page("/patients/compare/more/x", clinician) is None
