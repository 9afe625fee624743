"""What is asked of an OpenID provider over HTTP: short waits, its certificate checked, JSON or nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import requests

from data.codec import parsed
from services.identity_providers.faults import ProviderAway

WAITS = (3.05, 6.0)
"""Seconds until it is connected, and until the next bytes come: somebody looks at a page meanwhile."""
_LARGEST = 1 << 20


class ProviderHttp:
    """Fetches documents; `ca` is the file with the authority that signed the provider's certificate."""

    def __init__(self, ca: Path | None) -> None:
        self.verify: str | bool = str(ca) if ca else True

    def document(self, url: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
        """The JSON object at an address. Raises ProviderAway."""
        try:
            # Without a session of ours: nothing is kept between people.
            answer = requests.get(
                url, headers=headers, timeout=WAITS, verify=self.verify, allow_redirects=False, stream=True
            )
            with answer:
                if answer.status_code != 200:
                    raise ProviderAway(f"It answered {answer.status_code} at {url}.")
                content = answer.raw.read(_LARGEST + 1, decode_content=True)
        except (requests.RequestException, OSError) as error:
            raise ProviderAway(f"{url}: {reason(error)}") from error
        return _parsed(content, url)


def reason(error: Exception) -> str:
    """Why a request failed, in words without the library's own."""
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate cannot be verified."
    if isinstance(error, requests.Timeout):
        return "it took too long."
    return "it cannot be reached."


def _parsed(content: bytes, url: str) -> dict[str, Any]:
    try:
        if len(content) > _LARGEST:
            raise ValueError
        document = parsed(content)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise ProviderAway(f"What stands at {url} is no JSON object.")
    return document
