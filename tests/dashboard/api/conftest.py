from __future__ import annotations

from collections.abc import Callable

import pytest

from data.records import Role
from tests.dashboard.clinic import Clinic

Bearer = Callable[..., dict[str, str]]


@pytest.fixture
def bearer(clinic: Clinic) -> Bearer:
    """The header of somebody with a role, made on first use."""
    known: dict[Role, dict[str, str]] = {}

    def header(role: Role = Role.CLINICIAN) -> dict[str, str]:
        if role not in known:
            person = clinic.person(role, f"script-{role.value}")
            known[role] = {"Authorization": f"Bearer {clinic.token(person)}"}
        return known[role]

    return header
