"""Passkeys (WebAuthn, level 3): beside the password, or alone in its place; the device knows who holds it.

Bound to the one address under which people open Lightbox, so that a look-alike page gets nothing. Browsers
allow them over https at a name, and at `localhost`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from urllib.parse import urlsplit

import webauthn
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from data.codec import parsed
from data.database import new_id, now
from data.errors import InvalidInput, NotFound
from data.records import Passkey
from data.stores.passkeys import ChallengeStore, PasskeyStore

LONGEST_NAME = 60
ANSWER_WITHIN = timedelta(minutes=5)
NOT_TAKEN = "The passkey was not taken. Try once more, or sign in another way."
_HERE = "Passkeys work only where Lightbox is opened by a name over https. "
_SET_URL = _HERE + "An administrator can set that address (LIGHTBOX_URL)."
_ADD, _SIGN_IN, _FACTOR, _CONFIRM = "add", "sign-in", "factor", "confirm"
_LOCAL = "localhost"


@dataclass(frozen=True)
class RelyingParty:
    """Whom passkeys are for: a host name, and the origin that browsers must name with it."""

    id: str
    origin: str


class Passkeys:
    """Setting passkeys up, and checking what a browser answers with one."""

    def __init__(
        self,
        store: PasskeyStore,
        challenges: ChallengeStore,
        public_url: str,
        clock: Callable[[], datetime] = now,
    ) -> None:
        """`public_url`: where people open Lightbox; "" where nobody has said, which leaves `localhost`."""
        self._store = store
        self._challenges = challenges
        self._public_url = public_url
        self._clock = clock

    def relying_party(self, address: str) -> RelyingParty:
        """For whom passkeys are at an address that a person has opened; InvalidInput says why not there."""
        opened, public = urlsplit(address), urlsplit(self._public_url or address)
        host = public.hostname or ""
        if _is_number(host) or (host != _LOCAL and (public.scheme != "https" or not self._public_url)):
            raise InvalidInput(_SET_URL)
        if opened.hostname != host:
            raise InvalidInput(f"{_HERE}Open {self._public_url}.")
        return RelyingParty(host, f"{public.scheme}://{public.netloc}")

    def why_not(self, address: str) -> str:
        """Why there are no passkeys at an address; "" where there are."""
        try:
            self.relying_party(address)
        except InvalidInput as error:
            return str(error)
        return ""

    def begin_adding(self, user_id: str, name: str, display_name: str, address: str) -> str:
        """What the browser is asked to make a passkey by, as JSON. Raises InvalidInput."""
        options = webauthn.generate_registration_options(
            rp_id=self.relying_party(address).id,
            rp_name="Lightbox",
            user_id=user_id.encode(),
            user_name=name,
            user_display_name=display_name,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=self._descriptors(user_id),
        )
        self._wait_for(options.challenge, _ADD, user_id)
        return webauthn.options_to_json(options)

    def made(self, user_id: str, name: str, answer: str, address: str) -> Passkey:
        """The passkey that a browser has made, not kept yet. Raises InvalidInput.

        The challenge that the answer names is used up, also by an answer that is refused.
        """
        party = self.relying_party(address)
        words = " ".join(name.split())[:LONGEST_NAME]
        if not words:
            raise InvalidInput("Give the passkey a name, such as the device that holds it.")
        try:
            credential = webauthn.helpers.parse_registration_credential_json(answer)
            verified = webauthn.verify_registration_response(
                credential=credential,
                expected_challenge=self._taken(credential.response.client_data_json, _ADD, user_id),
                expected_rp_id=party.id,
                expected_origin=party.origin,
                require_user_verification=True,
            )
        except (WebAuthnException, ValueError, KeyError, TypeError) as error:
            raise InvalidInput("The passkey could not be set up. Try once more.") from error
        return Passkey(
            new_id(),
            user_id,
            bytes_to_base64url(verified.credential_id),
            bytes_to_base64url(verified.credential_public_key),
            verified.sign_count,
            words,
            self._clock(),
        )

    def keep(self, passkey: Passkey) -> None:
        """Sign in by this passkey too from now on."""
        self._store.add(passkey)

    def begin_asking(self, user_id: str | None, address: str, bound: str = "") -> str:
        """What the browser is asked to answer with a passkey, as JSON; None: whose it is shows later.

        `bound`: the session and the act that the answer is for, where it signs nobody in.
        """
        options = webauthn.generate_authentication_options(
            rp_id=self.relying_party(address).id,
            allow_credentials=None if user_id is None else self._descriptors(user_id),
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        self._wait_for(options.challenge, _purpose(user_id, bound), user_id, bound)
        return webauthn.options_to_json(options)

    def check(self, user_id: str | None, answer: str, address: str, bound: str = "") -> str:
        """The id of whose passkey has answered: that of `user_id`, or whoever's. Raises InvalidInput.

        A counter that has not grown tells of a copy of the passkey, which is refused too. An answer that was
        asked for with another `bound` is none.
        """
        party = self.relying_party(address)
        try:
            credential = webauthn.helpers.parse_authentication_credential_json(answer)
            purpose = _purpose(user_id, bound)
            challenge = self._taken(credential.response.client_data_json, purpose, user_id, bound)
            passkey = self._answering(credential.id, user_id, credential.response.user_handle)
            verified = webauthn.verify_authentication_response(
                credential=credential,
                expected_challenge=challenge,
                expected_rp_id=party.id,
                expected_origin=party.origin,
                credential_public_key=base64url_to_bytes(passkey.public_key),
                credential_current_sign_count=passkey.sign_count,
                require_user_verification=True,
            )
        except (WebAuthnException, ValueError, KeyError, TypeError) as error:
            raise InvalidInput(NOT_TAKEN) from error
        if not self._store.used(passkey.id, verified.new_sign_count, self._clock()):
            raise InvalidInput(NOT_TAKEN)
        return passkey.user_id

    def of_user(self, user_id: str) -> list[Passkey]:
        """A person's passkeys, oldest first."""
        return self._store.of_user(user_id)

    def users(self) -> set[str]:
        """The ids of everybody with a passkey."""
        return {passkey.user_id for passkey in self._store.all()}

    def remove(self, user_id: str, passkey_id: str) -> str:
        """Forget one of a person's passkeys; its name. Raises NotFound."""
        name = next((key.name for key in self._store.of_user(user_id) if key.id == passkey_id), None)
        if name is None:
            raise NotFound("There is no such passkey.")
        self._store.remove(user_id, passkey_id)
        return name

    def remove_all(self, user_id: str) -> None:
        """Forget every passkey of a person."""
        self._store.remove_all(user_id)

    def _wait_for(self, challenge: bytes, purpose: str, user_id: str | None, bound: str = "") -> None:
        moment = self._clock()
        self._challenges.add(_kept(challenge, bound), purpose, user_id, moment, moment + ANSWER_WITHIN)

    def _taken(self, client_data: bytes, purpose: str, user_id: str | None, bound: str = "") -> bytes:
        """The challenge that an answer names, which waited for it and waits no more."""
        challenge = base64url_to_bytes(parsed(client_data)["challenge"])
        if not self._challenges.take(_kept(challenge, bound), purpose, user_id, self._clock()):
            raise InvalidInput(NOT_TAKEN)
        return challenge

    def _answering(self, credential_id: str, user_id: str | None, handle: bytes | None) -> Passkey:
        passkey = self._store.by_credential(credential_id)
        if passkey is None or user_id not in (None, passkey.user_id):
            raise InvalidInput(NOT_TAKEN)
        if handle and handle != passkey.user_id.encode():
            raise InvalidInput(NOT_TAKEN)
        return passkey

    def _descriptors(self, user_id: str) -> list[PublicKeyCredentialDescriptor]:
        return [
            PublicKeyCredentialDescriptor(base64url_to_bytes(key.credential_id))
            for key in self._store.of_user(user_id)
        ]


def _purpose(user_id: str | None, bound: str) -> str:
    if bound:
        return _CONFIRM
    return _SIGN_IN if user_id is None else _FACTOR


def _kept(challenge: bytes, bound: str) -> bytes:
    """What is kept of a challenge: with what it is bound to, so that it waits for no other answer."""
    return challenge + hashlib.sha256(bound.encode()).digest() if bound else challenge


def _is_number(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
