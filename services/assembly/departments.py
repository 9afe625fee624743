"""Departments and the wall between them, on the house's stores."""

from __future__ import annotations

from dataclasses import dataclass

from data.stores.departments import DepartmentStore
from data.stores.seen_groups import SeenGroupStore
from data.stores.users import UserStore
from services.assembly.stores import Stores
from services.department_groups import DepartmentGroups
from services.departments.departments import Departments
from services.departments.wall import DepartmentWall


@dataclass(frozen=True)
class DepartmentServices:
    """What is made of departments, and what a door asks."""

    departments: Departments
    wall: DepartmentWall


def build_departments(stores: Stores, groups: DepartmentGroups) -> DepartmentServices:
    """Put it together."""
    store = DepartmentStore(stores.database)
    users = UserStore(stores.database)
    seen = SeenGroupStore(stores.database)
    made = Departments(store, users, stores.scans, stores.patients, stores.audit, groups, seen)
    return DepartmentServices(made, DepartmentWall(store))
