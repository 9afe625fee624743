from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from argon2 import PasswordHasher

from data.database import now
from data.errors import InvalidInput, NotAllowed, NotFound
from data.records import Role, TokenScope
from data.stores.audit import AuditLog
from data.stores.tokens import TokenStore
from data.stores.users import UserStore
from services.accounts import WRONG, Accounts
from services.throttling import Origin, throttle_of
from tests.databases import migrated

NEW = "a rather long sentence"


class Clock:
    def __init__(self) -> None:
        self.time = datetime(2026, 11, 20, 8, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def pass_(self, **time: float) -> None:
        self.time += timedelta(**time)


@pytest.fixture
def clock():
    return Clock()


def _accounts(engine, **options) -> Accounts:
    options = {"hasher": PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)} | options
    clock = options.get("clock", now)
    stores = UserStore(engine), TokenStore(engine), AuditLog(engine)
    return Accounts(*stores, throttle_of(engine, clock), **options)


@pytest.fixture
def accounts(engine, clock):
    return _accounts(engine, clock=clock)


@pytest.fixture
def jane(accounts):
    return accounts.create("Jane", "Dr Jane Grey", Role.CLINICIAN)


@pytest.fixture
def admin(accounts):
    return accounts.create("root", "Root", Role.ADMIN)[0]


def _fail(accounts, times, name="jane"):
    for _ in range(times):
        with pytest.raises(InvalidInput, match=WRONG):
            accounts.sign_in(name, "guess")


def test_a_new_person_signs_in_with_the_one_time_password(accounts, jane, clock):
    user, password = jane
    assert user.must_change_password
    assert [len(group) for group in password.split("-")] == [4, 4, 4, 4]
    assert accounts.sign_in(" jANE ", password) == user
    assert accounts.user(user.id).last_seen_at == clock()
    assert accounts.user("nobody") is None
    assert [someone.name for someone in accounts.all()] == ["Jane"]


def test_a_wrong_name_and_a_wrong_password_sound_the_same(accounts, jane):
    for name, password in (
        ("jane", "wrong"),
        ("nobody", "wrong"),
        ("", ""),
        ("jane", "\udcff"),
        ("x" * 500, "y" * 5000),
    ):
        with pytest.raises(InvalidInput) as refused:
            accounts.sign_in(name, password)
        assert str(refused.value) == WRONG


@pytest.mark.parametrize("name", ["jane", "nobody"])
def test_five_failures_make_a_name_wait_longer_and_longer(accounts, jane, clock, name):
    _fail(accounts, 5, name)
    with pytest.raises(InvalidInput, match="try again in a minute"):
        accounts.sign_in(name, jane[1])
    for minutes in (1, 2, 4, 8, 15):
        clock.pass_(minutes=minutes, seconds=1)
        _fail(accounts, 1, name)
        wait = min(2 * minutes, 15)
        with pytest.raises(InvalidInput, match=f"try again in {wait} minutes"):
            accounts.sign_in(name, jane[1])


def test_signing_in_starts_the_count_anew(accounts, jane, clock):
    _fail(accounts, 4)
    accounts.sign_in("jane", jane[1])
    _fail(accounts, 5)
    clock.pass_(minutes=2)
    assert accounts.sign_in("jane", jane[1]).name == "Jane"
    _fail(accounts, 4)


def test_a_reset_ends_the_waiting_and_the_sessions(accounts, jane):
    _fail(accounts, 5)
    password = accounts.reset_password(jane[0].id)
    user = accounts.sign_in("jane", password)
    assert user.session_epoch == 1
    assert user.must_change_password
    _fail(accounts, 1)
    with pytest.raises(NotFound):
        accounts.reset_password("nobody")


def test_guesses_at_once_do_not_slip_through_together(tmp_path, clock):
    engine = migrated(f"sqlite:///{tmp_path}/lightbox.db")
    accounts = _accounts(engine, clock=clock)
    accounts.create("jane", "", Role.CLINICIAN)

    def guess(number: int) -> str:
        try:
            accounts.sign_in("jane", f"guess {number}")
        except InvalidInput as error:
            return str(error)
        return "in"

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(guess, range(12)))
    assert answers.count(WRONG) == 5
    assert sum("too many wrong passwords" in answer for answer in answers) == 7
    engine.dispose()


