"""What the server does around the services."""

from __future__ import annotations

import argparse
import gc
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from gunicorn.app.base import BaseApplication

import app
from services.settings import Settings


@pytest.fixture
def unfrozen() -> Iterator[None]:
    gc.unfreeze()
    yield
    gc.unfreeze()


def test_once_the_networks_are_loaded_searches_for_garbage_leave_out_what_is_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, unfrozen: None
) -> None:
    told: list[Callable[[], None]] = []
    services = SimpleNamespace(accounts=None, start=lambda once_loaded: told.append(once_loaded))
    monkeypatch.setattr(BaseApplication, "run", lambda server: server.load())
    monkeypatch.setattr(app, "create_app", lambda _: (SimpleNamespace(server="pages"), services))
    monkeypatch.setattr(app, "_greet", lambda *_: None)
    app.serve(argparse.Namespace(), Settings(home=tmp_path))
    assert gc.get_freeze_count() == 0
    before = len(gc.get_objects())
    told[0]()
    assert gc.get_freeze_count() > before / 2
