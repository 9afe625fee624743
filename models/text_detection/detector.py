"""The networks that find and read text: PP-OCRv6 (small), which come with the package rapidocr.

The package is told to run them by OpenVINO, which is here anyway; nothing is fetched from anywhere.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from models.text_detection.rule import DetectedText, is_of_a_texts_size

SIDE = 1024
"""Pixels of the longer side that a picture is looked at with: larger ones are made smaller."""
MOST_ENLARGED = 3.0
BORDER = 32
"""Pixels added around: text that touches the edge is found less often without them."""
CLIP, TILES = 2.0, (8, 8)  # of the local contrast (CLAHE), which brings faint text out
_MOST_READ = 30  # boxes of a picture that are read; the others stay unread, which holds
_UPRIGHT = 1.5  # times as high as wide: text that runs up or down


class DetectorUnavailable(Exception):
    """The networks cannot be loaded; the text says why, for those who run the server."""


class TextDetector(Protocol):
    """Something that finds text."""

    @property
    def name(self) -> str:
        """What it is, with its version: another name has every picture looked at anew."""
        ...

    def find(self, picture: NDArray[np.uint8]) -> list[DetectedText]:
        """What may be text in (height, width), 0..255. Raises DetectorUnavailable."""
        ...

    def check(self) -> None:
        """Raises DetectorUnavailable where it cannot work, as far as is known without loading it."""
        ...


@dataclass(frozen=True)
class _Networks:
    """The package's door, and OpenCV, which it stands on."""

    ocr: Any
    cv2: Any


@cache
def _package() -> str:
    """The package's version; looked up once, as it reads a file and every scan's page asks."""
    try:
        return version("rapidocr")
    except PackageNotFoundError:
        return "missing"


class OcrDetector:
    """PP-OCRv6 on one picture at a time, whoever asks: memory stays that of one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._networks: _Networks | None = None
        self._fault = ""  # why the last try to load failed

    @property
    def name(self) -> str:
        """Package, networks, and the edition of everything around them in this folder."""
        return f"rapidocr {_package()} PP-OCRv6 small, rule 2"

    def check(self) -> None:
        """Raises DetectorUnavailable where the package is missing, or could not be loaded the last time.

        It loads nothing and waits for nobody: probes ask every few seconds.
        """
        missing = find_spec("rapidocr") is None
        if missing or self._fault:
            raise DetectorUnavailable(self._fault or "The package rapidocr is not installed.")

    def find(self, picture: NDArray[np.uint8]) -> list[DetectedText]:
        """What may be text in (height, width), 0..255; boxes in its pixels. Raises DetectorUnavailable."""
        with self._lock:
            return self._find(self._loaded(), picture)

    def _find(self, networks: _Networks, picture: NDArray[np.uint8]) -> list[DetectedText]:
        scale = min(MOST_ENLARGED, SIDE / max(picture.shape))
        prepared = _prepared(networks.cv2, picture, scale)
        answer = networks.ocr(prepared, use_det=True, use_cls=False, use_rec=False)
        if answer.boxes is None:
            return []
        detected: list[DetectedText] = []
        for corners, score in zip(answer.boxes, answer.scores, strict=True):
            left, top = np.maximum(np.floor(corners.min(axis=0)), 0).astype(int)
            right, bottom = np.ceil(corners.max(axis=0)).astype(int) + 1
            if not is_of_a_texts_size(bottom - top, right - left, max(prepared.shape)):
                continue
            text, confidence = "", 0.0
            if len(detected) < _MOST_READ:
                text, confidence = _read(networks.ocr, prepared[top:bottom, left:right])
            edges = [(int(edge) - BORDER) / scale for edge in (top, left, bottom, right)]
            detected.append(DetectedText(*_inside(edges, picture.shape), float(score), text, confidence))
        return detected

    def _loaded(self) -> _Networks:
        if self._networks is None:
            try:
                self._networks = _load()
            except (ImportError, OSError, RuntimeError, ValueError) as fault:
                self._fault = f"{type(fault).__name__}: {fault}"
                raise DetectorUnavailable(self._fault) from fault
            self._fault = ""
        return self._networks


def _load() -> _Networks:
    import cv2  # noqa: PLC0415  # 60 MB, and only where pictures leave
    import rapidocr  # noqa: PLC0415
    from rapidocr.utils.typings import EngineType  # noqa: PLC0415

    folder = Path(rapidocr.__file__).parent / "models"
    params: dict[str, Any] = {
        "Global.log_level": "error",
        "Global.use_cls": False,
        "Global.use_preprocess_img": False,
        "Det.engine_type": EngineType.OPENVINO,
        "Rec.engine_type": EngineType.OPENVINO,
        "Det.model_path": str(folder / "PP-OCRv6_det_small.onnx"),
        "Rec.model_path": str(folder / "PP-OCRv6_rec_small.onnx"),
        "Det.limit_type": "max",
        "Det.limit_side_len": SIDE + 4 * BORDER,  # never less than what it is given
        "Det.box_thresh": 0.3,
    }
    ocr = rapidocr.RapidOCR(params=params)
    blank = np.zeros((64, 64, 3), np.uint8)
    ocr(blank, use_det=True, use_cls=False, use_rec=False)  # what is missing is missing now, not later
    ocr(blank, use_det=False, use_cls=False, use_rec=True)
    return _Networks(ocr, cv2)


def _prepared(cv2: Any, picture: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    """(height, width, 3): scaled, with its local contrast raised and a border of its own edge."""
    height, width = (max(BORDER, round(side * scale)) for side in picture.shape)
    method = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA
    scaled = cv2.resize(np.ascontiguousarray(picture), (width, height), interpolation=method)
    raised = cv2.createCLAHE(CLIP, TILES).apply(scaled)
    bordered = cv2.copyMakeBorder(raised, *[BORDER] * 4, cv2.BORDER_REPLICATE)
    return np.asarray(cv2.cvtColor(bordered, cv2.COLOR_GRAY2BGR))


def _read(ocr: Any, crop: NDArray[np.uint8]) -> tuple[str, float]:
    """What a box says, with the reader's confidence; upright ones are turned both ways."""
    turns = (1, 3) if crop.shape[0] >= _UPRIGHT * crop.shape[1] else (0,)
    read = []
    for turn in turns:
        answer = ocr(np.ascontiguousarray(np.rot90(crop, turn)), use_det=False, use_cls=False, use_rec=True)
        texts = answer.txts or ("",)
        read.append((str(texts[0]), float(answer.scores[0]) if answer.scores else 0.0))
    return max(read, key=lambda answer: answer[1])


def _inside(edges: list[float], shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """Top, left, bottom and right as whole pixels of a picture (height, width)."""
    height, width = shape
    top, left, bottom, right = edges
    return (
        max(0, int(top)),
        max(0, int(left)),
        min(height, int(np.ceil(bottom))),
        min(width, int(np.ceil(right))),
    )
