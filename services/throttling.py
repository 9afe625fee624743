"""How often somebody may guess: by name, by source, and never so that a stranger can lock a person out.

An attempt from a browser in which this person has signed in before (it carries a secret of its own) counts by
that browser alone. Any other attempt counts by name and source together, by name over all sources, and by
source over all names. So strangers' guesses make strangers wait, and whoever comes from elsewhere; the person
at their own machine, with an open session, or with a passkey goes on. (OWASP: slow down online guessing
attacks with device cookies.)
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from data.columns import folded
from data.database import Database, now
from data.errors import InvalidInput
from data.records import AttemptKey
from data.stores.known_browsers import KnownBrowserStore
from data.stores.sign_in_attempts import AttemptStore

FREE_ATTEMPTS = 5
"""Failures in a row before a name has to wait for one source, or a known browser has to."""
_SOURCE = "source"
FREE_BY_KIND = {"name": 30, _SOURCE: 100}
"""The same for a name over all sources, and for a source over all names: a hospital may be one source."""
BROWSER_KNOWN_FOR = timedelta(days=90)
_PEOPLE_A_BROWSER = 8  # on a machine that people share
_BETWEEN = "."
_FIRST_WAIT = timedelta(minutes=1)
_LONGEST_WAIT = timedelta(minutes=15)
_FORGOTTEN_AFTER = timedelta(days=1)
_WHAT = {
    _SOURCE: "There were too many wrong passwords from where you are",
    "code": "There were too many wrong codes for this account",
    "confirm": "There were too many wrong passwords for this account, or passkeys",
}
_HALF = 32  # of the 64 digits of a hash
_OF_A_NAME = "There were too many wrong passwords for this name"


@dataclass(frozen=True)
class Origin:
    """From where somebody signs in: the network address, and what the browser carries; "" for none."""

    source: str = ""
    browser: str = ""


class Throttle:
    """Counts attempts and says who has to wait."""

    def __init__(
        self, attempts: AttemptStore, browsers: KnownBrowserStore, clock: Callable[[], datetime] = now
    ) -> None:
        self._attempts = attempts
        self._browsers = browsers
        self._clock = clock

    def sign_in(self, name: str, user_id: str | None, origin: Origin) -> Sequence[AttemptKey]:
        """Count an attempt to sign in, before it is checked; what `worked` takes where it works.

        `user_id` is whose name it is. Raises InvalidInput where name, source or browser has to wait.
        """
        if user_id is not None and (known := self._known(origin.browser, user_id)):
            return self._begin([_key("browser", known)])
        by_name = [_key("name", folded(name)), _key_of_both(name, origin.source)]
        return self._begin([*by_name, _key(_SOURCE, origin.source)] if origin.source else by_name)

    def act(self, kind: str, user_id: str) -> Sequence[AttemptKey]:
        """Count an attempt of somebody who is known already, of kind "code", or "confirm" (once more)."""
        return self._begin([_key(kind, user_id)])

    def worked(self, counted: Sequence[AttemptKey]) -> None:
        """The attempt has worked: these counts start anew; of a source's only this attempt is taken back.

        So a guesser's own account clears nothing, and a hospital behind one address is not kept waiting by
        passwords that were right.
        """
        self._attempts.forget([key for key in counted if key.kind != _SOURCE])
        self._attempts.take_back([key for key in counted if key.kind == _SOURCE], _wait_after)

    def forget_name(self, name: str, user_id: str) -> None:
        """An administrator has given a new password: nobody has to wait for this name any more."""
        self._attempts.forget([_key("name", folded(name)), _key("confirm", user_id), _key("code", user_id)])
        self._attempts.forget_beginning("name-source", _sha256(folded(name))[:_HALF])
        self._browsers.forget(user_id)

    def remember(self, carried: str, user_id: str) -> str:
        """Note that a person has signed in with a browser that carries this; what it carries from now on."""
        moment = self._clock()
        self._browsers.forget_unused(moment - BROWSER_KNOWN_FOR)
        secret = self._known(carried, user_id)
        if secret:
            self._browsers.used(_sha256(secret), moment)
        else:
            secret = secrets.token_urlsafe(32)
            self._browsers.add(_sha256(secret), user_id, moment)
        others = [other for other in carried.split(_BETWEEN) if other and other != secret]
        return _BETWEEN.join([secret, *others][:_PEOPLE_A_BROWSER])

    def forget_browsers(self, user_id: str) -> None:
        """No browser is known for this person any more."""
        self._browsers.forget(user_id)

    def _known(self, carried: str, user_id: str) -> str:
        """Of the secrets that a browser carries this person's, where they have signed in with it; else ""."""
        since = self._clock() - BROWSER_KNOWN_FOR
        secrets_carried = [each for each in carried.split(_BETWEEN) if each][:_PEOPLE_A_BROWSER]
        known = (each for each in secrets_carried if self._browsers.knows(_sha256(each), user_id, since))
        return next(known, "")

    def _begin(self, keys: Sequence[AttemptKey]) -> Sequence[AttemptKey]:
        moment = self._clock()
        waiting = self._attempts.begin(keys, moment, _wait_after, moment - _FORGOTTEN_AFTER)
        if waiting is not None:
            key, until = waiting
            raise InvalidInput(f"{_WHAT.get(key.kind, _OF_A_NAME)}: try again in {_words(until - moment)}.")
        return keys


def throttle_of(database: Database, clock: Callable[[], datetime] = now) -> Throttle:
    """The counts of a database."""
    return Throttle(AttemptStore(database), KnownBrowserStore(database), clock)


def _wait_after(key: AttemptKey, failures: int) -> timedelta | None:
    free = FREE_BY_KIND.get(key.kind, FREE_ATTEMPTS)
    if failures < free:
        return None
    return min(_FIRST_WAIT * float(2 ** min(failures - free, 10)), _LONGEST_WAIT)


def _words(time: timedelta) -> str:
    minutes = ceil(time / timedelta(minutes=1))
    return "a minute" if minutes == 1 else f"{minutes} minutes"


def _key(kind: str, text: str) -> AttemptKey:
    return AttemptKey(kind, _sha256(text))


def _key_of_both(name: str, source: str) -> AttemptKey:
    """Half of each hash, so that what is kept of a name can be told whatever the source."""
    return AttemptKey("name-source", _sha256(folded(name))[:_HALF] + _sha256(source)[:_HALF])


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
