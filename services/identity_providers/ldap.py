"""Signing in at the hospital's directory (LDAP, Active Directory): search as a service account, then bind.

RFC 4511, 4513 (an empty password never binds: it would be anonymous), 4515 (what people type is escaped).
The connection is always encrypted and the certificate verified: LDAPS, or StartTLS before anything else.
"""

from __future__ import annotations

import logging
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import UUID

from ldap3 import BASE, NONE, SUBTREE, Connection, Server, Tls
from ldap3.core.exceptions import (
    LDAPException,
    LDAPInvalidCredentialsResult,
    LDAPSizeLimitExceededResult,
)
from ldap3.utils.conv import escape_filter_chars

from data.records import ExternalPerson, SignInWay
from services.identity_providers.faults import ProviderAway
from services.sign_in_settings import LdapSettings

CONNECTS_WITHIN_S = 3
ANSWERS_WITHIN_S = 6
LONGEST_PASSWORD = 1000
_MOST_GROUPS = 1000
_DEEPEST = 10
_NAMES = ("sAMAccountName", "uid", "cn")
_DISPLAY_NAMES = ("displayName", "cn")
_IDS = ("objectGUID", "entryUUID")
_ATTRIBUTES = [*_NAMES, *_DISPLAY_NAMES, *_IDS]

log = logging.getLogger(__name__)


class VerifiedTls(Tls):  # type: ignore[misc]
    """TLS as Python sets it up: certificate and host name are verified by OpenSSL, not by the library."""

    def wrap_socket(self, connection: Connection, do_handshake: bool = False) -> None:
        """Encrypt a connection's socket; its time limit counts for the handshake too."""
        context = ssl.create_default_context(cafile=self.ca_certs_file)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        connection.socket = context.wrap_socket(connection.socket, server_hostname=connection.server.host)


