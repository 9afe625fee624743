"""A result as FHIR: valid, whole, with the numbers of its mask, and never more certain than it is."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from fhir.resources.bundle import Bundle as BundleR5
from fhir.resources.R4B.bundle import Bundle as BundleR4B
from pypdf import PdfReader

from data.errors import NotFound
from data.formats import display_affine
from data.records import Doubt, RejectReason, Role, Scan, User
from models.measuring import measure
from reports.fhir.bundle import bundle as made_of
from reports.fhir.elements import FhirVersion
from services import keys
from services.exporting.exports import Exports
from services.exporting.forms import Ask, Form
from tests.dashboard.clinic import Clinic, drawn_mask
from tests.dicom_files import opened
from tests.fhir_server import FhirServer, fhir_server
from tests.reports.plain_results import identified, plain
from tests.services.exporting.test_exports import correct, film, read_series, series

RELEASES = (Form.FHIR_R4, Form.FHIR_R5)
VOLUME, LONG, SHORT = "118565006", "103339001", "103340004"


@pytest.fixture(scope="module")
def server() -> Iterator[FhirServer]:
    with fhir_server() as server:
        yield server


def bundle(exports: Exports, scan: Scan, user: User, form: Form = Form.FHIR_R4, **ask: Any) -> Any:
    return json.loads(exports.file(scan.id, form, user, Ask(**ask)).content)


def resources(made: Any, kind: str) -> list[Any]:
    return [entry["resource"] for entry in made["entry"] if entry["resource"]["resourceType"] == kind]


def report(made: Any) -> Any:
    (only,) = resources(made, "DiagnosticReport")
    return only


def sizes(observation: Any) -> dict[str, float]:
    """The components' values by code, every one in UCUM."""
    told = {}
    for component in observation.get("component", ()):
        value = component["valueQuantity"]
        assert value["system"] == "http://unitsofmeasure.org" and value["unit"] == value["code"]
        told[component["code"]["coding"][0]["code"]] = value["value"]
    return told


def answer_and_lesions(made: Any) -> tuple[Any, list[Any]]:
    """The Observation of the answer, and those of lesions in their order."""
    observations = resources(made, "Observation")
    (answer,) = [told for told in observations if "111012" in sizes(told) or told["identifier"][1:] == []]
    return answer, [told for told in observations if told is not answer]


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("reference"), str):
            yield part["reference"]
        for value in part.values():
            yield from references(value)
    elif isinstance(part, list):
        for value in part:
            yield from references(value)


def read_film(clinic: Clinic, **changes: Any) -> Scan:
    scan = clinic.add_series([film()], task="pneumonia")
    clinic.read_film(scan, **changes)
    return scan


def judged(clinic: Clinic, user: User, how: str) -> Scan:
    """A scan with a result of which somebody said this."""
    scan, reviews = read_series(clinic), clinic.services.reviewing.reviews
    if how == "accepted":
        reviews.accept(scan.id, user)
    elif how == "corrected":
        correct(clinic, scan, user)
    elif how == "rejected":
        reviews.reject(scan.id, user, RejectReason.ARTEFACT)
    elif how == "unsure":
        reviews.unsure(scan.id, user)
    return scan


@pytest.mark.parametrize("form", RELEASES)
@pytest.mark.parametrize("how", ["unreviewed", "accepted", "corrected", "rejected", "film", "nifti"])
def test_a_bundle_is_valid_and_its_references_stay_inside(
    clinic: Clinic, clinician: User, exports: Exports, form: Form, how: str
) -> None:
    if how == "film":
        scan = read_film(clinic)
    elif how == "nifti":
        scan = clinic.add_volume("u")
        clinic.read_volume(scan)
    else:
        scan = judged(clinic, clinician, how)
    made = bundle(exports, scan, clinician, form, named=True, pdf=how == "accepted")
    model: Any = BundleR5 if form is Form.FHIR_R5 else BundleR4B
    model.model_validate(made)
    urls = [entry["fullUrl"] for entry in made["entry"]]
    assert len(set(urls)) == len(urls) and set(references(made)) <= set(urls)
    assert len(resources(made, "ImagingStudy")) == (how != "nifti")
    assert exports.file(scan.id, form, clinician, Ask(named=True, pdf=how == "accepted")).content == (
        exports.file(scan.id, form, clinician, Ask(named=True, pdf=how == "accepted")).content
    )


@pytest.mark.parametrize("how", ["unreviewed", "accepted", "corrected", "rejected"])
def test_a_validator_of_4_0_1_finds_no_fault_in_the_r4_bundle(
    clinic: Clinic, clinician: User, exports: Exports, server: FhirServer, how: str
) -> None:
    scan = judged(clinic, clinician, how)
    content = exports.file(scan.id, Form.FHIR_R4, clinician, Ask(named=True, pdf=True)).content
    assert server.post("faults", content) == []
    broken = json.loads(content)
    report(broken)["study"] = report(broken).pop("imagingStudy")  # R5's word
    assert server.post("faults", json.dumps(broken).encode()) != []


