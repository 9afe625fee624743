"""What a scan's page says and takes of a review, without a browser."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

from dashboard.components import review as parts
from dashboard.components import verdicts
from dashboard.pages import scan_review as page
from data.errors import InvalidInput, NotAllowed
from data.records import Identity, LesionCall, LesionVerdict, RejectReason, Role, Scan, User, Verdict
from services.reviewing.review import Remarks
from tests.dashboard.clinic import Clinic


@pytest.fixture
def grey(clinic: Clinic) -> User:
    return clinic.person(Role.CLINICIAN)


@pytest.fixture
def read(clinic: Clinic) -> Scan:
    scan = clinic.add_volume("u")
    clinic.read_volume(scan, lesions=2)
    return scan


def decide(
    clinic: Clinic, user: User, scan: Scan, act: str, remarks: Remarks | None = None, **said: Any
) -> None:
    form = {parts.REASON: "", parts.WORDS: "", parts.TRUTH: ""}
    form |= {getattr(parts, name.upper()): value for name, value in said.items()}
    page.decide(clinic.services.reviewing, user, scan.id, act, form, remarks or Remarks())


def shown(clinic: Clinic, user: User, scan: Scan, place: str, address: str | None = None) -> Any:
    return page.show(clinic.services.reviewing, user, scan.id, address)[place]


def test_what_counts_is_said_and_follows_what_is_taken_back(clinic: Clinic, grey: User, read: Scan) -> None:
    assert shown(clinic, grey, read, parts.CURRENT) == [verdicts.NOT_REVIEWED]
    decide(clinic, grey, read, parts.ACCEPT)
    remarks = Remarks(comment="See the report.", minutes=2.5, lesions=(LesionVerdict(2, LesionCall.WRONG),))
    said = {"reason": RejectReason.OTHER_DISEASE.value, "words": "It is oedema.", "truth": parts.ABSENT}
    decide(clinic, grey, read, parts.REJECT, remarks, **said)
    current = clinic.reviews.current(read.id)
    assert current is not None
    assert (current.verdict, current.truth_positive) == (Verdict.REJECTED, False)
    assert "Rejected" in str(shown(clinic, grey, read, parts.CURRENT))
    listed = str(shown(clinic, grey, read, parts.HISTORY))
    for words in (
        "Another disease: It is oedema.", "Dr Clinician", "tumour absent", "lesion 2 wrong",
        "See the report.", "2.5 min", "counts now",
    ):  # fmt: skip
        assert words in listed
    assert shown(clinic, grey, read, parts.TAKE_BACK_MEANS).startswith("Then this counts again: accepted by")
    assert shown(clinic, grey, read, parts.TAKES_BACK) == current.id
    clinic.services.reviewing.reviews.take_back(current.id, grey)
    assert "Accepted" in str(shown(clinic, grey, read, parts.CURRENT))
    assert "Taken back by Dr Clinician" in str(shown(clinic, grey, read, parts.HISTORY))


def test_unsure_says_no_truth(clinic: Clinic, grey: User, read: Scan) -> None:
    decide(clinic, grey, read, parts.UNSURE)
    assert "Unsure" in str(shown(clinic, grey, read, parts.CURRENT))
    assert clinic.reviews.current(read.id).truth_positive is None


def test_a_rejection_needs_a_reason_and_other_ones_words(clinic: Clinic, grey: User, read: Scan) -> None:
    with pytest.raises(InvalidInput, match="say why"):
        decide(clinic, grey, read, parts.REJECT, words="no")
    with pytest.raises(InvalidInput, match="say why"):
        decide(clinic, grey, read, parts.REJECT, reason="other", words=" ")
    with pytest.raises(NotAllowed):
        decide(clinic, clinic.person(Role.HEAD), read, parts.ACCEPT)
    assert clinic.reviews.of_scan(read.id) == []


def test_each_sees_what_they_may_do(clinic: Clinic, grey: User, read: Scan) -> None:
    head, mlops = clinic.person(Role.HEAD), clinic.person(Role.MLOPS)
    hidden = {
        user.name: [shown(clinic, user, read, place) for place in (parts.REVIEW, parts.VERDICTS)]
        for user in (grey, head, mlops)
    }
    assert hidden == {"clinician": [False, False], "head": [True, True], "mlops": [True, True]}
    decide(clinic, grey, read, parts.ACCEPT)
    other = clinic.person(Role.CLINICIAN, "other")
    takes = {user.name: shown(clinic, user, read, parts.TAKE_BACK_ROW) for user in (grey, other, head, mlops)}
    assert takes == {"clinician": False, "other": True, "head": False, "mlops": True}
    assert [shown(clinic, head, read, place) for place in (parts.REVIEW, parts.VERDICTS)] == [False, True]


def test_only_what_drew_a_mask_has_an_outline_and_lesions(clinic: Clinic, grey: User, read: Scan) -> None:
    film = clinic.add_film("u")
    clinic.read_film(film)
    for scan, drawn in ((read, True), (film, False)):
        reasons = [option["value"] for option in shown(clinic, grey, scan, parts.REASON)]
        assert (RejectReason.OUTLINE.value in reasons) is drawn
        assert len(shown(clinic, grey, scan, parts.LESIONS)) == (2 if drawn else 0)
        assert shown(clinic, grey, scan, parts.CORRECT_ROW) is not drawn


def test_mask_advice_names_the_grid(clinic: Clinic) -> None:
    kept = clinic.add_volume("u")
    assert "48 × 60 × 24 voxels" in parts.mask_advice(kept)
    assert "80 × 64 pixels" in parts.mask_advice(clinic.add_film("u"))


def test_next_is_the_next_unread_one_of_the_list_or_of_the_whole_worklist(clinic: Clinic, grey: User) -> None:
    first, second, third = (clinic.add_volume("u") for _ in range(3))
    film = clinic.add_film("u")
    for scan in (first, second, third):
        clinic.read_volume(scan)
    clinic.read_film(film)

    def following(scan: Scan, search: str = "") -> str | None:
        address = page.next_address(clinic.services.reviewing, grey, scan.id, search)
        return None if address is None else str(address)

    # As the worklist stands, the newest first; after the last one, from the top.
    assert [following(scan) for scan in (film, third, second, first)] == [
        f"/scans/{third.id}", f"/scans/{second.id}", f"/scans/{first.id}",
        f"/scans/{film.id}",
    ]  # fmt: skip
    decide(clinic, grey, second, parts.ACCEPT)
    assert following(third) == f"/scans/{first.id}"
    assert following(second) == f"/scans/{first.id}"  # it goes on from where the reviewed one stood
    assert following(first, "?task=pneumonia&before=x") == f"/scans/{film.id}?task=pneumonia"
    assert following(film, "?task=pneumonia") is None
    decide(clinic, grey, third, parts.ACCEPT)
    clinic.services.reviewing.reviews.take_back(clinic.reviews.current(third.id).id, grey)
    listed = "?task=brain-tumour&sort=-created_at&q=lovelace"
    assert following(third, listed) == f"/scans/{first.id}?{listed[1:]}"
    assert following(third, "?task=brain-tumour&q=nobody") is None
    decide(clinic, grey, first, parts.UNSURE)
    assert following(third, "?task=brain-tumour") is None
    assert following(third) == f"/scans/{film.id}"
    clinic.read_volume(hopper := clinic.add_volume("u", Identity("Grace Hopper", "1906")))
    searched = urlencode({"words": clinic.services.reviewing.words.sealed("hopper", grey)})
    assert following(third, f"?{searched}") == f"/scans/{hopper.id}?{searched}"
    assert following(hopper, "?words=other") == f"/scans/{film.id}?words=other"
