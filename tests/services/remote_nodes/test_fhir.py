"""Bundles go to a real FHIR server: the same result is the same resources, refusals are in its words."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from data.records import RemoteNode, RemoteNodeKind
from reports.dicom.origin import Subject
from reports.fhir.bundle import bundle
from reports.fhir.elements import FhirVersion
from reports.plain_result import PlainResult, Quantity, ResultStatus
from services.remote_nodes import fhir
from services.remote_nodes.peer import Peer, Receipt, RemoteFault
from services.settings import Settings
from tests.fhir_server import FhirServer, fhir_server
from tests.integration.servers import LEFT_SOCKETS, free_port
from tests.reports.plain_results import plain

pytestmark = LEFT_SOCKETS
BEARER = "s3cret"
KINDS = ("Patient", "ImagingStudy", "Device", "Observation", "DiagnosticReport", "Provenance")


@pytest.fixture
def server() -> Iterator[FhirServer]:
    with fhir_server() as server:
        yield server


def peer_at(url: str, secret: str = "") -> Peer:
    node = RemoteNode("n" * 32, "EHR", RemoteNodeKind.DICOMWEB, url=url)
    return Peer(node, Settings(), secret)


def delivered(url: str, *results: PlainResult, secret: str = "") -> list[Receipt]:
    contents = [bundle(result, FhirVersion.R4) for result in results]
    return list(fhir.deliver(peer_at(url, secret), contents, fhir.R4))


def counts(server: FhirServer) -> dict[str, int]:
    return {kind: len(server.all(kind)) for kind in KINDS}


@contextmanager
def answering(status: int, body: Any) -> Iterator[str]:
    """A server that answers everything so."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_the_same_result_sent_twice_is_the_same_resources(server: FhirServer) -> None:
    fhir.echo(peer_at(server.url), fhir.R4)
    assert delivered(server.url, plain()) == [Receipt(True)]
    first = {kind: server.all(kind) for kind in KINDS}
    assert counts(server) == dict.fromkeys(KINDS, 1) | {"Observation": 2}
    assert delivered(server.url, plain(), plain()) == [Receipt(True)] * 2
    again = {kind: server.all(kind) for kind in KINDS}
    for kind in KINDS:
        assert [told["id"] for told in again[kind]] == [told["id"] for told in first[kind]]


def test_what_a_clinician_says_takes_the_place_of_what_was_there(server: FhirServer) -> None:
    delivered(server.url, plain())
    gone = [
        replace(lesion, quantities=[Quantity(lesion.quantities[0].name, None, "mL")], withdrawn=True)
        for lesion in plain().lesions
    ]
    delivered(
        server.url,
        plain(version="c" * 32, status=ResultStatus.FINAL, reviewer="Dr Müller"),
        plain(
            version="d" * 32,
            status=ResultStatus.REJECTED,
            answer=None,
            quantities=[],
            lesions=gone,
            headline="WITHDRAWN",
            text=["WITHDRAWN"],
            reviewer="Dr Müller",
        ),
    )
    (report,) = server.all("DiagnosticReport")
    assert report["status"] == "entered-in-error" and report["conclusion"] == "WITHDRAWN"
    assert {told["status"] for told in server.all("Observation")} == {"entered-in-error"}
    assert not any("component" in told for told in server.all("Observation"))
    assert counts(server) == dict.fromkeys(KINDS, 1) | {"Observation": 2, "Provenance": 3}


def test_references_lead_to_the_servers_own_resources(server: FhirServer) -> None:
    delivered(server.url, plain())
    (report,) = server.all("DiagnosticReport")
    places = [report["subject"], *report["result"], *report["imagingStudy"]]
    kinds = [server.get(place["reference"])["resourceType"] for place in places]
    assert kinds == ["Patient", "Observation", "Observation", "ImagingStudy"]
    assert server.get(report["result"][1]["reference"])["component"][0]["valueQuantity"]["value"] == 6.048
    (record,) = server.all("Provenance")
    assert server.get(record["agent"][0]["who"]["reference"])["resourceType"] == "Device"
    assert f"DiagnosticReport/{report['id']}" in [target["reference"] for target in record["target"]]


