"""The manuals under /help: built strictly, for everybody who is signed in, and nothing beside them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from urllib.parse import quote

import pytest
from flask import Flask
from mkdocs.exceptions import Abort

from dashboard import shell
from dashboard.manuals import build, routes
from dashboard.manuals.chapters import CHAPTERS, chapter
from dashboard.manuals.hooks import FROM_ELSEWHERE, with_lists_apart
from data.records import Role, User
from services.permissions import manual_of
from tests.dashboard.conftest import SignIn, callback
from tests.manuals import serve_built_site

ROOT = Path(__file__).resolve().parents[2]
MANUALS = {
    Role.CLINICIAN: "clinicians",
    Role.HEAD: "department-heads",
    Role.MLOPS: "mlops",
    Role.ADMIN: "administrators",
}
_PAGE = re.compile(r"<h\d id=\"([^\"]+)\"")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        yield serve_built_site(tmp_path_factory.mktemp("manuals"), patch)


def test_every_document_is_a_page_of_the_site(site: Path) -> None:
    documents = {file.stem for file in (ROOT / "docs").glob("*.md")}
    documents |= {Path(name).stem for name in FROM_ELSEWHERE.values() if name.endswith(".md")}
    assert {file.stem for file in site.glob("*.html")} - {"404"} == documents
    navigation = (site / "index.html").read_text().split('data-md-level="0"')[1].split("</nav>\n")[0]
    for name in documents:  # who looks through the navigation comes upon each
        assert re.search(rf'href="(?:{name}.html|\./|index.html)"', navigation), name


def test_a_broken_link_ends_the_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for target in ("nowhere.md", "clinicians.md#nowhere"):
        house = tmp_path / quote(target, safe="")
        (house / "docs").mkdir(parents=True)
        (house / "docs" / "index.md").write_text(f"# Start\n\n[there]({target})\n")
        (house / "docs" / "clinicians.md").write_text("# For clinicians\n")
        settings = (ROOT / "mkdocs.yml").read_text().partition("nav:\n  - Start")[0]
        (house / "mkdocs.yml").write_text(
            re.sub(r"\nhooks:.*|\nextra_css:.*|\n  \w+: logo.svg", "", settings)
        )
        monkeypatch.setattr(build, "ROOT", house)
        with pytest.raises(Abort, match="1 warnings in strict mode"):
            build.build_site(house / "site")


def test_no_page_has_a_script_in_it_or_asks_another_server(site: Path) -> None:
    for file in site.rglob("*.html"):
        html = file.read_text()
        assert "<script>" not in html
        assert not re.search(r"<[^>]*\son\w+=", html), file.name
        asked = re.findall(r"<(?:script|img|iframe|source)[^>]*\ssrc=\"([^\"]+)", html)
        asked += re.findall(r"<link[^>]*href=\"([^\"]+)", html)
        assert len(asked) > 4
        for address in asked:
            assert not re.match(r"(?:\w+:)?//", unescape(address)), f"{file.name}: {address}"


def test_the_search_knows_every_page(site: Path) -> None:
    index = json.loads((site / "search" / "search_index.json").read_text())
    pages = {part["location"].partition("#")[0] for part in index["docs"]}
    assert pages == {file.name for file in site.glob("*.html")} - {"404.html"}


@pytest.mark.parametrize("role", Role)
def test_help_leads_to_the_manual_of_the_role(site: Path, sign_in: SignIn, role: Role) -> None:
    client = sign_in(role)
    for address in ("/help", "/help/"):
        answer = client.get(address)
        assert (answer.status_code, answer.location) == (302, f"/help/{MANUALS[role]}.html")
    for manual in MANUALS.values():
        answer = client.get(f"/help/{manual}.html", buffered=True)
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "private, max-age=0, must-revalidate"
        assert "unsafe" not in answer.headers["Content-Security-Policy"].partition("style-src")[0]
        again = client.get(
            f"/help/{manual}.html", buffered=True, headers={"If-None-Match": answer.headers["ETag"]}
        )
        assert again.status_code == 304


def test_help_is_for_who_is_signed_in(site: Path, server: Flask) -> None:
    client = server.test_client()
    assert client.get("/help").location == "/login?next=/help"
    assert client.get("/help/mlops.html").location == "/login?next=/help/mlops.html"
    assert client.get("/help/search/search_index.json").status_code == 401


@pytest.mark.parametrize(
    "name",
    [
        "none.html",
        "../routes.py",
        "..%2froutes.py",
        "%2e%2e/routes.py",
        "assets/../../routes.py",
        "..%5croutes.py",
        "%2fetc/passwd",
        "assets",
        "assets/",
        "%00",
        "index.html%00",
    ],
)
def test_nothing_beside_the_site_is_served(site: Path, sign_in: SignIn, name: str) -> None:
    (site.parent / "routes.py").write_text("beside the site")
    page = {"Accept": "text/html"}
    answer = sign_in().get(f"/help/{name}", headers=page, follow_redirects=True)
    assert answer.status_code == 404
    assert "beside the site" not in answer.text and "root:" not in answer.text


def test_a_page_that_is_not_there_says_so(site: Path, sign_in: SignIn) -> None:
    answer = sign_in().get("/help/none.html", headers={"Accept": "text/html"})
    assert answer.status_code == 404
    assert "There is no such page in the manuals." in answer.text and "Back to Lightbox" in answer.text


def test_a_server_without_the_site_says_how_to_get_it(
    tmp_path: Path, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "SITE", tmp_path / "none")
    answer = sign_in().get("/help/clinicians.html", headers={"Accept": "text/html"})
    assert answer.status_code == 404 and "make setup" in answer.text


def test_every_page_has_a_chapter_that_is_there(site: Path) -> None:
    assert set(CHAPTERS) == {page.path for page in shell.PAGES}
    for page in shell.PAGES:
        for role in Role:
            name, _, anchor = chapter(f"{page.path}/x", User("i", "n", "N", role)).partition("#")
            html = (site / name.removeprefix("/help/")).read_text()
            assert not anchor or anchor in _PAGE.findall(html), (page.path, anchor)


def test_a_chapter_of_the_role_s_own_manual_comes_first() -> None:
    people = {role: User("i", "n", "N", role) for role in Role}
    assert {role: manual_of(user) for role, user in people.items()} == MANUALS
    assert chapter("/models", people[Role.HEAD]) == "/help/department-heads.html#models"
    assert chapter("/models", people[Role.ADMIN]) == "/help/mlops.html#versions"
    assert chapter("/drift", people[Role.CLINICIAN]) == "/help/mlops.html#drift"
    assert chapter("/nowhere", people[Role.ADMIN]) == "/help/administrators.html"


def test_the_page_says_where_its_help_is(sign_in: SignIn) -> None:
    client = sign_in(Role.HEAD)
    inputs = [{"id": "location", "property": "pathname", "value": "/drift"}]
    state = [{"id": "location", "property": "search", "value": ""}]
    said = callback(client, "help.href", inputs, state=state).json["response"]
    assert said["help"]["href"] == "/help/mlops.html#drift"
    assert '"href": "/help/department-heads.html"' in json.dumps(client.get("/_dash-layout").json)


def test_lists_are_read_as_github_reads_them() -> None:
    assert with_lists_apart("Text:\n- a\n  more\n- b\n\n1. c") == "Text:\n\n- a\n  more\n- b\n\n1. c"
    assert with_lists_apart("```\ntext\n- no list\n```") == "```\ntext\n- no list\n```"
    assert with_lists_apart("# Head\n- a") == "# Head\n- a"
