"""Where passkeys are, and what is no answer. Real ones are signed in tests/browser/test_passkeys.py."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy import Engine
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

from data.errors import InvalidInput, NotFound
from data.records import Passkey, User
from data.stores.passkeys import ChallengeStore, PasskeyStore
from services.second_factors.passkeys import ANSWER_WITHIN, NOT_TAKEN, Passkeys
from tests.services.test_sessions import Clock

HOUSE = "https://lightbox.clinic.example"


def _passkeys(engine: Engine, clock: Clock, url: str = HOUSE) -> Passkeys:
    return Passkeys(PasskeyStore(engine), ChallengeStore(engine), url, clock)


@pytest.mark.parametrize(
    ("url", "opened", "allowed"),
    [
        (HOUSE, f"{HOUSE}/", True),
        (f"{HOUSE}:8443", f"{HOUSE}:8443/", True),
        (HOUSE, "https://other.example/", False),
        (HOUSE, "http://10.1.2.3:8050/", False),
        ("http://lightbox.clinic.example", "http://lightbox.clinic.example/", False),
        ("https://10.1.2.3", "https://10.1.2.3/", False),
        ("", "http://localhost:8050/", True),
        ("", "http://127.0.0.1:8050/", False),
        ("", "https://lightbox.clinic.example/", False),
        ("http://localhost:8050", "http://localhost:8050/", True),
    ],
)
def test_passkeys_are_where_browsers_allow_them_and_the_address_is_known(
    engine: Engine,
    clock: Clock,
    url: str,
    opened: str,
    allowed: bool,
) -> None:
    assert (_passkeys(engine, clock, url).why_not(opened) == "") is allowed


def test_a_passkey_is_for_the_name_of_the_public_address(engine: Engine, clock: Clock) -> None:
    party = _passkeys(engine, clock, f"{HOUSE}:8443").relying_party(f"{HOUSE}:8443/login")
    assert (party.id, party.origin) == ("lightbox.clinic.example", f"{HOUSE}:8443")


def test_a_passkey_is_asked_to_know_its_person(engine: Engine, jane: User, clock: Clock) -> None:
    passkeys = _passkeys(engine, clock)
    making = json.loads(passkeys.begin_adding(jane.id, "jane", "Jane", f"{HOUSE}/"))
    assert making["authenticatorSelection"]["userVerification"] == "required"
    assert making["authenticatorSelection"]["residentKey"] == "required"
    asking = json.loads(passkeys.begin_asking(None, f"{HOUSE}/"))
    assert asking["userVerification"] == "required" and not asking.get("allowCredentials")
    assert asking["challenge"] != making["challenge"]


def _answer(challenge: str, credential_id: str = "AAAA") -> str:
    data = json.dumps({"type": "webauthn.get", "challenge": challenge, "origin": HOUSE})
    response = {
        "clientDataJSON": bytes_to_base64url(data.encode()),
        "authenticatorData": "AAAA",
        "signature": "AAAA",
    }
    return json.dumps(
        {"id": credential_id, "rawId": credential_id, "type": "public-key", "response": response}
    )


def test_what_is_no_answer_is_refused_and_uses_its_challenge_up(
    engine: Engine,
    jane,
    clock: Clock,
) -> None:
    passkeys = _passkeys(engine, clock)
    store = PasskeyStore(engine)
    store.add(Passkey("2" * 32, jane.id, "AAAA", "AAAA", 3, "Key", clock()))
    for answer in ("", "{}", "[]", "null", _answer("AAAA"), '{"id": "é"}'):
        with pytest.raises(InvalidInput, match=NOT_TAKEN):
            passkeys.check(None, answer, HOUSE)
    challenge = json.loads(passkeys.begin_asking(None, HOUSE))["challenge"]
    waiting = ChallengeStore(engine)
    with pytest.raises(InvalidInput, match=NOT_TAKEN):  # not signed
        passkeys.check(None, _answer(challenge), HOUSE)
    assert not waiting.take(base64url_to_bytes(challenge), "sign-in", None, clock())


def test_a_challenge_is_for_its_purpose_its_person_and_five_minutes(engine: Engine, clock: Clock) -> None:
    store = ChallengeStore(engine)
    until = clock() + ANSWER_WITHIN
    store.add(b"one", "factor", "1" * 32, clock(), until)
    assert not store.take(b"one", "sign-in", None, clock())
    assert not store.take(b"one", "factor", "2" * 32, clock())
    assert not store.take(b"one", "factor", "1" * 32, until)
    assert store.take(b"one", "factor", "1" * 32, until - timedelta(microseconds=1))
    assert not store.take(b"one", "factor", "1" * 32, clock())


def test_a_counter_that_did_not_grow_is_a_copy(engine: Engine, jane: User, clock: Clock) -> None:
    store = PasskeyStore(engine)
    store.add(Passkey("2" * 32, jane.id, "AAAA", "AAAA", 3, "Counts", clock()))
    store.add(Passkey("3" * 32, jane.id, "BBBB", "BBBB", 0, "Does not count", clock()))
    assert not store.used("2" * 32, 3, clock())
    assert store.used("2" * 32, 4, clock())
    assert store.used("3" * 32, 0, clock()) and store.used("3" * 32, 0, clock())
    with pytest.raises(InvalidInput, match="set up already"):
        store.add(Passkey("4" * 32, jane.id, "AAAA", "AAAA", 0, "Again", clock()))


def test_a_passkey_is_removed_by_its_owner_only(engine: Engine, jane: User, clock: Clock) -> None:
    passkeys = _passkeys(engine, clock)
    PasskeyStore(engine).add(Passkey("2" * 32, jane.id, "AAAA", "AAAA", 3, "Key", clock()))
    with pytest.raises(NotFound):
        passkeys.remove("5" * 32, "2" * 32)
    assert passkeys.remove(jane.id, "2" * 32) == "Key" and passkeys.of_user(jane.id) == []
