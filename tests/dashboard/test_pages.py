"""The pages' functions, called without a browser."""

from __future__ import annotations

from typing import Any

import pytest

from dashboard.components import metrics, review, worklist_grid
from dashboard.components import worklist as parts
from dashboard.pages import admin, models, scan, scan_review, worklist
from data.errors import InvalidInput
from data.records import Doubt, Identity, Role, ScanStatus, User
from tests.dashboard.clinic import Clinic

FIRST = {"startRow": 0, "endRow": 50}


def rows(clinic: Clinic, *asked) -> tuple[dict, str, object]:
    shown = worklist.rows(clinic.services.reviewing, *asked)
    empty = shown[parts.EMPTY]
    assert empty["hidden"] is (empty["children"] is None)
    return shown[worklist_grid.GRID]["getRowsResponse"], shown[parts.TOTAL], empty["children"]


def whole_page(clinic: Clinic, user: User, scan_id: str) -> dict[str, Any]:
    reviewing = clinic.services.reviewing
    return scan.show(reviewing, user, scan_id) | scan_review.show(reviewing, user, scan_id)


def _names(answer: dict) -> list[str]:
    return [row["patient"] for row in answer["rowData"]]


def test_rows_say_results_in_words(clinic: Clinic) -> None:
    clinician = clinic.person(Role.CLINICIAN)
    volume, film = clinic.add_volume(clinician.id), clinic.add_film(clinician.id)
    clinic.read_volume(volume)
    clinic.read_film(film)
    answer, total, empty = rows(clinic, clinician, FIRST)
    results = {row["scan_id"]: row["result"] for row in answer["rowData"]}
    assert results[film.id] == "Pneumonia likely 0.93"
    assert results[volume.id].startswith("Tumour 6.0 mL, ")
    assert (total, empty) == ("2 scans", None)


def test_rows_can_be_searched_filtered_and_sorted(clinic: Clinic) -> None:
    clinician = clinic.person(Role.CLINICIAN)
    for name in ("Berta", "Anton", "Cäsar"):
        clinic.add_volume(clinician.id, Identity(name, name))
    clinic.add_film(clinician.id)
    sort = [{"colId": "patient", "sort": "asc"}]
    answer, *_ = rows(clinic, clinician, FIRST | {"sortModel": sort}, "?task=brain-tumour")
    assert _names(answer) == ["Anton", "Berta", "Cäsar"]
    answer, total, _ = rows(clinic, clinician, FIRST, "?q=anton&row=3&sort=-patient")
    assert (_names(answer), total) == (["Anton"], "1 scan")
    _, _, empty = rows(clinic, clinician, FIRST, "?q=nobody")
    assert "No scan fits." in str(empty)


def test_rows_come_in_portions(clinic: Clinic) -> None:
    clinician = clinic.person(Role.CLINICIAN)
    for number in range(7):
        clinic.add_volume(clinician.id, Identity(f"P{number}", str(number)))
    answer, *_ = rows(clinic, clinician, {"startRow": 5, "endRow": 10})
    assert (len(answer["rowData"]), answer["rowCount"]) == (2, 7)


def test_an_empty_worklist_says_what_to_do(clinic: Clinic) -> None:
    _, _, sends = rows(clinic, clinic.person(Role.CLINICIAN), FIRST)
    _, _, looks = rows(clinic, clinic.person(Role.HEAD), FIRST)
    assert "Drop a brain MRI" in str(sends)
    assert "Drop" not in str(looks)


def test_only_senders_have_a_drop_zone(clinic: Clinic) -> None:
    assert "drop-zone" in str(worklist.layout(clinic.person(Role.MLOPS)))
    assert "drop-zone" not in str(worklist.layout(clinic.person(Role.HEAD)))


def test_a_scan_page_tells_units_and_position(clinic: Clinic) -> None:
    clinician = clinic.person(Role.CLINICIAN)
    kept = clinic.add_volume(clinician.id)
    clinic.read_volume(kept)
    shown = scan.show(clinic.services.reviewing, clinician, kept.id)
    said = str(shown[scan.RESULT])
    for words in ("Tumour found", "6.0 mL", "30 mm", "6 of 24", "R 2, P 23, I 4 mm"):
        assert words in said
    names = ("Longest", "Head to foot", "Longest in plane", "Perpendicular in plane")
    for name, size in zip(names, ("35 mm", "18 mm", "30 mm", "13 mm"), strict=True):
        assert f"Th(children='{name}'" in said
        assert f"Td(children='{size}'" in said
    assert shown[scan.STATUS] is None
    assert "110 patients" in shown[scan.CARD]
    assert "brain-tumour version 2" in str(shown[scan.PROVENANCE])


def test_without_spacing_there_are_only_pixels(clinic: Clinic) -> None:
    clinician = clinic.person(Role.CLINICIAN)
    kept = clinic.add_volume(clinician.id, placed=False)
    clinic.read_volume(kept)
    shown = scan.show(clinic.services.reviewing, clinician, kept.id)
    said = str(shown[scan.RESULT])
    assert "Pixels only: the file does not state its spacing." in said
    assert " mL" not in said
    assert " mm" not in said
    assert "Longest in plane" in said
    assert "Head to foot" not in said and "'Longest'" not in said
    assert "not stated in the file" in str(shown[scan.FACTS])


