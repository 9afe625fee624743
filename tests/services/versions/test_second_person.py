"""Who has to decide on an override is called until somebody has."""

from __future__ import annotations

from dataclasses import replace

from data.database import now
from data.records import BRAIN_TUMOUR, Promotion, PromotionKind, PromotionState, Role, Severity
from services.versions.second_person import calls_second_person
from tests.dashboard.clinic import Clinic

ASKED = Promotion(
    id="p",
    task=BRAIN_TUMOUR,
    version="3",
    from_version="2",
    kind=PromotionKind.PROMOTION,
    state=PromotionState.ASKED,
    reason="SUBJ-1 would have been found.",
    asked_by="a",
    asked_name="Ada",
    asked_at=now(),
    overridden=True,
)


def test_an_alert_stands_until_somebody_has_decided_and_does_not_hand_on_the_reason(clinic: Clinic) -> None:
    call, head = calls_second_person(clinic.alerts), clinic.person(Role.HEAD)
    call(ASKED)
    (alert,) = clinic.alerts.calling()
    assert (alert.severity, alert.link) == (Severity.WARNING, "/models")
    assert alert.title == "Ada asks for an override: version 3 of Brain tumour"
    assert "SUBJ-1" not in alert.title + alert.sentence
    for state in (PromotionState.DONE, PromotionState.REFUSED):
        call(ASKED)
        call(replace(ASKED, state=state, decided_by=head.id))
        assert clinic.alerts.calling() == []
