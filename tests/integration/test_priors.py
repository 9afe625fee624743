"""Priors come from a real PACS, by C-MOVE and C-GET: once, of the same person only, and nobody's new work."""

from __future__ import annotations

import threading
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset

from data.database import now
from data.records import (
    PriorRule,
    PriorState,
    RemoteNode,
    RemoteNodeKind,
    RetrieveMethod,
    Role,
    Scan,
    ScanStatus,
    User,
    WorklistQuery,
)
from services.assembly.container import Services
from services.priors import query_retrieve
from services.priors.answers import SubOperations
from services.priors.priors import PriorsView
from services.remote_nodes.peer import Peer
from tests import phantoms
from tests.data.formats.making import picture, save, slices_of
from tests.integration.dicom_node import AE_TITLE, PATIENCE_S, Node, node
from tests.integration.reading_server import wait_for
from tests.integration.servers import LEFT_SOCKETS, Orthanc, pacs
from tests.services.real import person, running

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600), LEFT_SOCKETS]

ADA = {
    "PatientID": "MRN-1815",
    "PatientName": "Lovelace^Ada",
    "PatientBirthDate": "18151210",
    "PatientSex": "F",
}
OTHER = ADA | {"PatientBirthDate": "19590401", "PatientName": "Smith^Jane"}
SLICES = 4


def brain(uid: str, day: str, folder: Path, who: dict[str, str], lesion_mm: float = 15.0) -> list[Path]:
    """A study of a day with a FLAIR series and a localiser."""
    said = {
        **who,
        "StudyInstanceUID": uid,
        "StudyDate": day,
        "AcquisitionDate": day,
        "AcquisitionTime": "101500",
    }
    voxels, affine = phantoms.brain(lesion_mm)[:, :, 36 : 36 + SLICES], phantoms.mni()[1]
    noise = np.random.default_rng(int(day)).normal(0, 8, voxels.shape)
    flair = {"SeriesInstanceUID": f"{uid}.1", "SeriesDescription": "T2 FLAIR", "BodyPartExamined": "BRAIN"}
    series = slices_of((voxels + noise).clip(0).astype(np.int16), affine, **said, **flair)
    scout = {"SeriesInstanceUID": f"{uid}.2", "SeriesDescription": "Localizer", "BodyPartExamined": "HEAD"}
    pixels = np.random.default_rng(1).integers(0, 4000, (64, 64)).astype(np.uint16)
    series.append(picture(pixels, **said, **scout))
    return _saved(series, folder / uid)


def _saved(instances: Sequence[Dataset], folder: Path) -> list[Path]:
    folder.mkdir(parents=True)
    return [save(dataset, folder / f"{number:03d}") for number, dataset in enumerate(instances)]


@dataclass
class House:
    """A PACS that knows our DICOM node, and the whole of Lightbox beside it."""

    services: Services
    listening: Node
    orthanc: Orthanc
    remote: RemoteNode
    web: RemoteNode
    ada: User
    root: User
    folder: Path

    def archive(self, files: Sequence[Path]) -> None:
        for file in files:
            urllib.request.urlopen(f"{self.orthanc.url}/instances", data=file.read_bytes()).close()

    def rule(self, method: RetrieveMethod, *, automatic: bool, studies: int = 3, years: int = 5) -> None:
        remote = self.web if method is RetrieveMethod.WADO else self.remote
        rule = PriorRule(remote.id, method, automatic, studies, years)
        self.services.priors.set_rule(rule, self.root)

    def scans(self) -> list[Scan]:
        page = self.services.reviewing.worklist.page(WorklistQuery(), self.ada)
        return [self.services.reviewing.scan_views.scan(row.scan_id, self.ada).scan for row in page.rows]

    def read(self, count: int) -> list[Scan]:
        wait_for(
            lambda: len(self.scans()) == count and all(s.status is ScanStatus.READ for s in self.scans())
        )
        return self.scans()

    def requests(self, scan: Scan) -> list[PriorsView]:
        return self.services.priors.of_patient(scan.patient_id, self.ada)

    def send_current(self) -> Scan:
        files = brain("1.2.840.99.1", "20260105", self.folder, ADA)
        self.archive(files)
        assert self.listening.send(files[:SLICES], calling="MR1").returncode == 0
        wait_for(lambda: self.scans())
        return self.scans()[0]


