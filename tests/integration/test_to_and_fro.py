"""One study from a scanner to its results in the PACS without a hand, and with a correction in between.

Node, server and PACS are processes; the PACS has the scanner's study, too, and is away for a while.
"""

from __future__ import annotations

import gzip
import json
import subprocess
import time
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data.database import open_database
from data.records import RemoteNodeKind, Role, ScanStatus
from data.stores.audit import AuditLog
from data.stores.deliveries import DeliveryStore
from data.stores.scans import ScanStore
from services.assembly.container import build_services
from services.reviewing.review import DrawnMask
from services.sending.routing import RuleWanted
from tests import phantoms
from tests.data.formats.making import slices_of
from tests.integration.dicom_node import Node, program, saved
from tests.integration.reading_server import ReadingServer, wait_for
from tests.integration.servers import LEFT_SOCKETS, Orthanc, pacs
from tests.services.exporting.test_exports import STRICT
from tests.services.real import person

pytestmark = [pytest.mark.integration, LEFT_SOCKETS, pytest.mark.timeout(600)]
SILENCE_S = 2
RESULTS = {"SEG": 1, "SR": 1, "DOC": 1}
PATIENT, STUDY = ("PatientName", "PatientID"), ("AccessionNumber", "StudyID", "StudyDescription")


def study_of(folder: Path) -> list[Path]:
    said = {"StudyInstanceUID": "1.2.840.99.8", "SeriesInstanceUID": "1.2.840.99.8.1"}
    said |= {"SeriesDescription": "T2 FLAIR", "BodyPartExamined": "BRAIN", "StudyDate": "20261126"}
    said |= STRICT | {"SpecificCharacterSet": "ISO_IR 192", "FrameOfReferenceUID": "1.2.840.99.8.2"}
    return saved(slices_of(phantoms.brain(15.0).astype(np.int16), phantoms.mni()[1], **said), folder)


def asked(server: Orthanc, path: str) -> Any:
    with urllib.request.urlopen(f"{server.url}/{path}", timeout=60) as answer:
        return json.loads(answer.read())


def results_in(server: Orthanc) -> Counter[str]:
    """How many results of each modality the PACS has."""
    series = [asked(server, f"series/{known}") for known in asked(server, "series")]
    counts: Counter[str] = Counter()
    for of_series in series:
        counts[of_series["MainDicomTags"]["Modality"]] += len(of_series["Instances"])
    del counts["MR"]
    return counts


def send_to(server: Orthanc, files: list[Path]) -> None:
    where = ["-aec", Orthanc.AE_TITLE, "127.0.0.1", str(server.dicom)]
    subprocess.run([program("storescu"), *where, *map(str, files)], check=True, timeout=120)


def test_a_study_goes_to_and_fro_without_a_hand_and_with_a_correction(tmp_path: Path) -> None:
    sending = Node(tmp_path / "home", DICOM_SILENCE_SECONDS=SILENCE_S)
    sending.start()
    beside = build_services(sending.settings)  # the administrator's and the reviewer's hands
    reading = ReadingServer(sending, SILENCE_S)
    files = study_of(tmp_path / "sent")
    with pacs() as archive:
        try:
            reading.start()
            admin, ada = person(beside, Role.ADMIN, "root"), person(beside, Role.CLINICIAN, "ada")
            where = {"ae_title": Orthanc.AE_TITLE, "host": "127.0.0.1", "port": archive.dicom}
            pacs_node = beside.remote_nodes.add("PACS", RemoteNodeKind.DICOM, where, admin)
            every = ("found", "not-found", "uncertain")
            rule = RuleWanted(pacs_node.id, outcomes=every, forms=("seg", "sr", "pdf"))
            beside.sending.routing.add(rule, admin)
            send_to(archive, files)
            archive.kill()

            assert sending.send(files, calling="MR1").returncode == 0
            database = open_database(sending.settings.database_url)
            deliveries = DeliveryStore(database)
            wait_for(lambda: deliveries.failing(pacs_node.id, 1))
            reading.kill()
            archive.start()
            reading.start()
            wait_for(lambda: results_in(archive) == RESULTS)

            (scan_id,) = ScanStore(database).ids_with_status((ScanStatus.READ,))
            mask = beside.reviewing.pictures.mask(scan_id).copy()
            drawn = np.flatnonzero(mask.any(axis=(1, 2)))
            mask[drawn[len(drawn) // 2] :] = False
            corrected = DrawnMask(gzip.compress(mask.astype(np.uint8).tobytes()), False)
            beside.reviewing.reviews.correct(scan_id, ada, corrected)
            twice = {modality: 2 * number for modality, number in RESULTS.items()}
            wait_for(lambda: results_in(archive) == twice)
            time.sleep(2)  # nothing more comes
            assert results_in(archive) == twice

            (study,) = asked(archive, "studies")  # the results are in the scanner's own
            tags = asked(archive, f"studies/{study}")
            said = tags["MainDicomTags"] | tags["PatientMainDicomTags"]
            assert {key: said[key] for key in (*PATIENT, *STUDY)} == {
                key: STRICT[key] for key in (*PATIENT, *STUDY)
            }
            for instance in asked(archive, "instances"):
                told = asked(archive, f"instances/{instance}/simplified-tags")
                assert {key: told[key] for key in STRICT} == STRICT
            noted = [event for event in AuditLog(database).recent(50) if event.action == "scan.send"]
            assert len(noted) == 6 and all("named" in event.detail for event in noted)
            database.dispose()
        finally:
            reading.stop()
            beside.close()
            assert sending.stop() == 0, sending.log
