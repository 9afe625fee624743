"""Words that a person searches the worklist for: an address carries them sealed, as they may name a patient.

Addresses stand in the history of browsers and in the logs of proxies. What stands there instead of the
words is encrypted for one account and good for as long as a session can last; whoever else opens it, or
later, finds a list without words. Nothing is kept here: it works after a restart, and on every server
that has the house's key.
"""

from __future__ import annotations

from collections.abc import Callable

from data.records import User
from services.addresses import WorklistAddress
from services.permissions import Permission, require
from services.sealing import AccountSealer
from services.sessions import LONGEST

LONGEST_WORDS = 200  # characters; an address that is too long is cut by what lies on its way
_PURPOSE = b"words of searches, of account "


class SearchWords:
    """Seals and opens them, for the person who searches."""

    def __init__(self, secret_key: Callable[[], str]) -> None:
        """`secret_key` gives the house's key."""
        self._sealer = AccountSealer(secret_key, _PURPOSE)

    def sealed(self, words: str, user: User) -> str:
        """What an address may carry of words; nothing of nothing. Raises NotAllowed."""
        require(user, Permission.SEE_SCANS)
        return self._sealer.seal(words.strip()[:LONGEST_WORDS], user.id)

    def opened(self, address: WorklistAddress, user: User) -> str | None:
        """The words that an address searches for; None where they are another's, or over. Raises NotAllowed.

        A link of another program may carry them as they are; no page of ours does.
        """
        require(user, Permission.SEE_SCANS)
        if not address.sealed:
            return address.search.strip()
        return self._sealer.opened_within(address.sealed, user.id, LONGEST)
