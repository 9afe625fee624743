"""A device with a passkey, without a browser: it signs what WebAuthn (level 3, 7.2) has a server check."""

from __future__ import annotations

import hashlib
import json
import secrets
from datetime import UTC, datetime

import cbor2
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from webauthn.helpers import bytes_to_base64url

from data.records import Passkey

USER_PRESENT, USER_VERIFIED = 0x01, 0x04
MADE_AT = datetime(2026, 11, 1, 8, tzinfo=UTC)


class Authenticator:
    """One credential of somebody, ES256, at an origin."""

    def __init__(self, user_id: str, origin: str) -> None:
        self.user_id, self.origin = user_id, origin
        self._key = generate_private_key(SECP256R1())
        self._id = secrets.token_bytes(16)
        self.signed = 0
        self.verifies = True

    def passkey(self, name: str = "telephone") -> Passkey:
        """What the server keeps of it."""
        return Passkey(
            secrets.token_hex(16),
            self.user_id,
            bytes_to_base64url(self._id),
            bytes_to_base64url(self._public_key()),
            0,
            name,
            MADE_AT,
        )

    def answers(self, options: str) -> str:
        """What a browser sends back for these options of the server."""
        asked = json.loads(options)
        self.signed += 1
        flags = USER_PRESENT | (USER_VERIFIED if self.verifies else 0)
        told = {"type": "webauthn.get", "challenge": asked["challenge"], "origin": self.origin}
        client_data = json.dumps(told | {"crossOrigin": False}).encode()
        head = hashlib.sha256(asked["rpId"].encode()).digest()
        authenticator_data = head + bytes([flags]) + self.signed.to_bytes(4, "big")
        message = authenticator_data + hashlib.sha256(client_data).digest()
        response = {
            "clientDataJSON": bytes_to_base64url(client_data),
            "authenticatorData": bytes_to_base64url(authenticator_data),
            "signature": bytes_to_base64url(self._key.sign(message, ECDSA(SHA256()))),
            "userHandle": bytes_to_base64url(self.user_id.encode()),
        }
        name = bytes_to_base64url(self._id)
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": response})

    def _public_key(self) -> bytes:
        """The public key as COSE has it (RFC 9053): kty EC2, alg ES256, crv P-256, x, y."""
        point = self._key.public_key().public_numbers()
        x, y = (number.to_bytes(32, "big") for number in (point.x, point.y))
        return cbor2.dumps({1: 2, 3: -7, -1: 1, -2: x, -3: y})
