"""What readers are called where figures tell them apart.

The same in every chart, table, file and alert of this house, and no order but that of a keyed hash: neither
names nor the age of accounts follow from it. Nothing leads back from a pseudonym to an account. Another
house, or another secret of the house, gives other pseudonyms.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from hashlib import sha256

_PURPOSE = b"lightbox: pseudonyms of readers"  # the secret signs sessions too: neither tells of the other
# None that look alike, and no vowels that would make words.
_LETTERS = "23456789" + "BCDFGHJKMNPQRSTVWXZ"
_LENGTH = 6


class Pseudonyms:
    """Names readers by the secret of the house."""

    def __init__(self, secret: Callable[[], str]) -> None:
        """`secret` is asked for at the first name, as it may be made then."""
        self._secret = secret

    def of(self, user_id: str) -> str:
        """The pseudonym of an account: "R-" and six letters or digits."""
        key = hmac.digest(self._secret().encode(), _PURPOSE, "sha256")
        number = int.from_bytes(hmac.new(key, user_id.encode(), sha256).digest())
        letters = []
        for _ in range(_LENGTH):
            number, place = divmod(number, len(_LETTERS))
            letters.append(_LETTERS[place])
        return f"R-{''.join(letters)}"