@contextmanager
def archive(listening: Node, *, knows_us: bool = True) -> Iterator[Orthanc]:
    """A PACS that may know our DICOM node, and lets anybody ask."""
    title = AE_TITLE if knows_us else "SOMEBODY"
    modalities = {"reader": [title, "127.0.0.1", listening.port]}
    anybody = dict.fromkeys(("DicomAlwaysAllowFind", "DicomAlwaysAllowMove", "DicomAlwaysAllowGet"), True)
    with pacs(DicomModalities=modalities, **anybody) as orthanc:
        yield orthanc


@contextmanager
def lightbox(folder: Path, listening: Node, orthanc: Orthanc) -> Iterator[House]:
    """The whole of Lightbox beside its DICOM node, with the PACS as a remote node."""
    settings = {"dicom_silence_seconds": 1, "dicom_ae_title": AE_TITLE}
    with running(listening.home, **settings) as services:
        ada, root = person(services, Role.CLINICIAN, "ada"), person(services, Role.ADMIN, "root")
        there = {"ae_title": Orthanc.AE_TITLE, "host": "127.0.0.1", "port": orthanc.dicom}
        nodes = services.remote_nodes
        if not nodes.all(root):
            nodes.add("PACS", RemoteNodeKind.DICOM, there, root)
            nodes.add("PACS web", RemoteNodeKind.DICOMWEB, {"url": f"{orthanc.url}/dicom-web"}, root)
        remote, web = nodes.all(root)
        yield House(services, listening, orthanc, remote, web, ada, root, folder)


@contextmanager
def house(folder: Path, *, known: bool = True) -> Iterator[House]:
    with (
        node(folder / "home") as listening,
        archive(listening, knows_us=known) as orthanc,
        lightbox(folder, listening, orthanc) as made,
    ):
        yield made


@pytest.mark.parametrize("method", RetrieveMethod)
def test_a_study_that_arrives_has_its_prior_fetched_once_and_compared(
    tmp_path: Path, method: RetrieveMethod
) -> None:
    with house(tmp_path) as made:
        made.archive(brain("1.2.840.99.2", "20240310", tmp_path, ADA, 11.0))
        made.archive(brain("1.2.840.99.3", "20100310", tmp_path, ADA))
        made.archive(brain("1.2.840.99.4", "20250310", tmp_path, OTHER))
        made.rule(method, automatic=True)
        current = made.send_current()
        wait_for(lambda: [view.request.state for view in made.requests(current)] == [PriorState.DONE])
        scans = made.read(2)
        (prior,) = (scan for scan in scans if scan.header.study_uid == "1.2.840.99.2")
        (view,) = made.requests(current)
        (series,) = view.series
        assert (series.study_uid, series.completed, series.failed) == ("1.2.840.99.2", SLICES, 0)
        name = "PACS web" if method is RetrieveMethod.WADO else "PACS"
        assert series.state is PriorState.DONE and view.node == name and view.request.asked_by is None
        sentence = (
            "The study of 2025-03-10 is not fetched: the PACS has another birth date for this patient ID."
        )
        assert view.request.passed_over == (sentence,)
        worklist, scan_views = made.services.reviewing.worklist, made.services.reviewing.scan_views
        assert prior.slices == SLICES and prior.patient_id == current.patient_id
        assert scan_views.scan(prior.id, made.ada).prior_from == name
        assert scan_views.scan(current.id, made.ada).received_from == "MR1"
        counted = {counter.name: counter.n.real for counter in worklist.counters(made.ada)}
        assert counted["unread"] == 1
        page = worklist.page(WorklistQuery(sort=(("urgency", True),)), made.ada)
        assert [row.scan_id for row in page.rows] == [current.id, prior.id]
        assert worklist.next_unread(current.id, made.ada) is None
        made.services.receiving.senders.tick()
        arrivals = made.services.receiving.senders.view(made.root)
        assert [sender.ae_title for sender in arrivals] == ["MR1"]  # what was asked for is no sign of life

        made.services.priors.fetch(current.patient_id, made.ada)  # all is here already
        wait_for(lambda: len(made.requests(current)) == 2 and made.services.jobs.wait_idle(PATIENCE_S))
        latest = made.requests(current)[0]
        assert latest.request.state is PriorState.DONE and latest.series == ()
        assert len(made.scans()) == 2


