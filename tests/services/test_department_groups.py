"""Which departments groups of the hospital give: all that fit, nothing by a name that no department has."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.records import Department, Role, User
from services.department_groups import DepartmentGroups, Given

MOMENT = datetime(2026, 11, 20, 8, tzinfo=UTC)
NORTH, KIDS = (Department(name[0] * 32, name, (), (), MOMENT) for name in ("North", "Kids"))
LINES = (("North", "cn=north,dc=h"), ("Kids", "kids"), ("*", "all"), ("South", "south"))
ADA = User("1" * 32, "ada", "Dr Ada", Role.CLINICIAN)
BY_GROUPS = User("1" * 32, "ada", "Dr Ada", Role.CLINICIAN, departments_by_groups=True)


def _given(*groups: str, user: User = ADA, others_by_hand: bool = False) -> Given | None:
    mapping = DepartmentGroups(LINES, others_by_hand=others_by_hand)
    return mapping.given(groups, user, (NORTH, KIDS))


@pytest.mark.parametrize(
    ("groups", "departments", "unknown"),
    [
        (("CN=North, DC=h",), {NORTH.id}, ()),
        (("kids", "cn=north,dc=h"), {NORTH.id, KIDS.id}, ()),
        (("kids", "all"), None, ()),
        (("south",), set(), ("South",)),  # renamed or never made: nobody sees more by it
        (("south", "kids"), {KIDS.id}, ("South",)),
        (("north",), set(), ()),  # part of a distinguished name is another group
        ((), set(), ()),
    ],
)
def test_every_line_that_fits_counts(
    groups: tuple[str, ...], departments: set[str] | None, unknown: tuple[str, ...]
) -> None:
    expected = None if departments is None else frozenset(departments)
    assert _given(*groups) == Given(expected, by_groups=True, unknown=unknown)


def test_a_department_is_written_as_it_is_called_in_any_case() -> None:
    mapping = DepartmentGroups([("  nORTH ", "north")])
    assert mapping.given(["north"], ADA, [NORTH]) == Given(frozenset({NORTH.id}), by_groups=True)


def test_without_a_line_nothing_is_said_by_groups() -> None:
    mapping = DepartmentGroups(())
    assert not mapping and mapping.given(["north"], ADA, [NORTH]) is None
    assert not mapping.binds(BY_GROUPS)


def test_who_is_in_no_group_may_be_bound_by_hand_where_the_setting_says_so() -> None:
    assert _given("canteen", others_by_hand=True) is None
    lost = _given("canteen", user=BY_GROUPS, others_by_hand=True)
    assert lost == Given(frozenset(), by_groups=False)  # what groups gave goes with the groups


def test_lines_say_when_somebody_last_came_with_their_group() -> None:
    mapping = DepartmentGroups(LINES)
    assert {"kids", "cn=north,dc=h"} < mapping.named()
    told = [(line.gives, line.seen_at) for line in mapping.lines({"kids": MOMENT})]
    assert told == [("North", None), ("Kids", MOMENT), ("*", None), ("South", None)]


@given(
    groups=st.sets(st.sampled_from(["cn=north,dc=h", "kids", "all", "south", "canteen"])),
    bound=st.booleans(),
    others_by_hand=st.booleans(),
)
def test_the_whole_house_is_given_by_its_own_line_alone(
    groups: set[str], bound: bool, others_by_hand: bool
) -> None:
    said = _given(*groups, user=BY_GROUPS if bound else ADA, others_by_hand=others_by_hand)
    if said is None:
        assert others_by_hand and not bound and groups <= {"canteen"}
    else:
        assert (said.departments is None) == ("all" in groups)