def test_a_mask_at_the_border_is_flagged(clinic: Clinic) -> None:
    clinician = clinic.person(Role.CLINICIAN)
    kept = clinic.add_volume(clinician.id, shape=(14, 60, 48))
    clinic.read_volume(kept)  # its mask ends on the last slice
    assert "touches the border" in str(scan.show(clinic.services.reviewing, clinician, kept.id)[scan.RESULT])


def test_a_mask_that_the_model_doubts_is_to_be_checked(clinic: Clinic) -> None:
    clinician = clinic.person(Role.CLINICIAN)
    sure, unsure = clinic.add_volume(clinician.id), clinic.add_volume(clinician.id)
    clinic.read_volume(sure, expected=0.91)
    clinic.read_volume(unsure, expected=0.55)
    shown = {
        volume.id: str(scan.show(clinic.services.reviewing, clinician, volume.id)[scan.RESULT])
        for volume in (sure, unsure)
    }
    assert "Dice 0.91" in shown[sure.id]
    assert "unsure of this outline" not in shown[sure.id]
    assert "unsure of this outline" in shown[unsure.id]
    listed = rows(clinic, clinician, FIRST)[0]["rowData"]
    assert {row["scan_id"]: "check" in row["result"] for row in listed} == {sure.id: False, unsure.id: True}


UNUSUAL = (Doubt.ABNORMAL_NOT_TUMOUR,)


def test_an_uncertain_scan_says_so_first_and_keeps_its_outline(clinic: Clinic) -> None:
    clinician = clinic.person(Role.CLINICIAN)
    kept = clinic.add_volume(clinician.id)
    clinic.read_volume(kept, doubts=UNUSUAL, outside_distance=1.34)
    shown = scan.show(clinic.services.reviewing, clinician, kept.id) | scan_review.show(
        clinic.services.reviewing, clinician, kept.id
    )
    sentence = "Uncertain: abnormal signal, not like the tumours that were learnt. "
    assert f"{sentence}The outline below is a suggestion." in str(shown[scan.UNCERTAIN])
    said = str(shown[scan.RESULT])
    assert "Tumour found" not in said and "lb-outcome-uncertain" in said and "6.0 mL" in said
    assert "Distance from the training pictures 1.34, limit 1.00" in said
    assert (shown[review.REVIEW], shown[review.ACCEPT_MEANS]) == (False, "To accept is to say: tumour found.")
    clinic.services.reviewing.reviews.accept(kept.id, clinician)
    assert clinic.reviews.of_scan(kept.id)[0].truth_positive is True


def test_an_uncertain_scan_without_an_outline_speaks_of_none(clinic: Clinic) -> None:
    clinician = clinic.person(Role.CLINICIAN)
    film = clinic.add_film(clinician.id)
    clinic.read_film(film, positive=False, doubts=(Doubt.UNLIKE_TRAINING, Doubt.NEAR_THRESHOLD))
    shown = scan.show(clinic.services.reviewing, clinician, film.id) | scan_review.show(
        clinic.services.reviewing, clinician, film.id
    )
    banner = str(shown[scan.UNCERTAIN])
    assert "Uncertain: unlike what the model was trained on; too close to call." in banner
    assert "outline" not in banner
    assert shown[review.ACCEPT_MEANS] == "To accept is to say: pneumonia unlikely."


def test_a_certain_scan_has_no_word_of_doubt(clinic: Clinic) -> None:
    clinician = clinic.person(Role.CLINICIAN)
    kept = clinic.add_volume(clinician.id)
    clinic.read_volume(kept)
    shown = scan.show(clinic.services.reviewing, clinician, kept.id) | scan_review.show(
        clinic.services.reviewing, clinician, kept.id
    )
    assert (shown[scan.UNCERTAIN], shown[review.ACCEPT_MEANS]) == (None, "")
    assert "Distance" not in str(shown[scan.RESULT])


def test_a_doubt_of_the_outline_is_not_said_twice(clinic: Clinic) -> None:
    clinician = clinic.person(Role.CLINICIAN)
    kept = clinic.add_volume(clinician.id)
    clinic.read_volume(kept, expected=0.55, doubts=(Doubt.DOUBTFUL_MASK,))
    shown = scan.show(clinic.services.reviewing, clinician, kept.id)
    assert "the outline is doubtful" in str(shown[scan.UNCERTAIN])
    assert "unsure of this outline" not in str(shown[scan.RESULT])


@pytest.mark.parametrize("positive", [True, False])
def test_an_uncertain_row_is_neither_a_positive_nor_a_negative(clinic: Clinic, positive: bool) -> None:
    clinician = clinic.person(Role.CLINICIAN)
    clinic.read_volume(clinic.add_volume(clinician.id), positive=positive, doubts=UNUSUAL)
    (row,) = rows(clinic, clinician, FIRST)[0]["rowData"]
    assert (row["outcome"], row["result"]) == ("uncertain", "Uncertain")
    assert row["reasons"] == "abnormal signal, not like the tumours that were learnt"


