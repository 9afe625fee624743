"""Codes that an app shows, new every 30 seconds (TOTP, RFC 6238), and recovery codes on paper."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import pyotp
import segno

from data.database import now
from data.errors import InvalidInput
from data.records import CodeGenerator
from data.stores.second_factors import CodeGeneratorStore, RecoveryCodeStore
from services.passwords import one_time_password
from services.sealing import Sealer

STEP_SECONDS = 30
_DIGITS = 6
TOLERANCE = 1  # steps before and after: clocks of telephones differ, and people type slowly
RECOVERY_CODES = 10
_RECOVERY_GROUPS = 6  # of 4 characters: 118.9 bits, so that a plain hash is enough (ASVS 6.5.2)
_PURPOSE = b"lightbox secrets of apps that show codes"
_OTHER_KEY = (
    "Your app was set up under another secret key of this server. Ask an administrator to remove it, and set "
    "it up again."
)
_ISSUER = "Lightbox"


@dataclass(frozen=True)
class AppSetUp:
    """What an app is set up with; shown until a first code of it was right."""

    secret: str  # base32
    qr_code: str  # SVG as a data URI


class AppCodes:
    """The apps of people, at most one each."""

    def __init__(
        self, store: CodeGeneratorStore, secret_key: Callable[[], str], clock: Callable[[], datetime] = now
    ) -> None:
        """`secret_key` gives the house's key, which is asked for where a secret is kept or used."""
        self._store = store
        self._secret_key = secret_key
        self._clock = clock

    def begin(self, user_id: str, name: str) -> AppSetUp:
        """What to set an app up with: the same until a code was right, so that a second tab does no harm."""
        waiting = self._store.get(user_id)
        if waiting is None or waiting.confirmed_at is not None or not self._opens(waiting):
            sealed = self._sealer().seal(pyotp.random_base32())
            waiting = CodeGenerator(user_id, sealed, self._clock(), None, last_step=0)
            self._store.put(waiting)
        return self._set_up(waiting, name)

    def confirm(self, user_id: str, code: str) -> bool:
        """Whether this code is of the app that is being set up; from then on its codes are asked for."""
        waiting = self._store.get(user_id)
        if waiting is None or waiting.confirmed_at is not None or not self._uses(waiting, code):
            return False
        self._store.confirm(user_id, self._clock())
        return True

    def check(self, user_id: str, code: str) -> bool:
        """Whether this is the app's code, now or one step before or after, and was not used before."""
        generator = self._confirmed(user_id)
        return generator is not None and self._uses(generator, code)

    def since(self, user_id: str) -> datetime | None:
        """When this person's app was set up; None where there is none."""
        generator = self._confirmed(user_id)
        return None if generator is None else generator.confirmed_at

    def users(self) -> set[str]:
        """The ids of everybody with an app."""
        return {generator.user_id for generator in self._store.all()}

    def remove(self, user_id: str) -> None:
        """Forget a person's app."""
        self._store.remove(user_id)

    def _confirmed(self, user_id: str) -> CodeGenerator | None:
        generator = self._store.get(user_id)
        return generator if generator is not None and generator.confirmed_at is not None else None

    def _uses(self, generator: CodeGenerator, code: str) -> bool:
        digits = "".join(code.split())
        if len(digits) != _DIGITS:  # a recovery code: it works under another key of the house too
            return False
        totp = pyotp.TOTP(self._sealer().opened(generator.sealed_secret), interval=STEP_SECONDS)
        now_step = int(self._clock().timestamp()) // STEP_SECONDS
        fits = [
            step
            for step in range(now_step - TOLERANCE, now_step + TOLERANCE + 1)
            if pyotp.utils.strings_equal(totp.at(step * STEP_SECONDS), digits)
        ]
        # In the database, so that the same code sent twice at once is used once.
        return bool(fits) and self._store.use_step(generator.user_id, max(fits))

    def _set_up(self, generator: CodeGenerator, name: str) -> AppSetUp:
        secret = self._sealer().opened(generator.sealed_secret)
        uri = pyotp.TOTP(secret, interval=STEP_SECONDS).provisioning_uri(name=name, issuer_name=_ISSUER)
        return AppSetUp(secret, segno.make(uri, error="m").svg_data_uri(scale=4, border=4, light="#fff"))

    def _opens(self, generator: CodeGenerator) -> bool:
        try:
            return bool(self._sealer().opened(generator.sealed_secret))
        except InvalidInput:
            return False

    def _sealer(self) -> Sealer:
        return Sealer(self._secret_key(), _PURPOSE, _OTHER_KEY)


class RecoveryCodes:
    """Codes for whoever has lost the rest; each works once."""

    def __init__(self, store: RecoveryCodeStore, clock: Callable[[], datetime] = now) -> None:
        self._store = store
        self._clock = clock

    def renew(self, user_id: str) -> list[str]:
        """Ten new codes, which are not shown again; those before are worthless."""
        codes = [one_time_password(_RECOVERY_GROUPS) for _ in range(RECOVERY_CODES)]
        self._store.put(user_id, [_hash(code) for code in codes], self._clock())
        return codes

    def use(self, user_id: str, code: str) -> bool:
        """Whether this is one of the person's codes, which is used up by that."""
        return self._store.use(user_id, _hash(code))

    def left(self, user_id: str) -> int:
        """How many codes a person has."""
        return self._store.left(user_id)

    def remove(self, user_id: str) -> None:
        """Forget a person's codes."""
        self._store.remove(user_id)


def _hash(code: str) -> str:
    """Of what counts: people type codes without the dashes, and large."""
    plain = "".join(letter for letter in code.casefold() if letter.isalnum())
    return hashlib.sha256(plain.encode("utf-8", "replace")).hexdigest()
