"""What an operator sets for signing in with the hospital's accounts; `services.settings` reads it.

Each class checks itself: a setting that cannot work ends the start with a sentence that names it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from data.errors import InvalidInput

BUTTON = "Sign in with your hospital account"
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_NAME_FILTER = "(&(objectClass=person)(|(sAMAccountName={name})(uid={name})))"
_GROUP_FILTER = "(|(member={dn})(uniqueMember={dn}))"
_BETWEEN = re.compile(r"[;\n]+")


@dataclass(frozen=True)
class OidcSettings:
    """The OpenID provider; off without an issuer. Field for field a setting of docs/settings.md."""

    issuer: str = ""
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    scopes: str = "openid profile email"
    groups_claim: str = "groups"
    name_claim: str = "preferred_username"
    prompt: str = ""
    button: str = BUTTON

    def __post_init__(self) -> None:
        """Raises InvalidInput for what cannot work."""
        if not self.issuer:
            return
        require_https(self.issuer, "The setting LIGHTBOX_OIDC_ISSUER")
        if not self.client_id:
            raise InvalidInput("The setting LIGHTBOX_OIDC_CLIENT_ID is missing beside LIGHTBOX_OIDC_ISSUER.")
        if "openid" not in self.scopes.split():
            raise InvalidInput("The setting LIGHTBOX_OIDC_SCOPES must name the scope openid.")
        if self.prompt not in ("", "login", "select_account", "consent"):
            raise InvalidInput(
                "The setting LIGHTBOX_OIDC_PROMPT must be login, select_account or consent, "
                f"not {self.prompt!r}."
            )


@dataclass(frozen=True)
class LdapSettings:
    """The directory; off without servers. Field for field a setting of docs/settings.md."""

    servers: tuple[str, ...] = ()
    bind_dn: str = ""
    bind_password: str = field(default="", repr=False)
    base: str = ""
    filter: str = _NAME_FILTER
    group_base: str = ""
    group_filter: str = _GROUP_FILTER
    nested_groups: bool = False
    button: str = BUTTON

    def __post_init__(self) -> None:
        """Raises InvalidInput for what cannot work."""
        for server in self.servers:
            parts = urlsplit(server)
            if parts.scheme not in ("ldap", "ldaps") or not parts.hostname:
                raise InvalidInput(
                    "The setting LIGHTBOX_LDAP_SERVERS takes ldaps://HOST or ldap://HOST (which then uses "
                    f"StartTLS), not {server!r}."
                )
        if not self.servers:
            return
        if not self.base:
            raise InvalidInput("The setting LIGHTBOX_LDAP_BASE is missing beside LIGHTBOX_LDAP_SERVERS.")
        if not self.bind_dn or not self.bind_password:
            raise InvalidInput(
                "LIGHTBOX_LDAP_SERVERS needs the service account: LIGHTBOX_LDAP_BIND_DN and "
                "LIGHTBOX_LDAP_BIND_PASSWORD or LIGHTBOX_LDAP_BIND_PASSWORD_FILE."
            )
        _require_placeholder("LIGHTBOX_LDAP_FILTER", self.filter, "{name}")
        _require_placeholder("LIGHTBOX_LDAP_GROUP_FILTER", self.group_filter, "{dn}")


@dataclass(frozen=True)
class SignInSettings:
    """Which ways of signing in there are beside Lightbox's own passwords, and what groups give.

    `groups` is (role's name, group) in the written order: of several that fit the first one counts.
    `departments` is (department's name or "*", group): all that fit count. `others_by_hand`: who is in
    none of these groups may be bound to departments by hand, and else sees no scan.
    """

    oidc: OidcSettings = OidcSettings()
    ldap: LdapSettings = LdapSettings()
    groups: tuple[tuple[str, str], ...] = ()
    departments: tuple[tuple[str, str], ...] = ()
    others_by_hand: bool = False
    ca: Path | None = None
    passwords_for_all: bool = True

    def __post_init__(self) -> None:
        """Raises InvalidInput for what cannot work."""
        if (self.oidc.issuer or self.ldap.servers) and not self.groups:
            raise InvalidInput(
                "Signing in with the hospital's accounts needs the setting LIGHTBOX_SIGN_IN_GROUPS, such as "
                "clinician=radiology; head=radiology-leads."
            )
        if self.departments and not (self.oidc.issuer or self.ldap.servers):
            raise InvalidInput(
                "The setting LIGHTBOX_DEPARTMENT_GROUPS needs a sign-in of the hospital: "
                "LIGHTBOX_OIDC_ISSUER or LIGHTBOX_LDAP_SERVERS."
            )


def role_groups(text: str, roles: frozenset[str]) -> tuple[tuple[str, str], ...]:
    """The setting LIGHTBOX_SIGN_IN_GROUPS, `role=group` between semicolons or lines, as pairs in order.

    Raises InvalidInput for a part that is none, and for a role that is not there.
    """
    pairs = []
    for part, role, group in _assigned(text):
        role = role.lower()
        if not group or role not in roles:
            raise InvalidInput(
                "The setting LIGHTBOX_SIGN_IN_GROUPS takes role=group, with one of the roles "
                f"{', '.join(sorted(roles))}, not {part!r}."
            )
        pairs.append((role, group))
    return tuple(pairs)


def department_groups(text: str) -> tuple[tuple[str, str], ...]:
    """The setting LIGHTBOX_DEPARTMENT_GROUPS, `department=group` between semicolons or lines, as pairs.

    Raises InvalidInput for a part that is none. Which departments there are only the database knows.
    """
    pairs = []
    for part, name, group in _assigned(text):
        if not name or not group:
            raise InvalidInput(
                "The setting LIGHTBOX_DEPARTMENT_GROUPS takes department=group, or *=group for the whole "
                f"house, not {part!r}."
            )
        pairs.append((name, group))
    return tuple(pairs)


def _assigned(text: str) -> Iterator[tuple[str, str, str]]:
    """Parts between semicolons or lines: each whole, what stands before its "=", and what after it."""
    for part in filter(None, (part.strip() for part in _BETWEEN.split(text))):
        name, _, group = part.partition("=")
        yield part, name.strip(), group.strip()


def secret_of(env: Mapping[str, str], name: str, file_name: str) -> str:
    """A secret: the setting, or the content of the file that `file_name` says.

    Raises InvalidInput where both are set, and where the file cannot be read or is empty.
    """
    given, file = env.get(name, ""), env.get(file_name, "")
    if given and file:
        raise InvalidInput(f"Set {name} or {file_name}, not both.")
    if not file:
        return given
    try:
        secret = Path(file).read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"The file of the setting {file_name} cannot be read.") from error
    if not secret:
        raise InvalidInput(f"The file of the setting {file_name} is empty.")
    return secret


def require_https(url: str, what: str) -> str:
    """The address, where it is https or this machine's own; raises InvalidInput, which says of `what`."""
    parts = urlsplit(url)
    if parts.scheme == "https" and parts.hostname:
        return url
    if parts.scheme == "http" and parts.hostname in _LOOPBACK:
        return url
    raise InvalidInput(f"{what} must be an https address, not {url!r}.")


def _require_placeholder(name: str, filter_text: str, placeholder: str) -> None:
    if placeholder not in filter_text or not filter_text.startswith("("):
        raise InvalidInput(f"The setting {name} must be an LDAP filter with {placeholder} in it.")
