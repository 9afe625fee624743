"""Whether a house has one server or several, and what several need."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

from data import atomic_files
from data.database import Database, new_id, open_database
from data.errors import Busy, InvalidInput, Outage
from data.stores.servers import ServerStore
from services.servers import Alone, Events, HouseServers, LocalEvents, OnlyServer
from services.servers.group import ServerState, states
from services.servers.redis_events import RedisEvents, is_redis_url
from services.settings import Settings

ID_FILE = "server.id"
_STARTING = "starting"
_PATIENCE_S = 600.0  # another server may be bringing a large database up to date
_LOOKS_EVERY_S = 1.0
_LATE = (
    "Another server of this house has been starting for ten minutes. Look at its log; this one tries again."
)


@dataclass(frozen=True)
class ServerServices:
    """The servers of the house, and what they tell each other."""

    group: OnlyServer
    events: Events

    @property
    def several(self) -> bool:
        """Whether the house has several servers."""
        return self.group.id is not None

    def everywhere(self, topic: str, act: Callable[[], object]) -> Callable[[], None]:
        """`act`, so that it is done on every server whenever it is called on any."""
        self.events.subscribe(topic, lambda _: act())

        def act_everywhere() -> None:
            act()
            self.events.publish(topic)

        return act_everywhere


def build_servers(settings: Settings, database: Database) -> ServerServices:
    """One server alone, or this one among several where REDIS_URL is set."""
    if not settings.redis_url:
        return ServerServices(OnlyServer(), LocalEvents())
    server_id = _server_id(settings.home)
    name = f"{socket.gethostname()}:{settings.port}"
    return ServerServices(
        HouseServers(ServerStore(database), server_id, name),
        RedisEvents(settings.redis_url, settings.secret_key, server_id),
    )


def server_states(settings: Settings) -> list[ServerState]:
    """For a command: the servers of the house, watched for some seconds."""
    database = open_database(settings.database_url)
    try:
        return states(ServerStore(database))
    finally:
        database.dispose()


def no_other_server(settings: Settings) -> Alone:
    """For a command beside servers: whether none of them, and no other command, is within it."""
    if not settings.redis_url:
        return LocalEvents().alone
    return RedisEvents(settings.redis_url, settings.secret_key, "").alone


@contextmanager
def starting(settings: Settings) -> Iterator[None]:
    """Within it no other server of the house starts: one alone makes and changes tables.

    Raises InvalidInput where settings are missing that several servers need, and Outage where Redis does not
    answer or another one does not come to an end.
    """
    if not settings.redis_url:
        yield
        return
    require_shared(settings)
    alone = no_other_server(settings)
    until = monotonic() + _PATIENCE_S
    with ExitStack() as held:
        while not _alone(alone, held):
            if monotonic() > until:
                raise Outage(_LATE)
            sleep(_LOOKS_EVERY_S)
        yield


def _alone(alone: Alone, held: ExitStack) -> bool:
    try:
        return held.enter_context(alone(_STARTING))
    except Busy as away:
        raise Outage(str(away)) from away


def require_shared(settings: Settings) -> None:
    """Raises InvalidInput that names what several servers cannot share as it is set."""
    if not is_redis_url(settings.redis_url):
        raise InvalidInput("REDIS_URL must begin with redis://, rediss:// or unix://.")
    own = str(settings.home)
    wanting = {
        "DATABASE_URL, of PostgreSQL or MariaDB": settings.database_url.startswith("sqlite"),
        "LIGHTBOX_FILES, a bucket or a folder that all servers reach": settings.files_url.startswith(own),
        "MLFLOW_TRACKING_URI, of an MLflow server": settings.tracking_uri.startswith("sqlite"),
        "LIGHTBOX_SECRET_KEY, the same for all": not settings.secret_key,
    }
    missing = [name for name, is_missing in wanting.items() if is_missing]
    if missing:
        raise InvalidInput(
            f"REDIS_URL is set, so that this is one of several servers. They also need {'; '.join(missing)}."
        )


def _server_id(home: Path) -> str:
    file = home / ID_FILE
    if not file.exists():
        home.mkdir(parents=True, exist_ok=True)
        atomic_files.write(file, new_id())
    return file.read_text().strip()
