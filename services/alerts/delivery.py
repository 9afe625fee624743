"""Delivery people outside this house: one plain message to a webhook, a mailbox or whatever apprise knows.

The addresses hold passwords and tokens. They leave this file only as a name (the kind and, where
that is no secret, the host) and as a short fingerprint.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

from data.errors import InvalidInput
from data.records import Severity

_NEXT_ADDRESS = re.compile(r"[\s,]+(?=[A-Za-z][A-Za-z0-9+.-]*://)")  # addresses may hold commas
_MAILS = {"mailto", "mailtos"}
_WEBHOOKS = {"json", "jsons", "xml", "xmls", "form", "forms"}  # of others the host may be a token
_SECRET_PARTS = re.compile(r"[^A-Za-z0-9._-]+")
_RECEIVERS = {"to", "cc", "bcc"}
_SHORTEST_SECRET = 3
_LONGEST_REASON = 240


@dataclass(frozen=True)
class Address:
    """Where a message goes, as apprise writes it."""

    url: str = field(repr=False)
    setting: str = "LIGHTBOX_ALERTS"  # that it comes from

    @property
    def name(self) -> str:
        """What may be shown: the kind and, for mail and webhooks, the host."""
        parts = urlsplit(self.url)
        if parts.scheme in _MAILS:
            return f"e-mail through {parts.hostname}"
        return f"webhook at {parts.hostname}" if parts.scheme in _WEBHOOKS else parts.scheme

    @property
    def fingerprint(self) -> str:
        """Tells addresses apart; too short to find a secret by."""
        return sha256(self.url.encode()).hexdigest()[:8]

    def without_secrets(self, text: str) -> str:
        """The text with every part of this address but its host blotted out."""
        parts = urlsplit(self.url)
        secret = self.url.removeprefix(f"{parts.scheme}://").replace(parts.hostname or "\0", " ", 1)
        if parts.scheme not in _MAILS | _WEBHOOKS:
            secret = self.url.removeprefix(f"{parts.scheme}://")
        pieces = {piece for form in (secret, unquote(secret)) for piece in _SECRET_PARTS.split(form)}
        pieces |= {part for part in (parts.password, unquote(parts.password or "")) if part}
        for piece in sorted(pieces, key=len, reverse=True):
            if len(piece) >= _SHORTEST_SECRET:
                text = text.replace(piece, "…")
        return text


def addresses(setting: str) -> tuple[Address, ...]:
    """The addresses of LIGHTBOX_ALERTS, separated by commas or spaces; InvalidInput for what is none."""
    parts = [part.strip(" ,\t\n") for part in _NEXT_ADDRESS.split(setting.strip())]
    for number, part in enumerate(parts, 1):
        if part and not re.match(r"[A-Za-z][A-Za-z0-9+.-]*://\S+$", part):
            raise InvalidInput(f"Address {number} of LIGHTBOX_ALERTS is not of the form kind://address.")
    return tuple(Address(part) for part in dict.fromkeys(parts) if part)


def mail_to(setting: str, person: str) -> Address:
    """The address of a person by the mail server that is set; InvalidInput for a setting that is none."""
    parts = urlsplit(setting)
    given = [(name, value) for name, value in parse_qsl(parts.query) if name not in _RECEIVERS]
    if parts.scheme not in _MAILS or not parts.hostname or "from" not in dict(given):
        raise InvalidInput(
            "LIGHTBOX_MAIL is not of the form mailtos://host?from=lightbox@clinic.example (login first)."
        )
    query = urlencode([*given, ("to", person)])
    return Address(urlunsplit(parts._replace(query=query)), "LIGHTBOX_MAIL")


class Delivery:
    """Sends messages to the addresses of the settings."""

    def __init__(self, addresses: tuple[Address, ...] = (), url: str = "") -> None:
        self.addresses = addresses
        self._own_url = url

    @property
    def names(self) -> tuple[str, ...]:
        """What may be shown of the addresses."""
        return tuple(address.name for address in self.addresses)

    def send(self, address: Address, title: str, text: str, severity: Severity) -> str | None:
        """Send a message; None where it was taken, otherwise a sentence on what went wrong.

        Waits some seconds at most; raises nothing that a receiver can cause.
        """
        apprise = self._apprise
        kinds = {Severity.CRITICAL: apprise.NotifyType.FAILURE, Severity.CALM: apprise.NotifyType.INFO}
        kind = kinds.get(severity, apprise.NotifyType.WARNING)
        with apprise.LogCapture(level=logging.WARNING, fmt="%(message)s") as said:
            try:
                receiver = apprise.Apprise.instantiate(address.url, asset=self._asset)
                taken = bool(receiver) and receiver.notify(
                    title=title, body=text, notify_type=kind, body_format=apprise.NotifyFormat.TEXT
                )
            except Exception as error:  # noqa: BLE001  a plug-in's fault is not the alert's
                taken, receiver = False, address
                said.write(type(error).__name__)
            reason = " ".join(said.getvalue().split())
        if taken:
            return None
        if not receiver:
            return f"Lightbox does not understand the address for {address.name} in {address.setting}."
        return (
            f"The {address.name} did not take it. {address.without_secrets(reason)[:_LONGEST_REASON]}".strip()
        )

    @cached_property
    def _apprise(self) -> Any:
        import apprise

        quiet = logging.getLogger("apprise")
        quiet.propagate = False  # it writes whole addresses into its complaints
        quiet.addHandler(logging.NullHandler())
        return apprise

    @cached_property
    def _asset(self) -> Any:
        return self._apprise.AppriseAsset(
            app_id="Lightbox",
            app_desc="Lightbox",
            app_url=self._own_url,
            image_url_mask="",  # its pictures lie on somebody else's server
            image_url_logo="",
            async_mode=False,
            secure_logging=True,
            storage_mode=self._apprise.PersistentStoreMode.MEMORY,
        )
