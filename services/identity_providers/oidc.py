"""Signing in at an OpenID provider: the authorization code flow with PKCE, state and nonce, and signing out.

OpenID Connect Core 1.0, Discovery 1.0, RP-Initiated Logout 1.0, Back-Channel Logout 1.0; RFC 7636, RFC 9207.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session

from data.records import ExternalPerson, SignInWay
from services.identity_providers.faults import AnswerRefused, ProviderAway, SignInRefused
from services.identity_providers.oidc_http import WAITS, ProviderHttp, reason
from services.identity_providers.oidc_metadata import ProviderMetadata
from services.identity_providers.oidc_tokens import TokenChecks
from services.sign_in_settings import OidcSettings

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Attempt:
    """A try to sign in that is under way in one tab; the browser keeps it until the provider answers."""

    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True)
class Arrival:
    """Somebody who has signed in at the provider, and what is needed to sign out there."""

    person: ExternalPerson
    id_token: str = field(repr=False)
    sid: str
    auth_time: int | None = None  # when the provider last asked for the password, seconds since 1970


class OidcProvider:
    """One provider, as LIGHTBOX_OIDC_… name it."""

    def __init__(
        self,
        settings: OidcSettings,
        callback: str,
        ca: Path | None = None,
        *,
        metadata: ProviderMetadata | None = None,
    ) -> None:
        """`callback`: the address of ours that the provider leads back to."""
        self.settings = settings
        self._callback = callback
        self._http = ProviderHttp(ca)
        self._metadata = metadata or ProviderMetadata(settings.issuer, self._http)
        self._tokens = TokenChecks(settings.issuer, settings.client_id, self._metadata)

    def probe(self) -> None:
        """Ask whether it is there and is who the settings say. Raises ProviderAway."""
        self._metadata.get(anew=True)
        self._metadata.keys()

    def begin(self, *, anew: bool = False) -> tuple[str, Attempt]:
        """The provider's address to go to, and the attempt to keep. Raises ProviderAway.

        `anew`: whoever is signed in there is asked for the password all the same.
        """
        endpoint = self._metadata.get()["authorization_endpoint"]
        attempt = Attempt(*(secrets.token_urlsafe(32) for _ in range(3)))
        more = {"prompt": self.settings.prompt} if self.settings.prompt else {}
        more |= {"prompt": "login", "max_age": "0"} if anew else {}
        with self._session() as session:
            url, _ = session.create_authorization_url(
                endpoint,
                state=attempt.state,
                nonce=attempt.nonce,
                code_verifier=attempt.verifier,
                response_type="code",
                **more,
            )
        return str(url), attempt

    def finish(self, answer: Mapping[str, str], attempt: Attempt) -> Arrival:
        """Who has come back, by the query of the callback's address and the attempt with its state.

        Raises AnswerRefused, SignInRefused (the provider said no), ProviderAway.
        """
        metadata = self._metadata.get()
        self._check_sender(answer, metadata)
        if answer.get("error"):
            raise SignInRefused(_error_words(answer["error"]))
        if not answer.get("code"):
            raise AnswerRefused("The hospital's sign-in led back without an answer. Please try again.")
        token = self._exchanged(answer["code"], attempt, metadata)
        id_token, access_token = str(token.get("id_token") or ""), str(token.get("access_token") or "")
        claims = self._tokens.id_token(id_token, attempt.nonce, access_token)
        told = self._told_besides(claims, access_token, metadata)
        asked_at = claims.get("auth_time")
        known = int(asked_at) if isinstance(asked_at, int | float) else None
        return Arrival(self._person(claims, told), id_token, str(claims.get("sid") or ""), known)

    def logout_url(self, id_token: str, then: str) -> str | None:
        """Where to sign out at the provider, which leads to `then`; None where it has no such address."""
        try:
            endpoint = self._metadata.get().get("end_session_endpoint")
        except ProviderAway:
            return None
        if not endpoint:
            return None
        query = {
            "id_token_hint": id_token,
            "client_id": self.settings.client_id,
            "post_logout_redirect_uri": then,
        }
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"

    def ended(self, logout_token: str) -> tuple[str, str]:
        """Subject and session of a back-channel logout. Raises AnswerRefused, ProviderAway."""
        return self._tokens.logout_token(logout_token)

    def _check_sender(self, answer: Mapping[str, str], metadata: Mapping[str, Any]) -> None:
        """RFC 9207: the answer comes from this provider, where providers say who they are."""
        says = answer.get("iss")
        must_say = metadata.get("authorization_response_iss_parameter_supported") is True
        if (says is None and must_say) or (says is not None and says != self.settings.issuer):
            raise AnswerRefused(
                "This answer comes from another sign-in than the hospital's. Please try again."
            )

    def _exchanged(self, code: str, attempt: Attempt, metadata: Mapping[str, Any]) -> Mapping[str, Any]:
        """The tokens for a code. Raises AnswerRefused where the provider does not take it, ProviderAway."""
        try:
            with self._session(metadata) as session:
                token: Mapping[str, Any] = session.fetch_token(
                    metadata["token_endpoint"],
                    code=code,
                    code_verifier=attempt.verifier,
                    grant_type="authorization_code",
                    timeout=WAITS,
                    verify=self._http.verify,
                    allow_redirects=False,
                )
                return token
        except AuthlibBaseError as error:
            log.warning("the OpenID provider took no code: %s %s", error.error, error.description)
            if error.error in ("invalid_client", "unauthorized_client"):
                raise ProviderAway(
                    f"It does not take the client id with its secret ({error.error}).",
                    "The hospital's sign-in does not know this server: an administrator has to look at that.",
                ) from error
            raise AnswerRefused(
                "The hospital's sign-in did not confirm this: it was used before, or took too long. "
                "Please sign in again."
            ) from error
        except (requests.RequestException, OSError, ValueError) as error:
            raise ProviderAway(f"{metadata['token_endpoint']}: {reason(error)}") from error

    def _told_besides(
        self, claims: Mapping[str, Any], access_token: str, metadata: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        """What the provider's userinfo adds, asked only where the ID token leaves name or groups out."""
        wanted = (self.settings.name_claim, self.settings.groups_claim)
        complete = all(claim_of(claims, name) is not None for name in wanted)
        endpoint = metadata.get("userinfo_endpoint")
        if complete or not endpoint or not access_token:
            return {}
        told = self._http.document(endpoint, {"Authorization": f"Bearer {access_token}"})
        if told.get("sub") != claims["sub"]:
            raise AnswerRefused(
                "The hospital's sign-in gave two answers about two people. Please sign in again."
            )
        return told

    def _person(self, claims: Mapping[str, Any], told: Mapping[str, Any]) -> ExternalPerson:
        both = {**told, **claims}
        groups = claim_of(claims, self.settings.groups_claim)
        groups = claim_of(told, self.settings.groups_claim) if groups is None else groups
        overage = both.get("_claim_names")
        if groups is None and isinstance(overage, dict) and self.settings.groups_claim in overage:
            raise SignInRefused(
                "You are in so many groups that the hospital's sign-in did not name them. Your "
                "administrator can have it name only those that matter to Lightbox."
            )
        name = claim_of(both, self.settings.name_claim) or both.get("email") or both["sub"]
        return ExternalPerson(
            SignInWay.OIDC,
            self.settings.issuer,
            str(claims["sub"]),
            str(name),
            str(both.get("name") or name),
            _texts(groups),
        )

    def _session(self, metadata: Mapping[str, Any] | None = None) -> OAuth2Session:
        settings, methods = self.settings, (metadata or {}).get("token_endpoint_auth_methods_supported")
        method = "client_secret_basic" if settings.client_secret else "none"
        if settings.client_secret and methods and method not in methods:
            method = "client_secret_post"
        return OAuth2Session(
            settings.client_id,
            settings.client_secret or None,
            token_endpoint_auth_method=method,
            scope=settings.scopes,
            redirect_uri=self._callback,
            code_challenge_method="S256",
        )


def claim_of(claims: Mapping[str, Any], name: str) -> Any:
    """A claim by its name, or by a path such as realm_access.roles; None where it is not there."""
    if name in claims:
        return claims[name]
    place: Any = claims
    for part in name.split("."):
        if not isinstance(place, dict) or part not in place:
            return None
        place = place[part]
    return place


def _texts(value: Any) -> tuple[str, ...]:
    """Groups as a provider may give them: a list, or one alone."""
    values = value if isinstance(value, list) else [] if value is None else [value]
    return tuple(text for text in values if isinstance(text, str))


def _error_words(code: str) -> str:
    """What an error answer means for whoever tried (Core 1.0, 3.1.2.6; RFC 6749, 4.1.2.1)."""
    if code == "access_denied":
        return "The hospital's sign-in did not let you in, or you broke it off."
    if code in ("temporarily_unavailable", "server_error"):
        return "The hospital's sign-in cannot sign anybody in at present. Please try again later."
    if code in ("login_required", "interaction_required", "consent_required", "account_selection_required"):
        return "The hospital's sign-in needs something more of you. Please try again."
    log.warning("the OpenID provider answered with the error %r", code[:100])
    return (
        "The hospital's sign-in refused this server's question: an administrator has to look at its set-up."
    )
