"""Pictures and downloads of a scan, by its id."""

from __future__ import annotations

import gzip
import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from data.records import Role, Verdict
from reports.key_pictures import MARGIN
from reports.masks import mask_nifti
from services.reviewing.pictures import caption
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


def test_an_overlay_has_sides_and_says_whose_it_is_and_how_it_is_shown(clinic: Clinic, sign_in) -> None:
    client = sign_in()
    placed, unplaced = clinic.add_volume("u"), clinic.add_volume("u", placed=False)
    result = clinic.read_volume(placed)
    corners = {}
    for scan in (placed, unplaced):
        answer = client.get(f"/scans/{scan.id}/download/overlay/9.png?low=10&high=300")
        picture = np.asarray(Image.open(io.BytesIO(answer.data)).convert("L"))
        corners[scan.id] = picture[:620, :MARGIN].max(), picture[:620, -MARGIN:].max()
    assert corners[placed.id] == (255, 255)  # a letter at the left, another at the right
    assert corners[unplaced.id] == (0, 0)  # nobody knows its sides
    lines = caption(placed, result, "P-1234", 9, (10.0, 300.5), "ai")
    assert lines == (
        "P-1234, FLAIR, slice 10 of 24",
        "Window 10 to 300.5; outline by the model, version 2",
        "Not for diagnostic use",
    )
    film = clinic.add_film("u")
    assert caption(film, None, "P-1", 0, (0, 1), "ai")[:2] == (
        "P-1, DX, one picture",
        "Window 0 to 1; not read",
    )


def test_a_mask_that_does_not_fit_is_one_sentence(clinic: Clinic, sign_in) -> None:
    client, scan = sign_in(), clinic.add_volume("u")
    clinic.read_volume(scan)
    form = {"mask": (io.BytesIO(png(7, 7)), "mask.png")}
    answer = client.post(f"/scans/{scan.id}/correction", data=form, headers=client.csrf)
    assert answer.status_code == 400
    assert answer.json["error"]["message"].endswith(".")
    assert clinic.reviews.current(scan.id) is None


def test_a_corrected_mask_is_kept_beside_the_first(clinic: Clinic, sign_in) -> None:
    client, scan = sign_in(), clinic.add_volume("u")
    clinic.read_volume(scan)
    mask = clinic.services.reviewing.pictures.mask(scan.id).copy()
    mask[8] = False
    form = {"mask": (io.BytesIO(mask_nifti(mask, scan.grid)), "mask.nii.gz"), "comment": "edge"}
    answer = client.post(f"/scans/{scan.id}/correction", data=form, headers=client.csrf)
    assert answer.status_code == 200, answer.text
    review = clinic.reviews.current(scan.id)
    assert (review.verdict, review.comment) == (Verdict.CORRECTED, "edge")
    assert review.dice == pytest.approx(2 * 5 / (5 + 6))
    for layer in ("ai", "corrected"):
        assert client.get(f"/scans/{scan.id}/mask/10.png?layer={layer}").status_code == 200


@pytest.mark.parametrize("path", ["correction", "drawing"])
def test_the_ais_own_mask_is_to_be_accepted(clinic: Clinic, sign_in, path: str) -> None:
    client, scan = sign_in(), clinic.add_volume("u")
    result = clinic.read_volume(scan)
    form = _drawing(clinic.services.reviewing.pictures.mask(scan.id), result.id, "")
    if path == "correction":
        form["mask"] = (io.BytesIO(client.get(f"/scans/{scan.id}/download/mask").data), "mask.nii.gz")
    answer = client.post(f"/scans/{scan.id}/{path}", data=form, headers=client.csrf)
    assert (answer.status_code, answer.json["error"]["code"]) == (400, "unchanged_mask")
    assert "accept the result" in answer.json["error"]["message"]
    assert clinic.reviews.of_scan(scan.id) == []


def test_a_scan_tells_when_it_changed(clinic: Clinic, sign_in) -> None:
    client, scan = sign_in(), clinic.add_volume("u")
    before = client.get(f"/scans/{scan.id}/state").json
    token = client.get("/changes").json["token"]
    clinic.read_volume(scan)
    after = client.get(f"/scans/{scan.id}/state").json
    assert before["version"] != after["version"]
    assert after["status"] == "read"
    assert client.get("/changes").json["token"] != token


