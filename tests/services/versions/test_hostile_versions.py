"""Zips that are no version are refused in words, whatever is wrong with them."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from data.errors import InvalidInput, UserFacingError
from data.records import BRAIN_TUMOUR
from models.weights import EVALUATION, SETTINGS
from tests.services.small_models import Department, weights_in


def zipped(folder: Path, method: int = zipfile.ZIP_DEFLATED, **changed: bytes) -> bytes:
    out = io.BytesIO()
    files = {file.name: file.read_bytes() for file in folder.iterdir()} | changed
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def damaged(content: bytes) -> bytes:
    raw = bytearray(content)
    at = raw.index(b"weights.safetensors") + 40
    raw[at : at + 40] = b"\xff" * 40
    return bytes(raw)


def without_facts(folder: Path) -> bytes:
    settings = json.loads((folder / SETTINGS).read_text())
    return zipped(folder, **{SETTINGS: json.dumps(settings | {"facts": []}).encode()})


def with_decision(folder: Path, threshold: object) -> bytes:
    settings = json.loads((folder / SETTINGS).read_text())
    return zipped(
        folder, **{SETTINGS: json.dumps(settings | {"decision": {"threshold": threshold}}).encode()}
    )


def with_metrics(folder: Path, metrics: object) -> bytes:
    settings = json.loads((folder / SETTINGS).read_text())
    return zipped(folder, **{SETTINGS: json.dumps(settings | {"metrics": metrics}).encode()})


@pytest.mark.parametrize(
    "made",
    [
        lambda folder: damaged(zipped(folder, zipfile.ZIP_LZMA)),
        lambda folder: damaged(zipped(folder, zipfile.ZIP_BZIP2)),
        lambda folder: damaged(zipped(folder)),
        lambda folder: zipped(folder, **{SETTINGS: b"[" * 100_000}),
        lambda folder: zipped(folder, **{SETTINGS: b"[]"}),
        without_facts,
        lambda folder: with_decision(folder, "half"),
        lambda folder: with_decision(folder, [0.5]),
        lambda folder: zipped(folder, **{EVALUATION: b"[" * 100_000}),
        lambda folder: zipped(folder, **{EVALUATION: b"[]"}),
        lambda folder: with_metrics(folder, {"recall": {"value": [0.9]}}),
        lambda folder: with_metrics(folder, {"recall": {"value": 0.9, "low": "a"}}),
        lambda folder: with_metrics(folder, {"recall": {"low": 0.9}}),
        lambda folder: with_metrics(folder, {"recall": 0.9}),
        lambda folder: with_metrics(folder, {"../recall": {"value": 0.9}}),
        lambda folder: with_metrics(folder, {"r" * 101: {"value": 0.9}}),
    ],
    ids=range(16),
)
def test_it_is_refused_and_nothing_is_registered(
    house: Department, tmp_path: Path, made: Callable[[Path], bytes]
) -> None:
    archive = tmp_path / "version.zip"
    archive.write_bytes(made(weights_in(tmp_path / "version", above=640)))
    with pytest.raises(UserFacingError) as refused:
        house.uploads.take(BRAIN_TUMOUR, archive, house.ada)
    assert isinstance(refused.value, InvalidInput)
    assert [version.version for version in house.registry.versions(BRAIN_TUMOUR)] == ["1"]


def test_an_entry_without_a_name_is_passed_over(house: Department, tmp_path: Path) -> None:
    content = zipped(weights_in(tmp_path / "version", above=640), **{"nameless": b""})
    archive = tmp_path / "version.zip"
    # The name's length in both headers becomes 0, and the name what comes beside it.
    local, central = content.index(b"nameless"), content.rindex(b"nameless")
    raw = bytearray(content.replace(b"nameless", b"zz\x04\x00none"))
    raw[local - 4 : local] = (0).to_bytes(2, "little") + (8).to_bytes(2, "little")
    raw[central - 18 : central - 14] = (0).to_bytes(2, "little") + (8).to_bytes(2, "little")
    archive.write_bytes(bytes(raw))
    with zipfile.ZipFile(archive) as opened:
        assert "" in opened.namelist()
    assert house.uploads.take(BRAIN_TUMOUR, archive, house.ada).version == "2"