@pytest.mark.parametrize("form", RELEASES)
def test_every_number_is_that_of_the_mask(
    clinic: Clinic, clinician: User, exports: Exports, form: Form
) -> None:
    scan = read_series(clinic)
    result = clinic.results.latest(scan.id)
    assert result is not None
    mask = np.asarray(clinic.services.reviewing.pictures.mask(scan.id), dtype=bool)
    measured = measure(mask, scan.spacing, display_affine(scan.grid))
    answer, lesions = answer_and_lesions(bundle(exports, scan, clinician, form))
    assert sizes(answer) == {"111012": 100 * result.probability, VOLUME: measured.volume_ml}
    assert len(lesions) == len(measured.lesions) == 2
    for told, lesion in zip(lesions, measured.lesions, strict=True):
        assert sizes(told) == {
            VOLUME: lesion.volume_ml,
            LONG: lesion.longest_diameter_mm,
            SHORT: lesion.perpendicular_diameter_mm,
            "maximum-3d": lesion.maximum_3d_diameter_mm,
        }


def test_lesions_have_the_identifiers_of_the_segmentation(
    clinic: Clinic, clinician: User, exports: Exports
) -> None:
    scan = read_series(clinic)
    segments = opened(exports.file(scan.id, Form.SEG, clinician).content).SegmentSequence
    _, lesions = answer_and_lesions(bundle(exports, scan, clinician))
    tracked = [lesion["identifier"][1]["value"] for lesion in lesions]
    assert tracked == [f"urn:oid:{segment.TrackingUID}" for segment in segments]


@pytest.mark.parametrize(
    ("how", "status", "tags"),
    [
        ("unreviewed", "preliminary", ["AIAST"]),
        ("unsure", "preliminary", ["AIAST"]),
        ("accepted", "final", ["AIAST", "CLINAST"]),
        ("corrected", "corrected", ["AIAST", "CLINAST"]),
        ("rejected", "entered-in-error", ["AIAST"]),
    ],
)
def test_the_status_follows_the_person_and_the_tags_say_that_an_ai_made_it(
    clinic: Clinic, clinician: User, exports: Exports, how: str, status: str, tags: list[str]
) -> None:
    made = bundle(exports, judged(clinic, clinician, how), clinician)
    for told in (report(made), *resources(made, "Observation")):
        assert told["status"] == status
        assert [tag["code"] for tag in told["meta"]["security"]] == tags
    (record,) = resources(made, "Provenance")
    people = [agent["who"]["display"] for agent in record["agent"][1:]]
    assert people == ([clinician.display_name] if how in ("accepted", "corrected", "rejected") else [])
    assert record["reason"][0]["coding"][0]["code"] == "AIAST"


def test_a_verdict_that_is_taken_back_is_said_anew(clinic: Clinic, clinician: User, exports: Exports) -> None:
    scan, reviews = read_series(clinic), clinic.services.reviewing.reviews
    told = []
    for step in ("unreviewed", "accepted", "taken back"):
        if step == "accepted":
            kept = reviews.accept(scan.id, clinician)
        elif step == "taken back":
            reviews.take_back(kept.id, clinician)
        made = bundle(exports, scan, clinician)
        message = exports.file(scan.id, Form.HL7, clinician).content.decode()
        told.append((report(made)["status"], report(made)["issued"], message.split("|")[9]))
    assert [status for status, _, _ in told] == ["preliminary", "final", "preliminary"]
    # In the order in which it was said, each under its own control id: no receiver takes it for a repeat.
    issued = [moment for _, moment, _ in told]
    assert issued == sorted(issued) and len({control for _, _, control in told}) == 3


def test_a_rejected_result_has_no_answer_and_no_sizes(
    clinic: Clinic, clinician: User, exports: Exports
) -> None:
    made = bundle(exports, judged(clinic, clinician, "rejected"), clinician)
    assert "WITHDRAWN" in report(made)["conclusion"] and "found" not in report(made)["conclusion"]
    assert not {"conclusionCode", "result"} & set(report(made))
    observations = resources(made, "Observation")
    assert len(observations) == 3  # the answer and both lesions: where they arrived they are withdrawn
    for told in observations:
        assert not {"component", "valueCodeableConcept", "hasMember"} & set(told)


def test_an_uncertain_answer_is_neither_a_finding_nor_an_all_clear(
    clinic: Clinic, clinician: User, exports: Exports
) -> None:
    for positive in (True, False):
        scan = read_film(clinic, doubts=(Doubt.NEAR_THRESHOLD,), positive=positive)
        made = bundle(exports, scan, clinician)
        (code,) = report(made)["conclusionCode"]
        assert [each["code"] for each in code["coding"]] == ["82334004"]  # indeterminate
        assert "Uncertain: too close to call." in code["text"]
        assert "neither a finding nor an all-clear" in code["text"]
        answer, _ = answer_and_lesions(made)
        assert answer["valueCodeableConcept"]["coding"][0]["code"] == "82334004"


