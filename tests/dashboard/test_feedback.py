"""Messages about results on their pages."""

from __future__ import annotations

import pytest

from dashboard.components import feedback as parts
from dashboard.pages import feedback as page
from dashboard.pages import scan_feedback
from data.errors import InvalidInput
from data.records import FeedbackState, KindCount, Role, Scan, User
from tests.dashboard.clinic import Clinic


@pytest.fixture
def clinician(clinic: Clinic) -> User:
    return clinic.person(Role.CLINICIAN)


@pytest.fixture
def scan(clinic: Clinic) -> Scan:
    scan = clinic.add_volume("u")
    clinic.read_volume(scan)
    return scan


def on_scan(clinic: Clinic, user: User, scan: Scan) -> dict:
    return scan_feedback.show(clinic.services.feedback, clinic.services.reviewing.scan_views, user, scan.id)


def test_a_scan_has_the_form_once_there_is_a_result(clinic: Clinic, clinician: User, scan: Scan) -> None:
    waiting = clinic.add_volume("u")
    assert on_scan(clinic, clinician, waiting)[parts.PANEL] is True
    shown = on_scan(clinic, clinician, scan)
    result = clinic.results.latest(scan.id)
    assert result is not None
    assert (shown[parts.PANEL], shown[parts.RESULT], shown[parts.LIST]) == (False, result.id, [])


def test_what_is_sent_stands_below_the_emptied_form(clinic: Clinic, clinician: User, scan: Scan) -> None:
    feedback = clinic.services.feedback
    shown = scan_feedback.send(feedback, clinician, scan.id, None, "wrong-side", "It is on the right.")
    assert (shown[parts.CATEGORY], shown[parts.WORDS]) == (None, "")
    said = str(shown[parts.LIST])
    for words in (
        "Wrong place or side",
        "Critical",
        "It is on the right.",
        "Dr Clinician (clinician)",
        "Open",
    ):
        assert words in said
    with pytest.raises(InvalidInput, match="Choose what is wrong"):
        scan_feedback.send(feedback, clinician, scan.id, None, None, "Something.")


def test_an_answer_is_new_until_its_sender_has_opened_the_scan(
    clinic: Clinic, clinician: User, scan: Scan
) -> None:
    feedback, mlops = clinic.services.feedback, clinic.person(Role.MLOPS)
    message = feedback.send(scan.id, clinician, "wrong-size")
    page.act(feedback, mlops, {"message": message.id, "verb": parts.REPLY}, "Thank you.")
    assert parts.waiting(feedback.waiting(clinician), clinician) != []
    assert "New answer" not in str(on_scan(clinic, mlops, scan)[parts.LIST])
    first, second = (str(on_scan(clinic, clinician, scan)[parts.LIST]) for _ in range(2))
    assert "New answer" in first and "Thank you." in first
    assert "New answer" not in second and "Thank you." in second
    assert parts.waiting(feedback.waiting(clinician), clinician) == []


def test_mlops_sees_the_queue_by_state_and_others_their_own(
    clinic: Clinic, clinician: User, scan: Scan
) -> None:
    feedback, mlops, head = clinic.services.feedback, clinic.person(Role.MLOPS), clinic.person(Role.HEAD)
    first = feedback.send(scan.id, clinician, "wrong-size", "First.")
    feedback.send(scan.id, clinician, "wrong-size", "Second.")
    page.act(feedback, mlops, {"message": first.id, "verb": parts.CLOSE}, "Done.")
    open_, closed = (page.show(feedback, mlops, search) for search in ("", "?state=closed"))
    assert "Second." in str(open_[parts.CARDS]) and "First." not in str(open_[parts.CARDS])
    assert "First." in str(closed[parts.CARDS]) and parts.ACT not in str(closed[parts.CARDS])
    for words in ("Open (1)", "Answered (0)", "Closed (1)"):
        assert words in str(open_[parts.STATES])
    assert "Nothing is answered" in str(page.show(feedback, mlops, "?state=answered")[parts.CARDS])
    assert page.show(feedback, mlops, "?state=nonsense")[parts.CARDS] is not None
    own = page.show(feedback, clinician, "?state=closed")
    assert own[parts.STATES] is None
    assert "First." in str(own[parts.CARDS]) and "Second." in str(own[parts.CARDS])
    assert parts.ACT not in str(own[parts.CARDS])
    assert "You have sent no message." in str(page.show(feedback, head, "")[parts.CARDS])


def test_the_frame_says_how_many_wait_and_for_what(clinic: Clinic, clinician: User, scan: Scan) -> None:
    mlops = clinic.person(Role.MLOPS)
    assert parts.waiting(KindCount(), mlops) == []
    assert "2 messages to look at" in str(parts.waiting(KindCount(2), mlops))
    assert "1 message answered" in str(parts.waiting(KindCount(1), clinician))


def test_the_states_of_the_address_are_those_that_there_are(clinic: Clinic) -> None:
    links = parts.states(dict.fromkeys(FeedbackState, KindCount()), FeedbackState.OPEN)
    chosen, *others = links.children
    assert chosen.children == "Open (0)"
    assert [link.href for link in others] == ["/feedback?state=answered", "/feedback?state=closed"]
