"""Every page, address and callback answers by the table of permissions, and by nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from dashboard import shell
from dashboard.auth import PAGE_PERMISSIONS, may_open
from data.records import BRAIN_TUMOUR, BoardPanel, DriftAsk, ReportKind, ReportState, Role, ScanStatus, User
from services.permissions import Permission, may
from tests.dashboard.clinic import Clinic, png
from tests.dashboard.conftest import SignIn, callback
from tests.services.test_permissions import LETTERS, MEANT

NO_ID = "0" * 32
SEE, STATISTICS, DRIFT = Permission.SEE_SCANS, Permission.SEE_STATISTICS, Permission.SEE_DRIFT
MAKE_BOARDS = Permission.MAKE_BOARDS
HIDDEN, REFUSED = 404, 403

# endpoint -> (permission, the status for those who have it not, the status for those who have it)
GUARDED: dict[str, tuple[Permission, int, int]] = {
    "changes": (SEE, HIDDEN, 200),
    "scan_state": (SEE, HIDDEN, 200),
    "slice_picture": (SEE, HIDDEN, 200),
    "mask_picture": (SEE, HIDDEN, 200),
    "outline_picture": (SEE, HIDDEN, 200),
    "compared_outline": (SEE, HIDDEN, 200),
    "heatmap_picture": (SEE, HIDDEN, 200),
    "thumbnail": (SEE, HIDDEN, 200),
    "volume_voxels": (SEE, HIDDEN, 200),
    "mask_voxels": (SEE, HIDDEN, 200),
    "probability_voxels": (SEE, HIDDEN, 404),
    "burned_in_picture": (Permission.RELEASE_PICTURES, REFUSED, 200),
    "download_mask": (SEE, HIDDEN, 200),
    "download_overlay": (SEE, HIDDEN, 200),
    "reading_report": (SEE, HIDDEN, 200),
    "api_reading_report": (SEE, HIDDEN, 200),
    "export_result": (SEE, HIDDEN, 200),
    "api_export_result": (SEE, HIDDEN, 200),
    "api_rerun_result": (Permission.RERUN_RESULTS, REFUSED, 202),
    "api_reruns": (Permission.RERUN_RESULTS, REFUSED, 200),
    "api_scans": (SEE, REFUSED, 200),
    "api_central_house": (Permission.BRING_FROM_EDGE, REFUSED, 200),
    "api_known_of_scan": (Permission.BRING_FROM_EDGE, REFUSED, 200),
    "api_take_in_from_edge": (Permission.BRING_FROM_EDGE, REFUSED, 400),
    "api_scan": (SEE, HIDDEN, 200),
    "api_mask": (SEE, HIDDEN, 200),
    "api_read": (Permission.READ_AGAIN, REFUSED, 200),
    "api_cancel_reading": (Permission.CANCEL_READINGS_OF_OTHERS, REFUSED, 200),
    "cancel_reading": (Permission.CANCEL_READINGS_OF_OTHERS, REFUSED, 200),
    "cancel_upload": (Permission.CANCEL_READINGS, REFUSED, 404),
    "api_patient": (SEE, HIDDEN, 200),
    "rehearsal_picture": (SEE, HIDDEN, 200),
    "drift_thumbnail": (SEE, REFUSED, 200),
    "api_drift_culprits": (SEE, REFUSED, 200),
    "api_drift_influential_scans": (SEE, REFUSED, 200),
    "api_identity_conflicts": (Permission.SETTLE_IDENTITIES, REFUSED, 200),
    "api_settle_identity_conflict": (Permission.SETTLE_IDENTITIES, REFUSED, 400),
    "annotations": (SEE, HIDDEN, 200),
    "api_annotations": (SEE, HIDDEN, 200),
    "add_annotation": (Permission.ANNOTATE, REFUSED, 400),
    "move_annotation": (Permission.ANNOTATE, REFUSED, 400),
    "delete_annotation": (Permission.DELETE_ANNOTATIONS, REFUSED, 404),
    "correct_mask": (Permission.REVIEW, REFUSED, 400),
    "draw_mask": (Permission.REVIEW, REFUSED, 400),
    "keep_unaided_mask": (Permission.REVIEW, REFUSED, 400),
    "unaided_mask": (Permission.REVIEW, REFUSED, 404),
    "api_give_unaided": (Permission.REVIEW, REFUSED, 400),
    "api_reader_study": (STATISTICS, REFUSED, 200),
    "api_add_scan": (Permission.SEND_SCANS, REFUSED, 400),
    "tus_create": (Permission.SEND_SCANS, REFUSED, 412),
    "recent_uploads": (Permission.SEND_SCANS, REFUSED, 200),
    "tus_offset": (Permission.SEND_SCANS, REFUSED, 412),
    "tus_append": (Permission.SEND_SCANS, REFUSED, 412),
    "tus_abandon": (Permission.SEND_SCANS, REFUSED, 412),
    "api_cohort": (Permission.SEE_COHORT, REFUSED, 200),
    "api_cohort_compare": (Permission.SEE_COHORT, REFUSED, 400),
    "export_cohort": (Permission.SEE_COHORT, REFUSED, 200),
    "export_model_card": (STATISTICS, REFUSED, 404),
    "api_performance": (Permission.SEE_PERFORMANCE, REFUSED, 400),
    "export_performance": (Permission.SEE_PERFORMANCE, REFUSED, 400),
    "export_assess_ai": (STATISTICS, REFUSED, 400),
    "performance_picture": (STATISTICS, REFUSED, 400),
    "api_readers": (STATISTICS, REFUSED, 400),
    "export_readers": (STATISTICS, REFUSED, 400),
    "api_reports": (Permission.USE_REPORTS, REFUSED, 200),
    "api_ask_report": (Permission.USE_REPORTS, REFUSED, 400),
    "api_report": (Permission.USE_REPORTS, REFUSED, 200),
    "api_report_file": (Permission.USE_REPORTS, REFUSED, 200),
    "report_file": (Permission.USE_REPORTS, REFUSED, 200),
    "api_delete_report": (Permission.DELETE_REPORTS, REFUSED, 404),
    "api_drift_runs": (DRIFT, REFUSED, 200),
    "api_drift_references": (DRIFT, REFUSED, 200),
    "api_drift_run": (DRIFT, REFUSED, 200),
    "drift_page": (DRIFT, REFUSED, 200),
    "drift_snapshot": (DRIFT, REFUSED, 200),
    "drift_state": (DRIFT, REFUSED, 200),
    "board_file": (Permission.SEE_BOARDS, REFUSED, 200),
    "api_drift_ask": (Permission.RUN_DRIFT, REFUSED, 400),
    "api_evaluations": (Permission.SEE_MODELS, REFUSED, 200),
    "api_evaluation": (Permission.SEE_MODELS, REFUSED, 404),
    "api_scan_sets": (Permission.EVALUATE_VERSIONS, REFUSED, 200),
    "api_ask_evaluation": (Permission.EVALUATE_VERSIONS, REFUSED, 400),
    "api_cancel_evaluation": (Permission.EVALUATE_VERSIONS, REFUSED, 404),
    "retraining_pack": (Permission.TAKE_RETRAINING_PACKS, REFUSED, 200),
    "add_version": (Permission.REGISTER_VERSIONS, REFUSED, 400),
    "alerts_token": (Permission.DECIDE_ALERTS, REFUSED, 200),
    "export_audit": (Permission.SEE_AUDIT, REFUSED, 200),
    "api_audit": (Permission.SEE_AUDIT, REFUSED, 200),
    "import_report": (Permission.IMPORT, REFUSED, 404),
    "export_acceptance": (Permission.SEE_ACCEPTANCE, REFUSED, 404),
    "export_acceptance_pdf": (Permission.SEE_ACCEPTANCE, REFUSED, 404),
    "api_acceptances": (Permission.SEE_ACCEPTANCE, REFUSED, 400),
    "api_acceptance_protocols": (Permission.SEE_ACCEPTANCE, REFUSED, 400),
    "api_acceptance": (Permission.SEE_ACCEPTANCE, REFUSED, 404),
    "api_acceptance_record": (Permission.SEE_ACCEPTANCE, REFUSED, 404),
}
# What everybody has who is signed in; pages have a test of their own.
EVERYBODYS = {
    "/", "/<path:path>", "/_dash-component-suites/<string:package_name>/<path:fingerprinted_path>",
    "/_dash-dependencies", "/_dash-layout", "/_dash-update-component", "/_favicon.ico", "/_reload-hash",
    "_dash_assets.static", "account", "password", "change_password", "everywhere", "create_token",
    "revoke_token", "logout", "oidc_once_more", "confirm_by_passkey",
    "help", "help_page", "help_file",
    "session_alive", "session_left", "api_nothing", "api_document", "tus_options",
    "tus_options_one", "end_sessions", "notices_read", "choose_mails", "second_factor", "set_up_app",
    "remove_app", "renew_codes", "begin_passkey", "add_passkey", "remove_passkey",
}  # fmt: skip
OPEN = {
    "login", "sign_in", "second_step", "give_code", "ask_for_passkey", "give_passkey", "oidc_begin",
    "oidc_callback", "oidc_ended", "ldap_sign_in", "healthz", "readyz", "metrics",
}  # fmt: skip
QUERIES = {
    "api_export_result": "?form=csv",
    "performance": "?task=nothing",
    "api_readers": "?task=nothing",
    "export_readers": "?task=nothing",
    "export_performance": "?task=nothing",
    "export_assess_ai": "?task=nothing",
    "api_performance": "?task=nothing",
    "api_reader_study": f"?task={BRAIN_TUMOUR}",
    "api_drift_runs": f"?task={BRAIN_TUMOUR}",
    "api_scan_sets": f"?task={BRAIN_TUMOUR}",
    "api_drift_references": f"?task={BRAIN_TUMOUR}",
    "api_drift_culprits": "?feature=noise",
    "api_drift_influential_scans": "?feature=noise",
}

# A callback is told by an id of its own; the longest that fits counts.
CALLBACKS: dict[str, Permission] = {
    "retrainings": Permission.SEE_MODELS, "retraining-act": Permission.RETRAIN,
    "worklist": SEE, "scan": SEE, "viewer": SEE, "patient": SEE, "growth": SEE,
    "conflict": Permission.SETTLE_IDENTITIES, "scan-retry": Permission.READ_AGAIN,
    "move": Permission.MOVE_SCANS,
    "withdraw": Permission.WITHDRAW_SCANS, "withdraw-shown": SEE,
    "triage": Permission.ASSIGN_SCANS, "triage-urgency": Permission.SET_URGENCY,
    "second-ask": Permission.ASK_FOR_REVIEWS, "second-withdraw": Permission.WITHDRAW_REVIEW_REQUESTS,
    "unaided": Permission.REVIEW, "triage-unaided": Permission.REVIEW,
    "performance-reading": STATISTICS,
    "performance-unaided-set": Permission.SET_UNAIDED_RULES,
    "review": Permission.REVIEW, "scan-take-back": Permission.TAKE_BACK_REVIEWS,
    "burned-in": SEE, "burned-in-release": Permission.RELEASE_PICTURES,
    "scan-feedback-send": Permission.GIVE_FEEDBACK, "feedback": Permission.GIVE_FEEDBACK,
    "feedback-act": Permission.ANSWER_FEEDBACK,
    "cohort": Permission.SEE_COHORT, "department": Permission.MANAGE_DEPARTMENTS,
    "department-list": Permission.MOVE_BETWEEN_DEPARTMENTS,
    "department-move": Permission.MOVE_BETWEEN_DEPARTMENTS,
    "performance": STATISTICS, "performance-goal-save": Permission.SET_GOALS,
    "boards": Permission.SEE_BOARDS, "board": Permission.SEE_BOARDS, "board-delete": Permission.SEE_BOARDS,
    **dict.fromkeys(("boards-make", "board-add", "board-act", "board-save", "board-copy"), MAKE_BOARDS),
    "drift": DRIFT, "drift-all": SEE, "drift-run": Permission.RUN_DRIFT, "drift-freeze": Permission.RUN_DRIFT,
    "models": Permission.SEE_MODELS, "models-look": Permission.PROMOTE, "rehearsal": Permission.SEE_MODELS,
    "rehearsal-cancel": Permission.REHEARSE, "evaluation": Permission.SEE_MODELS, "rerun": SEE,
    "rerun-again": Permission.RERUN_RESULTS, "model-card": STATISTICS,
    "model-card-save": Permission.WRITE_MODEL_CARDS,
    "evaluation-task": Permission.EVALUATE_VERSIONS, "evaluation-ask": Permission.EVALUATE_VERSIONS,
    "evaluation-cancel": Permission.EVALUATE_VERSIONS, "report": Permission.USE_REPORTS,
    "admin": Permission.ADMINISTER, "dicom": Permission.SEE_RECEIVED,
    "dicom-priors": Permission.SEE_REMOTE_NODES, "dicom-prior-rule": Permission.MANAGE_REMOTE_NODES,
    "patient-priors": Permission.FETCH_PRIORS,
    "dicom-watch": Permission.WATCH_SENDERS,
    "routing-rules": Permission.SEE_REMOTE_NODES, "routing-rule": Permission.MANAGE_REMOTE_NODES,
    "outbox": Permission.SEE_REMOTE_NODES, "delivery": Permission.MANAGE_REMOTE_NODES,
    "scan-export-send-button": Permission.SEND_RESULTS,
    "remote-nodes": Permission.SEE_REMOTE_NODES, "remote-node": Permission.MANAGE_REMOTE_NODES,
    "import": Permission.IMPORT,
    "audit": Permission.SEE_AUDIT,
    "retention": Permission.SET_RETENTION, "rule": Permission.SET_RETENTION,
    "retention-search": Permission.ERASE_PATIENTS, "retention-show": Permission.ERASE_PATIENTS,
    "erase": Permission.ERASE_PATIENTS,
    "retention-act": Permission.HOLD_PATIENTS, "hold-save": Permission.HOLD_PATIENTS,
    "acceptance": Permission.SEE_ACCEPTANCE, "acceptance-fix": Permission.FIX_ACCEPTANCE_PROTOCOLS,
    "acceptance-begin": Permission.RUN_ACCEPTANCE_TESTS, "acceptance-sign": Permission.SIGN_ACCEPTANCE,
    "alert": Permission.DECIDE_ALERTS, "bell": Permission.DECIDE_ALERTS, "schedule": Permission.SCHEDULE,
}  # fmt: skip


@pytest.fixture
def filled(clinic: Clinic) -> Iterator[dict[str, str]]:
    """A clinic in which everything exists that an address may ask for; the parts of addresses."""
    sender = clinic.person(Role.CLINICIAN, "sender")
    trainer = clinic.person(Role.MLOPS, "trainer")
    scan, film = clinic.add_volume(sender.id), clinic.add_film(sender.id)
    clinic.read_volume(scan)
    clinic.read_film(film)
    clinic.services.reviewing.reviews.accept(scan.id, sender)
    clinic.add_readings(80, 1)
    clinic.add_readings(60, 2, day=30, noise=lambda value, random: value + 0.03)
    run = clinic.services.drift.runs.run_now(DriftAsk(BRAIN_TUMOUR, last=60))
    pack = clinic.services.training.packs.request(BRAIN_TUMOUR, [scan.id], "why", trainer)
    report = clinic.services.reporting.request(ReportKind.COHORT, {}, sender)
    pictures: Any = SimpleNamespace(png=lambda *_: png(2, 2))
    clinic.replace(versions=replace(clinic.services.versions, rehearsal_pictures=pictures))
    clinic.jobs.start()
    assert clinic.jobs.wait_idle(60)
    assert clinic.services.reporting.get(report.id).state is ReportState.MADE
    assert clinic.scans.get(scan.id).status is ScanStatus.READ  # type: ignore[union-attr]
    boards, panel = clinic.services.boards.boards, BoardPanel("", "drifted-share", BRAIN_TUMOUR)
    board = boards.make("Drift", trainer, [panel])
    boards.change(board.id, "Drift", True, trainer)
    yield {
        "board_id": board.id, "scan_id": scan.id, "layer_id": clinic.results.of_scan(scan.id)[0].id,
        "patient_id": scan.patient_id, "film_id": film.id, "run_id": run.id,
        "content_sha256": scan.content_sha256,
        "pack_id": pack.id, "report_id": report.id,
        "rehearsal_id": NO_ID, "upload_id": NO_ID, "import_id": NO_ID, "conflict_id": NO_ID,
        "evaluation_id": NO_ID, "test_id": NO_ID,
        "annotation_id": NO_ID, "result_id": clinic.results.of_scan(scan.id)[0].id,
        "task": BRAIN_TUMOUR, "index": "10",
    }  # fmt: skip


def _address(rule: Rule, parts: dict[str, str]) -> str:
    given = dict(parts, page="drift", kind="csv", form="csv")
    if rule.endpoint in ("api_report_file", "report_file", "reading_report"):
        given["kind"] = "pdf"
    if rule.endpoint == "heatmap_picture":
        given["scan_id"] = parts["film_id"]
    if rule.endpoint == "api_delete_report":
        given["report_id"] = NO_ID  # the report is needed by those who come after
    address = re.sub(r"<(?:[^<>]*:)?(\w+)>", lambda match: given[match[1]], rule.rule)
    return address + QUERIES.get(rule.endpoint, "")


def _method(rule: Rule) -> str:
    methods = (rule.methods or set()) - {"OPTIONS"}
    (method,) = methods - {"HEAD"} or methods
    return method


def _has(role: Role, permission: Permission) -> bool:
    return role in {LETTERS[letter] for letter in MEANT[permission]}


def test_every_address_is_guarded_by_one_permission(server: Flask) -> None:
    endpoints = {rule.endpoint for rule in server.url_map.iter_rules()}
    assert endpoints == set(GUARDED) | EVERYBODYS | OPEN
    assert not (set(GUARDED) & (EVERYBODYS | OPEN)) and not EVERYBODYS & OPEN


def test_what_each_role_gets_from_every_address(
    filled: dict[str, str], server: Flask, sign_in: SignIn
) -> None:
    clients, wrong = {role: sign_in(role) for role in Role}, []
    for rule in server.url_map.iter_rules():
        for role, client in clients.items() if rule.endpoint in GUARDED else ():
            permission, refused, given = GUARDED[rule.endpoint]
            answer = client.open(_address(rule, filled), method=_method(rule), headers=client.csrf)
            expected = given if _has(role, permission) else refused
            if answer.status_code != expected:
                wrong.append((rule.endpoint, role.value, answer.status_code, expected))
            if not _has(role, permission) and _method(rule) != "HEAD":
                assert answer.json["error"]["code"] == {403: "not_allowed", 404: "not_found"}[refused]
    assert wrong == []


def test_only_mlops_fetches_a_retraining_pack_that_exists(
    clinic: Clinic, filled: dict[str, str], server: Flask, sign_in: SignIn
) -> None:
    address = f"/retraining/{filled['pack_id']}.zip"
    for role in Role:
        answer = sign_in(role).get(address)
        assert answer.status_code == (200 if role is Role.MLOPS else 403)
        assert answer.data.startswith(b"PK") is (role is Role.MLOPS)
        bearer = {"Authorization": f"Bearer {clinic.token(clinic.person(role, f'script-{role.value}'))}"}
        assert server.test_client().get(address, headers=bearer).status_code == 401  # tokens: /api only
    assert server.test_client().get(address).status_code == 401
    assert sign_in(Role.MLOPS).get(f"/retraining/{NO_ID}.zip").status_code == 404


@pytest.mark.parametrize("role", Role)
def test_which_pages_exist_for_each_role(sign_in: SignIn, role: Role) -> None:
    client = sign_in(role)
    assert {page.path for page in shell.PAGES} == set(PAGE_PERMISSIONS)
    for page in shell.PAGES:
        address = f"{page.path}/{NO_ID}" if page.takes_argument else page.path
        address = f"{address}/{page.part}" if page.part else address
        has = _has(role, PAGE_PERMISSIONS[page.path])
        assert client.get(address).status_code == (200 if has else 404), address
    layout = json.dumps(client.get("/_dash-layout").json)
    for page in shell.PAGES:
        if page.in_menu and not page.takes_argument:
            shown = f'"href": "{page.path}"' in layout
            assert shown is _has(role, PAGE_PERMISSIONS[page.path]), page.path


def test_the_pages_are_shown_for_what_is_on_them() -> None:
    letters = {path: MEANT[permission] for path, permission in PAGE_PERMISSIONS.items()}
    assert letters == {
        "/admin": "A", "/worklist": "CHM", "/scans": "CHM", "/patients": "CHM", "/cohort": "CHM",
        "/performance": "CHM",
        "/boards": "CHMA", "/drift": "CHMA", "/models": "CHMA", "/rehearsals": "CHMA", "/evaluations": "CHMA",
        "/retrainings": "CHMA",
        "/model-card": "CHM", "/reports": "CHM", "/alerts": "HMA",
        "/departments": "HA",
        "/acceptance": "HMA", "/audit": "HA", "/retention": "HA", "/feedback": "CHM", "/dicom": "MA",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("address", "letters"),
    [
        ("/drift?task=x&run=1", "CHMA"),
        ("/alerts#schedules", "HMA"),
        ("/performance?task=x", "CHM"),
        ("/scans/abc", "CHM"),
        ("/nothing", ""),
        ("/", ""),
    ],
)
def test_a_link_of_an_alert_leads_only_where_a_page_exists(address: str, letters: str) -> None:
    for letter, role in LETTERS.items():
        assert may_open(User("i", "n", "N", role), address) is (letter in letters)


# --- Callbacks ---


def _own_ids(dependency: dict[str, Any]) -> list[str]:
    """The ids of a callback's inputs, then those of its outputs, as plain names."""
    named = re.findall(r"[^.{}]+", dependency["output"].split("@")[0].strip("."))
    inputs = [given["id"] for given in dependency["inputs"]]
    return [
        match[1] if (match := re.search(r'"type":"([^"]+)"', name)) else name for name in [*inputs, *named]
    ]