@pytest.mark.parametrize(
    ("positive", "code", "value"), [(True, "233604007", "52101004"), (False,) + ("2667000",) * 2]
)
def test_the_findings_code_stands_only_where_it_was_found(
    clinic: Clinic, clinician: User, exports: Exports, positive: bool, code: str, value: str
) -> None:
    scan = read_film(clinic, positive=positive, probability=0.93 if positive else 0.05)
    made = bundle(exports, scan, clinician)
    assert report(made)["conclusionCode"][0]["coding"][0]["code"] == code
    answer, _ = answer_and_lesions(made)
    assert answer["valueCodeableConcept"]["coding"][0]["code"] == value


def test_what_a_clinician_says_is_true_stands_above_the_ais_answer(
    clinic: Clinic, clinician: User, exports: Exports
) -> None:
    scan = read_series(clinic)
    nothing = np.zeros(scan.shape, bool)
    clinic.services.reviewing.reviews.correct(scan.id, clinician, drawn_mask(nothing, empty=True))
    made = bundle(exports, scan, clinician)
    answer, lesions = answer_and_lesions(made)
    assert answer["valueCodeableConcept"]["coding"][0]["code"] == "2667000"  # absent
    assert report(made)["conclusionCode"][0]["coding"][0]["code"] == "2667000"
    assert "tumour absent" in report(made)["conclusion"]
    assert [told["status"] for told in lesions] == ["entered-in-error"] * 2
    assert len(report(made)["result"]) == 1


@pytest.mark.parametrize(
    ("role", "asked", "told"),
    [(Role.CLINICIAN, True, True), (Role.CLINICIAN, False, False), (Role.HEAD, True, False)],
)
def test_the_patient_is_named_to_who_may_know_and_asks(
    clinic: Clinic, exports: Exports, role: Role, asked: bool, told: bool
) -> None:
    scan, user = read_series(clinic), clinic.person(role)
    made = bundle(exports, scan, user, named=asked, pdf=True)
    (patient,) = resources(made, "Patient")
    (form,) = report(made).pop("presentedForm")
    pdf = PdfReader(io.BytesIO(base64.b64decode(form["data"])))
    assert any("Doe" in page.extract_text() for page in pdf.pages) is told
    content = json.dumps(made)
    assert ("Doe" in content) is told
    if told:
        assert patient["identifier"][0]["value"] == "T-1"
        assert patient["name"][0]["family"] == "Doe" and patient["name"][0]["given"] == ["Jane"]
    else:
        assert "T-1" not in content and "name" not in patient and "birthDate" not in patient


def test_the_hospitals_patient_numbers_have_its_system_where_it_is_set(clinic: Clinic) -> None:
    system = "https://hospital.example/patients"
    made = json.loads(made_of(plain(), FhirVersion.R4, system))
    (patient,) = resources(made, "Patient")
    assert patient["identifier"][0]["system"] == system
    assert made["entry"][0]["request"]["ifNoneExist"] == f"identifier={system}|T-1"


def test_order_and_name_are_told_with_the_identity_alone() -> None:
    for named in (True, False):
        made = json.loads(made_of(plain(subject=replace(identified(), named=named)), FhirVersion.R4))
        (patient,), (study,) = resources(made, "Patient"), resources(made, "ImagingStudy")
        if named:
            name = {"family": "Doe", "given": ["Jane", "M"], "prefix": ["Dr"], "suffix": ["Jr"]}
            assert patient["name"] == [{"use": "official"} | name]
            assert study["identifier"][1]["value"] == "A|77"
            assert report(made)["basedOn"][0]["identifier"]["value"] == "A|77"
        else:
            assert "A|77" not in json.dumps(made) and "name" not in patient


def test_the_ais_own_answer_is_refused_where_it_would_take_the_place_of_what_counts(
    clinic: Clinic, clinician: User, exports: Exports
) -> None:
    scan = judged(clinic, clinician, "corrected")
    for form in (*RELEASES, Form.HL7):
        with pytest.raises(NotFound, match="only what counts"):
            exports.file(scan.id, form, clinician, Ask(layer="ai"))
    exports.file(scan.id, Form.ALL, clinician, Ask(layer="ai"))


def test_made_up_patients_are_marked(clinic: Clinic, clinician: User, exports: Exports) -> None:
    made = json.loads(made_of(plain(synthetic=True), FhirVersion.R4))
    assert "HTEST" in [tag["code"] for tag in report(made)["meta"]["security"]]


def test_a_series_that_is_gone_leaves_the_study_without_instances(
    clinic: Clinic, clinician: User, exports: Exports
) -> None:
    scan = clinic.add_series(series())
    clinic.read_volume(scan)
    (study,) = resources(bundle(exports, scan, clinician), "ImagingStudy")
    assert len(study["series"][0]["instance"]) == study["series"][0]["numberOfInstances"] == 24
    clinic.files.delete(keys.original(scan.id, ".zip"))
    (study,) = resources(bundle(exports, scan, clinician), "ImagingStudy")
    assert "instance" not in study["series"][0]
