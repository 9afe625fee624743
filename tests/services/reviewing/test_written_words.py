"""What reviewers write of a scan, as it is read by who may know the patient and by who may not."""

from __future__ import annotations

import pytest

from data.records import RejectReason, Role, UnaidedFinding, User
from services.reviewing.review import Remarks
from services.reviewing.scan_views import ScanView
from tests.dashboard.clinic import Clinic

SAID = "Ms Lovelace (MRN-1815) again; Lovelaceville is a town."
UNNAMED = "Ms [removed] ([removed]) again; Lovelaceville is a town."


def shown(clinic: Clinic, scan_id: str, viewer: User) -> ScanView:
    return clinic.services.reviewing.scan_views.scan(scan_id, viewer)


def words(view: ScanView) -> set[str]:
    """All that its two reviews say."""
    assert len(view.reviews) == 2
    return {said for review in view.reviews for said in (review.comment, review.reason) if said}


@pytest.mark.parametrize("role", [Role.HEAD, Role.MLOPS])
def test_comments_and_reasons_name_nobody_to_who_may_not_know(clinic: Clinic, role: Role) -> None:
    scan = clinic.add_volume("u")
    clinic.read_volume(scan)
    clinician, other = clinic.person(Role.CLINICIAN), clinic.person(role)
    reviews = clinic.services.reviewing.reviews
    reviews.accept(scan.id, clinician, Remarks(comment=SAID))
    reviews.reject(scan.id, clinician, RejectReason.OTHER, SAID, truth_positive=True)
    assert words(shown(clinic, scan.id, other)) == {UNNAMED}
    assert words(shown(clinic, scan.id, clinic.person(Role.CLINICIAN, "colleague"))) == {SAID}


def test_readings_without_the_ai_and_second_readings_too(clinic: Clinic) -> None:
    head, ada, ben = (
        clinic.person(Role.HEAD),
        clinic.person(Role.CLINICIAN),
        clinic.person(Role.CLINICIAN, "ben"),
    )
    reviewing = clinic.services.reviewing
    alone, twice = clinic.add_volume("u"), clinic.add_volume("u", study_uid="1.2.9")
    reviewing.unaided.ask([alone.id], ada)
    reviewing.unaided.open(alone.id, ada)
    clinic.read_volume(alone)
    reviewing.unaided.give(alone.id, ada, UnaidedFinding.ABSENT, comment=SAID)
    (reading,) = shown(clinic, alone.id, head).unaided
    assert reading.comment == UNNAMED
    (own,) = shown(clinic, alone.id, ada).unaided
    assert own.comment == SAID

    clinic.read_volume(twice)
    reviewing.second_readings.ask([twice.id], SAID, ada)
    for reader in (ada, ben):
        reviewing.reviews.accept(twice.id, reader, Remarks(comment=SAID))
    double = shown(clinic, twice.id, head).double
    assert double is not None
    assert [double.asked.why, *(reading.comment for reading in double.readings)] == [UNNAMED] * 3
