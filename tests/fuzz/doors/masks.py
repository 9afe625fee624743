"""Masks that people drew elsewhere, and those that a page sends."""

from __future__ import annotations

import gzip
import io
import json
import tempfile
from functools import cache
from pathlib import Path
from random import Random

import nibabel as nib
import numpy as np
from PIL import Image

from data.errors import InvalidInput
from data.formats import MaskAnswers, drawn_mask, read_mask
from data.records import SourceGrid
from tests.fuzz import archive_mutations, seeds
from tests.fuzz.byte_mutations import mutated
from tests.fuzz.door import BrokenPromiseError, Door, Knock, judge_sentence
from tests.fuzz.texts import hostile_text

_SHAPE = (8, 8, 4)
_AFFINE = tuple(tuple(float(value) for value in row) for row in np.diag([1.0, 1.0, 3.0, 1.0]))
_GRIDS = (
    SourceGrid("nifti", _SHAPE, (2, 1, 0), (), _AFFINE, True),
    SourceGrid("nifti", _SHAPE, (2, 1, 0), (), None, False),
    SourceGrid("image", (1, 16, 16)),
)
_LABELS = (
    "",
    "1",
    "1, 2",
    "all",
    "0",
    "-1",
    "9" * 5000,
    "99999999999999999999",
    "٣",
    "one",
    "1;2 3",
    "½",
    "²",
)


@cache
def _files() -> tuple[bytes, ...]:
    box = np.zeros(_SHAPE, np.uint8)
    box[2:5, 2:5, 1:3] = 1
    several = box.copy()
    several[6:, 6:, 3] = 2
    contents = [nib.Nifti1Image(array, np.array(_AFFINE)).to_bytes() for array in (box, several, box * 0)]
    contents += [
        gzip.compress(contents[0]),
        nib.Nifti1Image(box.astype(np.float32), np.array(_AFFINE)).to_bytes(),
    ]
    for kind in ("PNG", "TIFF"):
        out = io.BytesIO()
        Image.fromarray(np.kron(box[:, :, 1], np.full((2, 2), 255, np.uint8))).save(out, kind)
        contents.append(out.getvalue())
    return (*contents, *seeds.picture_files()[:3], seeds.dicom_files()[0])


def _make(rng: Random) -> bytes:
    """The answers in a line of JSON, then the file."""
    said = {
        "grid": rng.randrange(len(_GRIDS)),
        "labels": rng.choice(_LABELS) if rng.random() < 0.8 else hostile_text(rng).replace("\ud800", ""),
        "empty": rng.random() < 0.5,
    }
    content = mutated(rng, rng.choice(_files())) if rng.random() < 0.8 else rng.choice(_files())
    if rng.random() < 0.1:
        content = rng.choice(archive_mutations.KINDS)(rng, _files())
    return json.dumps(said).encode() + b"\n" + content


def _opened(folder: Path) -> Knock:
    def knock(content: bytes) -> str:
        head, _, body = content.partition(b"\n")
        said = json.loads(head)
        grid = _GRIDS[said["grid"]]
        with tempfile.TemporaryDirectory(dir=folder) as place:
            file = Path(place, "mask")
            file.write_bytes(body)
            try:
                answers = MaskAnswers.of(said["labels"], empty=said["empty"])
                mask = read_mask(file, "mask", grid, answers)
            except InvalidInput as refused:
                judge_sentence(str(refused))
                return "refused"
        if mask.dtype != np.bool_ or sorted(mask.shape) != sorted(grid.shape):
            raise BrokenPromiseError(f"a mask of {mask.dtype} {mask.shape}")
        return "taken"

    return knock


def _make_drawn(rng: Random) -> bytes:
    voxels = bytearray(60)
    for _ in range(rng.randrange(5)):
        voxels[rng.randrange(60)] = rng.choice((1, 1, 1, 2, 255))
    content = gzip.compress(bytes(voxels[: rng.choice((60, 60, 60, 59, 0))]) * rng.choice((1, 1, 1, 2, 1000)))
    return mutated(rng, content) if rng.random() < 0.8 else content


def _opened_drawn(_: Path) -> Knock:
    def knock(content: bytes) -> str:
        try:
            mask = drawn_mask(content, (3, 4, 5))
        except InvalidInput as refused:
            judge_sentence(str(refused))
            return "refused"
        if not mask.any() or mask.shape != (3, 4, 5):
            raise BrokenPromiseError("an empty mask that nobody meant")
        return "taken"

    return knock


DOORS = (Door("mask-file", _make, _opened, 8), Door("mask-drawn", _make_drawn, _opened_drawn, 2))
