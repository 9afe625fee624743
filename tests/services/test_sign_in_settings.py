"""What is set for the hospital's sign-in is checked at the start, and said by the setting's name."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.errors import InvalidInput
from services.settings import Settings

KEPT = "s3cret"
OIDC = {
    "LIGHTBOX_OIDC_ISSUER": "https://id.hospital.example/realms/h",
    "LIGHTBOX_OIDC_CLIENT_ID": "lightbox",
    "LIGHTBOX_SIGN_IN_GROUPS": "clinician=radiology",
}
LDAP = {
    "LIGHTBOX_LDAP_SERVERS": "ldaps://a.example, ldap://b.example:1389",
    "LIGHTBOX_LDAP_BIND_DN": "cn=x",
    "LIGHTBOX_LDAP_BIND_PASSWORD": "y",
    "LIGHTBOX_LDAP_BASE": "dc=h",
    "LIGHTBOX_SIGN_IN_GROUPS": "clinician=radiology",
}


def test_without_settings_there_are_passwords_only() -> None:
    settings = Settings.from_env({}).sign_in
    assert not settings.oidc.issuer and not settings.ldap.servers and settings.passwords_for_all


def test_groups_stand_in_their_order_and_may_be_distinguished_names() -> None:
    text = "admin=CN=LB Admins,OU=IT,DC=h; head = leads\nclinician=radiology;"
    settings = Settings.from_env(OIDC | {"LIGHTBOX_SIGN_IN_GROUPS": text}).sign_in
    assert settings.groups == (
        ("admin", "CN=LB Admins,OU=IT,DC=h"),
        ("head", "leads"),
        ("clinician", "radiology"),
    )


def test_groups_of_departments_may_be_distinguished_names_and_stand_for_the_whole_house() -> None:
    text = "Neuro North=CN=North,OU=Groups,DC=h; * = radiology-all\nKids=kids;"
    settings = Settings.from_env(OIDC | {"LIGHTBOX_DEPARTMENT_GROUPS": text}).sign_in
    assert settings.departments == (
        ("Neuro North", "CN=North,OU=Groups,DC=h"),
        ("*", "radiology-all"),
        ("Kids", "kids"),
    )
    assert not settings.others_by_hand
    by_hand = {"LIGHTBOX_DEPARTMENT_OTHERS": "by-hand"}
    assert Settings.from_env(OIDC | by_hand).sign_in.others_by_hand


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"LIGHTBOX_DEPARTMENT_GROUPS": "North"}, "takes department=group"),
        ({"LIGHTBOX_DEPARTMENT_GROUPS": "=north"}, "takes department=group"),
        ({"LIGHTBOX_DEPARTMENT_GROUPS": "North="}, "takes department=group"),
        ({"LIGHTBOX_DEPARTMENT_OTHERS": "everything"}, "LIGHTBOX_DEPARTMENT_OTHERS"),
        (
            {"LIGHTBOX_DEPARTMENT_GROUPS": "N=n", "LIGHTBOX_OIDC_ISSUER": ""},
            "needs a sign-in of the hospital",
        ),
    ],
)
def test_groups_of_departments_that_cannot_work_end_the_start(changed: dict[str, str], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        Settings.from_env(OIDC | changed)


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(f"{KEPT}\n")
    by_file = OIDC | {"LIGHTBOX_OIDC_CLIENT_SECRET_FILE": str(file)}
    assert Settings.from_env(by_file).sign_in.oidc.client_secret == KEPT
    assert KEPT not in repr(Settings.from_env(by_file))
    with pytest.raises(InvalidInput, match="not both"):
        Settings.from_env(by_file | {"LIGHTBOX_OIDC_CLIENT_SECRET": "x"})
    file.write_text("\n")
    with pytest.raises(InvalidInput, match="is empty"):
        Settings.from_env(by_file)
    file.unlink()
    with pytest.raises(InvalidInput, match="cannot be read"):
        Settings.from_env(by_file)


def test_servers_of_a_directory_stand_in_their_order() -> None:
    settings = Settings.from_env(LDAP | {"LIGHTBOX_LDAP_NESTED_GROUPS": "1"}).sign_in.ldap
    assert settings.servers == ("ldaps://a.example", "ldap://b.example:1389")
    assert settings.nested_groups and "y'" not in repr(settings)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"LIGHTBOX_OIDC_ISSUER": "http://id.hospital.example"}, "must be an https address"),
        ({"LIGHTBOX_OIDC_CLIENT_ID": ""}, "LIGHTBOX_OIDC_CLIENT_ID"),
        ({"LIGHTBOX_OIDC_SCOPES": "profile"}, "scope openid"),
        ({"LIGHTBOX_OIDC_PROMPT": "none"}, "LIGHTBOX_OIDC_PROMPT"),
        ({"LIGHTBOX_SIGN_IN_GROUPS": ""}, "LIGHTBOX_SIGN_IN_GROUPS"),
        ({"LIGHTBOX_SIGN_IN_GROUPS": "chief=radiology"}, "not 'chief=radiology'"),
        ({"LIGHTBOX_SIGN_IN_GROUPS": "clinician="}, "not 'clinician='"),
        ({"LIGHTBOX_LOCAL_SIGN_IN": "nobody"}, "LIGHTBOX_LOCAL_SIGN_IN"),
    ],
)
def test_a_provider_that_cannot_work_ends_the_start(changes: dict[str, str], named: str) -> None:
    with pytest.raises(InvalidInput, match=named):
        Settings.from_env(OIDC | changes)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"LIGHTBOX_LDAP_SERVERS": "a.example"}, "takes ldaps://HOST"),
        ({"LIGHTBOX_LDAP_BASE": ""}, "LIGHTBOX_LDAP_BASE"),
        ({"LIGHTBOX_LDAP_BIND_PASSWORD": ""}, "LIGHTBOX_LDAP_BIND_PASSWORD"),
        ({"LIGHTBOX_LDAP_FILTER": "(uid=ada)"}, "with {name} in it"),
        ({"LIGHTBOX_LDAP_GROUP_FILTER": "member={dn}"}, "LIGHTBOX_LDAP_GROUP_FILTER"),
        ({"LIGHTBOX_SIGN_IN_GROUPS": ""}, "LIGHTBOX_SIGN_IN_GROUPS"),
    ],
)
def test_a_directory_that_cannot_work_ends_the_start(changes: dict[str, str], named: str) -> None:
    with pytest.raises(InvalidInput, match=named):
        Settings.from_env(LDAP | changes)


def test_this_machine_may_be_asked_without_https() -> None:
    assert Settings.from_env(OIDC | {"LIGHTBOX_OIDC_ISSUER": "http://127.0.0.1:9000"}).sign_in.oidc.issuer