def _permission(dependency: dict[str, Any]) -> Permission:
    for own in _own_ids(dependency):
        fitting = [name for name in CALLBACKS if own == name or own.startswith((f"{name}-", f"{name}s-"))]
        if fitting:
            return CALLBACKS[max(fitting, key=len)]
    raise AssertionError(f"whose callback is this? {dependency['output']}")


def _called(client: FlaskClient, dependency: dict[str, Any], *, pressed: bool) -> str:
    def given(entry: dict[str, str]) -> Any:
        button = entry["property"].endswith("n_clicks") and pressed
        value = {"id": entry["id"], "property": entry["property"], "value": 1 if button else None}
        if not entry["id"].startswith("{"):
            return value
        own = {key: "x" if kept == ["ALL"] else kept for key, kept in json.loads(entry["id"]).items()}
        return [{**value, "id": own}] if pressed else []

    inputs, state = ([given(entry) for entry in dependency[part]] for part in ("inputs", "state"))
    return str(callback(client, dependency["output"], inputs, state=state).get_data(as_text=True))


@pytest.mark.parametrize("role", Role)
def test_every_callback_refuses_who_may_not(clinic: Clinic, sign_in: SignIn, role: Role) -> None:
    client, asked, wrong, told = sign_in(role), 0, [], []
    for dependency in client.get("/_dash-dependencies").json:
        if dependency["clientside_function"] or dependency["output"].startswith("..page.children"):
            continue
        permission = _permission(dependency)
        if may(User("i", "n", "N", role), permission):
            continue
        asked += 1
        if "Your role does not permit this: only" not in _called(client, dependency, pressed=True):
            wrong.append(dependency["output"])
        buttons = [given["property"].endswith("n_clicks") for given in dependency["inputs"]]
        if all(buttons) and "Your role" in _called(client, dependency, pressed=False):
            told.append(dependency["output"])
    assert wrong == []
    assert told == []  # a list without buttons: nobody has asked for anything
    assert asked > {Role.CLINICIAN: 15, Role.HEAD: 8, Role.MLOPS: 7, Role.ADMIN: 20}[role]
