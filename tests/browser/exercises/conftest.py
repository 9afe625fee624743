"""A training server for the exercises of the manuals: a small demonstration, served as instructors are told.

It is made once a run of the tests, by the process that asks first; each file of tests works on a copy.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from data.database import migrate, open_database
from data.records import Role
from services.accounts import accounts_of
from services.auditing.signing import sign_events
from services.settings import Settings
from tests.browser.conftest import Visit, tabs_at
from tests.browser.own_server import ROOT, Server
from tests.dashboard.clinic import PASSWORD

PATIENTS = 12
"""Number 4 is healthy, 7 is refused, 5 is uncertain and not reviewed, 10 is found and not reviewed."""
PATIENCE_MS = 60_000  # of one page: the server has the machine for itself as little as the tests have
MANUALS = ROOT / "docs"

_ROW = re.compile(r"^\| (\d+)\. (.*?) \| (.*) \|$", re.MULTILINE)


@dataclass(frozen=True)
class Exercise:
    """A row of a manual's table: what to do, and what one should see."""

    do: str
    see: str

    def says(self, words: str) -> str:
        """`words`, which must stand in the exercise as they stand on the page."""
        assert words in self.do or words in self.see, f"the exercise does not say “{words}”"
        return words


def exercises_of(manual: str) -> Mapping[int, Exercise]:
    """The exercises at the end of a manual, by number."""
    text = (MANUALS / f"{manual}.md").read_text().partition("## Exercises with the demonstration")[2]
    return {int(number): Exercise(do, see) for number, do, see in _ROW.findall(text)}


def tried_of(tests: Mapping[str, object]) -> set[int]:
    """The numbers of the exercises that functions called test_NN_... carry out."""
    numbers = (re.match(r"test_(\d\d)_", name) for name in tests)
    return {int(number[1]) for number in numbers if number}


@dataclass
class Training:
    """The server of one file of tests."""

    server: Server

    @property
    def home(self) -> Path:
        return self.server.home

    @property
    def address(self) -> str:
        return self.server.address

    def command(self, *words: str) -> str:
        """What `python app.py WORDS` prints on the training server's machine."""
        return command(self.home, *words)


def command(home: Path, *words: str) -> str:
    """What `python app.py WORDS` prints for a home folder; the test fails where the command does."""
    done = subprocess.run(
        [sys.executable, "app.py", *words],
        cwd=ROOT,
        env=os.environ | {"LIGHTBOX_HOME": str(home)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder with a small demonstration and an account of each role; nobody changes it."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:  # each process has a folder of its own below
        shared = shared.parent
    home = shared / "demonstration"
    with (shared / "demonstration.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = home / "made"  # in its place from the start: MLflow keeps whole paths
        if not made.exists():
            said = command(home, "demo", "--patients", str(PATIENTS))
            assert f"{PATIENTS - 1} synthetic scans read, 1 refused" in said
            _add_accounts(home)
            made.touch()
    return home


def _add_accounts(home: Path) -> None:
    settings = Settings(home=home)
    database = open_database(f"sqlite:///{home / 'lightbox.db'}")
    migrate(database)
    sign_events(database, settings)
    accounts = accounts_of(database)
    for role in Role:
        user, first = accounts.create(role.value, f"Dr {role.value.title()}", role)
        accounts.change_password(user.id, first, PASSWORD)
    database.dispose()


@pytest.fixture(scope="module")
def training(demonstration: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Training]:
    """A training server on a copy of the demonstration."""
    home = tmp_path_factory.mktemp("training") / "home"
    shutil.copytree(demonstration, home)
    server = Server(home)
    server.start()
    yield Training(server)
    assert server.stop() == 0
    assert "Traceback" not in server.log


@pytest.fixture
def exercise(request: pytest.FixtureRequest) -> Exercise:
    """The exercise that the test's name has the number of, of the manual that its file names."""
    (number,) = tried_of({request.node.originalname: None})
    return exercises_of(request.module.MANUAL)[number]


@pytest.fixture
def open_tab(browser: Browser, training: Training) -> Iterator[Callable[..., Visit]]:
    """Opens tabs at the training server; at the end their consoles must be empty."""
    with tabs_at(training.address, browser, PATIENCE_MS) as opened:
        yield opened
