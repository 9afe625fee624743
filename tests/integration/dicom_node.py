"""The DICOM node as people run it, and dcmtk's senders."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset

from services.settings import Settings
from tests import phantoms
from tests.data.formats.making import save, slices_of
from tests.integration.servers import free_port

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 120
AE_TITLE = "READER"
Done = subprocess.CompletedProcess[str]


def program(name: str) -> str:
    """A program of the machine; skips the test where it is missing."""
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed")
    return path


class Node:
    """`app.py dicom` in a process of its own, on one home folder."""

    def __init__(self, home: Path, **settings: object) -> None:
        self.home, self.port = home, free_port()
        self._log = home.with_name(f"{home.name}-node.log")
        said = {"HOME": home, "DICOM_AE_TITLE": AE_TITLE, "DICOM_PORT": self.port, **settings}
        self._environment = {f"LIGHTBOX_{name}": str(value) for name, value in said.items()}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        return self._log.read_text()

    @property
    def settings(self) -> Settings:
        return Settings.from_env(self._environment)

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "app.py", "dicom"],
                cwd=ROOT,
                env=os.environ | self._environment,
                stdout=log,
                stderr=log,
            )
        until = time.monotonic() + PATIENCE_S
        before = self.log.count("listens on")
        while self.log.count("listens on") == before:
            assert self._process.poll() is None, self.log
            assert time.monotonic() < until, self.log
            time.sleep(0.05)

    def kill(self) -> None:
        """At once, as a power cut would."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def stop(self) -> int:
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(30)

    def received(self) -> list[Path]:
        return sorted((self.home / "dicom" / "studies").rglob("*.dcm"))

    def echo(self, *options: str, called: str = AE_TITLE, calling: str = "SCANNER") -> Done:
        command = [program("echoscu"), *options, "-aec", called, "-aet", calling, "127.0.0.1", str(self.port)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60)

    def send(
        self, files: Sequence[Path], *options: str, called: str = AE_TITLE, calling: str = "SCANNER"
    ) -> Done:
        sender = self.sender(files, *options, called=called, calling=calling)
        said, _ = sender.communicate(timeout=PATIENCE_S)
        return subprocess.CompletedProcess(sender.args, sender.returncode, said)

    def sender(
        self,
        files: Sequence[Path],
        *options: str,
        called: str = AE_TITLE,
        calling: str = "SCANNER",
        scu: str = "storescu",
    ) -> subprocess.Popen[str]:
        """A storescu (or dcmsend) that is still sending."""
        command = [program(scu), "-v", *options, "-aec", called, "-aet", calling]
        return subprocess.Popen(
            [*command, "127.0.0.1", str(self.port), *map(str, files)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


@contextmanager
def node(home: Path, **settings: object) -> Iterator[Node]:
    """A node that listens, and at the end ends of itself."""
    started = Node(home, **settings)
    started.start()
    try:
        yield started
    finally:
        assert started.stop() == 0, started.log
    assert "Traceback" not in started.log


def head(folder: Path, lesion_mm: float = 15.0) -> list[Path]:
    """The files of one FLAIR series of a head, one instance each, in no order."""
    said = {"StudyInstanceUID": "1.2.840.99.7", "SeriesInstanceUID": "1.2.840.99.7.1"}
    said |= {"SeriesDescription": "T2 FLAIR", "BodyPartExamined": "BRAIN", "PatientName": "Doe^Jane"}
    voxels, affine = phantoms.brain(lesion_mm), phantoms.mni()[1]
    return saved(slices_of(voxels.astype(np.int16), affine, **said), folder)


def saved(instances: Sequence[Dataset], folder: Path) -> list[Path]:
    folder.mkdir()
    files = [save(dataset, folder / f"{number:03d}") for number, dataset in enumerate(instances)]
    random.Random(7).shuffle(files)
    return files
