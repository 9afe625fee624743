"""A house whose server can be started in a moment, and killed: a small network, everything else as it is.

This process loads what a server is made of, has no threads, and forks a server for each start. Commands come
as lines on its standard input, and a line answers each.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import logging
import os
import shlex
import sys
import threading
import time
import traceback
from dataclasses import replace
from datetime import datetime
from pathlib import Path

# As in app.py, before anything is imported.
import app
from data import database
from data.records import BRAIN_TUMOUR, Role, User
from models import tasks
from models.brain_tumour.layout import volumes_and_slices
from services.assembly.container import Services, build_services
from services.assembly.parts import Parts
from services.reading import suitability_gate
from services.settings import Settings
from services.versions.uploads import ModelUploads
from tests.dashboard.clinic import PASSWORD, QUICK_HASHER
from tests.services.small_models import small_task, weights_in
from tests.text_detectors import NoText

PARTS = Parts(hasher=QUICK_HASHER, text_detector=NoText)
PROMOTED = "promoted.jsonl"
CLOCK = "LIGHTBOX_TEST_CLOCK"
"""A file that says how many seconds the server's clock is off."""
STILL = "LIGHTBOX_TEST_STILL"
"""Set, no versions come and go."""
SHIPPED = "LIGHTBOX_TEST_SHIPPED"
"""Set, the networks and the gate are those that ship."""


def prepare(settings: Settings, clinicians: int = 0) -> dict[str, str]:
    """People with passwords and tokens, so many clinicians beside them, and a second version."""
    services = build_services(settings, PARTS)
    told = {}
    people = [(Role.CLINICIAN, "ada"), (Role.MLOPS, "max"), (Role.HEAD, "eve")]
    people += [(Role.CLINICIAN, f"doctor{number}") for number in range(clinicians)]
    for role, name in people:
        user, first = services.accounts.create(name, f"Dr {name.title()}", role)
        services.accounts.change_password(user.id, first, PASSWORD)
        told[name] = services.accounts.create_token(user.id, "script")[1]
    if os.environ.get(SHIPPED):
        return told
    services.versions.serving.start()
    assert services.versions.registry.wait_until_ready(60)
    folder = weights_in(settings.home.parent / "second", above=550)
    uploads: ModelUploads = services.versions.uploads
    services.reading.batcher.start()
    uploads.take_folder(BRAIN_TUMOUR, folder, "max")
    return told


def serve(settings: Settings) -> None:
    """The server as `app.py serve` runs it, and versions that come and go meanwhile."""

    def create_app(chosen: Settings):  # type: ignore[no-untyped-def]
        from dashboard.build import build_dashboard
        from services.secret_key import secret_key

        services = build_services(chosen, PARTS)
        dash = build_dashboard(services, secret_key=secret_key(chosen))
        if not os.environ.get(STILL):
            acknowledged = chosen.home.parent / PROMOTED
            threading.Thread(target=_promote, args=(services, acknowledged), daemon=True).start()
        return dash, services

    app.create_app = create_app
    app.serve(None, settings)  # type: ignore[arg-type]


def _set_clock(file: Path) -> None:
    """From now on moments are off by as many seconds as the file says; what measures spans is not touched."""
    real_time = time.time

    def offset_s() -> float:
        return float(file.read_text() or 0)

    class Shifted(datetime):
        @classmethod
        def now(cls, tz=None):  # type: ignore[no-untyped-def]
            return datetime.fromtimestamp(real_time() + offset_s(), tz)

    database.datetime = Shifted  # type: ignore[misc]
    time.time = lambda: real_time() + offset_s()


def _promote(services: Services, acknowledged: Path) -> None:
    """Promote past the gate by two people, roll back, and so on; what was answered is noted."""
    from data.database import DATABASE_FAULTS
    from data.errors import UserFacingError

    people: dict[str, User] = {user.name: user for user in services.accounts.all()}
    promotions, number = services.versions.promotions, 0
    while True:
        number += 1
        try:
            live = services.versions.serving.live(BRAIN_TUMOUR)
            if live is None:
                time.sleep(0.2)
                continue
            waiting = [each for each in promotions.recent(BRAIN_TUMOUR) if each.state.value == "asked"]
            if waiting:
                done = promotions.confirm(waiting[0].id, "Agreed.", people["eve"])
            elif live == "1":
                done = promotions.override(BRAIN_TUMOUR, "2", "A try.", people["max"])
            else:
                done = promotions.rollback(BRAIN_TUMOUR, "Back again.", people["max"])
        except (UserFacingError, *DATABASE_FAULTS) as refused:
            _append(acknowledged, {"refused": str(refused)})
            time.sleep(0.3)
            continue
        _append(acknowledged, {"promotion": done.id, "state": done.state.value})
        time.sleep(0.05)


def _append(file: Path, told: object) -> None:
    """In one write, which outlives this process."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(descriptor, json.dumps(told).encode() + b"\n")
    os.close(descriptor)


def main() -> None:
    """Answer lines: `prepare` and `call MODULE:FUNCTION` with JSON, `serve LOG` and `command WORDS…` with a
    process's id. A function is called with the settings.
    """
    home = Path(os.environ["LIGHTBOX_HOME"])
    if not os.environ.get(SHIPPED):
        _take_small_network(home.parent / "shipped")
    import dashboard.build  # noqa: F401

    settings = Settings.from_env()
    if clock := os.environ.get(CLOCK):
        _set_clock(Path(clock))
    print("ready", flush=True)
    for line in sys.stdin:
        words = shlex.split(line)
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reading)
            _child(words, settings, writing)
        os.close(writing)
        if words[0] in ("prepare", "call"):
            with os.fdopen(reading) as told:
                answer = told.read()
            os.waitpid(pid, 0)
            print(answer, flush=True)
        else:
            os.close(reading)
            print(pid, flush=True)
            _bury()


def _take_small_network(folder: Path) -> None:
    small = small_task(weights_in(folder, above=500) if "--new" in sys.argv else folder)
    task = replace(small, layout=volumes_and_slices)  # packs are made as of the real task
    for known in (tasks.ALL, tasks.CLINICAL):
        known.clear()
        known[BRAIN_TUMOUR] = task
    suitability_gate.SuitabilityGate.route = _route  # type: ignore[method-assign]


def _bury() -> None:
    """Let go of what has ended."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _route(_gate, scan, wanted=None):  # type: ignore[no-untyped-def]
    return suitability_gate.Routed(BRAIN_TUMOUR, scan.warnings)


def _child(words: list[str], settings: Settings, writing: int) -> None:
    os.setsid()
    status = 1
    try:
        if words[0] == "prepare":
            os.write(writing, json.dumps(prepare(settings, *map(int, words[1:]))).encode())
            status = 0
        elif words[0] == "call":
            module, _, function = words[1].partition(":")
            told = getattr(importlib.import_module(module), function)(settings)
            os.write(writing, json.dumps(told).encode())
            status = 0
        else:
            log = os.open(words[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.dup2(log, 1)
            os.dup2(log, 2)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            sys.argv = ["app.py", *words[2:]]
            if words[0] == "serve":
                logging.basicConfig(
                    level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
                )
                serve(settings)
            else:
                status = app.main(words[2:])
                Path(words[1] + ".status").write_text(str(status))
    except SystemExit as left:
        status = int(left.code or 0) if not isinstance(left.code, str) else 1
    except BaseException:  # nobody above would print it
        traceback.print_exc()
        raise
    finally:
        sys.stdout.flush()
        os._exit(status)


if __name__ == "__main__":
    main()
