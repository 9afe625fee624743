"""How fast the DICOM node takes instances: against Orthanc's own C-STORE, and beside readings.

The same files from the same senders (dcmtk's storescu), in rounds that take turns. Printed are medians
and their ratio; nothing is asserted but that all instances arrived. Orthanc as Debian sets it up flushes
each file to the disk before it answers, as Lightbox does; how fast it is without (SyncStorageArea off)
stands beside it.
"""

from __future__ import annotations

import io
import json
import statistics
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from data.records import Role, User
from services.assembly.container import Services
from tests import phantoms
from tests.data.formats.making import affine_of, picture, save, slices_of
from tests.integration.dicom_node import AE_TITLE, Node, node, program
from tests.integration.servers import Orthanc, pacs
from tests.integration.studies import CR
from tests.services.real import person, running

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1800)]

ROUNDS = 5
SLICES, FILMS = 240, 16
READINGS = 8


@dataclass
class Store:
    """A C-STORE SCP, and how many instances it holds."""

    name: str
    ae_title: str
    port: int
    held: Callable[[], int]


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[tuple[Store, ...]]:
    """Ours and Orthanc, on the same disk."""
    with node(tmp_path / "home") as ours, pacs() as orthanc, pacs(SyncStorageArea=False) as unflushed:
        yield (
            Store("Lightbox", AE_TITLE, ours.port, lambda: len(ours.received())),
            Store("Orthanc", Orthanc.AE_TITLE, orthanc.dicom, lambda: instances_of(orthanc)),
            Store("unflushed", Orthanc.AE_TITLE, unflushed.dicom, lambda: instances_of(unflushed)),
        )


def instances_of(orthanc: Orthanc) -> int:
    with urllib.request.urlopen(f"{orthanc.url}/statistics", timeout=30) as answer:
        return int(json.load(answer)["CountInstances"])


def slices(folder: Path) -> list[Path]:
    """An MR series of 256 x 256, 128 KiB a file."""
    folder.mkdir()
    voxels = np.random.default_rng(1).integers(0, 900, (256, 256, SLICES)).astype(np.int16)
    made = slices_of(voxels, affine_of(((0, 1, 2), (-1, -1, 1)), (0.9, 0.9, 1.0)))
    return [save(dataset, folder / f"{number:03d}") for number, dataset in enumerate(made)]


def films(folder: Path) -> list[Path]:
    """Films of 2,400 x 2,000, 9 MiB a file."""
    folder.mkdir()
    pixels = np.random.default_rng(2).integers(0, 4096, (2000, 2400)).astype(np.uint16)
    made = [picture(pixels, SOPClassUID=CR, Modality="CR", BodyPartExamined="CHEST") for _ in range(FILMS)]
    return [save(dataset, folder / f"{number:03d}") for number, dataset in enumerate(made)]


def sending(to: Store, files: Sequence[Path]) -> subprocess.Popen[bytes]:
    """A sender; the instances that it sends are new ones each time."""
    command = [program("storescu"), "--invent-instance", "-aec", to.ae_title, "-aet", "SCANNER"]
    command += ["127.0.0.1", str(to.port), *map(str, files)]
    return subprocess.Popen(
        command, stderr=subprocess.DEVNULL
    )  # it misses what it would have liked to number


def seconds(to: Store, files: Sequence[Path], associations: int) -> float:
    """How long the files take, shared by so many associations at once."""
    before, started = to.held(), time.perf_counter()
    senders = [sending(to, files[first::associations]) for first in range(associations)]
    assert [sender.wait() for sender in senders] == [0] * associations
    took = time.perf_counter() - started
    assert to.held() == before + len(files)
    return took


@pytest.mark.parametrize("associations", [1, 4])
@pytest.mark.parametrize("make", [slices, films], ids=["slices", "films"])
def test_c_store_against_orthanc(
    make: Callable[[Path], list[Path]], associations: int, stores: tuple[Store, ...], tmp_path: Path
) -> None:
    files = make(tmp_path / "sent")
    took: dict[str, list[float]] = {store.name: [] for store in stores}
    for number in range(ROUNDS + 1):
        for store in stores if number % 2 else reversed(stores):
            once = seconds(store, files, associations)
            if number:  # the first time is for warming up
                took[store.name].append(once)
    rate = {name: len(files) / statistics.median(times) for name, times in took.items()}
    print(
        f"\n{make.__name__}, {associations} association(s): Lightbox {rate['Lightbox']:.1f} instances/s, "
        f"Orthanc {rate['Orthanc']:.1f}: ratio {rate['Lightbox'] / rate['Orthanc']:.2f} "
        f"(Orthanc that flushes nothing {rate['unflushed']:.1f}: {rate['Lightbox'] / rate['unflushed']:.2f})"
    )


@pytest.fixture
def head(tmp_path: Path) -> Callable[[], bytes]:
    """Makes heads that have not been read yet, as NIfTI."""
    random = np.random.default_rng(3)
    voxels = phantoms.brain(15.0)[:, :, 30:42]

    def made() -> bytes:
        return phantoms.nifti((voxels + random.normal(0, 8, voxels.shape)).clip(0).astype(np.int16))

    return made


def readings_a_minute(services: Services, user: User, made: Callable[[], bytes]) -> float:
    heads = [made() for _ in range(READINGS)]
    started = time.perf_counter()
    for number, content in enumerate(heads):
        services.reading.intake.receive(user, f"head{number}.nii.gz", io.BytesIO(content))
    assert services.jobs.wait_idle(600)
    return 60 * READINGS / (time.perf_counter() - started)


class Scanner:
    """Sends without a pause, from `start` to `stop`."""

    def __init__(self, to: Node, files: Sequence[Path]) -> None:
        self._to = Store("Lightbox", AE_TITLE, to.port, lambda: len(to.received()))
        self._files = files
        self._stopping = threading.Event()

    def start(self) -> None:
        self._stopping.clear()
        self._before, self._started = self._to.held(), time.perf_counter()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def stop(self) -> float:
        """How many instances a second it has sent."""
        self._stopping.set()
        self._thread.join()
        return (self._to.held() - self._before) / (time.perf_counter() - self._started)

    def _run(self) -> None:
        while not self._stopping.is_set():
            sender = sending(self._to, self._files)
            while sender.poll() is None and not self._stopping.is_set():
                time.sleep(0.02)
            sender.terminate()
            sender.wait()


def test_readings_beside_a_scanner_that_sends(tmp_path: Path, head: Callable[[], bytes]) -> None:
    files = slices(tmp_path / "sent")
    alone, beside, sent = [], [], []
    with node(tmp_path / "home") as listening, running(tmp_path / "reading") as services:
        user, scanner = person(services, Role.CLINICIAN, "ada"), Scanner(listening, files)
        readings_a_minute(services, user, head)
        for _ in range(ROUNDS):
            alone.append(readings_a_minute(services, user, head))
            scanner.start()
            beside.append(readings_a_minute(services, user, head))
            sent.append(scanner.stop())
    quiet, busy = statistics.median(alone), statistics.median(beside)
    print(
        f"\nreadings alone {quiet:.1f} a minute, while {statistics.median(sent):.0f} instances/s come "
        f"without a pause {busy:.1f}: ratio {busy / quiet:.2f}"
    )