def test_nothing_is_fetched_unasked_and_no_more_than_the_rule_says(tmp_path: Path) -> None:
    with house(tmp_path) as made:
        for number, year in enumerate(("2022", "2024", "2025")):
            made.archive(brain(f"1.2.840.99.1{number}", f"{year}0310", tmp_path, ADA))
        made.rule(RetrieveMethod.MOVE, automatic=False, studies=1)
        current = made.send_current()
        made.read(1)
        assert made.requests(current) == []
        assert made.services.priors.fetch(current.patient_id, made.ada) == 1
        made.read(2)
        days = {str(scan.header.acquired_at)[:10] for scan in made.scans()}
        assert days == {"2026-01-05", "2025-03-10"}


def test_what_the_pacs_refuses_is_told_in_its_own_words_and_tried_again(tmp_path: Path) -> None:
    with house(tmp_path, known=False) as made:
        made.archive(brain("1.2.840.99.2", "20240310", tmp_path, ADA))
        made.rule(RetrieveMethod.MOVE, automatic=True)
        current = made.send_current()
        wait_for(lambda: [view.request.state for view in made.requests(current)] == [PriorState.FAILED])
        (view,) = made.requests(current)
        assert (
            view.request.failure is not None and "PACS answered C-MOVE with status 0x" in view.request.failure
        )
        assert [series.state for series in view.series] == [PriorState.FAILED]
        assert view.request.next_at is not None
        made.rule(RetrieveMethod.GET, automatic=True)
        made.services.priors.tick(now() + timedelta(minutes=6))
        made.read(2)
        assert [view.request.state for view in made.requests(current)] == [PriorState.DONE]


class KilledError(Exception):
    """Stands for the end of the server at this very place."""


def test_a_server_that_ended_goes_on_with_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    ended, fetch = threading.Event(), query_retrieve.get

    def get(peer: Peer, study_uid: str, *others: Any) -> SubOperations:
        asked.append(study_uid)
        if len(asked) == 2:
            assert ended.wait(PATIENCE_S)
            raise KilledError
        return fetch(peer, study_uid, *others)

    monkeypatch.setattr(query_retrieve, "get", get)
    with node(tmp_path / "home") as listening, archive(listening) as orthanc:
        with lightbox(tmp_path, listening, orthanc) as made:
            for number, day in enumerate(("20240310", "20230310")):
                made.archive(brain(f"1.2.840.99.1{number}", day, tmp_path, ADA))
            made.rule(RetrieveMethod.GET, automatic=True)
            current = made.send_current()
            wait_for(lambda: len(asked) == 2)
            states = {series.state for view in made.requests(current) for series in view.series}
            assert states == {PriorState.DONE, PriorState.WAITING}
        ended.set()
        with lightbox(tmp_path, listening, orthanc) as made:
            made.read(3)
            (view,) = made.requests(current)
            assert view.request.state is PriorState.DONE and len(view.series) == 2
    assert asked == ["1.2.840.99.10", "1.2.840.99.11", "1.2.840.99.11"]