class LdapDirectory:
    """One directory behind one server or several, which are asked in their order until one answers."""

    def __init__(self, settings: LdapSettings, ca: Path | None = None) -> None:
        """`ca`: the file with the authority that signed the servers' certificates; else the machine's."""
        self._settings = settings
        self._tls = VerifiedTls(validate=ssl.CERT_REQUIRED, ca_certs_file=str(ca) if ca else None)
        self._issuer = f"ldap:{settings.base.casefold()}"

    def probe(self) -> None:
        """Bind as the service account and look for the base. Raises ProviderAway."""
        with self._service() as connection:
            connection.search(self._settings.base, "(objectClass=*)", BASE, attributes=[])
            if not connection.response:
                raise ProviderAway(f"There is nothing at {self._settings.base}, as LIGHTBOX_LDAP_BASE says.")

    def sign_in(self, name: str, password: str) -> ExternalPerson | None:
        """Who this is, with the groups they are in; None where name and password do not fit.

        Raises ProviderAway.
        """
        if not name.strip() or not password or "\x00" in password or len(password) > LONGEST_PASSWORD:
            return None
        with self._service() as connection:
            entry = self._entry(connection, name.strip())
            if entry is None or not self._binds(str(connection.server.name), entry["dn"], password):
                return None
            return self._person(entry, self._groups(connection, entry["dn"]))

    def _entry(self, connection: Connection, name: str) -> dict[str, Any] | None:
        """The one entry of this name; None where there is none, or several."""
        wanted = self._settings.filter.replace("{name}", escape_filter_chars(name))
        try:
            connection.search(self._settings.base, wanted, SUBTREE, attributes=_ATTRIBUTES, size_limit=2)
            entries = _entries(connection)
        except LDAPSizeLimitExceededResult:
            entries = []
        if len(entries) != 1:
            log.info("LIGHTBOX_LDAP_FILTER fits no entry for a name, or several: nobody is let in")
        return entries[0] if len(entries) == 1 else None

    def _groups(self, connection: Connection, dn: str) -> tuple[str, ...]:
        """The distinguished names of the groups that an entry is in; of those that hold these, where set."""
        groups: set[str] = set()
        asked, depth = [dn], 0
        while asked and depth < _DEEPEST and len(groups) < _MOST_GROUPS:
            new = {group for member in asked for group in self._groups_with(connection, member)} - groups
            groups |= new
            asked, depth = (sorted(new) if self._settings.nested_groups else []), depth + 1
        return tuple(sorted(groups))

    def _groups_with(self, connection: Connection, member: str) -> list[str]:
        base = self._settings.group_base or self._settings.base
        wanted = self._settings.group_filter.replace("{dn}", escape_filter_chars(member))
        connection.search(base, wanted, SUBTREE, attributes=["cn"], size_limit=_MOST_GROUPS)
        return [entry["dn"] for entry in _entries(connection)]

    def _person(self, entry: dict[str, Any], groups: tuple[str, ...]) -> ExternalPerson:
        attributes = entry["attributes"]
        name = _first(attributes, _NAMES)
        subject = _identifier(entry)
        if not subject:
            raise ProviderAway(
                "The directory shows the service account neither objectGUID nor entryUUID of people: without "
                "one nobody can be told from who bears the same name later."
            )
        display_name = _first(attributes, _DISPLAY_NAMES) or name
        return ExternalPerson(SignInWay.LDAP, self._issuer, subject, name, display_name, groups)

    def _binds(self, server: str, dn: str, password: str) -> bool:
        """Whether the password is this entry's. Raises ProviderAway."""
        try:
            with self._bound(server, dn, password):
                return True
        except LDAPInvalidCredentialsResult:
            return False
        except (LDAPException, OSError) as error:
            log.info("the directory refused a bind: %s", error)
            if getattr(error, "result", None) is not None:  # such as a locked account, or a policy
                return False
            raise ProviderAway(f"{server}: {_reason(error)}") from error

    @contextmanager
    def _service(self) -> Iterator[Connection]:
        """A connection as the service account to the first server that answers. Raises ProviderAway."""
        details = []
        for server in self._settings.servers:
            try:
                connection = self._opened(server, self._settings.bind_dn, self._settings.bind_password)
            except (LDAPException, OSError) as error:
                details.append(f"{server}: {_reason(error)}")
                continue
            try:
                yield connection
            except LDAPException as error:
                raise ProviderAway(f"{server}: {_reason(error)}") from error
            finally:
                _leave(connection)
            return
        raise ProviderAway(" ".join(details))

    @contextmanager
    def _bound(self, server: str, dn: str, password: str) -> Iterator[None]:
        connection = self._opened(server, dn, password)
        try:
            yield
        finally:
            _leave(connection)

    def _opened(self, address: str, dn: str, password: str) -> Connection:
        """An encrypted connection that has bound. Raises LDAPException, OSError."""
        server = Server(address, tls=self._tls, get_info=NONE, connect_timeout=CONNECTS_WITHIN_S)
        connection = Connection(
            server,
            dn,
            password,
            receive_timeout=ANSWERS_WITHIN_S,
            raise_exceptions=True,
            auto_referrals=False,
            read_only=True,
        )
        try:
            connection.open()
            if not server.ssl:
                connection.start_tls()
            connection.bind()
        except (LDAPException, OSError):
            _leave(connection)
            raise
        return connection


def _leave(connection: Connection) -> None:
    """Say goodbye to a server, which may be gone already; the library leaves sockets open that failed."""
    with suppress(LDAPException, OSError):
        connection.unbind()
    if connection.socket is not None:
        connection.socket.close()


def _entries(connection: Connection) -> list[dict[str, Any]]:
    """What a search gave, without referrals to other servers."""
    return [each for each in connection.response or [] if each.get("type") == "searchResEntry"]


def _first(attributes: dict[str, Any], names: tuple[str, ...]) -> str:
    """The first value of the first attribute that has one."""
    for name in names:
        value = attributes.get(name)
        value = value[0] if isinstance(value, list) and value else value
        if value:
            return str(value)
    return ""


def _identifier(entry: dict[str, Any]) -> str:
    """What the directory itself calls the entry, for ever: names and places change."""
    raw = entry.get("raw_attributes", {})
    if raw.get("objectGUID"):
        return str(UUID(bytes_le=raw["objectGUID"][0]))
    return raw["entryUUID"][0].decode("ascii") if raw.get("entryUUID") else ""


def _reason(error: Exception) -> str:
    """Why a server was of no use, in words."""
    text = str(error).lower()
    if isinstance(error, LDAPInvalidCredentialsResult):
        return "it does not take the service account's password."
    if "certificate" in text or "ssl" in text or "tls" in text:
        return "its certificate cannot be verified, or it speaks no TLS."
    if "timed out" in text or "timeout" in text:
        return "it took too long."
    return "it cannot be reached." if "socket" in text else f"it refused ({type(error).__name__})."
