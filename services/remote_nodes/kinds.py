"""The kinds of remote nodes: for each, in one place, which fields it has and how it is talked to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from data.errors import InvalidInput
from data.records import RemoteNodeKind
from services.remote_nodes import dicom, dicomweb, fhir, lightbox, mllp
from services.remote_nodes.peer import Peer, Receipt
from services.settings import ae_title

_HIGHEST_PORT = 65535
_LONGEST_HD = 180
ALERT_AFTER = 5
"""So many attempts of a delivery, and people are called."""
_AS_ASKED = "Empty where the receiver does not ask for it."
_DICOM = "application/dicom"
SECRET = "secret"  # noqa: S105  the field's name; what is entered there is kept encrypted
_WEB = ("url", "user_name", SECRET)


class Look(StrEnum):
    """How a field is entered."""

    TEXT = "text"
    NUMBER = "number"
    YES_OR_NO = "yes or no"
    PASSWORD = "password"  # noqa: S105  never shown again


@dataclass(frozen=True)
class NodeField:
    """Something that is known of a remote node; `checked` gives it tidied, or raises InvalidInput."""

    label: str
    look: Look
    checked: Callable[[Any], Any]
    hint: str = ""


@dataclass(frozen=True)
class NodeKind:
    """A kind: what it is called, the names of its fields, how it is asked whether it is there, and sent to.

    `deliver` tells of each of several contents, in their order, what became of it; it raises RemoteFault for
    what is wrong with the node altogether. Every content is of a media type in `takes`.
    """

    label: str
    fields: tuple[str, ...]
    echo: Callable[[Peer], None]  # raises RemoteFault
    echo_name: str
    takes: tuple[str, ...]
    deliver: Callable[[Peer, Sequence[bytes]], Iterator[Receipt]]
    at_once: int = 5  # deliveries that are made before the first goes
    longest_pause_s: float = 3600.0  # between attempts
    alert_after: int = ALERT_AFTER  # attempts
    secured: bool = False  # plain http to this machine alone


def _ae_title(value: Any) -> str:
    return ae_title(_text(value), "The AE title")


def _host(value: Any) -> str:
    host = _text(value)
    if not host or any(character in host for character in " /:@"):
        raise InvalidInput("Enter the host's name or address, without a port.")
    return host


def _port(value: Any) -> int:
    text = _text(value)
    if not text.isdecimal() or not 1 <= int(text) <= _HIGHEST_PORT:
        raise InvalidInput(f"Enter the port as a number from 1 to {_HIGHEST_PORT}.")
    return int(text)


def _url(value: Any) -> str:
    url = _text(value).rstrip("/")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise InvalidInput(
            "Enter the base URL, such as https://pacs.example.org/dicom-web or https://ehr.example.org/fhir."
        )
    if parts.username or parts.password:
        raise InvalidInput("Enter name and password in their own fields, not in the URL.")
    return url


def _hd(value: Any) -> str:
    """HL7's hierarchic designator as it stands in a message: a name, or name^OID^ISO."""
    text = _text(value)
    if len(text) > _LONGEST_HD or not text.isprintable() or set(text) & set("|~\\&"):
        raise InvalidInput("Enter the application or facility as HL7 writes it: a name, or name^OID^ISO.")
    return text


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()


FIELDS: Mapping[str, NodeField] = {
    "ae_title": NodeField("AE title", Look.TEXT, _ae_title, "The one that is called."),
    "host": NodeField("Host", Look.TEXT, _host),
    "port": NodeField("Port", Look.NUMBER, _port),
    "tls": NodeField("TLS", Look.YES_OR_NO, bool),
    "url": NodeField("Base URL", Look.TEXT, _url),
    "application": NodeField("Receiving application (MSH-5)", Look.TEXT, _hd, _AS_ASKED),
    "facility": NodeField("Receiving facility (MSH-6)", Look.TEXT, _hd, _AS_ASKED),
    "user_name": NodeField("User name", Look.TEXT, _text, "Empty where a bearer token is used, or nothing."),
    SECRET: NodeField(
        "Password or bearer token",
        Look.PASSWORD,
        _text,
        "Never shown again. Left empty, the present one stays while URL and user name do.",
    ),
}
"""Every field that some kind has, by its name in `RemoteNode`, in the order of the form."""


def _fhir(label: str, release: str) -> NodeKind:
    return NodeKind(
        label=label,
        fields=_WEB,
        echo=partial(fhir.echo, release=release),
        echo_name="GET /metadata",
        takes=(fhir.media_type(release),),
        deliver=partial(fhir.deliver, release=release),
    )


KINDS: Mapping[RemoteNodeKind, NodeKind] = {
    RemoteNodeKind.DICOM: NodeKind(
        label="DICOM",
        fields=("ae_title", "host", "port", "tls"),
        echo=dicom.echo,
        echo_name="C-ECHO",
        takes=(_DICOM,),
        deliver=dicom.deliver,
    ),
    RemoteNodeKind.DICOMWEB: NodeKind(
        label="DICOMweb",
        fields=_WEB,
        echo=dicomweb.echo,
        echo_name="QIDO-RS",
        takes=(_DICOM,),
        deliver=dicomweb.deliver,
    ),
    RemoteNodeKind.FHIR_R4: _fhir("FHIR server, R4", fhir.R4),
    RemoteNodeKind.FHIR_R5: _fhir("FHIR server, R5", fhir.R5),
    RemoteNodeKind.HL7_V2: NodeKind(
        label="HL7 v2 (MLLP)",
        fields=("host", "port", "tls", "application", "facility"),
        echo=mllp.echo,
        echo_name="on its port: MLLP has no echo",
        takes=(mllp.HL7_V2,),
        deliver=mllp.deliver,
    ),
    # An edge is without a network as a matter of course: it looks every minute, and calls after an hour.
    RemoteNodeKind.LIGHTBOX: NodeKind(
        label="Central Lightbox",
        fields=("url", SECRET),
        echo=lightbox.echo,
        echo_name="as the house that scans and results go to",
        takes=(lightbox.MEDIA_TYPE,),
        deliver=lightbox.deliver,
        at_once=1,
        longest_pause_s=60.0,
        alert_after=60,
        secured=True,
    ),
}


def check_secured(kind: RemoteNodeKind, url: str) -> None:
    """Raises InvalidInput where names would go over the network as anybody may read them."""
    parts = urlsplit(url)
    if KINDS[kind].secured and parts.scheme == "http" and not _is_this_machine(parts.hostname or ""):
        raise InvalidInput("Enter a URL with https: patients' names go there with their scans.")


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def address_words(fields: Mapping[str, Any], kind: RemoteNodeKind) -> str:
    """Where a node is, in words: "PACS at 10.1.0.7 port 104, with TLS"."""
    names = KINDS[kind].fields
    if "url" in names:
        return str(fields["url"])
    title = f"{fields['ae_title']} at " if "ae_title" in names else ""
    secured = "with TLS" if fields["tls"] else "without TLS"
    return f"{title}{fields['host']} port {fields['port']}, {secured}"
