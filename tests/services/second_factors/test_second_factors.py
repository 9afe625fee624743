"""Codes of an app, recovery codes, and how second factors come and go."""

from __future__ import annotations

from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import Engine, select

from data.database import reading
from data.errors import InvalidInput, NotAllowed
from data.records import ExternalPerson, Role, SignInWay, User
from data.stores.audit import AuditLog
from data.stores.external_identities import ExternalIdentityStore
from data.tables import code_generators, recovery_codes
from services.accounts import Accounts
from services.second_factors.codes import RECOVERY_CODES
from services.second_factors.second_factors import WRONG_CODE, SecondFactors
from services.throttling import FREE_ATTEMPTS
from tests.services.second_factors.conftest import PASSWORD, factors_of
from tests.services.test_sessions import Clock


def _code(secret: str, clock: Clock, steps: int = 0) -> str:
    return pyotp.TOTP(secret).at(clock().timestamp() + 30 * steps)


def _set_up(factors: SecondFactors, user: User, clock: Clock) -> tuple[str, list[str]]:
    secret = factors.begin_app(user.id, user.name).secret
    codes = factors.confirm_app(user.id, PASSWORD, _code(secret, clock))
    clock.passes(timedelta(minutes=2))
    return secret, codes


def test_an_app_is_set_up_by_password_and_code_and_ends_the_sessions(
    factors: SecondFactors, accounts: Accounts, jane: User, clock: Clock
) -> None:
    set_up = factors.begin_app(jane.id, "jane")
    assert factors.begin_app(jane.id, "jane").secret == set_up.secret
    assert set_up.qr_code.startswith("data:image/svg+xml")
    with pytest.raises(InvalidInput, match="The password is wrong"):
        factors.confirm_app(jane.id, "not it", _code(set_up.secret, clock))
    with pytest.raises(InvalidInput, match="not the one that the app shows"):
        factors.confirm_app(jane.id, PASSWORD, "000000")
    assert not factors.of(jane.id).any
    codes = factors.confirm_app(jane.id, PASSWORD, _code(set_up.secret, clock))
    assert len(codes) == RECOVERY_CODES and factors.of(jane.id).any
    after = accounts.user(jane.id)
    assert after is not None and after.session_epoch == jane.session_epoch + 1
    with pytest.raises(InvalidInput, match="set up already"):
        factors.begin_app(jane.id, "jane")


