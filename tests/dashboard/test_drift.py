"""The drift page, its files and /api/v1/drift: one snapshot behind all of them."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
import pytest
from flask import Flask
from PIL import Image

from dashboard.components import review
from dashboard.components.drift import limits as limit_form
from dashboard.pages import drift as page
from dashboard.pages import drift_limits, scan_review
from data.errors import InvalidInput
from data.records import BRAIN_TUMOUR, PNEUMONIA, DriftAsk, DriftRun, Role, Severity, User
from services.addresses import AuditAddress
from services.cohort.small_numbers import Audience
from services.reporting.drift_report import DriftReport
from tests.dashboard.clinic import Clinic
from tests.dashboard.conftest import callback

TASKS = (BRAIN_TUMOUR, PNEUMONIA)
HEAD = User("head", "head", "Head", Role.HEAD)


@pytest.fixture
def run(clinic: Clinic) -> DriftRun:
    clinic.add_readings(80, 1)
    sender = clinic.person(Role.CLINICIAN, "sender")
    scan = clinic.add_volume(sender.id)
    clinic.read_volume(scan)
    clinic.add_readings(59, 2, day=30, noise=lambda value, random: value + 0.03)
    clinic.add_readings(1, 3, day=30, scan_ids=[scan.id], noise=0.2)
    return clinic.services.drift.runs.run_now(DriftAsk(BRAIN_TUMOUR, last=60))


def noisiest(clinic: Clinic, run: DriftRun) -> str:
    """The one scan that has pictures."""
    scans = clinic.services.drift.influential_scans.of(run.id, "noise", None).scans
    return next(scan.scan_id for scan in scans if scan.value == pytest.approx(0.2))


def auth(clinic: Clinic, role: Role) -> dict[str, str]:
    return {"Authorization": f"Bearer {clinic.token(clinic.person(role, f'token-{role.value}'))}"}


def test_the_page_the_api_and_the_files_tell_the_same_numbers(
    clinic: Clinic, run: DriftRun, sign_in: Any
) -> None:
    client = sign_in(Role.MLOPS)
    told = client.get(f"/api/v1/drift/{run.id}", headers=auth(clinic, Role.HEAD)).json
    file = client.get(f"/drift/{run.id}/snapshot.json?audience=inside")
    assert told["snapshot"] == file.json == clinic.services.drift.runs.snapshot(run.id)
    assert file.data == clinic.services.drift.runs.content(run.id)
    shown = str(
        page.show(clinic.services.drift, TASKS, clinic.person(Role.MLOPS, "looker"), f"?run={run.id}")
    )
    for sentence in told["snapshot"]["verdict"] + told["snapshot"]["notes"]:
        assert sentence.rstrip(".") in shown
    assert "features drifted, most of all Noise" in shown
    assert f"in 60 readings of brain tumour against {run.reference_n} of “{run.reference_name}”." in shown
    html = client.get(f"/drift/{run.id}/drift.html").text
    assert told["snapshot"]["window"]["sha256"] in html and told["snapshot"]["reference"]["sha256"] in html


def test_what_leaves_the_house_has_no_count_of_few(clinic: Clinic, run: DriftRun, sign_in: Any) -> None:
    client, drift = sign_in(Role.MLOPS), clinic.services.drift
    kept, told = drift.runs.snapshot(run.id), drift.runs.told(run.id, Audience.OUTSIDE)
    few = [
        (feature["name"], place)
        for feature in kept["features"]
        for place, share in enumerate(feature["distribution"]["current"])
        if 0 < round(share * feature["n_current"]) < 5
    ]
    outside = {feature["name"]: feature["distribution"]["current"] for feature in told["features"]}
    assert few and all(outside[name][place] is None for name, place in few)
    file = client.get(f"/drift/{run.id}/snapshot.json")
    assert file.json == told and "for-the-house" not in file.headers["Content-Disposition"]
    token = auth(clinic, Role.HEAD)
    answer = client.get(f"/api/v1/drift/{run.id}?audience=outside", headers=token).json
    assert answer["snapshot"] == told and answer["small_numbers_hidden"] is True
    page_of_ours = client.get(f"/drift/{run.id}/drift.html?download").text
    assert "are withheld" in page_of_ours and "root_metric" not in page_of_ours
    whole = client.get(f"/drift/{run.id}/drift.html?download&audience=inside")
    assert "root_metric" in whole.text and "for-the-house" in whole.headers["Content-Disposition"]
    written = DriftReport(drift.runs).write({"run": run.id}, "Ada", lambda _: None)
    assert written.html is not None and b"root_metric" not in written.html
    admin, client = auth(clinic, Role.ADMIN), sign_in(Role.ADMIN)  # who may not open scans
    assert client.get(f"/api/v1/drift/{run.id}", headers=admin).json["snapshot"] == told
    assert client.get(f"/drift/{run.id}/snapshot.json?audience=inside").status_code == 403
    assert "root_metric" not in client.get(f"/drift/{run.id}/drift.html").text
    shown = str(page.show(drift, TASKS, clinic.person(Role.ADMIN, "chief"), f"?run={run.id}"))
    assert "Evidently's own report" not in shown and "For the house" not in shown
    actions = [event.detail for event in clinic.services.auditing.trail.page(AuditAddress(), HEAD).events]
    assert any(run.id in str(detail) for detail in actions)


def test_evidently_runs_in_a_cage(run: DriftRun, sign_in: Any) -> None:
    client = sign_in(Role.CLINICIAN)
    answer = client.get(f"/drift/{run.id}/drift.html", headers={"Accept-Encoding": "gzip"})
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-scripts;") and "allow-same-origin" not in policy
    assert "default-src 'none'" in policy and "connect-src 'none'" in policy
    assert answer.headers["Content-Encoding"] == "gzip" and len(answer.data) < 3_000_000
    assert client.get(f"/drift/{run.id}/truth.html").status_code == 404
    assert client.get(f"/drift/{'0' * 32}/drift.html").status_code == 404
    assert client.get("/drift/..%2f/snapshot.json").status_code == 404


def test_what_each_role_may(clinic: Clinic, run: DriftRun, server: Flask) -> None:
    client = server.test_client()
    body = {"task": BRAIN_TUMOUR, "last": 50}
    for role, runs in ((Role.CLINICIAN, 403), (Role.HEAD, 202), (Role.MLOPS, 202), (Role.ADMIN, 202)):
        token = auth(clinic, role)
        assert client.get(f"/api/v1/drift?task={BRAIN_TUMOUR}", headers=token).status_code == 200
        assert client.post("/api/v1/drift", json=body, headers=token).status_code == runs
        address = f"/api/v1/drift/{run.id}/influential-scans?feature=noise"
        influential_scans = client.get(address, headers=token)
        assert influential_scans.status_code == (403 if role is Role.ADMIN else 200)
        of_0_1 = client.get(address.replace("influential-scans", "culprits"), headers=token)
        assert (of_0_1.status_code, of_0_1.data) == (influential_scans.status_code, influential_scans.data)
    assert client.get(f"/drift/{run.id}/snapshot.json").status_code == 401


@pytest.mark.parametrize("role", list(Role))
def test_what_has_drifted_leads_who_may_retrain_to_it(clinic: Clinic, run: DriftRun, role: Role) -> None:
    user, drift = clinic.person(role, "looker"), clinic.services.drift
    assert run.severity is Severity.WARNING
    shown = str(page.show(drift, TASKS, user, f"?run={run.id}")[page.VERDICT])
    assert ("href='/retrainings'" in shown) == (role is Role.MLOPS)


def test_what_has_not_drifted_leads_to_no_retraining(clinic: Clinic) -> None:
    clinic.add_readings(80, 1)
    clinic.add_readings(60, 2, day=30)
    drift = clinic.services.drift
    run = drift.runs.run_now(DriftAsk(BRAIN_TUMOUR, last=60))
    assert run.severity is Severity.CALM
    shown = page.show(drift, TASKS, clinic.person(Role.MLOPS, "looker"), f"?run={run.id}")[page.VERDICT]
    assert "/retrainings" not in str(shown)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ([], "JSON object"),
        ({"task": "knees"}, "Give the task"),
        ({"task": BRAIN_TUMOUR, "last": "many"}, "whole number"),
        ({"task": BRAIN_TUMOUR, "last": 0}, "last is at least 1"),
        ({"task": BRAIN_TUMOUR, "from": "soon"}, "is not a day"),
        ({"task": BRAIN_TUMOUR, "filters": "colour=red"}, "nothing called colour"),
        ({"task": BRAIN_TUMOUR, "reference": "no such"}, "no reference called"),
        ({"task": BRAIN_TUMOUR, "depth": 3}, "nothing called depth"),
    ],
)
def test_a_wrong_ask_is_a_sentence(clinic: Clinic, server: Flask, body: Any, words: str) -> None:
    answer = server.test_client().post("/api/v1/drift", json=body, headers=auth(clinic, Role.MLOPS))
    assert answer.status_code == 400 and words in answer.json["error"]["message"]


def test_a_feature_opens_the_scans_that_pull_it(clinic: Clinic, run: DriftRun) -> None:
    scan_id = clinic.services.drift.influential_scans.of(run.id, "noise", None).scans[0].scan_id
    looker = clinic.person(Role.MLOPS, "looker")
    noisy = page.detail(clinic.services.drift, TASKS, looker, f"?run={run.id}&feature=noise")
    assert noisy[page.FEATURE] == "" and "Scans that pull “Noise” the most" in str(
        noisy[page.INFLUENTIAL_HEAD]
    )
    assert noisy["drift-chosen"]["options"][0]["value"] == scan_id
    # Also where no scans stand apart, the sentence on it stands below what it is about.
    steady = page.detail(clinic.services.drift, TASKS, looker, f"?run={run.id}&feature=sex")
    for shown in (noisy, steady):
        assert "What these scans share" in str(shown[page.SEGMENTS])
    assert "Looked at:" not in str(steady[page.SEGMENTS])
    closed = page.detail(clinic.services.drift, TASKS, looker, f"?run={run.id}")
    assert closed[page.FEATURE] == "lb-hidden" and closed["drift-chosen"]["options"] == []
    admin = page.detail(
        clinic.services.drift, TASKS, clinic.person(Role.ADMIN, "chief"), f"?run={run.id}&feature=noise"
    )
    assert admin["drift-chosen"]["options"] == []


def test_a_thumbnail_shows_the_mask(clinic: Clinic, run: DriftRun, sign_in: Any) -> None:
    scan_id = noisiest(clinic, run)
    answer = sign_in(Role.MLOPS).get(f"/drift/thumbnail/{scan_id}.png")
    pixels = np.asarray(Image.open(io.BytesIO(answer.data)).convert("RGB")).astype(int)
    assert answer.mimetype == "image/png" and (pixels.max(axis=2) - pixels.min(axis=2) > 60).sum() > 10


def test_chosen_scans_go_to_review_and_into_a_pack(clinic: Clinic, run: DriftRun, sign_in: Any) -> None:
    client = sign_in(Role.MLOPS)
    scan_id = noisiest(clinic, run)

    def act(button: str) -> str:
        inputs = [{"id": button, "property": "n_clicks", "value": 1}]
        state = [
            {"id": "drift-chosen", "property": "value", "value": [scan_id]},
            {"id": "drift-why", "property": "value", "value": "noise of the new scanner"},
            {"id": "location", "property": "search", "value": f"?run={run.id}"},
        ]
        answer = callback(
            client, "drift-gallery-said.children", inputs, changed=f"{button}.n_clicks", state=state
        )
        assert answer.status_code == 200, answer.text
        return json.dumps(answer.json)

    assert "1 scans wait for a review." in act("drift-ask-review")
    (asked,) = clinic.services.reviewing.requests.open(BRAIN_TUMOUR)
    assert (asked.scan_id, asked.why) == (scan_id, "noise of the new scanner")
    assert "A pack of 1 scans is being made." in act("drift-make-pack")
    assert clinic.services.training.packs.recent()[0].ask.scan_ids == (scan_id,)
    clinician = clinic.person(Role.CLINICIAN, "reader")
    assert "noise of the new scanner" in str(
        scan_review.show(clinic.services.reviewing, clinician, scan_id)[review.HISTORY]
    )
    clinic.services.reviewing.reviews.accept(scan_id, clinician)
    assert clinic.services.reviewing.requests.open() == []
    with pytest.raises(InvalidInput):
        clinic.services.reviewing.requests.ask([scan_id], " ", clinician)


def test_an_empty_house_says_so(clinic: Clinic) -> None:
    shown = page.show(clinic.services.drift, TASKS, clinic.person(Role.MLOPS), "")
    assert "No drift run yet." in str(shown[page.VERDICT]) and shown[page.TICK]


def test_two_runs_stand_side_by_side(clinic: Clinic, run: DriftRun) -> None:
    other = clinic.services.drift.runs.run_now(DriftAsk(BRAIN_TUMOUR, last=40))
    shown = page.show(clinic.services.drift, TASKS, clinic.person(Role.HEAD), f"?run={run.id}&vs={other.id}")
    assert "Two runs side by side" in str(shown[page.PAIRS])
    assert "compare" not in str(shown[page.PAIRS]) and other.id in str(shown[page.RUNS])


def test_limits_of_features_are_set_shown_and_taken_back(clinic: Clinic) -> None:
    head, service = clinic.person(Role.HEAD), clinic.services.drift.limits
    assert "usual limit" in str(drift_limits.shown(service, head, BRAIN_TUMOUR)[drift_limits.LIST])
    kept = drift_limits.set_limit(service, head, BRAIN_TUMOUR, "noise", "psi", "0.25", "0.01")
    for part in (
        "Noise",
        "population stability index (PSI), 0.25 or more, p below 0.01",
        "Dr Head",
        "Usual again",
    ):
        assert part in str(kept[drift_limits.LIST])
    form = limit_form.offered("noise", service.of(BRAIN_TUMOUR))
    assert (form[limit_form.EFFECT], form[limit_form.METHOD]["value"]) == ("0.25", "psi")
    looker = drift_limits.shown(service, clinic.person(Role.CLINICIAN, "looker"), BRAIN_TUMOUR)
    assert "Dr Head" in str(looker[drift_limits.LIST]) and "Usual again" not in str(looker[drift_limits.LIST])
    gone = drift_limits.reset(service, head, BRAIN_TUMOUR, "noise")
    assert "usual limit" in str(gone[drift_limits.LIST])
