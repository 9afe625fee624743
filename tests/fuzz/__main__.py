"""Tries many damaged and hostile inputs at every door: `make fuzz`, or `python -m tests.fuzz --help`."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.fuzz.all_doors import ALL
from tests.fuzz.door import Door
from tests.fuzz.trying import RENEWED, Trier, drawn, keep_failure, seed_of, work

_HUNG_S = 300.0


def main() -> int:
    """Returns 1 where something was found."""
    asked = _arguments()
    if asked.replay:
        return _replay(asked.replay, asked.folder)
    doors = [door for door in ALL if not asked.doors or door.name.startswith(tuple(asked.doors))]
    if asked.worker is not None:
        return work(doors, asked.seed, asked.worker, asked.count, asked.processes, asked.folder)
    asked.folder.mkdir(parents=True, exist_ok=True)
    chosen = asked.folder / "run.json"
    said = {"seed": asked.seed, "processes": asked.processes, "doors": [door.name for door in doors]}
    if chosen.exists() and json.loads(chosen.read_text()) != said:
        print(f"{asked.folder} holds another run; remove it, or name another folder.", file=sys.stderr)
        return 2
    chosen.write_text(json.dumps(said))
    begun = time.monotonic()
    running = {number: _started(number) for number in range(asked.processes)}
    while running:
        time.sleep(1)
        for number, process in list(running.items()):
            if process.poll() is None and not _hangs(asked.folder, number):
                continue
            if process.returncode == 0:
                del running[number]
                continue
            if process.returncode != RENEWED:
                _note_death(doors, asked, number, process)
            # The next process has as long for its first input, however slowly it starts.
            os.utime(asked.folder / f"now-{number}.json")
            running[number] = _started(number)
    return _told(asked.folder, asked.processes, time.monotonic() - begun)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=100_000, help="inputs in all")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", default="1", help="another one draws other inputs")
    # Doors compare resolved paths, as settings resolve the home.
    parser.add_argument(
        "--folder",
        type=lambda text: Path(text).resolve(),
        default=Path("var/fuzz").resolve(),
        help="goes on where it stopped there",
    )
    parser.add_argument("--doors", nargs="*", help="only those whose names begin so")
    parser.add_argument("--replay", type=Path, help="an input that was kept: DOOR-KIND-N.input")
    parser.add_argument("--worker", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


def _started(number: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "tests.fuzz", *sys.argv[1:], f"--worker={number}"])


def _hangs(folder: Path, number: int) -> bool:
    """Whether one input takes minutes by the clock, in code that no signal reaches."""
    now = folder / f"now-{number}.json"
    return now.exists() and time.time() - now.stat().st_mtime > _HUNG_S


def _note_death(
    doors: Sequence[Door], asked: argparse.Namespace, number: int, process: subprocess.Popen[bytes]
) -> None:
    """Keep the input that ended or hung a process, and go on behind it."""
    hung = process.poll() is None
    if hung:
        process.kill()
    status = process.wait()
    now = json.loads((asked.folder / f"now-{number}.json").read_text())  # missing: it cannot even begin
    seed = seed_of(asked.seed, now["number"])
    door, content = drawn(doors, seed)
    died = signal.Signals(-status).name if status < 0 else f"status {status}"
    fault = "it hung" if hung else f"the process ended: {died}"
    keep_failure(asked.folder / "failures", door.name, content, seed, fault)
    state = asked.folder / f"process-{number}.json"
    known = json.loads(state.read_text()) if state.exists() else {"answers": {}, "broken": 0}
    counts = known["answers"].setdefault(door.name, {})
    counts["BROKEN"] = counts.get("BROKEN", 0) + 1
    state.write_text(
        json.dumps(known | {"next": now["number"] + asked.processes, "broken": known["broken"] + 1})
    )


def _told(folder: Path, processes: int, seconds: float) -> int:
    answers: dict[str, Counter[str]] = {}
    broken = 0
    for number in range(processes):
        state = folder / f"process-{number}.json"
        known = json.loads(state.read_text()) if state.exists() else {"answers": {}, "broken": 0}
        broken += known["broken"]
        for door, counts in known["answers"].items():
            answers.setdefault(door, Counter()).update(counts)
    for door, counts in sorted(answers.items()):
        print(
            f"{door:20} {sum(counts.values()):7,}  "
            + ", ".join(f"{word} {n:,}" for word, n in counts.most_common(9))
        )
    print(f"{sum(counts.total() for counts in answers.values()):,} inputs, {broken} broken; {seconds:,.0f} s")
    if broken:
        print(f"Inputs and what was wrong: {folder / 'failures'}; python -m tests.fuzz --replay FILE.input")
    return 1 if broken else 0


def _replay(file: Path, folder: Path) -> int:
    door = next(door for door in ALL if door.name == file.name.rsplit("-", 2)[0])
    fault = Trier(folder / "replayed").try_input(door, file.read_bytes(), str(file))
    print(fault or "answered as it should be")
    return 1 if fault else 0


if __name__ == "__main__":
    sys.exit(main())
