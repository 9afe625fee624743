"""Whose scans somebody sees follows their groups at each sign-in; the audit trail is told what changed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboard.components import departments as parts
from dashboard.components.results import local_date
from dashboard.pages import departments as page
from data.database import now
from data.errors import InvalidInput
from data.records import AuditQuery, Department, ExternalPerson, Role, SignInWay, User
from data.stores.audit import AuditLog
from data.stores.departments import DepartmentStore
from data.stores.seen_groups import SeenGroupStore
from data.stores.users import UserStore
from services.department_groups import DepartmentGroups
from services.departments.departments import Departments
from services.identity_providers.federated_accounts import FederatedAccounts
from services.identity_providers.groups import RoleGroups
from tests.dashboard.clinic import QUICK_HASHER, Clinic

ROLES = RoleGroups([("admin", "admins"), ("head", "leads"), ("clinician", "radiology")])
LINES = (("North", "north"), ("Kids", "kids"), ("*", "all"))


class House:
    """A clinic whose people come with groups."""

    def __init__(self, clinic: Clinic) -> None:
        self.clinic = clinic
        self.admin = clinic.person(Role.ADMIN)
        self.north, self.kids = (self._plain().make(name, [], [], self.admin) for name in ("North", "Kids"))
        self.set_up(LINES)

    def set_up(self, lines: tuple[tuple[str, str], ...], *, others_by_hand: bool = False) -> None:
        """Begin anew with another setting."""
        groups = DepartmentGroups(lines, others_by_hand=others_by_hand)
        self.federated = FederatedAccounts(self.clinic.database, ROLES, groups, hasher=QUICK_HASHER)
        self.departments = self._with(groups)

    def enter(self, *groups: str) -> User:
        """Ada comes with these groups; the account as it is kept."""
        person = ExternalPerson(SignInWay.OIDC, "https://idp.example", "1815", "ada", "Dr Ada", groups)
        user = self.federated.enter(person)
        assert self.clinic.accounts.user(user.id) == user  # what a request sees is what was returned
        return user

    def told(self) -> list[str]:
        """What the audit trail says of what people see, oldest first."""
        query = AuditQuery(actions=("departments of an account",))
        return [event.detail for event in AuditLog(self.clinic.database).page(query, 50).events][::-1]

    def _plain(self) -> Departments:
        return self.clinic.services.departments.departments

    def _with(self, groups: DepartmentGroups) -> Departments:
        clinic, database = self.clinic, self.clinic.database
        store, users, seen = DepartmentStore(database), UserStore(database), SeenGroupStore(database)
        return Departments(store, users, clinic.scans, clinic.patients, AuditLog(database), groups, seen)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    clinic = Clinic(tmp_path, networks=False)
    yield House(clinic)
    clinic.close()


def _ids(*departments: Department) -> frozenset[str]:
    return frozenset(each.id for each in departments)


def test_groups_bind_at_each_sign_in_and_only_changes_are_told(house: House) -> None:
    user = house.enter("radiology", "north")
    assert (user.departments, user.departments_by_groups) == (_ids(house.north), True)
    house.enter("radiology", "north")
    assert house.enter("radiology", "north", "kids").departments == _ids(house.north, house.kids)
    assert house.enter("radiology", "all").departments is None
    assert house.enter("radiology").departments == frozenset()
    assert house.told() == [
        "North, by groups of the hospital",
        "Kids, North, by groups of the hospital",
        "the whole house, by groups of the hospital",
        "no scan at all, by groups of the hospital",
    ]


def test_what_groups_say_is_not_said_by_hand(house: House) -> None:
    user = house.enter("radiology", "north")
    for departments in (None, [house.kids.id]):
        with pytest.raises(InvalidInput, match="What Dr Ada sees is said by groups of the hospital"):
            house.departments.bind(user.id, departments, house.admin)
    assert house.enter("radiology", "north").departments == _ids(house.north)
    house.set_up(())  # without the setting it is said by hand again, and stays until then
    assert house.enter("radiology", "kids").departments == _ids(house.north)
    changed = house.departments.bind(user.id, [house.kids.id], house.admin)
    assert (changed.departments, changed.departments_by_groups) == (_ids(house.kids), False)


def test_what_was_said_by_hand_holds_for_who_is_in_no_group_where_it_is_set_so(house: House) -> None:
    house.set_up(LINES, others_by_hand=True)
    user = house.enter("radiology")
    assert user.departments is None and not user.departments_by_groups
    house.departments.bind(user.id, [house.kids.id], house.admin)
    assert house.enter("radiology").departments == _ids(house.kids)
    assert house.enter("radiology", "north").departments == _ids(house.north)
    lost = house.enter("radiology")
    assert (lost.departments, lost.departments_by_groups) == (frozenset(), False)
    house.departments.bind(user.id, [house.kids.id], house.admin)
    assert house.told()[-2:] == [
        "no scan at all: no group of theirs is named in LIGHTBOX_DEPARTMENT_GROUPS any more",
        "Kids",
    ]


def test_a_renamed_or_deleted_department_gives_nothing_and_is_named(house: House) -> None:
    user = house.enter("radiology", "north")
    with pytest.raises(InvalidInput, match="People belong to this department"):
        house.departments.delete(house.north.id, house.admin)
    house.departments.change(house.north.id, "North Wing", [], [], house.admin)
    assert house.clinic.accounts.user(user.id).departments == _ids(house.north)  # type: ignore[union-attr]
    assert house.enter("radiology", "north").departments == frozenset()
    assert house.told()[-1] == "no scan at all, by groups of the hospital; no department is called North"
    house.departments.delete(house.north.id, house.admin)
    assert house.enter("radiology", "north", "kids").departments == _ids(house.kids)


def test_an_administrator_of_before_sees_what_the_groups_give_and_no_more(house: House) -> None:
    user = house.enter("radiology", "north")
    assert house.enter("admins", "north").departments is None
    demoted = house.enter("radiology", "north", "kids")
    assert (demoted.role, demoted.departments) == (Role.CLINICIAN, _ids(house.north, house.kids))
    house.enter("admins")
    assert house.enter("leads", "all").departments is None
    assert house.clinic.accounts.user(user.id).role is Role.HEAD  # type: ignore[union-attr]


def test_the_page_says_who_is_bound_so_and_which_lines_give_nothing(house: House) -> None:
    house.set_up((*LINES, ("South", "south")))
    user = house.enter("radiology", "north")
    shown = page.show(house.departments, house.clinic.accounts, house.admin)
    (ada,) = [each for each in shown[parts.PERSON] if each["value"] == user.id]
    assert ada["disabled"] and ada["label"] == "Dr Ada (ada): by groups of the hospital"
    assert "North, by groups of the hospital" in str(shown[parts.PEOPLE])
    rows = [[cell.children for cell in row.children] for row in shown[parts.GROUPS][-1].children[1].children]
    assert rows == [
        ["north", "North", f"somebody of it signed in last on {local_date(now())}"],
        ["kids", "Kids", "nobody of it has signed in yet"],
        ["all", "the whole house", "nobody of it has signed in yet"],
        ["south", "South", "gives nothing: no department is called so"],
    ]
    head = house.clinic.person(Role.HEAD)
    assert page.show(house.departments, house.clinic.accounts, head)[parts.GROUPS] is None
    house.set_up(())
    shown = page.show(house.departments, house.clinic.accounts, house.admin)
    assert shown[parts.GROUPS] == [] and "by groups" not in str(shown)


def test_who_came_with_a_group_is_known_after_a_restart_and_to_another_server(house: House) -> None:
    def seen() -> dict[str, bool]:
        groups = house.departments.overview(house.admin).groups
        return {each.group: each.seen_at is not None for each in groups}

    house.enter("radiology", "NORTH", "canteen")
    house.set_up(LINES)  # as a server does that starts anew, or beside it
    assert seen() == {"north": True, "kids": False, "all": False}
    house.set_up((*LINES, ("South", "canteen")))
    assert not seen()["canteen"]  # nobody was asked to remember groups that no line named
    first = house.departments.overview(house.admin).groups[0].seen_at
    house.enter("radiology", "north", "kids")
    assert seen() == {"north": True, "kids": True, "all": False, "canteen": False}
    last = house.departments.overview(house.admin).groups[0].seen_at
    assert first is not None and last is not None and last > first


def test_who_is_unlinked_may_be_bound_by_hand(house: House) -> None:
    user = house.enter("radiology", "north")
    (identity,) = house.federated.of(user.id)
    house.federated.unlink(identity.id, house.admin)
    kept = house.clinic.accounts.user(user.id)
    assert kept is not None and kept.departments == _ids(house.north)
    assert house.departments.bind(user.id, [house.kids.id], house.admin).departments == _ids(house.kids)