def test_rows_are_filtered_and_ordered_by_answer(clinic: Clinic) -> None:
    clinician = clinic.person(Role.CLINICIAN)
    kinds = {
        "found": {"probability": 0.8},
        "surer": {"probability": 0.9},
        "clear": {"positive": False, "probability": 0.1},
        "doubted": {"positive": False, "probability": 0.2, "doubts": UNUSUAL},
    }
    names = {}
    for name, changes in kinds.items():
        kept = clinic.add_volume(clinician.id)
        clinic.read_volume(kept, **changes)
        names[kept.id] = name

    def asked(request: dict[str, Any], outcome: str = "") -> list[str]:
        shown = rows(clinic, clinician, request, f"?outcome={outcome}")[0]
        return [names[row["scan_id"]] for row in shown["rowData"]]

    urgent_first = FIRST | {"sortModel": [{"colId": "outcome", "sort": "desc"}]}
    assert asked(urgent_first) == ["surer", "found", "doubted", "clear"]
    assert asked(FIRST, "uncertain") == ["doubted"]
    assert asked(urgent_first, "found") == ["surer", "found"]
    assert asked(FIRST, "not-found") == ["clear"]


def test_a_scan_that_waits_or_failed_says_so(clinic: Clinic) -> None:
    clinician = clinic.person(Role.CLINICIAN)
    waiting = clinic.add_volume(clinician.id)
    assert "Waiting to be read" in str(
        scan.show(clinic.services.reviewing, clinician, waiting.id)[scan.STATUS]
    )
    failed = clinic.add_volume(clinician.id, status=ScanStatus.FAILED)
    shown = scan.show(clinic.services.reviewing, clinician, failed.id)
    assert "The image is blank." in str(shown[scan.STATUS])
    assert shown[scan.RETRY_ROW] is False
    scan.retry(clinic.services.reviewing.scan_views, clinic.services.reading.readings, clinician, failed.id)
    (job,) = clinic.jobs.recent(10, "read")
    assert (job.subject, job.user_id) == (failed.id, clinician.id)


def test_the_viewer_knows_geometry(clinic: Clinic) -> None:
    clinician = clinic.person(Role.CLINICIAN)
    kept = clinic.add_volume(clinician.id)
    result = clinic.read_volume(kept)
    data = scan.show_viewer(clinic.services.reviewing, clinician, kept.id)
    assert (data["shape"], data["spacing"], data["placed"]) == ([24, 60, 48], [3.0, 2.0, 1.0], True)
    assert data["affine"] == [[0, 0, -1, 24], [0, -2, 0, 60], [3, 0, 0, -36]]
    assert data["start"] == [8, 27, 18]  # in the lesion, on the first of its slices, which are alike
    assert data["sources"]["ai"]["version"] == result.id
    assert data["sources"]["ai"]["lesions"][0]["box"] == [(8, 13), (20, 33), (12, 23)]
    assert (data["heatmap"], data["probability"]) == (None, None)
    assert data["windows"][0]["name"] == "Default"


def test_the_viewer_knows_of_no_place_where_the_file_states_none(clinic: Clinic) -> None:
    clinician = clinic.person(Role.CLINICIAN)
    for kept in (clinic.add_volume(clinician.id, placed=False), clinic.add_film(clinician.id)):
        data = scan.show_viewer(clinic.services.reviewing, clinician, kept.id)
        assert (data["placed"], data["spacing"]) == (False, [None] * 3)


def test_models_show_numbers_with_n_and_interval(clinic: Clinic) -> None:
    said = str(models.show(clinic.services.versions, clinic.person(Role.HEAD)))
    for words in ("0.871", "0.842 to 0.897", "'22'", "live", "110 patients", "No version is registered."):
        assert words in said


def test_metrics_are_gathered() -> None:
    rows = metrics.gathered(
        {"auc": 0.9, "auc_low": 0.8, "auc_high": 0.95, "auc_n": 40, "share_low_dice": 0.1}
    )
    assert rows[0] == metrics.MetricRow("auc", 0.9, 0.8, 0.95, 40)
    assert rows[1].name == "share_low_dice"


def test_people_are_made_changed_and_switched_off(clinic: Clinic) -> None:
    administrator = clinic.person(Role.ADMIN)
    factors = clinic.services.second_factors
    shown = admin.create(clinic.accounts, administrator, " nora ", "Nora N", "head")
    assert "one-time password of Nora N" in str(shown)
    nora = next(user for user in clinic.accounts.all() if user.name == "nora")
    admin.set_role(clinic.accounts, administrator, nora.id, "mlops")
    assert clinic.accounts.user(nora.id).role is Role.MLOPS
    assert "one-time" in str(admin.act(clinic.accounts, factors, administrator, nora.id, "reset"))
    admin.act(clinic.accounts, factors, administrator, nora.id, "deactivate")
    assert "deactivated" in str(admin.people(clinic.accounts, factors, administrator))
    with pytest.raises(InvalidInput):
        admin.create(clinic.accounts, administrator, "", "X", "head")
