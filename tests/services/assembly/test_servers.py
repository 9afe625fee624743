"""What several servers need, said before one starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.errors import InvalidInput, Outage
from services.assembly.servers import build_servers, require_shared, starting
from services.servers import LocalEvents
from services.settings import Settings
from tests.databases import migrated

SHARED = {
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "DATABASE_URL": "postgresql://lightbox@db/lightbox",
    "LIGHTBOX_FILES": "s3://lightbox/house",
    "MLFLOW_TRACKING_URI": "http://mlflow:5000",
    "LIGHTBOX_SECRET_KEY": "k" * 40,
}


def given(tmp_path: Path, **changes: str) -> Settings:
    return Settings.from_env({"LIGHTBOX_HOME": str(tmp_path)} | SHARED | changes)


def test_all_that_is_shared_is_enough(tmp_path: Path) -> None:
    require_shared(given(tmp_path))
    require_shared(given(tmp_path, LIGHTBOX_FILES="/mnt/lightbox/files"))


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("DATABASE_URL", "", "DATABASE_URL, of PostgreSQL"),
        ("LIGHTBOX_FILES", "", "LIGHTBOX_FILES, a bucket"),
        ("MLFLOW_TRACKING_URI", "", "MLFLOW_TRACKING_URI, of an MLflow server"),
        ("LIGHTBOX_SECRET_KEY", "", "LIGHTBOX_SECRET_KEY, the same"),
        ("REDIS_URL", "http://redis", "redis://"),
    ],
)
def test_what_is_missing_is_named(tmp_path: Path, name: str, value: str, said: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        require_shared(given(tmp_path, **{name: value}))
    assert said in str(refused.value)
    assert sum(other in str(refused.value) for other in SHARED if other not in (name, "REDIS_URL")) == 0


def test_nobody_starts_while_redis_is_away(tmp_path: Path) -> None:
    with pytest.raises(Outage, match="Redis does not answer"), starting(given(tmp_path)):
        pass


def test_one_server_needs_nothing_and_is_no_group(tmp_path: Path) -> None:
    settings = Settings.from_env({"LIGHTBOX_HOME": str(tmp_path)})
    with starting(settings):
        database = migrated("sqlite://")
    servers = build_servers(settings, database)
    assert (servers.several, servers.group.id) == (False, None)
    assert isinstance(servers.events, LocalEvents) and not (tmp_path / "server.id").exists()
    done: list[str] = []
    servers.everywhere("erased", lambda: done.append("here"))()
    assert done == ["here"]
    database.dispose()


def test_a_server_is_the_same_after_a_restart_and_no_other_in_another_folder(tmp_path: Path) -> None:
    database = migrated("sqlite://")
    ids = [build_servers(given(tmp_path / folder), database).group.id for folder in ("one", "one", "other")]
    assert ids[0] == ids[1] != ids[2]
    database.dispose()