@pytest.mark.parametrize(("steps", "right"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_code_is_right_one_step_before_and_after(
    factors: SecondFactors, jane: User, clock: Clock, steps: int, right: bool
) -> None:
    secret, _ = _set_up(factors, jane, clock)
    if right:
        assert (
            factors.check_code(
                jane.id, f" {_code(secret, clock, steps)[:3]} {_code(secret, clock, steps)[3:]}"
            )
            == "app"
        )
    else:
        with pytest.raises(InvalidInput, match=WRONG_CODE):
            factors.check_code(jane.id, _code(secret, clock, steps))


def test_a_code_works_once_and_none_before_it_does(factors: SecondFactors, jane: User, clock: Clock) -> None:
    secret, _ = _set_up(factors, jane, clock)
    factors.check_code(jane.id, _code(secret, clock))
    for steps in (0, -1):
        with pytest.raises(InvalidInput, match=WRONG_CODE):
            factors.check_code(jane.id, _code(secret, clock, steps))
    assert factors.check_code(jane.id, _code(secret, clock, 1)) == "app"


def test_the_code_that_set_the_app_up_does_not_sign_in(
    factors: SecondFactors, jane: User, clock: Clock
) -> None:
    secret = factors.begin_app(jane.id, "jane").secret
    factors.confirm_app(jane.id, PASSWORD, _code(secret, clock))
    with pytest.raises(InvalidInput, match=WRONG_CODE):
        factors.check_code(jane.id, _code(secret, clock))


def test_the_secret_is_kept_encrypted_and_codes_as_hashes(
    engine: Engine, accounts: Accounts, factors: SecondFactors, jane: User, clock: Clock
) -> None:
    secret, codes = _set_up(factors, jane, clock)
    with reading(engine) as connection:
        kept = str(connection.execute(select(code_generators)).all())
        kept += str(connection.execute(select(recovery_codes)).all())
    assert secret not in kept and not any(code in kept for code in codes)
    elsewhere = factors_of(engine, accounts, clock, key="another" * 6)
    with pytest.raises(InvalidInput, match="another secret key"):
        elsewhere.check_code(jane.id, _code(secret, clock))
    assert elsewhere.check_code(jane.id, codes[0]) == "recovery code"


def test_each_recovery_code_works_once_for_its_owner_and_new_ones_end_the_old(
    accounts: Accounts, factors: SecondFactors, jane: User, clock: Clock
) -> None:
    _, codes = _set_up(factors, jane, clock)
    other, first = accounts.create("other", "", Role.CLINICIAN)
    accounts.change_password(other.id, first, PASSWORD)
    _set_up(factors, other, clock)
    with pytest.raises(InvalidInput, match=WRONG_CODE):
        factors.check_code(other.id, codes[0])
    assert factors.check_code(jane.id, codes[0].upper().replace("-", " ")) == "recovery code"
    assert factors.of(jane.id).recovery_codes == RECOVERY_CODES - 1
    assert "recovery code was used" in factors.notices(jane.id)[0].words
    with pytest.raises(InvalidInput, match=WRONG_CODE):
        factors.check_code(jane.id, codes[0])
    with pytest.raises(InvalidInput, match="The password is wrong"):
        factors.renew_recovery_codes(jane.id, "not it")
    fresh = factors.renew_recovery_codes(jane.id, PASSWORD)
    with pytest.raises(InvalidInput, match=WRONG_CODE):
        factors.check_code(jane.id, codes[1])
    assert factors.check_code(jane.id, fresh[1]) == "recovery code"


def test_guesses_at_codes_have_to_wait_and_a_right_one_starts_the_count_anew(
    factors: SecondFactors, jane: User, clock: Clock
) -> None:
    secret, codes = _set_up(factors, jane, clock)

    def fail(times: int) -> None:
        for _ in range(times):
            with pytest.raises(InvalidInput, match=WRONG_CODE):
                factors.check_code(jane.id, "000000")

    fail(FREE_ATTEMPTS - 1)
    factors.check_code(jane.id, codes[0])
    fail(FREE_ATTEMPTS)
    with pytest.raises(InvalidInput, match="too many wrong codes"):
        factors.check_code(jane.id, _code(secret, clock))
    clock.passes(timedelta(minutes=1, seconds=1))
    factors.check_code(jane.id, _code(secret, clock))


def test_removing_the_last_factor_needs_the_password_and_takes_the_codes(
    factors: SecondFactors, jane: User, clock: Clock
) -> None:
    secret, codes = _set_up(factors, jane, clock)
    with pytest.raises(InvalidInput, match="The password is wrong"):
        factors.remove_app(jane.id, "not it")
    factors.remove_app(jane.id, PASSWORD)
    assert not factors.of(jane.id).any and factors.of(jane.id).recovery_codes == 0
    for code in (_code(secret, clock), codes[0]):
        with pytest.raises(InvalidInput, match=WRONG_CODE):
            factors.check_code(jane.id, code)
    with pytest.raises(InvalidInput, match="set one up first"):
        factors.renew_recovery_codes(jane.id, PASSWORD)


def test_an_administrator_removes_lost_factors_and_the_person_is_told(
    engine: Engine, accounts: Accounts, factors: SecondFactors, jane: User, clock: Clock
) -> None:
    _set_up(factors, jane, clock)
    admin, _ = accounts.create("root", "Root", Role.ADMIN)
    assert factors.all(admin) == {jane.id: "app"}
    with pytest.raises(NotAllowed):
        factors.reset(jane.id, by=jane)
    before = accounts.user(jane.id)
    factors.reset(jane.id, by=admin)
    after = accounts.user(jane.id)
    assert before is not None and after is not None and after.session_epoch == before.session_epoch + 1
    assert not factors.of(jane.id).any and factors.all(admin) == {}
    (notice,) = factors.notices(jane.id)
    assert "administrator has removed your second factors" in notice.words
    factors.notices_read(jane.id)
    assert factors.notices(jane.id) == []
    (event,) = AuditLog(engine).recent(1)
    assert (event.user_id, event.action, event.subject) == (admin.id, "second factors reset", jane.id)


def test_roles_that_must_have_one_miss_it_until_it_is_set_up(
    engine: Engine, accounts: Accounts, jane: User, clock: Clock
) -> None:
    factors = factors_of(engine, accounts, clock, required=frozenset({Role.CLINICIAN}))
    head, _ = accounts.create("head", "", Role.HEAD)
    assert factors.missing(jane) and not factors.missing(head)
    factors.begin_app(jane.id, "jane")
    assert factors.missing(jane)
    _set_up(factors, jane, clock)
    assert not factors.missing(jane)


def test_who_comes_by_the_hospitals_sign_in_is_asked_there_and_sets_nothing_up_here(
    engine: Engine, accounts: Accounts, jane: User, clock: Clock
) -> None:
    factors = factors_of(engine, accounts, clock, required=frozenset({Role.CLINICIAN}))
    identities = ExternalIdentityStore(engine)
    person = ExternalPerson(SignInWay.OIDC, "https://idp.example", "1815", "jane", "Dr Grey", ())
    identity = identities.seen(person, clock())
    assert factors.missing(jane)
    identities.link(identity.id, jane.id)
    assert not factors.missing(jane)
    with pytest.raises(InvalidInput, match="set up there"):
        factors.begin_app(jane.id, "jane")
    with pytest.raises(InvalidInput, match="set up there"):
        factors.begin_passkey(jane.id, PASSWORD, "https://lightbox.clinic.example")
