"""The pages of evaluations, over a real small department, called without a browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboard.components.evaluations import SET, VERSION
from dashboard.pages import cohort, evaluations
from data.errors import InvalidInput, NotAllowed
from data.records import BRAIN_TUMOUR, Role
from tests.dashboard.clinic import Clinic
from tests.services.small_models import PATIENCE_S, Department, department


@pytest.fixture
def small(clinic: Clinic, tmp_path: Path) -> Iterator[Department]:
    """Five scans, of which version 2 misses two."""
    with department(tmp_path / "department") as made:
        clinic.show_versions_of(made)
        made.add(3, bright=800)
        made.add(2, bright=600)
        made.version(above=700, name="second")
        yield made


def test_a_set_is_chosen_read_and_shown_beside_another_version(clinic: Clinic, small: Department) -> None:
    head, services = clinic.person(Role.HEAD), clinic.services.evaluations
    serving = clinic.services.versions.serving
    offered = evaluations.offered(services, serving, BRAIN_TUMOUR, "sex=F")
    assert offered[VERSION]["options"] == [
        {"label": "Version 2", "value": "2"},
        {"label": "Version 1, live", "value": "1"},
    ]
    first, second = offered[SET]["options"][:2]
    assert first["label"] == "Scans of the house: sex F; real scans"  # what came along from the cohort page
    assert (offered[SET]["value"], second["label"]) == (first["value"], "Scans of the house: real scans")
    with pytest.raises(InvalidInput, match="Choose a version"):
        evaluations.ask(services, head, BRAIN_TUMOUR, "2", None)
    with pytest.raises(NotAllowed):
        evaluations.ask(services, clinic.person(Role.CLINICIAN), BRAIN_TUMOUR, "2", second["value"])
    for version in ("2", "1"):
        said = evaluations.ask(services, head, BRAIN_TUMOUR, version, second["value"])
        assert f"Version {version} reads 5 scans in the background." in str(said)
        assert small.jobs.wait_idle(PATIENCE_S)
    older, newer = services.evaluations.recent(head)[::-1]
    assert "5 of 5 scans, finished" in str(evaluations.listed(services, head))

    shown = str(evaluations.show(services, head, older.id, ""))
    assert "5 of 5 scans were read; 3 were called positive. Of 5 the truth is known" in shown
    assert "60.0 %" in shown  # recall: 3 of 5
    assert "Nothing of it is a result" in shown
    assert f"/evaluations/{older.id}?beside={newer.id}" in shown
    both = str(evaluations.show(services, head, older.id, f"?beside={newer.id}"))
    assert "Version 1 beside version 2" in both
    assert "+40.0 points" in both


def test_one_that_is_not_finished_shows_how_far_it_is(clinic: Clinic, small: Department) -> None:
    small.jobs.stop()
    operator, services = clinic.person(Role.MLOPS), clinic.services.evaluations
    asked = services.evaluations.request(BRAIN_TUMOUR, "2", "cohort", "", operator)
    shown = str(evaluations.show(services, operator, asked.id, ""))
    assert "0 of 5" in shown and "Cancel" in shown
    reader = clinic.person(Role.CLINICIAN)
    assert "Cancel" not in str(evaluations.show(services, reader, asked.id, ""))
    assert "cancelled; nothing of it counts" in str(evaluations.cancel(services, operator, asked.id))


def test_the_cohort_page_leads_there_with_its_filters(clinic: Clinic) -> None:
    for role, leads in ((Role.HEAD, True), (Role.CLINICIAN, False)):
        shown = cohort.show(clinic.services.cohort, clinic.person(role), "?sex=F")
        assert ("/evaluations?sex=F&synthetic=no" in str(shown[cohort.EXPORTS])) is leads
