"""Departments are made, people bound to them and scans moved, each on the audit trail."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from dashboard.components import panels
from data.department_wall import seen_by
from data.errors import InvalidInput, LightboxError, NotAllowed, NotFound
from data.records import AuditQuery, RejectReason, Role, User, WorklistQuery
from services.departments.departments import Departments
from services.departments.wall import NOWHERE, replaced_in, texts_in
from services.permissions import OF_ONE_SCAN, Permission, may, require
from services.reviewing.review import Remarks
from tests.dashboard.clinic import Clinic


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    clinic = Clinic(tmp_path, networks=False)
    yield clinic
    clinic.close()


def of(clinic: Clinic) -> Departments:
    return clinic.services.departments.departments


def events(clinic: Clinic, action: str) -> list[tuple[str, str]]:
    page = clinic.services.database
    from data.stores.audit import AuditLog

    logged = AuditLog(page).page(AuditQuery(actions=(action,)), 50)
    return [(event.subject, event.detail) for event in logged.events]


def test_a_new_scan_is_of_the_department_that_its_sender_site_or_uploader_says(clinic: Clinic) -> None:
    admin, user = clinic.person(Role.ADMIN), clinic.person(Role.CLINICIAN)
    north = of(clinic).make("North", ["NORTH_MR"], [], admin)
    kids = of(clinic).make("Paediatrics", [], ["Kids Institute"], admin)
    assert clinic.add_volume("dicom:NORTH_MR", site="Kids Institute").department_id == north.id
    assert clinic.add_volume(user.id, site="kids institute").department_id == kids.id
    assert clinic.add_volume(user.id).department_id is None
    of(clinic).bind(user.id, [north.id], admin)
    assert clinic.add_volume(user.id).department_id == north.id
    of(clinic).bind(user.id, [north.id, kids.id], admin)
    assert clinic.add_volume(user.id).department_id is None


def test_earlier_scans_are_given_their_departments_when_somebody_says_so(clinic: Clinic) -> None:
    admin = clinic.person(Role.ADMIN)
    before = [clinic.add_volume("u", site="Kids Institute") for _ in range(2)]
    other = clinic.add_volume("u", site="elsewhere")
    kids = of(clinic).make("Paediatrics", [], ["Kids Institute"], admin)
    view = of(clinic).overview(admin)
    assert (view.to_assign, view.without) == ({"Paediatrics": 2}, 3)
    assert clinic.scans.existing(before[0].id).department_id is None
    with pytest.raises(InvalidInput, match="changed meanwhile"):
        of(clinic).assign(3, admin)
    assert of(clinic).assign(2, admin) == 2
    assert [clinic.scans.existing(scan.id).department_id for scan in (*before, other)] == [
        kids.id,
        kids.id,
        None,
    ]
    assert events(clinic, "departments given") == [(kids.id, "Paediatrics: 2")]
    with pytest.raises(InvalidInput, match="move them first"):
        of(clinic).delete(kids.id, admin)


def test_who_is_bound_sees_their_own_at_once_and_the_house_goes_on(clinic: Clinic) -> None:
    admin, user = clinic.person(Role.ADMIN), clinic.person(Role.CLINICIAN)
    scan = clinic.add_volume(user.id, site="Kids Institute")
    kids = of(clinic).make("Paediatrics", [], ["Kids Institute"], admin)
    of(clinic).assign(1, admin)
    north = of(clinic).make("North", [], [], admin)
    reviewing = clinic.services.reviewing
    bound = of(clinic).bind(user.id, [north.id], admin)
    with seen_by(bound.departments):
        assert reviewing.worklist.page(WorklistQuery(), bound).total == 0
        with pytest.raises(NotFound):
            reviewing.scan_views.scan(scan.id, bound)
        with pytest.raises(NotFound):
            clinic.services.reviewing.withdrawals.withdraw(scan.id, "mine", bound)
    assert of(clinic).names_of(bound) == ("North",)
    head = clinic.person(Role.HEAD)
    assert of(clinic).move(scan.id, north.id, "It is ours", head) == 1
    with seen_by(bound.departments):
        assert reviewing.worklist.page(WorklistQuery(), bound).total == 1
    assert events(clinic, "scan.department") == [(scan.id, "to North: It is ours")]
    seen = of(clinic).bind(user.id, None, admin)
    assert seen.departments is None and reviewing.worklist.page(WorklistQuery(), seen).total == 1
    assert [detail for _, detail in events(clinic, "departments of an account")] == [
        "the whole house",
        "North",
    ]
    assert kids.id in of(clinic).names()


def _figures(clinic: Clinic, search: str, viewer: User) -> list[tuple[object, ...]]:
    """Every point of real use of every metric, as the viewer is told it."""
    with seen_by(viewer.departments):
        numbers = clinic.services.performance.numbers
        views = numbers.every(numbers.asked(f"task=brain-tumour&{search}", viewer))
    return [
        (view.metric.name, point.version, point.month, point.figure)
        for view in views
        for point in view.points
        if view.metric.truth
    ]


@pytest.mark.parametrize("by", ["version", "month"])
def test_performance_is_counted_of_the_scans_that_one_may_see(clinic: Clinic, by: str) -> None:
    admin, reader, head = clinic.person(Role.ADMIN), clinic.person(Role.CLINICIAN), clinic.person(Role.HEAD)
    north = of(clinic).make("North", [], ["North"], admin)
    kids = of(clinic).make("Paediatrics", [], ["Kids"], admin)
    reviews, scans = clinic.services.reviewing.reviews, {"North": [], "Kids": []}
    for number, site in enumerate(["North"] * 4 + ["Kids"] * 3):
        scans[site].append(scan := clinic.add_volume(reader.id, site=site))
        clinic.read_volume(scan)
        if number % 3:
            reviews.accept(scan.id, reader, Remarks())
        else:
            reviews.reject(scan.id, reader, RejectReason.OTHER, "No tumour", False, Remarks())
    bound = of(clinic).bind(clinic.person(Role.HEAD, "northern").id, [north.id], admin)
    of_north = _figures(clinic, f"by={by}&site=North", head)
    assert {figure.n for name, _, _, figure in of_north if name == "accuracy"} == {4}
    assert _figures(clinic, f"by={by}", bound) == of_north != _figures(clinic, f"by={by}", head)
    of(clinic).move(scans["North"][0].id, kids.id, "theirs", head)
    accuracy = [row for row in _figures(clinic, f"by={by}", bound) if row[0] == "accuracy"]
    assert [row[3].n for row in accuracy] == [3]
    of(clinic).move(scans["Kids"][0].id, north.id, "ours", head)
    of(clinic).move(scans["Kids"][1].id, north.id, "ours", head)
    accuracy = [row for row in _figures(clinic, f"by={by}", bound) if row[0] == "accuracy"]
    assert [row[3].n for row in accuracy] == [5]
    performance = clinic.services.performance
    with seen_by(bound.departments):
        asked = performance.numbers.asked("task=brain-tumour&version=2", bound)
        cases = performance.cases.page(asked.which("all")).rows
        told = performance.exports.numbers(asked, bound)
        with pytest.raises(NotAllowed, match="whole house"):
            performance.details.validation_cases(asked, bound)
    own = {scan.id for scan in (*scans["North"][1:], *scans["Kids"][:2])}
    assert {case.scan_id for case in cases} == own
    assert {row["n"] for row in told["numbers"] if row["metric"] == "accuracy"} <= {5, None}


def test_nothing_is_answered_past_the_wall(clinic: Clinic) -> None:
    bound = User("i", "n", "N", Role.CLINICIAN, departments=frozenset({"d"}))
    with pytest.raises(LightboxError):
        require(bound, Permission.SEE_SCANS)
    with seen_by(frozenset({"e"})), pytest.raises(LightboxError):
        require(bound, Permission.SEE_SCANS)
    with seen_by(bound.departments):
        assert require(bound, Permission.SEE_SCANS) is bound
        with pytest.raises(NotAllowed, match="about the whole house"):
            require(bound, Permission.SEE_STATISTICS)


def test_whatever_counts_or_rules_the_house_is_kept_from_who_is_bound() -> None:
    for role in Role:
        bound = User("i", "n", "N", role, departments=frozenset())
        for permission in Permission:
            free = may(replace(bound, departments=None), permission)
            assert may(bound, permission) is (free and permission in OF_ONE_SCAN)


def test_a_scan_s_page_says_whose_it_is_and_leads_to_moving_it(clinic: Clinic) -> None:
    admin, head, user = clinic.person(Role.ADMIN), clinic.person(Role.HEAD), clinic.person(Role.CLINICIAN)
    scan, scan_views = clinic.add_volume(user.id, site="Kids"), clinic.services.reviewing.scan_views
    assert scan_views.scan(scan.id, user).department == ""
    kids = of(clinic).make("Paediatrics", [], ["elsewhere"], admin)
    assert scan_views.scan(scan.id, user).department == "none"
    of(clinic).move(scan.id, kids.id, "theirs", head)
    view = scan_views.scan(scan.id, user)
    assert view.department == "Paediatrics"
    assert "/departments" not in str(panels.facts(view, user))
    assert f"/departments?scan={scan.id}" in str(panels.facts(view, head))


def test_an_administrator_is_bound_to_no_department(clinic: Clinic) -> None:
    admin = clinic.person(Role.ADMIN)
    north = of(clinic).make("North", [], [], admin)
    with pytest.raises(InvalidInput, match="whole house"):
        of(clinic).bind(admin.id, [north.id], admin)
    assert clinic.accounts.user(admin.id).departments is None  # type: ignore[union-attr]


def test_a_sender_or_site_is_of_one_department(clinic: Clinic) -> None:
    admin = clinic.person(Role.ADMIN)
    north = of(clinic).make("North", ["A"], ["S"], admin)
    for name, senders, sites in (("north", [], []), ("B", ["a"], []), ("B", [], ["s "]), (" ", [], [])):
        with pytest.raises(InvalidInput):
            of(clinic).make(name, senders, sites, admin)
    assert of(clinic).change(north.id, "North", ["A", "B"], ["S"], admin).senders == ("A", "B")
    of(clinic).delete(north.id, admin)
    assert of(clinic).names() == {}


def test_scans_are_given_only_to_colleagues_who_see_them(clinic: Clinic) -> None:
    admin, user = clinic.person(Role.ADMIN), clinic.person(Role.CLINICIAN)
    other = clinic.person(Role.CLINICIAN, "other")
    scan = clinic.add_volume(user.id)
    north = of(clinic).make("North", [], [], admin)
    of(clinic).bind(other.id, [north.id], admin)
    triage = clinic.services.reviewing.triage
    with pytest.raises(InvalidInput, match="other departments"):
        triage.give([scan.id], other.id, user)
    of(clinic).move(scan.id, north.id, "why", admin)
    assert triage.give([scan.id], other.id, user) == 1


def test_a_file_that_another_department_has_is_said_and_not_shown(clinic: Clinic) -> None:
    admin, user = clinic.person(Role.ADMIN), clinic.person(Role.CLINICIAN)
    north = of(clinic).make("North", [], [], admin)
    scan = clinic.add_volume("u")
    bound = of(clinic).bind(user.id, [north.id], admin)
    uploads = clinic.services.reading.uploads
    upload = uploads.create(replace(user, departments=None), "a.nii", 4)
    clinic.uploads.add_outcomes(upload.id, known_scan_ids=(scan.id,))
    with seen_by(bound.departments):
        (outcome,) = uploads.outcomes(bound)
    assert outcome.scans == () and outcome.upload.known_scan_ids == ()
    assert [refusal.code for refusal in outcome.upload.refusals] == ["other_department"]


def test_an_id_is_put_away_however_it_is_written() -> None:
    secret, own = "ab" * 16, "cd" * 16
    body = {
        "a": [f"/scans/{secret}", own],
        secret: f"?scan=%61{secret[1:]}",
        "b": f"%2561{secret[1:]}",
        "n": 1,
    }
    assert secret in set(texts_in(body))
    assert replaced_in(body, frozenset({secret})) == {
        "a": [f"/scans/{NOWHERE}", own],
        NOWHERE: f"?scan={NOWHERE}",
        "b": NOWHERE,
        "n": 1,
    }
