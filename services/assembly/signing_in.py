"""The hospital's sign-in, put together from the settings; nobody is asked anything yet."""

from __future__ import annotations

from argon2 import PasswordHasher

from services.accounts import Accounts
from services.assembly.stores import Stores
from services.department_groups import DepartmentGroups
from services.identity_providers.federated_accounts import FederatedAccounts
from services.identity_providers.groups import RoleGroups
from services.identity_providers.ldap import LdapDirectory
from services.identity_providers.oidc import OidcProvider
from services.identity_providers.ways import SignInWays

CALLBACK = "/sign-in/oidc/callback"


def build_department_groups(stores: Stores) -> DepartmentGroups:
    """What groups of the hospital say of departments; sign-in and page share it."""
    settings = stores.settings.sign_in
    return DepartmentGroups(settings.departments, others_by_hand=settings.others_by_hand)


def build_sign_in_ways(
    stores: Stores, accounts: Accounts, hasher: PasswordHasher, department_groups: DepartmentGroups
) -> SignInWays:
    """Put it together."""
    settings = stores.settings.sign_in
    federated = FederatedAccounts(
        stores.database, RoleGroups(settings.groups), department_groups, hasher=hasher
    )
    callback = stores.settings.public_url + CALLBACK
    return SignInWays(
        settings,
        stores.database,
        accounts,
        federated,
        oidc=OidcProvider(settings.oidc, callback, settings.ca) if settings.oidc.issuer else None,
        directory=LdapDirectory(settings.ldap, settings.ca) if settings.ldap.servers else None,
    )
