"""Events as FHIR AuditEvents and DICOM audit messages: the same facts, no name of a patient."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime
from xml.etree.ElementTree import fromstring

import pytest

from data.records import AuditEvent, AuditLink, AuditOrigin, AuditOutcome, AuditVia
from reports.audit_record import AuditRecord
from reports.dicom_audit import audit_message
from reports.fhir.audit import audit_bundle, audit_event, audit_ndjson
from reports.fhir.elements import FhirVersion
from reports.syslog import MOST_SEQUENCE, framed, message
from services.auditing.actions import ACTIONS
from services.auditing.records import coded, record_of

AT = datetime(2026, 11, 20, 12, 0, 5, 123456, tzinfo=UTC)
LOOK = AuditLink(
    AuditEvent(
        AT, "u1", "scan.view", "s1", "", AuditOutcome.SUCCESS, "p1", "clinician",
        AuditOrigin(AuditVia.BROWSER, "10.0.0.7"), 12,
    ),
    "", "key", "ab" * 32,
)  # fmt: skip
NAMES, PATIENTS = {"u1": "Dr. Ada (ada)"}, {"p1": "P-7K2M9"}


def told(**changes: object) -> AuditRecord:
    return record_of(replace(LOOK, event=replace(LOOK.event, **changes)), NAMES, PATIENTS)  # type: ignore[arg-type]


def test_every_action_has_a_code_of_dicom() -> None:
    for actions in ACTIONS.values():
        for action in actions:
            kind, _, act = coded(action)
            assert kind.scheme == "DCM" and act in "CRUDE"
    assert coded("signed in")[0].value == coded("sign-in failed")[0].value == "110114"
    assert coded("something new")[0].value == "110100"


@pytest.mark.parametrize("release", list(FhirVersion))
def test_a_look_at_a_scan_as_fhir(release: FhirVersion) -> None:
    event = audit_event(told(), release)
    text = json.dumps(event)
    assert event["action"] == "R" and event["recorded"].startswith("2026-11-20T12:00:05.123")
    assert '"110103"' in text and '"scan.view"' in text and '"read"' in text
    person, client, _ = event["agent"]
    assert person["who"]["display"] == "Dr. Ada (ada)" and person["requestor"]
    assert person["role"] == [{"text": "clinician"}]
    address = client["network"]["address"] if release is FhirVersion.R4 else client["networkString"]
    assert address == "10.0.0.7"
    patient, about = event["entity"]
    assert patient["what"]["identifier"]["value"] == "P-7K2M9"
    assert about["what"]["identifier"]["value"] == "s1"
    assert {"valueString": "ab" * 32} in [{"valueString": d["valueString"]} for d in about["detail"]]
    if release is FhirVersion.R5:
        assert event["patient"]["identifier"]["value"] == "P-7K2M9"
        assert event["outcome"]["code"]["code"] == "success"
    else:
        assert event["outcome"] == "0"


def test_a_refusal_of_nobody_known_is_fhir_too() -> None:
    refused = told(user_id=None, action="token refused", patient="", outcome=AuditOutcome.REFUSED)
    r4, r5 = audit_event(refused, FhirVersion.R4), audit_event(refused, FhirVersion.R5)
    assert (r4["outcome"], r5["outcome"]["code"]["code"]) == ("4", "error")
    (agent,) = r4["agent"]
    assert agent["requestor"] and agent["network"]["address"] == "10.0.0.7"


def test_bundles_and_lines_hold_every_event_under_an_id_that_stays() -> None:
    records = [told(), told(subject="s2", number=13)]
    lines = [json.loads(line) for line in audit_ndjson(records, FhirVersion.R5).splitlines()]
    entries = json.loads(audit_bundle(records, FhirVersion.R5))["entry"]
    assert [entry["resource"] for entry in entries] == lines
    assert len({line["id"] for line in lines}) == 2
    assert audit_event(told(), FhirVersion.R4)["id"] == lines[0]["id"]
    assert "entry" not in json.loads(audit_bundle([], FhirVersion.R4))


def test_a_look_as_a_dicom_audit_message() -> None:
    root = fromstring(audit_message(told(detail="Zoë\x00")))
    assert [child.tag for child in root] == [
        "EventIdentification",
        "ActiveParticipant",
        "ActiveParticipant",
        "AuditSourceIdentification",
        "ParticipantObjectIdentification",
        "ParticipantObjectIdentification",
    ]
    event = root[0]
    assert event.attrib == {
        "EventActionCode": "R",
        "EventDateTime": "2026-11-20T12:00:05.123+00:00",
        "EventOutcomeIndicator": "0",
    }
    assert event[0].attrib["csd-code"] == "110103" and event[0].attrib["codeSystemName"] == "DCM"
    assert root[1].attrib["UserID"] == "u1" and root[1].attrib["NetworkAccessPointID"] == "10.0.0.7"
    assert root[4].attrib["ParticipantObjectID"] == "P-7K2M9"
    details = {d.attrib["type"]: d.attrib["value"] for d in root[5].iter("ParticipantObjectDetail")}
    assert base64.b64decode(details["event"]).decode() == "12-" + "ab" * 8
    assert base64.b64decode(details["detail"]).decode() == "Zoë\x00"
    failed = fromstring(audit_message(told(outcome=AuditOutcome.FAILED)))
    assert failed[0].attrib["EventOutcomeIndicator"] == "8"


def test_a_syslog_message_is_framed_and_numbered() -> None:
    sent = message(AT, "räum 1", "DICOM+RFC3881", 12, b"<x/>")
    head = b'<85>1 2026-11-20T12:00:05.123456+00:00 r_um_1 lightbox - DICOM+RFC3881 [meta sequenceId="12"] '
    assert sent == head + b"\xef\xbb\xbf<x/>"
    assert framed(sent) == str(len(sent)).encode() + b" " + sent
    assert b'sequenceId="1"]' in message(AT, "", "X", MOST_SEQUENCE + 1, b"") and b" - X " in message(
        AT, "", "X", 1, b""
    )
