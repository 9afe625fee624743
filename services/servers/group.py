"""The servers of a house, and which of them leads: does what one alone has to do.

Every server counts up its own row in the database and watches those of the others. A row that has not
changed for some seconds, on the watcher's own clock, is of a server that is gone; clocks of several machines
are never compared. The leader renews a lease in the same way, and stops leading by itself when it could not.
Two may lead for a moment, where a machine stood still in the middle of something: so what a job or a delivery
makes is kept only by the run that the database knows.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic, sleep

from data.database import now
from data.errors import LightboxError
from data.records import HouseServer, Lease
from data.stores.servers import ServerStore
from data.version import VERSION
from services.containment import contained

BEATS_EVERY_S = 2.0
GONE_AFTER_S = 15.0
LEADING = "leading"
_SAME_HOME = "The server {name} runs on this home folder; each server of a house needs one of its own."
_OTHER_VERSION = (
    "The server {name} of this house runs version {theirs}, this one is {ours}. Stop all servers, then start "
    "all of them with one version."
)

log = logging.getLogger(__name__)
Act = Callable[[], object]


class OnlyServer:
    """Of a house with one server, which does everything."""

    id: str | None = None
    name = ""

    @property
    def leads(self) -> bool:
        """Whether this server does what one alone has to do."""
        return True

    @property
    def led(self) -> bool:
        """Whether any server leads, as far as this one has seen."""
        return True

    def alive(self) -> set[str]:
        """The ids of all servers that are not gone."""
        return set()

    def start(self, lead: Act, follow: Act, beat: Act) -> None:
        """Take part; `lead` is done when this server begins to lead, `follow` when it ceases to.

        `beat` is done every few seconds.
        """
        lead()

    def stop(self) -> None:
        """Take part no more."""


class HouseServers(OnlyServer):
    """Of a house with several."""

    def __init__(
        self,
        store: ServerStore,
        server_id: str,
        name: str,
        *,
        every_s: float = BEATS_EVERY_S,
        gone_after_s: float = GONE_AFTER_S,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """`name` is what people call this server."""
        self.id = self._id = server_id
        self.name = name
        self._store = store
        self._every_s = every_s
        self._gone_after_s = gone_after_s
        self._clock = clock
        self._seen: dict[str, tuple[HouseServer, float]] = {}  # and since when it is as it is
        self._lease: tuple[Lease | None, float] | None = None  # as another's was seen, and since when
        self._renewed: float | None = None  # when this server last took or renewed the lease
        self._led = False
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def leads(self) -> bool:
        """Whether this server does what one alone has to do.

        Not where it could not renew that for so long that others may be about to take it.
        """
        return self._renewed is not None and self._clock() - self._renewed < self._gone_after_s / 2

    @property
    def led(self) -> bool:
        """Whether any server leads, as far as this one has seen."""
        lease, since = self._lease or (None, 0.0)
        return self.leads or (lease is not None and lease.holder is not None and self._fresh(since))

    def alive(self) -> set[str]:
        """The ids of all servers that are not gone."""
        return {server_id for server_id, (_, since) in list(self._seen.items()) if self._fresh(since)}

    def start(self, lead: Act, follow: Act, beat: Act) -> None:
        """Take part, in a thread; see `OnlyServer`. Raises LightboxError where another version runs."""
        self.join()
        self._thread = threading.Thread(
            target=self._run, args=(lead, follow, beat), name="servers", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Take part no more; another server may lead at once."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join(self._every_s + 1)
        contained(self._leave, "this server could not be taken off the list of servers")

    def join(self) -> None:
        """Put this server on the list.

        Raises LightboxError where one of another version runs, or one on this server's home folder.
        """
        for other in self._store.all():
            wrong = other.id == self.id or other.version != VERSION
            if wrong and self._lives(other):
                raise LightboxError(
                    _SAME_HOME.format(name=other.name)
                    if other.id == self.id
                    else _OTHER_VERSION.format(name=other.name, theirs=other.version, ours=VERSION)
                )
        self._enter()

    def look(self) -> None:
        """Say that this server lives, and see who else does, and who leads."""
        if not self._store.beat(self._id):
            self._enter()  # another one took it for gone
        moment = self._clock()
        self._observe(moment)
        self._decide(moment)
        if self.leads:
            for server_id in self._seen.keys() - self.alive():
                log.warning("the server %s is gone", self._seen[server_id][0].name)
                self._store.leave(server_id)

    def _enter(self) -> None:
        self._store.join(HouseServer(self._id, self.name, VERSION, now()))

    def _run(self, lead: Act, follow: Act, beat: Act) -> None:
        while True:
            contained(self.look, "the list of servers could not be looked at")
            self._turn(lead, follow)
            contained(beat, "what follows from the list of servers failed")
            if self._ending.wait(self._every_s):
                return

    def _turn(self, lead: Act, follow: Act) -> None:
        leads = self.leads
        if leads == self._led:
            return
        self._led = leads
        log.info("%s %s", self.name, "leads from now on" if leads else "does not lead any more")
        contained(lead if leads else follow, "what follows from who leads failed")

    def _observe(self, moment: float) -> None:
        servers = {server.id: server for server in self._store.all()}
        before = self._seen
        self._seen = {
            server.id: (server, before[server.id][1])
            if server.id in before and before[server.id][0] == server
            else (server, moment)
            for server in servers.values()
        }

    def _decide(self, moment: float) -> None:
        lease = self._store.lease(LEADING)
        mine = lease is not None and lease.holder == self.id
        if self._lease is None or self._lease[0] != lease:
            self._lease = lease, moment
        free = lease is None or lease.holder is None or not self._fresh(self._lease[1])
        if not mine and not free:
            self._renewed = None
            return
        taken = self._store.take(LEADING, self._id, lease)
        self._renewed = moment if taken else None

    def _fresh(self, since: float) -> bool:
        return self._clock() - since < self._gone_after_s

    def _lives(self, other: HouseServer) -> bool:
        """Whether its row still changes: waits for two beats."""
        if self._ending.wait(2.5 * self._every_s):
            return False
        return any(each.id == other.id and each.beat != other.beat for each in self._store.all())

    def _leave(self) -> None:
        self._store.give_back(LEADING, self._id)
        self._store.leave(self._id)


@dataclass(frozen=True)
class ServerState:
    """A server as who looks from outside sees it."""

    server: HouseServer
    lives: bool
    leads: bool


def states(store: ServerStore, wait_s: float = 2 * BEATS_EVERY_S) -> list[ServerState]:
    """All servers, by name; it waits so long to see which of them live."""
    before = {server.id: server.beat for server in store.all()}
    sleep(wait_s)
    lease = store.lease(LEADING)
    holder = None if lease is None else lease.holder
    return [
        ServerState(server, before.get(server.id) != server.beat, server.id == holder)
        for server in store.all()
    ]
