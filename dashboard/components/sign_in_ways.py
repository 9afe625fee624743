"""Ways of signing in as administrators see them: which there are, what groups give, who comes by which."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import dash_bootstrap_components as dbc
from dash import html
from dash.development.base_component import Component

from dashboard.components.results import local_time
from data.records import ExternalIdentity, SignInWay, User
from services.permissions import ROLE_NAMES

if TYPE_CHECKING:
    from services.identity_providers.groups import RoleGroups
    from services.identity_providers.ways import WayStatus

WAYS = "admin-ways"
IDENTITIES = "admin-identities"
TOLD = "admin-ways-told"
TRY = "admin-ways-try"  # type of the buttons: {"type", "way"}
ACTION = "admin-identity"  # type of the buttons: {"type", "identity", "verb"}
ACCOUNT = "admin-identity-account"  # type of the menus of accounts: {"type", "identity"}

NAMES = {SignInWay.OIDC: "OpenID Connect", SignInWay.LDAP: "Directory (LDAP)"}
LOCAL = "Password of Lightbox"


def ways_table(statuses: Sequence[WayStatus], passwords_for_all: bool) -> Component:
    """What is set up, and whether it answered when it was last asked."""
    local = html.Tr(
        [
            html.Td(LOCAL),
            html.Td("for everybody" if passwords_for_all else "for administrators"),
            html.Td("always there"),
            html.Td(),
        ]
    )
    head = _head("Way", "Where", "Does it answer?", "")
    return _table(head, [*(_way(status) for status in statuses), local])


def mapping(groups: RoleGroups) -> Component:
    """Which group gives which role, in the order that counts."""
    rows = [html.Tr([html.Td(html.Code(group)), html.Td(ROLE_NAMES[role])]) for role, group in groups.pairs]
    return html.Div(
        [
            html.P(
                "Who is in several groups has the role of the first line that fits. Who is in none does not "
                "get in. Groups are looked at with each sign-in.",
                className="text-secondary",
            ),
            _table(_head("Group of the hospital", "Role"), rows),
        ]
    )


def identities_table(
    identities: Iterable[ExternalIdentity], users: Sequence[User], linkable: Sequence[User]
) -> Component:
    """Who has come by the hospital's sign-in; `linkable`: accounts that a waiting one may be linked with."""
    by_id = {user.id: user for user in users}
    ordered = sorted(identities, key=lambda identity: identity.user_id is not None)
    rows = [_identity(identity, by_id, linkable) for identity in ordered]
    if not rows:
        return html.P("Nobody has come by the hospital's sign-in yet.")
    return _table(_head("At the hospital", "Way", "Last came", "Account", ""), rows)


def ways_of_accounts(identities: Iterable[ExternalIdentity]) -> Mapping[str, str]:
    """By the id of an account, how it signs in, of those that come by the hospital's sign-in."""
    ways: dict[str, list[str]] = {}
    for identity in identities:
        if identity.user_id is not None:
            ways.setdefault(identity.user_id, []).append(NAMES[identity.way])
    return {user_id: ", ".join(sorted(set(names))) for user_id, names in ways.items()}


def _way(status: WayStatus) -> Component:
    name = NAMES[status.way]
    button = dbc.Button(
        ["Try", html.Span(f" {name}", className="visually-hidden")],
        id={"type": TRY, "way": status.way.value},
        size="sm",
        color="secondary",
        outline=True,
    )
    return html.Tr(
        [
            html.Td(name),
            html.Td(html.Code(status.address)),
            html.Td(_answers(status)),
            html.Td(button, className="text-end"),
        ]
    )


def _answers(status: WayStatus) -> list[Component | str]:
    if status.answers is None:
        return ["not asked yet"]
    asked = f", {local_time(status.asked_at)}"
    if status.answers:
        return [html.Strong("yes"), asked]
    return [html.Strong("no"), asked, html.Div(status.detail, className="text-danger")]


def _identity(identity: ExternalIdentity, users: Mapping[str, User], linkable: Sequence[User]) -> Component:
    user = users.get(identity.user_id or "")
    who = [html.Div(identity.display_name), html.Code(identity.name)]
    if identity.subject != identity.name:
        who.append(html.Div(identity.subject, className="text-secondary small text-break"))
    return html.Tr(
        [
            html.Td(who),
            html.Td(NAMES[identity.way]),
            html.Td(local_time(identity.last_seen_at)),
            html.Td(html.Code(user.name) if user else _choice(identity, linkable)),
            html.Td(_buttons(identity), className="text-end text-nowrap"),
        ]
    )


def _choice(identity: ExternalIdentity, linkable: Sequence[User]) -> Component:
    """Which account a waiting identity is: the one of the same name is proposed."""
    same = [user.id for user in linkable if user.name.casefold() == identity.name.casefold()]
    menu = dbc.Select(
        id={"type": ACCOUNT, "identity": identity.id},
        options=[{"label": f"{user.name} ({user.display_name})", "value": user.id} for user in linkable],
        value=same[0] if same else None,
        size="sm",
    )
    label = html.Span(f"Account of {identity.display_name}", className="visually-hidden")
    return html.Label(["waits ", label, menu])


def _buttons(identity: ExternalIdentity) -> list[Component]:
    if identity.user_id is not None:
        return [_button(identity, "unlink", "Unlink")]
    return [_button(identity, "link", "Link"), _button(identity, "make", "Another account")]


def _button(identity: ExternalIdentity, verb: str, label: str) -> Component:
    button: Component = dbc.Button(
        [label, html.Span(f" {identity.display_name}", className="visually-hidden")],
        id={"type": ACTION, "identity": identity.id, "verb": verb},
        size="sm",
        color="secondary",
        outline=True,
        class_name="ms-1",
    )
    return button


def _head(*names: str) -> Component:
    return html.Thead(html.Tr([html.Th(name, scope="col") if name else html.Td() for name in names]))


def _table(head: Component, rows: Sequence[Component]) -> Component:
    table = html.Table([head, html.Tbody(list(rows))], className="table align-middle lb-people")
    return html.Div(table, className="lb-scroll mb-3")
