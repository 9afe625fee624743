"""Something is wrong with this result: who says so, who reads it, and who gets the answer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from data.database import new_id
from data.errors import InvalidInput, NotAllowed, NotFound
from data.records import FeedbackCategory, FeedbackState, Role, Scan, Severity, User
from data.stores.audit import AuditLog
from services.reviewing.feedback import LONGEST_WORDS, FeedbackMessages
from tests.dashboard.clinic import Clinic

NO_ID = "0" * 32


@pytest.fixture
def messages(clinic: Clinic) -> FeedbackMessages:
    return clinic.services.feedback


@pytest.fixture
def clinician(clinic: Clinic) -> User:
    return clinic.person(Role.CLINICIAN)


@pytest.fixture
def mlops(clinic: Clinic) -> User:
    return clinic.person(Role.MLOPS)


@pytest.fixture
def scan(clinic: Clinic) -> Scan:
    scan = clinic.add_volume("u")
    clinic.read_volume(scan)
    return scan


def test_a_message_keeps_what_it_is_about(
    clinic: Clinic, messages: FeedbackMessages, clinician: User, scan: Scan
) -> None:
    first = clinic.results.latest(scan.id)
    assert first is not None
    clinic.read_volume(scan)  # read again meanwhile: the message is about what the person saw
    message = messages.send(scan.id, clinician, "wrong-outline", " Too large. ", first.id)
    assert (message.result_id, message.model_version, message.task) == (first.id, "2", "brain-tumour")
    assert (message.category, message.words) == (FeedbackCategory.WRONG_OUTLINE, "Too large.")
    assert (message.sender_name, message.sender_role) == ("Dr Clinician", "clinician")
    assert (message.state, message.answers, message.unseen) == (FeedbackState.OPEN, (), False)
    noted = AuditLog(clinic.database).recent(1)[0]
    assert (noted.action, noted.subject, noted.detail) == ("feedback.send", message.id, "wrong-outline")


def test_the_answer_comes_to_the_sender_once(
    messages: FeedbackMessages, clinic: Clinic, clinician: User, mlops: User, scan: Scan
) -> None:
    colleague = clinic.person(Role.CLINICIAN, "colleague")
    message = messages.send(scan.id, clinician, "wrong-size")
    assert [messages.waiting(user).real for user in (clinician, mlops, colleague)] == [0, 1, 0]
    answered = messages.answer(message.id, mlops, "We look into it.")
    assert (answered.state, answered.closed_at) == (FeedbackState.ANSWERED, None)
    assert [messages.waiting(user).real for user in (clinician, mlops, colleague)] == [1, 0, 0]
    messages.see(colleague, messages.of_scan(scan.id, colleague))
    assert messages.waiting(clinician).real == 1
    messages.see(clinician, messages.mine(clinician))
    assert messages.waiting(clinician).real == 0
    closed = messages.answer(message.id, mlops, "Version 3 measures it right.", close=True)
    assert closed.state is FeedbackState.CLOSED and closed.closed_at is not None
    assert [answer.words for answer in closed.answers] == ["We look into it.", "Version 3 measures it right."]
    assert {answer.by_name for answer in closed.answers} == {"Dr Mlops"}
    assert messages.waiting(clinician).real == 1


def test_what_was_answered_is_closed_without_words_and_nobody_is_called_for_it(
    messages: FeedbackMessages, clinician: User, mlops: User, scan: Scan
) -> None:
    message = messages.send(scan.id, clinician, "wrong-size")
    with pytest.raises(InvalidInput, match="Write an answer first"):
        messages.answer(message.id, mlops, "  ", close=True)
    messages.answer(message.id, mlops, "Yes.")
    with pytest.raises(InvalidInput, match="Write an answer first"):
        messages.answer(message.id, mlops, "")
    messages.see(clinician, messages.mine(clinician))
    assert messages.answer(message.id, mlops, "", close=True).state is FeedbackState.CLOSED
    assert messages.waiting(clinician).real == 0
    with pytest.raises(InvalidInput, match="closed already"):
        messages.answer(message.id, mlops, "More.")


def test_the_same_said_twice_is_one_message(
    messages: FeedbackMessages, clinician: User, mlops: User, scan: Scan
) -> None:
    first = messages.send(scan.id, clinician, "wrong-size", "Too large.")
    assert messages.send(scan.id, clinician, "wrong-size", "Too large.") == first
    assert messages.send(scan.id, clinician, "wrong-size", "Too small.") != first
    messages.answer(first.id, mlops, "No.")
    assert messages.send(scan.id, clinician, "wrong-size", "Too large.").id != first.id
    assert messages.counts()[FeedbackState.OPEN].real == 2


def test_words_are_needed_where_only_they_say_it(
    messages: FeedbackMessages, clinician: User, scan: Scan
) -> None:
    with pytest.raises(InvalidInput, match="Say in words"):
        messages.send(scan.id, clinician, "other", " ")
    for category in ("", "slow"):
        with pytest.raises(InvalidInput, match="Choose what is wrong"):
            messages.send(scan.id, clinician, category, "It is.")
    assert len(messages.send(scan.id, clinician, "other", "x" * 5000).words) == LONGEST_WORDS


def test_a_message_is_about_a_result_of_its_scan(
    clinic: Clinic, messages: FeedbackMessages, clinician: User, scan: Scan
) -> None:
    unread, film = clinic.add_volume("u"), clinic.add_film("u")
    other = clinic.read_film(film)
    for scan_id, result_id in ((unread.id, None), (scan.id, other.id), (scan.id, NO_ID)):
        with pytest.raises(InvalidInput, match="no such result"):
            messages.send(scan_id, clinician, "wrong-size", "", result_id)
    with pytest.raises(NotFound):
        messages.send(NO_ID, clinician, "wrong-size")


def test_who_may_not_know_the_patient_reads_no_name(
    clinic: Clinic, messages: FeedbackMessages, clinician: User, mlops: User, scan: Scan
) -> None:
    messages.send(scan.id, clinician, "wrong-patient", "Not Ms Lovelace (MRN-1815) at all.")
    messages.send(scan.id, mlops, "display-fault", "Lovelace is a mathematician.")
    read = {message.sender_name: message.words for message in messages.queue(mlops, FeedbackState.OPEN)}
    assert "Lovelace" not in read["Dr Clinician"] and "1815" not in read["Dr Clinician"]
    assert "at all" in read["Dr Clinician"]
    assert read["Dr Mlops"] == "Lovelace is a mathematician."  # what one wrote oneself
    head = clinic.person(Role.HEAD)
    assert all("Lovelace" not in message.words for message in messages.of_scan(scan.id, head))
    assert any("Ms Lovelace" in message.words for message in messages.of_scan(scan.id, clinician))


def test_the_name_stays_hidden_when_the_scan_is_withdrawn(
    clinic: Clinic, messages: FeedbackMessages, clinician: User, mlops: User, scan: Scan
) -> None:
    messages.send(scan.id, clinician, "wrong-patient", "Not Ms Lovelace at all.")
    clinic.services.reviewing.withdrawals.withdraw(scan.id, "Wrong patient.", clinician)
    (message,) = messages.queue(mlops, FeedbackState.OPEN)
    assert "Lovelace" not in message.words and "withdrawn" in message.words
    assert message.category is FeedbackCategory.WRONG_PATIENT
    assert messages.mine(clinician)[0].words == "Not Ms Lovelace at all."


def test_only_mlops_reads_the_queue_and_answers(
    clinic: Clinic, messages: FeedbackMessages, clinician: User, scan: Scan
) -> None:
    message = messages.send(scan.id, clinician, "wrong-size")
    for role in (Role.CLINICIAN, Role.HEAD, Role.ADMIN):
        user = clinician if role is Role.CLINICIAN else clinic.person(role)
        with pytest.raises(NotAllowed):
            messages.queue(user, FeedbackState.OPEN)
        with pytest.raises(NotAllowed):
            messages.answer(message.id, user, "No.")
    with pytest.raises(NotAllowed):
        messages.send(scan.id, clinic.person(Role.ADMIN, "other-admin"), "wrong-size")
    with pytest.raises(NotFound):
        messages.of_scan(scan.id, clinic.person(Role.ADMIN, "third-admin"))
    with pytest.raises(NotFound, match="no such message"):
        messages.answer(NO_ID, clinic.person(Role.MLOPS), "No.")


@pytest.mark.parametrize("category", FeedbackCategory)
def test_a_wrong_patient_or_side_is_an_alert_until_it_is_closed(
    clinic: Clinic,
    messages: FeedbackMessages,
    clinician: User,
    mlops: User,
    scan: Scan,
    category: FeedbackCategory,
) -> None:
    message = messages.send(scan.id, clinician, category.value, "Ms Lovelace is not this.")
    calling = clinic.alerts.calling()
    if category not in (FeedbackCategory.WRONG_PATIENT, FeedbackCategory.WRONG_SIDE):
        assert calling == []
        return
    (alert,) = calling
    assert (alert.severity, alert.link) == (Severity.CRITICAL, f"/scans/{scan.id}")
    assert "Lovelace" not in alert.title + alert.sentence  # it is read outside this house
    messages.answer(message.id, mlops, "We look.")
    assert len(clinic.alerts.calling()) == 1
    messages.answer(message.id, mlops, "Read again.", close=True)
    assert clinic.alerts.calling() == []


def test_an_alert_of_a_message_names_the_task_in_words_and_marks_scans_of_nobody(
    clinic: Clinic, messages: FeedbackMessages, clinician: User, scan: Scan
) -> None:
    made, _ = clinic.scans.add(replace(scan, id=new_id(), content_sha256=new_id(), synthetic=True))
    clinic.read_volume(made)
    for about in (scan, made):
        messages.send(about.id, clinician, FeedbackCategory.WRONG_SIDE.value)
    real, of_nobody = sorted(clinic.alerts.calling(), key=lambda alert: alert.title.startswith("SYNTHETIC"))
    assert of_nobody.title == f"SYNTHETIC: {real.title}"
    assert real.sentence == "Somebody (clinician) says this of a reading by version 2 of brain tumour."


def test_critical_ones_stand_first(
    messages: FeedbackMessages, clinician: User, mlops: User, scan: Scan
) -> None:
    for category in ("wrong-size", "wrong-side", "display-fault"):
        messages.send(scan.id, clinician, category)
    first, *others = [message.category.value for message in messages.queue(mlops, FeedbackState.OPEN)]
    assert (first, others) == ("wrong-side", ["display-fault", "wrong-size"])


def test_the_metric_counts_them(
    clinic: Clinic, messages: FeedbackMessages, clinician: User, scan: Scan
) -> None:
    messages.send(scan.id, clinician, "wrong-size")
    assert b'lightbox_feedback{state="open",synthetic="no"} 1.0' in clinic.services.health.metrics()
    assert b'lightbox_feedback{state="closed",synthetic="no"} 0.0' in clinic.services.health.metrics()
