"""Who may do what: one table."""

from __future__ import annotations

from data.records import Role, User


def may_see_identity(viewer: User) -> bool:
    """Only clinicians see who a patient is."""
    return viewer.role is Role.CLINICIAN