def test_a_page_that_stands_open_costs_little_while_nothing_changes(
    clinic: Clinic, sign_in, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, other, scan = sign_in(), sign_in(name="grace"), clinic.add_volume("u")
    clinic.read_volume(scan)
    looked_up, scan_views = [], clinic.services.reviewing.scan_views
    look = scan_views.scan
    monkeypatch.setattr(scan_views, "scan", lambda *asked: looked_up.append(1) or look(*asked))
    said = [each.get(f"/scans/{scan.id}/state").json for each in (client, client, other)]
    assert said[0] == said[1] == said[2] and len(looked_up) == 2  # by each person once
    (clinician,) = [user for user in clinic.accounts.all() if user.name == "grace"]
    clinic.services.reviewing.reviews.accept(scan.id, clinician)
    after = [client.get(f"/scans/{scan.id}/state").json for _ in range(2)]
    assert after[0] == after[1] != said[0] and len(looked_up) == 3


def _drawing(mask: np.ndarray, result: str, parent: str, **said: str) -> dict[str, Any]:
    sent = io.BytesIO(gzip.compress(mask.astype(np.uint8).tobytes()))
    return {"mask": (sent, "mask"), "result": result, "parent": parent, **said}


def test_a_drawn_mask_is_kept_with_who_how_long_and_on_what(clinic: Clinic, sign_in) -> None:
    client, scan = sign_in(), clinic.add_volume("u")
    result = clinic.read_volume(scan)
    mask = np.zeros((scan.slices, scan.height, scan.width), bool)
    mask[9:12, 20:30, 12:20] = True
    address = f"/scans/{scan.id}/drawing"
    form = _drawing(mask, result.id, "", minutes="3.25", comment=" the rim ")
    answer = client.post(address, data=form, headers=client.csrf)
    assert answer.status_code == 200, answer.text
    first = clinic.reviews.current(scan.id)
    assert answer.json == {"review": first.id}
    assert (first.verdict, first.minutes, first.comment) == (Verdict.CORRECTED, 3.25, "the rim")
    assert (first.parent_id, first.result_id, first.truth_positive) == (None, result.id, True)
    assert np.array_equal(clinic.services.reviewing.pictures.mask(scan.id, "corrected"), mask)
    again = client.post(address, data=_drawing(~mask, result.id, first.id), headers=client.csrf)
    assert clinic.reviews.get(again.json["review"]).parent_id == first.id


def test_somebody_was_faster(clinic: Clinic, sign_in) -> None:
    client, scan = sign_in(), clinic.add_volume("u")
    result = clinic.read_volume(scan)
    mask = ~clinic.services.reviewing.pictures.mask(scan.id)
    other = clinic.services.reviewing.reviews.accept(scan.id, clinic.person(Role.CLINICIAN, "other"))
    for path in ("drawing", "correction"):
        form = _drawing(mask, result.id, "")
        if path == "correction":
            form["mask"] = (io.BytesIO(mask_nifti(mask, scan.grid)), "mask.nii.gz")
        answer = client.post(f"/scans/{scan.id}/{path}", data=form, headers=client.csrf)
        assert answer.status_code == 409
        error = answer.json["error"]
        assert error["code"] == "outdated"
        assert error["message"].startswith("Somebody reviewed this result meanwhile")
        current = answer.json["current"]
        assert (current["result"], current["review"]) == (result.id, other.id)
        assert (current["verdict"], current["reviewer"]) == ("accepted", "Dr Clinician")
    assert clinic.reviews.of_scan(scan.id) == [other]


def test_what_one_person_drew_is_not_saved_as_another(clinic: Clinic, sign_in) -> None:
    client, scan = sign_in(), clinic.add_volume("u")
    result = clinic.read_volume(scan)
    mask = ~clinic.services.reviewing.pictures.mask(scan.id)
    other = clinic.person(Role.CLINICIAN, "other")
    form = _drawing(mask, result.id, "", user=other.id)
    answer = client.post(f"/scans/{scan.id}/drawing", data=form, headers=client.csrf)
    assert answer.status_code == 400
    assert "Somebody else has signed in" in answer.json["error"]["message"]
    assert clinic.reviews.of_scan(scan.id) == []
    (own,) = (user for user in clinic.accounts.all() if user.name == Role.CLINICIAN.value)
    form = _drawing(mask, result.id, "", user=own.id)
    assert client.post(f"/scans/{scan.id}/drawing", data=form, headers=client.csrf).status_code == 200


@pytest.mark.parametrize(
    "said", [{"minutes": "many"}, {"minutes": "nan"}, {"minutes": "-1"}, {"mask": None}, {"parent": None}]
)
def test_a_drawing_that_does_not_fit_is_one_sentence(clinic: Clinic, sign_in, said: dict[str, Any]) -> None:
    client, scan = sign_in(), clinic.add_volume("u")
    result = clinic.read_volume(scan)
    form = _drawing(clinic.services.reviewing.pictures.mask(scan.id), result.id, "") | said
    form = {name: value for name, value in form.items() if value is not None}
    answer = client.post(f"/scans/{scan.id}/drawing", data=form, headers=client.csrf)
    assert answer.status_code == 400
    assert answer.json["error"]["message"].endswith(".")
    assert clinic.reviews.of_scan(scan.id) == []
