"""What role the hospital's groups give here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from data.records import Role


class RoleGroups:
    """The mapping of the setting LIGHTBOX_SIGN_IN_GROUPS, in its order."""

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self.pairs = tuple((Role(role), group) for role, group in pairs)

    def role(self, groups: Iterable[str]) -> Role | None:
        """The role of the first line of the mapping that one of the groups stands in; None where none does.

        Groups are compared whole, without regard to case or to blanks around the commas of a
        distinguished name; never by a part of it, since others may make a group of the same short name.
        """
        held = {_compared(group) for group in groups}
        return next((role for role, group in self.pairs if _compared(group) in held), None)


def _compared(group: str) -> str:
    return ",".join(part.strip() for part in group.casefold().split(","))
