"""Priors on the patient's page and on the page "DICOM"."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from dashboard.components import priors as parts
from dashboard.pages import dicom_priors, patient, patient_priors
from data.database import new_id, now
from data.errors import InvalidInput, NotAllowed
from data.records import (
    PriorRequest,
    PriorSeries,
    PriorState,
    RemoteNode,
    RemoteNodeKind,
    RetrieveMethod,
    Role,
    Scan,
    User,
    prior_source,
)
from data.stores.priors import PriorStore
from data.stores.scans import ScanStore
from services.priors.priors import PriorsView
from tests.dashboard.clinic import Clinic
from tests.dashboard.test_dicom import text

MOMENT = now()
REQUEST = PriorRequest("r", "s", "p", "n", PriorState.DONE, None, MOMENT)
SERIES = PriorSeries("r", "n", "1.2", "1.2.1", date(2024, 3, 10), "MR", PriorState.DONE, 24)


@pytest.fixture
def remote(clinic: Clinic) -> RemoteNode:
    here = {"ae_title": "PACS", "host": "127.0.0.1", "port": 104}
    return clinic.services.remote_nodes.add("PACS", RemoteNodeKind.DICOM, here, root(clinic))


def root(clinic: Clinic) -> User:
    known = [user for user in clinic.accounts.all() if user.role is Role.ADMIN]
    return known[0] if known else clinic.person(Role.ADMIN)


@pytest.fixture
def scan(clinic: Clinic) -> Scan:
    """Of a patient of whom everything is known, as DICOM."""
    kept = clinic.add_volume("somebody")
    header = replace(kept.header, modality="MR", study_uid="1.9", series_uid="1.9.1", acquired_at=MOMENT)
    scan = replace(kept, id=new_id(), content_sha256="f" * 64, header=header)
    ScanStore(clinic.database).add(scan)
    return scan


def test_what_was_asked_for_is_shown_with_what_came_and_what_did_not() -> None:
    said = text(parts.requests([PriorsView(REQUEST, "PACS", (SERIES,))]))
    assert "Fetched from PACS" in said.replace("  ", " ") and "by itself" in said
    assert "2024-03-10 MR 1.2.1 Fetched 24" in said
    failed = replace(
        REQUEST,
        state=PriorState.FAILED,
        asked_by="ada",
        failure="PACS answered C-MOVE with status 0xA801 (Move destination unknown).",
        next_at=MOMENT + timedelta(minutes=5),
        passed_over=("The study of 2023-01-01 is not fetched: the PACS has another name.",),
    )
    series = replace(SERIES, state=PriorState.FAILED, completed=3, failed=2)
    said = text(parts.requests([PriorsView(failed, "PACS", (series,))]))
    assert "0xA801 (Move destination unknown)" in said and "tried again" in said and "3, 2 failed" in said
    assert "another name" in said and "by itself" not in said
    assert "No earlier study" in text(parts.requests([]))
    assert "Nothing more to fetch" in text(parts.requests([PriorsView(REQUEST, "PACS", ())]))


def test_only_clinicians_are_shown_the_button(clinic: Clinic) -> None:
    for role in Role:
        shown = parts.FETCH in str(patient.layout(clinic.person(role), "P-1"))
        assert shown is (role is Role.CLINICIAN)


def test_an_administrator_says_what_is_fetched_from_a_node(clinic: Clinic, remote: RemoteNode) -> None:
    priors, admin = clinic.services.priors, root(clinic)
    opened = dicom_priors.form(priors, admin, remote.id)
    assert (opened[parts.WHEN], opened[parts.METHOD]["value"], opened[parts.STUDIES]) == (
        "never",
        "C-MOVE",
        3,
    )
    for wrong in ((0, 5), (3, 31), (None, 5)):
        with pytest.raises(InvalidInput, match="Choose 1 to"):
            dicom_priors.save(priors, admin, remote.id, parts.AUTOMATIC, "C-GET", *wrong)
    dicom_priors.save(priors, admin, remote.id, parts.AUTOMATIC, "C-GET", 2, 7)
    said = text(dicom_priors.show(priors, admin))
    assert "PACS For each study that arrives" in said and "C-GET 2 studies, 7 years back" in said
    mlops = clinic.person(Role.MLOPS)
    assert "Change" in said and "Change" not in text(dicom_priors.show(priors, mlops))
    dicom_priors.save(priors, admin, remote.id, parts.NEVER, None, None, None)
    assert PriorStore(clinic.database).rules() == {}
    with pytest.raises(NotAllowed):
        dicom_priors.save(priors, mlops, remote.id, parts.ASKED, "C-GET", 2, 7)


def test_a_node_is_asked_in_its_own_protocol(clinic: Clinic, remote: RemoteNode) -> None:
    priors, nodes, admin = clinic.services.priors, clinic.services.remote_nodes, root(clinic)
    web = nodes.add("Web", RemoteNodeKind.DICOMWEB, {"url": "http://127.0.0.1:9/dicom-web"}, admin)
    offered = dicom_priors.form(priors, admin, web.id)[parts.METHOD]
    assert [option["value"] for option in offered["options"]] == ["WADO-RS"] == [offered["value"]]
    for node, method in ((remote, "WADO-RS"), (web, "C-MOVE"), (web, "C-GET")):
        with pytest.raises(InvalidInput, match=f"cannot be fetched from {node.name} by {method}"):
            dicom_priors.save(priors, admin, node.id, parts.ASKED, method, 3, 5)
    dicom_priors.save(priors, admin, web.id, parts.ASKED, "WADO-RS", 3, 5)
    assert PriorStore(clinic.database).rules()[web.id].method is RetrieveMethod.WADO


def test_a_clinician_is_told_why_nothing_can_be_asked_for(
    clinic: Clinic, remote: RemoteNode, scan: Scan
) -> None:
    priors, ada = clinic.services.priors, clinic.person(Role.CLINICIAN)
    admin = root(clinic)
    with pytest.raises(InvalidInput, match="has not said yet"):
        patient_priors.fetch(priors, ada, scan.patient_id)
    dicom_priors.save(priors, admin, remote.id, parts.ASKED, "C-MOVE", 3, 5)
    shown = text(patient_priors.fetch(priors, ada, scan.patient_id))
    assert "Being fetched" in shown and "PACS" in shown
    patient_priors.fetch(priors, ada, scan.patient_id)  # it waits already
    assert len(priors.of_patient(scan.patient_id, ada)) == 1
    clinic.jobs.start()
    assert clinic.jobs.wait_idle(60)
    assert "Our DICOM node is not running" in text(patient_priors.show(priors, ada, scan.patient_id))


def automatic(clinic: Clinic, remote: RemoteNode) -> Any:
    dicom_priors.save(clinic.services.priors, root(clinic), remote.id, parts.AUTOMATIC, "C-MOVE", 3, 5)
    return clinic.services.priors


def test_a_study_asks_once_for_its_priors_and_a_prior_for_none(
    clinic: Clinic, remote: RemoteNode, scan: Scan
) -> None:
    priors, store = automatic(clinic, remote), PriorStore(clinic.database)
    priors.arrived(replace(scan, uploaded_by=prior_source(remote.id)))
    priors.arrived(replace(scan, header=replace(scan.header, study_uid=None)))
    assert store.waiting() == []
    for series in ("1.9.1", "1.9.2"):
        priors.arrived(replace(scan, header=replace(scan.header, series_uid=series)))
    assert [request.asked_by for request in store.waiting()] == [None]


def test_a_request_that_fails_is_tried_again_later_and_later_and_then_no_more(
    clinic: Clinic, remote: RemoteNode, scan: Scan
) -> None:
    priors, store = automatic(clinic, remote), PriorStore(clinic.database)
    priors.arrived(scan)
    clinic.jobs.start()
    waits = []
    for _ in range(5):
        assert clinic.jobs.wait_idle(60)
        (request,) = store.of_patient(scan.patient_id)
        assert request.state is PriorState.FAILED and request.finished_at is not None
        waits.append(request.next_at and round((request.next_at - request.finished_at).total_seconds() / 60))
        priors.tick(request.finished_at + timedelta(minutes=4))
        assert store.waiting() == []
        priors.tick(request.next_at or now() + timedelta(days=9))
    assert waits == [5, 30, 120, 720, None]
