"""Whose scans somebody sees by groups of the hospital, given at each sign-in as the role is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from data.records import Department, User, name_key

WHOLE_HOUSE = "*"
"""What stands for the whole house in place of a department's name."""
SETTING = "LIGHTBOX_DEPARTMENT_GROUPS"


@dataclass(frozen=True)
class GroupLine:
    """A line of the mapping, and what has become of it."""

    gives: str  # a department's name, or WHOLE_HOUSE
    group: str
    seen_at: datetime | None  # when somebody of the group last signed in; None: nobody yet


@dataclass(frozen=True)
class Given:
    """What somebody's groups give: departments by their ids, or with None the whole house."""

    departments: frozenset[str] | None
    by_groups: bool  # False: nobody's group said so, and administrators may say otherwise
    unknown: tuple[str, ...] = ()  # names in lines of theirs that no department has


class DepartmentGroups:
    """The mapping of the setting LIGHTBOX_DEPARTMENT_GROUPS; with no line everything is said by hand."""

    def __init__(self, pairs: Sequence[tuple[str, str]] = (), *, others_by_hand: bool = False) -> None:
        """`pairs` is (department's name, group); `others_by_hand`: who is in no group of them may be bound
        by hand, and else sees no scan.
        """
        self._pairs = tuple(pairs)
        self._others_by_hand = others_by_hand

    def __bool__(self) -> bool:
        return bool(self._pairs)

    def given(self, groups: Iterable[str], user: User, every: Iterable[Department]) -> Given | None:
        """What the groups that somebody comes with give them; None where what is said by hand holds.

        Every line that fits counts. A name that no department has gives nothing, so that a department which
        was renamed never makes anybody see more. What groups gave goes with the groups.
        """
        if not self._pairs:
            return None
        held = {compared(group) for group in groups}
        names = [name for name, group in self._pairs if compared(group) in held]
        if not names:
            return self._of_others(user)
        if WHOLE_HOUSE in names:
            return Given(None, by_groups=True)
        ids = {name_key(department.name): department.id for department in every}
        known = frozenset(ids[name_key(name)] for name in names if name_key(name) in ids)
        unknown = tuple(dict.fromkeys(name for name in names if name_key(name) not in ids))
        return Given(known, by_groups=True, unknown=unknown)

    def named(self) -> frozenset[str]:
        """The groups of the mapping, as compared."""
        return frozenset(compared(group) for _, group in self._pairs)

    def lines(self, seen: Mapping[str, datetime]) -> tuple[GroupLine, ...]:
        """The mapping as it is written; `seen` says when somebody last came with a group of `named`."""
        return tuple(GroupLine(name, group, seen.get(compared(group))) for name, group in self._pairs)

    def binds(self, user: User) -> bool:
        """Whether what somebody sees is their groups' business, and nobody's by hand."""
        return bool(self) and user.departments_by_groups

    def _of_others(self, user: User) -> Given | None:
        if not self._others_by_hand:
            return Given(frozenset(), by_groups=True)
        return Given(frozenset(), by_groups=False) if user.departments_by_groups else None


def compared(group: str) -> str:
    """A group without regard to case or to blanks around the commas of a distinguished name.

    It is compared whole, never by a part of it, since others may make a group of the same short name.
    """
    return ",".join(part.strip() for part in group.casefold().split(","))
