"""Versions that were trained elsewhere: a zip with weights and what belongs to them."""

from __future__ import annotations

import io
import json
import pickle
import struct
import tempfile
import zipfile
from functools import cache
from pathlib import Path
from random import Random

from data.errors import UserFacingError
from data.records import BRAIN_TUMOUR
from models.weights import FILES, SETTINGS, WEIGHTS
from tests.fuzz import archive_mutations
from tests.fuzz.byte_mutations import mutated
from tests.fuzz.door import BrokenPromiseError, Door, Knock, judge_sentence
from tests.fuzz.texts import json_value, mutated_json
from tests.services.small_models import Department, weights_in

_RAN = "fuzz-pickle-ran"


class _Runs:
    """A pickle that leaves a file where it is opened."""

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (str(Path(tempfile.gettempdir()) / _RAN), "w")


@cache
def _version() -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as place:
        folder = weights_in(Path(place, "version"), above=600)
        return {file.name: file.read_bytes() for file in folder.iterdir()}


def _tensors(rng: Random, content: bytes) -> bytes:
    """The weights' file with another head: sizes, types and places that are lies."""
    (length,) = struct.unpack_from("<Q", content)
    head = json.loads(content[8 : 8 + length])
    changed = json.dumps(mutated_json(rng, head)).encode()
    claimed = rng.choice((len(changed), len(changed), len(changed), 0, 1 << 40, (1 << 64) - 1))
    return struct.pack("<Q", claimed) + changed + content[8 + length :]


def _make(rng: Random) -> bytes:
    files = dict(_version())
    kind = rng.randrange(7)
    if kind == 0:
        files[WEIGHTS] = mutated(rng, files[WEIGHTS])
    elif kind == 1:
        files[WEIGHTS] = _tensors(rng, files[WEIGHTS])
    elif kind == 2:
        files[WEIGHTS] = pickle.dumps(_Runs())
    elif kind == 3:
        files[SETTINGS] = json.dumps(mutated_json(rng, json.loads(files[SETTINGS]))).encode()
    elif kind == 4:
        files[SETTINGS] = rng.choice(
            (b"[" * 100_000, b"", b"\xff\xfe", b"null", b"[]", json.dumps(json_value(rng)).encode())
        )
    elif kind == 5:
        name = rng.choice(FILES)
        files[name] = rng.choice(
            (b"", rng.randbytes(40), b"{}", b"[]", b"[" * 100_000, json.dumps(json_value(rng)).encode())
        )
    else:
        del files[rng.choice(list(files))]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", rng.choice((0, 8, 12, 14))) as archive:
        for name, content in files.items():
            prefix = rng.choice(("", "", "version/", "../", "/etc/", "a\\"))
            archive.writestr(prefix + name, content)
    made = out.getvalue()
    if rng.random() < 0.2:
        made = archive_mutations.lying_zip(rng, [made])
    return mutated(rng, made) if rng.random() < 0.25 else made


def _opened(folder: Path) -> Knock:
    department = Department(folder / "department")
    department.start()
    ran = Path(tempfile.gettempdir()) / _RAN

    def knock(content: bytes) -> str:
        archive = folder / "version.zip"
        archive.write_bytes(content)
        try:
            department.uploads.take(BRAIN_TUMOUR, archive, department.ada)
        except UserFacingError as refused:
            judge_sentence(str(refused), names_the_input=True)
            outcome = f"refused: {type(refused).__name__}"
        else:
            outcome = "taken"
        if ran.exists():
            ran.unlink()
            raise BrokenPromiseError("a pickle was run")
        return outcome

    return knock


DOORS = (Door("version-zip", _make, _opened, 3, quick=False),)
