"""`users`: accounts and access tokens."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace, _SubParsersAction
from typing import TYPE_CHECKING

from data.errors import InvalidInput
from data.records import Role, TokenScope
from services.settings import Settings

if TYPE_CHECKING:
    from data.database import Database
    from data.records import User
    from services.accounts import Accounts


def add_to(subparsers: _SubParsersAction[ArgumentParser]) -> None:
    """Add the command with its own commands; without one, accounts are listed."""
    parser = subparsers.add_parser("users", help="accounts and access tokens")
    parser.set_defaults(run=users, act=_list)
    acts = parser.add_subparsers(title="what to do")
    acts.add_parser("list").set_defaults(act=_list)
    add = acts.add_parser("add", help="create an account with a one-time password")
    add.add_argument("name")
    add.add_argument("--role", choices=[role.value for role in Role], required=True)
    add.add_argument("--display-name")
    add.set_defaults(act=_add)
    for name, act, text in (
        ("reset", _reset, "give a new one-time password"),
        ("deactivate", _deactivate, "end an account"),
    ):
        of_name = acts.add_parser(name, help=text)
        of_name.add_argument("name")
        of_name.set_defaults(act=act)
    lost = acts.add_parser("reset-factors", help="remove the second factors of somebody who lost them")
    lost.add_argument("name")
    lost.set_defaults(run=reset_factors)
    token = acts.add_parser("token", help="make a bearer token for scripts")
    token.add_argument("name")
    token.add_argument("--label", default="script")
    token.add_argument("--days", type=int, help="how long it lasts: 90, a year at most")
    token.add_argument(
        "--scope",
        action="append",
        choices=[scope.value for scope in TokenScope],
        help="what it may be used for; more than once for several, without it for all",
    )
    token.set_defaults(act=_token)


def users(arguments: Namespace, settings: Settings) -> int:
    """Open the accounts and do what was asked for."""
    from data.audit_origin import coming_from
    from data.records import AuditOrigin, AuditVia
    from services.accounts import accounts_of

    with coming_from(AuditOrigin(AuditVia.COMMAND)):
        arguments.act(arguments, accounts_of(_opened(settings)))
    return 0


def reset_factors(arguments: Namespace, settings: Settings) -> int:
    """Remove the second factors of somebody who lost them, who is told at the next sign-in."""
    from data.audit_origin import coming_from
    from data.records import AuditOrigin, AuditVia
    from services.accounts import accounts_of
    from services.assembly.second_factors import build_second_factors

    with coming_from(AuditOrigin(AuditVia.COMMAND)):
        database = _opened(settings)
        accounts = accounts_of(database)
        build_second_factors(database, settings, accounts).reset(_user(accounts, arguments.name).id)
    print(f"{arguments.name} signs in with the password alone")
    return 0


def _opened(settings: Settings) -> Database:
    from data.database import migrate, open_database
    from services.auditing.signing import sign_events

    settings.home.mkdir(parents=True, exist_ok=True)
    database = open_database(settings.database_url)
    migrate(database)
    sign_events(database, settings)
    return database


def _list(_: Namespace, accounts: Accounts) -> None:
    for user in accounts.all():
        state = "" if user.active else "  (deactivated)"
        print(f"{user.name:24} {user.role:10} {user.display_name}{state}")


def _add(arguments: Namespace, accounts: Accounts) -> None:
    display_name = arguments.display_name or arguments.name
    user, password = accounts.create(arguments.name, display_name, Role(arguments.role))
    print(f"{user.name} signs in with the one-time password {password}")


def _reset(arguments: Namespace, accounts: Accounts) -> None:
    password = accounts.reset_password(_user(accounts, arguments.name).id)
    print(f"{arguments.name} signs in with the one-time password {password}")


def _token(arguments: Namespace, accounts: Accounts) -> None:
    from services.accounts import TOKEN_DAYS

    scopes = frozenset(map(TokenScope, arguments.scope or TokenScope))
    days = TOKEN_DAYS if arguments.days is None else arguments.days
    _, secret = accounts.create_token(_user(accounts, arguments.name).id, arguments.label, scopes, days)
    print(secret)


def _deactivate(arguments: Namespace, accounts: Accounts) -> None:
    accounts.set_active(_user(accounts, arguments.name).id, active=False)


def _user(accounts: Accounts, name: str) -> User:
    for user in accounts.all():
        if user.name == name.strip().lower():
            return user
    raise InvalidInput(f"There is no account called {name}.")
