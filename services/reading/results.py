"""What is kept of what a network says: result, pictures, features."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.database import new_id, now
from data.files import FileStore
from data.packing import packed
from data.records import (
    Features,
    Result,
    Scan,
)
from models import tasks
from models.task import Answer, TaskKind
from services import keys
from services.reading.doubts import doubts_of
from services.reading.features import measured_features
from services.reading.reader import Read


def result_of(scan: Scan, read: Read, result_id: str = "") -> Result:
    """What is kept of a reading, under a new id unless one is given."""
    return Result(
        id=result_id or new_id(),
        scan_id=scan.id,
        task=scan.task,
        positive=read.answer.positive,
        probability=read.answer.probability,
        threshold=read.threshold,
        provenance=replace(read.provenance, recognised=scan.recognised),
        created_at=now(),
        measurements=read.measurements,
        estimated_dice=read.answer.estimated_dice,
        head_position=read.head_position,
        has_mask=tasks.ALL[scan.task].kind is TaskKind.SEGMENTATION,
        has_heatmap=read.answer.heatmap is not None,
        doubts=doubts_of(read.answer, scan.recognised),
        outside_distance=read.answer.outside_distance,
    )


def features_of(scan: Scan, result: Result, array: NDArray[Any], read: Read) -> Features:
    """What of a reading of `array` is compared for drift, to be kept with its result."""
    pixels = read.answer.pixel_probability
    return measured_features(scan, result, array, pixels, read.vectors, read.picture)


def keep_answer(files: FileStore, result_id: str, answer: Answer) -> None:
    """Keep the pictures of an answer: mask, probabilities, heat map."""
    if answer.mask is not None:
        files.put(keys.mask(result_id), packed(answer.mask))
    if answer.pixel_probability is not None:
        files.put(keys.pixel_probability(result_id), packed(answer.pixel_probability))
    if answer.heatmap is not None:
        heat = (answer.heatmap * 255).round().astype(np.uint8)
        files.put(keys.heatmap(result_id), packed(heat))
