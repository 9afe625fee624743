"""What role the hospital's groups give here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from data.records import Role
from services.department_groups import compared


class RoleGroups:
    """The mapping of the setting LIGHTBOX_SIGN_IN_GROUPS, in its order."""

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self.pairs = tuple((Role(role), group) for role, group in pairs)

    def role(self, groups: Iterable[str]) -> Role | None:
        """The role of the first line of the mapping that one of the groups stands in; None where none does.

        Groups are compared as `services.department_groups.compared` has them.
        """
        held = {compared(group) for group in groups}
        return next((role for role, group in self.pairs if compared(group) in held), None)