def test_a_password_of_ones_own(accounts, jane):
    user, password = jane
    changed = accounts.change_password(user.id, password, NEW)
    assert (changed.must_change_password, changed.session_epoch) == (False, 1)
    assert accounts.sign_in("jane", NEW).id == user.id
    with pytest.raises(InvalidInput, match=WRONG):
        accounts.sign_in("jane", password)


@pytest.mark.parametrize(
    ("new", "sentence"),
    [
        ("short", "at least 15 characters"),
        ("x" * 1001, "at most 1000"),
        ("the days of jANE again", "must not contain “Jane”"),
        ("my own LightBox here", "must not contain “lightbox”"),
        ("Passwordpassword", "list of passwords that were stolen"),
    ],
)
def test_passwords_that_do_not_do(accounts, jane, new, sentence):
    with pytest.raises(InvalidInput, match=sentence):
        accounts.change_password(jane[0].id, jane[1], new)


def test_the_old_password_is_asked_for_and_not_taken_again(accounts, jane):
    user, password = jane
    with pytest.raises(InvalidInput, match="The old password is wrong"):
        accounts.change_password(user.id, "wrong", NEW)
    with pytest.raises(InvalidInput, match="another one than the old"):
        accounts.change_password(user.id, password, password)
    with pytest.raises(NotFound):
        accounts.change_password("nobody", password, NEW)


@pytest.mark.parametrize("name", ["", "two words", "<script>", "x" * 65, "-jane", "ja\nne"])
def test_names_that_do_not_do(accounts, name):
    with pytest.raises(InvalidInput, match="letters, digits"):
        accounts.create(name, "", Role.HEAD)


def test_names_differ_by_more_than_case(accounts, jane):
    with pytest.raises(InvalidInput, match="already an account"):
        accounts.create("JANE", "", Role.HEAD)


def test_the_first_administrator_is_made_once(accounts):
    user, password = accounts.ensure_first_administrator()
    assert (user.name, user.role) == ("admin", Role.ADMIN)
    assert accounts.sign_in("admin", password).must_change_password
    assert accounts.ensure_first_administrator() is None


def test_the_last_active_administrator_stays(accounts, admin):
    for act in (
        lambda: accounts.set_role(admin.id, Role.HEAD),
        lambda: accounts.set_active(admin.id, False),
    ):
        with pytest.raises(InvalidInput, match="last active administrator"):
            act()
    assert accounts.user(admin.id) == admin
    second, _ = accounts.create("second", "", Role.ADMIN)
    accounts.set_active(admin.id, False)
    with pytest.raises(InvalidInput, match="last active administrator"):
        accounts.set_role(second.id, Role.HEAD)
    accounts.set_active(admin.id, True)
    assert accounts.set_role(second.id, Role.HEAD).role is Role.HEAD


def test_two_administrators_cannot_demote_each_other_at_once(tmp_path):
    engine = migrated(f"sqlite:///{tmp_path}/lightbox.db")
    accounts = _accounts(engine)
    people = [accounts.create(name, "", Role.ADMIN)[0] for name in ("a", "b")]

    def demote(user) -> bool:
        try:
            accounts.set_role(user.id, Role.HEAD)
        except InvalidInput:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(demote, people)) == [False, True]
    engine.dispose()


def test_a_switched_off_account(accounts, admin, jane):
    user, password = jane
    _, secret = accounts.create_token(user.id, "script")
    off = accounts.set_active(user.id, False)
    assert off.session_epoch == 1
    with pytest.raises(InvalidInput, match="switched off"):
        accounts.sign_in("jane", password)
    with pytest.raises(InvalidInput, match=WRONG):
        accounts.sign_in("jane", "wrong")
    with pytest.raises(NotAllowed):
        accounts.create_token(user.id, "another")
    assert accounts.user_by_token(secret) is None
    accounts.set_active(user.id, True)
    assert accounts.user_by_token(secret).id == user.id


