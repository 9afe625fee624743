"""Bad links: every page says on a page of its own what is wrong with an address, the API in one sentence."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from dashboard import shell
from dashboard.pages.links import Links
from data.house_clock import day_of
from data.records import Role, User
from services import addresses
from tests.dashboard.clinic import Clinic

PAGES = [page for page in shell.PAGES if page.path != addresses.ADMIN]
NOWHERE = "This link leads nowhere."
_FILTERS = (  # of scans, wherever an address filters by them
    "site=Nowhere", "scanner=Vida", "modality=US", "version=brain-tumour+99", "sex=X", "age=200",
    "status=lost", "review=maybe", "result=perhaps", "from=2999-01-01", "from=yesterday", "task=liver",
)  # fmt: skip
OWN = {  # what else may be wrong with a page's address
    addresses.WORKLIST: (*_FILTERS, "sort=colour", "row=first", "to=2026-02-30", "sequence=T9"),
    addresses.COHORT: (
        *_FILTERS, "vs=colour%3Dred", "vs=site%3DNowhere", "synthetic=yes&synthetic=no", "synthetic=maybe",
    ),
    addresses.PERFORMANCE: (
        "metric=foo", "task=liver", "version=99", "month=13", "by=week", "vs=99", "cases=some",
        "group=colour:x", "group=site:Nowhere", "month=2999-01", "month=2001-01", "site=Nowhere",
        "scanner=Vida", "sex=X", "age=200", "of=foo", "synthetic=maybe",
    ),
    addresses.DRIFT: ("run=none", "task=liver", "vs=none", "feature=luck"),
    addresses.EVALUATIONS: _FILTERS,
    addresses.REPORTS: (
        "kind=novel", "kind=performance&task=liver", "task=brain-tumour&version=99",
        "task=brain-tumour&month=2999-01", "run=none", "from=yesterday", "to=2026-02-30",
        "filters=site%3DNowhere",
    ),
    addresses.ACCEPTANCE: ("task=liver", "task=brain-tumour&test=none", "test=0"),
    addresses.MODEL_CARD: ("task=liver", "task=brain-tumour&version=99"),
    addresses.FEEDBACK: ("state=lost",),
    addresses.ALERTS: ("alert=none", "past=many"),
    addresses.AUDIT: ("kind=gossip", "since=yesterday", "until=2026-02-30", "before=first"),
}  # fmt: skip


Header = Callable[..., dict[str, str]]


@pytest.fixture
def bearer(clinic: Clinic) -> Header:
    def header(role: Role = Role.CLINICIAN) -> dict[str, str]:
        return {"Authorization": f"Bearer {clinic.token(clinic.person(role))}"}

    return header


@pytest.fixture
def links(clinic: Clinic) -> Links:
    return Links(clinic.services)


def somebody(clinic: Clinic, page: shell.Page) -> User:
    """A person who may see the page."""
    people = (clinic.person(role, f"one-{role}") for role in Role)
    return next(user for user in people if page.exists_for(user))


def shown(links: Links, user: User, path: str, search: str = "") -> str:
    return str(shell.show_page(path, user, search, links)[0])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.path}{page.part}")
def test_every_page_says_what_is_wrong_with_a_link(clinic: Clinic, links: Links, page: shell.Page) -> None:
    user = somebody(clinic, page)
    if page.takes_argument:
        end = f"/{page.part}" if page.part else ""
        for unknown in ("none", "0" * 32, "%00", "a b"):
            assert NOWHERE in shown(links, user, f"{page.path}/{unknown}{end}")
        return
    assert NOWHERE not in shown(links, user, page.path)
    for search in ("bogus=1", *OWN.get(page.path, ())):
        said = shown(links, user, page.path, f"?{search}")
        assert NOWHERE in said, search
        assert "MLflow" not in said and "went wrong" not in said


def test_a_board_says_what_is_wrong_with_a_period(clinic: Clinic, links: Links) -> None:
    head = clinic.person(Role.HEAD)
    board = clinic.services.boards.boards.make("Mine", head)
    clinic.add_volume("a", site="North")
    for search in ("bogus=1", "months=7", "months=many", "site=Nowhere", "scanner=Vida", "sex=X", "age=200"):
        assert NOWHERE in shown(links, head, addresses.board(board.id), f"?{search}")
    assert NOWHERE not in shown(links, head, addresses.board(board.id), "?months=3&site=North")


def test_a_version_is_not_compared_with_itself(
    clinic: Clinic, links: Links, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Links, "_may_be_version", lambda *_: True)  # as if both were registered
    head = clinic.person(Role.HEAD)
    same, other = (shown(links, head, addresses.PERFORMANCE, f"?version=1&vs={vs}") for vs in "12")
    assert NOWHERE in same and "Choose another version" in same
    assert NOWHERE not in other


def test_a_good_link_opens_its_page(clinic: Clinic, links: Links) -> None:
    scan, user = clinic.add_volume("a", site="A", scanner="Skyra"), clinic.person(Role.CLINICIAN)
    clinic.read_volume(scan)
    day = day_of(scan.created_at).isoformat()
    pseudonym = clinic.services.reviewing.scan_views.scan(scan.id, user).patient.pseudonym
    for path, search in (
        (addresses.scan(scan.id), "?site=North&sort=-created_at&before=x"),
        (addresses.patient(pseudonym), ""),
        (addresses.WORKLIST, "?q=ada&sort=-created_at&row=3&task=brain-tumour"),
        (addresses.COHORT, "?site=A&vs=sex%3DO"),
        (
            addresses.COHORT,
            f"?scanner=Acme+Skyra&site=unknown&version=brain-tumour+2&to=2999-01-01&from={day}",
        ),
        (addresses.COHORT, "?status=failed&review=corrected&age=90%2B&modality=MR&synthetic=yes"),
        (addresses.PERFORMANCE, "?metric=dice&by=month"),
        (addresses.PERFORMANCE, f"?month={day[:7]}&site=A&scanner=Acme+Skyra&sex=M&group=age:20-29"),
        (addresses.DRIFT, "?feature=contrast"),
        (addresses.MODEL_CARD, "?task=brain-tumour"),
        (addresses.REPORTS, "?kind=cohort&filters=site%3DA"),
        (addresses.REPORTS, f"?kind=performance&task=brain-tumour&month={day[:7]}"),
    ):
        assert NOWHERE not in shown(links, user, path, search), path


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("scans/none", 404),
        ("patients/none", 404),
        ("drift/none", 404),
        ("reports/none", 404),
        ("performance?metric=foo", 400),
        ("performance?bogus=1", 400),
        ("cohort?bogus=1", 400),
        ("cohort?from=yesterday", 400),
        ("drift?task=liver", 400),
        ("reader-study?task=liver", 404),
    ],
)
def test_the_api_answers_in_one_sentence(server: Flask, bearer: Header, address: str, status: int) -> None:
    answer = server.test_client().get(f"/api/v1/{address}", headers=bearer(Role.HEAD))
    assert answer.status_code == status
    sentence = answer.get_json()["error"]["message"]
    assert sentence.endswith(".") and "MLflow" not in sentence and "\n" not in sentence
