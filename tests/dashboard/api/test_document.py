"""The OpenAPI document: every operation, every status, and what 0.1 answered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from dashboard.api.routes import OPERATIONS
from dashboard.request_limits import RequestLimits
from data.database import new_id, now
from data.errors import Busy, HeldPicture, Outage, StorageFull, TooManyRequests, TrackingAway
from data.formats.scan_package import OpenedPackage, written
from data.records import (
    BRAIN_TUMOUR,
    AcceptanceLimits,
    AcceptanceTest,
    Role,
    Scan,
    Upload,
    UploadState,
    User,
)
from data.stores.acceptance import AcceptanceStore
from services.cohort.filters import FILTERS
from services.exporting.forms import Form
from services.exporting.versions import ResultVersion
from tests.dashboard.clinic import Clinic
from tests.dashboard.contract import Contract
from tests.dashboard.furnished import evaluated, furnish
from tests.services.exporting.test_exports import read_series

NONE = "0" * 32
FIELDS_OF_0_1 = {
    "Error": "error",
    "Received": "upload scans refusals notice",
    "Scan": "id status failure task patient header shape spacing_mm warnings uploaded_at result reviews "
    "notice",
    "Cohort": "filters refusals_filtered_by small_numbers_hidden numbers notice",
    "Number": "section name quantity n value low high group note",
    "Comparison": "first second small_numbers_hidden differences notice",
    "Difference": "name words kind n values effect low high test p p_corrected note",
    "Performance": "task by part metrics live challenger as_of trouble numbers cases notice",
    "Metric": "name label meaning unit more_is_better interval goal alert_limit",
    "PerformanceNumber": "metric version month source measured_on synthetic n value low high beyond_limit "
    "cases",
    "Report": "id kind title ask state failure files signed made_by asked_at made_at",
    "DriftRun": "id task state failure severity version reference window drifted watched snapshot_sha256 "
    "asked_at finished_at",
    "DriftReference": "id name kind version n sha256 made_at",
    "InfluentialScans": "feature unit reference scans",
    "InfluentialScan": "scan_id result_id score value",
    "Usual": "median q25 q75 usual",
    "RunWindow": "last from to filters n",
    "Result": "id scan_id task positive probability threshold provenance created_at measurements "
    "estimated_dice head_position has_mask has_heatmap",
    "Review": "id scan_id result_id verdict reason reviewer_id reviewer_name created_at measurements dice "
    "truth_positive",
}
ADDRESSES_OF_0_1 = (
    "POST /api/v1/scans", "GET /api/v1/scans/{scan_id}", "GET /api/v1/scans/{scan_id}/mask",
    "GET /api/v1/cohort", "GET /api/v1/cohort/compare", "GET /api/v1/performance",
    "GET /api/v1/reports", "POST /api/v1/reports", "GET /api/v1/reports/{report_id}",
    "DELETE /api/v1/reports/{report_id}", "GET /api/v1/reports/{report_id}/{kind}",
    "GET /api/v1/drift", "POST /api/v1/drift", "GET /api/v1/drift/references", "GET /api/v1/drift/{run_id}",
    "GET /api/v1/drift/{run_id}/culprits", "GET /api/v1/openapi.json",
)  # fmt: skip
# What no token and no request brings about: every role may look at drift and versions.
OUT_OF_REACH = {(name, 403) for name in ("driftRuns", "driftReferences", "evaluations", "evaluation")}


@pytest.fixture
def document(server: Flask, bearer: Any) -> dict[str, Any]:
    whole = server.test_client().get("/api/v1/openapi.json", headers=bearer()).json
    assert isinstance(whole, dict)
    return whole


def test_the_document_names_every_route(server: Flask, document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    described = {(path, method.upper()) for path, verbs in document["paths"].items() for method in verbs}
    routes = {
        (rule.rule.replace("<", "{").replace(">", "}"), method)
        for rule in server.url_map.iter_rules()
        if rule.rule.startswith("/api/v1")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert described == routes


def test_addresses_and_fields_of_0_1_are_all_there(document: dict[str, Any]) -> None:
    paths, schemas = document["paths"], document["components"]["schemas"]
    for address in ADDRESSES_OF_0_1:
        method, path = address.split()
        assert method.lower() in paths[path], address
    for name, fields in FIELDS_OF_0_1.items():
        assert set(schemas[name]["properties"]) >= set(fields.split()), name


def test_only_the_old_address_of_influential_scans_is_deprecated(document: dict[str, Any]) -> None:
    deprecated = [
        path for path, verbs in document["paths"].items() for verb in verbs.values() if verb.get("deprecated")
    ]
    assert deprecated == ["/api/v1/drift/{run_id}/culprits"]


def test_the_filters_of_a_cohort_are_those_that_there_are(document: dict[str, Any]) -> None:
    parameters = document["paths"]["/api/v1/cohort"]["get"]["parameters"]
    assert tuple(parameter["name"] for parameter in parameters) == (*FILTERS, "audience")
    lists = {parameter["name"] for parameter in parameters if parameter["schema"]["type"] == "array"}
    assert lists == set(FILTERS) - {"from", "to"}


def test_no_name_of_ours_stands_in_the_document(document: dict[str, Any]) -> None:
    text = str([document["paths"], document["components"]])
    assert "Answer" not in text and "from_" not in text and "'title': '" not in text


def to_be_read_unaided(clinic: Clinic) -> Scan:
    """A scan that a rule asks to be read without the AI first, and that the AI has read."""
    scan, unaided = clinic.add_volume("u"), clinic.services.reviewing.unaided
    unaided.set_rule(BRAIN_TUMOUR, 100, User("cole", "cole", "Prof Cole", Role.HEAD))
    unaided.arrived(scan)
    clinic.read_volume(scan)
    return scan


def brought_from_edge(clinic: Clinic) -> bytes:
    """A package of a scan that is here already, with all that was said of it."""
    scan = read_series(clinic)
    view = clinic.services.reviewing.scan_views.unblinded(scan.id)
    assert view.result is not None
    version = ResultVersion(view, view.result)
    return clinic.services.exports.named_files(version, Form.SYNC)[0].content


def of_other_pixels(package: bytes) -> bytes:
    """The same of a scan that is not here, and whose bytes are not decoded as it says."""
    with OpenedPackage(package) as opened:
        said = opened.package
        blobs = {name: opened.blob(name) for name in opened.names - {"statement.json"}}
        scan = replace(said.scan, content_sha256="0" * 64, input_sha256="0" * 64)
        return written(replace(said, scan=scan), blobs)


def signed_acceptance(clinic: Clinic, evaluation_id: str) -> str:
    """The id of a test whose record somebody has signed."""
    head, acceptance = User("cole", "cole", "Prof Cole", Role.HEAD), clinic.services.acceptance
    protocol = acceptance.protocols.fix(BRAIN_TUMOUR, AcceptanceLimits(6, 6, 0.6, 0.6), "Agreed.", head)
    where = BRAIN_TUMOUR, "2", "unknown", protocol.id, evaluation_id
    test = AcceptanceTest(new_id(), *where, "ada", "Ada", now())
    AcceptanceStore(clinic.database).add_test(test)
    numbers = acceptance.tests.view(test.id, head).numbers_sha256
    return acceptance.tests.sign(test.id, numbers, "Seen.", head).id


def test_every_operation_and_status_is_answered_as_the_document_says(
    clinic: Clinic, server: Flask, bearer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fixture checks the answers; here is a request for each status that the document names."""
    ids, client = furnish(clinic), server.test_client()

    def ask(role: Role | None, method: str, address: str, **sent: Any) -> int:
        header = bearer(role) if role else {}
        return client.open(f"/api/v1{address}", method=method, headers=header, **sent).status_code

    scan, run, report = f"/scans/{ids['scan_id']}", f"/drift/{ids['run_id']}", f"/reports/{ids['report_id']}"
    conflict = f"/identity-conflicts/{ids['conflict_id']}"
    patient = f"/patients/{ids['patient_id']}"
    unaided = f"/scans/{to_be_read_unaided(clinic).id}/unaided-reading"
    clinician, head, admin = Role.CLINICIAN, Role.HEAD, Role.ADMIN
    task, body = f"?task={BRAIN_TUMOUR}", {"task": BRAIN_TUMOUR}
    reruns = f"/results/{clinic.results.of_scan(ids['scan_id'])[0].id}/reruns"
    kind, test_id = {"kind": "cohort", "note": "a text more"}, signed_acceptance(clinic, ids["evaluation_id"])
    evaluation, asked = f"/evaluations/{ids['evaluation_id']}", body | {"version": "2", "key": ""}
    package = brought_from_edge(clinic)
    requests: list[tuple[int, Role | None, str, str, dict[str, Any]]] = [
        (201, clinician, "POST", "/scans?name=a.nii", {"data": b"x"}),
        (422, clinician, "POST", "/scans?name=refused.txt", {"data": b"x"}),
        (400, clinician, "POST", "/scans", {"data": b"x"}),
        (403, head, "POST", "/scans?name=a.nii", {"data": b"x"}),
        (413, clinician, "POST", "/scans?name=a.nii", {"data": bytes((42 << 20) + 1)}),
        (200, clinician, "GET", "/edge", {}),
        (403, head, "GET", "/edge", {}),
        (200, clinician, "GET", f"/edge/scans/{NONE}", {}),
        (403, head, "GET", f"/edge/scans/{NONE}", {}),
        (200, clinician, "POST", "/edge/scans", {"data": package}),
        (400, clinician, "POST", "/edge/scans", {"data": package[:-1]}),
        (403, head, "POST", "/edge/scans", {"data": package}),
        (413, clinician, "POST", "/edge/scans", {"data": bytes((80 << 20) + 1)}),
        (422, clinician, "POST", "/edge/scans", {"data": of_other_pixels(package)}),
        (200, clinician, "GET", "/scans?sex=F&status=read&count=1", {}),
        (400, clinician, "GET", "/scans?count=501", {}),
        (403, admin, "GET", "/scans", {}),
        (200, clinician, "GET", scan, {}),
        (200, head, "GET", f"/scans/{ids['film_id']}", {}),
        (400, head, "GET", f"/scans/{ids['film_id']}?wait=61", {}),
        (404, admin, "GET", scan, {}),
        *((200, head, method, f"{scan}/reading", {}) for method in ("POST", "DELETE")),
        *((403, admin, method, f"{scan}/reading", {}) for method in ("POST", "DELETE")),
        *((404, head, method, f"/scans/{NONE}/reading", {}) for method in ("POST", "DELETE")),
        (200, clinician, "GET", f"{scan}/mask", {}),
        (200, clinician, "GET", f"{scan}/mask?form=png&index=9", {}),
        (400, clinician, "GET", f"{scan}/mask?index=-1", {}),
        (404, clinician, "GET", f"{scan}/mask?layer=corrected", {}),
        (200, clinician, "GET", f"{scan}/report", {}),
        (400, clinician, "GET", f"{scan}/report?form=docx", {}),
        (404, admin, "GET", f"{scan}/report", {}),
        (200, clinician, "GET", f"/scans/{read_series(clinic).id}/export?form=seg", {}),
        (400, clinician, "GET", f"{scan}/export", {}),
        (404, admin, "GET", f"{scan}/export?form=seg", {}),
        (202, clinician, "POST", reruns, {}),
        (200, head, "GET", reruns, {}),
        *(
            (status, role, method, address, {})
            for method in ("GET", "POST")
            for status, role, address in ((403, admin, reruns), (404, head, f"/results/{NONE}/reruns"))
        ),
        (200, clinician, "GET", f"{scan}/annotations", {}),
        (404, admin, "GET", f"{scan}/annotations", {}),
        (400, clinician, "POST", unaided, {"json": {"finding": "maybe"}}),
        (403, head, "POST", unaided, {"json": {"finding": "absent"}}),
        (404, clinician, "POST", f"{scan}/unaided-reading", {"json": {"finding": "absent"}}),
        (200, clinician, "POST", unaided, {"json": {"finding": "absent", "seconds": 7.5}}),
        (200, clinician, "GET", unaided.removesuffix("/unaided-reading"), {}),
        (200, head, "GET", f"/reader-study{task}", {}),
        (400, head, "GET", "/reader-study", {}),
        (403, admin, "GET", f"/reader-study{task}", {}),
        (404, head, "GET", "/reader-study?task=knees", {}),
        (200, clinician, "GET", patient, {}),
        (200, head, "GET", patient, {}),
        (404, admin, "GET", patient, {}),
        (404, clinician, "GET", f"/patients/{NONE}", {}),
        (200, clinician, "GET", "/identity-conflicts", {}),
        (403, head, "GET", "/identity-conflicts", {}),
        (400, clinician, "POST", conflict, {"json": {"decision": "same"}}),
        (403, head, "POST", conflict, {"json": {"decision": "same"}}),
        (200, clinician, "POST", conflict, {"json": {"decision": "different"}}),
        (404, clinician, "POST", f"/identity-conflicts/{NONE}", {"json": {"decision": "different"}}),
        (200, clinician, "GET", "/cohort", {}),
        (200, head, "GET", "/cohort?sex=F&sex=M&from=2000-01-01", {}),
        (400, clinician, "GET", "/cohort?from=soon", {}),
        (403, admin, "GET", "/cohort", {}),
        (200, head, "GET", "/cohort/compare?task=brain-tumour&vs=", {}),
        (400, head, "GET", "/cohort/compare", {}),
        (403, admin, "GET", "/cohort/compare?vs=", {}),
        (200, head, "GET", f"/readers{task}", {}),
        (400, head, "GET", "/readers?task=a%00b", {}),
        (403, admin, "GET", "/readers", {}),
        (200, head, "GET", "/performance", {}),
        (200, head, "GET", f"/performance{task}&metric=dice&by=month&synthetic=yes", {}),
        (400, head, "GET", "/performance?by=moon", {}),
        (403, admin, "GET", "/performance", {}),
        (200, head, "GET", "/reports", {}),
        (403, admin, "GET", "/reports", {}),
        (202, head, "POST", "/reports", {"json": kind}),
        (400, head, "POST", "/reports", {"json": {"kind": "cohort", "filters": 3}}),
        (403, admin, "POST", "/reports", {"json": kind}),
        (404, head, "POST", "/reports", {"json": {"kind": "drift", "run": NONE}}),
        (200, head, "GET", report, {}),
        (404, head, "GET", f"/reports/{NONE}", {}),
        (403, admin, "GET", report, {}),
        (200, head, "GET", f"{report}/pdf", {}),
        (200, head, "GET", f"{report}/json", {}),
        (404, head, "GET", f"{report}/exe", {}),
        (403, admin, "GET", f"{report}/pdf", {}),
        (200, head, "GET", f"/drift{task}", {}),
        (400, head, "GET", "/drift", {}),
        (202, head, "POST", "/drift", {"json": body | {"last": 50, "from": None, "to": "2026-11-20"}}),
        (400, head, "POST", "/drift", {"data": "[", "content_type": "application/json"}),
        (403, clinician, "POST", "/drift", {"json": body}),
        (200, head, "GET", f"/drift/references{task}", {}),
        (400, head, "GET", "/drift/references?task=knees", {}),
        (200, head, "GET", run, {}),
        (400, head, "GET", f"{run}?audience=nobody", {}),
        (403, admin, "GET", f"{run}?audience=inside", {}),
        (404, head, "GET", f"/drift/{NONE}", {}),
        *(
            (status, role, "GET", address, {})
            for name in ("influential-scans", "culprits")
            for status, role, address in (
                (200, head, f"{run}/{name}"),
                (200, head, f"{run}/{name}?feature=sex"),
                (400, head, f"{run}/{name}?feature=a%00b"),
                (403, admin, f"{run}/{name}"),
                (404, head, f"{run}/{name}?feature=colour"),
            )
        ),
        *(
            (status, role, "GET", f"/acceptances{part}{query}", {})
            for part in ("", "/protocols")
            for status, role, query in ((200, head, task), (400, head, ""), (403, clinician, task))
        ),
        *(
            (status, role, "GET", f"/acceptances/{which}{part}{query}", {})
            for part in ("", "/record")
            for status, role, which, query in (
                (200, head, test_id, ""),
                (400, head, test_id, "?audience=all"),
                (403, clinician, test_id, ""),
                (404, head, NONE, ""),
            )
        ),
        (200, clinician, "GET", "/evaluations", {}),
        (200, head, "GET", f"/evaluations{task}", {}),
        (400, head, "GET", "/evaluations?task=knees", {}),
        (202, head, "POST", "/evaluations", {"json": asked}),
        (400, head, "POST", "/evaluations", {"json": asked | {"key": "North"}}),
        (400, head, "POST", "/evaluations", {"json": asked | {"kind": "dreams"}}),
        (403, clinician, "POST", "/evaluations", {"json": asked}),
        (404, head, "POST", "/evaluations", {"json": asked | {"version": "77"}}),
        (404, head, "POST", "/evaluations", {"json": asked | {"kind": "pack"}}),
        (200, head, "GET", f"/evaluations/sets{task}&filters=sex%3DF", {}),
        (400, head, "GET", "/evaluations/sets", {}),
        (403, clinician, "GET", "/evaluations/sets", {}),
        (200, clinician, "GET", evaluation, {}),
        (200, head, "GET", f"{evaluation}?beside={evaluated(clinic, version='1').id}", {}),
        (400, head, "GET", f"{evaluation}?beside=a%00b", {}),
        (404, head, "GET", f"/evaluations/{NONE}", {}),
        (403, clinician, "DELETE", evaluation, {}),
        (404, head, "DELETE", f"/evaluations/{NONE}", {}),
        (200, head, "DELETE", evaluation, {}),
        (403, clinician, "DELETE", report, {}),
        (404, head, "DELETE", f"/reports/{NONE}", {}),
        (204, head, "DELETE", report, {}),
        (200, head, "GET", "/audit?form=csv", {}),
        (400, head, "GET", "/audit?since=nonsense", {}),
        (403, clinician, "GET", "/audit", {}),
        (200, clinician, "GET", "/openapi.json", {}),
    ]
    for status, role, method, address, sent in requests:
        assert ask(role, method, address, **sent) == status, (status, role, method, address)
    for operation in OPERATIONS:
        address = operation.path.removeprefix("/api/v1").replace("<", "").replace(">", "")
        assert ask(None, operation.method, address) == 401
    # What may meet any request comes here where each one is counted.
    for status, error in ((429, TooManyRequests(7)), (503, Outage("Later.")), (507, StorageFull("Full."))):
        with monkeypatch.context() as patched:
            _fails(patched, RequestLimits, "count", error)
            for operation in OPERATIONS:
                address = operation.path.removeprefix("/api/v1").replace("<", "").replace(">", "")
                assert ask(head, operation.method, address) == status

    _fails(monkeypatch, clinic.services.evaluations.evaluations, "request", TrackingAway("Try again."))
    assert ask(head, "POST", "/evaluations", json=asked) == 503
    intake = clinic.services.reading.intake
    _fails(monkeypatch, intake, "receive", Busy("Try again."))
    assert ask(clinician, "POST", "/scans?name=a.nii", data=b"x") == 503
    _fails(monkeypatch, clinic.services.screening, "boxes_to_blacken", HeldPicture("There may be text."))
    forms = "export?form=png", "report"
    assert [ask(head, "GET", f"{scan}/{form}") for form in forms] == [409, 409]
    _answers(monkeypatch, intake, "receive", lambda upload: replace(upload, state=UploadState.FAILED))
    assert ask(clinician, "POST", "/scans?name=slow.nii", data=b"x") == 500

    contract: Contract = server.extensions["contract"]
    assert contract.documented() - contract.seen == OUT_OF_REACH