def test_signing_out_everywhere_counts_the_epoch_up(accounts, jane):
    assert accounts.sign_out_everywhere(jane[0].id).session_epoch == 1


def test_tokens(accounts, jane, admin, clock, engine):
    user, _ = jane
    token, secret = accounts.create_token(user.id, "  nightly   export ")
    assert secret.startswith("lb_")
    assert token.label == "nightly export"
    bearer = accounts.user_by_token(secret)
    assert replace(bearer, scopes=None) == user and bearer.scopes == frozenset(TokenScope)
    assert accounts.tokens(user.id)[0].last_used_at == clock()
    with engine.connect() as connection:
        kept = connection.exec_driver_sql("select * from tokens").one()
    assert secret not in kept
    with pytest.raises(NotFound):
        accounts.revoke_token(admin.id, token.id)
    clock.pass_(minutes=5)
    accounts.revoke_token(user.id, token.id)
    assert accounts.user_by_token(secret) is None
    assert accounts.tokens(user.id)[0].revoked_at == clock()


@pytest.mark.parametrize("secret", ["", "lb_", "nonsense", "lb_\udcff"])
def test_what_is_no_token(accounts, secret):
    assert accounts.user_by_token(secret) is None


def test_a_token_needs_a_label(accounts, jane):
    with pytest.raises(InvalidInput, match="what the token is for"):
        accounts.create_token(jane[0].id, "  ")


def test_an_old_hash_is_renewed_when_its_owner_signs_in(engine, accounts, jane):
    stronger = _accounts(engine, hasher=PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    signed_in = stronger.sign_in("jane", jane[1])
    assert "t=2" in UserStore(engine).credentials("jane").password_hash
    assert signed_in.session_epoch == 0


def test_it_is_noted_who_did_what(engine, accounts, admin, jane):
    accounts.set_role(jane[0].id, Role.HEAD, by=admin)
    _fail(accounts, 1)
    accounts.sign_in("jane", jane[1])
    actions = [(event.user_id, event.action) for event in AuditLog(engine).recent(3)]
    assert actions == [(jane[0].id, "signed in"), (None, "sign-in failed"), (admin.id, "role changed")]


def test_a_guesser_from_elsewhere_does_not_keep_the_owner_out(accounts, jane):
    stranger, ward = Origin("203.0.113.9"), Origin("10.1.2.3")
    for _ in range(5):
        with pytest.raises(InvalidInput, match=WRONG):
            accounts.sign_in("jane", "guess", stranger)
    with pytest.raises(InvalidInput, match="try again in a minute"):
        accounts.sign_in("jane", "guess", stranger)
    assert accounts.sign_in("jane", jane[1], ward).name == "Jane"


def test_guesses_at_the_sign_in_do_not_keep_the_owner_from_confirming_and_the_other_way(accounts, jane):
    _fail(accounts, 5)
    assert accounts.confirm(jane[0].id, jane[1]).name == "Jane"
    accounts.reset_password(jane[0].id)
    for _ in range(5):
        with pytest.raises(InvalidInput, match="The password is wrong"):
            accounts.confirm(jane[0].id, "guess")
    with pytest.raises(InvalidInput, match="too many wrong passwords for this account"):
        accounts.confirm(jane[0].id, "guess")
    _fail(accounts, 1)


def test_a_password_is_checked_to_its_last_character(accounts, jane):
    longest = "correct horse " * 80
    accounts.change_password(jane[0].id, jane[1], longest[:1000])
    assert accounts.sign_in("jane", longest[:1000]).name == "Jane"
    for other in (longest[:1000] + "x", longest[:999]):
        with pytest.raises(InvalidInput, match=WRONG):
            accounts.sign_in("jane", other)


@pytest.mark.parametrize("new", ["x" * 14 + "!", "пароль на много слов", "horse staple 🐎 battery", " " * 15])
def test_any_kind_of_characters_makes_a_password(accounts, jane, new):
    accounts.change_password(jane[0].id, jane[1], new)
    assert accounts.sign_in("jane", new).name == "Jane"
