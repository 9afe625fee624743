"""One process that tries inputs: each under limits of time and memory, told before it begins."""

from __future__ import annotations

import contextlib
import faulthandler
import hashlib
import json
import logging
import resource
import shutil
import signal
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.fuzz.door import BrokenPromiseError, Door, Knock

CPU_S = 20.0
"""Of one input: no file under a quarter of a MiB may cost more of a core."""
PEAK_BYTES = 700 << 20
"""So much may an input add to the process, at the limits that the doors set."""
_SPACE_BYTES = 9 << 30  # of addresses; the libraries alone take five
_INPUTS_A_PROCESS = 4_000  # then another goes on: what libraries and threads keep grows by and by
RENEWED = 3
"""The status of a process after which another goes on."""


class TooLongError(BaseException):
    """No code of ours may catch this."""


@dataclass
class Tally:
    """How many inputs each door was tried with, and how they were answered."""

    answers: dict[str, Counter[str]] = field(default_factory=dict)
    broken: int = 0

    def note(self, door: str, answer: str) -> None:
        self.answers.setdefault(door, Counter())[answer] += 1

    def tried(self) -> int:
        return sum(sum(counts.values()) for counts in self.answers.values())


def seed_of(base: str, number: int) -> str:
    """What the n-th input of a run is drawn from."""
    return f"{base}:{number}"


def drawn(doors: Sequence[Door], seed: str) -> tuple[Door, bytes]:
    """The door and the input of a seed."""
    rng = Random(seed)  # noqa: S311
    door = rng.choices(doors, [door.share for door in doors])[0]
    return door, door.make(rng)


class Trier:
    """Knows which doors are open in this process."""

    def __init__(self, folder: Path, failures: Path | None = None) -> None:
        self._folder, self._failures = folder, failures
        self._knocks: dict[str, Knock] = {}
        self.tally = Tally()

    def try_input(self, door: Door, content: bytes, seed: str) -> str | None:
        """What is wrong with how the door answers; None where nothing is."""
        knock = self._opened(door)
        fault: str | None = None
        try:
            with _limited():
                answer = knock(content)
        except BrokenPromiseError as broken:
            fault = f"{broken}"
        except TooLongError:
            fault = f"more than {CPU_S:.0f} s of a core"
        except Exception:  # noqa: BLE001 - whatever it is, it is what is looked for
            fault = traceback.format_exc()
        if fault is None:
            self.tally.note(door.name, answer)
            return None
        self.tally.note(door.name, "BROKEN")
        self.tally.broken += 1
        if self._failures is not None:
            keep_failure(self._failures, door.name, content, seed, fault)
        return fault

    def _opened(self, door: Door) -> Knock:
        if door.name not in self._knocks:
            place = self._folder / door.name
            shutil.rmtree(place, ignore_errors=True)  # of a process before this one
            place.mkdir(parents=True)
            self._knocks[door.name] = door.opened(place)
        return self._knocks[door.name]


@contextlib.contextmanager
def _limited() -> Iterator[None]:
    """An input's share of a core, and a look at how much memory it took."""
    before = _resident("VmRSS")
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")  # the peak is counted anew
    signal.signal(signal.SIGPROF, _too_long)
    signal.setitimer(signal.ITIMER_PROF, CPU_S)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    grown = _resident("VmHWM") - before
    if grown > PEAK_BYTES:
        raise BrokenPromiseError(f"{grown >> 20} MiB of memory")


def _too_long(*_: object) -> None:
    raise TooLongError


def _resident(what: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(what):
            return int(line.split()[1]) << 10
    return 0


def keep_failure(failures: Path, door: str, content: bytes, seed: str, fault: str) -> None:
    """Keep an input with what was wrong; the same fault is kept three times at most."""
    failures.mkdir(parents=True, exist_ok=True)
    last = [line.strip() for line in fault.strip().splitlines() if line.strip().startswith("File")][-1:]
    kind = hashlib.sha256(f"{door}{last or fault[:40]}".encode()).hexdigest()[:8]
    known = len(list(failures.glob(f"{door}-{kind}-*.input")))
    if known >= 3:
        return
    name = f"{door}-{kind}-{known}"
    (failures / f"{name}.input").write_bytes(content)
    (failures / f"{name}.txt").write_text(f"door {door}\nseed {seed}\n{fault}\n", errors="backslashreplace")


def work(doors: Sequence[Door], base: str, first: int, last: int, step: int, folder: Path) -> int:
    """Try every `step`-th input from `first` on; what is done stands in `folder/process-N.json`.

    Returns the status of this process: 0 at the end, RENEWED before it.
    """
    faulthandler.enable()
    logging.disable(logging.CRITICAL)
    resource.setrlimit(resource.RLIMIT_AS, (_SPACE_BYTES, _SPACE_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    state = folder / f"process-{first % step}.json"
    known = json.loads(state.read_text()) if state.exists() else {}
    trier = Trier(folder / f"place-{first % step}", folder / "failures")
    trier.tally.answers = {name: Counter(counts) for name, counts in known.get("answers", {}).items()}
    trier.tally.broken = known.get("broken", 0)
    number, at = known.get("next", first), 0.0
    until = min(last, number + step * _INPUTS_A_PROCESS)
    while number < until:
        seed = seed_of(base, number)
        door, content = drawn(doors, seed)
        (folder / f"now-{first % step}.json").write_text(json.dumps({"number": number, "door": door.name}))
        trier.try_input(door, content, seed)
        number += step
        if time.monotonic() - at > 2 or number >= until:
            at = time.monotonic()
            _write(state, {"next": number, "answers": trier.tally.answers, "broken": trier.tally.broken})
    return 0 if number >= last else RENEWED


def _write(state: Path, told: object) -> None:
    beside = state.with_suffix(".new")
    beside.write_text(json.dumps(told))
    beside.replace(state)
