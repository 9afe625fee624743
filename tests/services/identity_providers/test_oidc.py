"""The code flow against a real provider, and answers that must not be believed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from urllib.parse import parse_qsl, urlsplit

import pytest

from data.records import ExternalPerson, SignInWay
from services.identity_providers.faults import AnswerRefused, ProviderAway, SignInRefused
from services.identity_providers.oidc import Arrival, Attempt, OidcProvider, claim_of
from services.identity_providers.oidc_tokens import LOGOUT_EVENT
from services.sign_in_settings import OidcSettings
from tests.integration.servers import free_port
from tests.oidc_provider import TestProvider, oidc_provider

WRONG = "wrong"
LIGHTBOX = "http://127.0.0.1:1"
CALLBACK = f"{LIGHTBOX}/sign-in/oidc/callback"


@pytest.fixture(scope="module")
def node() -> Iterator[TestProvider]:
    with oidc_provider(LIGHTBOX) as provider:
        provider.knows("ada-1815", "radiology", preferred_username="ada", name="Ada")
        yield provider


@pytest.fixture
def provider(node: TestProvider) -> Iterator[TestProvider]:
    yield node
    node.spoil("")


def _client(provider: TestProvider, **changes: object) -> OidcProvider:
    return OidcProvider(provider.settings(**changes), CALLBACK)


def _answer(provider: TestProvider, client: OidcProvider) -> tuple[dict[str, str], Attempt]:
    address, attempt = client.begin()
    return dict(parse_qsl(urlsplit(provider.answer_to(address, "ada-1815")).query)), attempt


def _arrival(provider: TestProvider, client: OidcProvider) -> Arrival:
    return client.finish(*_answer(provider, client))


def test_somebody_signs_in_and_the_provider_says_who_it_is(provider: TestProvider) -> None:
    client = _client(provider)
    address, attempt = client.begin()
    query = dict(parse_qsl(urlsplit(address).query))
    assert query["code_challenge_method"] == "S256"
    assert attempt.verifier not in address and query["code_challenge"]
    assert (query["state"], query["nonce"]) == (attempt.state, attempt.nonce)
    arrival = client.finish(dict(parse_qsl(urlsplit(provider.answer_to(address, "ada-1815")).query)), attempt)
    # The groups are not in the ID token of this provider: they come from its userinfo.
    expected = ExternalPerson(SignInWay.OIDC, provider.url, "ada-1815", "ada", "Ada", ("radiology",))
    assert arrival.person == expected
    assert arrival.sid and arrival.id_token.count(".") == 2


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        ("signature", "its signature does not fit"),
        ("unsigned", "its signature does not fit"),
        ("secret", "its signature does not fit"),
        ("audience", "meant for another application"),
        ("issuer", "comes from another provider"),
        ("nonce", "belongs to another try"),
        ("expired", "too old"),
    ],
)
def test_a_token_that_does_not_hold_lets_nobody_in(provider: TestProvider, what: str, sentence: str) -> None:
    provider.spoil(what)
    with pytest.raises(AnswerRefused, match=sentence):
        _arrival(provider, _client(provider))


def test_clocks_may_differ_by_half_a_minute(provider: TestProvider) -> None:
    provider.spoil("skew")
    assert _arrival(provider, _client(provider)).person.name == "ada"


def test_the_provider_may_change_its_keys(provider: TestProvider) -> None:
    client = _client(provider)
    _arrival(provider, client)
    provider.rotate()
    assert _arrival(provider, client).person.name == "ada"


def test_keys_are_asked_for_again_once_in_a_while_only(provider: TestProvider) -> None:
    client = _client(provider)
    _arrival(provider, client)
    for _ in range(2):  # the second one has to wait: a token with an unknown key may come from anybody
        provider.rotate()
    _arrival(provider, client)
    provider.rotate()
    with pytest.raises(AnswerRefused, match="its signature does not fit"):
        _arrival(provider, client)


def test_a_code_counts_once_and_with_its_own_verifier_only(provider: TestProvider) -> None:
    client = _client(provider)
    answer, attempt = _answer(provider, client)
    stolen = Attempt(attempt.state, attempt.nonce, "v" * 43)
    with pytest.raises(AnswerRefused, match="did not confirm this"):
        client.finish(answer, stolen)
    answer, attempt = _answer(provider, client)
    client.finish(answer, attempt)
    with pytest.raises(AnswerRefused, match="used before"):
        client.finish(answer, attempt)


def test_an_answer_of_another_issuer_is_not_taken(provider: TestProvider) -> None:
    client = _client(provider)
    answer, attempt = _answer(provider, client)
    for wrong in ({"iss": "https://elsewhere.example"}, {"iss": None}):
        given = {name: value for name, value in (answer | wrong).items() if value is not None}
        with pytest.raises(AnswerRefused, match="another sign-in"):
            client.finish(given, attempt)


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("access_denied", "did not let you in, or you broke it off"),
        ("temporarily_unavailable", "try again later"),
        ("invalid_scope", "an administrator has to look"),
    ],
)
def test_an_error_of_the_provider_is_said_in_words(provider: TestProvider, code: str, sentence: str) -> None:
    client = _client(provider)
    _, attempt = client.begin()
    with pytest.raises(SignInRefused, match=sentence):
        client.finish({"error": code, "iss": provider.url, "state": attempt.state}, attempt)


def test_a_wrong_client_secret_is_the_administrators_matter(provider: TestProvider) -> None:
    with pytest.raises(ProviderAway, match="does not know this server") as refused:
        _arrival(provider, _client(provider, client_secret=WRONG))
    assert "invalid_client" in refused.value.detail


def test_a_provider_that_calls_itself_otherwise_is_not_asked(provider: TestProvider) -> None:
    with pytest.raises(ProviderAway) as refused:
        _client(provider, issuer=provider.url + "/").begin()
    assert "calls itself" in refused.value.detail


def test_a_provider_that_is_away_is_said_and_asked_no_more_for_a_moment() -> None:
    settings = OidcSettings(f"http://127.0.0.1:{free_port()}", "lightbox")
    client = OidcProvider(settings, CALLBACK)
    for _ in range(2):
        with pytest.raises(ProviderAway, match="does not answer at present") as refused:
            client.begin()
        assert "cannot be reached" in refused.value.detail


def test_signing_out_leads_to_the_provider_with_a_hint(provider: TestProvider) -> None:
    client = _client(provider)
    arrival = _arrival(provider, client)
    address = client.logout_url(arrival.id_token, f"{LIGHTBOX}/login")
    assert address is not None
    query = dict(parse_qsl(urlsplit(address).query))
    assert query["id_token_hint"] == arrival.id_token
    assert query["post_logout_redirect_uri"] == f"{LIGHTBOX}/login"


def _logout_claims(provider: TestProvider) -> dict[str, object]:
    return {
        "iss": provider.url,
        "aud": "lightbox",
        "iat": int(time.time()),
        "jti": "1",
        "sub": "ada-1815",
        "events": {LOGOUT_EVENT: {}},
    }


def test_a_logout_token_names_whose_sessions_end(provider: TestProvider) -> None:
    client = _client(provider)
    claims = _logout_claims(provider)
    assert client.ended(provider.signed(**claims)) == ("ada-1815", "")
    assert client.ended(provider.signed(**claims, sid="s")) == ("ada-1815", "s")


Change = Callable[[dict[str, object]], object]


@pytest.mark.parametrize(
    "change",
    [
        lambda claims: claims.update(aud="another"),
        lambda claims: claims.update(iss="https://elsewhere.example"),
        lambda claims: claims.update(events={}),
        lambda claims: claims.update(nonce="n"),
        lambda claims: claims.update(iat=int(time.time()) - 700),
        lambda claims: claims.pop("sub"),
        lambda claims: claims.pop("iat"),
    ],
)
def test_a_logout_token_that_does_not_hold_ends_nothing(provider: TestProvider, change: Change) -> None:
    claims = _logout_claims(provider)
    change(claims)
    with pytest.raises(AnswerRefused):
        _client(provider).ended(provider.signed(**claims))


def test_an_id_token_is_no_logout_token(provider: TestProvider) -> None:
    client = _client(provider)
    with pytest.raises(AnswerRefused):
        client.ended(_arrival(provider, client).id_token)


def test_a_logout_token_is_no_id_token(provider: TestProvider) -> None:
    provider.spoil("kind")
    with pytest.raises(AnswerRefused, match="token of another kind"):
        _arrival(provider, _client(provider))


def test_a_claim_is_named_whole_or_by_its_path() -> None:
    claims = {"realm_access": {"roles": ["a"]}, "https://h.example/groups": ["b"]}
    assert claim_of(claims, "realm_access.roles") == ["a"]
    assert claim_of(claims, "https://h.example/groups") == ["b"]
    assert claim_of(claims, "realm_access.groups") is None
    assert claim_of(claims, "groups.x") is None