def test_the_hospitals_own_patient_and_study_are_never_changed(server: FhirServer) -> None:
    delivered(server.url, plain())
    (patient,) = server.all("Patient")
    delivered(server.url, plain(sex="M", reading="e" * 32))
    assert server.all("Patient") == [patient]
    assert counts(server)["ImagingStudy"] == 1 and counts(server)["DiagnosticReport"] == 2


def test_named_and_pseudonymous_results_do_not_take_each_others_place(server: FhirServer) -> None:
    delivered(server.url, plain(), plain(subject=Subject("P-7K3QX")))
    assert counts(server)["Patient"] == counts(server)["DiagnosticReport"] == 2


def test_the_servers_own_words_are_told(server: FhirServer) -> None:
    broken = json.loads(bundle(plain(), FhirVersion.R4))
    for entry in broken["entry"]:
        entry["resource"].pop("status", None)
    (receipt,) = fhir.deliver(peer_at(server.url), [json.dumps(broken).encode()], fhir.R4)
    assert not receipt.taken and receipt.words is not None
    assert "422 Unprocessable Entity" in receipt.words and "Missing required property" in receipt.words
    assert counts(server) == dict.fromkeys(KINDS, 0)


def test_a_bearer_token_is_shown() -> None:
    with fhir_server(BEARER) as server:
        with pytest.raises(RemoteFault, match="401 Unauthorized: The bearer token is not known here."):
            delivered(server.url, plain())
        assert delivered(server.url, plain(), secret=BEARER) == [Receipt(True)]


def test_a_server_of_another_release_is_not_taken_for_one(server: FhirServer) -> None:
    with pytest.raises(RemoteFault, match="EHR speaks FHIR 4.0.1, not 5.0"):
        fhir.echo(peer_at(server.url), fhir.R5)
    with (
        answering(200, {"resourceType": "Patient"}) as url,
        pytest.raises(RemoteFault, match="CapabilityStatement"),
    ):
        fhir.echo(peer_at(url), fhir.R4)


OUTCOME = {
    "resourceType": "OperationOutcome",
    "issue": [
        {"severity": "error", "code": "multiple-matches", "diagnostics": "Two patients have this number"}
    ],
}
REFUSED = {"response": {"status": "412 Precondition Failed", "outcome": OUTCOME}}


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (412, OUTCOME, "412 Precondition Failed: Two patients have this number"),
        (400, b"no json", "400 Bad Request: no json"),
        (200, {"resourceType": "Bundle", "type": "batch-response"}, "not with a transaction-response"),
        (200, b"<html>welcome</html>", "not with a transaction-response"),
        (
            200,
            {"resourceType": "Bundle", "type": "transaction-response", "entry": [REFUSED]},
            "412 Precondition Failed: Two patients have this number",
        ),
    ],
)
def test_what_was_not_taken_is_no_receipt(status: int, body: Any, words: str) -> None:
    with answering(status, body) as url:
        (receipt,) = delivered(url, plain())
    assert not receipt.taken and receipt.words is not None and words in receipt.words


@pytest.mark.parametrize("status", [301, 403, 404, 500, 503])
def test_what_is_wrong_with_the_server_is_a_fault_of_the_node(status: int) -> None:
    with (
        answering(status, b"") as url,
        pytest.raises(RemoteFault, match=f"answered the transaction with {status}"),
    ):
        delivered(url, plain())


def test_who_is_not_there_is_told() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    for asked in (lambda: fhir.echo(peer_at(url), fhir.R4), lambda: delivered(url, plain())):
        with pytest.raises(RemoteFault, match="EHR cannot be reached"):
            asked()


@contextmanager
def losing_answers(server: FhirServer) -> Iterator[str]:
    """The same server by a way on which requests arrive and answers are lost."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            server.post("", self.rfile.read(int(self.headers["Content-Length"])))
            self.connection.shutdown(socket.SHUT_RDWR)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as way:
        threading.Thread(target=way.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{way.server_port}"
        way.shutdown()


def test_what_arrived_although_its_answer_was_lost_is_there_once(server: FhirServer) -> None:
    with losing_answers(server) as url, pytest.raises(RemoteFault, match="EHR cannot be reached"):
        delivered(url, plain())
    assert counts(server)["DiagnosticReport"] == 1
    assert delivered(server.url, plain()) == [Receipt(True)]
    assert counts(server) == dict.fromkeys(KINDS, 1) | {"Observation": 2}
