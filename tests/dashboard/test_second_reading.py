"""A second reading through the server: nothing of the first one gets to who has yet to read."""

from __future__ import annotations

import json

import numpy as np
import pytest

from dashboard.components import second_reading as parts
from dashboard.components.performance import readers
from dashboard.pages import performance_readers, scan_second_reading
from data.records import RejectReason, Role, Scan, User, WorklistQuery
from tests.dashboard.clinic import Clinic, drawn_mask

WORDS = "the rim is doubtful to me"


@pytest.fixture
def read(clinic: Clinic) -> Scan:
    """A scan that Dr Grey has corrected; a second reading is asked for."""
    scan = clinic.add_volume("u")
    clinic.read_volume(scan)
    grey = clinic.person(Role.CLINICIAN, "grey")
    mask = np.zeros((scan.slices, scan.height, scan.width), np.uint8)
    mask[9:12, 20:30, 12:20] = 1
    drawn = drawn_mask(mask)
    review = clinic.services.reviewing.reviews.correct(scan.id, grey, drawn)
    clinic.services.reviewing.second_readings.ask([scan.id], WORDS, clinic.person(Role.HEAD))
    assert review.measurements is not None
    return scan


ADDRESSES = (
    "/scans/{}/mask/10.png?layer=corrected",
    "/scans/{}/outline/10.png?layer=corrected",
    "/scans/{}/download/mask?layer=corrected",
    "/scans/{}/mask.bin?layer=corrected",
    "/api/v1/scans/{}/mask?layer=corrected",
)


def test_the_first_reading_is_hidden_until_the_second_is_given(clinic: Clinic, sign_in, read: Scan) -> None:
    blind, head = sign_in(name="hart"), sign_in(Role.HEAD)
    hart = next(user for user in clinic.accounts.all() if user.name == "hart")
    assert [blind.get(address.format(read.id)).status_code for address in ADDRESSES] == [404] * 5
    assert [head.get(address.format(read.id)).status_code for address in ADDRESSES] == [200] * 5
    assert blind.get(f"/scans/{read.id}/mask/10.png?layer=ai").status_code == 200
    scan, patient = (_json(blind, read, f"/api/v1/{kind}") for kind in ("scans", "patients"))
    for said in (scan, patient):
        assert "corrected" not in said and "grey" not in said.lower()
    (review,) = clinic.reviews.of_scan(read.id)
    compared = f"/scans/{read.id}/compared/{review.id}/10.png"
    assert (blind.get(compared).status_code, head.get(compared).status_code) == (404, 200)
    assert '"verdict": "corrected"' in _json(head, read, "/api/v1/scans")
    (result,) = clinic.results.of_scan(read.id)
    assert result.measurements is not None
    assert _worklist(clinic, hart, read) == (
        None,
        result.measurements.volume_ml,
        True,
    )  # the AI's, not Grey's

    clinic.services.reviewing.reviews.reject(read.id, hart, RejectReason.ARTEFACT, "", False)
    assert [blind.get(address.format(read.id)).status_code for address in ADDRESSES][0] == 404  # none counts
    assert blind.get(compared).status_code == 200
    assert "corrected" in _json(blind, read, "/api/v1/scans")
    assert _worklist(clinic, hart, read)[0] == "rejected"


def test_the_page_says_what_came_of_it(clinic: Clinic, read: Scan) -> None:
    reviewing = clinic.services.reviewing
    hart, khan = (clinic.person(Role.CLINICIAN, name) for name in ("hart", "khan"))
    head = next(user for user in clinic.accounts.all() if user.name == "head")

    def said(user: User) -> str:
        return str(scan_second_reading.show(reviewing, user, read.id)[parts.STATE])

    assert "shown once you have said" in said(hart) and WORDS in said(hart)
    assert "Dr Clinician has read it so far." in said(head)
    assert scan_second_reading.show(reviewing, hart, read.id)[parts.FORM] is True
    reviewing.reviews.reject(read.id, hart, RejectReason.ARTEFACT, "", False)
    assert said(hart).endswith("they do not agree; a third decides.")
    reviewing.reviews.accept(read.id, khan)
    assert said(hart).endswith("they do not agree; Dr Clinician decided.")


def test_the_performance_page_shows_agreement_with_n_and_interval(clinic: Clinic, read: Scan) -> None:
    services = clinic.services
    head = next(user for user in clinic.accounts.all() if user.name == "head")

    def panel(task: str) -> str:
        address = f"?task={task}"
        return str(
            performance_readers.show(services.performance, services.reviewing.agreement, head, address)
        )

    services.reviewing.reviews.accept(read.id, clinic.person(Role.CLINICIAN, "hart"))
    shown = panel("brain-tumour")
    assert "Asked for 1; 0 still to be read" in shown
    for words in ("kappa of the verdict", "Dice of both masks", "0.00 to 1.00"):
        assert words in shown
    assert readers.NONE_ASKED in panel("pneumonia")


def _json(client, scan: Scan, address: str) -> str:
    known = scan.patient_id if "patients" in address else scan.id
    answer = client.get(f"{address}/{known}")
    assert answer.status_code == 200
    return json.dumps(answer.json)


def _worklist(clinic: Clinic, user: User, scan: Scan) -> tuple[object, object, bool]:
    (row,) = clinic.services.reviewing.worklist.page(WorklistQuery(search=scan.id), user).rows
    return row.verdict, row.volume_ml, row.second_reading
