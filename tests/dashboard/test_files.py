"""Pictures and downloads of a scan, by its id."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from data.records import Verdict
from tests.dashboard.clinic import Clinic, png


def _picture(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content)))


def test_slices_are_kept_by_the_browser_and_follow_the_window(clinic: Clinic, sign_in) -> None:
    client, scan = sign_in(), clinic.add_volume("u")
    answer = client.get(f"/scans/{scan.id}/slice/12.png")
    assert answer.headers["Cache-Control"].startswith("private, max-age=")
    assert _picture(answer.data).shape == (60, 48)
    dark = client.get(f"/scans/{scan.id}/slice/12.png?low=10000&high=20000")
    assert _picture(dark.data).max() == 0


@pytest.mark.parametrize(
    "address", ["slice/24.png", "mask/24.png", "download/overlay/99.png", "download/mask?form=png&index=24"]
)
def test_there_is_no_slice_beyond_the_last(clinic: Clinic, sign_in, address: str) -> None:
    client, scan = sign_in(), clinic.add_volume("u")
    clinic.read_volume(scan)
    answer = client.get(f"/scans/{scan.id}/{address}")
    assert answer.status_code == 404
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("query", ["low=x&high=2", "low=nan&high=2", "low=5&high=5", "low=9&high=1"])
def test_a_window_must_make_sense(clinic: Clinic, sign_in, query: str) -> None:
    client, scan = sign_in(), clinic.add_volume("u")
    assert client.get(f"/scans/{scan.id}/slice/1.png?{query}").status_code == 400


def test_masks_lie_where_they_lie(clinic: Clinic, sign_in) -> None:
    client, scan = sign_in(), clinic.add_volume("u")
    clinic.read_volume(scan)
    mask = _picture(client.get(f"/scans/{scan.id}/mask/10.png").data)
    filled = np.argwhere(mask[..., 3])
    assert filled.min(axis=0).tolist() == [20, 12]
    assert filled.max(axis=0).tolist() == [33, 23]
    assert client.get(f"/scans/{scan.id}/outline/10.png").status_code == 200
    assert client.get(f"/scans/{scan.id}/mask/10.png?layer=corrected").status_code == 404
    assert client.get(f"/scans/{scan.id}/mask/10.png?layer=other").status_code == 400


def test_the_heat_map_of_a_film(clinic: Clinic, sign_in) -> None:
    client, film = sign_in(), clinic.add_film("u")
    assert client.get(f"/scans/{film.id}/heatmap.png").status_code == 404
    clinic.read_film(film)
    assert client.get(f"/scans/{film.id}/heatmap.png").status_code == 200


def test_downloads_are_named_files(clinic: Clinic, sign_in) -> None:
    client, scan = sign_in(), clinic.add_volume("u")
    clinic.read_volume(scan)
    for address in ("mask", "mask?form=png&index=9", "overlay/9.png"):
        answer = client.get(f"/scans/{scan.id}/download/{address}")
        assert answer.status_code == 200
        assert answer.headers["Content-Disposition"].startswith("attachment; filename=")
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Ada" not in answer.headers["Content-Disposition"]


def test_a_mask_that_does_not_fit_is_one_sentence(clinic: Clinic, sign_in) -> None:
    client, scan = sign_in(), clinic.add_volume("u")
    clinic.read_volume(scan)
    form = {"mask": (io.BytesIO(png(7, 7)), "mask.png")}
    answer = client.post(f"/scans/{scan.id}/correction", data=form, headers=client.csrf)
    assert answer.status_code == 400
    assert answer.json["error"]["message"].endswith(".")
    assert clinic.reviews.latest(scan.id) is None


def test_a_corrected_mask_is_kept_beside_the_first(clinic: Clinic, sign_in) -> None:
    client, scan = sign_in(), clinic.add_volume("u")
    clinic.read_volume(scan)
    own = client.get(f"/scans/{scan.id}/download/mask").data
    form = {"mask": (io.BytesIO(own), "mask.nii.gz"), "reason": "edge"}
    answer = client.post(f"/scans/{scan.id}/correction", data=form, headers=client.csrf)
    assert answer.status_code == 200, answer.text
    review = clinic.reviews.latest(scan.id)
    assert (review.verdict, review.reason, review.dice) == (Verdict.CORRECTED, "edge", 1.0)
    for layer in ("ai", "corrected"):
        assert client.get(f"/scans/{scan.id}/mask/10.png?layer={layer}").status_code == 200


def test_a_scan_tells_when_it_changed(clinic: Clinic, sign_in) -> None:
    client, scan = sign_in(), clinic.add_volume("u")
    before = client.get(f"/scans/{scan.id}/state").json
    token = client.get("/changes").json["token"]
    clinic.read_volume(scan)
    after = client.get(f"/scans/{scan.id}/state").json
    assert before["version"] != after["version"]
    assert after["status"] == "read"
    assert client.get("/changes").json["token"] != token
