"""Local acceptance over a real small department, called without a browser."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from pypdf import PdfReader

from dashboard.components import acceptance_forms as forms
from dashboard.components import growth as growth_parts
from dashboard.components.patient import CONTENT
from dashboard.components.worklist_grid import row
from dashboard.pages import acceptance, growth, models, patient
from dashboard.pages.acceptance import AcceptancePage
from data.database import now
from data.errors import InvalidInput, NotAllowed
from data.records import BRAIN_TUMOUR, AcceptanceLimits, Role, WorklistQuery
from services import addresses
from services.acceptance.protocols import TypedLimits
from tests.dashboard.clinic import Clinic
from tests.dashboard.conftest import SignIn
from tests.services.small_models import PATIENCE_S, Department, department

LIMITS = TypedLimits("6", "6", "60", "60 %", "0.3", "6")
HERE = f"?task={BRAIN_TUMOUR}"
MARK = "AI not yet accepted"


@pytest.fixture
def small(clinic: Clinic, tmp_path: Path) -> Iterator[Department]:
    """Eight scans with and eight without a tumour, all of them told rightly."""
    with department(tmp_path / "department") as made:
        clinic.show_versions_of(made)
        made.add(8, bright=800, scanner="Skyra")
        made.add(8, bright=0, scanner="Skyra")
        made.add(1, bright=800, scanner="Prisma")
        yield made


def page_of(clinic: Clinic) -> AcceptancePage:
    services = clinic.services
    return AcceptancePage(
        services.acceptance, services.evaluations, services.versions.serving, [BRAIN_TUMOUR]
    )


def test_a_version_is_tested_and_signed_for_a_scanner(clinic: Clinic, small: Department) -> None:
    page, head, operator = page_of(clinic), clinic.person(Role.HEAD), clinic.person(Role.MLOPS)
    admin, at_first = clinic.person(Role.ADMIN), page.show(head, HERE)
    assert "No protocol is in force" in str(at_first[acceptance.PROTOCOL])
    assert "was tested on a scanner yet" in str(at_first[acceptance.TESTS])
    assert (at_first[forms.BEGIN], at_first[forms.END]) == (True, True)  # disabled
    assert "No test can begin" in str(at_first[forms.BEGIN_NOT])
    with pytest.raises(InvalidInput, match="Fix a protocol first"):
        page.begin(operator, HERE, "1", "Skyra")
    with pytest.raises(NotAllowed):
        page.fix(operator, HERE, LIMITS, "Mine.")
    assert "Revision 1 is in force" in page.fix(head, HERE, LIMITS, "Agreed in the committee.")
    filled = page.fill(operator, HERE)
    assert filled[forms.SCANNER]["options"][0] == {"value": "Prisma", "label": "Prisma"}
    assert (filled[forms.VERSION]["value"], filled[forms.RECALL], filled[forms.DICE]) == ("1", "60 %", "0.3")
    with pytest.raises(InvalidInput, match="Choose a version"):
        page.begin(operator, HERE, "1", None)

    assert "reads the reviewed scans of Skyra" in str(page.begin(operator, HERE, "1", "Skyra"))
    assert small.jobs.wait_idle(PATIENCE_S)
    (begun,) = clinic.services.acceptance.tests.recent(BRAIN_TUMOUR, head)
    here = addresses.acceptance(BRAIN_TUMOUR, begun.id).removeprefix(addresses.ACCEPTANCE)
    shown = page.show(head, here)
    assert (shown[forms.BEGIN], shown[forms.END], shown[forms.BEGIN_NOT]) == (False, False, [])
    assert "finished, not signed" in str(shown[acceptance.TESTS])
    protocol, numbers = str(shown[acceptance.PROTOCOL]), str(shown[acceptance.TEST])
    assert "60 % or more, of at least 6 cases with the finding" in protocol
    assert "Agreed in the committee." in protocol
    assert "100.0 %" in numbers and "67.6 to 100.0 %" in numbers and "interval from 60.0 % on" in numbers
    assert f"/evaluations/{begun.evaluation_id}" in numbers and shown[acceptance.TICK] is True
    assert "Tested: passed, awaiting signature" in str(shown[acceptance.STANDINGS])
    assert "Not tested" in str(shown[acceptance.STANDINGS])  # on the other scanner
    assert shown[forms.SIGN_FORM] == "lb-card" and shown[forms.NUMBERS] in str(shown[forms.SIGN_WORDS])
    assert "lb-hidden" in page.show(operator, here)[forms.SIGN_FORM]
    assert "A department head signs it." in str(page.show(operator, here)[acceptance.TEST])
    with pytest.raises(InvalidInput, match="not those that you were shown"):
        page.sign(head, here, None, "Good.")
    with pytest.raises(NotAllowed):
        page.sign(operator, here, shown[forms.NUMBERS], "Good.")

    page.sign(head, here, shown[forms.NUMBERS], "Seen with the physicist.")
    after = page.show(head, here)
    assert "by Dr Head as department head" in str(after[acceptance.STANDINGS])
    assert "Seen with the physicist." in str(after[acceptance.TEST])
    assert "lb-hidden" in after[forms.SIGN_FORM]
    assert "audience=inside" in str(after[acceptance.TEST])
    assert "audience=inside" not in str(page.show(admin, here)[acceptance.TEST])
    assert begun.evaluation_id not in str(page.show(admin, here)[acceptance.TEST])
    assert "fewer than 5" in str(page.show(admin, here)[acceptance.STANDINGS])  # one scan of the Prisma
    page.end(head, HERE, "Not needed any more.")
    ended = page.show(head, HERE)
    assert "Not needed any more." in str(ended[acceptance.PROTOCOL])
    assert (ended[forms.BEGIN], ended[forms.END]) == (True, True)
    assert "signed: passed" in str(ended[acceptance.TESTS])


def test_a_record_is_a_file_for_who_may_see_it(
    clinic: Clinic, small: Department, server: Flask, sign_in: SignIn
) -> None:
    tests, head = clinic.services.acceptance.tests, clinic.person(Role.HEAD, "signer")
    clinic.services.acceptance.protocols.fix(BRAIN_TUMOUR, AcceptanceLimits(6, 6, 0.6, 0.6), "Agreed.", head)
    begun = tests.begin(BRAIN_TUMOUR, "1", "Skyra", head)
    assert small.jobs.wait_idle(PATIENCE_S)
    address = f"/exports/acceptance/{begun.id}.json"
    assert sign_in(Role.HEAD).get(address).status_code == 404  # nobody has signed
    tests.sign(begun.id, tests.view(begun.id, head).numbers_sha256, "Good.", head)
    for role, here, house in ((Role.CLINICIAN, 403, 403), (Role.MLOPS, 200, 200), (Role.ADMIN, 200, 403)):
        client = sign_in(role)
        told, inside = client.get(address), client.get(f"{address}?audience=inside")
        assert (told.status_code, inside.status_code) == (here, house), role
        assert client.get(address.replace(".json", ".pdf?audience=inside")).status_code == house
        if here == 200:
            assert "scan_ids" not in told.text and json.loads(told.data)["verdict"] == "passed"
        if house == 200:
            assert inside.json["criteria"][0]["scan_ids"] == []


def test_programs_read_acceptance_by_the_permissions_of_the_page(
    clinic: Clinic, small: Department, server: Flask
) -> None:
    acceptance, head = clinic.services.acceptance, clinic.person(Role.HEAD)
    limits = AcceptanceLimits(6, 6, 0.6, 0.6, most_refused=0.1)
    acceptance.protocols.fix(BRAIN_TUMOUR, limits, "Agreed.", head)
    begun = acceptance.tests.begin(BRAIN_TUMOUR, "1", "Skyra", head)
    assert small.jobs.wait_idle(PATIENCE_S)

    def asked(address: str, role: Role, **query: str) -> Any:
        bearer = {"Authorization": f"Bearer {clinic.token(clinic.person(role, f'{role}{uuid4().hex[:6]}'))}"}
        return server.test_client().get(f"/api/v1/acceptances{address}", headers=bearer, query_string=query)

    for address in ("", "/protocols", f"/{begun.id}", f"/{begun.id}/record"):
        assert asked(address, Role.CLINICIAN, task=BRAIN_TUMOUR).status_code in (400, 403)
    assert asked("", Role.CLINICIAN, task=BRAIN_TUMOUR).status_code == 403
    assert asked("", Role.HEAD).status_code == 400 and asked("/nobody", Role.HEAD).status_code == 404
    (protocol,) = asked("/protocols", Role.MLOPS, task=BRAIN_TUMOUR).json["protocols"]
    assert protocol["limits"]["most_refused"] == 0.1 and protocol["fixed_by"] == head.display_name
    (listed,) = asked("", Role.ADMIN, task=BRAIN_TUMOUR).json["acceptances"]
    assert (listed["verdict"], listed["signed_by"], listed["as_signed"]) == (None, None, None)
    assert (listed["state"], listed["protocol_revision"]) == ("done", 1)
    assert asked(f"/{begun.id}", Role.ADMIN).json["verdict"] == "cannot-tell"
    assert asked(f"/{begun.id}/record", Role.HEAD).status_code == 404

    view = acceptance.tests.view(begun.id, head)
    acceptance.tests.sign(begun.id, view.numbers_sha256, "We wait.", head)
    (listed,) = asked("", Role.ADMIN, task=BRAIN_TUMOUR).json["acceptances"]
    assert (listed["verdict"], listed["as_signed"]) == ("cannot-tell", True)
    told = asked(f"/{begun.id}", Role.HEAD).json
    assert {each["metric"]: each["verdict"] for each in told["criteria"]} == {
        "recall": "passed", "specificity": "passed", "refused": "cannot-tell",
    }  # fmt: skip
    assert told["duties_words"].startswith("The same person did all three: Dr Head fixed")
    assert (told["trained_on_known"], told["trained_on"], told["as_signed"]) == (False, None, True)
    record = asked(f"/{begun.id}/record", Role.HEAD, audience="inside")
    assert hashlib.sha256(record.data).hexdigest() == told["record_sha256"]
    assert asked(f"/{begun.id}/record", Role.ADMIN, audience="inside").status_code == 403

    paper = asked(f"/{begun.id}/record", Role.ADMIN, form="pdf")
    assert paper.mimetype == "application/pdf"
    words = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(paper.data)).pages)
    for said in (
        "Cannot tell",
        told["record_sha256"],
        "We wait.",
        "Agreed.",
        "19 more scans",
        "67.6 to 100.0 %",
    ):
        assert said in words.replace("\n", " "), said


def test_results_of_a_version_without_acceptance_are_marked(clinic: Clinic, server: Flask) -> None:
    head, reader = clinic.person(Role.HEAD), clinic.person(Role.CLINICIAN)
    scan, reviewing = clinic.add_volume(reader.id), clinic.services.reviewing
    clinic.read_volume(scan)
    bearer = {"Authorization": f"Bearer {clinic.token(reader)}"}

    def marks() -> tuple[bool, bool, bool]:
        (listed,) = reviewing.worklist.page(WorklistQuery(0, 10), reader).rows
        told = server.test_client().get(f"/api/v1/scans/{scan.id}", headers=bearer).json
        warnings = reviewing.scan_views.scan(scan.id, reader).scan.warnings
        warned = any("Not yet accepted here" in each for each in warnings)
        return row(listed, reader, {})["not_accepted"] == MARK, warned, told["not_accepted"] is not None

    assert marks() == (False, False, False)
    protocols = clinic.services.acceptance.protocols
    protocols.fix(BRAIN_TUMOUR, AcceptanceLimits(6, 6, 0.6, 0.6), "Agreed.", head)
    assert marks() == (True, True, True)
    protocols.end(BRAIN_TUMOUR, "Enough.", head)
    assert marks() == (False, False, False)


def test_the_mark_stands_on_the_patients_pages_too(clinic: Clinic, server: Flask) -> None:
    reader, head = clinic.person(Role.CLINICIAN), clinic.person(Role.HEAD)
    scans = [clinic.add_volume(reader.id, acquired_at=now() - timedelta(days=days)) for days in (180, 0)]
    for scan, lesions in zip(scans, (2, 1), strict=True):
        clinic.read_volume(scan, lesions=lesions)
    reviewing, patient_id = clinic.services.reviewing, scans[0].patient_id
    bearer = {"Authorization": f"Bearer {clinic.token(reader)}"}

    def marks() -> tuple[int, int, int, bool]:
        listed = str(patient.show(reviewing.patients, reader, patient_id)[CONTENT])
        compared = growth.show(reviewing.growth, reader, patient_id, None, None)
        told = server.test_client().get(f"/api/v1/patients/{patient_id}", headers=bearer).text
        text = clinic.services.exports.findings(scans[1].id, reader)
        return (
            listed.count(MARK),
            str(compared[growth_parts.CONTENT]).count("Not yet accepted here"),
            told.count("Not yet accepted here"),
            "Of the prior: Not yet accepted here" in text,
        )

    assert marks() == (0, 0, 0, False)
    clinic.services.acceptance.protocols.fix(BRAIN_TUMOUR, AcceptanceLimits(6, 6, 0.6, 0.6), "Agreed.", head)
    assert marks() == (2, 2, 2, True)
    reviewing.reviews.accept(scans[0].id, reader)  # the mark is of the version, whatever a person says
    assert marks() == (2, 2, 2, True)


def test_the_models_page_leads_there_for_who_may_see_it(clinic: Clinic) -> None:
    for role, leads in ((Role.HEAD, True), (Role.MLOPS, True), (Role.ADMIN, True), (Role.CLINICIAN, False)):
        assert (addresses.ACCEPTANCE in str(models.layout(clinic.person(role)))) is leads


def test_a_task_that_draws_no_masks_is_not_asked_for_dice(clinic: Clinic) -> None:
    services = clinic.services
    page = AcceptancePage(
        services.acceptance, services.evaluations, services.versions.serving, [BRAIN_TUMOUR, "pneumonia"]
    )
    head = clinic.person(Role.HEAD)
    assert page.fill(head, "?task=pneumonia")[forms.MASK_FIELDS] == "lb-hidden"
    assert page.fill(head, HERE)[forms.MASK_FIELDS] != "lb-hidden"
    with pytest.raises(InvalidInput, match="draws no masks"):
        page.fix(head, "?task=pneumonia", LIMITS, "Agreed.")
