"""Tokens of an OpenID provider, checked.

ID tokens by OpenID Connect Core 1.0, 3.1.3.7; logout tokens by Back-Channel Logout 1.0, 2.6.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import (
    BadSignatureError,
    ExpiredTokenError,
    InvalidClaimError,
    InvalidKeyIdError,
    JoseError,
    MissingClaimError,
)
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry
from joserfc.jwt import JWTClaimsRegistry, Token

from services.identity_providers.faults import AnswerRefused
from services.identity_providers.oidc_metadata import ProviderMetadata

SKEW_S = 60
"""By how much the provider's clock may differ from ours."""
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
"""Signatures by a key of the provider's own; with none, or by a secret that we share, nothing is proved."""
_LOGOUT_LASTS_S = 180  # a copy of it must not end sessions of later
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
_ANSWER = "The answer of the hospital's sign-in did not hold"

log = logging.getLogger(__name__)


class TokenChecks:
    """For one client of one provider; `clock` gives seconds since 1970."""

    def __init__(
        self,
        issuer: str,
        client_id: str,
        metadata: ProviderMetadata,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._issuer, self._client_id = issuer, client_id
        self._metadata, self._clock = metadata, clock

    def id_token(self, text: str, nonce: str, access_token: str) -> dict[str, Any]:
        """The claims of an ID token: signature, issuer, audience, times, nonce, azp and at_hash fit.

        Raises AnswerRefused with what did not, ProviderAway where keys cannot be had.
        """
        token = self._signed(text, ("JWT",))
        options = {
            "iss": {"essential": True, "value": self._issuer},
            "aud": {"essential": True, "value": self._client_id},
            "sub": {"essential": True},
        }
        params = {"nonce": nonce, "client_id": self._client_id, "access_token": access_token}
        claims = CodeIDToken(token.claims, token.header, options, params)
        self._validated(lambda: claims.validate(int(self._clock()), SKEW_S))
        return dict(token.claims)

    def logout_token(self, text: str) -> tuple[str, str]:
        """Whose sessions a provider says have ended: the subject and its session's id, one of them maybe "".

        Raises AnswerRefused, ProviderAway.
        """
        token = self._signed(text, ("logout+jwt", "JWT"))
        registry = JWTClaimsRegistry(
            int(self._clock()),
            SKEW_S,
            iss={"essential": True, "value": self._issuer},
            aud={"essential": True, "value": self._client_id},
            iat={"essential": True},
            events={"essential": True},
        )
        self._validated(lambda: registry.validate(token.claims))
        claims = token.claims
        subject, sid = str(claims.get("sub") or ""), str(claims.get("sid") or "")
        is_logout = isinstance(claims["events"], dict) and LOGOUT_EVENT in claims["events"]
        if not is_logout or "nonce" in claims or not (subject or sid):
            raise AnswerRefused(f"{_ANSWER}: it is not about signing out.")
        if self._clock() - float(claims["iat"]) > _LOGOUT_LASTS_S:
            raise AnswerRefused(f"{_ANSWER}: it is too old.")
        return subject, sid

    def _signed(self, text: str, kinds: tuple[str, ...]) -> Token:
        """The token of one of these kinds (`typ`, where it says so) that a key of the provider has signed."""
        token = self._decoded(text)
        if token.header.get("typ", "JWT") not in kinds:
            raise AnswerRefused(f"{_ANSWER}: it is a token of another kind.")
        return token

    def _decoded(self, text: str) -> Token:
        """The token, its signature checked; keys that were rotated are fetched."""
        try:
            try:
                return _decoded(text, self._metadata.keys())
            except (InvalidKeyIdError, BadSignatureError):
                keys = self._metadata.keys_again()
                if keys is None:
                    raise
                return _decoded(text, keys)
        except (JoseError, ValueError) as error:
            log.warning("a token of the OpenID provider was refused: %s", error)
            raise AnswerRefused(f"{_ANSWER}: its signature does not fit.") from error

    def _validated(self, validate: Callable[[], None]) -> None:
        try:
            validate()
        except ExpiredTokenError as error:
            raise AnswerRefused(f"{_ANSWER}: it is too old. Compare the clocks of both servers.") from error
        except (InvalidClaimError, MissingClaimError) as error:
            log.warning("a token of the OpenID provider was refused: %s", error)
            raise AnswerRefused(f"{_ANSWER}: {_MEANING.get(error.claim, 'it is not complete')}.") from error
        except (JoseError, ValueError, TypeError) as error:
            log.warning("a token of the OpenID provider was refused: %s", error)
            raise AnswerRefused(f"{_ANSWER}.") from error


_MEANING = {
    "iss": "it comes from another provider",
    "aud": "it was meant for another application",
    "azp": "it was meant for another application",
    "nonce": "it belongs to another try to sign in",
    "iat": "its time lies in the future: compare the clocks of both servers",
    "nbf": "its time lies in the future: compare the clocks of both servers",
    "at_hash": "its parts do not belong together",
}


def _decoded(text: str, keys: KeySet) -> Token:
    registry = JWSRegistry(algorithms=list(ALGORITHMS), strict_check_header=False)
    return jwt.decode(text, keys, registry=registry)
