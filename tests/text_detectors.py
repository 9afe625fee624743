"""Detectors of text for tests that are not about the network: quick, and sure of what they say."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from data.database import Database
from data.files import FileStore
from data.stores.audit import AuditLog
from data.stores.burned_in_text import PixelScreeningStore
from data.stores.scans import ScanStore
from models.text_detection.detector import DetectorUnavailable, TextDetector
from models.text_detection.rule import DetectedText
from services.burned_in_text.screening import PictureScreening

INK = 255


class NoText:
    """Finds nothing."""

    name = "nothing"

    def __init__(self) -> None:
        self.looks = 0

    def check(self) -> None:
        pass

    def find(self, picture: NDArray[np.uint8]) -> list[DetectedText]:
        self.looks += 1
        return []


class BrightText(NoText):
    """Takes the frame around all pixels of full white for a line that says somebody's name."""

    name = "bright"

    def find(self, picture: NDArray[np.uint8]) -> list[DetectedText]:
        self.looks += 1
        rows, columns = np.nonzero(picture == INK)
        if not len(rows):
            return []
        edges = (rows.min(), columns.min(), rows.max() + 1, columns.max() + 1)
        return [DetectedText(*map(int, edges), 0.9, "LOVELACE ADA", 0.99)]


class NoDetector(NoText):
    """A network that is not there."""

    name = "missing"

    def check(self) -> None:
        raise DetectorUnavailable("ModuleNotFoundError: No module named 'rapidocr'")

    def find(self, picture: NDArray[np.uint8]) -> list[DetectedText]:
        raise DetectorUnavailable("ModuleNotFoundError: No module named 'rapidocr'")


def screening_by(detector: TextDetector, database: Database, files: FileStore) -> PictureScreening:
    """The screening of a test that builds its services by hand."""
    return PictureScreening(
        ScanStore(database), files, PixelScreeningStore(database), AuditLog(database), detector
    )
