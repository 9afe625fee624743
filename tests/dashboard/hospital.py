"""A clinic whose people come by the hospital's sign-in."""

from __future__ import annotations

from services.department_groups import DepartmentGroups
from services.identity_providers.federated_accounts import FederatedAccounts
from services.identity_providers.groups import RoleGroups
from services.identity_providers.oidc import OidcProvider
from services.identity_providers.ways import Directory, SignInWays
from services.sign_in_settings import SignInSettings
from tests.dashboard.clinic import QUICK_HASHER, Clinic


def ways_of(
    clinic: Clinic,
    settings: SignInSettings,
    oidc: OidcProvider | None = None,
    directory: Directory | None = None,
) -> SignInWays:
    """The ways of signing in on a clinic's accounts."""
    groups = DepartmentGroups(settings.departments, others_by_hand=settings.others_by_hand)
    federated = FederatedAccounts(clinic.database, RoleGroups(settings.groups), groups, hasher=QUICK_HASHER)
    return SignInWays(settings, clinic.database, clinic.accounts, federated, oidc=oidc, directory=directory)