def _fails(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, error: Exception) -> None:
    def raising(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(owner, name, raising)


def _answers(
    monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, change: Callable[[Upload], Upload]
) -> None:
    monkeypatch.undo()
    whole = getattr(owner, name)
    monkeypatch.setattr(owner, name, lambda *given, **named: change(whole(*given, **named)))


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ("", "Send a JSON object."),
        ("[]", "Send a JSON object."),
        ("[" * 100_000, "Send a JSON object."),
        ('{"task": "\\ud800"}', "Send a JSON object."),
        ("{}", "Give task."),
        ('{"task": 3}', "task is a text."),
        ('{"task": "brain-tumour", "last": "5"}', "last is a whole number."),
        ('{"task": "brain-tumour", "last": true}', "last is a whole number."),
        ('{"task": "brain-tumour", "last": 0}', "last is at least 1."),
        ('{"task": "brain-tumour", "to": "soon"}', "“soon” is not a day like 2026-11-20."),
        ('{"task": "brain-tumour", "tasks": 1}', "There is nothing called tasks here."),
        ('{"task": "brain-tumour", "reference": "a\\u0000b"}', "A text cannot hold the character NUL."),
        ('{"task": "knees"}', "Give the task: brain-tumour or pneumonia."),
    ],
)
def test_a_wrong_body_is_told_in_a_sentence(server: Flask, bearer: Any, sent: str, sentence: str) -> None:
    answer = server.test_client().post(
        "/api/v1/drift", data=sent, content_type="application/json", headers=bearer(Role.HEAD)
    )
    assert (answer.status_code, answer.json) == (400, {"error": {"code": "invalid", "message": sentence}})


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("cohort?to=2026-02-30", "“2026-02-30” is not a day like 2026-11-20."),
        ("cohort?colour=red", "Scans have nothing called colour to filter by."),
        ("cohort?site=a%00b", "A text cannot hold the character NUL."),
        ("cohort/compare", "Give vs."),
        ("performance?of=moon", "of is 'real' or 'validation'."),
        ("drift?task=", "Give the task: brain-tumour or pneumonia."),
    ],
)
def test_a_wrong_query_is_told_in_a_sentence(server: Flask, bearer: Any, address: str, sentence: str) -> None:
    answer = server.test_client().get(f"/api/v1/{address}", headers=bearer())
    assert (answer.status_code, answer.json) == (400, {"error": {"code": "invalid", "message": sentence}})


def test_an_address_that_takes_other_methods_says_which(server: Flask, bearer: Any) -> None:
    client = server.test_client()
    answer = client.delete("/api/v1/scans", headers=bearer())
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, POST")
    answer = client.put(f"/api/v1/reports/{NONE}", headers=bearer())
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, DELETE")
    assert client.put("/api/v1/nothing", headers=bearer()).status_code == 404


def test_no_database_is_asked_for_the_character_nul(server: Flask, bearer: Any) -> None:
    answer = server.test_client().get("/api/v1/scans/a%00b", headers=bearer())
    assert (answer.status_code, answer.json) == (
        404,
        {"error": {"code": "not_found", "message": "There is no such address."}},
    )


def test_times_are_written_as_before(clinic: Clinic, server: Flask, bearer: Any) -> None:
    scan = clinic.add_volume("u")
    seen = server.test_client().get(f"/api/v1/scans/{scan.id}", headers=bearer()).json
    assert seen is not None
    assert seen["uploaded_at"] == scan.created_at.isoformat()
    assert seen["uploaded_at"].endswith("+00:00")
    assert seen["patient"]["birth_date"] == "1815-12-10"
