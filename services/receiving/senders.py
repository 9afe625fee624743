"""Who may send to the DICOM node."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from data.errors import InvalidInput

ANY = "*"
_WRONG = (
    "The setting LIGHTBOX_DICOM_SENDERS names senders as AE_TITLE@ADDRESS, separated by commas; * stands for "
    "any, and an address may be a network such as 10.1.0.0/16. This is none: {entry!r}."
)


@dataclass(frozen=True)
class AllowedSender:
    """An AE title (None: any), and the addresses that it may send from (None: any)."""

    ae_title: str | None
    network: IPv4Network | IPv6Network | None

    def admits(self, ae_title: str, address: IPv4Address | IPv6Address) -> bool:
        """Whether this entry is about such a sender."""
        if self.ae_title is not None and self.ae_title != ae_title:
            return False
        return self.network is None or address in self.network


class AllowedSenders:
    """The list of the settings."""

    def __init__(self, entries: tuple[AllowedSender, ...]) -> None:
        self._entries = entries

    @classmethod
    def read(cls, text: str) -> AllowedSenders:
        """`MR1@10.1.0.5, *@10.2.0.0/16, PACS@*`; raises InvalidInput naming a wrong entry."""
        entries = [entry.strip() for entry in text.split(",") if entry.strip()]
        return cls(tuple(_entry(entry) for entry in entries))

    def admits(self, ae_title: str, address: str) -> bool:
        """Whether somebody of this AE title may send from this address."""
        plain = ip_address(address.partition("%")[0])
        mapped = plain.ipv4_mapped if isinstance(plain, IPv6Address) else None
        return any(entry.admits(ae_title, mapped or plain) for entry in self._entries)


def _entry(entry: str) -> AllowedSender:
    ae_title, at, address = (part.strip() for part in entry.rpartition("@"))
    if not at or not address or not 1 <= len(ae_title) <= 16:
        raise InvalidInput(_WRONG.format(entry=entry))
    try:
        network = None if address == ANY else ip_network(address, strict=False)
    except ValueError:
        raise InvalidInput(_WRONG.format(entry=entry)) from None
    return AllowedSender(None if ae_title == ANY else ae_title, network)
