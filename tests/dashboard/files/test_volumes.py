"""The voxels that the viewer draws are the scan's own, to the bit."""

from __future__ import annotations

import gzip
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient

from data.packing import packed
from data.records import Scan
from services import keys
from tests.dashboard.clinic import Clinic
from tests.dashboard.conftest import SignIn

GZIP = {"Accept-Encoding": "gzip"}


@pytest.fixture
def scan(clinic: Clinic) -> Scan:
    return clinic.add_volume("u")


def _voxels(client: FlaskClient, address: str) -> Any:
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    return np.frombuffer(answer.data, np.dtype(answer.headers["X-Voxel-Type"]).newbyteorder("<"))


def test_the_whole_volume_and_some_of_its_slices(clinic: Clinic, sign_in: SignIn, scan: Scan) -> None:
    client, kept = sign_in(), clinic.files.get_array(keys.array(scan.id))
    assert np.array_equal(_voxels(client, f"/scans/{scan.id}/volume").reshape(kept.shape), kept)
    some = _voxels(client, f"/scans/{scan.id}/volume?first=7&last=9").reshape(3, 60, 48)
    assert np.array_equal(some, kept[7:10])
    assert np.array_equal(_voxels(client, f"/scans/{scan.id}/volume?first=23"), kept[23].ravel())


@pytest.mark.parametrize(
    ("dtype", "sent"),
    [
        ("uint8", "uint8"), ("int8", "int16"), ("int16", "int16"), (">i2", "int16"), ("uint16", "uint16"),
        ("int32", "float32"), ("float32", "float32"), ("float64", "float32"), ("bool", "uint8"),
    ],
)  # fmt: skip
def test_every_kind_of_number_is_sent_as_one_that_browsers_have(
    clinic: Clinic, sign_in: SignIn, scan: Scan, dtype: str, sent: str
) -> None:
    values = np.arange(24 * 60 * 48).reshape(24, 60, 48) % 2 if dtype == "bool" else None
    values = np.arange(24 * 60 * 48).reshape(24, 60, 48) % 120 if values is None else values
    clinic.files.put_array(keys.array(scan.id), values.astype(dtype))
    client = sign_in()
    answer = client.get(f"/scans/{scan.id}/volume?first=3&last=3")
    assert answer.headers["X-Voxel-Type"] == sent
    assert np.array_equal(_voxels(client, f"/scans/{scan.id}/volume").reshape(values.shape), values)


def test_a_block_is_packed_on_its_way_and_kept_by_the_browser(sign_in: SignIn, scan: Scan) -> None:
    client, address = sign_in(), f"/scans/{scan.id}/volume?first=0&last=3"
    plain, small = client.get(address), client.get(address, headers=GZIP)
    assert small.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(small.data) == plain.data
    for answer in (plain, small):
        assert answer.headers["Cache-Control"] == "private, max-age=86400, immutable"
        assert "Accept-Encoding" in answer.headers["Vary"]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("first=24&last=24", 404), ("first=0&last=24", 404), ("first=5&last=4", 404),
        ("first=-1&last=3", 400),
        ("first=a", 400), ("last=1.5", 400), ("first=%C2%B2", 400), ("first=23&last=23", 200),
    ],
)  # fmt: skip
def test_there_are_no_slices_but_those_of_the_scan(
    sign_in: SignIn, scan: Scan, query: str, status: int
) -> None:
    answer = sign_in().get(f"/scans/{scan.id}/volume?{query}")
    assert answer.status_code == status
    if status != 200:
        assert answer.headers["Cache-Control"] == "no-store"


def test_a_mask_is_that_of_its_result(clinic: Clinic, sign_in: SignIn, scan: Scan) -> None:
    client = sign_in()
    first, second = clinic.read_volume(scan), clinic.read_volume(scan, lesions=2)
    masks = {
        version: _voxels(client, f"/scans/{scan.id}/mask.bin?v={version}")
        for version in (first.id, second.id)
    }
    for result in (first, second):
        kept = clinic.services.reviewing.pictures.unpacked(keys.mask(result.id))
        assert np.array_equal(masks[result.id].reshape(kept.shape), kept)
    assert masks[first.id].sum() < masks[second.id].sum()
    newest = client.get(f"/scans/{scan.id}/mask.bin")
    assert newest.data == masks[second.id].tobytes()
    assert newest.headers["Cache-Control"] == "no-store"  # another result may come


def test_a_mask_of_another_scan_is_not_this_ones(clinic: Clinic, sign_in: SignIn, scan: Scan) -> None:
    client, other = sign_in(), clinic.add_volume("u")
    result = clinic.read_volume(other)
    clinic.read_volume(scan)
    for address in ("mask.bin?v=", "mask.bin?layer=corrected&v=", "probability.bin?v="):
        assert client.get(f"/scans/{scan.id}/{address}{result.id}").status_code == 404
    assert client.get(f"/scans/{scan.id}/mask.bin?layer=corrected").status_code == 404
    assert client.get(f"/scans/{scan.id}/mask.bin?layer=other").status_code == 400
    assert client.get("/scans/other/volume").status_code == 404


def test_the_probability_of_each_voxel_where_it_was_kept(clinic: Clinic, sign_in: SignIn, scan: Scan) -> None:
    client, result = sign_in(), clinic.read_volume(scan)
    assert client.get(f"/scans/{scan.id}/probability.bin").status_code == 404
    pixels = (np.arange(24 * 60 * 48) % 256).astype(np.uint8).reshape(24, 60, 48)
    clinic.files.put(keys.pixel_probability(result.id), packed(pixels))
    assert np.array_equal(_voxels(client, f"/scans/{scan.id}/probability.bin"), pixels.ravel())
    assert clinic.services.reviewing.voxels.has_probability(result.id)
