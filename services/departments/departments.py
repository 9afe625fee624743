"""Departments as administrators make them, who belongs to which, and which scans are of which.

What somebody bound to departments may then read is `data.department_wall`'s to say, what they may do
`services.permissions`'; which department a new scan is of, `data.stores.departments.decided_department`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from data.database import new_id, now
from data.errors import NO_PATIENT, NO_SCAN, InvalidInput, NotFound
from data.records import AuditEvent, Department, User, name_key
from data.stores.audit import AuditLog
from data.stores.departments import DepartmentStore
from data.stores.patients import PatientStore
from data.stores.scans import ScanStore
from data.stores.seen_groups import SeenGroupStore
from data.stores.users import UserStore
from services.department_groups import SETTING, DepartmentGroups, GroupLine
from services.permissions import Permission, require
from services.typed_input import reason_of

LONGEST_NAME = 64
LONGEST_REASON = 500
MOST_NAMES = 200  # senders, or sites, of one department
_NO_NAME = "Give the department a name."
_NO_REASON = "Say why: it stands in the audit trail."
_NOTHING_NAMED = "Enter the pseudonym of a patient or the id of a scan."
_SEES_ALL = "Administrators work for the whole house."
_BY_GROUPS = (
    "What {name} sees is said by groups of the hospital, at each sign-in: change their groups there, or the "
    f"setting {SETTING}."
)


@dataclass(frozen=True)
class DepartmentView:
    """A department with what is of it."""

    department: Department
    scans: int
    people: tuple[str, ...]  # their names


@dataclass(frozen=True)
class DepartmentsView:
    """All departments, what is of none, and what the rules would give one now."""

    departments: tuple[DepartmentView, ...]
    without: int  # scans of no department
    to_assign: Mapping[str, int]  # by the name of the department
    groups: tuple[GroupLine, ...] = ()  # of the hospital, and what each gives

    @property
    def assignable(self) -> int:
        """How many scans of no department a rule gives one."""
        return sum(self.to_assign.values())


class Departments:
    """Makes departments, binds people, moves scans; each act and its event are one transaction."""

    def __init__(
        self,
        store: DepartmentStore,
        users: UserStore,
        scans: ScanStore,
        patients: PatientStore,
        audit: AuditLog,
        groups: DepartmentGroups,
        seen_groups: SeenGroupStore,
    ) -> None:
        self._store = store
        self._users = users
        self._scans = scans
        self._patients = patients
        self._audit = audit
        self._groups = groups
        self._seen_groups = seen_groups

    def names(self) -> dict[str, str]:
        """The name of every department by its id, in their order."""
        return {department.id: department.name for department in self._store.all()}

    def names_of(self, user: User) -> tuple[str, ...]:
        """The departments that a person is bound to, by name; none for who sees the whole house."""
        bound = user.departments or frozenset()
        return tuple(name for each, name in self.names().items() if each in bound)

    def overview(self, user: User) -> DepartmentsView:
        """What there is. Raises NotAllowed."""
        require(user, Permission.MOVE_BETWEEN_DEPARTMENTS)
        every, counts, people = self._store.all(), self._store.counts(), self._users.all()
        names = {department.id: department.name for department in every}
        assignable = self._store.to_assign()
        return DepartmentsView(
            tuple(
                DepartmentView(
                    department,
                    counts.get(department.id, 0),
                    tuple(
                        each.display_name
                        for each in people
                        if each.departments is not None and department.id in each.departments
                    ),
                )
                for department in every
            ),
            counts.get(None, 0),
            {names[each]: len(scan_ids) for each, scan_ids in assignable.items()},
            self._groups.lines(self._seen_groups.last_seen(self._groups.named())),
        )

    def by_groups(self, user: User) -> bool:
        """Whether groups of the hospital say whose scans a person sees, and nobody may by hand."""
        return self._groups.binds(user)

    def make(self, name: str, senders: Sequence[str], sites: Sequence[str], user: User) -> Department:
        """A new department. Raises NotAllowed, InvalidInput for a name, sender or site that another has.

        Nobody is bound to it and no earlier scan is of it by that: see `assign` and `set_people`.
        """
        require(user, Permission.MANAGE_DEPARTMENTS)
        made = Department(new_id(), _name(name), _names(senders), _names(sites), now())
        with self._audit.together():
            self._store.put(made)
            self._note(user, "department made", made.id, _words(made))
        return made

    def change(
        self, department_id: str, name: str, senders: Sequence[str], sites: Sequence[str], user: User
    ) -> Department:
        """Another name, other senders and sites, which hold for what comes from now on.

        Raises NotAllowed, NotFound, InvalidInput.
        """
        require(user, Permission.MANAGE_DEPARTMENTS)
        with self._audit.together():
            known = self._store.existing(department_id)
            made = Department(known.id, _name(name), _names(senders), _names(sites), known.created_at)
            self._store.put(made)
            self._note(user, "department changed", made.id, _words(made))
        return made

    def delete(self, department_id: str, user: User) -> None:
        """Forget a department that nobody and nothing is of. Raises NotAllowed, NotFound, InvalidInput."""
        require(user, Permission.MANAGE_DEPARTMENTS)
        with self._audit.together():
            known = self._store.existing(department_id)
            self._store.delete(department_id)
            self._note(user, "department deleted", department_id, known.name)

    def bind(self, user_id: str, departments: Sequence[str] | None, by: User) -> User:
        """Let a person see these departments' scans alone, or with None the whole house; it acts at once.

        With an empty list they see no scan. Raises NotAllowed, NotFound, InvalidInput for an administrator
        and for whom the hospital's groups bind.
        """
        require(by, Permission.MANAGE_DEPARTMENTS)
        with self._audit.together():
            names = self.names()
            if departments is not None and not set(departments) <= names.keys():
                raise NotFound("There is no such department.")
            known = self._users.get(user_id)
            if known is not None and self.by_groups(known):
                raise InvalidInput(_BY_GROUPS.format(name=known.display_name))
            changed = self._users.set_departments(user_id, departments)
            if departments is not None and changed.departments is None:
                raise InvalidInput(_SEES_ALL)
            said = "the whole house" if departments is None else _listed(names[each] for each in departments)
            self._note(by, "departments of an account", user_id, said)
        return changed

    def assign(self, expected: int, user: User) -> int:
        """Give the scans of no department the one that a rule says, where they are as many as was shown.

        Raises NotAllowed, InvalidInput.
        """
        require(user, Permission.MANAGE_DEPARTMENTS)
        with self._audit.together():
            names = self.names()
            for department_id, scan_ids in self._store.assign(expected).items():
                self._note(
                    user, "departments given", department_id, f"{names[department_id]}: {len(scan_ids)}"
                )
        return expected

    def move(self, what: str, department_id: str | None, reason: str, user: User) -> int:
        """Let a scan (its id), or all scans of a patient (a pseudonym), be of a department, or of none.

        Returns how many scans that are. Raises NotAllowed, NotFound, InvalidInput without a reason.
        """
        require(user, Permission.MOVE_BETWEEN_DEPARTMENTS)
        words = reason_of(reason, LONGEST_REASON, _NO_REASON)
        named = what.strip()
        if not named:
            raise InvalidInput(_NOTHING_NAMED)
        with self._audit.together():
            scan_ids = self._scans_of(named)
            names = self.names()
            self._store.move(scan_ids, department_id)
            to = "no department" if department_id is None else names[department_id]
            for scan_id in scan_ids:
                self._note(user, "scan.department", scan_id, f"to {to}: {words}")
        return len(scan_ids)

    def _scans_of(self, named: str) -> list[str]:
        if self._scans.get(named) is not None:
            return [named]
        patient = self._patients.find(named, with_identity=False)
        if patient is None:
            raise NotFound(NO_PATIENT if named.upper().startswith("P-") else NO_SCAN)
        return [scan.id for scan in self._scans.of_patient(patient.id)]

    def _note(self, user: User, action: str, subject: str, detail: str) -> None:
        self._audit.record(AuditEvent(now(), user.id, action, subject, detail))


def _name(name: str) -> str:
    words = " ".join(name.split())[:LONGEST_NAME]
    if not words:
        raise InvalidInput(_NO_NAME)
    return words


def _names(given: Sequence[str]) -> tuple[str, ...]:
    """Each name once, without blanks around it."""
    kept = {name_key(name): " ".join(name.split())[:255] for name in given if name.strip()}
    if len(kept) > MOST_NAMES:
        raise InvalidInput(f"A department has {MOST_NAMES} senders and {MOST_NAMES} sites at most.")
    return tuple(kept.values())


def _words(department: Department) -> str:
    said = f"{department.name}; senders: {_listed(department.senders)}; sites: {_listed(department.sites)}"
    return said[:1000]


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"
