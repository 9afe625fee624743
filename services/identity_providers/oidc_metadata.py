"""What an OpenID provider says of itself (Discovery 1.0) and the keys it signs with, kept for a while."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from data.errors import InvalidInput
from services.identity_providers.faults import ProviderAway
from services.identity_providers.oidc_http import ProviderHttp
from services.sign_in_settings import require_https

_KEPT_S = 3600.0
_FAILED_FOR_S = 5.0  # who comes meanwhile need not wait once more
_KEYS_AGAIN_S = 10.0  # tokens with keys that nobody knows may come from anybody
_NEEDED = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_ALSO = ("userinfo_endpoint", "end_session_endpoint")


class ProviderMetadata:
    """Fetched when somebody needs it; `clock` counts seconds."""

    def __init__(self, issuer: str, http: ProviderHttp, clock: Callable[[], float] = time.monotonic) -> None:
        self._issuer, self._http, self._clock = issuer, http, clock
        self._lock = threading.Lock()
        self._document: dict[str, Any] = {}
        self._until = 0.0
        self._failure: tuple[float, str] | None = None
        self._keys: KeySet | None = None
        self._keys_until = 0.0
        self._fetched_again_at: float | None = None

    def get(self, *, anew: bool = False) -> dict[str, Any]:
        """The provider's metadata; `anew` asks it even where it is known. Raises ProviderAway."""
        if self._document and not anew and self._clock() < self._until:
            return self._document
        if not anew and self._failure is not None and self._clock() < self._failure[0]:
            raise ProviderAway(self._failure[1])
        try:
            document = self._fetched()
        except ProviderAway as error:
            self._failure = (self._clock() + _FAILED_FOR_S, error.detail)
            raise
        self._document, self._until = document, self._clock() + _KEPT_S
        self._failure = None
        return document

    def keys(self) -> KeySet:
        """The keys that the provider signs with. Raises ProviderAway."""
        if self._keys is None or self._clock() >= self._keys_until:
            self._fetch_keys()
        assert self._keys is not None
        return self._keys

    def keys_again(self) -> KeySet | None:
        """The keys fetched once more, since they may have been rotated; None so soon after the last time."""
        with self._lock:
            moment, before = self._clock(), self._fetched_again_at
            if before is not None and moment - before < _KEYS_AGAIN_S:
                return None
            self._fetched_again_at = moment
        self._fetch_keys()
        return self._keys

    def _fetch_keys(self) -> None:
        url = self.get()["jwks_uri"]
        try:
            self._keys = KeySet.import_key_set(self._http.document(url))  # type: ignore[arg-type]
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise ProviderAway(f"Its keys at {url} cannot be read.") from error
        self._keys_until = self._clock() + _KEPT_S

    def _fetched(self) -> dict[str, Any]:
        url = self._issuer.rstrip("/") + "/.well-known/openid-configuration"
        document = self._http.document(url)
        if document.get("issuer") != self._issuer:
            raise ProviderAway(
                f"The provider calls itself {str(document.get('issuer'))[:200]!r} and not "
                f"{self._issuer!r}, as LIGHTBOX_OIDC_ISSUER says."
            )
        try:
            for name in (*_NEEDED, *(name for name in _ALSO if document.get(name))):
                require_https(str(document.get(name, "")), f"The provider's {name}")
        except InvalidInput as error:
            raise ProviderAway(str(error)) from error
        return document
