"""A real directory for tests: OpenLDAP's slapd with TLS, on free ports, gone afterwards."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from services.sign_in_settings import LdapSettings
from tests.integration.servers import _do, _folder, _program, free_port

BASE = "dc=hospital,dc=example"
SERVICE = f"cn=lightbox,{BASE}"
SERVICE_KEPT = "of the service"
PASSWORD = "a person's own"
_READY_WITHIN_S = 30
_SCHEMAS = ("core", "cosine", "inetorgperson")


@dataclass(frozen=True)
class LdapServer:
    """Where it is, and the file with the authority of its certificate."""

    ldap: str
    ldaps: str
    ca: Path

    def settings(self, **changes: Any) -> LdapSettings:
        """As an operator would set it up."""
        given = {"bind_dn": SERVICE, "bind_password": SERVICE_KEPT, "base": BASE}
        return LdapSettings(**{"servers": (self.ldaps,)} | given | changes)


@contextmanager
def slapd(people: Sequence[str], groups: dict[str, Sequence[str]]) -> Iterator[LdapServer]:
    """A directory with people, whose password is `PASSWORD`, and groups with their members' names.

    A group may be a member of another one. Skips the test where it cannot be had.
    """
    program, load = _program("slapd", "/usr/sbin"), _program("slapadd", "/usr/sbin")
    with _folder("openldap") as (folder, as_user):
        ca = _certificates(folder)
        (folder / "data").mkdir()
        (folder / "slapd.conf").write_text(_configuration(folder))
        (folder / "content.ldif").write_text(_content(people, groups))
        if as_user:
            _do(["chown", "-R", "openldap:openldap", str(folder)])
        _do([*as_user, load, "-f", str(folder / "slapd.conf"), "-l", str(folder / "content.ldif")])
        ports = free_port(), free_port()
        addresses = f"ldap://127.0.0.1:{ports[0]}", f"ldaps://127.0.0.1:{ports[1]}"
        command = [*as_user, program, "-d", "0", "-f", str(folder / "slapd.conf"), "-h", " ".join(addresses)]
        with _running(command, ports[0]):
            yield LdapServer(*addresses, ca)


@contextmanager
def _running(command: list[str], port: int) -> Iterator[None]:
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")
    try:
        deadline = time.monotonic() + _READY_WITHIN_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=5).close()
                break
            except OSError:
                if server.poll() is not None or time.monotonic() > deadline:
                    pytest.fail("slapd did not start")
                time.sleep(0.05)
        yield
    finally:
        server.terminate()
        server.wait(30)


def _configuration(folder: Path) -> str:
    lines = [f"include /etc/ldap/schema/{name}.schema" for name in _SCHEMAS]
    lines += ["modulepath /usr/lib/ldap", "moduleload back_mdb"]
    lines += [f"TLSCACertificateFile {folder}/ca.pem", f"TLSCertificateFile {folder}/server.pem"]
    lines += [f"TLSCertificateKeyFile {folder}/server.key", f"pidfile {folder}/pid"]
    # Nobody without TLS, nobody without a name: Lightbox must not get by with less.
    lines += ["security ssf=128", "require authc", "database mdb", f'suffix "{BASE}"']
    lines += [f"directory {folder}/data", "maxsize 10485760"]
    lines += [
        "access to attrs=userPassword by anonymous auth by * none",
        f'access to * by dn="{SERVICE}" read',
    ]
    return "\n".join([*lines, ""])


def _content(people: Sequence[str], groups: dict[str, Sequence[str]]) -> str:
    entries = [f"dn: {BASE}\nobjectClass: dcObject\nobjectClass: organization\no: Hospital\ndc: hospital"]
    entries += [
        f"dn: {SERVICE}\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\ncn: lightbox\n"
        f"userPassword: {SERVICE_KEPT}"
    ]
    entries += [
        f"dn: uid={name},{BASE}\nobjectClass: inetOrgPerson\nuid: {name}\ncn: Dr {name.title()}\nsn: {name}\n"
        f"userPassword: {PASSWORD}"
        for name in people
    ]
    for group, members in groups.items():
        listed = "\n".join(f"member: {_dn(member, groups)}" for member in members)
        entries.append(f"dn: cn={group},{BASE}\nobjectClass: groupOfNames\ncn: {group}\n{listed}")
    return "\n\n".join([*entries, ""])


def _dn(name: str, groups: dict[str, Sequence[str]]) -> str:
    return f"cn={name},{BASE}" if name in groups else f"uid={name},{BASE}"


def _certificates(folder: Path) -> Path:
    """An authority, and a certificate of its own for 127.0.0.1; the authority's file."""
    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Hospital CA")])
    ca = _signed(ca_name, ca_name, ca_key, ca_key, x509.BasicConstraints(True, None))
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "directory")])
    server = _signed(name, ca_name, key, ca_key, address)
    for file, certificate in (("ca.pem", ca), ("server.pem", server)):
        (folder / file).write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "server.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    folder.chmod(0o755)
    return folder / "ca.pem"


def _signed(
    name: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    by: ec.EllipticCurvePrivateKey,
    extension: x509.ExtensionType,
) -> x509.Certificate:
    moment = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(issuer).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).add_extension(extension, critical=True)
    builder = builder.not_valid_before(moment - datetime.timedelta(hours=1))
    return builder.not_valid_after(moment + datetime.timedelta(days=2)).sign(by, hashes.SHA256())
