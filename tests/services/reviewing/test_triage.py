"""Who reads which scan, and how urgent it is: said by people, kept with the audit trail."""

from __future__ import annotations

import pytest

from data.errors import InvalidInput
from data.records import Role, Urgency, WorklistQuery
from data.stores.audit import AuditLog
from services.reviewing.chosen_scans import MOST
from services.reviewing.triage import Taken
from tests.dashboard.clinic import Clinic


def _audited(clinic: Clinic) -> list[tuple[str, str, str, str]]:
    events = AuditLog(clinic.database).recent(50)
    return [
        (event.user_id or "", event.action, event.subject, event.detail)
        for event in reversed(events)
        if event.action.startswith("scan.")
    ]


def test_a_colleague_s_case_is_not_taken_but_may_be_given(clinic: Clinic) -> None:
    anna, bert = clinic.person(Role.CLINICIAN, "anna"), clinic.person(Role.CLINICIAN, "bert")
    first, second = clinic.add_volume(anna.id), clinic.add_film(anna.id)
    triage = clinic.services.reviewing.triage
    assert triage.take([first.id, first.id], anna) == Taken(1)
    assert triage.take([first.id, second.id], bert) == Taken(1, (anna.display_name,))
    assert triage.give([first.id, second.id], bert.id, anna) == 2
    assert {
        row.assigned_to for row in clinic.services.reviewing.worklist.page(WorklistQuery(), anna).rows
    } == {bert.id}
    assert triage.put_back([second.id, "0" * 32], anna) == 1
    assert triage.of_scan(second.id).assigned_to is None  # type: ignore[union-attr]
    assert sorted(_audited(clinic)) == sorted(
        [
            (anna.id, "scan.take", first.id, ""),
            (bert.id, "scan.take", second.id, ""),
            (anna.id, "scan.give", first.id, bert.id),
            (anna.id, "scan.give", second.id, bert.id),
            (anna.id, "scan.put-back", second.id, ""),
        ]
    )


def test_scans_go_only_to_who_may_review_and_is_active(clinic: Clinic) -> None:
    anna, head = clinic.person(Role.CLINICIAN, "anna"), clinic.person(Role.HEAD)
    gone = clinic.person(Role.CLINICIAN, "gone")
    clinic.accounts.set_active(gone.id, False)
    scan, triage = clinic.add_volume(anna.id), clinic.services.reviewing.triage
    assert [colleague.id for colleague in triage.colleagues()] == [anna.id]
    for nobody in (head.id, gone.id, "", "0" * 32):
        with pytest.raises(InvalidInput, match="colleague"):
            triage.give([scan.id], nobody, head)
    with pytest.raises(InvalidInput, match="can take"):
        triage.take([scan.id], head)
    assert triage.give([scan.id], anna.id, head) == 1


def test_urgency_is_said_and_taken_back(clinic: Clinic) -> None:
    anna = clinic.person(Role.CLINICIAN, "anna")
    scan, triage = clinic.add_volume(anna.id), clinic.services.reviewing.triage
    assert triage.set_urgency([scan.id], Urgency.CRITICAL, anna) == 1
    assert triage.of_scan(scan.id).urgency is Urgency.CRITICAL  # type: ignore[union-attr]
    with pytest.raises(InvalidInput, match="critical, urgent or routine"):
        triage.set_urgency([scan.id], Urgency.SUGGESTED, anna)
    assert triage.set_urgency([scan.id], None, anna) == 1
    assert triage.of_scan(scan.id).urgency is None  # type: ignore[union-attr]
    assert _audited(clinic) == [
        (anna.id, "scan.urgency", scan.id, "critical"),
        (anna.id, "scan.urgency", scan.id, ""),
    ]


def test_too_many_scans_at_once_are_refused(clinic: Clinic) -> None:
    anna = clinic.person(Role.CLINICIAN, "anna")
    for wanted in ([], [str(number) for number in range(MOST + 1)]):
        with pytest.raises(InvalidInput, match=f"1 to {MOST}"):
            clinic.services.reviewing.triage.take(wanted, anna)


def test_counters_say_what_waits_and_lead_to_it(clinic: Clinic) -> None:
    anna = clinic.person(Role.CLINICIAN, "anna")
    reviewing = clinic.services.reviewing
    positive, doubtful, done = (clinic.add_volume(anna.id) for _ in range(3))
    waiting = clinic.add_film(anna.id)
    clinic.read_volume(positive)
    clinic.read_volume(doubtful, expected=0.5, positive=False)
    clinic.read_volume(done)
    for scan in (positive, done):
        reviewing.triage.take([scan.id], anna)
    reviewing.triage.set_urgency([waiting.id, done.id], Urgency.URGENT, anna)
    reviewing.reviews.accept(done.id, anna)
    counted = {counter.name: counter for counter in reviewing.worklist.counters(anna)}
    assert {name: counter.n.real for name, counter in counted.items()} == {
        "mine": 1, "unread": 2, "urgent": 1, "suggested": 1, "doubtful": 1,
    }  # fmt: skip
    for counter in counted.values():
        query = WorklistQuery(filters={name: tuple(values) for name, values in counter.filters.items()})
        assert reviewing.worklist.page(query, anna).kinds == counter.n
    assert "mine" not in {counter.name for counter in reviewing.worklist.counters(clinic.person(Role.HEAD))}
