"""Who exports, and by what."""

from __future__ import annotations

import pytest

from data.records import Role, User
from services.exporting.exports import Exports
from tests.dashboard.clinic import Clinic


@pytest.fixture
def clinician(clinic: Clinic) -> User:
    return clinic.person(Role.CLINICIAN)


@pytest.fixture
def exports(clinic: Clinic) -> Exports:
    return clinic.services.exports
