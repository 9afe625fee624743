"""A remote node as those see it who talk to it: with its secret opened, and with what we are to it."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field

from data.errors import InvalidInput, UserFacingError
from data.records import RemoteNode
from data.shown_text import shown
from services.settings import Settings

CONNECTS_WITHIN_S = 10.0
ANSWERS_WITHIN_S = 60.0
_MOST_WORDS = 1000


class RemoteFault(UserFacingError):
    """A remote node cannot be reached, or refuses; the sentence is the protocol's own words."""


@dataclass(frozen=True)
class Receipt:
    """What a node said of something that was sent; the words may also warn of what was taken."""

    taken: bool
    words: str | None = None

    def __post_init__(self) -> None:
        if self.words is not None:
            object.__setattr__(self, "words", shown(self.words)[:_MOST_WORDS])


@dataclass(frozen=True)
class Peer:
    """A remote node and how we appear to it."""

    node: RemoteNode
    settings: Settings
    secret: str = field(default="", repr=False)  # password or bearer token

    @property
    def calling_ae_title(self) -> str:
        """Our own AE title."""
        return self.settings.dicom_ae_title


def tls_of(settings: Settings) -> ssl.SSLContext:
    """TLS to remote nodes: theirs must be signed by the set CA, else by one that the machine trusts.

    We show the DICOM node's certificate, where there is one. Raises InvalidInput for files that do not fit.
    """
    try:
        context = ssl.create_default_context(cafile=settings.remote_ca)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if settings.dicom_certificate is not None:
            context.load_cert_chain(settings.dicom_certificate, settings.dicom_key)
    except OSError as error:  # ssl.SSLError is one
        raise InvalidInput(f"The TLS files for remote nodes cannot be used: {error}.") from error
    return context
