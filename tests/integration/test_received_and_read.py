"""From a scanner to the worklist without a hand, everything killed on the way: nothing lost, read once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from data.database import open_database
from data.records import Role, ScanStatus, UploadState, WorklistQuery
from data.stores.audit import AuditLog
from data.stores.received import ReceivedStore
from data.stores.scans import ScanStore
from data.stores.uploads import UploadStore
from services.accounts import accounts_of
from tests.integration.dicom_node import PATIENCE_S, Node, head, node
from tests.integration.reading_server import ReadingServer, wait_for
from tests.services.real import person, running

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

SILENCE_S = 20  # longer than a killed node needs to be back on a busy machine, or a study comes in parts


@pytest.fixture
def sending(tmp_path: Path) -> Iterator[Node]:
    started = Node(tmp_path / "home", DICOM_SILENCE_SECONDS=SILENCE_S)
    started.start()
    yield started
    assert started.stop() == 0, started.log


@pytest.fixture
def server(sending: Node) -> Iterator[ReadingServer]:
    started = ReadingServer(sending, SILENCE_S)
    started.start()
    yield started
    started.stop()


def test_a_study_is_read_once_although_node_and_server_are_killed(
    tmp_path: Path, sending: Node, server: ReadingServer
) -> None:
    files = head(tmp_path / "sent")
    cut_off = sending.sender(files)
    wait_for(lambda: len(sending.received()) > len(files) // 3)
    sending.kill()
    cut_off.communicate(timeout=PATIENCE_S)
    assert cut_off.returncode != 0
    before = len(sending.received())
    assert before < len(files), "the node was killed too late to prove anything"
    sending.start()
    both = [sending.sender(files, calling="MR1"), sending.sender(list(reversed(files)), calling="MR2")]
    for sender in both:
        assert sender.communicate(timeout=PATIENCE_S)[0].count("Response (Success)") == len(files)
    assert len(sending.received()) == len(files)

    database = open_database(sending.settings.database_url)
    received, uploads, scans = ReceivedStore(database), UploadStore(database), ScanStore(database)
    wait_for(lambda: received.outcomes(9))
    server.kill()  # as soon as the study was handed over
    assert scans.counts()[ScanStatus.READ] == 0, "the server was killed too late to prove anything"
    server.start()
    wait_for(lambda: scans.counts()[ScanStatus.READ])
    assert sending.send(files, calling="MR1").returncode == 0
    time.sleep(SILENCE_S + 3)
    (outcome,) = received.outcomes(9)
    upload = uploads.get(outcome.series.upload_id)
    assert upload is not None and upload.state is UploadState.DONE and upload.refusals == ()
    (scan_id,) = upload.scan_ids
    scan = scans.get(scan_id)
    assert scan is not None and scan.slices == len(files) and scan.uploaded_by.startswith("dicom:")
    assert sum(scans.counts().values()) == 1
    assert sum(count.instances for count in received.senders()) == len(files)
    noted = [event for event in AuditLog(database).recent(50) if event.action == "dicom.receive"]
    assert len(noted) == 1 and f"{len(files)} instances" in noted[0].detail
    assert accounts_of(database).all()[0].role is Role.ADMIN
    database.dispose()


def test_what_a_scanner_sends_stands_in_the_worklist_with_its_result(tmp_path: Path) -> None:
    files = head(tmp_path / "sent")
    home = tmp_path / "home"
    with node(home) as listening, running(home, dicom_silence_seconds=1) as services:
        ada, administrator = person(services, Role.CLINICIAN, "ada"), person(services, Role.ADMIN, "root")
        assert listening.send(files, calling="MR1").returncode == 0
        received = services.receiving.received
        wait_for(lambda: any(study.scans for study in received.overview(administrator).studies))
        assert services.jobs.wait_idle(PATIENCE_S)
        overview = received.overview(administrator)
        (row,) = services.reviewing.worklist.page(WorklistQuery(), ada).rows
        view = services.reviewing.scan_views.scan(row.scan_id, ada)
        metrics = services.health.metrics().decode()
    assert view.scan.status is ScanStatus.READ and view.result is not None and view.result.positive
    assert view.received_from == "MR1"
    (study,) = overview.studies
    assert (study.series, study.instances, study.scans, study.sentences) == (1, len(files), 1, ())
    assert [(sender.sender.ae_title, sender.instances) for sender in overview.senders] == [
        ("MR1", len(files))
    ]
    assert overview.node is not None and overview.node.running() and overview.waiting == ()
    assert f'lightbox_dicom_instances{{address="127.0.0.1",ae_title="MR1"}} {len(files)}.0' in metrics
    assert 'lightbox_dicom_studies{state="handed over"} 1.0' in metrics
